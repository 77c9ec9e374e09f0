"""Stand-in: parts of values, under an older name."""

from __future__ import annotations

from ..latest._util import *  # noqa: F403
from ..latest._util import __getattr__ as __getattr__
