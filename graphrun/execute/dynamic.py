"""The prompt as it has become: what it was, and what nodes have added to it."""

from __future__ import annotations

from typing import Any


class NodeNotFoundError(KeyError):
    """There is no node with an id."""


class DynamicPrompt:
    """The prompt together with what nodes have added to it, in API form.

    Nodes that declare the hidden input DYNPROMPT get this object; loops copy the nodes of their
    body from it. An added node has a parent, the node that it was added by, and a display id,
    under which it is reported: that of its parent unless the graph said otherwise.
    """

    def __init__(self, original_prompt: dict[str, Any]) -> None:
        self.original_prompt = original_prompt
        self.ephemeral_prompt: dict[str, Any] = {}
        self.ephemeral_parents: dict[str, str] = {}
        self.ephemeral_display: dict[str, str] = {}

    def get_node(self, node_id: str) -> dict[str, Any]:
        """A node in API form.

        Raises:
            NodeNotFoundError: there is none with this id.
        """
        for nodes in (self.ephemeral_prompt, self.original_prompt):
            if node_id in nodes:
                found: dict[str, Any] = nodes[node_id]
                return found
        raise NodeNotFoundError(f"there is no node {node_id}")

    def has_node(self, node_id: str) -> bool:
        return node_id in self.original_prompt or node_id in self.ephemeral_prompt

    def add_ephemeral_node(
        self, node_id: str, node_info: dict[str, Any], parent_id: str, display_id: str | None
    ) -> None:
        self.ephemeral_prompt[node_id] = node_info
        self.ephemeral_parents[node_id] = parent_id
        if display_id is not None:
            self.ephemeral_display[node_id] = display_id

    def get_real_node_id(self, node_id: str) -> str:
        """The node of the original prompt that a node was added because of."""
        while node_id in self.ephemeral_parents:
            node_id = self.ephemeral_parents[node_id]
        return node_id

    def get_parent_node_id(self, node_id: str) -> str | None:
        return self.ephemeral_parents.get(node_id)

    def get_display_node_id(self, node_id: str) -> str:
        """The id under which a node is reported."""
        while node_id in self.ephemeral_parents:
            node_id = self.ephemeral_display.get(node_id, self.ephemeral_parents[node_id])
        return node_id

    def all_node_ids(self) -> set[str]:
        return set(self.original_prompt) | set(self.ephemeral_prompt)

    def get_original_prompt(self) -> dict[str, Any]:
        return self.original_prompt
