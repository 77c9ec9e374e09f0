"""Stand-in: the namespace `ui`."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.output import UIOutput as _UIOutput
from graphrun.comfy.v3.saving import *  # noqa: F403
from graphrun.comfy.v3.saving import __all__ as _saving
from graphrun.comfy.v3.ui import *  # noqa: F403
from graphrun.comfy.v3.ui import __all__ as _public

__all__ = [*_public, *_saving, "_UIOutput"]

__getattr__ = names("comfy_api.latest._ui")
