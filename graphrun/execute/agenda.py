"""The agenda: which node is next, and which values somebody still needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from graphrun.cache import Outputs
from graphrun.plan import Step

GRAPH_AWARE = frozenset({"DYNPROMPT"})
"""Hidden inputs with which a node can write links to any node above it."""


class Agenda:
    """Nodes that may run, those of them that have to, and the values between them.

    A node is *entered* when something needs it; what it needs is entered with it. It becomes ready
    when all that it waits for is over: *done* with values, or *dead* without. Ready nodes come in
    the order in which they were added. Nothing here is recursive.

    A value stays until every node that may still use it has let go of it. A node lets go of its
    sources when it is over, except above a graph-aware node (one that copies parts of the graph,
    as loops do): there it waits until what is behind it has let go of it too, since the copies may
    link to its sources. A node that was never entered lets go with the last node that could have
    asked for it.
    """

    def __init__(self, is_served: Callable[[str], bool]) -> None:
        self.steps: dict[str, Step] = {}
        self.values: dict[str, Outputs] = {}
        self.over: set[str] = set()
        self.dead: dict[str, str] = {}
        self._is_served = is_served
        self._place: dict[str, int] = {}
        self._waits: dict[str, int] = {}
        self._followers: defaultdict[str, list[str]] = defaultdict(list)
        self._ready: list[tuple[int, str]] = []
        self._users: defaultdict[str, int] = defaultdict(int)
        self._extra: defaultdict[str, list[str]] = defaultdict(list)
        self._gone: set[str] = set()
        self._patient: set[str] = set()

    def add(self, steps: Iterable[Step], keep: Iterable[str] = ()) -> None:
        """Make nodes known, sources before consumers; values of those in `keep` stay for good."""
        new = list(steps)
        for step in new:
            name = step.node.id
            self.steps[name] = step
            self._place.setdefault(name, len(self._place))
            for source in sources(step):
                self._users[source] += 1
        for name in keep:
            self._users[name] += 1
        aware: set[str] = set()
        for step in reversed(new):  # consumers come before their sources
            if step.node.id in aware or is_graph_aware(step):
                aware.update(step.uses)
        self._patient |= aware

    def enter(self, names: Iterable[str]) -> None:
        """Schedule nodes with all they need."""
        waiting, entered = list(names), []
        while waiting:
            name = waiting.pop()
            if name in self.over and name not in self.values and name not in self.dead:
                self._revive(name)
            if name in self._waits or name in self.over:
                continue
            self._waits[name] = 0
            entered.append(name)
            if name in self.steps and not self._is_served(name):
                waiting += self.steps[name].needs
        entered.sort(key=self._place.__getitem__)
        for name in entered:
            step = self.steps[name]
            if self._is_served(name):
                self._wait(name, ())
            else:
                self._wait(name, (*step.needs, *(n for n in step.after if n in self._waits)))

    def suspend(self, name: str, names: Iterable[str] = ()) -> None:
        """Put a node back until further nodes are over, which are entered if they must be."""
        wanted = list(dict.fromkeys(names))
        self._waits[name] = 0
        for source in wanted:
            self._users[source] += 1
            self._extra[name].append(source)
        self.enter(wanted)
        self._wait(name, wanted)

    def hold(self, name: str) -> None:
        """Keep a node from becoming ready until `resume`: something outside works for it."""
        self._waits[name] = 1

    def resume(self, name: str) -> None:
        self._settle(name)

    def next(self) -> str | None:
        """The first ready node, or None: all are over, held, or waiting for each other."""
        while self._ready:
            name = heappop(self._ready)[1]
            if name not in self.over:
                return name
        return None

    def finish(self, name: str, values: Outputs) -> None:
        """A node is done."""
        self.values[name] = values
        self._end(name)

    def kill(self, name: str, cause: str) -> list[str]:
        """A node is over without values; all nodes that need it, which are over with it."""
        falling, fallen = [name], []
        while falling:
            one = falling.pop()
            if one not in self.over:
                fallen.append(one)
                self.dead[one] = cause
                falling += [f for f in self._followers.get(one, ()) if self._needs(f, one)]
                self._end(one)
        return sorted(fallen[1:], key=self._place.__getitem__)

    def cause(self, name: str) -> str | None:
        """The failed node because of which this one cannot run, if there is one."""
        if not self.dead:
            return None
        needed = (*self.steps[name].needs, *self._extra.get(name, ()))
        return next((self.dead[n] for n in needed if n in self.dead), None)

    def waiting(self) -> dict[str, list[str]]:
        """Every entered node that is not over, in order, and the nodes that it waits for."""
        found: dict[str, list[str]] = {n: [] for n in self._waits if n not in self.over}
        for source, followers in self._followers.items():
            for follower in followers:
                if follower in found and source not in self.over:
                    found[follower].append(source)
        return found

    def let_go(self, name: str) -> None:
        """The node needs its sources no more, nor does what it became part of."""
        leaving = [name]
        while leaving:
            one = leaving.pop()
            if one not in self._gone:
                self._gone.add(one)
                leaving += self._leave(sources(self.steps[one]))

    def _leave(self, names: Iterable[str]) -> list[str]:
        """One user less for each; those that nobody can ask for any more."""
        idle = []
        for source in names:
            self._users[source] -= 1
            if self._users[source] <= 0:
                self.values.pop(source, None)
                if source in self.over or source not in self._waits:
                    idle.append(source)
        return idle

    def _revive(self, name: str) -> None:
        """Have a node run again: a graph that came later links to a value that was let go."""
        self.over.discard(name)
        self._gone.discard(name)
        del self._waits[name]
        for source in sources(self.steps[name]):
            self._users[source] += 1

    def _needs(self, name: str, source: str) -> bool:
        return source in self.steps[name].needs or source in self._extra.get(name, ())

    def _end(self, name: str) -> None:
        self.over.add(name)
        for follower in self._followers.pop(name, ()):
            if follower not in self.over:
                self._settle(follower)
        for one in self._leave(self._extra.pop(name, ())):
            self.let_go(one)
        if name not in self._patient or self._users[name] <= 0:
            self.let_go(name)
        if self._users[name] <= 0:
            self.values.pop(name, None)

    def _wait(self, name: str, sources: Iterable[str]) -> None:
        pending = 0
        for source in sources:
            if source not in self.over:
                self._followers[source].append(name)
                pending += 1
        self._waits[name] = pending
        if not pending:
            heappush(self._ready, (self._place[name], name))

    def _settle(self, name: str) -> None:
        self._waits[name] -= 1
        if self._waits[name] == 0:
            heappush(self._ready, (self._place[name], name))


def sources(step: Step) -> tuple[str, ...]:
    """The nodes whose values a node may use."""
    return (*step.uses, step.twin) if step.twin else step.uses


def is_graph_aware(step: Step) -> bool:
    """Whether a node can write links to nodes above it: it sees the graph, or its own links."""
    return bool(step.spec.raw) or any(one.type in GRAPH_AWARE for one in step.spec.hidden)
