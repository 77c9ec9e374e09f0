"""Group nodes, the grouping that came before subgraphs: each is unpacked into a subgraph.

A node `workflow>Name` stands for the nodes of `extra.groupNodes[Name]`. It becomes an instance of
a definition made for it alone, with fresh ids, as the editor does when it loads such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphrun.catalog.spec import NodeSpec
from graphrun.convert.dynamic import saved_values, settle
from graphrun.convert.graph import Socket, live_sockets, read_slot
from graphrun.convert.notes import Notes
from graphrun.convert.places import Place, initial, places
from graphrun.convert.roles import VIRTUAL
from graphrun.convert.sheets import (
    INPUTS,
    OUTPUTS,
    ROOT,
    Boundary,
    Numbers,
    Sheet,
    id_text,
    type_name,
)
from graphrun.documents.source import Path

PREFIXES = ("workflow>", "workflow/")


@dataclass(frozen=True)
class Unpacker:
    """Makes sheets of group nodes; `groups` are those that the document defines, by name."""

    groups: Mapping[str, Mapping[str, Any]]
    specs: Mapping[str, NodeSpec]
    numbers: Numbers
    notes: Notes

    def unpack(self, sheets: Mapping[str, Sheet]) -> dict[str, Sheet]:
        """The sheets without group nodes, and one more sheet for each that there was."""
        found: dict[str, Sheet] = {}
        waiting: list[tuple[Sheet, tuple[str, ...]]] = [(s, ()) for s in sheets.values()]
        for sheet, trail in waiting:
            found[sheet.id] = self._without_groups(sheet, trail, waiting)
        return found

    def _without_groups(
        self, sheet: Sheet, trail: tuple[str, ...], waiting: list[tuple[Sheet, tuple[str, ...]]]
    ) -> Sheet:
        kept, instances, ids = [], [], dict(sheet.ids)
        for raw, path in sheet.nodes:
            name = self._group_name(raw["type"])
            if name is None:
                kept.append((raw, path))
            elif name in trail:
                message = f"the group {name!r} contains itself: {' → '.join((*trail, name))}"
                self.notes.error("recursive_subgraph", message, node=id_text(raw["id"]), path=path)
            else:
                made = _Group(name, self.groups[name], raw, path, unpacker=self).made(trail == ())
                ids[id_text(raw["id"])] = made.instance_id
                instances.append((made.instance, path))
                waiting.append((made.sheet, (*trail, name)))
        return replace(sheet, nodes=kept + instances, ids=ids) if instances else sheet

    def _group_name(self, type: str) -> str | None:
        name = next((type[len(p) :] for p in PREFIXES if type.startswith(p)), None)
        return name if name in self.groups else None


def unpack_groups(
    sheets: Mapping[str, Sheet], specs: Mapping[str, NodeSpec], numbers: Numbers, notes: Notes
) -> dict[str, Sheet]:
    """The sheets with every group node made an instance of a sheet of its own."""
    groups = (sheets[ROOT].data.get("extra") or {}).get("groupNodes") or {}
    return Unpacker(groups, specs, numbers, notes).unpack(sheets) if groups else dict(sheets)


@dataclass(frozen=True)
class _Made:
    sheet: Sheet
    instance: Mapping[str, Any]
    instance_id: str


@dataclass(frozen=True)
class _Inner:
    """One node of a group: what the group has of it, its fresh id and its live sockets."""

    raw: Mapping[str, Any]
    id: str
    sockets: tuple[Socket, ...]
    places: tuple[Place, ...] | None

    @property
    def prefix(self) -> str:
        return str(self.raw.get("title") or self.raw["type"])


class _Group:
    """One group node on its way to a subgraph."""

    def __init__(
        self,
        name: str,
        group: Mapping[str, Any],
        raw: Mapping[str, Any],
        path: Path,
        *,
        unpacker: Unpacker,
    ) -> None:
        self.name, self.group, self.raw, self.path = name, group, raw, path
        self.notes, self.specs, self.numbers = unpacker.notes, unpacker.specs, unpacker.numbers
        self.config: Mapping[str, Any] = group.get("config") or {}
        self.links = [
            (k, *link[:4])
            for k, link in enumerate(group.get("links") or ())
            if all(type(end) is int for end in link[:4])
        ]

    def made(self, at_root: bool) -> _Made:
        inner = [self._inner(raw) for raw in self.group["nodes"]]
        own = self.numbers.fresh()
        linked = self._linked(inner)
        nodes = [self._node(i, node, linked) for i, node in enumerate(inner)]
        self._fill(inner, nodes, set(linked))
        rows = [_row(k, inner[o].id, s, inner[t].id, e) for k, o, s, t, e in self._valid(inner)]
        sockets = list(self._group_sockets(inner, linked))
        inputs, slots = self._inputs(inner, nodes, sockets, rows)
        outputs = self._outputs(inner, rows)
        if self.raw.get("mode") in (2, 4):
            message = f"node {self.raw['id']} ({self.raw['type']}): the mode of a group node has "
            message += "no effect, its nodes are run as they were when they were grouped"
            self.notes.warn("lost_mode", message, node=id_text(self.raw["id"]), path=self.path)
        where = ("extra", "groupNodes", self.name)
        placed = [(raw, (*where, "nodes", i)) for i, raw in enumerate(nodes)]
        data = {"links": rows}
        sheet = Sheet(f"{self.raw['type']}#{own}", self.name, where, data, placed, inputs, outputs)
        title = self.raw.get("title") or self.name
        instance = {"id": self.raw["id"], "type": sheet.id, "title": title, "inputs": slots}
        return _Made(sheet, instance, own)

    def _inner(self, raw: Mapping[str, Any]) -> _Inner:
        spec = self.specs.get(raw["type"]) if raw["type"] not in VIRTUAL else None
        spec = settle(spec, raw) if spec else None
        slots = tuple(read_slot(slot) for slot in raw.get("inputs") or ())
        sockets = tuple(live_sockets(raw["type"], slots, spec))
        saved = tuple(p for p in places(spec) if p.saved) if spec else None
        return _Inner(raw, self.numbers.fresh(), sockets, saved)

    def _valid(self, inner: Sequence[_Inner]) -> Iterator[tuple[int, int, int, int, int]]:
        for link in self.links:
            if 0 <= link[1] < len(inner) and 0 <= link[3] < len(inner):
                yield link

    def _linked(self, inner: Sequence[_Inner]) -> dict[tuple[int, int], int]:
        """Inner links by the socket that they end in. Numbers count live sockets."""
        linked: dict[tuple[int, int], int] = {}
        for k, _, _, target, number in self._valid(inner):
            node = inner[target]
            if not 0 <= number < len(node.sockets):
                continue
            linked.setdefault((target, number), k)
            listed, live = node.raw.get("inputs") or (), node.sockets[number].name
            if number < len(listed) and listed[number]["name"] != live:
                message = (
                    f"group {self.name!r}: link number {k} leads to input number {number}, "
                    f"which is {live!r}; the file lists {listed[number]['name']!r} there"
                )
                path = ("extra", "groupNodes", self.name, "links", k)
                self.notes.warn("slot_disagrees", message, path=path)
        return linked

    def _node(
        self, place: int, node: _Inner, linked: Mapping[tuple[int, int], int]
    ) -> dict[str, Any]:
        slots = [
            {
                "name": s.name,
                "type": s.type,
                "link": linked.get((place, number)),
                "widget": {"name": s.name} if s.widget else None,
            }
            for number, s in enumerate(node.sockets)
        ]
        return {**node.raw, "id": node.id, "inputs": slots}

    def _fill(
        self, inner: Sequence[_Inner], nodes: list[dict[str, Any]], linked: set[tuple[int, int]]
    ) -> None:
        """Spread the group's values over its nodes: what is no socket first, then the rest."""
        values = iter(saved_values(self.raw)[1])
        later: list[tuple[dict[str, Any], int]] = []
        for k, (node, raw) in enumerate(zip(inner, nodes, strict=True)):
            own = saved_values(node.raw)[1]
            if isinstance(own, Mapping):
                continue
            raw["widgets_values"] = held = list(own)
            if node.places is None:
                held[:] = [next(values, value) for value in own]
                continue
            names = {node.sockets[number].name for target, number in linked if target == k}
            converted = _converted(node, names)
            for place in node.places[len(held) :]:
                held.append(initial(place.input) if place.input else None)
            for at, place in enumerate(node.places):
                if place.owner not in converted:
                    held[at] = next(values, held[at])
                elif place.owner not in names:
                    later.append((raw, at))
        for raw, at in later:
            raw["widgets_values"][at] = next(values, raw["widgets_values"][at])

    def _group_sockets(
        self, inner: Sequence[_Inner], linked: Mapping[tuple[int, int], int]
    ) -> Iterator[tuple[int, int]]:
        """Inner sockets that the group shows: plain and converted ones, then those of widgets."""
        widgets = []
        for k, node in enumerate(inner):
            hidden = (self.config.get(str(k)) or {}).get("input") or {}
            listed = {s["name"] for s in node.raw.get("inputs") or ()}
            for number, socket in enumerate(node.sockets):
                shown = (hidden.get(socket.name) or {}).get("visible") is not False
                if (k, number) in linked or not shown:
                    continue
                if socket.widget and socket.name not in listed:
                    widgets.append((k, number))
                else:
                    yield k, number
        yield from widgets

    def _inputs(
        self,
        inner: Sequence[_Inner],
        nodes: Sequence[dict[str, Any]],
        sockets: list[tuple[int, int]],
        rows: list[dict[str, Any]],
    ) -> tuple[tuple[Boundary, ...], list[dict[str, Any]]]:
        """An input for every slot that the group node lists, by name, else by its place."""
        boundaries: list[Boundary] = []
        slots: list[dict[str, Any]] = []
        left = list(sockets)
        for place, slot in enumerate(self.raw.get("inputs") or ()):
            named = (key for key in left if slot["name"] in _names(inner[key[0]], key[1]))
            by_place = sockets[place] if place < len(sockets) and sockets[place] in left else None
            key = next(named, by_place)
            if key is None:
                continue
            left.remove(key)
            link = 100_000 + place
            rows.append(_row(link, INPUTS, len(boundaries), inner[key[0]].id, key[1]))
            nodes[key[0]]["inputs"][key[1]]["link"] = link
            name = f"{len(boundaries)} {slot['name']}"
            # Without listed links nothing is promoted: the inner nodes hold the values.
            boundaries.append(Boundary(name, inner[key[0]].sockets[key[1]].type, ()))
            slots.append({**slot, "name": name})
        return tuple(boundaries), slots

    def _outputs(self, inner: Sequence[_Inner], rows: list[dict[str, Any]]) -> tuple[Boundary, ...]:
        used = {(origin, slot) for _, origin, slot, _, _ in self._valid(inner)}
        external = [list(end[:2]) for end in self.group.get("external") or ()]
        found: list[Boundary] = []
        for k, node in enumerate(inner):
            config = (self.config.get(str(k)) or {}).get("output") or {}
            for slot, output in enumerate(node.raw.get("outputs") or ()):
                hidden = (config.get(str(slot)) or {}).get("visible") is False
                if hidden or ((k, slot) in used and [k, slot] not in external):
                    continue
                link = 200_000 + len(found)
                rows.append(_row(link, node.id, slot, OUTPUTS, len(found)))
                name, type = str(output.get("name")), type_name(output.get("type"))
                found.append(Boundary(name, type, (str(link),)))
        return tuple(found)


def _row(link: int, origin: str, slot: int, target: str, number: int) -> dict[str, Any]:
    return {
        "id": link,
        "origin_id": origin,
        "origin_slot": slot,
        "target_id": target,
        "target_slot": number,
    }


def _names(node: _Inner, number: int) -> tuple[str, str]:
    name = node.sockets[number].name
    return name, f"{node.prefix} {name}"


def _converted(node: _Inner, linked: set[str]) -> set[str]:
    """Widgets that were made sockets. A file that lists all widgets does not tell; links do."""
    listed = {s["name"] for s in node.raw.get("inputs") or () if s.get("widget")}
    owners = {place.owner for place in node.places or ()}
    return linked if owners <= listed else listed
