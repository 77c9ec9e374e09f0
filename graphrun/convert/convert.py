"""The pipeline: read nodes and links, restore values, follow wires, put the prompt together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.catalog.spec import NodeSpec
from graphrun.convert.graph import Node, read_nodes
from graphrun.convert.links import Feed, SocketKey, connect, read_links
from graphrun.convert.modes import Lost, Resolver
from graphrun.convert.notes import Notes
from graphrun.convert.order import prompt_order
from graphrun.convert.unknown import recover
from graphrun.convert.virtual import pushed
from graphrun.convert.widgets import Value, exported, restore
from graphrun.documents.load import Workflow
from graphrun.documents.prompt import Prompt, PromptNode
from graphrun.documents.source import Path
from graphrun.errors import Diagnostic


def convert(workflow: Workflow, specs: Mapping[str, NodeSpec]) -> Prompt:
    """The prompt that the editor would send for a workflow, and notes on all that was assumed.

    Raises:
        DocumentError: two nodes have one id, or bypassed nodes feed each other in a ring.
    """
    notes = Notes(workflow.source)
    nodes = read_nodes(workflow.data, specs, notes)
    notes.raise_errors()
    feeds = connect(nodes, read_links(workflow.data, notes), notes)
    values = {node.id: _values(node, notes) for node in nodes.values() if node.executes}
    order = prompt_order(nodes, feeds)
    wires = _push_primitives(nodes, feeds, values, notes)
    exporter = _Exporter(values, Resolver(nodes, wires, notes), notes)
    prompt = {i: exporter.export(nodes[i]) for i in order if nodes[i].executes}
    notes.raise_errors()
    found: tuple[Diagnostic, ...] = (*workflow.notes, *notes.found)
    return Prompt(prompt, workflow.source, workflow.data, found)


def _values(node: Node, notes: Notes) -> dict[str, Value]:
    return restore(node, node.spec, notes) if node.spec else recover(node, notes)


def _push_primitives(
    nodes: Mapping[str, Node],
    feeds: Mapping[SocketKey, Feed],
    values: Mapping[str, dict[str, Value]],
    notes: Notes,
) -> Mapping[SocketKey, Feed]:
    """Put the values of primitives into `values`. Returns the wires that are left."""

    def current(node: Node, name: str) -> Value | None:
        known = values.get(node.id)
        return (_values(node, Notes.quiet()) if known is None else known).get(name)

    # All are worked out before any is set: a primitive may take its value from a widget.
    new = pushed(nodes, feeds, current, notes)
    for (target, socket), value in new.items():
        if target in values:
            values[target][nodes[target].sockets[socket].name] = value
    return {key: feed for key, feed in feeds.items() if key not in new}


@dataclass(frozen=True)
class _Exporter:
    """Turns nodes into entries of the prompt."""

    values: Mapping[str, Mapping[str, Value]]
    resolver: Resolver
    notes: Notes

    def export(self, node: Node) -> PromptNode:
        """Widget values in widget order, a link in place of its widget's, then other links."""
        values = dict(self.values[node.id])
        inputs: dict[str, Any] = {name: value.value for name, value in values.items()}
        paths: dict[str, Path] = {name: value.path for name, value in values.items()}
        for index, socket in enumerate(node.sockets):
            found = self.resolver.resolve(node, index)
            if isinstance(found, Lost):
                self._lost(node, index, found, fallback=socket.name in inputs)
            elif found is not None:
                inputs[socket.name] = found
                paths[socket.name] = self.resolver.feeds[node.id, index].path
                values.pop(socket.name, None)
        inputs.update(self._exported(node, values))
        self._assumed(node, values)
        return PromptNode(
            node.id,
            node.type,
            inputs,
            title=node.title,
            pack=node.pack,
            path=node.path,
            paths=paths,
        )

    def _exported(self, node: Node, values: Mapping[str, Value]) -> dict[str, Any]:
        specs = {i.name: i for i in node.spec.inputs} if node.spec else {}
        return {
            name: exported(node, specs[name], value, self.notes)
            for name, value in values.items()
            if name in specs
        }

    def _lost(self, node: Node, index: int, lost: Lost, *, fallback: bool) -> None:
        name = node.sockets[index].name
        path = self.resolver.feeds[node.id, index].path
        own = "; it keeps its own value" if fallback else ""
        message = f"{node.label}: {name!r} gets nothing: {lost.reason}{own}"
        self.notes.warn("lost_link", message, node=node.id, input=name, path=path)

    def _assumed(self, node: Node, values: Mapping[str, Value]) -> None:
        # An optional input that is absent means its default; only required ones are assumptions.
        required = (
            {i.name for i in node.spec.inputs if i.section == "required"} if node.spec else ()
        )
        names = [
            f"{name}={value.value!r:.40}"
            for name, value in values.items()
            if value.assumed and name in required
        ]
        if names:
            message = f"{node.label}: the file has no value for some widgets; the defaults are " + (
                f"used: {', '.join(names)}"
            )
            self.notes.warn("default_used", message, node=node.id, path=node.path)
