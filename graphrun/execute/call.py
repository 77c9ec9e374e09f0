"""One node's call: what goes in for every parameter, and how several calls become one result.

Nothing else knows these shapes; everything outside sees a tuple of lists, one list per output.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from graphrun.cache import Outputs
from graphrun.catalog import NodeSpec
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.builder import is_link
from graphrun.catalog.kind import Returned
from graphrun.documents import BadLink, Link, PromptNode
from graphrun.errors import InputError

Lists = dict[str, list[Any]]

_ABSENT: list[Any] = [None]
"""What stands for an output that is not there: a lazy one that nobody asked for yet."""


def gather(
    node: PromptNode,
    spec: NodeSpec,
    values: Mapping[str, Outputs],
    hidden: Mapping[str, Any],
    unseen: Collection[str],
) -> tuple[Lists, set[str]]:
    """The list of values for every parameter, and the names of links without one.

    Those are links to what is not computed yet, and `unseen` ones. A literal is a list of one.
    Literals that nothing declares are left out; links that nothing declares are passed on, which
    nodes with any number of inputs rely on.
    """
    found: Lists = {}
    missing: set[str] = set()
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            if name in spec.raw:
                found[name] = [list(value)]
                continue
            outputs = values.get(value.node_id) if name not in unseen else None
            values_of = outputs[value.slot] if outputs and value.slot < len(outputs) else None
            if values_of is None:
                missing.add(name)
                found[name] = _ABSENT
            else:
                found[name] = values_of
            continue
        if spec.foreign and spec.any_input is None and spec.input(name) is None:
            continue
        # ComfyUI takes a bare list for a link; in a graph that a node built it is what it is.
        found[name] = [value.value if isinstance(value, BadLink) else value]
    for one in spec.hidden:
        if one.type in hidden:
            found[one.name] = [hidden[one.type]]
        elif not spec.foreign:
            found[one.name] = [None]
    return found, missing


def blocker(inputs: Mapping[str, Any], whole: bool) -> Blocker | None:
    """The first blocker among the inputs of a call; with `whole`, in their lists."""
    for value in inputs.values():
        if isinstance(value, Blocker):
            return value
        if whole:
            for element in value:
                if isinstance(element, Blocker):
                    return element
    return None


def blocked(spec: NodeSpec) -> Returned:
    """The result of a call that was skipped: what it would have given is blocked in silence."""
    return Returned((Blocker(),) * len(spec.outputs))


def merge(results: Sequence[Returned], spec: NodeSpec, values: Mapping[str, Outputs]) -> Outputs:
    """The calls' results as one list per output.

    Links in the result of a call that gave a graph stand for all that the linked output has.

    Raises:
        InputError: the calls gave different numbers of outputs, or a list output is no list.
    """
    if not results:
        return tuple([] for _ in spec.outputs)
    width = len(results[0].values)
    for result in results:
        if len(result.values) < width:
            raise InputError(
                f"one of its calls returned {len(result.values)} outputs, the first {width}",
                code="invalid_return",
            )
    merged = []
    for slot in range(width):
        spread = slot < len(spec.outputs) and spec.outputs[slot].is_list
        if not spread and len(results) == 1 and results[0].expand is None:
            merged.append([results[0].values[slot]])
            continue
        column: list[Any] = []
        for result in results:
            value = result.values[slot]
            if result.expand is not None and is_link(value):
                column += _linked(value, values)
            elif spread and not isinstance(value, Blocker):
                column += _elements(value, slot, spec)
            else:
                column.append(value)
        merged.append(column)
    return tuple(merged)


def _linked(link: list[Any], values: Mapping[str, Outputs]) -> list[Any]:
    outputs, slot = values.get(link[0], ()), int(link[1])
    if slot >= len(outputs):
        message = f"it hands on output {slot} of node {link[0]}, which has {len(outputs)}"
        raise InputError(message, code="invalid_return")
    return outputs[slot]


def _elements(value: Any, slot: int, spec: NodeSpec) -> list[Any]:
    """What a list output gives, element by element: any sequence, a batch of pictures too."""
    try:
        if isinstance(value, str | bytes | Mapping):
            raise TypeError
        return list(value)
    except TypeError:
        raise InputError(
            f"output {slot} ({spec.outputs[slot].name}) is declared as a list, but a "
            f"{type(value).__name__} was returned",
            code="invalid_return",
        ) from None


def summaries(inputs: Mapping[str, list[Any]]) -> dict[str, str]:
    """What the inputs are (type, shape, dtype), never their values: they may be private or huge."""
    return {name: described(values) for name, values in inputs.items()}


def described(values: list[Any]) -> str:
    """What the first values of a list are."""
    return ", ".join([summary(value) for value in values[:3]])


def summary(value: Any) -> str:
    if isinstance(value, str | bytes | list | tuple | dict):
        return f"{type(value).__name__} of length {len(value)}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    name = type(value).__name__
    if shape is not None and dtype is not None:
        return f"{name}{list(shape)} {str(dtype).removeprefix('torch.')}"
    return name
