"""What became of the nodes that are not in the prompt as they stand in the document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphrun.convert.expand import Flat
from graphrun.convert.graph import Node
from graphrun.convert.groups import PREFIXES
from graphrun.convert.links import SocketKey
from graphrun.convert.modes import bypass_socket
from graphrun.convert.notes import Notes
from graphrun.convert.packs import Setters, broadcast_name
from graphrun.convert.roles import GETTER, NOTE, PANEL, PRIMITIVE, REAL, REROUTE, SETTER, SUBGRAPH
from graphrun.convert.sheets import ROOT, Sheet
from graphrun.convert.widgets import Value
from graphrun.documents.source import Path, Source
from graphrun.errors import Diagnostic

_VIRTUAL = {
    NOTE: ("note", "is a note"),
    REROUTE: ("reroute", "is a reroute: its links lead on to what feeds it"),
    PANEL: ("panel", "sets the modes of other nodes in the editor; the file has those modes"),
}

_FEEDING = (REAL, SUBGRAPH, REROUTE, GETTER)
"""Roles for which it matters to what they feed whether they are muted or bypassed."""


def explained(
    flat: Flat,
    sheets: Mapping[str, Sheet],
    pushes: Mapping[SocketKey, Value],
    source: Source,
) -> list[Diagnostic]:
    """One diagnostic for every node that does not run, or runs under another id."""
    notes = Notes(source)
    if not flat.nodes:
        notes.info("empty", "this document has no nodes, so its prompt is empty", path=("nodes",))
    fates = _Fates(flat, _by_primitive(flat, pushes), _running(flat), Setters.among(flat.nodes))
    for node in flat.nodes.values():
        for code, fate in fates.of(node):
            notes.info(code, f"{node.label} {fate}", node=node.id, path=node.path)
    for sheet in sheets.values():
        if sheet.id not in flat.graphs:
            _unused(sheet, notes)
    for again, path in _defined_again(sheets):
        name = str(again.get("name") or again["id"])
        reason = f"is in a second subgraph with the id {again['id']}, {name!r}, which is left out"
        for place, raw in enumerate(again["nodes"]):
            words = f"node {raw['id']} ({raw['type']}) {reason}"
            notes.info("unused", words, node=str(raw["id"]), path=(*path, "nodes", place))
    return notes.found


def _defined_again(sheets: Mapping[str, Sheet]) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Definitions whose id another one has: they are no sheets, so only the document has them."""
    waiting: list[tuple[Mapping[str, Any], Path]] = [(sheets[ROOT].data, ())]
    for part, path in waiting:
        for place, raw in enumerate((part.get("definitions") or {}).get("subgraphs") or ()):
            inner = (*path, "definitions", "subgraphs", place)
            waiting.append((raw, inner))
            if sheets[raw["id"]].path != inner:
                yield raw, inner


def _unused(sheet: Sheet, notes: Notes) -> None:
    for raw, path in sheet.nodes:
        message = f"node {raw['id']} ({raw['type']}) belongs to the subgraph {sheet.name!r}, "
        notes.info("unused", message + "which is not used", node=str(raw["id"]), path=path)


def _by_primitive(
    flat: Flat, pushes: Mapping[SocketKey, Value]
) -> Mapping[str, list[tuple[SocketKey, Value]]]:
    found: dict[str, list[tuple[SocketKey, Value]]] = defaultdict(list)
    for key, value in pushes.items():
        found[flat.feeds[key].origin].append((key, value))
    return found


def _running(flat: Flat) -> Mapping[str, int]:
    """How many nodes of the prompt each instance stands for; inner instances come later."""
    count: Counter[str] = Counter()
    for node in reversed(flat.nodes.values()):
        if node.scope:
            count[node.scope] += node.executes + count[node.id]
    return count


@dataclass(frozen=True)
class _Fates:
    """What to say of a node. `pushes` are by primitive, `running` counts nodes by instance."""

    flat: Flat
    pushes: Mapping[str, list[tuple[SocketKey, Value]]]
    running: Mapping[str, int]
    setters: Setters

    def of(self, node: Node) -> Iterator[tuple[str, str]]:
        """Codes with the words that follow the node's name."""
        local = node.id[len(node.scope) + 1 :] if node.scope else node.id
        if node.saved_id != local and not node.type.startswith(PREFIXES):
            yield "renumbered", f"has the id {node.saved_id} in the file, as another node has"
        if node.off is not None:
            outer = self.flat.nodes[node.off]
            state = "muted" if outer.muted else "bypassed"
            yield f"inside_{state}", f"is left out with {outer.label}, which is {state}"
        elif node.role == PRIMITIVE:
            yield "primitive", self._pushed(node)
        elif node.role == SETTER:
            yield node.role, self._named(node)
        elif node.muted and node.role in _FEEDING:
            yield "muted", "is muted: what it feeds gets nothing"
        elif node.bypassed and node.role in _FEEDING:
            yield "bypassed", f"is bypassed{self._passed(node)}"
        elif node.role == SUBGRAPH:
            yield "inlined", self._inlined(node)
        elif node.role == GETTER:
            lost = "" if self.setters.of(node) else ", which no SetNode names"
            yield node.role, f"stands for the wire {broadcast_name(node)!r}{lost}"
        elif node.role != REAL:
            yield _VIRTUAL[node.role]

    def _named(self, setter: Node) -> str:
        words = f"names the wire {broadcast_name(setter)!r}"
        if setter.muted or setter.bypassed:
            state = "muted" if setter.muted else "bypassed"
            return f"{words}; that it is {state} matters only to what its own output feeds"
        return words

    def _passed(self, node: Node) -> str:
        consumers = self.consumers.get(node.id, ())
        sockets = [bypass_socket(node, slot, wanted) for slot, wanted in consumers]
        passing = any((node.id, socket) in self.flat.feeds for socket in sockets)
        if passing or (not consumers and node.sockets):
            return ": what it feeds gets an input of it instead"
        return " and has no connected input of the type to pass on: what it feeds gets nothing"

    @cached_property
    def consumers(self) -> Mapping[str, list[tuple[int, str]]]:
        """What every node feeds: its output, and the type that is asked of it."""
        nodes = self.flat.nodes
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for (target, socket), feed in self.flat.feeds.items():
            if feed.origin not in nodes:
                continue
            # The outputs of a subgraph are no nodes; any type may be asked of them.
            sockets = nodes[target].sockets if target in nodes else ()
            outputs = nodes[feed.origin].outputs
            own = outputs[feed.slot] if feed.slot < len(outputs) else "*"
            wanted = sockets[socket].type if socket < len(sockets) else own
            found[feed.origin].append((feed.slot, wanted))
        return found

    def _pushed(self, node: Node) -> str:
        pushes = self.pushes.get(node.id)
        if not pushes:
            return "is a primitive that is wired to no widget, so its value is not used"
        nodes = self.flat.nodes
        targets = [
            f"{nodes[target].sockets[socket].name!r} of node {target} ({value.value!r:.40})"
            for (target, socket), value in pushes
        ]
        return f"is a primitive: its value is put into {', '.join(targets)}"

    def _inlined(self, node: Node) -> str:
        count = self.running[node.id]
        inside = f"as {count} node{'s' * (count != 1)} {node.id}:…" if count else "but has no nodes"
        if node.type.startswith(PREFIXES):
            return f"is the group node {node.saved_id} of the file, inlined {inside}"
        return f"is inlined {inside}"
