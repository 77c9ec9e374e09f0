"""Inputs that come and go with a node's values: what one saved node's definition amounts to.

`settle` turns a definition with a dynamic combo, a growing list of sockets, rows of widgets or a
type that matches another into the plain definition that this node has. All that follows only sees
plain inputs.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphrun.catalog.brought import row_numbers
from graphrun.catalog.sockets import CHOICE, DYNAMIC, GROWING, MATCH_TYPE, ROWS, SLOT
from graphrun.catalog.spec import InputSpec, NodeSpec, Section
from graphrun.convert.places import is_widget, saved_places
from graphrun.documents import Link

CUSTOM_COMBO = "CustomCombo"

_MOST_SHAPES = 1000
"""Definitions of nodes of one class that are remembered."""

_MOST_VALUES = 10_000
"""Values of one node written as an object; a length that is made up costs no more than this."""


def settle(spec: NodeSpec, raw: Mapping[str, Any]) -> NodeSpec:
    """The definition that a saved node has, given its values and the sockets that it lists."""
    if not spec.dynamic and spec.class_type != CUSTOM_COMBO:
        return spec
    saved = _Saved(saved_values(raw)[1], tuple(s["name"] for s in raw.get("inputs") or ()))
    return _plain(spec, saved)


def settle_prompt(spec: NodeSpec, inputs: Mapping[str, Any]) -> NodeSpec:
    """The definition that a node of a prompt has, given its inputs under their dotted names.

    What a choice brings is that of its literal; for a key that it does not have, nothing.
    """
    if not spec.dynamic and spec.class_type != CUSTOM_COMBO:
        return spec
    shape = _shape(spec, inputs)
    if shape is None:
        return _settled_prompt(spec, inputs)
    if shape not in spec.settled:
        if len(spec.settled) >= _MOST_SHAPES:
            spec.settled.clear()
        spec.settled[shape] = _settled_prompt(spec, inputs)
    return spec.settled[shape]


def _shape(spec: NodeSpec, inputs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """All of a node's inputs that its definition hangs on; None if that cannot be compared.

    Every rule asks for the definition, and graphs have many nodes of one shape.
    """
    if spec.class_type == CUSTOM_COMBO:
        return None
    chosen = [i.name for i in spec.inputs if i.type in DYNAMIC]
    values = [
        (type(value), value)
        for name, value in inputs.items()
        if not isinstance(value, Link) and name.partition(".")[0] in chosen
    ]
    if any(kind not in (str, int, float, bool) for kind, _ in values):
        return None
    return (*inputs, None, *values)


def _settled_prompt(spec: NodeSpec, inputs: Mapping[str, Any]) -> NodeSpec:
    values = {name: value for name, value in inputs.items() if not isinstance(value, Link)}
    for one in spec.inputs:
        if one.type == ROWS:
            values[one.name] = max(row_numbers(one.name, inputs), default=-1) + 1
    if spec.brought is not None:
        named = (spec.brought(name) for name in inputs if spec.input(name) is None)
        more = tuple(one for one in named if one is not None)
        return replace(spec, inputs=(*spec.inputs, *more))
    return _plain(spec, _Saved(values, tuple(inputs)))


def _plain(spec: NodeSpec, saved: _Saved) -> NodeSpec:
    inputs = tuple(_settled(spec.visible, saved))
    if spec.class_type == CUSTOM_COMBO:
        inputs += tuple(_custom_options(inputs, saved))
    outputs = tuple(replace(o, type="*") if o.type == MATCH_TYPE else o for o in spec.outputs)
    # Who checks an input that brings others checks those too.
    roots = tuple(f"{name}." for name in spec.own_checks)
    checked = spec.own_checks | {i.name for i in inputs if i.name.startswith(roots)}
    every = inputs + spec.hidden
    return replace(spec, inputs=every, outputs=outputs, own_checks=frozenset(checked))


def saved_values(raw: Mapping[str, Any]) -> tuple[str, Any]:
    """The key and the form in which the file has a node's values: a list, or names → values."""
    values = raw.get("widgets_values")
    named = raw.get("widgets_values_named")
    if not values and isinstance(named, Mapping):
        return "widgets_values_named", named
    if isinstance(values, Mapping) and type(values.get("length")) is int:
        numbers = (str(i) for i in range(min(values["length"], _MOST_VALUES)))
        return "widgets_values", [values.get(number) for number in numbers]
    return "widgets_values", values or []


@dataclass
class _Saved:
    """Values from left to right, or by name, and the names of the listed sockets."""

    values: Sequence[Any] | Mapping[str, Any]
    slots: tuple[str, ...]
    at: int = 0

    def peek(self, name: str, fallback: Any) -> Any:
        if isinstance(self.values, Mapping):
            return self.values.get(name, fallback)
        return self.values[self.at] if self.at < len(self.values) else fallback

    def skip(self, spec: InputSpec) -> None:
        self.at += saved_places(spec) if is_widget(spec) else 0


def _settled(inputs: Sequence[InputSpec], saved: _Saved) -> Iterator[InputSpec]:
    """Plain inputs; what a choice brings stands right after it."""
    waiting = deque(inputs)
    while waiting:
        entry = waiting.popleft()
        brought: Sequence[InputSpec] = ()
        if entry.type == CHOICE:
            entry, brought = _choice(entry, saved)
        elif entry.type == GROWING:
            waiting.extendleft(reversed(list(_members(entry, saved.slots))))
            continue
        elif entry.type == ROWS:
            brought = list(_rows(entry, saved.peek(entry.name, None)))
        elif entry.type == SLOT:
            entry, brought = _slot(entry, saved)
        elif entry.type == MATCH_TYPE:
            entry = replace(entry, type=_allowed(entry))
        waiting.extendleft(reversed(brought))
        saved.skip(entry)
        yield entry


def _choice(entry: InputSpec, saved: _Saved) -> tuple[InputSpec, Sequence[InputSpec]]:
    """The combo of the keys, and the inputs of the key that is chosen; none for an unknown one."""
    options = {str(o["key"]): o.get("inputs") or {} for o in entry.options.get("options") or ()}
    keys = list(options)
    default = entry.options.get("default") or (keys[0] if keys else None)
    combo = replace(entry, type="COMBO", options={**entry.options, "options": keys})
    chosen = saved.peek(entry.name, default)
    chosen = (keys[0] if keys else None) if chosen is None else chosen
    return combo, list(_named(entry, options.get(str(chosen), {}), entry.name))


def _slot(entry: InputSpec, saved: _Saved) -> tuple[InputSpec, Sequence[InputSpec]]:
    """The socket itself, and what it brings if it is wired, which is then needed as it says."""
    socket = replace(entry, type=str(entry.options.get("slotType", "*")))
    if entry.name not in saved.slots:
        return socket, []
    owner = replace(entry, section="required")
    return socket, list(_named(owner, entry.options.get("inputs") or {}, entry.name))


def _named(owner: InputSpec, sections: Mapping[str, Any], prefix: str) -> Iterator[InputSpec]:
    for section in ("required", "optional"):
        for name, raw in (sections.get(section) or {}).items():
            part: Section = "optional" if "optional" in (section, owner.section) else "required"
            yield _input(f"{prefix}.{name}", raw, part)


def _input(name: str, raw: Any, section: Section) -> InputSpec:
    """An input as definitions write it. Such inputs come too late for dynamic prompts."""
    options = dict(raw[1]) if len(raw) > 1 and isinstance(raw[1], Mapping) else {}
    options.pop("dynamicPrompts", None)
    if isinstance(raw[0], list):
        return InputSpec(name, "COMBO", section, {**options, "options": raw[0]})
    return InputSpec(name, str(raw[0]), section, options)


def _members(entry: InputSpec, slots: Sequence[str]) -> Iterator[InputSpec]:
    """The members that the file lists, in order and with their gaps; at least the first ones."""
    template = entry.options.get("template") or {}
    raw = next(iter(list(_raw_inputs(template))), None)
    if raw is None:
        return
    names = template.get("names")
    least, most = int(template.get("min", 1)), int(template.get("max", 100))
    if names is not None:
        known = {f"{entry.name}.{name}": i for i, name in enumerate(names)}
    else:
        stem = re.escape(f"{entry.name}.{template.get('prefix', '')}")
        found = [re.fullmatch(rf"{stem}(0|[1-9][0-9]{{0,5}})", slot) for slot in slots]
        known = {m.group(0): int(m.group(1)) for m in found if m and int(m.group(1)) < most}
        known |= {f"{entry.name}.{template.get('prefix', '')}{i}": i for i in range(least + 1)}
    # The editor draws one more than the least, to be wired next.
    drawn = least if is_widget(_input(entry.name, raw, "optional")) else min(least + 1, most)
    listed = {slot for slot in slots if slot in known}
    for name, i in sorted(known.items(), key=lambda item: item[1]):
        if name in listed or i < drawn:
            part: Section = "required" if i < least else "optional"
            yield _input(name, raw, "optional" if entry.section == "optional" else part)


def _raw_inputs(template: Mapping[str, Any]) -> Iterator[Any]:
    sections = template.get("input", template)
    for section in ("required", "optional"):
        found = sections.get(section)
        yield from found.values() if isinstance(found, Mapping) else ()


def _rows(entry: InputSpec, count: Any) -> Iterator[InputSpec]:
    template = entry.options.get("template") or {}
    least, most = int(entry.options.get("min", 0)), int(entry.options.get("max", 100))
    rows = min(max(count, least), most) if type(count) is int else least
    for row in range(rows):
        yield from _named(entry, template.get("input", template), f"{entry.name}.{row}")


def _allowed(entry: InputSpec) -> str:
    allowed = (entry.options.get("template") or {}).get("allowed_types", "*")
    return ",".join(allowed) if isinstance(allowed, list) else str(allowed)


def _custom_options(inputs: Sequence[InputSpec], saved: _Saved) -> Iterator[InputSpec]:
    """The place of the choice, then texts: one more whenever the last one is not empty."""
    known = {i.name for i in inputs}
    extra = (
        InputSpec("index", "INT"),
        *(InputSpec(f"option{k}", "STRING") for k in range(1, 1000)),
    )
    for entry in extra:
        if entry.name not in known:
            yield entry
        value = saved.peek(entry.name, "")
        saved.skip(entry)
        if entry.name != "index" and not value:
            return
