"""Stand-in for version 0.0.2 of the node API, which is the latest here."""

from __future__ import annotations

from ..latest import *  # noqa: F403
from ..latest import __getattr__ as __getattr__
