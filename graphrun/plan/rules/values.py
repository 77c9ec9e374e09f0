"""Rules about literal values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from graphrun.catalog import Catalog, InputSpec, NodeSpec
from graphrun.catalog.sockets import ANY, WIDGET_TYPES, members
from graphrun.convert.places import is_widget, kind
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.errors import Diagnostic, Severity
from graphrun.plan.static import givers, spec_of

Specs = Mapping[str, NodeSpec]

_ABSENT_THEMSELVES = frozenset({"COMFY_AUTOGROW_V3", "COMFY_DYNAMICGROUP_V3"})
_WITH_MEMBERS = _ABSENT_THEMSELVES | {"COMFY_DYNAMICCOMBO_V3", "COMFY_DYNAMICSLOT_V3"}
"""Inputs with inputs of their own, which a prompt calls `input.member`."""


def required_inputs(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    for node, spec in _known(prompt, specs):
        for wanted in spec.visible:
            absent = wanted.name not in node.inputs and wanted.type not in _ABSENT_THEMSELVES
            if wanted.section == "required" and absent:
                fresh = f"a fresh node has {json.dumps({wanted.name: wanted.initial})[1:-1]}"
                sources = givers(prompt, specs, wanted.type, but=node.id)
                yield Diagnostic(
                    "required_input_missing",
                    f"{node.label}: the input {wanted.name} ({wanted.type}) is missing",
                    node.id,
                    wanted.name,
                    hint=fresh if wanted.is_widget else sources,
                )


def known_inputs(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    for node, spec in _known(prompt, specs):
        # A hidden input of ComfyUI's classes is an input like another once the prompt has it.
        names = [i.name for i in (spec.inputs if spec.foreign else spec.visible)]
        groups = tuple(f"{i.name}." for i in spec.visible if i.type in _WITH_MEMBERS)
        for name in node.inputs:
            known = name in names or name.startswith(groups) or spec.any_input is not None
            if not known and not (spec.foreign and isinstance(node.inputs[name], Link)):
                near = get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(names) or '-'}"
                yield Diagnostic(
                    "unknown_input",
                    f"{node.label} has no input {name!r}",
                    node.id,
                    name,
                    severity="warning" if spec.foreign else _severity(specs, node),
                    hint=hint,
                )


def literal_values(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Types, ranges and choices: at most one problem a literal."""
    for node, spec in _known(prompt, specs):
        own = spec.own_checks
        for wanted in spec.visible:
            value = node.inputs.get(wanted.name, _ABSENT)
            if value is _ABSENT or type(value) is Link or type(value) is BadLink:
                continue
            problem = _type_problem(node, wanted, value, prompt, specs)
            if problem is None and not (own and (wanted.name in own or "*" in own)):
                problem = _range_problem(node, wanted, value) or _choice_problem(
                    node, wanted, value, specs
                )
            if problem is not None:
                yield problem


def _type_problem(
    node: PromptNode, wanted: InputSpec, value: Any, prompt: Prompt, specs: Specs
) -> Diagnostic | None:
    if wanted.type in _WITH_MEMBERS:
        return None
    if not is_widget(wanted):
        foreign = specs[node.class_type].foreign
        if ANY in members(wanted.type):
            return None
        if foreign and wanted.type in WIDGET_TYPES:  # ComfyUI's sockets take values too
            return _widget_problem(node, wanted, value)
        kinds = members(wanted.type) & _NAMES.keys() if "," in wanted.type else ()
        if any(fits_type(one, value) for one in kinds):
            return None  # one of a union that has values
        return Diagnostic(
            "invalid_input_type",
            f"{node.label}: {wanted.name} takes a link of type {wanted.type}, not the value "
            f"{shown(value)}",
            node.id,
            wanted.name,
            severity="warning" if foreign else _severity(specs, node),
            hint=givers(prompt, specs, wanted.type, but=node.id),
        )
    return _widget_problem(node, wanted, value)


def _widget_problem(node: PromptNode, wanted: InputSpec, value: Any) -> Diagnostic | None:
    if not fits_type(kind(wanted), value):
        return Diagnostic(
            "invalid_input_type",
            f"{node.label}: {wanted.name} takes {_NAMES[kind(wanted)]}, not {shown(value)}",
            node.id,
            wanted.name,
            hint=_way_out(wanted, value),
        )
    return None


def _range_problem(node: PromptNode, wanted: InputSpec, value: Any) -> Diagnostic | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not fits_type(kind(wanted), value):
        return None
    low, high = wanted.options.get("min"), wanted.options.get("max")
    if low is not None and value < low:
        code, what = (
            "value_smaller_than_min",
            f"is {shown(value)}, below its minimum {_number(low)}",
        )
    elif value != value:  # NaN, which is neither below nor above anything
        code, what = "invalid_input_type", "is not a number"
    elif high is not None and value > high:
        code, what = (
            "value_bigger_than_max",
            f"is {shown(value)}, above its maximum {_number(high)}",
        )
    else:
        return None
    bounds = f"it goes from {_number(low)} to {_number(high)}"
    return Diagnostic(
        code, f"{node.label}: {wanted.name} {what}", node.id, wanted.name, hint=bounds
    )


def _choice_problem(
    node: PromptNode, wanted: InputSpec, value: Any, specs: Specs
) -> Diagnostic | None:
    if wanted.type != "COMBO":
        return None
    # `{}` asks for it too: the option may hold how the list is drawn.
    several = wanted.options.get("multi_select", False) is not False
    several = several or bool(wanted.options.get("multiselect"))
    chosen = value if several and isinstance(value, list) else [value]
    asked = any(wanted.options.get(option) for option in ("remote", "remote_combo"))
    if asked or all(_chosen(v, wanted.choices) for v in chosen):
        return None
    near = get_close_matches(str(value), [str(c) for c in wanted.choices], n=1, cutoff=0.5)
    offered = ", ".join(str(c) for c in wanted.choices[:20])
    more = f", … {len(wanted.choices) - 20} more" if len(wanted.choices) > 20 else ""
    guess = f"did you mean {near[0]}? " if near else ""
    return Diagnostic(
        "value_not_in_list",
        f"{node.label}: {wanted.name} is {shown(value)}, which is not one of its choices",
        node.id,
        wanted.name,
        severity=_severity(specs, node),
        hint=f"{guess}choices: {offered}{more}",
    )


def fits_type(type: str, value: Any) -> bool:
    """Whether a JSON value is one of a widget type, without any coercion.

    JSON does not tell 2 from 2.0, so an integral number is an INT; a boolean never is.
    """
    match type:
        case "INT":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case "FLOAT":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "BOOLEAN":
            return isinstance(value, bool)
        case "STRING":
            return isinstance(value, str)
    return True


_NAMES = {
    "INT": "a whole number",
    "FLOAT": "a number",
    "BOOLEAN": "true or false",
    "STRING": "a text",
    "COMBO": "one of its choices",
}


def _severity(specs: Specs, node: PromptNode) -> Severity:
    """A definition without code need not be all there is to a kind.

    Packs change widgets in the editor and check choices themselves (a list of files was that of
    one server at one time).
    """
    foreign = isinstance(specs, Catalog) and not specs.runs(node.class_type)
    return "warning" if foreign else "error"


def _known(prompt: Prompt, specs: Specs) -> Iterator[tuple[PromptNode, NodeSpec]]:
    for node in prompt.nodes.values():
        spec = spec_of(node, specs)
        if spec:
            yield node, spec


_ABSENT = object()
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)


def _chosen(value: Any, choices: tuple[Any, ...]) -> bool:
    # `in` alone would take 1 for True.
    return any(value == c and isinstance(value, bool) == isinstance(c, bool) for c in choices)


def _way_out(wanted: InputSpec, value: Any) -> str:
    if wanted.type == "BOOLEAN" and str(value).lower() in ("true", "false"):
        return f"write {str(value).lower()} without quotes"
    if wanted.type == "INT" and isinstance(value, float) and math.isfinite(value):
        return f"{int(value)} or {int(value) + 1}?"
    if wanted.type in ("INT", "FLOAT") and isinstance(value, str) and _NUMBER.fullmatch(value):
        return "write the number without quotes"
    if wanted.type == "STRING":
        return f"in quotes: {json.dumps(str(value))}"
    return f"a fresh node has {json.dumps(wanted.initial)}"


def shown(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _number(value: Any) -> str:
    if value is None:
        return "anything"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)
