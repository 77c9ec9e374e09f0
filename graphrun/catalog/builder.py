"""GraphBuilder: how a node writes the graph that takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrun.catalog.running import CALL


def is_link(value: Any) -> bool:
    """Whether a value of an API prompt is a link: exactly a node id and an output number."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int | float)
        and not isinstance(value[1], bool)
    )


class Node:
    """A node of the graph that is being built. Inputs are literals or links from `out`."""

    def __init__(self, id: str, class_type: str, inputs: dict[str, Any]) -> None:
        self.id, self.class_type, self.inputs = id, class_type, inputs
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """A link to output `index`."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input; None removes it."""
        if value is None:
            self.inputs.pop(key, None)
        else:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        """The value of an input, or None."""
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Report the node under this id instead of that of the node that expands."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        """The node in API form."""
        found: dict[str, Any] = {"class_type": self.class_type, "inputs": self.inputs}
        if self.override_display_id is not None:
            found["override_display_id"] = self.override_display_id
        return found


class GraphBuilder:
    """Builds a graph whose ids are unique and the same in every run.

    The default prefix of ids is `<node id>.<number of the call>.<number of the builder>.`, which
    the engine knows of the node that is running.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = self.alloc_prefix() if prefix is None else prefix
        self.nodes: dict[str, Node] = {}
        self.id_gen = 1

    @classmethod
    def alloc_prefix(
        cls, root: str | None = None, call_index: int | None = None, graph_index: int | None = None
    ) -> str:
        """A prefix that no other builder of this call has got; given parts are used as they are."""
        call = CALL.get()
        root = call.node_id if root is None else root
        call_index = call.index if call_index is None else call_index
        graph_index = call.next_builder() if graph_index is None else graph_index
        return f"{root}.{call_index}.{graph_index}."

    def node(self, class_type: str, id: str | None = None, **kwargs: Any) -> Node:
        """A node with these inputs. An id that was given before means the node of then."""
        if id is None:
            id = str(self.id_gen)
            self.id_gen += 1
        id = self.prefix + id
        if id not in self.nodes:
            self.nodes[id] = Node(id, class_type, kwargs)
        return self.nodes[id]

    def lookup_node(self, id: str) -> Node | None:
        """The node with an id, given without the prefix; None if there is none."""
        return self.nodes.get(self.prefix + id)

    def finalize(self) -> dict[str, Any]:
        """The graph in API form, for `expand`."""
        return {id: node.serialize() for id, node in self.nodes.items()}

    def replace_node_output(self, node_id: str, index: int, new_value: Any) -> None:
        """Put a value wherever output `index` of a node is linked to; None removes the inputs."""
        old = [self.prefix + node_id, index]
        for node in self.nodes.values():
            for key in [k for k, v in node.inputs.items() if is_link(v) and v == old]:
                node.set_input(key, new_value)

    def remove_node(self, id: str) -> None:
        """Forget a node. Links to it stay as they are."""
        del self.nodes[self.prefix + id]


def add_graph_prefix(
    graph: Mapping[str, Any], outputs: Any, prefix: str
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The graph and the links into it with `prefix` before every id of the graph."""

    def moved(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes = {
        prefix + id: {**node, "inputs": {k: moved(v) for k, v in node["inputs"].items()}}
        for id, node in graph.items()
    }
    return nodes, tuple(moved(value) for value in outputs)
