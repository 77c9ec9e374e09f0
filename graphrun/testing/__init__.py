"""Tests of workflows: what a run of them has to do, beside them in `NAME.test.toml`.

from graphrun.testing import collect, run

for test in collect(["workflows"]):
    result = run(test)
    print(test.id, result.outcome, result.message)
"""

from graphrun.testing.collecting import collect
from graphrun.testing.model import SUFFIX, Result, Test
from graphrun.testing.running import Around, run

__all__ = ["SUFFIX", "Around", "Result", "Test", "collect", "run"]
