"""Subgraphs put in the place of their instances: one flat graph, inner nodes under path ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from graphrun.convert.graph import Node
from graphrun.convert.graphs import Graph
from graphrun.convert.links import Feed, SocketKey
from graphrun.convert.notes import Notes
from graphrun.convert.roles import SUBGRAPH
from graphrun.convert.sheets import INPUTS, OUTPUTS, ROOT


@dataclass(frozen=True)
class Flat:
    """All nodes of all instances in document order, each instance followed by its interior.

    `feeds` are those of the nodes; the outputs of a subgraph are sockets of `12:-20`, and its
    inputs the outputs of `12:-10`, which `entries` maps to the instance `12`.
    """

    graphs: Mapping[str, Graph]
    nodes: dict[str, Node] = field(default_factory=dict)
    feeds: dict[SocketKey, Feed] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Graph:
        return self.graphs[ROOT]

    def graph_of(self, instance: Node) -> Graph:
        return self.graphs[instance.type]


@dataclass(frozen=True)
class _Level:
    scope: str
    graph: Graph
    left: Iterator[Node]
    off: str | None


def expand(graphs: Mapping[str, Graph], notes: Notes) -> Flat:
    """All graphs in one.

    Raises:
        DocumentError: a node has a text id that is the path id of another one.
    """
    flat = Flat(graphs)
    levels = [_enter(flat, "", graphs[ROOT], None)]
    while levels:
        level = levels[-1]
        local = next(level.left, None)
        if local is None:
            levels.pop()
            continue
        node = _placed(local, level) if level.scope else local
        if node.id in flat.nodes:
            message = f"node {node.id}: another node has this id as its path in a subgraph"
            notes.error("duplicate_node_id", message, node=node.id, path=node.path)
        flat.nodes[node.id] = node
        if node.role == SUBGRAPH:
            off = node.id if node.muted or node.bypassed else None
            levels.append(_enter(flat, node.id, graphs[node.type], node.off or off))
    notes.raise_errors()
    return flat


def path_id(scope: str, id: str) -> str:
    """An inner node's id: those of the instances around it, from the root inwards, and its own."""
    return f"{scope}:{id}" if scope else id


def _enter(flat: Flat, scope: str, graph: Graph, off: str | None) -> _Level:
    for (target, socket), feed in graph.feeds.items():
        flat.feeds[path_id(scope, target), socket] = _within(scope, feed)
    if scope:
        flat.entries[path_id(scope, INPUTS)] = scope
        for slot, exit in enumerate(graph.exits):
            if exit is not None:
                flat.feeds[path_id(scope, OUTPUTS), slot] = _within(scope, exit)
    return _Level(scope, graph, iter(graph.nodes.values()), off)


def _within(scope: str, feed: Feed) -> Feed:
    return replace(feed, origin=path_id(scope, feed.origin)) if scope else feed


def _placed(node: Node, level: _Level) -> Node:
    id = path_id(level.scope, node.id)
    return replace(node, id=id, scope=level.scope, off=level.off, home="")
