"""Who waits for whom: what two members would compute alike, the first one computes.

The others begin when it is in the store. A training that goes on from where another one ended
begins when that one has. Trainings that read the same data begin when the first of them shows
figures: by then its texts are tokens, and in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from graphrun.plan import Step
from graphrun.sweep.checking import Checked

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wait:
    """Until a node of another member is over or, if `begun` is enough, has shown figures."""

    number: int
    node_id: str
    begun: bool = False


def ordered(checked: Iterable[Checked]) -> list[Checked]:
    """Members in the order in which they start: of two trainings of one lineage the shorter first,
    so that the longer one goes on from there."""
    return sorted(checked, key=lambda one: (_extent(one), one.member.number))


def waits(checked: Sequence[Checked]) -> dict[int, tuple[Wait, ...]]:
    """By the number of each member in its order, what it waits for."""
    firsts: dict[Key, Wait] = {}
    found = {}
    for one in checked:
        own = {firsts[key]: None for key, _ in _keys(one) if key in firsts}
        found[one.member.number] = tuple(own)
        for key, wait in _keys(one):
            firsts.setdefault(key, wait)
    return found


def shared(one: Checked, found: Iterable[Wait]) -> dict[str, int]:
    """The nodes of a member that others compute for it, by their numbers."""
    by_node = {wait.node_id: wait.number for wait in found if not wait.begun}
    return {n: by_node[n] for n in one.doing if n in by_node and not one.steps[n].lineage}


def _keys(one: Checked) -> Iterator[tuple[Key, Wait]]:
    number = one.member.number
    for name in one.doing:
        step = one.steps[name]
        if step.lineage:
            yield ("training", step.lineage), Wait(number, name)
            for source in step.uses:
                identity = one.steps[source].identity
                if identity:
                    yield ("data", identity), Wait(number, name, begun=True)
        elif step.identity and not step.passing and _kept(step):
            yield ("result", step.identity), Wait(number, name)


def _kept(step: Step) -> bool:
    """Whether something of a node's result may be in the store. Foreign types do not tell."""
    return not step.spec.volatile and (step.spec.foreign or any(step.spec.storable_slots))


def _extent(one: Checked) -> tuple[float, ...]:
    steps = (step for step in one.plan.steps if step.lineage)
    values = [step.node.inputs.get(name) for step in steps for name in step.spec.extending]
    return tuple(float(value) for value in values if isinstance(value, int | float))
