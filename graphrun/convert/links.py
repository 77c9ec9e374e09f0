"""The link table: which output feeds which live socket.

A record and an input find each other by link id, then by the input's name. Slot numbers count
only for records that no input names, since definitions move sockets about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.convert.graph import Node
from graphrun.convert.notes import Notes
from graphrun.convert.sheets import ROOT, Sheet, id_text
from graphrun.documents.source import Path

SocketKey = tuple[str, int]
"""A live socket: node id and index among the node's sockets."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the link table; `path` is where it stands."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int
    path: Path


@dataclass(frozen=True, slots=True)
class Feed:
    """What a socket is fed by, and the place in the document that says so."""

    link: str
    origin: str
    slot: int
    path: Path


def link_order(link: str) -> tuple[int, int, str]:
    """Sorts ids of links by age: numbers ascend, other ids follow."""
    return (0, int(link), "") if link.isdecimal() else (1, 0, link)


def read_links(sheet: Sheet, notes: Notes) -> Iterator[Record]:
    """The rows, each written as a tuple or as an object."""
    version, rows = sheet.data.get("version"), sheet.data.get("links") or ()
    if sheet.id == ROOT and version != 0.4 and any(isinstance(raw, list) for raw in rows):
        message = f"links of version {version!r} are kept; the editor would lose them"
        notes.warn("unusual_version", message, path=("version",))
    for place, raw in enumerate(rows):
        path = (*sheet.path, "links", place)
        record = _record(raw, path, sheet)
        if record is None:
            message = f"link number {place} is not a link and is left out: {raw!r:.80}"
            notes.warn("invalid_link", message, path=path)
        else:
            yield record


def _record(raw: Any, path: Path, sheet: Sheet) -> Record | None:
    if isinstance(raw, Mapping):
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
        raw = [raw.get(key) for key in keys]
    if not isinstance(raw, list) or len(raw) < 5:
        return None
    link, origin, target = raw[0], raw[1], raw[3]
    slots = _slot_number(raw[2]), _slot_number(raw[4])
    if None in (link, origin, target) or slots[0] is None or slots[1] is None:
        return None
    ends = sheet.renamed(origin), sheet.renamed(target)
    return Record(id_text(link), ends[0], slots[0], ends[1], slots[1], path)


def _slot_number(raw: Any) -> int | None:
    """A slot as an integer; the editor writes `"1"` and `1.0` here now and then."""
    try:
        number = int(raw)
    except (TypeError, ValueError, OverflowError):
        return None
    whole = not isinstance(raw, bool) and number == float(raw)
    return number if whole and number >= 0 else None


def connect(
    nodes: Mapping[str, Node], records: Iterable[Record], notes: Notes
) -> dict[SocketKey, Feed]:
    """Attach every record to a live socket, the named ones first; the first of several wins."""
    claims = _claims(nodes)
    feeds: dict[SocketKey, Feed] = {}
    unnamed: list[Record] = []
    named: set[tuple[str, int]] = set()
    for record in records:
        target = nodes.get(record.target)
        if target is None:
            message = f"link {record.id} leads to node {record.target}, which does not exist"
            notes.warn("lost_link", message, path=record.path)
        elif claimed := claims.get((record.target, record.id)):
            named.add((record.target, record.target_slot))
            _attach(feeds, target, record, claimed, notes=notes)
        else:
            unnamed.append(record)
    for record in unnamed:
        _attach_by_number(feeds, nodes[record.target], record, named, notes)
    _unmet(nodes, feeds, notes)
    return feeds


def _claims(nodes: Mapping[str, Node]) -> Mapping[tuple[str, str], list[int]]:
    """Slots by (node, id of the link that they name)."""
    claims: dict[tuple[str, str], list[int]] = defaultdict(list)
    for node in nodes.values():
        for place, slot in enumerate(node.slots):
            if slot.link is not None:
                claims[node.id, slot.link].append(place)
    return claims


def _attach(
    feeds: dict[SocketKey, Feed], node: Node, record: Record, claimed: list[int], *, notes: Notes
) -> None:
    """A record that inputs name: the one whose live place is its slot number, else the first."""
    number = record.target_slot
    live = (p for p in claimed if node.index.get(node.slots[p].name) == number)
    place = next(live, claimed[0])
    name, path = node.slots[place].name, (*node.path, "inputs", place)
    if number not in claimed:
        message = (
            f"{node.label}: link {record.id} leads to input number {number}, "
            f"but {name!r} names it; the name counts"
        )
        notes.warn("slot_disagrees", message, node=node.id, input=name, path=record.path)
    socket = node.index.get(name)
    if socket is not None:
        feeds.setdefault((node.id, socket), feed_of(record, path))


def feed_of(record: Record, path: Path) -> Feed:
    return Feed(record.id, record.origin, record.origin_slot, path)


def _attach_by_number(
    feeds: dict[SocketKey, Feed],
    node: Node,
    record: Record,
    named: Collection[tuple[str, int]],
    notes: Notes,
) -> None:
    """A record that no input names: its number counts the inputs as the file lists them.

    It is left out where a record that is `named` has the same number.
    """
    number, socket, path = record.target_slot, None, record.path
    if (node.id, number) in named:
        message = f"{node.label}: link {record.id}: another one leads to input number {number}"
        notes.warn("lost_link", message, node=node.id, path=path)
        return
    if 0 <= number < len(node.slots):
        socket = node.index.get(node.slots[number].name)
        path = (*node.path, "inputs", number)
    elif 0 <= number < len(node.sockets):
        socket = number
    if socket is None:
        message = f"{node.label}: link {record.id} leads to input number {number}, which is gone"
        notes.warn("lost_link", message, node=node.id, path=record.path)
        return
    _tell_recounted(node, record, socket, notes)
    held = feeds.setdefault((node.id, socket), feed_of(record, path))
    if (held.origin, held.slot) != (record.origin, record.origin_slot):
        name = node.sockets[socket].name
        message = (
            f"{node.label}: links {held.link} and {record.id} both lead to {name!r}; "
            f"the one from node {held.origin} is kept, the one from node {record.origin} is not"
        )
        notes.warn("lost_link", message, node=node.id, input=name, path=record.path)


def _tell_recounted(node: Node, record: Record, socket: int, notes: Notes) -> None:
    """The editor counts the inputs of the definition, which may stand in another order."""
    if socket != record.target_slot:
        name = node.sockets[socket].name
        message = (
            f"{node.label}: link {record.id} leads to input number {record.target_slot}, "
            f"which is {name!r} in the file; in the editor it is another one"
        )
        notes.warn("slot_disagrees", message, node=node.id, input=name, path=record.path)


def _unmet(nodes: Mapping[str, Node], feeds: Mapping[SocketKey, Feed], notes: Notes) -> None:
    """Inputs that name a link and did not get it."""
    for node in nodes.values():
        for place, slot in enumerate(node.slots):
            if slot.link is None:
                continue
            socket = node.index.get(slot.name)
            feed = feeds.get((node.id, socket)) if socket is not None else None
            if feed is not None and feed.link == slot.link:
                continue
            reason = (
                "this input is gone, so its link is dropped"
                if socket is None
                else (f"the file names link {slot.link} here, but no such link leads to it")
            )
            message = f"{node.label}: {slot.name!r}: {reason}"
            path = (*node.path, "inputs", place)
            notes.warn("lost_link", message, node=node.id, input=slot.name, path=path)
