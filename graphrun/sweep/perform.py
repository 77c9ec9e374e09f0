"""The loop of a sweep: members start when there is room and what they wait for is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from graphrun.errors import ExitCode
from graphrun.execute import Stop
from graphrun.sweep.record import Entry, Record
from graphrun.sweep.runner import Ended, Job, Runner, Said
from graphrun.sweep.sharing import Wait
from graphrun.sweep.watching import Watch

POLL = 0.1
"""Seconds between two looks at what members write."""

Say = Callable[[Entry, str], None]


@dataclass
class Sweep:
    """Members in the order in which they start, and how each of them is started.

    `job` makes the command of an entry for a slot, and gives it its folder.
    """

    record: Record
    order: Sequence[Entry]
    waits: Mapping[int, Sequence[Wait]]
    job: Callable[[Entry, int], Job]
    runner: Runner
    jobs: int = 1
    _slots: dict[int, int] = field(default_factory=dict, init=False)
    _watches: dict[int, Watch] = field(default_factory=dict, init=False)
    _began: dict[int, float] = field(default_factory=dict, init=False)
    _last: dict[int, str] = field(default_factory=dict, init=False)

    def run(self, stop: Stop, say: Say) -> None:
        """Run what is not finished yet. What a failure means for others is nothing."""
        asked = False
        by_number = {one.member.number: one for one in self.order}
        try:
            while self._slots or self._startable(stop):
                for entry in self._ready() if not stop.requested else ():
                    self._start(entry, say)
                if stop.requested and not asked:
                    asked = True
                    self.runner.interrupt()
                event = self.runner.next(POLL)
                while event is not None:
                    entry = by_number[event.number]
                    if isinstance(event, Said):
                        self._hear(entry, event.line, say)
                    else:
                        self._end(entry, event, say)
                    event = self.runner.next(0)
                for number in self._slots:
                    self._watches[number].look()
        except KeyboardInterrupt:  # the second one
            self.runner.kill()
            for number in self._slots:
                by_number[number].status = "interrupted"
                by_number[number].exit_code = ExitCode.INTERRUPTED

    def _startable(self, stop: Stop) -> bool:
        return not stop.requested and any(one.status == "pending" for one in self.order)

    def _ready(self) -> list[Entry]:
        room = self.jobs - len(self._slots)
        pending = (one for one in self.order if one.status == "pending")
        return [one for one in pending if self._may_start(one)][:room] if room > 0 else []

    def _may_start(self, entry: Entry) -> bool:
        for wait in self.waits.get(entry.member.number, ()):
            other = next(o for o in self.order if o.member.number == wait.number)
            if other.status == "pending":
                return False
            if other.status == "running" and not self._watches[wait.number].is_over(wait):
                return False
        return True

    def _start(self, entry: Entry, say: Say) -> None:
        number = entry.member.number
        slot = next(n for n in range(self.jobs) if n not in self._slots.values())
        job = self.job(entry, slot)
        assert entry.folder is not None
        self._slots[number], self._began[number] = slot, time.monotonic()
        self._watches[number] = Watch(self.record.folder / entry.folder)
        entry.status = "running"
        self.record.write()
        say(entry, "starts")
        self.runner.start(job)

    def _hear(self, entry: Entry, line: str, say: Say) -> None:
        number = entry.member.number
        if "error[" not in self._last.get(number, ""):
            self._last[number] = line
        say(entry, line)

    def _end(self, entry: Entry, event: Ended, say: Say) -> None:
        number = entry.member.number
        del self._slots[number]
        entry.seconds = time.monotonic() - self._began[number]
        entry.exit_code = event.code
        words = {0: "finished", int(ExitCode.INTERRUPTED): "interrupted"}
        entry.status = "failed"
        if event.code in words:
            entry.status = "finished" if event.code == 0 else "interrupted"
        entry.read(self.record.folder)
        if entry.status == "failed" and entry.error is None:
            entry.error = self._why(number, event.code)
        self.record.write()
        say(entry, words.get(event.code, f"failed: {entry.error}"))

    def _why(self, number: int, code: int) -> str:
        last = self._last.get(number, "")
        if "error[" in last:
            return last
        ended = f"signal {-code} ended it" if code < 0 else f"exit code {code}"
        return f"{ended}, after {last.strip()!r}" if last else ended
