"""Choosing between values, lists of values, and looking at one."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from graphrun.catalog.markers import Each, Lazy, Options, Socket
from graphrun.catalog.node import Nodes
from graphrun.catalog.running import show
from graphrun.catalog.sockets import MATCH_TYPE
from graphrun.comfy.builtins._types import Anything, Matched, growing, match
from graphrun.errors import InputError

NODES = Nodes(category="utilities/logic")

Branch = Annotated[Any, Socket(MATCH_TYPE), match("switch"), Lazy()]
Number = Annotated[Any, Socket("INT,FLOAT,STRING,BOOLEAN")]
Truths = Annotated[dict[str, Any], *growing("value", "*", prefix="value", least=1, most=10)]
Lists = Annotated[
    dict[str, list[Any]],
    *growing(
        "input",
        MATCH_TYPE,
        prefix="input",
        least=1,
        most=10,
        options=dict(match("type").options),
    ),
]
_ABSENT: Any = ...


def _chosen_branch(switch: bool, on_false: Any = None, on_true: Any = None) -> list[str]:
    value, name = (on_true, "on_true") if switch else (on_false, "on_false")
    return [name] if value is None else []


def _linked_branch(switch: bool, on_false: Any = _ABSENT, on_true: Any = _ABSENT) -> list[str]:
    if on_false is _ABSENT or on_true is _ABSENT:
        return ["on_true" if on_false is _ABSENT else "on_false"]
    return _chosen_branch(switch, on_false, on_true)


def _some_branch(switch: Any, on_false: Any = _ABSENT, on_true: Any = _ABSENT) -> bool | str:
    linked = on_false is not _ABSENT or on_true is not _ABSENT
    return linked or "link at least one of on_false and on_true"


@NODES.node(
    "ComfySwitchNode",
    title="Switch",
    outputs=("output",),
    wanted=_chosen_branch,
    about={"experimental": True},
)
def switch(switch: bool, on_false: Branch, on_true: Branch) -> Matched:
    """One of two values. The other is not even computed."""
    return on_true if switch else on_false


@NODES.node(
    "ComfySoftSwitchNode",
    title="Soft Switch",
    outputs=("output",),
    wanted=_linked_branch,
    validate=_some_branch,
    about={"experimental": True},
)
def soft_switch(
    switch: bool, on_false: Branch | None = _ABSENT, on_true: Branch | None = _ABSENT
) -> Matched:
    """One of two values, or the only one that is linked. The other is not even computed.

    Raises:
        InputError: neither is linked.
    """
    if on_false is _ABSENT and on_true is _ABSENT:
        raise InputError(str(_some_branch(switch)), input="on_false")
    if on_false is _ABSENT or on_true is _ABSENT:
        return on_true if on_false is _ABSENT else on_false
    return on_true if switch else on_false


@NODES.node("ComfyNotNode", title="Not")
def invert(value: Anything) -> bool:
    """Whether a value is false, zero or empty."""
    return not value


@NODES.node("ComfyAndNode", title="And")
def every(values: Truths) -> bool:
    """Whether no value is false, zero or empty."""
    return all(values.values())


@NODES.node("ComfyOrNode", title="Or")
def some(values: Truths) -> bool:
    """Whether any value is neither false, zero nor empty."""
    return any(values.values())


@NODES.node("InvertBooleanNode", title="Invert Boolean")
def invert_boolean(boolean: bool) -> bool:
    """True for false and false for true."""
    return not boolean


@NODES.node("CreateList", title="Create List", outputs=("list",), input_is_list=True)
def create_list(inputs: Lists) -> Each[Matched]:
    """All values in one list, which are handed on one by one."""
    return [value for values in inputs.values() for value in values]


def _any_choice(choice: Any) -> bool:
    return True


@NODES.node(
    "CustomCombo",
    title="Custom Combo",
    outputs=("STRING", "INDEX"),
    validate=_any_choice,
    about={"experimental": True},
)
def custom_combo(
    choice: Annotated[Any, Socket("COMBO"), Options({"options": []})], **others: Any
) -> tuple[str, int]:
    """A choice of a list that was written in the editor, and its number there."""
    return choice, others.get("index", 0)


@NODES.node("ConvertStringToComboNode", title="Convert String to Combo")
def string_to_combo(string: str) -> Annotated[Any, Socket("COMBO")]:
    """A text for inputs that take a choice."""
    return string


@NODES.node("ComfyNumberConvert", title="Convert Number", outputs=("FLOAT", "INT"))
def convert_number(value: Number) -> tuple[float, int]:
    """A value as a number, with and without its fraction.

    Raises:
        InputError: the text is no number, or the number is infinite or none.
    """
    if not isinstance(value, bool | int | float | str):
        message = f"a value of type {type(value).__name__} is no number"
        raise InputError(message, input="value", code="invalid_number")
    try:
        real = float(value)
        if not math.isfinite(real):
            raise ValueError
    except (ValueError, OverflowError):
        message = f"{value!r:.80} is not a finite number"
        raise InputError(message, input="value", code="invalid_number") from None
    try:
        return real, int(value)
    except ValueError:  # a text with a fraction
        return real, int(real)


@NODES.node("PreviewAny", title="Preview as Text", category="utilities", output_node=True)
def preview_any(source: Anything) -> str:
    """Shows any value as text: lists and dictionaries as JSON, the rest as Python does."""
    text = _shown(source)
    show(text=[text])
    return text


def _shown(source: Any) -> str:
    if isinstance(source, str):
        return source
    if source is None or isinstance(source, int | float):
        return str(source)
    try:
        return json.dumps(source, indent=4)
    except (TypeError, ValueError, RecursionError):
        return str(source)
