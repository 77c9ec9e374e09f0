"""Bytes → Workflow or Prompt: JSON with positions, checked against the document schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.documents.checks import JSON_NAMES, check_schema, check_workflow
from graphrun.documents.opening import Opened, not_json, open_data, open_file
from graphrun.documents.prompt import Prompt, PromptNode, read_value
from graphrun.documents.scan import deepest, repeated_keys
from graphrun.documents.source import Source
from graphrun.errors import Diagnostic, DocumentError

if TYPE_CHECKING:
    from graphrun.documents.media import Prefer


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


def load(path: str | Path, *, prefer: Prefer = "workflow") -> Workflow | Prompt:
    """Read a workflow or prompt from a file, or from standard input if `path` is `-`.

    The file is JSON or a media file that a server has written one into (PNG, WebP, MP4 and
    others); which, its content tells and not its name. Of a media file with both, `prefer` says
    which one is read.

    Raises:
        DocumentError: the file cannot be read, is not JSON, is a media file that is damaged or
            has nothing in it, or is neither kind of document.
    """
    return _document(open_file(path, prefer))


def loads(
    data: bytes | str, *, name: str = "<string>", prefer: Prefer = "workflow"
) -> Workflow | Prompt:
    """As `load`, from bytes or text; `name` is what positions call the document."""
    return _document(open_data(data, name, prefer))


def read(document: Mapping[str, Any], *, name: str = "<prompt>") -> Workflow | Prompt:
    """A document that is already in memory. Places in messages are then ids, without lines.

    Raises:
        DocumentError: it is neither a workflow nor a prompt, or holds what JSON cannot.
    """
    if isinstance(document.get("nodes"), list) or not _plain(document):
        # Rare, or wrong: the text tells what of it, with the words for files.
        try:
            return loads(json.dumps(document, ensure_ascii=False), name=name)
        except (TypeError, ValueError, RecursionError) as error:
            raise DocumentError(Diagnostic("invalid_json", f"{name}: {error}")) from error
    return Prompt({key: _in_memory(key, node) for key, node in document.items()})


def _in_memory(key: str, node: Mapping[str, Any]) -> PromptNode:
    inputs = {name: read_value(value) for name, value in node.get("inputs", {}).items()}
    return PromptNode(key, node["class_type"], inputs, changed=node.get("is_changed"))


def _plain(document: Mapping[str, Any]) -> bool:
    """Whether every entry is a node of a prompt, and nothing of it has to be looked at closer."""
    return bool(document) and all(
        isinstance(key, str)
        and isinstance(node, Mapping)
        and isinstance(node.get("class_type"), str)
        and node["class_type"]
        and isinstance(node.get("inputs", {}), Mapping)
        and "_meta" not in node
        for key, node in document.items()
    )


def _document(opened: Opened) -> Workflow | Prompt:
    source, other = opened.source, opened.other
    if other is not None and _is_empty(source):
        prompt = _good_prompt(other)
        if prompt is not None:
            message = f"{source.name}: the workflow in it has no nodes, so its prompt is read"
            note = Diagnostic("empty_workflow", message, severity="warning")
            return replace(prompt, notes=(*opened.notes, note, *prompt.notes))
    try:
        document = _read(source)
    except DocumentError as error:
        if other is None:
            raise
        raise DocumentError(_with_other(d, source) for d in error.diagnostics) from error
    document = replace(document, notes=(*opened.notes, *document.notes))
    if other is not None and isinstance(document, Prompt):
        return replace(document, workflow=_object(other.text))
    return document


def _is_empty(source: Source) -> bool:
    """Whether it is the workflow of a media file, and savers had nothing to put there."""
    if not source.name.endswith("(workflow)"):
        return False
    try:
        found = json.loads(source.text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return not found
    return not found.get("nodes") and not any(isinstance(v, dict) for v in found.values())


def _good_prompt(source: Source) -> Prompt | None:
    try:
        found = _read(source)
    except DocumentError:
        return None
    return found if isinstance(found, Prompt) and found.nodes else None


def _with_other(diagnostic: Diagnostic, source: Source) -> Diagnostic:
    """The file has another document, which may be the way out."""
    other = "prompt" if source.name.endswith("(workflow)") else "workflow"
    way = f"the file also has a {other}: --prefer {other} reads that"
    return replace(diagnostic, hint=f"{diagnostic.hint}; {way}" if diagnostic.hint else way)


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None  # only rides along
    return found if isinstance(found, dict) else None


def _read(source: Source) -> Workflow | Prompt:
    document, notes = _parse(source)
    if isinstance(document, dict) and isinstance(document.get("nodes"), list):
        check_workflow(document, source)
        return Workflow(document, source, notes)
    prefix: tuple[str, ...] = ()
    workflow = None
    if isinstance(document, dict) and isinstance(document.get("prompt"), dict):
        # A request as sent to a server; the UI document rides along in extra_data.
        workflow = _inside(document, "extra_data", "extra_pnginfo", "workflow")
        document, prefix = document["prompt"], ("prompt",)
    if not _looks_like_prompt(document):
        raise DocumentError(_not_a_workflow(document, source))
    check_schema("prompt", document, source, prefix)
    nodes = {key: _prompt_node(key, node, prefix) for key, node in document.items()}
    return Prompt(nodes, source, workflow, notes)


def _inside(document: Any, *keys: str) -> Mapping[str, Any] | None:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else None


def _prompt_node(key: str, node: Mapping[str, Any], prefix: tuple[str, ...]) -> PromptNode:
    meta = node.get("_meta", {})
    inputs = {name: read_value(value) for name, value in node.get("inputs", {}).items()}
    path = (*prefix, key)
    return PromptNode(
        id=key,
        class_type=node["class_type"],
        inputs=inputs,
        title=meta.get("title"),
        pack=_text(meta.get("cnr_id") or meta.get("aux_id")),
        pack_version=_text(meta.get("ver")),
        changed=node.get("is_changed"),
        path=path,
        paths={name: (*path, "inputs", name) for name in inputs},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _parse(source: Source) -> tuple[Any, tuple[Diagnostic, ...]]:
    notes = _Notes()
    try:
        document = json.loads(
            source.text, object_pairs_hook=notes.pairs, parse_constant=notes.constant
        )
    except json.JSONDecodeError as error:
        raise DocumentError(not_json(error.msg, source, error.pos)) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(_too_much(source, isinstance(error, RecursionError))) from error
    if notes.duplicates:
        raise DocumentError(_duplicate(source, notes.duplicates))
    _refuse_half_characters(source)
    words = ", ".join(sorted(set(notes.constants)))
    message = f"{source.name}: {words} is not JSON and was read as null"
    return document, (Diagnostic("not_json_number", message, severity="warning"),) * bool(words)


def _too_much(source: Source, deep: bool) -> Diagnostic:
    if not deep:
        return Diagnostic("invalid_json", f"{source.name}: a number has too many digits")
    place = source.position(deepest(source.text))
    return Diagnostic("invalid_json", "nested too deep", position=place)


def _duplicate(source: Source, keys: list[str]) -> Diagnostic:
    """Placed at the first key that stands there again."""
    _, offset, value = next(repeated_keys(source.text))
    is_node = (
        source.text[value] == "{"
        and "class_type" in json.JSONDecoder().raw_decode(source.text, value)[0]
    )
    way = "give every node an id of its own" if is_node else "keep the one that counts"
    listed = ", ".join(repr(k) for k in dict.fromkeys(keys))
    return Diagnostic(
        "duplicate_key",
        f"the key {listed} stands twice in one object",
        hint=f"all but the last would be lost; {way}",
        position=source.position(offset),
    )


_HALF = re.compile(
    r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Half of a UTF-16 pair, escaped, without its other half: no character, and no file can hold it."""


def _refuse_half_characters(source: Source) -> None:
    half = _HALF.search(source.text)
    if half:
        place = source.position(half.start(1))
        message = f"{half[1]} is half of a character and cannot be written anywhere"
        raise DocumentError(Diagnostic("invalid_encoding", message, position=place))


def _looks_like_prompt(document: Any) -> bool:
    return isinstance(document, dict) and all(
        isinstance(node, dict) and "class_type" in node for node in document.values()
    )


def _other_kind(document: Any) -> tuple[str, str] | None:
    """What another document of the editor or the server is, and the way out."""
    if not isinstance(document, dict) or not document:
        return None
    if all(isinstance(v, dict) and "input" in v and "output" in v for v in document.values()):
        return (
            "not a workflow: these are definitions of node kinds (what /object_info shows)",
            "give this file as --object-info, and the workflow as the file to read",
        )
    if set(document) == {"templates"} and isinstance(document["templates"], list):
        return (
            "not a workflow: these are node templates of the editor",
            "import them in the editor (Manage Node Templates), insert one into an empty "
            "workflow and save that",
        )
    return None


def _not_a_workflow(document: Any, source: Source) -> Diagnostic:
    known = _other_kind(document)
    if known:
        message, hint = known
        return Diagnostic("not_a_workflow", message, hint=hint, position=source.locate(()))
    found = f"a JSON {JSON_NAMES[type(document)]}"
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
