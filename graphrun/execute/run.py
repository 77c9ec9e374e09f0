"""Plan → events: the loop."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from graphrun.cache import MemoryStore, Outputs, Store
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import CALL
from graphrun.errors import (
    Cancelled,
    Diagnostic,
    GraphrunError,
    InputError,
    NodeError,
    Severity,
)
from graphrun.execute.call import call, gather, summaries
from graphrun.execute.events import (
    Metric,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeStarted,
    Notice,
    Observer,
    Progress,
    RunFinished,
    RunStarted,
    Status,
)
from graphrun.execute.memory import peak_mb
from graphrun.plan import Plan, Step


class Stop:
    """A request to stop, set from a signal handler or another thread."""

    def __init__(self) -> None:
        self.requested = False

    def request(self) -> None:
        self.requested = True


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

    Raises:
        NodeError: a node raised; the original exception is its `__cause__`.
        Cancelled: `stop` was requested.
    """
    # Not `store or ...`: a store that is still empty is false.
    store = MemoryStore() if store is None else store
    run = _Run(plan, catalog, settings, tuple(observers), store, stop or Stop())
    infos = tuple(_info(step) for step in plan.steps)
    run.tell(RunStarted(name=plan.prompt.name, seed=plan.seed, nodes=infos))
    for warning in plan.warnings:
        run.tell(Notice(diagnostic=warning))
    with _finishing(run):
        for step in plan.steps:
            if run.stop.requested:
                raise Cancelled
            run.values[step.node.id] = _perform(run, step)
            _release(run, step)


@dataclass
class _Run:
    """The state of one execution: values that somebody still needs."""

    plan: Plan
    catalog: Catalog
    settings: Settings
    observers: tuple[Observer, ...]
    store: Store
    stop: Stop
    values: dict[str, Outputs] = field(default_factory=dict)
    waiting: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for step in self.plan.steps:
            self.waiting.update(link.node_id for _, link in step.node.links())

    def tell(self, event: Any) -> None:
        for observer in self.observers:
            observer(event)


@dataclass
class _Call:
    """The engine's side of a running node (`catalog.running.Call`)."""

    run: _Run
    step: Step
    ui: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.run.settings

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None:
        if self.run.stop.requested:
            raise Cancelled
        node_id = self.step.node.id
        self.run.tell(Progress(node_id=node_id, step=step, total=total, metrics=metrics))

    def metric(self, values: Mapping[str, Any]) -> None:
        self.run.tell(Metric(node_id=self.step.node.id, values=values))

    def notice(
        self, message: str, *, code: str, input: str | None, severity: Severity, hint: str | None
    ) -> None:
        found = Diagnostic(code, message, self.step.node.id, input, severity, hint)
        self.run.tell(Notice(diagnostic=self.run.plan.prompt.located(found)))

    def show(self, ui: Mapping[str, list[Any]]) -> None:
        for key, values in ui.items():
            self.ui.setdefault(key, []).extend(values)

    def cancelled(self) -> bool:
        return self.run.stop.requested


def _perform(run: _Run, step: Step) -> Outputs:
    """One step: from the store if it is there, else by calling the node."""
    run.tell(NodeStarted(node_id=step.node.id))
    start = time.perf_counter()
    key = step.identity if step.spec.storable else None
    stored = run.store.get(key) if key else None
    outputs, ui = stored or _call(run, step, start)
    if key and not stored:
        run.store.put(key, (outputs, ui))
    run.tell(
        NodeFinished(
            node_id=step.node.id,
            seconds=time.perf_counter() - start,
            peak_mb=peak_mb(),
            cached=stored is not None,
            outputs=tuple(
                f"{o.name}: {summaries({'': v})['']}"
                for o, v in zip(step.spec.outputs, outputs, strict=True)
            ),
            ui=ui,
        )
    )
    return outputs


def _call(run: _Run, step: Step, start: float) -> tuple[Outputs, Mapping[str, list[Any]]]:
    inputs = gather(step.node, step.spec, run.values, run.plan.prompt)
    here = _Call(run, step)
    token = CALL.set(here)
    try:
        pack = run.catalog.pack(step.spec.class_type)
        function = pack.function(step.spec)
        with pack.surround(_seed(run, step)):
            return call(function, step.spec, inputs), here.ui
    except Exception as error:
        _fail(run, step, error, inputs, time.perf_counter() - start)
    finally:
        CALL.reset(token)


def _fail(
    run: _Run, step: Step, error: Exception, inputs: Mapping[str, list[Any]], seconds: float
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


def _seed(run: _Run, step: Step) -> int:
    """A seed for the node's random numbers, from the run's seed and what the node is.

    So that results depend neither on the order of nodes nor on what was served from a store.
    """
    from graphrun.plan.identity import digest

    key = step.identity or step.node.id
    return int(digest(["seed", run.plan.seed, key])[:15], 16)


def _release(run: _Run, step: Step) -> None:
    for _, link in step.node.links():
        run.waiting[link.node_id] -= 1
        if run.waiting[link.node_id] <= 0:
            run.values.pop(link.node_id, None)
    if not run.waiting[step.node.id]:
        run.values.pop(step.node.id, None)


@contextmanager
def _finishing(run: _Run) -> Any:
    start, status = time.perf_counter(), "failed"
    try:
        yield
        status = "success"
    except (Cancelled, KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        ended: Status = status  # type: ignore[assignment]
        run.tell(RunFinished(status=ended, seconds=time.perf_counter() - start, peak_mb=peak_mb()))


def _info(step: Step) -> NodeInfo:
    return NodeInfo(
        node_id=step.node.id,
        class_type=step.spec.class_type,
        title=step.node.title or step.spec.title,
        identity=step.identity,
    )
