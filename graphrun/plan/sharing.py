"""Order between nodes that share something they do not pass to each other: an object, a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from graphrun.catalog import NodeSpec
from graphrun.documents import Link, Prompt
from graphrun.errors import Diagnostic
from graphrun.plan.static import ResourceUse

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

READS = frozenset({"weights", "data_file"})
"""Kinds of resources that are files a node reads."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A node that changes, in place, the value that an input links to."""

    node_id: str
    input: str
    link: Link


def readers_first(
    graph: Graph, prompt: Prompt, specs: Mapping[str, NodeSpec]
) -> Iterator[Diagnostic]:
    """Put the other readers of an object before the node that changes it, and say so.

    The object is followed through nodes that change it and hand it on: what reads the result of
    one training runs before another training of the same model starts.
    """
    import networkx as nx

    place = {node_id: index for index, node_id in enumerate(prompt.nodes)}
    changes = sorted(_changes(graph, prompt, specs), key=lambda c: place[c.node_id])
    origin = _origins(_handed(changes, prompt, specs))
    readers = defaultdict(list)
    for node_id in graph:
        for _, link in prompt.nodes[node_id].links():
            readers[origin.get(link, link)].append(node_id)
    # The last change first, so that among several the document's order holds.
    for change in reversed(changes):
        for reader in dict.fromkeys(readers[origin.get(change.link, change.link)]):
            apart = reader != change.node_id and not nx.has_path(graph, change.node_id, reader)
            if apart and not nx.has_path(graph, reader, change.node_id):
                graph.add_edge(reader, change.node_id)
                yield _shared(prompt, change, reader)


def rivals(graph: Graph, prompt: Prompt, specs: Mapping[str, NodeSpec]) -> set[str]:
    """Nodes whose changes to an object come to others by another way than links.

    Of those that change one object and do not follow from each other, what each gives depends on
    which came first, which their identities do not tell. And where one that comes after a change
    has the object from before it, the change must be made again, whatever else of its result is
    there.
    """
    import networkx as nx

    changes = list(_changes(graph, prompt, specs))
    handed = _handed(changes, prompt, specs)
    origin = _origins(handed)
    changers = defaultdict(set)
    for change in changes:
        changers[origin.get(change.link, change.link)].add(change.node_id)
    apart = {
        one
        for group in changers.values()
        for a, b in combinations(sorted(group), 2)
        if not nx.has_path(graph, a, b) and not nx.has_path(graph, b, a)
        for one in (a, b)
    }
    readers = defaultdict(set)
    for node_id in graph:
        for _, link in prompt.nodes[node_id].links():
            readers[link].add(node_id)
    for change in changes:
        before: Link | None = change.link
        while before is not None and change.node_id not in apart:
            others = readers[before] - {change.node_id}
            if any(nx.has_path(graph, change.node_id, one) for one in others):
                apart.add(change.node_id)
            before = handed.get(before)
    return apart


def files_in_order(graph: Graph, uses: tuple[ResourceUse, ...]) -> Iterator[ResourceUse]:
    """Put the node that writes a file before those that read it; the uses that are then served."""
    import networkx as nx

    writers = {use.name: use.user for use in uses if use.kind == "output_file"}
    for use in uses:
        writer = writers.get(use.name) if use.kind in READS else None
        if writer is not None and not nx.has_path(graph, use.user, writer):
            graph.add_edge(writer, use.user)
            yield use


def same_files(prompt: Prompt, uses: tuple[ResourceUse, ...]) -> Iterator[Diagnostic]:
    """Two nodes that write one file: the second would replace what the first wrote."""
    writers: dict[str, ResourceUse] = {}
    for use in uses:
        if use.kind != "output_file":
            continue
        first = writers.setdefault(use.name, use)
        if first is not use:
            yield Diagnostic(
                "same_output_file",
                f"{prompt.nodes[use.user].label} writes {use.name!r}, as does "
                f"{prompt.nodes[first.user].label}: only the last one's file stays",
                use.node_id,
                use.input,
                severity="warning",
                hint=f"--set {use.node_id}.{use.input}=PATH gives it a name of its own",
            )


def _changes(graph: Graph, prompt: Prompt, specs: Mapping[str, NodeSpec]) -> Iterator[_Change]:
    for node_id in graph:
        node = prompt.nodes[node_id]
        for wanted in specs[node.class_type].inputs:
            value = node.inputs.get(wanted.name)
            if wanted.mutates and isinstance(value, Link):
                yield _Change(node_id, wanted.name, value)


def _handed(
    changes: list[_Change], prompt: Prompt, specs: Mapping[str, NodeSpec]
) -> dict[Link, Link]:
    """Outputs that hand on a changed object, and the link that brought it.

    A changing node's output of the changed input's type is taken for that object.
    """
    handed: dict[Link, Link] = {}
    for change in changes:
        spec = specs[prompt.nodes[change.node_id].class_type]
        wanted = spec.input(change.input)
        for slot, output in enumerate(spec.outputs):
            if wanted and output.type == wanted.type:
                handed[Link(change.node_id, slot)] = change.link
                break
    return handed


def _origins(handed: Mapping[Link, Link]) -> dict[Link, Link]:
    """Outputs that hand on a changed object, and the output that made it."""
    origin = {}
    for link in handed:
        first = handed[link]
        while first in handed:
            first = handed[first]
        origin[link] = first
    return origin


def _shared(prompt: Prompt, change: _Change, reader: str) -> Diagnostic:
    return Diagnostic(
        "changed_while_shared",
        f"{prompt.nodes[change.node_id].label} changes the {change.input} that "
        f"{prompt.nodes[reader].label} reads; the reader runs first",
        reader,
        severity="warning",
        hint=f"link it to the output of node {change.node_id} to see the changed value",
    )
