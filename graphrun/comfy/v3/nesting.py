"""Flat names of a prompt to what a node gets: `g.p0`, `m`, `m.sub` → `{"g": {"p0": …}, "m": …}`.

The definition decides what is nested, not the dots: an ordinary input may have one in its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.catalog.brought import member_names, members, option_inputs, row_numbers
from graphrun.catalog.sockets import CHOICE, GROWING, ROWS, SLOT
from graphrun.catalog.spec import NodeSpec

DYNAMIC = frozenset({CHOICE, GROWING, ROWS, SLOT})

_Raw = tuple[str, Mapping[str, Any]]


def nested(spec: NodeSpec, values: Mapping[str, Any], *, named: bool = False) -> dict[str, Any]:
    """The values of a call, with those of dynamic inputs in dictionaries and lists.

    With `named`, each of the latter is a pair of the value and its flat name, so that the node
    can name it. Optional inputs of a choice that are not there are None.
    """
    dynamic = [i for i in spec.visible if i.type in DYNAMIC]
    if not dynamic:
        return dict(values)
    nest = _Nest(dict(values), spec.input_is_list, named)
    found: dict[str, Any] = {}
    for entry in dynamic:
        found |= dict(nest.value(entry.name, entry.name, (entry.type, entry.options)))
    return nest.left | found


@dataclass
class _Nest:
    """`left` are the values that nothing has taken yet."""

    left: dict[str, Any]
    listed: bool
    named: bool

    def value(self, name: str, last: str, raw: _Raw) -> Iterator[tuple[str, Any]]:
        """The input `name` under the last part of its name; nothing if it is not there."""
        kind, options = raw
        if kind == GROWING:
            yield last, self._growing(name, options.get("template") or {})
        elif kind == ROWS:
            yield last, self._rows(name, options)
        elif kind not in DYNAMIC:
            yield last, self._take(name)
        elif name in self.left:
            sections = self._brought(name, options) if kind == CHOICE else options.get("inputs")
            found: dict[str, Any] = {last: self._take(name)}
            for sub, definition in members(sections or {}):
                found |= dict(self.value(f"{name}.{sub}", sub, definition))
            yield last, found

    def _take(self, name: str, missing: Any = None) -> Any:
        value = self.left.pop(name, missing)
        return (value, name) if self.named else value

    def _brought(self, name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        key = self.left[name]
        if self.listed and isinstance(key, list | tuple):
            key = key[0] if key else None
        return option_inputs(options, key)

    def _growing(self, name: str, template: Mapping[str, Any]) -> Any:
        there = [m for m in member_names(template) if f"{name}.{m}" in self.left]
        found = {member: self._take(f"{name}.{member}") for member in there}
        return (found, name) if self.named and not found else found

    def _rows(self, name: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows up to the last that is there; what one of them lacks is None."""
        self.left.pop(name, None)
        template = options.get("template") or {}
        fields = [field for field, _ in members(template.get("input", template))]
        count = max((row + 1 for row in row_numbers(name, self.left)), default=0)
        missing = [None] if self.listed else None
        return [
            {field: self._take(f"{name}.{row}.{field}", missing) for field in fields}
            for row in range(max(count, int(options.get("min") or 0)))
        ]
