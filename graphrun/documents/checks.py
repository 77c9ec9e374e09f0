"""The document schemas, and what is said of a document that does not follow them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from graphrun.documents.source import Path, Source
from graphrun.errors import Diagnostic, DocumentError

JSON_NAMES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_EXPECTED = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "null": "null",
}


@cache
def schema(name: str) -> dict[str, Any]:
    """One of our JSON Schemas, by the name of its file: `workflow`, `prompt`, `report`, …"""
    text = resources.files("graphrun.schemas").joinpath(f"{name}.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def check_workflow(document: Mapping[str, Any], source: Source) -> None:
    """Definitions nested in definitions are checked one level at a time: 200 of them are fine."""
    waiting: list[tuple[Mapping[str, Any], Path]] = [(document, ())]
    for part, prefix in waiting:
        check_schema("workflow", part, source, prefix)
        for place, inner in enumerate((part.get("definitions") or {}).get("subgraphs") or ()):
            if inner.get("definitions"):
                path = (*prefix, "definitions", "subgraphs", place)
                waiting.append(({"nodes": [], "definitions": inner["definitions"]}, path))


def check_schema(name: str, document: Any, source: Source, prefix: Path = ()) -> None:
    """Raise DocumentError with up to 20 places where the document breaks a schema."""
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(schema(name)).iter_errors(document),
        key=lambda e: [str(p) for p in e.absolute_path],
    )
    if errors:
        raise DocumentError(
            Diagnostic(
                f"invalid_{name}",
                f"{_place(document, tuple(e.absolute_path))}: {_reason(e)[:300]}",
                position=source.locate((*prefix, *e.absolute_path)),
            )
            for e in errors[:20]
        )


def _place(document: Any, path: Path) -> str:
    """The path, from the innermost node on if there is one with a name."""
    label, rest, value = "", path, document
    for depth, step in enumerate(path):
        value = value[step]
        if isinstance(value, dict):
            named = _label(value, path[: depth + 1])
            label, rest = (named, path[depth + 1 :]) if named else (label, rest)
    where = ".".join(str(step) for step in rest)
    return ": ".join(part for part in (label, where) if part) or "document"


def _label(value: Mapping[str, Any], path: Path) -> str:
    in_list = len(path) > 1 and path[-2] == "nodes"
    if len(path) == 1 and isinstance(value.get("class_type"), str):
        return f"node {path[0]} ({value['class_type']})"
    if not in_list or type(value.get("id")) not in (int, str, float):
        return ""
    kind = value.get("type")
    return f"node {value['id']}" + (f" ({kind})" if isinstance(kind, str) else "")


def _reason(error: Any) -> str:
    if error.validator == "type":
        found = JSON_NAMES[type(error.instance)]
        article = {"object": "an ", "array": "an ", "boolean": "a ", "number": "the "}.get(
            found, ""
        )
        shown = f" {error.instance!r:.60}" if found in ("number", "text") else ""
        return f"this is {article}{found}{shown}, not {_either(error.validator_value)}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        named = next((key for key in missing if f"{key!r}" in error.message), missing[0])
        return f"{named!r} is missing"
    return str(error.message)


def _either(types: str | Sequence[str]) -> str:
    names: Iterable[str] = [types] if isinstance(types, str) else types
    return " or ".join(_EXPECTED[name] for name in names)
