"""Stand-in: videos as values, under an older name."""

from __future__ import annotations

from ..latest._input_impl import *  # noqa: F403
from ..latest._input_impl import __getattr__ as __getattr__
