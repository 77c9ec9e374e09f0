"""Processes of one's own: how Python is started again, and how many threads each may have."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

THREADS = "OMP_NUM_THREADS"
"""Environment variable with the threads that libraries compute with."""


def python(module: str = "graphrun") -> list[str]:
    """The command of a module of ours.

    The working folder is only searched for modules where it is in this process: what lies there
    may have the name of a library.
    """
    here = {"", str(Path.cwd())} & set(sys.path[:1])
    return [sys.executable, *(() if here else ("-P",)), "-m", module]


def threads(number: int, environment: Mapping[str, str]) -> dict[str, str]:
    """What to set for so many processes beside each other, so that they share the cores.

    Nothing for a single one, or where the user says how many threads there are to be.
    """
    if number < 2 or THREADS in environment:
        return {}
    return {THREADS: str(max(1, _cores() // number))}


def _cores() -> int:
    with suppress(AttributeError, OSError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
