"""Test files → tests, checked against `schemas/test.schema.json`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graphrun.catalog.aliases import alias
from graphrun.documents import schema
from graphrun.errors import Diagnostic, DocumentError, Position
from graphrun.testing import places
from graphrun.testing.model import SUFFIX, Test

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_OF_SUCCESS = ("metrics", "outputs", "files", "budget")
"""What can only be expected of a run that is a success."""
_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table",
    "string": "a text",
}


def read(file: Path) -> list[Test]:
    """The tests of a file, in its order.

    Raises:
        DocumentError: it cannot be read, is not TOML, or says something that is not understood;
            everything that is wrong with it, with its line.
    """
    text = _text(file)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(_syntax(file, text, str(error))) from error
    lines = places.places(text)
    wrong = [
        Diagnostic("invalid_test", message, hint=hint, position=_at(file, lines, path))
        for path, message, hint in (*_against_schema(document), *_beyond_schema(document, file))
    ]
    if wrong:
        raise DocumentError(wrong)
    common = {key: value for key, value in document.items() if key != "test"}
    names = frozenset(document["test"])
    return [
        _test(name, file, {**common, **table}, lines, names)
        for name, table in document["test"].items()
    ]


def _test(
    name: str,
    file: Path,
    table: dict[str, Any],
    lines: Mapping[places.Path, int],
    names: frozenset[str],
) -> Test:
    return Test(name, file, _workflow(file, table), table, lines, names)


def _workflow(file: Path, table: Mapping[str, Any]) -> Path:
    """The file that is tested: named, or the one beside."""
    named = table.get("workflow")
    return file.parent / (named or f"{file.name.removesuffix(SUFFIX)}.json")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")  # editors of Windows write a mark
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError(Diagnostic("unreadable_file", f"{file}: {reason}")) from error
    except UnicodeDecodeError as error:
        found = Diagnostic("invalid_test", f"{file} is not UTF-8: {error.reason}")
        raise DocumentError(found) from error


def _syntax(file: Path, text: str, message: str) -> Diagnostic:
    found = _AT.fullmatch(message)
    line, column = text.count("\n") + 1, 1
    if found and found[2]:
        line, column = int(found[2]), int(found[3])
    said = found[1] if found else message
    position = Position(str(file), line, column)
    return Diagnostic("invalid_test", f"this is not TOML: {said.lower()}", position=position)


def _at(file: Path, lines: Mapping[places.Path, int], path: places.Path) -> Position:
    return Position(str(file), places.line(lines, path), 1)


Wrong = tuple[places.Path, str, str | None]
"""Where, what, and the way out."""


def _against_schema(document: Mapping[str, Any]) -> Iterator[Wrong]:
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(schema("test")).iter_errors(document)
    for error in sorted(errors, key=lambda e: [str(step) for step in e.absolute_path]):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            for key in error.instance.keys() - known:
                yield (*path, key), f"{_named(path, key)}: there is no such key", _meant(key, known)
        else:
            yield path, f"{_named(path)}: {_reason(error)}", None


def _named(path: places.Path, *more: str) -> str:
    """A path as TOML writes it, without the word that all tests begin with."""
    steps = [str(step) for step in (*path, *more)]
    steps = steps[1:] if len(steps) > 1 and steps[0] == "test" else steps
    return ".".join(s if re.fullmatch(r"[\w-]+", s) else f'"{s}"' for s in steps) or "file"


def _meant(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _reason(error: Any) -> str:
    wanted = error.validator_value
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            either = " or ".join(dict.fromkeys(_KINDS[kind] for kind in kinds))
            return f"this takes {either}, not {error.instance!r:.60}"
        case "enum":
            near = get_close_matches(str(error.instance), [str(one) for one in wanted], n=1)
            more = f"; did you mean {near[0]}?" if near else ""
            choices = ", ".join("true" if one is True else str(one) for one in wanted)
            return f"{error.instance!r} is none of {choices}{more}"
        case "const":
            return f"this can only be {str(wanted).lower()}"
        case "required":
            missing = [key for key in wanted if key not in error.instance]
            more = ": a test is a table [test.NAME]" if missing == ["test"] else ""
            return f"{missing[0]} is missing{more}"
        case "minProperties" | "minItems" | "minLength":
            return "this is empty"
    return str(error.message)


def _beyond_schema(document: Mapping[str, Any], file: Path) -> Iterator[Wrong]:
    """What the schema cannot say; only of what has the right form."""
    tests = document.get("test")
    tables: dict[places.Path, Any] = {(): document}
    if isinstance(tests, dict):
        tables |= {("test", name): table for name, table in tests.items()}
    for path, table in tables.items():
        if not isinstance(table, dict):
            continue
        yield from _aliases(table, path, file)
        for key in _OF_SUCCESS if "fails" in table else ():
            if key in table:
                where = (*path, key)
                yield where, f"{_named(where)}: a run that is to fail has none to compare", None
        for kind in ("metrics", "outputs", "shows"):
            for key, wanted in _items(table, kind):
                if isinstance(wanted, dict):
                    for message in _contradictions(kind, wanted):
                        where = (*path, kind, key)
                        yield where, f"{_named(where)}: {message}", None


def _aliases(table: Mapping[str, Any], path: places.Path, file: Path) -> Iterator[Wrong]:
    for name, value in _items(table, "alias"):
        if isinstance(value, str | dict):
            try:
                alias(value, file.parent)
            except ValueError as error:
                where = (*path, "alias", name)
                yield where, f"{_named(where)}: {error}", None


def _contradictions(kind: str, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Words that say nothing in this company."""
    if ("rtol" in wanted or "atol" in wanted) and not wanted.keys() & {"value", "golden"}:
        yield "a tolerance is of a value or a golden one"
    if kind != "shows" and {"value", "golden"} <= wanted.keys():
        yield "a value and a golden one are two expectations of one thing"
    if kind == "shows" and isinstance(wanted.get("matches"), str):
        try:
            re.compile(wanted["matches"])
        except re.error as error:
            yield f"matches is no regular expression: {error}"


def _items(table: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    found = table.get(key)
    return list(found.items()) if isinstance(found, dict) else []
