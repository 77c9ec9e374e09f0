"""What holds for all tests."""

import os

from graphrun.cli.quiet import DEFAULTS

# As the command line does, before any test imports torch: its threads read this only once.
for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)
