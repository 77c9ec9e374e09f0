"""Stand-in: parts of videos."""

from __future__ import annotations

from . import *  # noqa: F403
from . import __getattr__ as __getattr__
