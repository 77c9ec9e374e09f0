"""Widget values: by position over the widgets of the definition, or by name."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphrun.catalog.spec import InputSpec, NodeSpec
from graphrun.convert.dynamic import CUSTOM_COMBO, saved_values
from graphrun.convert.graph import Node
from graphrun.convert.notes import Notes
from graphrun.convert.places import (
    BUTTONS,
    CONTROL,
    CONTROL_NAMES,
    CONTROL_WORDS,
    Place,
    editor_inputs,
    initial,
    kind,
    places,
)
from graphrun.convert.text import dynamic_prompt, text_box
from graphrun.documents.source import Path

_NUMBERS = frozenset({"INT", "FLOAT", "BOOLEAN"})
_SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced"})


@dataclass(frozen=True, slots=True)
class Value:
    """A widget's value and where it stands. `assumed`: the file has none, this is the default."""

    value: Any
    path: Path
    assumed: bool = False


def restore(node: Node, spec: NodeSpec, notes: Notes) -> dict[str, Value]:
    """What every widget of a node holds, in widget order."""
    layout = places(spec)
    saved = _saved(node, spec, layout, notes)
    values: dict[str, Value] = {}
    for place in layout:
        if place.input is None:
            continue
        value = saved.get(place.name)
        if value is None:
            value = Value(initial(place.input), node.path, assumed=True)
            if value.value is None:  # a combo without choices has no value to send
                continue
        values[place.name] = _filled(node, place.input, value, notes)
    return _counted(values) if spec.class_type == CUSTOM_COMBO else values


def _counted(values: dict[str, Value]) -> dict[str, Value]:
    """A custom combo says which of its own texts is chosen, counted from 0; -1 for none."""
    texts = [v.value for name, v in values.items() if name.startswith("option")]
    choice = values.get("choice")
    place = texts.index(choice.value) if choice and choice.value in texts else -1
    values["index"] = replace(values["index"], value=place, assumed=False)
    return values


def _saved(
    node: Node, spec: NodeSpec, layout: Sequence[Place], notes: Notes
) -> Mapping[str, Value]:
    key, values = saved_values(node.data)
    if isinstance(values, Mapping):
        return _by_name(node, key, layout, notes) if values else {}
    indexed = isinstance(node.data.get(key), Mapping)
    numbered = [
        Value(value, (*node.path, key, str(i) if indexed else i)) for i, value in enumerate(values)
    ]
    exact = len(numbered) == sum(place.saved for place in layout)
    kept = _without_dummies(node, spec, layout, numbered, notes)
    return _by_position(node, spec, kept, notes, realign=not exact)


def _by_name(node: Node, key: str, layout: Sequence[Place], notes: Notes) -> Mapping[str, Value]:
    values: Mapping[str, Any] = node.data[key]
    known = {place.name for place in layout if place.saved}
    message = f"{node.label}: its values are taken by name, which the editor does not do"
    notes.warn("named_values", message, node=node.id, path=(*node.path, key))
    strange = [name for name in values if name not in known | CONTROL_NAMES | BUTTONS]
    if strange:
        names = ", ".join(repr(name) for name in strange)
        message = f"{node.label}: no widget is called {names}; the value is left out"
        notes.warn("extra_values", message, node=node.id, path=(*node.path, key, strange[0]))
    return {n: Value(v, (*node.path, key, n)) for n, v in values.items() if n in known}


def _without_dummies(
    node: Node, spec: NodeSpec, layout: Sequence[Place], values: list[Value], notes: Notes
) -> list[Value]:
    """Old files have a dummy value for every forced input; whether they do shows in the count.

    The editor's count can fit by chance. Then it leaves out a value that was none, and so does
    the prompt, since it is the one the editor would have sent.
    """
    exact = len(values) == sum(place.saved for place in layout)
    kept = [v for i, v in enumerate(values) if i >= len(layout) or layout[i].saved]
    for implied in (False,) if exact else (False, True):
        dummies = list(_dummies(spec, layout, implied=implied))
        if (any(dummies) or not exact) and len(dummies) in (len(kept), len(values)):
            found = [v for i, v in enumerate(kept) if i >= len(dummies) or not dummies[i]]
            if implied and not _controls_fit(layout, found):
                continue
            if exact:
                _tell_dropped(node, values, found, notes)
            return found
    return values


def _controls_fit(layout: Sequence[Place], values: Sequence[Value]) -> bool:
    """Whether every control gets a word for one, a sign that the values are in their places."""
    saved = [place for place in layout if place.saved]
    pairs = zip(saved, values, strict=False)
    controls = [value.value for place, value in pairs if place.kind == CONTROL]
    words = [isinstance(value, str) and value in CONTROL_WORDS for value in controls]
    return all(word or value is None for word, value in zip(words, controls, strict=True))


def _tell_dropped(node: Node, values: Sequence[Value], kept: Sequence[Value], notes: Notes) -> None:
    for value in values:
        if value not in kept:
            message = (
                f"{node.label}: {value.value!r} stands where old files had a dummy; the editor "
                "leaves it out, and the values after it move up"
            )
            hint = "save the workflow again after checking the node's values in the editor"
            notes.warn("value_left_out", message, node=node.id, path=value.path, hint=hint)


def _dummies(spec: NodeSpec, layout: Sequence[Place], *, implied: bool) -> Iterator[bool]:
    """For every value of an old file, whether it is a dummy.

    Without `implied`, as the editor counts: a control only where the definition asks for one.
    """
    owned = Counter(place.owner for place in layout if place.saved)
    for entry in editor_inputs(spec):
        if entry.options.get("forceInput"):
            yield True
        elif owned[entry.name]:
            control = 1 + bool(entry.options.get("control_after_generate"))
            yield from [False] * (owned[entry.name] if implied else control)


def _by_position(
    node: Node, spec: NodeSpec, values: Sequence[Value], notes: Notes, *, realign: bool
) -> Mapping[str, Value]:
    """Values from left to right, each widget the next one."""
    owners = [place for place in places(spec) if place.saved]
    left, found = deque(values), dict[str, Value]()
    realign = realign and len(left) != len(owners)
    for place in owners:
        if left and realign and _shifted(node, place, left, notes):
            continue
        if left:
            found[place.name] = left.popleft()
    if left and not _shows(node, spec, owners):
        message = f"{node.label}: {len(left)} more values than widgets: " + ", ".join(
            f"{extra.value!r:.40}" for extra in left
        )
        hint = f"its widgets are {', '.join(p.name for p in owners) or 'none'}"
        notes.warn("extra_values", message, node=node.id, path=left[0].path, hint=hint)
    return found


def _shows(node: Node, spec: NodeSpec, owners: Sequence[Place]) -> bool:
    """Whether a node only shows what is wired to it. Such nodes keep the text they showed last."""
    linked = {slot.name for slot in node.slots if slot.link is not None}
    return spec.output_node and all(place.owner in linked for place in owners)


def _shifted(node: Node, place: Place, left: deque[Value], notes: Notes) -> bool:
    """Put right a count that is off because of a seed's control. True: `place` gets nothing."""
    value = left[0].value
    word = isinstance(value, str) and value in CONTROL_WORDS
    missing = place.kind == CONTROL and not word and value is not None
    if not missing and not (word and place.kind in _NUMBERS):
        return False
    what = "has no value for" if missing else f"has {value!r}, a value for"
    message = f"{node.label}: the file {what} a seed's control; the values after it are realigned"
    notes.warn("shifted_values", message, node=node.id, path=left[0].path)
    if not missing:
        left.popleft()
    return missing or not left


def _filled(node: Node, spec: InputSpec, value: Value, notes: Notes) -> Value:
    """What the editor makes of a null, and of what is no text in a text box."""
    held = value.value
    fresh = settled(spec, held)
    sampler = spec.name == "sampler_name" and node.type in _SAMPLERS
    if sampler and kind(spec) == "COMBO" and isinstance(held, str):
        fresh = held.removeprefix("sample_")
    if fresh is held or fresh == held:
        return value
    what = "null" if held is None else repr(held)
    message = f"{node.label}: {spec.name!r} is {what:.80} in the file; {fresh!r} is used"
    code = "null_value" if held is None else "fitted_value"
    notes.warn(code, message, node=node.id, input=spec.name, path=value.path)
    return replace(value, value=fresh)


def settled(spec: InputSpec, held: Any) -> Any:
    """What a combo makes of a null, and a text box of what is no text."""
    if kind(spec) == "COMBO" and held is None:
        return initial(replace(spec, options={**spec.options, "default": None}))
    if kind(spec) == "STRING" and spec.options.get("multiline"):
        return text_box(held)
    return held


def exported(node: Node, spec: InputSpec, value: Value, notes: Notes) -> Any:
    """The value as the prompt has it: texts with choices worked off, curves marked as such."""
    if kind(spec) == "CURVE" and value.value is not None:
        return {"__type__": "CURVE", "__value__": value.value}
    if not spec.options.get("dynamicPrompts") or not isinstance(value.value, str):
        return value.value
    text = dynamic_prompt(value.value)
    if text != value.value:
        message = f"{node.label}: {spec.name!r}: comments are removed, first choices are taken"
        notes.warn("dynamic_prompt", message, node=node.id, input=spec.name, path=value.path)
    return text
