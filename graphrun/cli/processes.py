"""Runs of several processes, as `torchrun` and `accelerate launch` start them.

All do the same graph. The first has the run folder, the view, the cache and the saved files; what
the others write goes into a folder that is gone afterwards, and they speak only of what ends them.
"""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphrun.cli import render
from graphrun.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Process:
    """This process: `rank` of `world`, and `local` among those of this machine, all from 0."""

    rank: int = 0
    world: int = 1
    local: int = 0

    @classmethod
    def current(cls) -> Process:
        """What the variables say that launchers set; the only one where they are not set."""
        found = [os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
        if "MASTER_ADDR" not in os.environ or not (found[0].isdecimal() and found[1].isdecimal()):
            return cls()
        return cls(int(found[0]), int(found[1]), int(found[2]) if found[2].isdecimal() else 0)

    @property
    def aside(self) -> bool:
        """Whether another process writes."""
        return self.rank > 0

    def tell(self, found: Iterable[Diagnostic]) -> None:
        """Say what ends this process; one line, since the first one may say the same at length."""
        for one in found:
            message = str(one.message).strip().partition("\n")[0]
            render.aloud(f"process {self.rank + 1} of {self.world}: {one.code}: {message}")


@contextmanager
def speaking(verb: str | None) -> Iterator[Process]:
    """The process, hushed if another one speaks for it. Other verbs than `run` are not shared."""
    own = Process.current() if verb == "run" else Process()
    if not own.aside:
        yield own
        return
    with render.hushed():
        yield own


@contextmanager
def placed(options: Namespace, own: Process) -> Iterator[Namespace]:
    """The options of a run, with another folder for what nobody is to find."""
    if own.world > 1:
        # Read when torch is loaded. Hooks of gradients are looked for where there may be none, and
        # every process would be told on stderr that this takes time.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if not own.aside:
        yield options
        return
    with tempfile.TemporaryDirectory(prefix="graphrun-") as folder:
        yield Namespace(**{**vars(options), "out": Path(folder), "quiet": True, "json": False})
