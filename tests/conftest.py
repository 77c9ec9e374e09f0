"""What holds for all tests."""

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest

from graphrun.cli.quiet import DEFAULTS

# As the command line does, before any test imports torch: its threads read this only once.
for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)

CACHES = Path(tempfile.mkdtemp(prefix="graphrun-tests-"))
NUMBERS = count(1)
os.environ["GRAPHRUN_CACHE"] = str(CACHES / "shared")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch):
    """No test is served what another one computed, nor what the user has."""
    monkeypatch.setenv("GRAPHRUN_CACHE", str(CACHES / str(next(NUMBERS))))


def pytest_unconfigure():
    shutil.rmtree(CACHES, ignore_errors=True)
