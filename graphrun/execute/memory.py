"""Memory: the process's peak, and the garbage collector around many long-lived objects."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def peak_mb() -> float | None:
    """Peak resident memory of this process in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@contextmanager
def uncollected() -> Iterator[None]:
    """Make documents and plans without garbage collection.

    They hold no cycles and stay; every pass of the collector would walk all of them again, which
    makes the cost of a node grow with the number of nodes.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def set_aside() -> Iterator[None]:
    """Have the collector leave alone, until the end, what is there at the beginning."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
