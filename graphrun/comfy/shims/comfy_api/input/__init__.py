"""Stand-in: types of values, under an older name."""

from __future__ import annotations

from ..latest._input import *  # noqa: F403
from ..latest._input import __getattr__ as __getattr__
