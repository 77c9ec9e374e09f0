"""Which node of one prompt is which node of another, told from structure and not from ids.

A node's colours say how it is wired: what it is computed from, and what is computed from it. Nodes
whose colours occur once on both sides are joined; every join recolours the neighbours, which makes
more colours occur once. Where nothing is certain, twins are joined by guess, the strictest colours
first, and what is left by what it has in common.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from graphrun.documents import BadLink, Link, Prompt, PromptNode

_HINTS = 64
"""How many twins are looked through for one that kept its id."""

_COMMON = 20
"""What more nodes than this have in common does not tell them apart."""

_Role = tuple[str, str, int]
"""How a neighbour is wired: `source` or `user`, the name of the input, the slot of the output."""

_Key = tuple[int, int, int]
"""A colour's number, of which kind it is, and the number for the neighbours that are joined."""


class _Numbers(dict[Any, int]):
    """Equal values have equal numbers, which stand for them in other values."""

    def __missing__(self, value: Any) -> int:
        self[value] = len(self)
        return self[value]


class Side:
    """One prompt with its wires in both directions."""

    def __init__(self, prompt: Prompt) -> None:
        self.nodes = prompt.nodes
        self.place = {node_id: place for place, node_id in enumerate(prompt.nodes)}
        self.inputs = {n.id: _inputs(n, prompt) for n in prompt.nodes.values()}
        self.neighbours: dict[str, list[tuple[_Role, str]]] = {i: [] for i in prompt.nodes}
        for node in prompt.nodes.values():
            for name, link in node.links():
                if link.node_id in prompt.nodes:
                    self.neighbours[node.id].append((("source", name, link.slot), link.node_id))
                    self.neighbours[link.node_id].append((("user", name, link.slot), node.id))
        for found in self.neighbours.values():
            found.sort()  # by role first, so that both sides recolour in one order

    def wired(self, node_id: str, kind: str) -> Iterator[tuple[_Role, str]]:
        return ((r, other) for r, other in self.neighbours[node_id] if r[0] == kind)

    def colours(self, numbers: _Numbers) -> dict[str, tuple[int, ...]]:
        """From strict to loose: all that is above and below a node, all above, all below, itself,
        its class."""
        order = self._order()
        own = {i: numbers[n.class_type, self.inputs[i]] for i, n in self.nodes.items()}
        above = self._collect(order, "source", own, numbers)
        below = self._collect(order[::-1], "user", own, numbers)
        whole = self._collect(order[::-1], "user", above, numbers)
        return {
            i: (whole[i], above[i], below[i], own[i], numbers[n.class_type])
            for i, n in self.nodes.items()
        }

    def _order(self) -> list[str]:
        """Sources first, without nodes on and behind a cycle."""
        feeds = {i: [other for _, other in self.wired(i, "source")] for i in self.nodes}
        sorter = TopologicalSorter(feeds)
        with suppress(CycleError):  # a prompt that cannot run can still be compared
            sorter.prepare()
        found: list[str] = []
        while ready := sorter.get_ready():
            found += ready
            sorter.done(*ready)
        return found

    def _collect(
        self, order: Sequence[str], kind: str, start: Mapping[str, int], numbers: _Numbers
    ) -> dict[str, int]:
        found = {i: numbers["cycle", colour] for i, colour in start.items()}
        for node_id in order:
            wires = sorted((role, found[other]) for role, other in self.wired(node_id, kind))
            found[node_id] = numbers[kind, start[node_id], tuple(wires)]
        return found


class _Pairing:
    """The pairs so far, and all other nodes in buckets of equal colour."""

    def __init__(self, sides: tuple[Side, Side], pairs: Mapping[str, str]) -> None:
        numbers = _Numbers()
        self.sides = sides
        self.numbers = numbers
        self.pairs: dict[str, str] = {}
        self.joined: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._colours = tuple(side.colours(numbers) for side in sides)
        self._around = tuple(dict.fromkeys(side.nodes, -1) for side in sides)
        self._buckets: dict[_Key, tuple[dict[str, None], dict[str, None]]] = {}
        self._certain: list[deque[_Key]] = [deque() for _ in range(5)]
        self._guesses: list[deque[_Key]] = [deque() for _ in range(4)]
        for index, side in enumerate(sides):
            for node_id in side.nodes:
                self._put(index, node_id)
        self._look(list(self._buckets))
        for a, b in pairs.items():
            self.join(a, b)

    def run(self) -> None:
        """Join until only nodes are left that have no colour in common with a free one."""
        while pair := self._next_certain() or self._next_guess():
            self.join(*pair)

    def free(self, index: int) -> Iterator[PromptNode]:
        return (n for i, n in self.sides[index].nodes.items() if i not in self.joined[index])

    def join(self, a: str, b: str) -> None:
        number = len(self.pairs)
        self.pairs[a] = b
        touched: list[_Key] = []
        for index, node_id in enumerate((a, b)):
            touched += self._keys(index, node_id)
            self._drop(index, node_id)
            self.joined[index][node_id] = number
        for index, node_id in enumerate((a, b)):
            for role, other in self.sides[index].neighbours[node_id]:
                if other in self.joined[index]:
                    continue
                touched += self._keys(index, other)
                self._drop(index, other)
                around = self._around[index]
                around[other] = self.numbers["around", around[other], role, number]
                self._put(index, other)
                touched += self._keys(index, other)
        self._look(touched)

    def _keys(self, index: int, node_id: str) -> Iterator[_Key]:
        around = self._around[index][node_id]
        return ((k, c, around) for k, c in enumerate(self._colours[index][node_id]))

    def _put(self, index: int, node_id: str) -> None:
        for key in self._keys(index, node_id):
            self._buckets.setdefault(key, ({}, {}))[index][node_id] = None

    def _drop(self, index: int, node_id: str) -> None:
        for key in self._keys(index, node_id):
            del self._buckets[key][index][node_id]

    def _look(self, keys: Iterable[_Key]) -> None:
        """Note the buckets that give a certain pair, or could give a guess."""
        for key in dict.fromkeys(keys):
            mine, theirs = self._buckets[key]
            if len(mine) == len(theirs) == 1:
                self._certain[key[0]].append(key)
            elif mine and theirs and key[0] < len(self._guesses):
                self._guesses[key[0]].append(key)
            elif not mine and not theirs:
                del self._buckets[key]

    def _next_certain(self) -> tuple[str, str] | None:
        for waiting in self._certain:
            while waiting:
                mine, theirs = self._buckets.get(waiting.popleft(), ((), ()))
                if len(mine) == len(theirs) == 1:
                    return next(iter(mine)), next(iter(theirs))
        return None

    def _next_guess(self) -> tuple[str, str] | None:
        """Twins, of which one is as good as the other; those that kept their id first."""
        for waiting in self._guesses:
            while waiting:
                mine, theirs = self._buckets.get(waiting[0], ((), ()))
                if mine and theirs:
                    kept = (i for i in islice(mine, _HINTS) if i in theirs)
                    a = next(kept, next(iter(mine)))
                    return a, a if a in theirs else next(iter(theirs))
                waiting.popleft()
        return None


def match(sides: tuple[Side, Side], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ids of the first side mapped to ids of the second; only nodes of one class are matched.

    `known` are pairs to begin with.
    """
    pairing = _Pairing(sides, known or {})
    pairing.run()
    for least in (3, 3, 3, 1):
        for a, b in _alike(pairing, least):
            pairing.join(a, b)
    left: dict[str, deque[str]] = defaultdict(deque)
    for node in pairing.free(1):
        left[node.class_type].append(node.id)
    for node in list(pairing.free(0)):
        if left[node.class_type]:
            pairing.join(node.id, left[node.class_type].popleft())
    return pairing.pairs


def same_ids(sides: tuple[Side, Side]) -> dict[str, str]:
    """Nodes that have one id and one class on both sides."""
    theirs = sides[1].nodes
    return {
        i: i
        for i, n in sides[0].nodes.items()
        if i in theirs and theirs[i].class_type == n.class_type
    }


def canonical(value: Any) -> str:
    """A literal as text that is equal for equal values: JSON does not tell 2 from 2.0."""
    if isinstance(value, BadLink):
        value = ["bad link", value.value]
    text = json.dumps(value, sort_keys=True, default=str)
    if isinstance(value, float | list | dict):
        text = json.dumps(json.loads(text, parse_float=_number))
    return text


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _inputs(node: PromptNode, prompt: Prompt) -> tuple[tuple[str, str], ...]:
    """Inputs by name: a literal as text, of a link its slot and whether it leads anywhere."""
    found: list[tuple[str, str]] = []
    for name, value in sorted(node.inputs.items()):
        if isinstance(value, Link):
            kind = "link" if value.node_id in prompt.nodes else "loose"
            found.append((name, f"{kind} {value.slot}"))
        else:
            found.append((name, canonical(value)))
    return tuple(found)


def _alike(pairing: _Pairing, least: int) -> list[tuple[str, str]]:
    """Free nodes of one class by what they have in common, the most first."""
    having: dict[Any, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    weights: dict[Any, int] = {}
    for index in (0, 1):
        for node in pairing.free(index):
            for weight, feature in _features(pairing, index, node):
                having[node.class_type, feature][index].append(node.id)
                weights[node.class_type, feature] = weight
    scores: dict[tuple[str, str], int] = defaultdict(int)
    for feature, (mine, theirs) in having.items():
        if len(mine) <= _COMMON and len(theirs) <= _COMMON:
            for a in mine:
                for b in theirs:
                    scores[a, b] += weights[feature]
    places = [side.place for side in pairing.sides]

    def rank(pair: tuple[str, str]) -> tuple[int, int, int]:
        i, j = places[0][pair[0]], places[1][pair[1]]
        return -scores[pair], abs(i - j), min(i, j)

    found: dict[str, str] = {}
    taken: set[str] = set()
    for a, b in sorted((p for p, score in scores.items() if score >= least), key=rank):
        if a not in found and b not in taken:
            found[a] = b
            taken.add(b)
    return list(found.items())


def _features(pairing: _Pairing, index: int, node: PromptNode) -> Iterator[tuple[int, Any]]:
    """What may be in common, with its weight: joined neighbours, literals, id and title."""
    joined = pairing.joined[index]
    for role, other in pairing.sides[index].neighbours[node.id]:
        if other in joined:
            yield 3, (role, joined[other])
    for given in pairing.sides[index].inputs[node.id]:
        yield 1, given
    yield 1, ("id", node.id)
    if node.title:
        yield 1, ("title", node.title)
