"""Sheets with their wires: what feeds each socket, and what a subgraph's inputs and outputs are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphrun.catalog.spec import NodeSpec
from graphrun.convert.graph import Kinds, Node, read_nodes
from graphrun.convert.links import Feed, SocketKey, connect, feed_of, read_links
from graphrun.convert.notes import Notes
from graphrun.convert.reroutes import drop_mismatched
from graphrun.convert.roles import SUBGRAPH
from graphrun.convert.sheets import INPUTS, OUTPUTS, ROOT, Sheet

LARGEST = 1_000_000
"""The most nodes that a document may expand to: a few nested definitions can multiply."""


@dataclass(frozen=True)
class Graph:
    """One sheet, read.

    `exits` are what feeds the outputs of a subgraph. `promoted` has, for every input of it, the
    widget whose value instances hold: a live socket, or None where the input is only a socket.
    """

    sheet: Sheet
    nodes: Mapping[str, Node]
    feeds: Mapping[SocketKey, Feed]
    exits: tuple[Feed | None, ...] = ()
    promoted: tuple[SocketKey | None, ...] = ()

    def instances(self) -> Iterator[Node]:
        return (node for node in self.nodes.values() if node.role == SUBGRAPH)


def read_graphs(
    sheets: Mapping[str, Sheet], specs: Mapping[str, NodeSpec], notes: Notes
) -> dict[str, Graph]:
    """All sheets that the root leads to, read; a subgraph before those that contain it.

    Raises:
        DocumentError: two nodes have one id, a subgraph contains itself or is not defined, or
            the document stands for more nodes than can be handled.
    """
    kinds = Kinds(sheets, specs)
    graphs = {id: _read(sheets[id], kinds, notes) for id in _leaf_first(sheets, notes)}
    notes.raise_errors()
    _count(graphs, notes)
    notes.raise_errors()
    promoted: dict[str, Graph] = {}
    for id, graph in graphs.items():
        promoted[id] = replace(graph, promoted=tuple(_promoted(graph, promoted)))
    return promoted


def _read(sheet: Sheet, kinds: Kinds, notes: Notes) -> Graph:
    nodes = read_nodes(sheet, kinds, notes)
    records = list(read_links(sheet, notes))
    if sheet.id == ROOT:
        feeds = connect(nodes, records, notes)
        exits: tuple[Feed | None, ...] = ()
    else:
        feeds = connect(nodes, [r for r in records if r.target != OUTPUTS], notes)
        by_id = {record.id: record for record in reversed(records)}
        exits = tuple(
            next((feed_of(by_id[i], by_id[i].path) for i in end.links if i in by_id), None)
            for end in sheet.outputs
        )
    drop_mismatched(nodes, feeds, notes)
    _broadcast(sheet, nodes, feeds, notes)
    return Graph(sheet, nodes, feeds, exits)


def _broadcast(
    sheet: Sheet, nodes: Mapping[str, Node], feeds: dict[SocketKey, Feed], notes: Notes
) -> None:
    """Links that the use-everywhere pack stored, for inputs that nothing else feeds."""
    for place, raw in enumerate((sheet.data.get("extra") or {}).get("ue_links") or ()):
        path = (*sheet.path, "extra", "ue_links", place)
        ends = _ends(raw, sheet, nodes)
        if isinstance(ends, str):
            message = f"use-everywhere link number {place} is left out: {ends}"
            notes.warn("lost_link", message, path=path)
            continue
        target, socket, origin, number = ends
        if (target.id, socket) in feeds:
            continue
        name = target.sockets[socket].name
        feeds[target.id, socket] = Feed(f"everywhere {place}", origin, number, path)
        message = (
            f"{target.label}: {name!r} gets output {number} of {nodes[origin].label}, "
            "as a use-everywhere node last had it"
        )
        notes.warn("assumed_link", message, node=target.id, input=name, path=path)


def _ends(raw: Any, sheet: Sheet, nodes: Mapping[str, Node]) -> tuple[Node, int, str, int] | str:
    """The target with its socket and the origin with its output, or why there are none."""
    row = raw if isinstance(raw, Mapping) else {}
    ids = row.get("downstream"), row.get("upstream")
    slot, number = _slot(row.get("downstream_slot")), _slot(row.get("upstream_slot"))
    if None in ids or slot is None or number is None:
        return f"it does not say what it links: {raw!r:.80}"
    target_id, origin = map(sheet.renamed, ids)
    for id in (target_id, origin):
        if id not in nodes:
            return f"there is no node {id}"
    target = nodes[target_id]
    name = target.slots[slot].name if slot < len(target.slots) else None
    socket = target.index.get(name) if name is not None else None
    if socket is None:
        return f"{target.label} has no input number {slot}"
    return target, socket, origin, number


def _slot(raw: Any) -> int | None:
    """The number of a slot, which may be written as text or with a point."""
    text = str(raw).removesuffix(".0")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _leaf_first(sheets: Mapping[str, Sheet], notes: Notes) -> list[str]:
    """Ids of the sheets in use, inner ones first. A sheet that leads back to itself is an error."""
    done: dict[str, None] = {}
    trail: dict[str, Iterator[tuple[Any, Any]]] = {ROOT: iter(sheets[ROOT].nodes)}
    while trail:
        id = next(reversed(trail))
        raw, path = next(trail[id], (None, ()))
        if raw is None:
            done[id] = None
            del trail[id]
            continue
        inner = raw["type"]
        if inner in trail and inner != ROOT:
            _recursion(sheets, [*trail, inner], raw, path, notes=notes)
        elif inner in sheets and inner not in done and inner != ROOT:
            trail[inner] = iter(sheets[inner].nodes)
    return list(done)


def _recursion(
    sheets: Mapping[str, Sheet],
    trail: list[str],
    raw: Mapping[str, Any],
    path: Any,
    *,
    notes: Notes,
) -> None:
    ring = trail[trail.index(trail[-1]) :]
    names = " → ".join(sheets[id].name for id in ring)
    message = f"node {raw['id']}: the subgraph {sheets[ring[0]].name!r} contains itself: {names}"
    hint = "delete this instance, or make it an instance of another subgraph"
    notes.error("recursive_subgraph", message, node=str(raw["id"]), path=path, hint=hint)


def _count(graphs: Mapping[str, Graph], notes: Notes) -> None:
    sizes: dict[str, int] = {}
    for id, graph in graphs.items():
        sizes[id] = len(graph.nodes) + sum(sizes[node.type] for node in graph.instances())
    if sizes[ROOT] > LARGEST:
        message = f"its subgraphs make {sizes[ROOT]:.3g} nodes of this document".replace("+", "")
        hint = f"at most {LARGEST:,} can be converted"
        notes.error("too_many_nodes", message, hint=hint)


def _promoted(graph: Graph, inner: Mapping[str, Graph]) -> Iterator[SocketKey | None]:
    """For every input of a subgraph, the first of its listed links that ends in a widget."""
    ends = {feed.link: key for key, feed in graph.feeds.items() if feed.origin == INPUTS}
    for boundary in graph.sheet.inputs:
        targets = (ends[link] for link in boundary.links if link in ends)
        yield next((key for key in targets if _holds_value(graph, key, inner)), None)


def _holds_value(graph: Graph, key: SocketKey, inner: Mapping[str, Graph]) -> bool:
    node = graph.nodes[key[0]]
    if node.role == SUBGRAPH:
        return inner[node.type].promoted[key[1]] is not None
    return node.sockets[key[1]].widget
