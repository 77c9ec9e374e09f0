"""The drawings of a document: the root and its subgraph definitions, under ids of their own.

Definitions may be nested in definitions and may use the same node ids. They come out as one flat
list in which every node id is used once, as the editor numbers them when it loads the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphrun.convert.notes import Notes
from graphrun.documents.source import Path

ROOT = ""
"""The id of the root among the sheets."""

INPUTS, OUTPUTS = "-10", "-20"
"""Ids that stand for a definition's inputs and outputs in its links."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """One input or output of a definition. `links` are the ids of the inner links, in order."""

    name: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One drawing. `ids` maps the node ids of the file to other ones where they collide."""

    id: str
    name: str
    path: Path
    data: Mapping[str, Any]
    nodes: Sequence[tuple[Mapping[str, Any], Path]]
    inputs: tuple[Boundary, ...] = ()
    outputs: tuple[Boundary, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, id: Any) -> str:
        """The id under which a node of the file is known."""
        return self.ids.get(id_text(id), id_text(id))


def id_text(raw: Any) -> str:
    """An id of a node or a link as text; some tools write whole numbers as `3.0`."""
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)


def read_sheets(data: Mapping[str, Any], notes: Notes) -> dict[str, Sheet]:
    """The root, and the definitions in the order of the file, parents before what nests in them."""
    sheets = {ROOT: _sheet(ROOT, "", (), data)}
    for raw, path in _hoisted(data):
        id = raw["id"]
        if id in sheets:
            message = f"two subgraphs have the id {id}; the first, {sheets[id].name!r}, is used"
            notes.warn("duplicate_subgraph", message, path=(*path, "id"))
        else:
            sheets[id] = _sheet(id, raw.get("name") or id, path, raw)
    return sheets


def _hoisted(data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Path]]:
    waiting = list(reversed(list(_definitions(data, ()))))
    while waiting:
        raw, path = waiting.pop()
        yield raw, path
        waiting += reversed(list(_definitions(raw, path)))


def _definitions(data: Mapping[str, Any], path: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
    for place, raw in enumerate((data.get("definitions") or {}).get("subgraphs") or ()):
        yield raw, (*path, "definitions", "subgraphs", place)


def _sheet(id: str, name: str, path: Path, data: Mapping[str, Any]) -> Sheet:
    nodes = [(raw, (*path, "nodes", place)) for place, raw in enumerate(data["nodes"])]
    if id == ROOT:
        return Sheet(id, name, path, data, nodes)
    inputs, outputs = _boundary(data.get("inputs")), _boundary(data.get("outputs"))
    return Sheet(id, name, path, data, nodes, inputs, outputs)


def _boundary(raw: Any) -> tuple[Boundary, ...]:
    return tuple(
        Boundary(
            slot["name"],
            type_name(slot.get("type")),
            tuple(map(id_text, slot.get("linkIds") or ())),
        )
        for slot in raw or ()
    )


def type_name(raw: Any) -> str:
    """A data type as text; old files have lists, and a number for "anything"."""
    if isinstance(raw, list):
        return ",".join(str(part) for part in raw)
    return raw if isinstance(raw, str) else "*"


class Numbers:
    """Hands out node ids that nobody uses."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        last = data.get("last_node_id", (data.get("state") or {}).get("lastNodeId"))
        # Only a number counts: the editor starts at 0 from a text or null.
        self.counter = (_number(last) if type(last) is int else None) or 0
        self.used: set[str] = set()

    def take(self, id: str) -> None:
        self.used.add(id)
        self.counter = max(self.counter, _number(id) or 0)

    def fresh(self) -> str:
        self.counter += 1
        while str(self.counter) in self.used:
            self.counter += 1
        self.used.add(str(self.counter))
        return str(self.counter)


def _number(raw: Any) -> int | None:
    text = id_text(raw)
    return int(text) if text.isdecimal() and len(text) < 20 else None


def renumber(sheets: Mapping[str, Sheet], numbers: Numbers) -> dict[str, Sheet]:
    """The sheets with a fresh id for every inner node whose id is used before it.

    The ids of the root count first, and those of later definitions are not kept free for them,
    which is how the editor comes to the ids that it shows in a path like `12:34`.
    """
    numbers.used |= {id_text(raw["id"]) for raw, _ in sheets[ROOT].nodes}
    found = dict(sheets)
    for sheet in sheets.values():
        if sheet.id != ROOT:
            found[sheet.id] = replace(sheet, ids=_renamed(sheet, numbers))
    for raw, _ in sheets[ROOT].nodes:
        numbers.take(id_text(raw["id"]))
    return found


def _renamed(sheet: Sheet, numbers: Numbers) -> dict[str, str]:
    ids: dict[str, str] = {}
    seen: set[str] = set()
    for raw, _ in sheet.nodes:
        id = id_text(raw["id"])
        if id in seen:  # an error of its own, told when the nodes are read
            continue
        seen.add(id)
        if id in numbers.used:
            ids[id] = numbers.fresh()
        else:
            numbers.take(id)
    return ids
