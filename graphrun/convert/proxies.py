"""`properties.proxyWidgets`: how subgraph instances named the widgets they hold values for.

Older saves list `[inner node, widget name]` pairs, and the value at the same place belongs to that
widget, in this instance only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphrun.convert.dynamic import saved_values
from graphrun.convert.expand import Flat, path_id
from graphrun.convert.graph import Node
from graphrun.convert.hosts import Hosts
from graphrun.convert.links import SocketKey
from graphrun.convert.notes import Notes
from graphrun.convert.places import CONTROL_NAMES
from graphrun.convert.roles import PRIMITIVE, SUBGRAPH
from graphrun.convert.sheets import INPUTS
from graphrun.convert.values import Values
from graphrun.convert.widgets import Value
from graphrun.documents.source import Path

_PREFIX = re.compile(r"\s*([0-9]+)\s*:\s*")


class Entry(NamedTuple):
    """The widget `name` of the inner node `id`; `among` tells nested sources of a name apart."""

    id: str
    name: str
    among: str | None


def entries(instance: Node, notes: Notes) -> Sequence[Entry] | None:
    """The list, which may be written as text; None if there is none or it is malformed."""
    raw = (instance.data.get("properties") or {}).get("proxyWidgets")
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raw = {}
    if raw is None or raw == []:
        return None
    if isinstance(raw, list) and all(_is_entry(entry) for entry in raw):
        return [Entry(e[0], e[1], e[2] if len(e) == 3 else None) for e in raw]
    message = f"{instance.label}: the list of its inner widgets is malformed and left out"
    path = (*instance.path, "properties", "proxyWidgets")
    notes.warn("invalid_proxies", message, node=instance.id, path=path)
    return None


def _is_entry(entry: Any) -> bool:
    parts = entry if isinstance(entry, list) else ()
    return len(parts) in (2, 3) and all(isinstance(part, str) for part in parts)


def read_hosts(flat: Flat, values: Values, notes: Notes) -> Hosts:
    """The values of all instances. Those of outer ones are put in last, since they count."""
    hosts = Hosts(flat, values)
    proxies = Proxies(hosts, notes)
    instances = [node for node in flat.nodes.values() if node.role == SUBGRAPH]
    for instance in reversed(instances):
        listed = entries(instance, notes)
        if listed:
            proxies.apply(instance, listed)
        else:
            hosts.read(instance, notes)
    return hosts


@dataclass(frozen=True)
class Proxies:
    """Puts the values of listed widgets where the export will look for them."""

    hosts: Hosts
    notes: Notes

    def apply(self, instance: Node, listed: Sequence[Entry]) -> None:
        key, values = saved_values(instance.data)
        if not isinstance(values, list):
            if values:
                words = "the list of its inner widgets goes by position, but its values by name"
                self._unused(instance, values, (*instance.path, key), words)
            return
        for place, (entry, raw) in enumerate(zip(listed, values, strict=False)):
            value = Value(raw, (*instance.path, key, place))
            # Pictures that are shown and controls of seeds are listed, but hold nothing to send.
            shown = entry.name.startswith("$$") or entry.name in CONTROL_NAMES
            if raw is None and not shown:
                words = f"it has no value for {entry.name!r}; the inner one is used"
                self._warn("null_value", instance, words, value.path)
            elif not shown and not self._put(instance, entry, value):
                words = f"no widget {entry.name!r} of an inner node {entry.id} holds it"
                self._unused(instance, raw, value.path, words)
        if len(values) > len(listed):
            words = f"the list of its inner widgets ends after {len(listed)}"
            path = (*instance.path, key, len(listed))
            self._unused(instance, values[len(listed) :], path, words)

    def _unused(self, instance: Node, value: Any, path: Path, words: str) -> None:
        self._warn("extra_values", instance, f"{value!r:.80} is left out: {words}", path)

    def _warn(self, code: str, instance: Node, words: str, path: Path) -> None:
        if instance.off is None and not instance.muted and not instance.bypassed:
            self.notes.warn(code, f"{instance.label}: {words}", node=instance.id, path=path)

    def _put(self, instance: Node, entry: Entry, value: Value) -> bool:
        """Follow an entry inwards to the input or widget that it means. False: there is none."""
        flat = self.hosts.flat
        while True:
            graph = flat.graph_of(instance)
            if entry.id == "-1":
                return self._hold(instance, entry.name, value)
            node = flat.nodes.get(path_id(instance.id, graph.sheet.renamed(entry.id)))
            if node is None:
                return False
            if node.role == PRIMITIVE:
                return self._set_fed_by(node, value)
            number = _socket(node, entry.name)
            if number is not None and self._set(node, number, value):
                return True
            nested = self._nested(node, entry) if node.role == SUBGRAPH else None
            if nested is None:
                return False
            if nested.name.startswith("$$") or nested.name in CONTROL_NAMES:
                return True
            instance, entry = node, nested

    def _set_fed_by(self, primitive: Node, value: Value) -> bool:
        nodes = self.hosts.flat.nodes
        fed = [key for key in self._fed_by(primitive) if key[0] in nodes]
        done = [self._set(nodes[id], socket, value, fed=False) for id, socket in fed]
        return any(done)

    def _fed_by(self, primitive: Node) -> Iterator[SocketKey]:
        """What a primitive is wired to; all of it is in the same subgraph."""
        scope = primitive.scope
        graph = self.hosts.flat.graph_of(self.hosts.flat.nodes[scope])
        for (target, socket), feed in graph.feeds.items():
            if path_id(scope, feed.origin) == primitive.id:
                yield path_id(scope, target), socket

    def _hold(self, instance: Node, name: str, value: Value) -> bool:
        number = instance.index.get(name)
        return number is not None and self._set_outer(instance, number, value)

    def _set(self, node: Node, socket: int, value: Value, *, fed: bool = True) -> bool:
        """Give a socket its value. False: it is no widget, nor an input that holds a value."""
        flat = self.hosts.flat
        if node.role == SUBGRAPH:
            if flat.graph_of(node).promoted[socket] is None:
                return False
        elif not node.sockets[socket].widget:
            return False
        feed = flat.feeds.get((node.id, socket)) if fed else None
        if feed is not None and feed.origin == path_id(node.scope, INPUTS):
            outer = flat.nodes[node.scope]
            return self._set_outer(outer, feed.slot, value)
        if feed is not None:
            name = node.sockets[socket].name
            message = (
                f"{node.label}: {name!r} is wired, so {value.value!r:.40}, "
                f"which node {node.scope} has for it, is left out"
            )
            self.notes.warn("extra_values", message, node=node.id, input=name, path=value.path)
        elif node.role == SUBGRAPH:
            self.hosts.held[node.id, socket] = value
        else:
            self.hosts.inner[node.id, node.sockets[socket].name] = value
        return True

    def _set_outer(self, instance: Node, number: int, value: Value) -> bool:
        promoted = self.hosts.flat.graph_of(instance).promoted
        if number >= len(promoted) or promoted[number] is None:
            return False
        self.hosts.held[instance.id, number] = value
        return True

    def _nested(self, node: Node, entry: Entry) -> Entry | None:
        """The entry of a nested instance that a name stands for, as `a` or as `12: a`."""
        name, among = entry.name, entry.among
        listed = entries(node, Notes.quiet()) or ()
        while True:
            same = [e for e in listed if e.name == name]
            exact = [e for e in same if among in (e.id, e.among)]
            if same:
                return (exact or same)[0]
            prefix = _PREFIX.match(name)
            if prefix is None:
                return None
            name, among = name[prefix.end() :], prefix.group(1)


def _socket(node: Node, name: str) -> int | None:
    """The socket of a widget, whose name may have prefixes that tell nested sources apart."""
    while name not in node.index:
        prefix = _PREFIX.match(name)
        if prefix is None:
            return None
        name = name[prefix.end() :]
    return node.index[name]
