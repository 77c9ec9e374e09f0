"""Problems as a SARIF 2.1.0 log, which code scanning services and editors read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graphrun.diagnostics.github import relative
from graphrun.diagnostics.table import Code, codes
from graphrun.errors import Diagnostic, Position

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
"""The name of the standard's schema. It is written, never asked for."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def log(found: Mapping[str, Iterable[Diagnostic]], version: str) -> dict[str, Any]:
    """One run with the problems of all files, and a rule for every code that occurs.

    Paths are relative to the repository (see `github.relative`), under the base `%SRCROOT%`.
    `version` is that of graphrun.
    """
    problems = [(file, one) for file, listed in found.items() for one in listed]
    used = list(dict.fromkeys(one.code for _, one in problems))
    known = codes()
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "graphrun",
                        "version": version,
                        "rules": [_rule(code, known.get(code)) for code in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(file, one, used.index(one.code)) for file, one in problems],
            }
        ],
    }


def _rule(code: str, known: Code | None) -> dict[str, Any]:
    if known is None:  # a pack's own
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.means},
        "help": {"text": f"{known.means} {known.why}\n\n{known.fix}"},
        "helpUri": known.anchor,
        "defaultConfiguration": {"level": _LEVELS[known.severities[0]]},
        "properties": {"tags": [known.topic]},
    }


def _result(file: str, one: Diagnostic, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": _place(file, one.position)}
    if one.node_id is not None:
        name = f"{one.node_id}.{one.input}" if one.input else one.node_id
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "element"}]
    return {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": one.message + (f"\n{one.hint}" if one.hint else "")},
        "locations": [place],
        "partialFingerprints": {"graphrun/v1": _fingerprint(file, one)},
    }


def _place(file: str, position: Position | None) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": _artifact(file)}
    # A place in the text that a picture holds, or in an option, is none in the file.
    if position is not None and position.line and position.file == file:
        found["region"] = {"startLine": position.line, "startColumn": position.column}
    return found


def _artifact(file: str) -> dict[str, str]:
    shown = relative(file)
    if Path(shown).is_absolute():
        return {"uri": Path(shown).as_uri()}
    return {"uri": quote(shown), "uriBaseId": "%SRCROOT%"}


def _fingerprint(file: str, one: Diagnostic) -> str:
    """The same for one problem, wherever in the file it moves."""
    key = "\n".join((relative(file), one.code, one.node_id or "", one.input or ""))
    return hashlib.sha256(key.encode()).hexdigest()
