"""What became of the nodes that are not in the prompt as they stand in the document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphrun.convert.expand import Flat
from graphrun.convert.graph import Node
from graphrun.convert.groups import PREFIXES
from graphrun.convert.links import SocketKey
from graphrun.convert.notes import Notes
from graphrun.convert.packs import broadcast_name
from graphrun.convert.roles import GETTER, NOTE, PANEL, PRIMITIVE, REAL, REROUTE, SETTER, SUBGRAPH
from graphrun.convert.sheets import Sheet
from graphrun.convert.widgets import Value
from graphrun.documents.source import Source
from graphrun.errors import Diagnostic

_VIRTUAL = {
    NOTE: ("note", "is a note"),
    REROUTE: ("reroute", "is a reroute: its links lead on to what feeds it"),
    PANEL: ("panel", "sets the modes of other nodes in the editor; the file has those modes"),
}


def explained(
    flat: Flat,
    sheets: Mapping[str, Sheet],
    pushes: Mapping[SocketKey, Value],
    source: Source,
) -> list[Diagnostic]:
    """One diagnostic for every node that does not run, or runs under another id."""
    notes = Notes(source)
    fates = _Fates(flat, _by_primitive(flat, pushes), _running(flat))
    for node in flat.nodes.values():
        for code, fate in fates.of(node):
            notes.info(code, f"{node.label} {fate}", node=node.id, path=node.path)
    for sheet in sheets.values():
        if sheet.id not in flat.graphs:
            _unused(sheet, notes)
    return notes.found


def _unused(sheet: Sheet, notes: Notes) -> None:
    for raw, path in sheet.nodes:
        message = f"node {raw['id']} ({raw['type']}) belongs to the subgraph {sheet.name!r}, "
        notes.info("unused", message + "which is not used", path=path)


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
        elif node.muted and node.role in (REAL, SUBGRAPH):
            yield "muted", "is muted: what it feeds gets nothing"
        elif node.bypassed and node.role in (REAL, SUBGRAPH):
            yield "bypassed", "is bypassed: what it feeds gets an input of it instead"
        elif node.role == SUBGRAPH:
            yield "inlined", self._inlined(node)
        elif node.role in (SETTER, GETTER):
            verb = "names" if node.role == SETTER else "stands for"
            yield node.role, f"{verb} the wire {broadcast_name(node)!r}"
        elif node.role != REAL:
            yield _VIRTUAL[node.role]

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
