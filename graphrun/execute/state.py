"""The state of one run: what is still needed, who is told, and whether to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrun.cache import Outputs, Store
from graphrun.catalog import Catalog, Settings
from graphrun.errors import Cancelled, Diagnostic, Severity
from graphrun.execute.events import Event, Metric, Notice, Observer, Progress
from graphrun.plan import Plan, Step


class Stop:
    """A request to stop, set from a signal handler or another thread.

    `over` says that the run has ended and only its report is being written.
    """

    def __init__(self) -> None:
        self.requested = False
        self.over = False

    def request(self) -> None:
        self.requested = True


@dataclass
class Run:
    """One execution: values that somebody still needs, and the observers that still listen."""

    plan: Plan
    catalog: Catalog
    settings: Settings
    observers: list[Observer]
    store: Store
    stop: Stop
    values: dict[str, Outputs] = field(default_factory=dict)
    waiting: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for step in self.plan.steps:
            self.waiting.update(link.node_id for _, link in step.node.links())

    def tell(self, event: Event) -> None:
        """Hand an event to every observer. One that raises is told nothing more.

        A view whose terminal has gone, or a log on a full disk, must not cost a training.
        """
        for observer in tuple(self.observers):
            try:
                observer(event)
            except Exception as error:
                self.observers.remove(observer)
                name = type(observer).__name__
                message = f"{name} stopped listening: {type(error).__name__}: {error}"
                lost = Diagnostic("observer_failed", message, severity="warning")
                self.tell(Notice(diagnostic=lost))

    def release(self, step: Step) -> None:
        """Let go of values whose last consumer this step was."""
        for _, link in step.node.links():
            self.waiting[link.node_id] -= 1
            if self.waiting[link.node_id] <= 0:
                self.values.pop(link.node_id, None)
        if not self.waiting[step.node.id]:
            self.values.pop(step.node.id, None)


@dataclass
class NodeCall:
    """The engine's side of a running node (`catalog.running.Call`)."""

    run: Run
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
