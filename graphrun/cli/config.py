"""Settings from `graphrun.toml` or `[tool.graphrun]`, joined with the command line's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from graphrun.catalog import Alias
from graphrun.errors import Diagnostic, UsageError

KEYS = {"alias": dict, "allow-path": list, "device": str, "seed": int, "out": str}
"""What a configuration may hold; the same words as the options."""

DEVICES = ("auto", "cpu", "cuda", "mps")


def read(folder: Path) -> dict[str, Any]:
    """The configuration of a working folder: `graphrun.toml`, else `pyproject.toml`'s table.

    Raises:
        UsageError: not TOML, an unknown key, or a value of the wrong kind.
    """
    own, project = folder / "graphrun.toml", folder / "pyproject.toml"
    if own.is_file():
        found, file = _toml(own), own
    elif project.is_file():
        found, file = _toml(project).get("tool", {}).get("graphrun", {}), project
    else:
        return {}
    for key, value in found.items():
        if key not in KEYS:
            raise _wrong(file, f"unknown key {key!r}; known: {', '.join(KEYS)}")
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise _wrong(file, f"{key} = {value!r} is not a {KEYS[key].__name__}")
    if found.get("device", "auto") not in DEVICES:
        raise _wrong(file, f"device = {found['device']!r}; known: {', '.join(DEVICES)}")
    aliases = found.get("alias", {})
    return {**found, "alias": {n: _from_toml(n, v, file) for n, v in aliases.items()}}


def parse_alias(text: str) -> tuple[str, Alias]:
    """`NAME=DIR`, with a data set's columns and class names as in a URL's query:
    `imdb=reviews?text=Text&label=Sentiment&labels=Negative,Positive&split.test=test.tsv`.

    Raises:
        UsageError: another form, or an unknown option.
    """
    name, separator, rest = text.partition("=")
    folder, _, query = rest.partition("?")
    if not separator or not name or not folder:
        raise _bad_alias(text, "expected NAME=DIR")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    empty = [key for key, value in fields.items() if not value]
    if empty or (query and not fields):
        raise _bad_alias(text, f"{', '.join(empty) or query} has no value")
    splits = {k.removeprefix("split."): v for k, v in fields.items() if k.startswith("split.")}
    labels = fields.get("labels")
    table = {k: v for k, v in fields.items() if not k.startswith("split.") and k != "labels"}
    more = {"labels": labels.split(",")} if labels else {}
    try:
        return name, _alias({"path": folder, "splits": splits, **table, **more}, Path())
    except ValueError as error:
        raise _bad_alias(text, str(error)) from error


def _from_toml(name: str, value: Any, file: Path) -> Alias:
    table = {"path": value} if isinstance(value, str) else value
    try:
        return _alias(table, file.parent)
    except (ValueError, TypeError, AttributeError) as error:
        raise _wrong(file, f"alias {name!r}: {error}") from error


def _alias(table: Mapping[str, Any], base: Path) -> Alias:
    """Paths are relative to the file that names them."""
    unknown = table.keys() - {"path", "text", "label", "labels", "splits"}
    if unknown:
        known = "text, label, labels, split.NAME"
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}; known: {known}")
    if not isinstance(table.get("path"), str):
        raise ValueError("the path is missing")
    return Alias(
        path=base / Path(table["path"]).expanduser(),
        text=table.get("text"),
        label=table.get("label"),
        labels=tuple(table.get("labels", ())),
        splits=dict(table.get("splits", {})),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, message: str) -> UsageError:
    return UsageError(Diagnostic("bad_config", f"{path}: {message}"))


def _bad_alias(text: str, message: str) -> UsageError:
    hint = "--alias NAME=DIR, for data also NAME='DIR?text=COLUMN&label=COLUMN&labels=A,B'"
    return UsageError(Diagnostic("bad_alias", f"--alias {text}: {message}", hint=hint))
