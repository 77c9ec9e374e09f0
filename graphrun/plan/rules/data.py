"""A rule about the data of trainings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.documents import Link, Prompt, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.static import UNKNOWN, trace

Specs = Mapping[str, NodeSpec]

DATA = frozenset({"dataset", "picture_set", "data_file", "data_folder"})
"""Kinds of resources that rows come from."""

_SERVING = frozenset(
    {
        "batch_size",
        "download",
        "drop_last",
        "num_workers",
        "persistent_workers",
        "pin_memory",
        "prefetch_factor",
        "shuffle",
    }
)
"""How a loader serves its rows, in the words of torch's; which rows those are does not depend on
them."""


def same_split(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Two inputs of one type of a node that changes a model, which lead to the same rows."""
    for node in prompt.nodes.values():
        spec = specs.get(node.class_type)
        if spec is None or not any(one.mutates for one in spec.inputs):
            continue
        linked = [
            (one, value)
            for one in spec.visible
            if isinstance(value := node.inputs.get(one.name), Link) and not one.mutates
        ]
        for (one, a), (other, b) in combinations(linked, 2):
            if one.type == other.type and (sources := _Rows(prompt, specs).of(a, b)):
                yield Diagnostic(
                    "same_split",
                    f"{node.label}: {other.name} has the same rows as {one.name}: both come from "
                    f"{' and '.join(sources)}",
                    node.id,
                    other.name,
                    severity="warning",
                    hint="a validation tells something of rows only that were not trained on; use "
                    "another split for one of them",
                )


class _Rows:
    """Compares what is above two links, pair by pair."""

    def __init__(self, prompt: Prompt, specs: Specs) -> None:
        self.prompt, self.specs = prompt, specs

    def of(self, a: Link, b: Link) -> list[str]:
        """How messages call the nodes that both read the same rows from; none if rows differ.

        What is linked to a node that reads data, such as a tokenizer or a transform, makes
        something else of the rows, which stay the same.
        """
        found: dict[str, None] = {}
        waiting, seen = [(a, b)], set()
        first = True
        while waiting:
            pair = waiting.pop()
            if pair in seen:
                continue
            seen.add(pair)
            nodes = tuple(self.prompt.nodes.get(link.node_id) for link in pair)
            one, other = nodes
            if one is None or other is None or not self._alike(one, other, pair, first=first):
                return []
            first = False
            spec = self.specs[one.class_type]
            if any(i.resource in DATA for i in spec.inputs):
                found |= dict.fromkeys((one.label, other.label))
                continue
            for name, value in one.links():
                mate = other.inputs.get(name)
                if isinstance(mate, Link):
                    waiting.append((value, mate))
        return list(found)

    def _alike(
        self, one: PromptNode, other: PromptNode, pair: tuple[Link, Link], *, first: bool
    ) -> bool:
        """Whether two nodes choose the same rows of what they are given."""
        spec = self.specs.get(one.class_type)
        if spec is None or one.class_type != other.class_type or pair[0].slot != pair[1].slot:
            return False
        if spec.random and one.id != other.id:
            return False
        names = one.inputs.keys() | other.inputs.keys()
        left_out = frozenset[str]()
        if first:  # of a loader that reads its rows itself, parameters say which
            reads = any(i.resource in DATA for i in spec.inputs)
            left_out = _SERVING if reads else _SERVING | {"parameters"}
        return all(self._value(one, n) == self._value(other, n) for n in names - left_out)

    def _value(self, node: PromptNode, name: str) -> tuple[type, Any]:
        value = trace(self.prompt, self.specs, node.id, name)[0]
        return type(value), None if value is UNKNOWN else value
