"""Tests in processes of their own: several at once, or one that is measured."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from graphrun import children
from graphrun.errors import Diagnostic
from graphrun.testing.model import Result, Test

LAST = 20
"""Lines shown of what a process said that ended without a result."""


@dataclass
class Workers:
    """Runs tests by the command line, `options` of which are those for all tests."""

    options: Sequence[str] = ()
    number: int = 1
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: bool = False
    _lock: Lock = field(default_factory=Lock)

    def each(self, tests: Sequence[Test]) -> Iterator[Result]:
        """The results in the order of the tests, each as soon as it and those before are there.

        Whoever stops asking ends the processes that are left.
        """
        pool = ThreadPoolExecutor(self.number)
        try:
            yield from pool.map(self.one, tests)
        finally:
            self.stop()
            pool.shutdown(cancel_futures=True)

    def one(self, test: Test) -> Result:
        """A test in a process of its own; one that ends without a result is an error."""
        if "skip" in test.table:
            return Result(test, "skipped", reason=test.table["skip"])
        command = [*children.python(), "test", "--here", "--json", *self.options]
        with self._lock:
            if self._stopped:
                return Result(test, "skipped", reason="the tests were stopped")
            process = subprocess.Popen(
                [*command, "--", test.id],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env=self._environment(),
            )
            self._running.add(process)
        try:
            out, err = process.communicate()
        except BaseException:  # interrupted: it is not to go on alone
            process.terminate()
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return _result(test, out, err, process.returncode)

    def stop(self) -> None:
        """End the processes that run; none begins after that."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with suppress(OSError):
                    process.terminate()

    def _environment(self) -> dict[str, str]:
        return {**children.threads(self.number, os.environ), **os.environ}


def _result(test: Test, out: str, err: str, code: int) -> Result:
    try:
        document = json.loads(out)
        if "tests" in document:
            (fields,) = document["tests"]
            return Result.from_json(test, fields)
        said = [Diagnostic(one["code"], one["message"]) for one in document["diagnostics"]]
    except (ValueError, KeyError, TypeError):
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = "\n  ".join(err.rstrip().splitlines()[-LAST:])
        message = f"the process of the test ended without a result ({how})"
        said = [test.finding("test_crashed", message, hint=last or None)]
    return Result(test, "error", findings=said)
