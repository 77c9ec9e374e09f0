"""The options of an input in a definition, with those that bring inputs of their own checked.

What is kept here can be relied upon: numbers are numbers, and a template or a choice has the shape
that its type demands, however deep it is nested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphrun.catalog.sockets import CHOICE, GROWING, MATCH_TYPE, ROWS

MOST_MEMBERS = 100
"""Members of one growing input. The editor stops there too."""

_NUMBERS = frozenset({"min", "max", "step", "round"})
_LEFT_OUT = "what it brings is left out"


class _Unusable(Exception):
    """A template or choice without the shape of its type; the message says what of it."""


def read_options(kind: Any, name: str, given: Mapping[str, Any], left_out: list[str]) -> Any:
    """The options without nulls, which mean "not given", and without what cannot be used.

    `left_out` gets a sentence about everything of the latter.
    """
    found = dict(_plain(name, given, left_out))
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return found
    key, read = check
    if kind == ROWS:
        found |= _bounds(name, found, left_out)
    if key in found:
        try:
            found[key] = read(name, found[key], left_out)
        except (_Unusable, RecursionError) as error:
            reason = str(error) if isinstance(error, _Unusable) else "it is nested too deep"
            left_out.append(f"{key} of {name}: {reason}, so {_LEFT_OUT}")
            del found[key]
    return found


def _plain(name: str, given: Mapping[str, Any], left_out: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        if value is None:
            continue
        if key in _NUMBERS and not _usable(key, value):
            left_out.append(f"{key} of {name} is {value!r:.60}")
        else:
            yield key, value


def _usable(key: str, value: Any) -> bool:
    if key == "round" and not value and isinstance(value, int | float):
        return True  # no rounding
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    # An open end is no end at all. Without the bound, the editor's own would count instead.
    open_end = math.isinf(number) and (key == "max") == (number > 0) and key in ("min", "max")
    return open_end or (math.isfinite(number) and (key in ("min", "max") or number > 0))


def _bounds(name: str, given: Mapping[str, Any], left_out: list[str]) -> dict[str, int]:
    """`min` and `max` of members, as far as they are there."""
    found = {}
    for key in ("min", "max"):
        value = given.get(key)
        if value is None:
            continue
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
            raise _Unusable(f"{key} is {value!r:.60}")
        found[key] = int(min(max(value, 0), MOST_MEMBERS))
        if value > MOST_MEMBERS:
            left_out.append(f"{key} of {name} is {value!r:.60}, more than {MOST_MEMBERS} members")
    return found


def _choices(name: str, raw: Any, left_out: list[str]) -> list[Any]:
    if not isinstance(raw, list):
        raise _Unusable(f"no list: {raw!r:.60}")
    found = []
    for option in raw:
        if not isinstance(option, dict) or not isinstance(option.get("key"), str | int | float):
            raise _Unusable(f"a choice without a key: {option!r:.60}")
        inputs = _sections(f"{name}.{option['key']}", option.get("inputs") or {}, left_out)
        found.append({**option, "inputs": inputs})
    return found


def _growing(name: str, raw: Any, left_out: list[str]) -> dict[str, Any]:
    template = _rows(name, raw, left_out)
    template |= _bounds(name, template, left_out)
    names, prefix = template.get("names", []), template.get("prefix", "")
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise _Unusable(f"names is {names!r:.60}")
    if not isinstance(prefix, str):
        raise _Unusable(f"prefix is {prefix!r:.60}")
    return template


def _rows(name: str, raw: Any, left_out: list[str]) -> dict[str, Any]:
    template = _mapping("the template", raw)
    if "input" in template:
        return {**template, "input": _sections(name, template["input"], left_out)}
    return {**template, **_sections(name, template, left_out)}


def _match(name: str, raw: Any, left_out: list[str]) -> dict[str, Any]:
    template = _mapping("the template", raw)
    allowed = template.get("allowed_types", "*")
    listed = isinstance(allowed, list) and all(isinstance(kind, str) for kind in allowed)
    if not listed and not isinstance(allowed, str):
        raise _Unusable(f"allowed_types is {allowed!r:.60}")
    return template


def _mapping(what: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _Unusable(f"{what} is {raw!r:.60}")
    return {key: value for key, value in raw.items() if value is not None}


def _sections(name: str, raw: Any, left_out: list[str]) -> dict[str, Any]:
    """The required and the optional inputs, each as a list of its type and its options."""
    given = _mapping("inputs", raw)
    return {
        section: {
            key: _input(f"{name}.{key}", value, left_out)
            for key, value in _mapping(section, given[section]).items()
        }
        for section in ("required", "optional")
        if section in given
    }


def _input(name: str, raw: Any, left_out: list[str]) -> list[Any]:
    value = [raw] if isinstance(raw, str) else raw
    if not isinstance(value, list) or not value or not isinstance(value[0], str | list):
        raise _Unusable(f"the input {name} has no type: {raw!r:.60}")
    given = value[1] if len(value) > 1 and value[1] is not None else {}
    if not isinstance(given, dict):
        raise _Unusable(f"the options of {name} are {given!r:.60}")
    options = read_options(value[0], name, given, left_out)
    if value[0] == "COMBO" and not isinstance(options.get("options", []), list):
        raise _Unusable(f"the choices of {name} are no list")
    return [value[0], options]


_CHECKS: dict[str, tuple[str, Callable[[str, Any, list[str]], Any]]] = {
    CHOICE: ("options", _choices),
    GROWING: ("template", _growing),
    ROWS: ("template", _rows),
    MATCH_TYPE: ("template", _match),
}
