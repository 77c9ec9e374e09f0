"""Which tests failed last time, for `--lf`; kept in the folder of the cache, by working folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from graphrun.testing.model import Result, Test


class LastFailed:
    """The ids of tests that failed when they ran last, absolute ones."""

    def __init__(self, cache: Path, working: Path) -> None:
        name = hashlib.sha256(str(working.resolve()).encode()).hexdigest()[:16]
        self.path = cache / "tests" / f"{name}.json"

    def read(self) -> set[str]:
        """What is known; nothing if that cannot be read."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return set()
        return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()

    def only(self, tests: Iterable[Test]) -> list[Test]:
        """Those of the tests that failed last time; none if all that is known passed."""
        failed = self.read()
        return [test for test in tests if _id(test) in failed]

    def note(self, results: Iterable[Result]) -> None:
        """Remember what failed now; what did not run stays as it was. A full disk is no failure."""
        results = list(results)
        failed = self.read() - {_id(one.test) for one in results}
        failed |= {_id(one.test) for one in results if not one.ok}
        with suppress(OSError):
            if not failed:
                self.path.unlink(missing_ok=True)
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_suffix(".part")
            beside.write_text(json.dumps(sorted(failed), indent=1), "utf-8")
            beside.replace(self.path)


def _id(test: Test) -> str:
    return f"{test.file.resolve()}::{test.name}"
