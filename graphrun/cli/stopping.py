"""Ctrl-C and other signals as a request to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphrun.cli import render

if TYPE_CHECKING:
    from graphrun.execute import Stop


@contextmanager
def interrupts(stop: Stop, word: str = "stopping at the next step") -> Iterator[None]:
    """The first Ctrl-C asks the run to stop at its next step; the second ends it at once.

    So do the signals with which schedulers and closing terminals end a process. While the report
    is written they are ignored. Processes that are forked meanwhile, such as a loader's, leave
    Ctrl-C to this one, and end at the others as usual.
    """
    own = os.getpid()

    def ask(number: int, frame: Any) -> None:
        if os.getpid() != own:
            if number != signal.SIGINT:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        if stop.over:
            return
        if stop.requested:
            stop.over = True
            raise KeyboardInterrupt
        stop.request()
        render.err(f"{word}; Ctrl-C again ends the run at once")

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {one: signal.signal(one, ask) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
