"""Holding a folder: one process and thread at a time, for as long as it takes.

The system takes the lock back from a process that ends, however it ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from graphrun.catalog.running import cancelled
from graphrun.errors import Cancelled

try:
    import fcntl
except ImportError:  # Windows: two runs that train the same then both do
    fcntl = None  # type: ignore[assignment]

POLL = 0.1
"""Seconds between two tries."""

PATIENCE = 0.5
"""Seconds before it is said that somebody else is waited for."""

_OPEN: set[int] = set()
"""Descriptors of what this process holds."""


class Holding:
    """The lock of a folder: a file in it that says which process has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self, waiting: Callable[[str], None] = lambda who: None) -> None:
        """Take the lock, as soon as nobody has it; `waiting` is told once by whom it is had.

        Raises:
            Cancelled: the run was asked to stop while it waited.
            OSError: the file cannot be written.
        """
        start, told = time.monotonic(), False
        while not self.try_to_take():
            if cancelled():
                raise Cancelled
            if not told and time.monotonic() - start >= PATIENCE:
                waiting(self._holder())
                told = True
            time.sleep(POLL)

    def try_to_take(self) -> bool:
        """Take the lock unless somebody has it; whether it is held now.

        Raises:
            OSError: the file cannot be written.
        """
        while self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if not _locked(file):
                    os.close(file)
                    return False
                # Whoever removes a folder removes the file that others wait at.
                if not _is_at(file, self.path):
                    os.close(file)
                    continue
                os.truncate(file, 0)
                os.pwrite(file, str(os.getpid()).encode(), 0)
            except BaseException:
                with suppress(OSError):
                    os.close(file)
                raise
            self._file = file
            _OPEN.add(file)
        return True

    def release(self) -> None:
        if self._file is not None:
            _OPEN.discard(self._file)
            os.close(self._file)
            self._file = None

    def _holder(self) -> str:
        with suppress(OSError, ValueError):
            return f"process {int(self.path.read_bytes()[:20])}"
        return "another process"


def _locked(file: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _let_go() -> None:
    """A process that was forked would hold the lock for as long as it lives."""
    for file in _OPEN:
        with suppress(OSError):
            os.close(file)
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
