"""What the widgets of every node hold, worked out once for each node of the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphrun.convert.graph import Node
from graphrun.convert.notes import Notes
from graphrun.convert.roles import REAL
from graphrun.convert.unknown import recover
from graphrun.convert.widgets import Value, restore


@dataclass(frozen=True)
class Values:
    """Values by widget name. Every instance of a subgraph has its own copy of its nodes' values."""

    notes: Notes
    _saved: dict[int, dict[str, Value]] = field(default_factory=dict)
    _held: dict[str, dict[str, Value]] = field(default_factory=dict)

    def read(self, nodes: Iterable[Node]) -> None:
        """Read the values of nodes that run, with notes on what was assumed."""
        for node in nodes:
            if node.executes and id(node.data) not in self._saved:
                self._saved[id(node.data)] = _restored(node, self.notes)

    def of(self, node: Node) -> dict[str, Value]:
        """What a node holds; to be changed by what sets its widgets."""
        held = self._held.get(node.id)
        if held is None:
            saved = self._saved.get(id(node.data))
            if saved is None:  # a node that does not run: nobody has to know what it lacks
                saved = self._saved[id(node.data)] = _restored(node, Notes.quiet())
            held = self._held[node.id] = dict(saved)
        return held


def _restored(node: Node, notes: Notes) -> dict[str, Value]:
    if node.role != REAL:
        return {}
    return restore(node, node.spec, notes) if node.spec else recover(node, notes)
