"""One node's call: list mapping, hidden inputs, return shapes.

Nothing else knows these; everything outside sees a tuple of lists, one list per output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphrun.cache import Outputs
from graphrun.catalog import NodeSpec
from graphrun.documents import Link, Prompt, PromptNode
from graphrun.errors import InputError


def gather(
    node: PromptNode, spec: NodeSpec, values: Mapping[str, Outputs], prompt: Prompt
) -> dict[str, list[Any]]:
    """The list of values for every parameter; a literal is a list of one."""
    found = {
        name: values[value.node_id][value.slot] if isinstance(value, Link) else [value]
        for name, value in node.inputs.items()
    }
    for hidden in spec.hidden:
        found[hidden.name] = [_hidden(hidden.type, node, prompt)]
    return found


def call(function: Callable[..., Any], spec: NodeSpec, inputs: Mapping[str, list[Any]]) -> Outputs:
    """Call a node's function as often as its inputs ask for, and merge the results.

    Without INPUT_IS_LIST the function is called once per element of the longest list; a shorter
    list repeats its last element. An empty list means no call and empty outputs.
    """
    if spec.input_is_list:
        hidden = {h.name for h in spec.hidden}
        results = [function(**{n: v[0] if n in hidden else list(v) for n, v in inputs.items()})]
    elif any(not values for values in inputs.values()):
        results = []
    else:
        times = max((len(v) for v in inputs.values()), default=1)
        results = [
            function(**{name: v[min(i, len(v) - 1)] for name, v in inputs.items()})
            for i in range(times)
        ]
    return _merge([_as_tuple(r, spec) for r in results], spec)


def summaries(inputs: Mapping[str, list[Any]]) -> dict[str, str]:
    """What the inputs are (type, shape, dtype), never their values: they may be private or huge."""
    return {name: ", ".join(summary(v) for v in values[:3]) for name, values in inputs.items()}


def summary(value: Any) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    name = type(value).__name__
    if shape is not None and dtype is not None:
        return f"{name}{list(shape)} {str(dtype).removeprefix('torch.')}"
    if isinstance(value, str | bytes | list | tuple | dict):
        return f"{name} of length {len(value)}"
    return name


def _hidden(token: str, node: PromptNode, prompt: Prompt) -> Any:
    match token:
        case "UNIQUE_ID":
            return node.id
        case "PROMPT":
            return prompt.to_json()
        case "EXTRA_PNGINFO":
            return {"workflow": prompt.workflow} if prompt.workflow is not None else None
    return None


def _as_tuple(result: Any, spec: NodeSpec) -> tuple[Any, ...]:
    """A function of one output returns the value itself, of several a tuple, of none nothing."""
    if len(spec.outputs) == 1:
        return (result,)
    found = () if result is None else result
    if not isinstance(found, tuple) or len(found) != len(spec.outputs):
        given = f"{len(found)} values" if isinstance(found, tuple) else type(found).__name__
        raise InputError(
            f"{spec.class_type} returned {given} for {len(spec.outputs)} outputs",
            code="invalid_return",
        )
    return found


def _merge(results: Sequence[tuple[Any, ...]], spec: NodeSpec) -> Outputs:
    merged = []
    for slot, output in enumerate(spec.outputs):
        column = [result[slot] for result in results]
        merged.append([v for values in column for v in values] if output.is_list else column)
    return tuple(merged)
