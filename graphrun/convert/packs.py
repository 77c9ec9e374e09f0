"""SetNode and GetNode: wires by name, as KJNodes and diffus3 draw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.convert.dynamic import saved_values
from graphrun.convert.graph import Node
from graphrun.convert.roles import SETTER


def broadcast_name(node: Node) -> Any:
    """The name under which a SetNode offers its input, or that a GetNode asks for."""
    values = saved_values(node.data)[1]
    return values[0] if isinstance(values, list) and values else None


@dataclass(frozen=True)
class Setters:
    """SetNodes by the instance around them and by name; the first of several."""

    known: Mapping[tuple[str, Any], Node]
    nodes: Mapping[str, Node]

    @classmethod
    def among(cls, nodes: Mapping[str, Node]) -> Setters:
        known: dict[tuple[str, Any], Node] = {}
        for node in nodes.values():
            name = broadcast_name(node) if node.role == SETTER else None
            if isinstance(name, str):
                known.setdefault((node.scope, name), node)
        return cls(known, nodes)

    def of(self, getter: Node) -> Node | None:
        """The SetNode that a GetNode means: in its own graph, else in those around it."""
        name, scope = broadcast_name(getter), getter.scope
        while isinstance(name, str):
            found = self.known.get((scope, name))
            if found is not None or not scope:
                return found
            scope = self.nodes[scope].scope
        return None
