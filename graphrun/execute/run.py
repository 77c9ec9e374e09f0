"""Plan → events: the loop."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from graphrun.cache import Checkpoints, Outputs, Store, Stored
from graphrun.catalog import Catalog, Settings
from graphrun.errors import Cancelled
from graphrun.execute.call import described
from graphrun.execute.events import (
    NodeBlocked,
    NodeFinished,
    NodeInfo,
    NodeInterrupted,
    NodesCached,
    NodeStarted,
    Notice,
    Observer,
    RunFinished,
    RunStarted,
    Status,
)
from graphrun.execute.failure import blame, circular
from graphrun.execute.keeping import brought_back, is_whole, kept, said_again
from graphrun.execute.memory import peak_mb
from graphrun.execute.state import Objects, Run, Stop
from graphrun.execute.visit import Visit
from graphrun.plan import Plan
from graphrun.plan.plan import twins

POLL = 0.05
"""Seconds between two looks for a stop while only coroutines are at work."""


def execute(
    plan: Plan,
    catalog: Catalog,
    settings: Settings,
    *,
    observers: Iterable[Observer] = (),
    store: Store | None = None,
    stop: Stop | None = None,
    objects: Objects | None = None,
    keep: Collection[str] = (),
    keep_going: bool = False,
    checkpoints: Checkpoints | None = None,
) -> dict[str, Outputs]:
    """Run what the plan's roots need, tell the observers, and give the outputs of `keep`.

    Values are released when nobody can need them any more. Results that are values are looked for
    in `store` and put there; `objects` holds the objects of nodes. The first node that fails ends
    the run, unless `keep_going` has everything else run that does not need it; the events tell of
    it then. After a stop, nodes that only write a finished value to a file still run.

    Raises:
        NodeError: a node raised; the original exception is its `__cause__`.
        Cancelled: `stop` was requested.
    """
    objects = {} if objects is None else objects
    run = Run(plan, catalog, settings, list(observers), stop or Stop(), store, objects, keep)
    run.keep_going, run.checkpoints = keep_going, checkpoints
    with _finishing(run):
        run.tell(RunStarted(name=plan.prompt.name, seed=plan.seed, nodes=_infos(plan)))
        run.serve(plan.steps, {*plan.roots, *keep})
        for warning in (*plan.refused, *plan.warnings):
            run.tell(Notice(diagnostic=warning))
        _tell_cached(run)
        run.agenda.add(twins(plan.steps, run.firsts), keep)
        served = [step for step in plan.steps if step.node.id in run.served]
        again = [s.node.id for s in served if s.spec.shows_anyway or s.node.id in keep]
        run.agenda.enter([*plan.roots, *again])
        _loop(run)
    return {name: run.agenda.values[name] for name in keep if name in run.agenda.values}


def _tell_cached(run: Run) -> None:
    """Which results are there, and what those said that nothing needs."""
    cached = [s for s in run.plan.steps if s.node.id in run.served or s.node.id in run.unneeded]
    if cached:
        run.tell(NodesCached(node_ids=tuple([step.node.id for step in cached])))
    for step in cached:
        words = run.unneeded.get(step.node.id, ())
        run.say(step, said_again(words, run.settings.outputs))


def _loop(run: Run) -> None:
    visits: dict[str, Visit] = {}
    while True:
        _resume(run)
        if run.stop.requested:
            _save_what_there_is(run)
            raise Cancelled
        name = run.agenda.next()
        if name is not None:
            _visit(run, name, visits)
        elif run.background.outstanding:
            _resume(run, POLL)
        elif run.agenda.waiting():
            _fail_circle(run)
        else:
            return


def _visit(run: Run, name: str, visits: dict[str, Visit]) -> None:
    """Go on with one node, for the first time or again."""
    cause = run.agenda.cause(name)
    if cause is not None:
        run.tell(NodeBlocked(node_id=name, by=cause))
        _kill(run, name, cause)
        return
    step = run.agenda.steps[name]
    visit = visits.pop(name, None)
    if visit is None:
        visit = Visit(run, step)
        run.tell(NodeStarted(node_id=name))
        if _take_over(run, visit):
            return
    try:
        outputs = visit.go_on()
    except (Cancelled, KeyboardInterrupt):
        seconds = time.perf_counter() - visit.start
        run.tell(NodeInterrupted(node_id=name, seconds=seconds, ui=visit.ui))
        raise
    except BaseException as error:  # a node that calls sys.exit has failed, like any other
        _fail(run, visit, error)
    else:
        if outputs is None:
            visits[name] = visit
        else:
            _finish(run, visit, outputs)


def _take_over(run: Run, visit: Visit) -> bool:
    """Finish a node with what the store, or a node that does the same, has for it."""
    step = visit.step
    stored = run.served.pop(step.node.id, None)
    if stored is None and step.twin in run.shareable:
        twin = run.agenda.values.get(step.twin)
        stored = Stored(twin, run.shareable[step.twin]) if twin is not None else None
    if stored is None:
        return False
    try:
        stored = brought_back(stored, run.settings.outputs)
    except OSError as error:
        message = f"a stored file cannot be written, so the node runs: {error.strerror or error}"
        run.say(step, [{"notice": ["store_failed", message, None, "warning", None]}])
        run.agenda.suspend(step.node.id, step.needs)
        return True
    visit.ui = {key: list(values) for key, values in stored.ui.items()}
    run.say(step, stored.said)
    _finish(run, visit, stored.outputs, cached=True)
    return True


def _finish(run: Run, visit: Visit, outputs: Any, *, cached: bool = False) -> None:
    step, name = visit.step, visit.step.node.id
    if not cached:
        run.look_back(step)
    if step.identity and name not in run.astray:
        whole = is_whole(run, step, outputs) if not cached else None not in outputs
        if whole:
            run.shareable[name] = visit.ui
        stored = kept(visit, outputs, whole=whole) if not cached else None
        if stored is not None:
            run.put(step, stored)
    pairs = zip(step.spec.outputs, outputs, strict=False)
    run.tell(
        NodeFinished(
            node_id=name,
            seconds=time.perf_counter() - visit.start,
            peak_mb=peak_mb(),
            cached=cached,
            outputs=tuple(
                [f"{o.name}: {described(found)}" for o, found in pairs if found is not None]
            ),
            ui=visit.ui,
        )
    )
    run.agenda.finish(name, outputs)


def _fail(run: Run, visit: Visit, error: BaseException) -> None:
    failed = blame(run, visit, error, time.perf_counter() - visit.start)
    if not run.keep_going:
        raise failed from error
    run.failures.append(failed)
    _kill(run, visit.step.node.id, visit.step.node.id)


def _fail_circle(run: Run) -> None:
    """Nodes wait for each other: the one that built the graph of it has failed."""
    guilty, failed = circular(run)
    if not run.keep_going:
        raise failed
    run.failures.append(failed)
    _kill(run, guilty, guilty)


def _kill(run: Run, name: str, cause: str) -> None:
    for blocked in run.agenda.kill(name, cause):
        run.tell(NodeBlocked(node_id=blocked, by=cause))


def _resume(run: Run, wait: float = 0.0) -> None:
    """Make nodes ready again whose coroutines have ended."""
    if run.background.outstanding:
        name = run.background.finished(wait)
        while name is not None:
            run.agenda.resume(name)
            name = run.background.finished()


def _save_what_there_is(run: Run) -> None:
    """Run the nodes that write files from values that are there: a trained model is not lost."""
    for step in run.plan.steps:
        writes = any(spec.resource == "output_file" for spec in step.spec.inputs)
        here = all(source in run.agenda.values for source in step.uses)
        if writes and here and step.node.id not in run.agenda.over:
            _visit(run, step.node.id, {})


@contextmanager
def _finishing(run: Run) -> Iterator[None]:
    start = time.perf_counter()
    status: Status = "failed"
    try:
        yield
        status = "failed" if run.failures else "success"
    except (Cancelled, KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        run.background.close()
        run.stop.over = True
        seconds = time.perf_counter() - start
        run.tell(RunFinished(status=status, seconds=seconds, peak_mb=peak_mb()))


def _infos(plan: Plan) -> tuple[NodeInfo, ...]:
    return tuple(
        NodeInfo(
            node_id=step.node.id,
            class_type=step.spec.class_type,
            title=step.node.title or step.spec.title,
            identity=step.identity,
        )
        for step in plan.steps
    )
