"""Stand-in: the namespace `io`."""

from __future__ import annotations

from ._io import *  # noqa: F403
from ._io import __getattr__ as __getattr__
