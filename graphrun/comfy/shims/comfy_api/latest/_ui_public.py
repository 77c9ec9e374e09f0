"""Stand-in: the namespace `ui`."""

from __future__ import annotations

from ._ui import *  # noqa: F403
from ._ui import __getattr__ as __getattr__
