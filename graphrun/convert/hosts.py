"""Promoted widgets: values that an instance of a subgraph holds for widgets inside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrun.convert.dynamic import saved_values
from graphrun.convert.expand import Flat, path_id
from graphrun.convert.graph import Node
from graphrun.convert.notes import Notes
from graphrun.convert.places import BUTTONS, CONTROL_NAMES
from graphrun.convert.roles import SUBGRAPH
from graphrun.convert.values import Values
from graphrun.convert.widgets import Value
from graphrun.documents.source import Path

HostKey = tuple[str, int]
"""An input of an instance: its path id and the number of the input."""


@dataclass(frozen=True)
class Hosts:
    """What instances hold. `held` is by input; `inner` by node inside and the name of a widget."""

    flat: Flat
    values: Values
    held: dict[HostKey, Value] = field(default_factory=dict)
    inner: dict[tuple[str, str], Value] = field(default_factory=dict)

    def read(self, instance: Node, notes: Notes) -> None:
        """The values of one instance: by position over its promoted inputs."""
        graph = self.flat.graph_of(instance)
        promoted = [k for k, widget in enumerate(graph.promoted) if widget is not None]
        key, values = saved_values(instance.data)
        if isinstance(values, Mapping):
            numbers = {graph.sheet.inputs[k].name: k for k in promoted}
            known: dict[Any, int] = {n: numbers[n] for n in values if n in numbers}
            pairs = [(k, values[name], name) for name, k in known.items()]
            shown = {*numbers, *CONTROL_NAMES, *BUTTONS}
            surplus = [f"{n}={v!r:.40}" for n, v in values.items() if n not in shown]
            self._surplus(instance, surplus, promoted, (*instance.path, key), notes=notes)
        else:
            pairs = [
                (k, value, i) for i, (k, value) in enumerate(zip(promoted, values, strict=False))
            ]
            path = (*instance.path, key, len(promoted))
            surplus = [f"{value!r:.40}" for value in values[len(promoted) :]]
            self._surplus(instance, surplus, promoted, path, notes=notes)
        for k, value, step in pairs:
            self.held[instance.id, k] = Value(value, (*instance.path, key, step))

    def value(self, instance: str, number: int) -> Value | None:
        """What an input of an instance holds: the instance's own value, else the inner widget's."""
        while True:
            held = self.held.get((instance, number))
            if held is not None:
                return held
            node = self.flat.nodes[instance]
            widget = self.flat.graph_of(node).promoted[number]
            if widget is None:
                return None
            target = self.flat.nodes[path_id(instance, widget[0])]
            if target.role != SUBGRAPH:
                return self.values.of(target).get(target.sockets[widget[1]].name)
            instance, number = target.id, widget[1]

    def _surplus(
        self, instance: Node, surplus: list[str], promoted: list[int], path: Path, *, notes: Notes
    ) -> None:
        if surplus and instance.off is None:
            names = ", ".join(instance.sockets[k].name for k in promoted) or "none"
            message = (
                f"{instance.label}: {len(surplus)} more values than inputs that hold one: "
                + (", ".join(surplus))
            )
            hint = f"the inputs that hold one are {names}"
            notes.warn("extra_values", message, node=instance.id, path=path, hint=hint)
