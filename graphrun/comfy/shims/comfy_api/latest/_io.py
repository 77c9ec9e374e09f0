"""Stand-in: the namespace `io`, with what packs import of it besides."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.dynamic import declared as create_input_dict_v1
from graphrun.comfy.v3.io import *  # noqa: F403
from graphrun.comfy.v3.io import __all__ as _public
from graphrun.comfy.v3.output import UIOutput as _UIOutput
from graphrun.comfy.v3.ports import ComfyType as _ComfyType

__all__ = [*_public, "_ComfyType", "_UIOutput", "create_input_dict_v1"]

__getattr__ = names("comfy_api.latest._io")
