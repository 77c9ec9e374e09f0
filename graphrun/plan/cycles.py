"""Cycles, found without networkx so that `check` starts fast."""

from __future__ import annotations

from collections import deque
from graphlib import CycleError, TopologicalSorter

from graphrun.documents import Prompt


def find_cycle(prompt: Prompt) -> list[str] | None:
    """A short cycle, as node ids from producer to consumer; None if there is none.

    The standard sorter says which nodes are on some cycle; the shortest one through the first of
    them is shown, since a cycle found by depth can be thousands of nodes long.
    """
    feeds: dict[str, list[str]] = {
        node.id: [link.node_id for _, link in node.links() if link.node_id in prompt.nodes]
        for node in prompt.nodes.values()
    }
    try:
        TopologicalSorter(feeds).prepare()
    except CycleError as error:
        return _shortest(feeds, error.args[1][0])
    return None


def _shortest(feeds: dict[str, list[str]], start: str) -> list[str]:
    """Breadth first from `start` against the links until it comes back to itself."""
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for source in feeds[node]:
            if source == start:
                path = [node]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                # `path` runs from producer towards `start`; every step feeds the next one.
                return [start, *path[:-1]]
            if source not in came_from:
                came_from[source] = node
                waiting.append(source)
    raise AssertionError("a node on a cycle reaches itself")
