"""Which classes go together, and the smallest prompt that a node of a class is part of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from graphrun.catalog import Catalog, InputSpec, NodeSpec, connects
from graphrun.catalog.brought import member_names
from graphrun.catalog.brought import members as members_of
from graphrun.catalog.sockets import ANY, CHOICE, GROWING, MATCH_TYPE, members
from graphrun.errors import PackError

_OPEN = frozenset({ANY, MATCH_TYPE})

_FAR, _WITHOUT_CODE, _INVENTED, _UNUSED = 3, 100, 8, 3
"""What it costs to take a class of another pack, one that does not run, an empty value,
and one that neither an example workflow has nor an example is given for."""


@dataclass(frozen=True, slots=True, order=True)
class Giver:
    """An output that may feed an input; the least costs fewest nodes, and is first by name."""

    cost: float
    class_type: str
    slot: int


_NONE = Giver(math.inf, "", 0)


class Neighbours:
    """The classes of a catalogue by what they take and give."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._givers: dict[str, list[tuple[str, int]]] = {}
        self._takers: dict[str, list[str]] = {}
        self._costs: dict[str, dict[str, Giver]] = {}

    @cached_property
    def specs(self) -> dict[str, NodeSpec]:
        """All that can say what they are."""
        found = {}
        for name in self.catalog:
            try:
                found[name] = self.catalog[name]
            except PackError:
                continue
        return found

    def pack(self, class_type: str) -> str:
        """The name of the pack that brings a class; empty for a definition."""
        runs = self.catalog.runs(class_type)
        return self.catalog.pack(class_type).name if runs else ""

    def givers(self, spec: NodeSpec, type: str) -> list[str]:
        """Classes with an output for an input of `type`, near ones and those of few links first."""
        names = {name: len(list(needed(self.specs[name]))) for name, _ in self._giving(type)}
        return self._sorted(spec, names)

    def takers(self, spec: NodeSpec, type: str) -> list[str]:
        """Classes with a socket for an output of `type`, those nearest to the class first."""
        if type not in self._takers:
            self._takers[type] = [n for n, one in self.specs.items() if _takes(one, type)]
        return self._sorted(spec, dict.fromkeys(self._takers[type], 0))

    def example(self, class_type: str) -> dict[str, Any]:
        """A prompt with a node of the class and the fewest that feed it, in API form.

        The class is the last entry. Values are the defaults; a link that no class can give is to
        the node "ID".
        """
        best = self._best(self.pack(class_type))
        ids: dict[str, str] = {}
        prompt: dict[str, Any] = {}
        # Every class once: what a trainer and its optimizer take has to be one model.
        todo = [class_type]
        while todo:
            name = todo[-1]
            links = {n: best.get(kind) for n, kind in needed(self.specs[name])}
            open = [g.class_type for g in links.values() if g and g.class_type not in ids]
            if open:  # what feeds comes first; it ends, since every step costs less
                todo += reversed(open)
                continue
            todo.pop()
            if name in ids:
                continue
            ids[name] = str(len(ids) + 1)
            sources = {n: [ids[g.class_type], g.slot] if g else ["ID", 0] for n, g in links.items()}
            values = {**dict(_values(self.specs[name])), **sources}
            prompt[ids[name]] = {"class_type": name, "inputs": values}
        return prompt

    def _giving(self, type: str) -> list[tuple[str, int]]:
        if type not in self._givers:
            self._givers[type] = [
                (name, slot)
                for name, spec in self.specs.items()
                for slot, output in enumerate(spec.outputs)
                if connects(output.type, type) and not is_open(output.type)
            ]
        return self._givers[type]

    def _sorted(self, spec: NodeSpec, names: dict[str, int]) -> list[str]:
        def rank(name: str) -> tuple[Any, ...]:
            other = self.specs[name]
            runs = self.catalog.runs(name)
            near = self.pack(name) == self.pack(spec.class_type)
            far = not near, not runs, other.category != spec.category
            return *far, not used_in(name), names[name], name

        return sorted((name for name in names if name != spec.class_type), key=rank)

    def _best(self, pack: str) -> dict[str, Giver]:
        """The cheapest output for every type that something needs, seen from a pack."""
        if pack in self._costs:
            return self._costs[pack]
        # A class that feeds two inputs stands in the prompt once.
        wants = {name: {kind: None for _, kind in needed(one)} for name, one in self.specs.items()}
        own = {name: self._cost(one, pack) for name, one in self.specs.items()}
        best: dict[str, Giver] = {}
        changed = True
        while changed:
            changed = False
            for kind in dict.fromkeys(kind for kinds in wants.values() for kind in kinds):
                for name, slot in self._giving(kind):
                    feeding = (best[k].cost if k in best else math.inf for k in wants[name])
                    found = Giver(own[name] + sum(feeding), name, slot)
                    if found < best.get(kind, _NONE):
                        best[kind], changed = found, True
        self._costs[pack] = best
        return best

    def _cost(self, spec: NodeSpec, pack: str) -> int:
        cost = 1 if self.pack(spec.class_type) == pack else _FAR
        if pack and not self.catalog.runs(spec.class_type):
            cost += _WITHOUT_CODE
        shown = used_in(spec.class_type) or any(one.example for one in spec.visible)
        return cost + _INVENTED * len(list(blanks(spec))) + _UNUSED * (not shown)


def blanks(spec: NodeSpec) -> Iterator[str]:
    """Names of widgets that a fresh node leaves empty."""
    for one in spec.visible:
        if one.section == "required" and one.is_widget and fresh(one) in ("", "NAME"):
            yield one.name


def used_in(class_type: str) -> list[str]:
    """The example workflows with a class."""
    return [name for name, types in _workflows() if class_type in types]


@cache
def _workflows() -> tuple[tuple[str, frozenset[str]], ...]:
    """The example workflows and the classes in each, also in its subgraphs."""
    found = []
    for file in sorted(resources.files("graphrun.workflows").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            document = json.loads(file.read_text("utf-8"))
            graphs = [document, *document.get("definitions", {}).get("subgraphs", ())]
            types = {node["type"] for graph in graphs for node in graph.get("nodes", ())}
            found.append((file.name, frozenset(types)))
    return tuple(found)


def needed(spec: NodeSpec) -> Iterator[tuple[str, str]]:
    """Names and types of the links that a node cannot do without."""
    for one in spec.visible:
        if one.section != "required" or one.is_widget or one.type == CHOICE:
            continue
        if one.type != GROWING:
            yield one.name, one.type
            continue
        template = one.options.get("template", {})
        for name in member_names(template)[: template.get("min", 0)]:
            yield f"{one.name}.{name}", linked(one)


def linked(one: InputSpec) -> str:
    """The type of the links that an input takes; of a growing one, those of its members."""
    if one.type != GROWING:
        return one.type
    template = one.options.get("template", {})
    kinds = [kind for _, (kind, _) in members_of(template.get("input", template))]
    return kinds[0] if kinds and isinstance(kinds[0], str) else ANY


def _values(spec: NodeSpec) -> Iterator[tuple[str, Any]]:
    """The inputs with the values of a fresh node; links get their place among them."""
    for one in spec.visible:
        if one.is_widget:
            yield one.name, fresh(one)
        elif one.type == CHOICE and one.choices:
            yield one.name, one.choices[0]["key"]
        elif one.section == "required" and one.type != GROWING:
            yield one.name, None


def fresh(one: InputSpec) -> Any:
    """The value of a fresh widget, within its bounds; what may be typed into an empty one."""
    value, low = one.initial, one.options.get("min")
    if low is not None and isinstance(value, int | float) and value < low:
        return low
    if value == "" and one.example is not None:
        return one.example
    return "NAME" if value is None or (one.resource and not value) else value


def _takes(spec: NodeSpec, type: str) -> bool:
    """Whether a class has a socket for a type. Every widget takes its own type, so none counts."""
    for one in spec.visible:
        kind = linked(one)
        if not one.is_widget and connects(type, kind) and is_open(type) == is_open(kind):
            return True
    return False


def is_open(type: str) -> bool:
    """Whether a type fits everything, which tells nothing."""
    return bool(members(type) & _OPEN)
