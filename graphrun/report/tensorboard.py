"""Figures of a run for TensorBoard, in the form that its own writer has."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from graphrun.execute.events import Event, Metric, NodesAdded, Progress, RunFinished, RunStarted

EVERY = 1.0
"""Seconds between two points of a node's progress."""

FOLDER = "tensorboard"


def installed() -> bool:
    """Whether TensorBoard is there. It is not imported."""
    spec = find_spec("tensorboard")
    # A mere folder of that name, such as that of a run, has no origin.
    return spec is not None and spec.origin is not None


class TensorBoard:
    """Writes figures into an event file below `folder` as they are told. An observer.

    Nothing is imported or made before the first figure. A curve is called `<node> <title>/<figure>`
    and goes by the figures' `epoch` or `step`, else by their number; one of progress goes by the
    node's steps and is called so. Numbers are written, tables of numbers are not.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: Any = None
        self._labels: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._shown: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        try:
            self._event(event)
        except BaseException:
            self._close()  # nothing more is told to an observer that raises
            raise

    def _event(self, event: Event) -> None:
        match event:
            case RunStarted() | NodesAdded():
                for node in event.nodes:
                    title = node.title.replace("/", "_")
                    self._labels[node.node_id] = f"{node.node_id} {title}"
            case Metric():
                self._metric(event)
            case Progress() if event.metrics:
                self._progress(event)
            case RunFinished():
                self._close()

    def _metric(self, event: Metric) -> None:
        count = self._counts[event.node_id] = self._counts.get(event.node_id, 0) + 1
        axis = next((name for name in ("epoch", "step") if _counts(event.values.get(name))), None)
        step = int(event.values[axis]) if axis else count
        label = self._labels[event.node_id]
        curves = {f"{label}/{n}": value for n, value in event.values.items() if n != axis}
        self._write(curves, step, event.time)

    def _progress(self, event: Progress) -> None:
        if event.time - self._shown.get(event.node_id, -math.inf) < EVERY:
            return
        self._shown[event.node_id] = event.time
        label = self._labels[event.node_id]
        curves = {f"{label}/{name} by step": value for name, value in event.metrics.items()}
        self._write(curves, event.step, event.time)

    def _write(self, curves: Mapping[str, Any], step: int, time: float) -> None:
        """One record, which the system has at the end: a killed run leaves its curves."""
        from tensorboard.compat.proto.event_pb2 import Event as Record

        record = Record(wall_time=time, step=step)
        for tag, value in curves.items():
            if isinstance(value, int | float):
                record.summary.value.add(tag=tag, simple_value=value)
        if record.summary.value:
            file = self._opened(time)
            file.write(record.SerializeToString())
            file.flush()

    def _opened(self, time: float) -> Any:
        """The event file, named as TensorBoard looks for them."""
        if self._file is None:
            from tensorboard.compat.proto.event_pb2 import Event as Record
            from tensorboard.summary.writer.record_writer import RecordWriter

            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{int(time):010}.{socket.gethostname()}.{os.getpid()}.0"
            self._file = RecordWriter((self.folder / name).open("wb"))
            first = Record(wall_time=time, file_version="brain.Event:2")
            self._file.write(first.SerializeToString())
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _counts(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
