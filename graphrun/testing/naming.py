"""The nodes that a test names: by id, title or class, and a slot of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from graphrun.errors import Diagnostic
from graphrun.testing.model import Test


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a plan or a report, as far as a test may name it; `slots` are names of outputs."""

    id: str
    title: str
    class_type: str
    slots: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        own = f"{self.title}, " if self.title and self.title != self.class_type else ""
        return f"node {self.id} ({own}{self.class_type})"


class Unnamed(Exception):
    """A name that leads to no node, or to several; the finding that says so."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Nodes:
    """The nodes of one run, by what tests may call them."""

    def __init__(self, nodes: Iterable[Node], test: Test) -> None:
        self.by_id: Mapping[str, Node] = {node.id: node for node in nodes}
        self._test = test

    def __getitem__(self, node_id: str) -> Node:
        return self.by_id.get(node_id) or Node(node_id, "", "?")

    def labels(self, ids: Iterable[str]) -> str:
        return ", ".join(self[one].label.removeprefix("node ") for one in ids)

    def named(self, name: str, *path: str) -> Node:
        """The node that a key at `path` of the test names.

        Raises:
            Unnamed: there is none, or there are several.
        """
        found = self._called(name)
        if len(found) == 1:
            return found[0]
        raise Unnamed(self._unknown(name, found, path))

    def slot(self, address: str, *path: str) -> tuple[Node, int]:
        """The node and slot of `NODE` or `NODE.SLOT`. Titles may hold dots: the whole goes first.

        Raises:
            Unnamed: there is no such node, or it has no such output.
        """
        found = self._called(address)
        if len(found) == 1:
            return found[0], 0
        name, dot, slot = address.rpartition(".")
        if found or not dot:
            raise Unnamed(self._unknown(address, found, path))
        node = self.named(name, *path)
        if slot.isdecimal():
            return node, int(slot)
        if slot in node.slots:
            return node, node.slots.index(slot)
        message = f"{node.label} has no output {slot!r}"
        hint = f"outputs: {', '.join(node.slots) or 'none'}"
        raise Unnamed(self._test.finding("unknown_output", message, *path, hint=hint))

    def _called(self, name: str) -> list[Node]:
        if name in self.by_id:
            return [self.by_id[name]]
        return [node for node in self.by_id.values() if name in (node.title, node.class_type)]

    def _unknown(self, name: str, found: list[Node], path: tuple[str, ...]) -> Diagnostic:
        if found:
            ids = ", ".join(node.id for node in found)
            message = f"{name!r} is {len(found)} nodes: {ids}"
            return self._test.finding("unknown_node", message, *path, hint="use the id")
        known = {w for n in self.by_id.values() for w in (n.id, n.title, n.class_type) if w}
        near = get_close_matches(name, sorted(known), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"ids: {', '.join(self.by_id)}"
        message = f"no node of the run has the id, title or class {name!r}"
        return self._test.finding("unknown_node", message, *path, hint=hint)
