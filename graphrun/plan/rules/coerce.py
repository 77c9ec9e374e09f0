"""Literals made into values of their input's type, and what may be converted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from graphrun.catalog import InputSpec, NodeSpec
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.rules.values import fits_type, shown
from graphrun.plan.static import spec_of

_COMFY: Mapping[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}
"""What ComfyUI does to a literal of one of these types, whatever is lost by it."""


def coerced(
    prompt: Prompt, specs: Mapping[str, NodeSpec], *, lenient: bool = False
) -> tuple[Prompt, list[Diagnostic]]:
    """The prompt with its literals converted where that is allowed, and what to tell about it.

    JSON writes 2 for 2.0 and the other way round: numbers become what the input is. Classes that
    were written for ComfyUI also take values that say the same in another type ("5" for an INT);
    that is told. `lenient` converts everything as ComfyUI does. What is left is for the rules.
    """
    changed: dict[str, PromptNode] = {}
    notes = []
    for node in prompt.nodes.values():
        spec = spec_of(node, specs)
        values: dict[str, Any] = {}
        for wanted, value, new in _converted(node, spec, lenient) if spec else ():
            values[wanted.name] = new
            if not fits_type(wanted.type, value):
                notes.append(prompt.located(_note(node, wanted, value, new)))
        if values:
            changed[node.id] = node.with_inputs({**node.inputs, **values})
    if changed:
        prompt = replace(prompt, nodes={**prompt.nodes, **changed})
    return prompt, notes


def _converted(
    node: PromptNode, spec: NodeSpec, lenient: bool
) -> Iterator[tuple[InputSpec, Any, Any]]:
    inputs = node.inputs
    for wanted in spec.inputs:
        if wanted.type not in _COMFY or wanted.name not in inputs:
            continue
        value = inputs[wanted.name]
        if isinstance(value, Link | BadLink) or type(value) is _EXACT[wanted.type]:
            continue
        new = _conversion(wanted.type, value, spec, lenient)
        if new is not _REFUSED:
            yield wanted, value, new


_EXACT: Mapping[str, type] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
_REFUSED = object()


def _conversion(type: str, value: Any, spec: NodeSpec, lenient: bool) -> Any:
    if fits_type(type, value):
        return _COMFY[type](value) if type in ("INT", "FLOAT") else value
    if lenient:
        with suppress(TypeError, ValueError, OverflowError):
            return _COMFY[type](value)
    return _same(type, value) if spec.foreign else _REFUSED


def _same(type: str, value: Any) -> Any:
    """The value of another type that says the same, or `_REFUSED`."""
    with suppress(TypeError, ValueError, OverflowError):
        match type, value:
            case "INT", bool() | str():
                return int(value)
            case "FLOAT", bool() | str() if math.isfinite(float(value)):
                return float(value)
            case "STRING", bool() | int() | float():
                return str(value)
            case "BOOLEAN", 0 | 1:
                return bool(value)
    return _REFUSED


def _note(node: PromptNode, wanted: InputSpec, value: Any, new: Any) -> Diagnostic:
    return Diagnostic(
        "coerced_input",
        f"{node.label}: {wanted.name} is {shown(value)} and is taken for {shown(new)}",
        node.id,
        wanted.name,
        severity="warning",
        hint=f"write {shown(new)} to say so",
    )
