"""Events as lines of JSON, for files and for whoever reads the run's output."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from graphrun.execute.events import Event, NodeFinished, Progress
from graphrun.report.report import finite


class EventLines:
    """An observer that hands every event to `write`, as one line without its end.

    Progress is told about once a second; the figures that matter are metrics.
    `schemas/event.schema.json` describes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last_progress = -math.inf

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress):
            done = event.step == event.total
            if event.time - self._last_progress < 1 and not done:
                return
            self._last_progress = event.time
        fields = event.to_json()
        if isinstance(event, NodeFinished):
            fields["outputs"] = list(event.outputs)
        self._write(json.dumps(finite(fields), ensure_ascii=False))
