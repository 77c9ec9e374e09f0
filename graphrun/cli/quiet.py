"""The libraries' surroundings: environment defaults, and their output folded into the run's."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(f"{record.name}: {record.getMessage()}")


@contextmanager
def folded(tell: Callable[[str], None]) -> Iterator[None]:
    """Hand the libraries' warnings and log records to `tell`, each once."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    said: set[str] = set()

    def once(text: str) -> None:
        if text not in said:
            said.add(text)
            tell(text)

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        once(f"{category.__name__}: {message}")

    handler = _Handler(once)
    root, before = logging.getLogger(), warnings.showwarning
    root.addHandler(handler)
    warnings.showwarning = show  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = before
        root.removeHandler(handler)
        sys.stderr.flush()
