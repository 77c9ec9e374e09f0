"""Following a link to the node that runs.

It leads past Reroutes and bypassed nodes, into subgraphs and out of them, from a GetNode to its
SetNode, and ends at muted nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from graphrun.convert.expand import Flat, path_id
from graphrun.convert.graph import Node
from graphrun.convert.hosts import Hosts
from graphrun.convert.links import Feed, SocketKey
from graphrun.convert.matching import ANY, compatible
from graphrun.convert.notes import Notes
from graphrun.convert.packs import Setters, broadcast_name
from graphrun.convert.roles import GETTER, PRIMITIVE, REAL, REROUTE, SETTER, SUBGRAPH
from graphrun.convert.sheets import OUTPUTS
from graphrun.convert.widgets import Value
from graphrun.documents.prompt import Link


class Lost(NamedTuple):
    """Why nothing arrives, in words that finish "gets nothing: "."""

    reason: str


class Given(NamedTuple):
    """A value that an instance of a subgraph holds, on its way inwards."""

    value: Value


Found = Link | Lost | Given


class _Step(NamedTuple):
    """An output on the way back, and the type that is asked of it."""

    origin: str
    slot: int
    wanted: str


@dataclass(frozen=True)
class Resolver:
    """Answers what feeds a socket in the prompt. Every stretch of wire is walked once."""

    flat: Flat
    feeds: Mapping[SocketKey, Feed]
    hosts: Hosts
    notes: Notes
    _known: dict[_Step, Found] = field(default_factory=dict)

    @cached_property
    def _setters(self) -> Setters:
        return Setters.among(self.flat.nodes)

    def resolve(self, node: Node, socket: int) -> Found | None:
        """The link or value that the prompt has for a live socket; None if nothing is connected."""
        feed = self.feeds.get((node.id, socket))
        if feed is None:
            return None
        at: Found | _Step = _Step(feed.origin, feed.slot, node.sockets[socket].type)
        trail: dict[_Step, None] = {}
        while isinstance(at, _Step):
            known = self._known.get(at)
            if known is not None:
                at = known
            elif at in trail:
                at = self._ring(trail, at)
            else:
                trail[at] = None
                at = self._follow(at)
        self._known.update(dict.fromkeys(trail, at))
        return at

    def _follow(self, step: _Step) -> Found | _Step:
        instance = self.flat.entries.get(step.origin)
        if instance is not None:
            return self._outwards(self.flat.nodes[instance], step.slot)
        origin = self.flat.nodes.get(step.origin)
        if origin is None:
            # Kept, so that the check can name the link and the node that is not there.
            return Link(step.origin, step.slot)
        if origin.role == PRIMITIVE:
            return Lost(f"the value of {origin.label} reaches only widgets that it is wired to")
        if origin.muted:
            return Lost(f"{origin.label} is muted")
        if origin.bypassed:
            socket = bypass_socket(origin, step.slot, step.wanted)
            if socket is None:
                return Lost(f"{origin.label} is bypassed and has no input of type {step.wanted}")
            return self._upstream(origin, socket, origin.sockets[socket].type)
        return self._through(origin, step)

    def _through(self, origin: Node, step: _Step) -> Found | _Step:
        """What an active node has to give: itself, or what it passes on."""
        if origin.role == REAL:
            return Link(origin.id, step.slot)
        if origin.role in (REROUTE, SETTER):
            return self._upstream(origin, step.slot, step.wanted)
        if origin.role == GETTER:
            setter = self._setters.of(origin)
            if setter is None:
                name = broadcast_name(origin)
                return Lost(f"no SetNode has the name {name!r}, which {origin.label} asks for")
            return self._upstream(setter, 0, step.wanted)
        if origin.role == SUBGRAPH:
            return self._inwards(origin, step)
        return Lost(f"{origin.label} exists only in the editor")

    def _inwards(self, instance: Node, step: _Step) -> Lost | _Step:
        feed = self.feeds.get((path_id(instance.id, OUTPUTS), step.slot))
        if feed is not None:
            return _Step(feed.origin, feed.slot, step.wanted)
        return Lost(f"nothing inside of {instance.label} is connected to its output {step.slot}")

    def _outwards(self, instance: Node, number: int) -> Found | _Step:
        if number >= len(instance.sockets):
            return Lost(f"{instance.label} has no input number {number}")
        feed = self.feeds.get((instance.id, number))
        if feed is not None:
            return _Step(feed.origin, feed.slot, instance.sockets[number].type)
        held = self.hosts.value(instance.id, number)
        if held is not None:
            return Given(held)
        name = instance.sockets[number].name
        return Lost(f"nothing is connected to {name!r} of {instance.label}")

    def _upstream(self, node: Node, socket: int, wanted: str) -> Lost | _Step:
        feed = self.feeds.get((node.id, socket))
        if feed is not None:
            return _Step(feed.origin, feed.slot, wanted)
        name = node.sockets[socket].name if socket < len(node.sockets) else ""
        where = f"{name!r} of {node.label}" if name else node.label
        return Lost(f"nothing is connected to {where}, which passes it on")

    def _ring(self, trail: Mapping[_Step, None], start: _Step) -> Lost:
        """Wires that lead back to themselves: harmless among Reroutes, else an error."""
        steps = list(trail)
        origins = [step.origin for step in steps[steps.index(start) :]]
        ring = [self.flat.nodes[id] for id in origins if id in self.flat.nodes]
        words = " ← ".join(node.id for node in ring[:20])
        if any(node.bypassed for node in ring):
            message = f"bypassed nodes feed each other in a ring: {words}"
            self.notes.error("dependency_cycle", message, node=ring[0].id, path=ring[0].path)
        return Lost(f"the wire runs in a ring: {words}")


def bypass_socket(node: Node, slot: int, wanted: str) -> int | None:
    """The input that a bypassed node passes on as its output `slot`; only this one is tried."""
    sockets = node.sockets
    if wanted in ANY:
        return (slot if slot < len(sockets) else 0) if sockets else None
    output = node.outputs[slot] if slot < len(node.outputs) else "*"

    def passes(type: str) -> bool:
        return compatible(type, output) and compatible(type, wanted)

    if slot < len(sockets) and passes(sockets[slot].type):
        return slot
    exact = (i for i, s in enumerate(sockets) if s.type == wanted)
    near = (i for i, s in enumerate(sockets) if passes(s.type))
    return next(exact, next(near, None))
