"""Inputs that have members: a prompt says `values.a`, the function gets `values={"a": …}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from graphrun.catalog.sockets import CHOICE, GROWING
from graphrun.catalog.spec import InputSpec, NodeSpec

WITH_MEMBERS = frozenset({CHOICE, GROWING})


def gathering(function: Callable[..., Any], spec: NodeSpec) -> Callable[..., Any]:
    """The function, called with flat names. Without inputs that have members: itself."""
    groups = [i for i in spec.inputs if i.type in WITH_MEMBERS]
    if not groups:
        return function

    @wraps(function)
    def call(**inputs: Any) -> Any:
        return function(**gather(groups, inputs))

    return call


def gather(groups: list[InputSpec], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the members of every group in a dictionary of its own.

    Members of a growing input stand in the order of its names or numbers, whatever the order of
    the prompt. The choice of an input with choices is a member under the input's own name.
    """
    found = dict(inputs)
    for group in groups:
        prefix = f"{group.name}."
        members = {n.removeprefix(prefix): found.pop(n) for n in inputs if n.startswith(prefix)}
        if group.type == GROWING:
            ranks = _ranks(group, members)
            members = {name: members[name] for name in sorted(members, key=ranks.__getitem__)}
        if group.type == CHOICE and group.name in found:
            members = {group.name: found[group.name], **members}
        found[group.name] = members
    return found


def _ranks(group: InputSpec, members: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    template = group.options.get("template", {})
    known = {name: index for index, name in enumerate(template.get("names", ()))}
    prefix = template.get("prefix", "")

    def rank(name: str) -> int:
        number = name.removeprefix(prefix)
        return int(number) if number.isdecimal() else known.get(name, len(known))

    return {name: (rank(name), name) for name in members}
