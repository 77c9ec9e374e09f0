"""What holds for all tests."""

import os
import secrets

import pytest

from graphrun.cli.quiet import DEFAULTS

# As the command line does, before any test imports torch: its threads read this only once.
for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    """No test is served what another one, or the user, has kept; made when it is written to."""
    folder = tmp_path_factory.getbasetemp() / "caches" / secrets.token_hex(8)
    monkeypatch.setenv("GRAPHRUN_CACHE", str(folder))
