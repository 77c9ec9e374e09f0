"""Bytes → Workflow or Prompt: JSON with positions, checked against the document schemas."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from graphrun.documents.prompt import Prompt, PromptNode, read_value
from graphrun.documents.source import Path as Steps
from graphrun.documents.source import Source
from graphrun.errors import Diagnostic, DocumentError


@dataclass(frozen=True)
class Workflow:
    """A UI document, as the editor saves it: format 0.4 or 1, with or without subgraphs."""

    data: Mapping[str, Any]
    source: Source
    notes: tuple[Diagnostic, ...] = ()


@dataclass
class _Notes:
    """Duplicate keys and bare NaNs, which the standard parser would pass over in silence."""

    duplicates: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            self.duplicates += [k for k, _ in pairs if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
        return found

    def constant(self, word: str) -> None:
        self.constants.append(word)


def load(path: str | Path) -> Workflow | Prompt:
    """Read a workflow or prompt from a file, or from standard input if `path` is `-`.

    Raises:
        DocumentError: the file cannot be read, is not JSON, or is neither kind of document.
    """
    if str(path) == "-":
        return loads(sys.stdin.buffer.read(), name="<stdin>")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DocumentError(_unreadable(Path(path), error)) from error
    return loads(data, name=str(path))


def loads(data: bytes | str, *, name: str = "<string>") -> Workflow | Prompt:
    """As `load`, from bytes or text; `name` is what positions call the document."""
    source = Source(name, data if isinstance(data, str) else _decode(data, name))
    document, notes = _parse(source)
    if isinstance(document, dict) and isinstance(document.get("nodes"), list):
        _check_workflow(document, source)
        return Workflow(document, source, notes)
    prefix: tuple[str, ...] = ()
    workflow = None
    if isinstance(document, dict) and isinstance(document.get("prompt"), dict):
        # A request as sent to a server; the UI document rides along in extra_data.
        workflow = document.get("extra_data", {}).get("extra_pnginfo", {}).get("workflow")
        document, prefix = document["prompt"], ("prompt",)
    if not _looks_like_prompt(document):
        raise DocumentError(_not_a_workflow(document, source))
    _check_schema("prompt", document, source, prefix)
    nodes = {key: _prompt_node(key, node, prefix) for key, node in document.items()}
    return Prompt(nodes, source, workflow, notes)


def _prompt_node(key: str, node: Mapping[str, Any], prefix: tuple[str, ...]) -> PromptNode:
    meta = node.get("_meta", {})
    inputs = {name: read_value(value) for name, value in node.get("inputs", {}).items()}
    path = (*prefix, key)
    return PromptNode(
        id=key,
        class_type=node["class_type"],
        inputs=inputs,
        title=meta.get("title"),
        pack=meta.get("cnr_id") or meta.get("aux_id"),
        path=path,
        paths={name: (*path, "inputs", name) for name in inputs},
    )


def _unreadable(path: Path, error: OSError) -> Diagnostic:
    hint = None
    if isinstance(error, FileNotFoundError):
        folder = path.parent if path.parent.is_dir() else Path()
        near = get_close_matches(path.name, [p.name for p in folder.iterdir()], n=3)
        hint = "did you mean " + " or ".join(str(folder / n) for n in near) + "?" if near else None
    reason = error.strerror or type(error).__name__
    return Diagnostic("unreadable_file", f"{path}: {reason.lower()}", hint=hint)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name}: not UTF-8 text (byte {data[error.start]:#04x} at offset {error.start})"
        hint = "graphrun reads workflow JSON; save the file as UTF-8"
        raise DocumentError(Diagnostic("invalid_encoding", message, hint=hint)) from error


def _parse(source: Source) -> tuple[Any, tuple[Diagnostic, ...]]:
    notes = _Notes()
    try:
        document = json.loads(
            source.text, object_pairs_hook=notes.pairs, parse_constant=notes.constant
        )
    except json.JSONDecodeError as error:
        at_end = not source.text[error.pos :].strip()
        hint = "the text ends too early; is the file complete?" if at_end else None
        raise DocumentError(
            Diagnostic(
                "invalid_json",
                f"not JSON: {error.msg.lower()}",
                hint=hint,
                position=source.position(error.pos),
            )
        ) from error
    except RecursionError as error:
        raise DocumentError(
            Diagnostic("invalid_json", f"{source.name}: nested too deep")
        ) from error
    if notes.duplicates:
        keys = ", ".join(repr(k) for k in dict.fromkeys(notes.duplicates))
        message = f"{source.name}: the key {keys} stands twice in one object"
        hint = "all but the last would be lost; give every node an id of its own"
        raise DocumentError(Diagnostic("duplicate_key", message, hint=hint))
    words = ", ".join(sorted(set(notes.constants)))
    message = f"{source.name}: {words} is not JSON and was read as null"
    return document, (Diagnostic("not_json_number", message, severity="warning"),) * bool(words)


def _looks_like_prompt(document: Any) -> bool:
    return isinstance(document, dict) and all(
        isinstance(node, dict) and "class_type" in node for node in document.values()
    )


def _not_a_workflow(document: Any, source: Source) -> Diagnostic:
    found = f"a JSON {type(document).__name__}".replace("dict", "object").replace("list", "array")
    if isinstance(document, dict):
        keys = ", ".join(repr(k) for k in list(document)[:5])
        found += f" with the keys {keys}" if keys else ""
    broken = None
    if isinstance(document, dict):
        broken = next(
            (
                k
                for k, v in document.items()
                if isinstance(v, dict) and "inputs" in v and "class_type" not in v
            ),
            None,
        )
    message = f"not a workflow: found {found}"
    if broken is not None:
        message = f"node {broken}: class_type is missing"
    return Diagnostic(
        "not_a_workflow",
        message,
        hint="a workflow has a list of 'nodes' (saved by the editor); "
        "a prompt maps node ids to objects with 'class_type'",
        position=source.locate((broken,) if broken is not None else ()),
    )


@cache
def schema(name: str) -> dict[str, Any]:
    """One of our JSON Schemas: `workflow`, `prompt` or `report`."""
    text = resources.files("graphrun.schemas").joinpath(f"{name}.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _check_workflow(document: Mapping[str, Any], source: Source) -> None:
    """Definitions nested in definitions are checked one level at a time: 200 of them are fine."""
    waiting: list[tuple[Mapping[str, Any], Steps]] = [(document, ())]
    for part, prefix in waiting:
        _check_schema("workflow", part, source, prefix)
        for place, inner in enumerate((part.get("definitions") or {}).get("subgraphs") or ()):
            if inner.get("definitions"):
                path = (*prefix, "definitions", "subgraphs", place)
                waiting.append(({"nodes": [], "definitions": inner["definitions"]}, path))


def _check_schema(name: str, document: Any, source: Source, prefix: Steps = ()) -> None:
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(schema(name)).iter_errors(document),
        key=lambda e: [str(p) for p in e.absolute_path],
    )
    if errors:
        raise DocumentError(
            Diagnostic(
                f"invalid_{name}",
                f"{'.'.join(str(p) for p in e.absolute_path) or 'document'}: {e.message[:300]}",
                position=source.locate((*prefix, *e.absolute_path)),
            )
            for e in errors[:20]
        )
