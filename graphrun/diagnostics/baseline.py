"""Known problems: those of a file that are to be left out, so that new ones are seen.

An entry says file, code, node and input. Lines and messages are not in it: they change with any
edit of the file, and an entry that no longer fits would let its problem come back as a new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.errors import Diagnostic, UsageError

FORMAT = 1

Problem = tuple[str, str, str]
"""Code, node and input; an empty text where there is none."""


@dataclass(frozen=True)
class Baseline:
    """The known problems by file. Files are named relative to the folder of the baseline."""

    path: Path
    known: Mapping[str, frozenset[Problem]]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Raises UsageError: it cannot be read, or is none."""
        try:
            document = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise _wrong(path, (error.strerror or str(error)).lower()) from error
        except ValueError as error:
            raise _wrong(path, f"it is not JSON: {error}") from error
        try:
            return cls(path, dict(_entries(document)))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _wrong(path, "it is none of `graphrun check --write-baseline`") from error

    @classmethod
    def of(cls, path: Path, found: Mapping[str, Iterable[Diagnostic]]) -> Baseline:
        """One that knows all errors and warnings that were found."""
        known = {
            _name(path, file): frozenset(_problem(d) for d in problems if d.severity != "info")
            for file, problems in found.items()
        }
        return cls(path, {file: problems for file, problems in known.items() if problems})

    def new(self, file: str, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """What is not known of a file."""
        known = self.known.get(_name(self.path, file), frozenset())
        return [one for one in found if one.severity == "info" or _problem(one) not in known]

    def stale(self, file: str, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Entries of a file for which there is no problem any more."""
        name = _name(self.path, file)
        gone = self.known.get(name, frozenset()) - {_problem(one) for one in found}
        for code, node, input in sorted(gone):
            place = (f" of node {node}" if node else "") + (f" ({input})" if input else "")
            yield Diagnostic(
                "stale_baseline",
                f"{self.path}: {code}{place} in {file} is no longer found",
                severity="info",
                hint="--write-baseline writes the file anew",
            )

    def text(self) -> str:
        """What the file holds: sorted, an entry a line, so that versions of it can be compared."""
        lines = []
        for file, problems in sorted(self.known.items()):
            entries = ",\n".join(
                f"   {json.dumps(_entry(one), ensure_ascii=False)}" for one in sorted(problems)
            )
            lines.append(f"  {json.dumps(file, ensure_ascii=False)}: [\n{entries}\n  ]")
        inner = ",\n".join(lines)
        return f'{{\n "format": {FORMAT},\n "problems": {{\n{inner}\n }}\n}}\n'

    def __len__(self) -> int:
        return sum(map(len, self.known.values()))


def _entries(document: Any) -> Iterator[tuple[str, frozenset[Problem]]]:
    if document["format"] != FORMAT:
        raise ValueError("another format")
    for file, problems in document["problems"].items():
        yield file, frozenset((d["code"], d.get("node", ""), d.get("input", "")) for d in problems)


def _entry(problem: Problem) -> dict[str, str]:
    named = zip(("code", "node", "input"), problem, strict=True)
    return {key: value for key, value in named if value}


def _problem(found: Diagnostic) -> Problem:
    return found.code, found.node_id or "", found.input or ""


def _name(baseline: Path, file: str) -> str:
    """The file relative to the baseline's folder: the same from wherever the check is started."""
    if file == "-":
        return file
    try:
        return Path(os.path.relpath(file, baseline.parent)).as_posix()
    except ValueError:  # another drive
        return Path(file).absolute().as_posix()


def _wrong(path: Path, why: str) -> UsageError:
    message = f"the baseline {path} cannot be used: {why}"
    hint = f"graphrun check FILE... --write-baseline {path} writes it"
    return UsageError(Diagnostic("invalid_baseline", message, hint=hint))
