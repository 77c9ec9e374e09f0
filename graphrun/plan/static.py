"""What can be known of a prompt without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from graphrun.catalog import NodeSpec, connects
from graphrun.convert.dynamic import settle_prompt
from graphrun.documents import BadLink, Link, Prompt, PromptNode

UNKNOWN = object()

GIVERS = 4
"""Outputs named in a hint."""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """An input that names a model, a data set or a file to write.

    `node_id` and `input` say where the name stands: on the node itself, or on the constant that
    feeds it. `user` is the node that needs it, `socket` its input, and `beside` are its other
    values that are known: None for those that come from a node that computes them.
    """

    kind: str
    name: str
    user: str
    node_id: str
    input: str
    socket: str = ""
    beside: Mapping[str, Any] = field(default_factory=dict, compare=False)


def spec_of(node: PromptNode, specs: Mapping[str, NodeSpec]) -> NodeSpec | None:
    """A node's definition, with the inputs that its values bring; None for an unknown class."""
    spec = specs.get(node.class_type)
    return settle_prompt(spec, node.inputs) if spec is not None and spec.dynamic else spec


def trace(
    prompt: Prompt, specs: Mapping[str, NodeSpec], node_id: str, input: str
) -> tuple[Any, str, str]:
    """The literal that reaches an input, and the node and input where it stands.

    Follows links through nodes that pass an input on unchanged. The value is `UNKNOWN` when it
    comes from a node that computes it.
    """
    seen = set()
    while (node_id, input) not in seen:
        seen.add((node_id, input))
        node = prompt.nodes.get(node_id)
        value = node.inputs.get(input, UNKNOWN) if node else UNKNOWN
        if not isinstance(value, Link):
            return (UNKNOWN if isinstance(value, BadLink) else value), node_id, input
        source = prompt.nodes.get(value.node_id)
        spec = specs.get(source.class_type) if source else None
        if spec is None or spec.echoes is None or value.slot != 0:
            break
        node_id, input = value.node_id, spec.echoes
    return UNKNOWN, node_id, input


def resources(
    prompt: Prompt, specs: Mapping[str, NodeSpec], node_ids: Iterable[str]
) -> Iterator[ResourceUse]:
    """Every name of a model, data set or output file that is known before the run."""
    for node_id in node_ids:
        spec = specs.get(prompt.nodes[node_id].class_type)
        for wanted in spec.inputs if spec else ():
            if wanted.resource:
                value, at, input = trace(prompt, specs, node_id, wanted.name)
                # A number names one of a kind, as the vectors of 100 dimensions.
                if isinstance(value, str | int):
                    beside = {
                        name: None if found is UNKNOWN else found
                        for name in prompt.nodes[node_id].inputs
                        for found, *_ in (trace(prompt, specs, node_id, name),)
                        if name != wanted.name
                    }
                    kind, name = wanted.resource, str(value)
                    yield ResourceUse(kind, name, node_id, at, input, wanted.name, beside)


def outputs(prompt: Prompt, specs: Mapping[str, NodeSpec]) -> list[str]:
    """Ids of the nodes that a run is for, in document order."""
    return [n.id for n in prompt.nodes.values() if _is_output(n, specs)]


def ancestors(prompt: Prompt, node_ids: Iterable[str]) -> set[str]:
    """The nodes themselves and everything that feeds them."""
    found: set[str] = set()
    waiting = [i for i in node_ids if i in prompt.nodes]
    while waiting:
        node_id = waiting.pop()
        if node_id not in found:
            found.add(node_id)
            links = prompt.nodes[node_id].links()
            waiting += [link.node_id for _, link in links if link.node_id in prompt.nodes]
    return found


def givers(
    prompt: Prompt, specs: Mapping[str, NodeSpec], type: str, *, but: str | None = None
) -> str | None:
    """Outputs of the prompt that an input of `type` could be linked to, as a hint."""
    found = (
        f'["{node.id}", {slot}] ({node.class_type})'
        for node in prompt.nodes.values()
        if node.id != but and node.class_type in specs
        for slot, output in enumerate(specs[node.class_type].outputs)
        if connects(output.type, type)
    )
    # No more than are shown: a graph of many problems asks often.
    first = list(islice(found, GIVERS + 1))
    if not first:
        return f"no node of this graph gives {type}"
    more = ", and more" if len(first) > GIVERS else ""
    return f"{type} comes from {', '.join(first[:GIVERS])}{more}"


def _is_output(node: PromptNode, specs: Mapping[str, NodeSpec]) -> bool:
    spec = specs.get(node.class_type)
    return spec is not None and spec.output_node
