"""The order of nodes in a prompt: ascending numbers first, then other ids as they are visited."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from graphrun.convert.expand import Flat
from graphrun.convert.graph import Node
from graphrun.convert.links import Feed, SocketKey, link_order

_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")
_LARGEST = 2**32 - 2
"""JavaScript objects sort keys that are array indices, and leave others as they came."""


def prompt_order(flat: Flat) -> list[str]:
    """Ids of all nodes as the prompt has them; the interior of an instance follows it."""
    blocks: dict[str, list[str]] = {}
    at = ""
    for node in flat.nodes.values():
        at = at if node.scope else node.id
        blocks.setdefault(at, []).append(node.id)
    root = flat.root
    visited = [i for id in visiting_order(root.nodes, root.feeds) for i in blocks[id]]
    numbers = [i for i in visited if _NUMBER.fullmatch(i) and int(i) <= _LARGEST]
    others = [i for i in visited if not (_NUMBER.fullmatch(i) and int(i) <= _LARGEST)]
    return sorted(numbers, key=int) + others


def visiting_order(nodes: Mapping[str, Node], feeds: Mapping[SocketKey, Feed]) -> Iterator[str]:
    """Sources first and breadth-first, document order among equals; then what is in cycles."""
    waiting = dict.fromkeys(nodes, 0)
    targets: dict[str, list[tuple[int, tuple[int, int, str], str]]] = defaultdict(list)
    for (target, _), feed in feeds.items():
        if feed.origin in nodes:
            waiting[target] += 1
            targets[feed.origin].append((feed.slot, link_order(feed.link), target))
    ready = deque(i for i, count in waiting.items() if not count)
    while ready:
        done = ready.popleft()
        yield done
        del waiting[done]
        for _, _, target in sorted(targets[done]):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    yield from waiting
