"""Plan → events: the loop."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

from graphrun.cache import MemoryStore, Outputs, Store
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import CALL
from graphrun.errors import Cancelled, Diagnostic, GraphrunError, InputError, NodeError
from graphrun.execute.call import call, gather, summaries
from graphrun.execute.events import (
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeInterrupted,
    NodeStarted,
    Notice,
    Observer,
    RunFinished,
    RunStarted,
    Status,
)
from graphrun.execute.memory import peak_mb
from graphrun.execute.state import NodeCall, Run, Stop
from graphrun.plan import Plan, Step
from graphrun.plan.identity import digest


def execute(
    plan: Plan,
    catalog: Catalog,
    settings: Settings,
    *,
    observers: Iterable[Observer] = (),
    store: Store | None = None,
    stop: Stop | None = None,
) -> None:
    """Run every step of a plan in order and tell the observers.

    Values are released when their last consumer has run. The first node that fails ends the run.
    After a stop, nodes that only write a finished value to a file still run.

    Raises:
        NodeError: a node raised; the original exception is its `__cause__`.
        Cancelled: `stop` was requested.
    """
    # Not `store or ...`: a store that is still empty is false.
    store = MemoryStore() if store is None else store
    run = Run(plan, catalog, settings, list(observers), store, stop or Stop())
    infos = tuple(_info(step) for step in plan.steps)
    with _finishing(run):
        run.tell(RunStarted(name=plan.prompt.name, seed=plan.seed, nodes=infos))
        for warning in plan.warnings:
            run.tell(Notice(diagnostic=warning))
        for index, step in enumerate(plan.steps):
            if run.stop.requested:
                _save_what_there_is(run, plan.steps[index:])
                raise Cancelled
            _perform(run, step)


def _save_what_there_is(run: Run, steps: Iterable[Step]) -> None:
    """Run the nodes that write files from values that are there: a trained model is not lost."""
    for step in steps:
        writes = any(spec.resource == "output_file" for spec in step.spec.inputs)
        if writes and all(link.node_id in run.values for _, link in step.node.links()):
            _perform(run, step)


def _perform(run: Run, step: Step) -> None:
    """One step: from the store if it is there, else by calling the node."""
    run.tell(NodeStarted(node_id=step.node.id))
    start = time.perf_counter()
    key = step.identity if step.spec.storable else None
    stored = run.store.get(key) if key else None
    outputs, ui = stored or _call(run, step, start)
    if key and not stored:
        run.store.put(key, (outputs, ui))
    pairs = zip(step.spec.outputs, outputs, strict=True)
    run.tell(
        NodeFinished(
            node_id=step.node.id,
            seconds=time.perf_counter() - start,
            peak_mb=peak_mb(),
            cached=stored is not None,
            outputs=tuple(f"{o.name}: {summaries({'': v})['']}" for o, v in pairs),
            ui=ui,
        )
    )
    run.values[step.node.id] = outputs
    run.release(step)


def _call(run: Run, step: Step, start: float) -> tuple[Outputs, Mapping[str, list[Any]]]:
    inputs = gather(step.node, step.spec, run.values, run.plan.prompt)
    here = NodeCall(run, step)
    token = CALL.set(here)
    try:
        pack = run.catalog.pack(step.spec.class_type)
        function = pack.function(step.spec)
        with pack.surround(_seed(run, step)):
            return call(function, step.spec, inputs), here.ui
    except (Cancelled, KeyboardInterrupt):
        seconds = time.perf_counter() - start
        run.tell(NodeInterrupted(node_id=step.node.id, seconds=seconds, ui=here.ui))
        raise
    except Exception as error:
        _fail(run, step, error, inputs, time.perf_counter() - start)
    finally:
        CALL.reset(token)


def _fail(
    run: Run, step: Step, error: Exception, inputs: Mapping[str, list[Any]], seconds: float
) -> NoReturn:
    """Blame the node: its label, the place of the input in the file, what it was given."""
    label, node_id = step.node.label, step.node.id
    if isinstance(error, InputError):
        found = Diagnostic(error.code, f"{label}: {error}", node_id, error.input, hint=error.hint)
    elif isinstance(error, GraphrunError):
        first = error.diagnostics[0]
        found = replace(first, message=f"{label}: {first.message}", node_id=node_id)
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        found = Diagnostic("node_failed", f"{label}: {text}", node_id)
    found = run.plan.prompt.located(found)
    given = summaries(inputs)
    run.tell(
        NodeFailed(
            node_id=node_id,
            seconds=seconds,
            diagnostic=found,
            inputs=given,
            traceback="".join(traceback.format_exception(error)),
        )
    )
    raise NodeError(found, class_type=step.spec.class_type, inputs=given) from error


def _seed(run: Run, step: Step) -> int:
    """A seed for the node's random numbers, from the run's seed and what the node is.

    So that results depend neither on the order of nodes nor on what was served from a store.
    """
    key = step.identity or step.node.id
    return int(digest(["seed", run.plan.seed, key])[:15], 16)


@contextmanager
def _finishing(run: Run) -> Iterator[None]:
    start = time.perf_counter()
    status: Status = "failed"
    try:
        yield
        status = "success"
    except (Cancelled, KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        run.stop.over = True
        seconds = time.perf_counter() - start
        run.tell(RunFinished(status=status, seconds=seconds, peak_mb=peak_mb()))


def _info(step: Step) -> NodeInfo:
    return NodeInfo(
        node_id=step.node.id,
        class_type=step.spec.class_type,
        title=step.node.title or step.spec.title,
        identity=step.identity,
    )
