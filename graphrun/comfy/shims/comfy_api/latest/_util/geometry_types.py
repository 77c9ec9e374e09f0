"""Stand-in: models in space."""

from __future__ import annotations

from . import *  # noqa: F403
from . import __getattr__ as __getattr__
