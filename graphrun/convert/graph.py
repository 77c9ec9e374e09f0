"""One drawing as typed values: nodes with their live sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphrun.catalog.spec import InputSpec, NodeSpec
from graphrun.convert.dynamic import settle
from graphrun.convert.notes import Notes
from graphrun.convert.places import editor_inputs, is_widget, kind
from graphrun.convert.roles import REAL, REROUTES, SUBGRAPH, VIRTUAL
from graphrun.convert.sheets import INPUTS, OUTPUTS, ROOT, Sheet, id_text, type_name
from graphrun.documents.source import Path

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
    """One node of the document. `spec` is None for virtual nodes and unknown kinds.

    Inside of a subgraph, `id` is a path such as `12:34` once the subgraph is put in the place of
    the instance `scope`. `off` is the enclosing instance that is muted or bypassed, if one is.
    `saved_id` is the id in the file, and `home` the name of the subgraph, both for messages.
    """

    id: str
    type: str
    role: str
    mode: int
    path: Path
    data: Mapping[str, Any]
    slots: tuple[Slot, ...]
    sockets: tuple[Socket, ...]
    outputs: tuple[str, ...]
    spec: NodeSpec | None
    saved_id: str = ""
    home: str = ""
    scope: str = ""
    off: str | None = None

    @property
    def label(self) -> str:
        kind_of = f"subgraph {self.title}" if self.role == SUBGRAPH else self.type
        return f"node {self.id} ({kind_of})" + (f" in subgraph {self.home!r}" if self.home else "")

    @property
    def muted(self) -> bool:
        return self.mode == MUTED

    @property
    def bypassed(self) -> bool:
        return self.mode == BYPASSED

    @property
    def executes(self) -> bool:
        return self.role == REAL and not self.muted and not self.bypassed and self.off is None

    @property
    def title(self) -> str:
        own = self.data.get("title")
        named = own is not None and own != ""
        return str(own) if named else (self.spec.title if self.spec else "") or self.type

    @property
    def pack(self) -> str | None:
        properties = self.data.get("properties") or {}
        found = properties.get("cnr_id") or properties.get("aux_id")
        return found if isinstance(found, str) else None

    @property
    def pack_version(self) -> str | None:
        found = (self.data.get("properties") or {}).get("ver")
        return found if isinstance(found, str) else None

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Live sockets by name; the first of several."""
        return {s.name: i for i, s in reversed(list(enumerate(self.sockets)))}

    def widget_spec(self, socket: int) -> InputSpec | None:
        """The definition of the widget that a socket belongs to, if it is one's and known."""
        found = self.sockets[socket]
        return self.spec.input(found.name) if self.spec and found.widget else None


@dataclass(frozen=True)
class Kinds:
    """What a node can be an instance of: a subgraph of the document, or a kind that has a spec."""

    sheets: Mapping[str, Sheet]
    specs: Mapping[str, NodeSpec]


def read_nodes(sheet: Sheet, kinds: Kinds, notes: Notes) -> dict[str, Node]:
    """All nodes of one sheet by id, in document order. Two nodes with one id are an error."""
    nodes: dict[str, Node] = {}
    reserved = (INPUTS, OUTPUTS) if sheet.id != ROOT else ()
    for raw, path in sheet.nodes:
        node = _node(raw, path, sheet, kinds)
        if node.id in nodes or node.id in reserved:
            other = nodes[node.id].type if node.id in nodes else "the subgraph's own ends"
            hint = "links could mean either; give every node an id of its own"
            message = f"two nodes have the id {node.saved_id}: {other} and {node.type}"
            notes.error("duplicate_node_id", message, node=node.id, path=(*path, "id"), hint=hint)
        if node.mode not in _MODES:
            message = f"{node.label}: mode {raw.get('mode')!r} is unknown, the node is run"
            notes.warn("unknown_mode", message, node=node.id, path=(*path, "mode"))
        nodes[node.id] = node
    return nodes


def _node(raw: Mapping[str, Any], path: Path, sheet: Sheet, kinds: Kinds) -> Node:
    kind_of, mode = raw["type"], raw.get("mode")
    inner = kinds.sheets.get(kind_of) if kind_of != ROOT else None
    role = SUBGRAPH if inner else VIRTUAL.get(kind_of, REAL)
    spec = kinds.specs.get(kind_of) if role == REAL else None
    spec = settle(spec, raw) if spec else None
    slots = tuple(read_slot(slot) for slot in raw.get("inputs") or ())
    if inner:
        raw = {**raw, "title": raw.get("title") or inner.name}
    return Node(
        id=sheet.renamed(raw["id"]),
        type=kind_of,
        role=role,
        mode=_mode(mode),
        path=path,
        data=raw,
        slots=slots,
        sockets=_boundary(inner) if inner else tuple(live_sockets(kind_of, slots, spec)),
        outputs=tuple(o.type for o in inner.outputs) if inner else _outputs(raw, spec),
        spec=spec,
        saved_id=id_text(raw["id"]),
        home=sheet.name,
    )


def _mode(raw: Any) -> int:
    """A mode that is none comes out as one that is unknown."""
    if raw is None:
        return 0
    whole = type(raw) is int or (isinstance(raw, float) and raw.is_integer())
    return int(raw) if whole else -1


def read_slot(raw: Mapping[str, Any]) -> Slot:
    link = raw.get("link")
    return Slot(
        name=raw["name"],
        type=type_name(raw.get("type")),
        link=None if link is None else id_text(link),
        widget=bool(raw.get("widget")),
    )


def _boundary(inner: Sheet) -> tuple[Socket, ...]:
    return tuple(Socket(i.name, i.type) for i in inner.inputs)


def live_sockets(kind_of: str, slots: tuple[Slot, ...], spec: NodeSpec | None) -> Iterator[Socket]:
    if kind_of in REROUTES:
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
    saved = tuple(type_name(output.get("type")) for output in raw.get("outputs") or ())
    known = tuple(o.type for o in spec.outputs) if spec else ()
    return known + saved[len(known) :]
