"""What Reroutes may bring: a link of another type than their source's is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphrun.convert.graph import Node
from graphrun.convert.links import Feed, SocketKey
from graphrun.convert.matching import compatible
from graphrun.convert.notes import Notes

CHECKED = "Reroute"
"""The editor's own kind of Reroute. Those of packs do not look at types."""


def drop_mismatched(nodes: Mapping[str, Node], feeds: dict[SocketKey, Feed], notes: Notes) -> None:
    """Take away the links of inputs behind Reroutes whose source is of another type.

    The editor does so when it loads a file, whatever the modes of the nodes are.
    """
    for key, brought in list(_brought(nodes, feeds)):
        node, feed = nodes[key[0]], feeds[key]
        spec, socket = node.widget_spec(key[1]), node.sockets[key[1]]
        wanted = spec.type if spec else socket.type
        if not compatible(brought, wanted):
            del feeds[key]
            message = (
                f"{node.label}: {socket.name!r} gets nothing: it is of type {wanted}, "
                f"and what the Reroute {feed.origin} brings is of type {brought}"
            )
            notes.warn("lost_link", message, node=node.id, input=socket.name, path=feed.path)


def _brought(
    nodes: Mapping[str, Node], feeds: Mapping[SocketKey, Feed]
) -> Iterator[tuple[SocketKey, str]]:
    """Every input behind Reroutes, and the type of what stands before them, if it is known."""
    known: dict[str, str | None] = {}
    for key, feed in feeds.items():
        if _checked(nodes, feed.origin) and not _checked(nodes, key[0]):
            brought = _source(nodes, feeds, feed, known)
            if brought is not None:
                yield key, brought


def _checked(nodes: Mapping[str, Node], id: str) -> bool:
    return id in nodes and nodes[id].type == CHECKED


def _source(
    nodes: Mapping[str, Node],
    feeds: Mapping[SocketKey, Feed],
    feed: Feed,
    known: dict[str, str | None],
) -> str | None:
    """The type of what the first of a row of Reroutes is fed by."""
    trail: list[str] = []
    at: Feed | None = feed
    while at is not None and _checked(nodes, at.origin) and at.origin not in known:
        trail.append(at.origin)
        known[at.origin] = None  # a ring has no source
        at = feeds.get((at.origin, 0))
    found = known.get(at.origin) if at is not None else None
    if at is not None and at.origin in nodes and not _checked(nodes, at.origin):
        outputs = nodes[at.origin].outputs
        found = outputs[at.slot] if at.slot < len(outputs) else None
    known.update(dict.fromkeys(trail, found))
    return found
