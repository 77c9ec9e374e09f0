"""Asks the probe, which may crash or hang: this process does not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphrun import children

SECONDS = 120.0
"""How long the imports of one question may take: a slow disk needs a minute for torch."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The probe's lines, and what became of it where it did not come to its end."""

    lines: Sequence[dict[str, Any]]
    ended: str | None = None

    @property
    def guilty(self) -> str | None:
        """What was being imported when it ended."""
        begun = [line["begin"] for line in self.lines if "begin" in line]
        return begun[-1] if self.ended and begun else None


def ask(kind: str, names: Sequence[str], seconds: float = SECONDS) -> Answer:
    """Have the probe import these; whatever happens there comes back as words."""
    command = [*children.python("graphrun.health.probe"), kind, *names]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return Answer(_lines(error.stdout or b""), f"it did not come back within {seconds:.0f} s")
    except OSError as error:
        return Answer((), f"a process could not be started: {error}")
    if done.returncode < 0:
        return Answer(_lines(done.stdout), f"signal {-done.returncode} ended it")
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Answer(_lines(done.stdout), f"exit code {done.returncode}: {last}")
    return Answer(_lines(done.stdout))


def _lines(data: bytes) -> list[dict[str, Any]]:
    found = []
    for line in data.decode("utf-8", "replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:  # cut off in the middle
            continue
    return found
