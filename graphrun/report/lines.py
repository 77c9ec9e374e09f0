"""The plain view: one line per thing that happened, for pipes and logs."""

from __future__ import annotations

import math
from collections.abc import Callable

from graphrun.execute.events import (
    Event,
    Metric,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodesAdded,
    Notice,
    Progress,
    RunStarted,
)
from graphrun.report.text import LIBRARY, duration, figures, notice, what_begins

EVERY = 10.0
"""Seconds between two progress lines of one node."""


class Lines:
    """An observer that hands lines to `write`.

    `notices_only` leaves out everything but notices; `libraries` adds what libraries said.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        notices_only: bool = False,
        libraries: bool = False,
    ) -> None:
        self._write = write
        self._notices_only, self._libraries = notices_only, libraries
        self._labels: dict[str, str] = {}
        self._done = 0
        self._last = -math.inf
        self._said: set[str] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._notice(event)
        elif not self._notices_only:
            self._event(event)

    def _notice(self, event: Notice) -> None:
        text = notice(event.diagnostic)
        wanted = self._libraries or event.diagnostic.code != LIBRARY
        if wanted and text not in self._said:
            self._said.add(text)
            self._write(f"  {text}")

    def _event(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._labels = {n.node_id: f"{n.node_id} {n.class_type}" for n in event.nodes}
                self._write(f"{event.name}: {what_begins(event)}")
            case NodesAdded():
                self._labels |= {n.node_id: f"{n.node_id} {n.class_type}" for n in event.nodes}
            case Progress():
                self._progress(event)
            case Metric():
                self._write(f"  {self._labels[event.node_id]}: {figures(event.values)}")
            case NodeFinished():
                how = "cached" if event.cached else duration(event.seconds)
                self._write(f"{self._count()} {self._labels[event.node_id]}  {how}")
            case NodeFailed():
                label = self._labels[event.node_id]
                self._write(f"{self._count()} {label}  failed after {duration(event.seconds)}")
            case NodeBlocked():
                label = self._labels[event.node_id]
                self._write(f"{self._count()} {label}  blocked: it needs node {event.by}")

    def _count(self) -> str:
        self._done += 1
        total = str(len(self._labels))
        return f"[{self._done:>{len(total)}}/{total}]"

    def _progress(self, event: Progress) -> None:
        if event.metrics and event.time - self._last >= EVERY:
            self._last = event.time
            place = f"{event.step}/{event.total}"
            self._write(f"  {self._labels[event.node_id]}: {place}  {figures(event.metrics)}")
