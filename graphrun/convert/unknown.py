"""Nodes whose kind nobody here knows: their values by name, as far as the file tells names."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from graphrun.convert.dynamic import saved_values
from graphrun.convert.graph import Node, Slot
from graphrun.convert.notes import Notes
from graphrun.convert.places import BUTTONS, CONTROL_NAMES, CONTROL_WORDS
from graphrun.convert.widgets import Value

_HINT = "--object-info FILE gives the definitions of nodes that are not installed"
_SEEDS = frozenset({"seed", "noise_seed"})


def recover(node: Node, notes: Notes) -> dict[str, Value]:
    """Values by input name, with notes: the kind is unknown, and where the names come from."""
    message = f"{node.label}: its class is not known here, so nothing about it can be checked"
    notes.warn("unknown_class", message, node=node.id, path=(*node.path, "type"), hint=_HINT)
    key, values = saved_values(node.data)
    named = node.data.get("widgets_values_named")
    if isinstance(named, Mapping):
        key, values = "widgets_values_named", named
    if isinstance(values, Mapping):
        skip = CONTROL_NAMES | BUTTONS
        found = {n: Value(v, (*node.path, key, n)) for n, v in values.items() if n not in skip}
        how = "input names are taken from the file"
    else:
        found = _zipped(node, key, values)
        how = "values are matched with the inputs that the file lists"
    if found:
        message = f"{node.label}: unknown kind of node; {how}"
        notes.warn("guessed_inputs", message, node=node.id, path=node.path, hint=_HINT)
    elif values:
        message = f"{node.label}: unknown kind of node; the file does not name its values: " + (
            f"{values!r:.200}"
        )
        notes.warn("extra_values", message, node=node.id, path=(*node.path, key), hint=_HINT)
    return found


def _zipped(node: Node, key: str, values: Sequence[Any]) -> dict[str, Value]:
    """Slots of widgets and values side by side, if that comes out even."""
    slots = [slot for slot in node.slots if slot.widget]
    left = deque(Value(value, (*node.path, key, i)) for i, value in enumerate(values))
    found: dict[str, Value] = {}
    for place, slot in enumerate(slots):
        if not left:
            return {}
        found[slot.name] = left.popleft()
        if len(left) >= len(slots) - place and _is_control(slot, left[0].value):
            left.popleft()
    if slots and len(left) == 1 and left[0].value == "image" and slots[-1].type == "COMBO":
        left.clear()  # an upload button
    return {} if left else found


def _is_control(slot: Slot, value: Any) -> bool:
    """Whether a value that is one too many for the slots is what a seed's control holds."""
    if isinstance(value, bool):
        return slot.name in _SEEDS
    return slot.type == "INT" and isinstance(value, str) and value in CONTROL_WORDS
