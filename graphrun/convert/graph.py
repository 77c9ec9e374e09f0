"""The UI document as typed values: nodes with their live sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphrun.catalog.spec import InputSpec, NodeSpec
from graphrun.convert.notes import Notes
from graphrun.convert.places import editor_inputs, is_widget, kind
from graphrun.documents.source import Path

NOTES = frozenset({"Note", "MarkdownNote"})
REROUTE = "Reroute"
PRIMITIVE = "PrimitiveNode"
VIRTUAL = NOTES | {REROUTE, PRIMITIVE}
"""Nodes that exist only in the editor."""

MUTED, BYPASSED = 2, 4
_MODES = range(5)


@dataclass(frozen=True, slots=True)
class Socket:
    """One live input: sockets of the definition first, then those of its widgets, then extras."""

    name: str
    type: str
    widget: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One input as the file lists it; `link` is the id of the link it names."""

    name: str
    type: str
    link: str | None
    widget: bool


@dataclass(frozen=True)
class Node:
    """One node of the document. `spec` is None for virtual nodes and unknown kinds."""

    id: str
    type: str
    mode: int
    path: Path
    data: Mapping[str, Any]
    slots: tuple[Slot, ...]
    sockets: tuple[Socket, ...]
    outputs: tuple[str, ...]
    spec: NodeSpec | None

    @property
    def label(self) -> str:
        return f"node {self.id} ({self.type})"

    @property
    def muted(self) -> bool:
        return self.mode == MUTED

    @property
    def bypassed(self) -> bool:
        return self.mode == BYPASSED

    @property
    def executes(self) -> bool:
        return self.type not in VIRTUAL and not self.muted and not self.bypassed

    @property
    def title(self) -> str:
        return self.data.get("title") or (self.spec.title if self.spec else "") or self.type

    @property
    def pack(self) -> str | None:
        properties = self.data.get("properties") or {}
        found = properties.get("cnr_id") or properties.get("aux_id")
        return found if isinstance(found, str) else None

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Live sockets by name; the first of several."""
        return {s.name: i for i, s in reversed(list(enumerate(self.sockets)))}

    def widget_spec(self, socket: int) -> InputSpec | None:
        """The definition of the widget that a socket belongs to, if it is one's and known."""
        found = self.sockets[socket]
        return self.spec.input(found.name) if self.spec and found.widget else None


def read_nodes(
    data: Mapping[str, Any], specs: Mapping[str, NodeSpec], notes: Notes
) -> dict[str, Node]:
    """All nodes of one graph by id, in document order. Two nodes with one id are an error."""
    nodes: dict[str, Node] = {}
    for place, raw in enumerate(data["nodes"]):
        path: Path = ("nodes", place)
        node = _node(raw, path, specs)
        if node.id in nodes:
            hint = "links could mean either; give every node an id of its own"
            message = f"two nodes have the id {node.id}: {nodes[node.id].type} and {node.type}"
            notes.error("duplicate_node_id", message, node=node.id, path=(*path, "id"), hint=hint)
        if node.mode not in _MODES:
            message = f"{node.label}: mode {raw.get('mode')!r} is unknown, the node is run"
            notes.warn("unknown_mode", message, node=node.id, path=(*path, "mode"))
        nodes[node.id] = node
    return nodes


def _node(raw: Mapping[str, Any], path: Path, specs: Mapping[str, NodeSpec]) -> Node:
    kind_of, mode = raw["type"], raw.get("mode")
    spec = specs.get(kind_of) if kind_of not in VIRTUAL else None
    slots = tuple(_slot(slot) for slot in raw.get("inputs") or ())
    return Node(
        id=str(raw["id"]),
        type=kind_of,
        mode=0 if mode is None else mode if type(mode) is int else -1,
        path=path,
        data=raw,
        slots=slots,
        sockets=tuple(_sockets(kind_of, slots, spec)),
        outputs=_outputs(raw, spec),
        spec=spec,
    )


def _slot(raw: Mapping[str, Any]) -> Slot:
    link = raw.get("link")
    return Slot(
        name=raw["name"],
        type=_type(raw.get("type")),
        link=None if link is None else str(link),
        widget=bool(raw.get("widget")),
    )


def _type(raw: Any) -> str:
    """A data type as text; old files have lists, and a number for "anything"."""
    if isinstance(raw, list):
        return ",".join(str(part) for part in raw)
    return raw if isinstance(raw, str) else "*"


def _sockets(kind_of: str, slots: tuple[Slot, ...], spec: NodeSpec | None) -> Iterator[Socket]:
    if kind_of == REROUTE:
        yield Socket(slots[0].name if slots else "", slots[0].type if slots else "*")
        return
    if spec is None:
        yield from (Socket(s.name, s.type, s.widget) for s in slots)
        return
    inputs = editor_inputs(spec)
    yield from (Socket(i.name, i.type) for i in inputs if not is_widget(i))
    yield from (Socket(i.name, kind(i), widget=True) for i in inputs if is_widget(i))
    known = {i.name for i in inputs}
    yield from (Socket(s.name, s.type) for s in slots if s.name not in known and not s.widget)


def _outputs(raw: Mapping[str, Any], spec: NodeSpec | None) -> tuple[str, ...]:
    saved = tuple(_type(output.get("type")) for output in raw.get("outputs") or ())
    known = tuple(o.type for o in spec.outputs) if spec else ()
    return known + saved[len(known) :]
