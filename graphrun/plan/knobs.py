"""Knobs: the literal inputs of the nodes that will run, which `--set` and parameters can change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.catalog import InputSpec, NodeSpec
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.plan.overrides import called
from graphrun.plan.plan import Plan
from graphrun.plan.static import spec_of


@dataclass(frozen=True, slots=True)
class Knob:
    """One literal input.

    `names` are what the node can be called in an address: its id, then its title and its class
    where nothing else is called so. `given` says whether the file has a value; where it has none,
    `value` is the default, None for an optional input without.
    """

    node: PromptNode
    input: InputSpec
    names: tuple[str, ...]
    value: Any
    given: bool

    @property
    def address(self) -> str:
        return f"{self.node.id}.{self.input.name}"

    def to_json(self) -> dict[str, Any]:
        """An entry of what `schemas/params.schema.json` describes."""
        options = self.input.options
        return {
            "address": self.address,
            "also": [f"{name}.{self.input.name}" for name in self.names[1:]],
            "node": self.node.id,
            "class_type": self.node.class_type,
            "title": self.node.title,
            "input": self.input.name,
            "type": self.input.type,
            "value": self.value,
            "given": self.given,
            "required": self.input.section == "required",
            **{key: options[key] for key in ("default", "min", "max", "step") if key in options},
            **({"choices": list(self.input.choices)} if self.input.type == "COMBO" else {}),
        }


def knobs(plan: Plan, specs: Mapping[str, NodeSpec]) -> Iterator[Knob]:
    """Every knob of a plan, node by node in its order."""
    for step in plan.steps:
        node = plan.prompt.nodes[step.node.id]
        spec = spec_of(node, specs) or step.spec
        names = tuple(_names(plan.prompt, node))
        for wanted in spec.widgets:
            value = node.inputs.get(wanted.name)
            if isinstance(value, Link | BadLink):
                continue
            given = wanted.name in node.inputs
            yield Knob(
                node, wanted, names, value if given else wanted.options.get("default"), given
            )


def _names(prompt: Prompt, node: PromptNode) -> Iterator[str]:
    yield node.id
    for name in dict.fromkeys((node.title, node.class_type)):
        if name and name != node.id and called(prompt, name) == [node]:
            yield name
