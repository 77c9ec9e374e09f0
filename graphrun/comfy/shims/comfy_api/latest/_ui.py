"""Stand-in: the namespace `ui`, under the name that packs import it by."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.ui import *  # noqa: F403

__getattr__ = names("comfy_api.latest._ui")
