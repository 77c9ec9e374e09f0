"""Where members run: a small interface, and processes of this machine behind it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Job:
    """A command that runs one member; `log` is the file that everything it says goes into."""

    number: int
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a job, without its end."""

    number: int
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over. A code below 0 is the signal that ended it."""

    number: int
    code: int


Event = Said | Ended


class Runner(Protocol):
    """Starts jobs and tells what becomes of them. One that cannot start ends with a code."""

    def start(self, job: Job) -> None: ...

    def next(self, seconds: float) -> Event | None:
        """The next thing that happened, None if nothing does within this time."""
        ...

    def interrupt(self) -> None:
        """Ask every job to stop, as Ctrl-C does: it saves how far it is."""
        ...

    def kill(self) -> None:
        """End every job at once."""
        ...


class LocalProcesses:
    """A process a job, in a session of its own: Ctrl-C on the terminal is for the sweep alone."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, job: Job) -> None:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            process = subprocess.Popen(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **job.environment},
                start_new_session=True,
            )
        except OSError as error:
            self._events.put(Said(job.number, f"it could not be started: {error}"))
            self._events.put(Ended(job.number, 1))
            return
        self._running[job.number] = process
        threading.Thread(target=self._follow, args=(job, process), daemon=True).start()

    def next(self, seconds: float) -> Event | None:
        with suppress(queue.Empty):
            return self._events.get(timeout=seconds)
        return None

    def interrupt(self) -> None:
        for process in tuple(self._running.values()):
            with suppress(OSError):
                process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        for process in tuple(self._running.values()):
            with suppress(OSError):
                if hasattr(os, "killpg"):  # with the processes that it started
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()

    def _follow(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout, job.log.open("ab") as log:
            for line in process.stdout:
                with suppress(OSError):  # a full disk costs the log alone
                    log.write(line)
                    log.flush()
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self._events.put(Said(job.number, text))
        code = process.wait()
        self._running.pop(job.number, None)
        self._events.put(Ended(job.number, code))


def device(slot: int, environment: Mapping[str, str]) -> dict[str, str]:
    """One of several GPUs that the user made visible; members take turns."""
    named: Sequence[str] = [
        one.strip() for one in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if one.strip()
    ]
    return {"CUDA_VISIBLE_DEVICES": named[slot % len(named)]} if len(named) > 1 else {}
