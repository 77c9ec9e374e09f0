"""What a run would do with each node, and why; runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphrun.catalog import Catalog, Settings
from graphrun.errors import Diagnostic
from graphrun.execute.state import Run, Stop
from graphrun.plan import Plan, Step
from graphrun.record.history import changes

if TYPE_CHECKING:
    from graphrun.record.cache import Cache

Action = Literal["run", "cached", "resumed", "blocked", "unneeded"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of one node. `unneeded`: what needs it is there already."""

    step: Step
    action: Action
    reason: str


def outlook(plan: Plan, catalog: Catalog, settings: Settings, cache: Cache | None) -> list[Verdict]:
    """A verdict for every node of a plan, in its order."""
    store = cache.store if cache else None
    run = Run(plan, catalog, settings, [], Stop(), store)
    run.serve(plan.steps, set(plan.roots))
    states = {step.node.id: _training(step, cache) for step in plan.steps if step.lineage}
    needed = _needed(run, {name for name, state in states.items() if state and state[2]})
    last = cache.history.read(plan.prompt) if cache else None
    blocked: dict[str, str] = {}
    for use, found in plan.led or ():
        if isinstance(found, Diagnostic):
            blocked.setdefault(use.user, found.message.splitlines()[0])
    found = []
    doing: dict[str, str] = {}
    for step in plan.steps:
        name, twin = step.node.id, doing.get(step.identity or "")
        above = next((one for one in step.needs if one in blocked and one in needed), None)
        if name in run.served:
            found.append(Verdict(step, "cached", "its result is in the store"))
        elif name not in needed:
            kept = name in run.unneeded
            there = "its result is in the store, and " if kept and _has_values(step) else ""
            why = f"{there}nothing needs it"
            found.append(Verdict(step, "cached" if kept else "unneeded", why))
        elif twin is not None and step.spec.storable:
            found.append(Verdict(step, "cached", f"node {twin} does the same"))
        elif name in blocked:
            found.append(Verdict(step, "blocked", blocked[name]))
        elif above is not None:
            blocked[name] = f"node {above} is blocked"
            found.append(Verdict(step, "blocked", blocked[name]))
        elif state := states.get(name):
            found.append(Verdict(step, *state[:2]))
        else:
            found.append(Verdict(step, "run", "; ".join(_reasons(step, plan, cache, last))))
            if step.identity:
                doing.setdefault(step.identity, name)
    return found


def _needed(run: Run, finished: set[str]) -> set[str]:
    """The nodes that would be entered. Those that only finished trainings ask for are not."""
    steps = {step.node.id: step for step in run.plan.steps}
    needed: set[str] = set()
    waiting = list(run.plan.roots)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in steps:
            continue
        needed.add(name)
        if name not in run.served:
            step = steps[name]
            waiting += step.needs if name in finished else step.uses
    return needed


def _training(step: Step, cache: Cache | None) -> tuple[Action, str, bool] | None:
    """What becomes of a training that an earlier run began, and whether nothing is left of it."""
    assert step.lineage is not None
    if cache is None or cache.fresh:
        return None
    inputs = (step.node.inputs.get(name) for name in step.spec.extending)
    until = max((one for one in inputs if isinstance(one, int)), default=None)
    kept = cache.checkpoints.look(step.lineage, until)
    if kept is None:
        beyond = cache.checkpoints.at(step.lineage).beyond
        if beyond is None:
            return None
        return "run", f"starts over: it was kept after {beyond} epochs, not after {until}", False
    if kept.finished and kept.epoch == until:
        return "resumed", "it was finished before: its result is loaded", True
    done = f"{kept.epoch} epochs" + (f" and {kept.step} steps" if kept.step else "")
    # What it ended with does not tell whether it stopped early, and so would again at once.
    early = ", if it had not stopped early" if kept.finished else ""
    return "resumed", f"goes on after {done}{early}", False


def _reasons(
    step: Step, plan: Plan, cache: Cache | None, last: Mapping[str, Any] | None
) -> Iterator[str]:
    """Why a node runs, the most telling reason first."""
    if cache is None:
        yield "nothing is kept (--no-cache)"
        return
    if cache.fresh:
        yield "begins anew (--fresh)"
        return
    if step.spec.volatile:
        yield "never stored: it acts on the world"
        return
    above = next((s for s in plan.steps if s.node.id in step.uses and _never(s)), None)
    if step.identity is None:
        own = "its IS_CHANGED never says the same" if step.spec.watches else "never the same again"
        yield f"upstream {above.node.id} never gives the same" if above else own
        return
    if step.passing:
        if above is None:
            yield "never stored: it depends on what is only known when it runs"
        elif above.spec.writes:
            yield f"upstream {above.node.id} writes files for this run"
        else:
            yield f"upstream {above.node.id} depends on what is only known when it runs"
        return
    told = list(changes(step, plan, last))
    if told:
        yield from told
        return
    objects = [o.type for o in step.spec.outputs if not _is_kept(step, o.type)]
    if objects:
        yield f"never stored: mutable ({', '.join(dict.fromkeys(objects))})"
    else:
        yield "not in the store: removed since, or it could not be kept"


def _has_values(step: Step) -> bool:
    """Whether something of a node's result can be kept, besides what it said."""
    return step.spec.foreign or not step.spec.outputs or any(step.spec.storable_slots)


def _never(step: Step) -> bool:
    return step.identity is None or step.passing or step.spec.writes


def _is_kept(step: Step, type: str) -> bool:
    slots = zip(step.spec.outputs, step.spec.storable_slots, strict=True)
    return step.spec.foreign or any(ok for output, ok in slots if output.type == type)
