"""What inputs bring: the members, choices and rows that a definition allows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphrun.catalog.options import MOST_MEMBERS


def members(sections: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Mapping[str, Any]]]]:
    """Names, types and options of the inputs in the sections of a definition."""
    for section in ("required", "optional"):
        for name, raw in (sections.get(section) or {}).items():
            yield name, (raw[0], raw[1] if len(raw) > 1 and isinstance(raw[1], Mapping) else {})


def member_names(template: Mapping[str, Any]) -> list[str]:
    """The names that members of a growing input may have, in order."""
    names = template.get("names")
    if names is not None:
        return list(names)
    most = min(int(template.get("max", MOST_MEMBERS)), MOST_MEMBERS)
    return [f"{template.get('prefix', '')}{i}" for i in range(most)]


def option_inputs(options: Mapping[str, Any], key: Any) -> Mapping[str, Any]:
    """The sections that a choice brings; none for a key that is not one of them."""
    for option in options.get("options") or ():
        if option["key"] == key:
            return option.get("inputs") or {}
    return {}


def row_numbers(name: str, names: Iterable[str]) -> set[int]:
    """The rows of `name` that some input belongs to: 0 for `name.0.x`."""
    pattern = re.compile(rf"{re.escape(name)}\.(0|[1-9][0-9]?)\.", re.ASCII)
    return {int(found.group(1)) for found in map(pattern.match, names) if found}
