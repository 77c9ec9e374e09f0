"""The libraries' surroundings: environment defaults, and their output folded into the run's."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from graphrun.catalog.running import CALL
from graphrun.report import LIBRARY

DEFAULTS = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    # Texts are encoded one by one in loader processes; threads there would only fight for cores.
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that spin while they wait take the cores from loader processes and from whatever
    # else the machine does: a training on two busy cores took four times as long.
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Read by the libraries when they are imported, hence set before; the user's own values win."""


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _tell(f"{record.name}: {record.getMessage()}")


def surround() -> None:
    """Set the defaults: before anything asks a library, be it only for the hub's address."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


@contextmanager
def folded() -> Iterator[None]:
    """Turn the libraries' warnings and log records into notices of the node that is running."""
    surround()
    handler, root = _Handler(logging.WARNING), logging.getLogger()
    root.addHandler(handler)
    before = warnings.showwarning
    warnings.showwarning = _show  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = before
        root.removeHandler(handler)


def _show(message: Warning | str, category: type[Warning], *_: object) -> None:
    _tell(f"{category.__name__}: {message}")


def _tell(text: str) -> None:
    CALL.get().notice(text, code=LIBRARY, input=None, severity="warning", hint=None)
