"""What a workflow file says of places: of its nodes, its groups, and the types of its outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FEWEST = 0.8
"""Share of nodes with a place of their own, below which a file was made without an editor."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A corner and a size, in the units of the file."""

    x: float
    y: float
    width: float
    height: float
    title: str = ""


def placed(workflow: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Frame]:
    """The place of every node that is wanted; empty if some have none, or many have the same."""
    found = {str(node["id"]): frame for node, frame in _nodes(workflow)}
    if not wanted or any(name not in found for name in wanted):
        return {}
    corners = {(found[name].x, found[name].y) for name in wanted}
    return {name: found[name] for name in wanted} if len(corners) >= FEWEST * len(wanted) else {}


def frames(workflow: Mapping[str, Any]) -> list[Frame]:
    """The groups of the drawing."""
    found = []
    for group in _list(workflow.get("groups")):
        numbers = _numbers(group.get("bounding"), 4)
        if numbers:
            x, y, width, height = numbers
            found.append(Frame(x, y, width, height, str(group.get("title") or "Group")))
    return found


def instances(workflow: Mapping[str, Any]) -> dict[str, str]:
    """Titles of the nodes that stand for subgraphs, by id; nodes inside have ids below theirs."""
    definitions = workflow.get("definitions")
    inner = _list(definitions.get("subgraphs")) if isinstance(definitions, Mapping) else []
    names = {one.get("id"): str(one.get("name") or "Subgraph") for one in inner}
    return {
        str(node.get("id")): str(node.get("title") or names[node["type"]])
        for node in _list(workflow.get("nodes"))
        if isinstance(node.get("type"), str) and node["type"] in names
    }


def outputs(workflow: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Name and type of the outputs of each node, as the file has them."""
    return {
        str(node.get("id")): [
            (str(one.get("label") or one.get("name") or ""), str(one.get("type", "*")))
            for one in _list(node.get("outputs"))
        ]
        for node in _list(workflow.get("nodes"))
    }


def _nodes(workflow: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Frame]]:
    for node in _list(workflow.get("nodes")):
        corner, size = _numbers(node.get("pos"), 2), _numbers(node.get("size"), 2)
        if corner and "id" in node:
            flags = node.get("flags")
            collapsed = isinstance(flags, Mapping) and flags.get("collapsed")
            width, height = (160.0, 0.0) if collapsed else size or (200.0, 60.0)
            yield node, Frame(corner[0], corner[1], width, height)


def _list(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, Mapping)]


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Numbers of a list, or of an object with the keys "0", "1", as older files have it."""
    if isinstance(value, Mapping):
        value = [value.get(str(i)) for i in range(count)]
    if not isinstance(value, list) or len(value) < count:
        return None
    found = value[:count]
    good = all(isinstance(v, int | float) and not isinstance(v, bool) for v in found)
    return tuple(map(float, found)) if good else None
