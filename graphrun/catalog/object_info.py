"""Definitions of node kinds that a running ComfyUI serves under `/object_info`.

They say what a kind looks like, and bring no code: workflows with kinds of packs that are not
installed here can be converted and checked, not run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrun.catalog.options import read_options
from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec, Section
from graphrun.errors import Diagnostic, DocumentError

_HINT = "save what http://127.0.0.1:8188/object_info shows (the address of your server) as a file"
_SECTIONS: tuple[Section, ...] = ("required", "optional")


@dataclass(frozen=True)
class Definitions:
    """Specs by class type, and warnings about entries that could not be read, or not all of it."""

    specs: Mapping[str, NodeSpec]
    notes: tuple[Diagnostic, ...] = ()


class _Malformed(Exception):
    """An entry that makes no sense; the message says what of it."""


@dataclass
class _Entry:
    """One class of the document, with what had to be left out of it."""

    class_type: str
    data: Mapping[str, Any]
    left_out: list[str] = field(default_factory=list)


def load(path: str | Path) -> Definitions:
    """Read a file that holds the answer of `/object_info` or `/object_info/CLASS`.

    Raises:
        DocumentError: the file cannot be read, is not JSON, or has no definitions in it.
    """
    name = str(path)
    try:
        document = json.loads(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise DocumentError(Diagnostic("unreadable_file", f"{name}: {reason}")) from error
    except (ValueError, RecursionError) as error:
        message = f"{name}: not JSON: {error}"
        raise DocumentError(Diagnostic("invalid_json", message, hint=_HINT)) from error
    return read(document, name=name)


def specs(document: Any) -> dict[str, NodeSpec]:
    """The specs in an object_info document, without those that make no sense. See `read`."""
    return dict(read(document).specs)


def read(document: Any, *, name: str = "object_info") -> Definitions:
    """Specs and warnings; a class that makes no sense is left out and named in a warning.

    Both forms are read: nodes of the first API (choices as a list in the place of the type) and of
    the third (all fields, some of them null). Types and options are kept as they are.

    Raises:
        DocumentError: no entry looks like a definition.
    """
    if not isinstance(document, dict) or not any(_is_definition(d) for d in document.values()):
        message = f"{name}: no definitions of nodes (class names mapped to their inputs)"
        raise DocumentError(Diagnostic("not_object_info", message, hint=_HINT))
    found: dict[str, NodeSpec] = {}
    notes = []
    for class_type, data in document.items():
        entry = _Entry(class_type, data if isinstance(data, dict) else {})
        try:
            if not _is_definition(data):
                raise _Malformed("it has neither inputs nor outputs")
            found[class_type] = _spec(entry)
        except _Malformed as error:
            notes.append(_note(name, class_type, f"is left out: {error}"))
        if entry.left_out:
            notes.append(_note(name, class_type, f"is not all read: {'; '.join(entry.left_out)}"))
    return Definitions(found, tuple(notes))


def _is_definition(data: Any) -> bool:
    return isinstance(data, dict) and ("input" in data or "output" in data)


def _note(name: str, class_type: str, what: str) -> Diagnostic:
    message = f"{name}: the definition of {class_type} {what}"
    return Diagnostic("malformed_definition", message, severity="warning")


def _spec(entry: _Entry) -> NodeSpec:
    data = entry.data
    return NodeSpec(
        entry.class_type,
        inputs=(*_ordered(entry), *_hidden(entry)),
        outputs=tuple(_outputs(entry)),
        title=str(data.get("display_name") or entry.class_type),
        category=str(data.get("category") or ""),
        description=str(data.get("description") or ""),
        output_node=bool(data.get("output_node")),
        input_is_list=bool(data.get("is_input_list")),
        module=str(data.get("python_module") or ""),
    )


def _ordered(entry: _Entry) -> Iterator[InputSpec]:
    """Inputs in the order of their widgets.

    First the names of `input_order`, then what it does not mention; a name in both sections is
    optional.
    """
    given: dict[str, InputSpec] = {}
    for section in _SECTIONS:
        for name, value in _section(entry, section).items():
            given.pop(name, None)
            given[name] = _input(entry, name, value, section)
    order = entry.data.get("input_order")
    for section in _SECTIONS:
        names = order.get(section) if isinstance(order, dict) else None
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name in given and given[name].section == section:
                yield given.pop(name)
    yield from given.values()


def _hidden(entry: _Entry) -> Iterator[InputSpec]:
    """A token, alone or as the only member of a list."""
    for name, value in _section(entry, "hidden").items():
        token = value[0] if isinstance(value, list) and value else value
        yield InputSpec(name, str(token), "hidden")


def _section(entry: _Entry, section: Section) -> Mapping[str, Any]:
    inputs = entry.data.get("input") or {}
    found = inputs.get(section) or {} if isinstance(inputs, dict) else inputs
    if not isinstance(found, dict):
        raise _Malformed(f"its {section} inputs are not names mapped to types")
    return found


def _input(entry: _Entry, name: str, value: Any, section: Section) -> InputSpec:
    if isinstance(value, str):  # a pack that forgot the comma of a tuple with one member
        entry.left_out.append(f"{name} is the text {value!r} and is taken for its type")
        value = [value]
    if not isinstance(value, list) or not value or not isinstance(value[0], str | list):
        raise _Malformed(f"the input {name} has no type: {value!r:.60}")
    kind, given = value[0], value[1] if len(value) > 1 else {}
    if given is not None and not isinstance(given, dict):
        entry.left_out.append(f"the options of {name} are {given!r:.60}")
    given = given if isinstance(given, dict) else {}
    options = read_options(kind, name, given, entry.left_out)
    if isinstance(kind, list):
        return InputSpec(name, "COMBO", section, {**options, "options": kind})
    if kind == "COMBO" and not isinstance(options.get("options", []), list):
        entry.left_out.append(f"the choices of {name} are no list")
        del options["options"]
    return InputSpec(name, kind, section, options)


def _outputs(entry: _Entry) -> Iterator[OutputSpec]:
    types = _listed(entry, "output")
    names, lists = _listed(entry, "output_name"), _listed(entry, "output_is_list")
    for index, kind in enumerate(types):
        if not isinstance(kind, str | list):
            raise _Malformed(f"output {index} has no type: {kind!r:.60}")
        known = "COMBO" if isinstance(kind, list) else kind
        name = names[index] if index < len(names) else None
        yield OutputSpec(
            known,
            name if isinstance(name, str) and name else known,
            bool(lists[index]) if index < len(lists) else False,
        )


def _listed(entry: _Entry, key: str) -> list[Any]:
    value = entry.data.get(key)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    entry.left_out.append(f"{key} is {value!r:.60} and is taken for a list of one")
    return [value]
