"""Changes to a prompt that the user asked for: `--set`, parameters, and the cuts of `--tiny`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from graphrun.catalog import InputSpec, NodeSpec
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.documents.parameters import Parameter
from graphrun.errors import Diagnostic, Position, UsageError
from graphrun.plan.rules.values import fits_type
from graphrun.plan.static import spec_of

# Stricter than int() and float(), which also take 1_0, nan and digits of every script.
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


Setting = str | tuple[str, Any] | Parameter
"""`27.epochs=3`, the address and a value that is what it is (`("27.epochs", 3)`), or a parameter
of a file."""


def override(prompt: Prompt, specs: Mapping[str, NodeSpec], settings: Iterable[Setting]) -> Prompt:
    """Apply settings such as `27.epochs=3`, in their order.

    The address is a node's id, its title, or its class if only one node has it; a value in a text
    is read as the input's type. A link on the input is replaced by the value.

    Raises:
        UsageError: malformed, unknown or ambiguous addresses, or values of another type; all of
            them.
    """
    wrong: list[Diagnostic] = []
    for given in settings:
        try:
            found = target(prompt, specs, given)
            prompt = _changed(prompt, found.node, {found.name: found.value})
        except UsageError as error:
            wrong += error.diagnostics
            continue
        where = (found.node.id, found.name)
        prompt = replace(prompt, settings={**prompt.settings, where: _place(given)})
    if wrong:
        raise UsageError(wrong)
    return prompt


@dataclass(frozen=True, slots=True)
class Target:
    """What a setting means: the input of a node, and its value. `wanted` is None of a class that
    is not known."""

    node: PromptNode
    name: str
    wanted: InputSpec | None
    value: Any


def target(prompt: Prompt, specs: Mapping[str, NodeSpec], given: Setting) -> Target:
    """Where a setting leads.

    Raises:
        UsageError: nowhere, to several nodes, or to an input that does not take its value.
    """
    where, name, value = _read(prompt, specs, given)
    node = _addressed(prompt, where, given)
    spec = spec_of(node, specs)
    wanted = spec.input(name) if spec else None
    if spec and (wanted is None or not wanted.is_widget):
        raise _no_input(given, node, name, spec)
    if wanted and isinstance(value, str) and not isinstance(given, tuple):
        value = _typed(value, wanted, given)
    return Target(node, name, wanted, value)


def called(prompt: Prompt, where: str) -> list[PromptNode]:
    """The nodes with an id, title or class; an id goes before the others."""
    if where in prompt.nodes:
        return [prompt.nodes[where]]
    return [n for n in prompt.nodes.values() if where in (n.title, n.class_type)]


def shrink(prompt: Prompt, specs: Mapping[str, NodeSpec]) -> tuple[Prompt, list[str]]:
    """Cut numbers to what `--tiny` allows, and say what was cut.

    Only valid ones, since a cut must not hide what the rules would have found, and none that the
    user has set.
    """
    said = []
    for node in prompt.nodes.values():
        spec = specs.get(node.class_type)
        cut: dict[str, Any] = {}
        for wanted in spec.inputs if spec else ():
            value = node.inputs.get(wanted.name)
            if wanted.tiny is None or (node.id, wanted.name) in prompt.settings:
                continue
            if _cuttable(value, wanted, wanted.tiny):
                cut[wanted.name] = wanted.tiny
                said.append(f"{node.label}: {wanted.name} {value} → {wanted.tiny}")
        if cut:
            prompt = _changed(prompt, node, cut)
    return prompt, said


def _cuttable(value: Any, wanted: InputSpec, limit: float) -> bool:
    if isinstance(value, Link | BadLink) or not fits_type(wanted.type, value):
        return False
    return bool(limit < value <= wanted.options.get("max", value))


def _place(given: Setting) -> Position:
    """Where a value was given, as messages call it."""
    if isinstance(given, Parameter):
        return given.position
    text = given if isinstance(given, str) else f"{given[0]}={given[1]}"
    return Position(f"--set {text}", 0, 0)


def _read(prompt: Prompt, specs: Mapping[str, NodeSpec], given: Setting) -> tuple[str, str, Any]:
    """Node, input and value."""
    if isinstance(given, Parameter):
        where, dot, name = given.address.rpartition(".")
        if len(given.keys) == 2:
            where, name = given.keys
        elif not dot:
            raise _wrong(given, f"{given.address!r} is no address", "for example 27.epochs: 3")
        return where, name, given.value
    setting = given if isinstance(given, str) else f"{given[0]}={given[1]}"
    found = address(prompt, specs, setting)
    if found is None:
        raise _wrong(given, "expected NODE.INPUT=VALUE", "for example --set 27.epochs=3")
    where, name, text = found
    return where, name, text if isinstance(given, str) else given[1]


def address(
    prompt: Prompt, specs: Mapping[str, NodeSpec], setting: str
) -> tuple[str, str, str] | None:
    """Node, input and the rest of `NODE.INPUT=REST`; None for another form.

    Titles may hold dots and equals signs: the first reading that fits a node wins.
    """
    parts = setting.split("=")
    readings = []
    for index in range(1, len(parts)):
        where, dot, name = "=".join(parts[:index]).rpartition(".")
        if dot:
            readings.append((where, name, "=".join(parts[index:])))
    fitting = (r for r in readings for node in called(prompt, r[0]) if _has(node, r[1], specs))
    return next(fitting, readings[0] if readings else None)


def _has(node: PromptNode, name: str, specs: Mapping[str, NodeSpec]) -> bool:
    spec = spec_of(node, specs)
    return spec is None or spec.input(name) is not None


def _changed(prompt: Prompt, node: PromptNode, values: Mapping[str, Any]) -> Prompt:
    nodes = dict(prompt.nodes)
    nodes[node.id] = node.with_inputs({**node.inputs, **values})
    return replace(prompt, nodes=nodes)


def _addressed(prompt: Prompt, where: str, setting: Setting) -> PromptNode:
    titled = called(prompt, where)
    if len(titled) == 1:
        return titled[0]
    if titled:
        ids = ", ".join(n.id for n in titled)
        raise _wrong(setting, f"{where} is {len(titled)} nodes: {ids}", "use the id")
    known = {*prompt.nodes, *(n.class_type for n in prompt.nodes.values())}
    known |= {n.title for n in prompt.nodes.values() if n.title}
    near = get_close_matches(where, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"ids: {', '.join(prompt.nodes)}"
    raise _wrong(setting, f"no node has the id, title or class {where!r}", hint)


def _no_input(setting: Setting, node: PromptNode, name: str, spec: NodeSpec) -> UsageError:
    names = [i.name for i in spec.widgets]
    near = get_close_matches(name, names, n=1)
    link_only = spec.input(name) is not None
    problem = "takes a link, not a value" if link_only else "does not exist"
    hint = (
        f"did you mean {near[0]}?"
        if near and not link_only
        else f"values: {', '.join(names) or 'none'}"
    )
    return _wrong(setting, f"{node.label}: the input {name} {problem}", hint)


def _typed(text: str, wanted: InputSpec, setting: Setting) -> Any:
    try:
        match wanted.type:
            case "INT" if _WHOLE.fullmatch(text):
                return int(text)
            case "FLOAT" if _REAL.fullmatch(text):
                return float(text)
            case "INT" | "FLOAT":
                raise ValueError
            case "BOOLEAN":
                return {"true": True, "false": False}[text.lower()]
            case "COMBO":
                return next((c for c in wanted.choices if str(c) == text), text)
    except (ValueError, KeyError):
        expected = {"INT": "a whole number", "FLOAT": "a number", "BOOLEAN": "true or false"}
        message = f"{wanted.name} takes {expected[wanted.type]}, not {text!r}"
        raise _wrong(setting, message, None) from None
    return text


def _wrong(setting: Setting, message: str, hint: str | None) -> UsageError:
    place = _place(setting)
    if not isinstance(setting, Parameter):
        message = f"{place}: {message}"
    own = place if isinstance(setting, Parameter) else None
    return UsageError(Diagnostic("bad_setting", message, hint=hint, position=own))
