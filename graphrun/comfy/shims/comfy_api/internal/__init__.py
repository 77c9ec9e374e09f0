"""Stand-in for the base of all versions."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.node import ComfyNode as _ComfyNodeInternal
from graphrun.comfy.v3.output import NodeOutput as _NodeOutputInternal
from graphrun.comfy.v3.ports import classproperty
from graphrun.comfy.v3.ports import without_nones as prune_dict

__all__ = ["_ComfyNodeInternal", "_NodeOutputInternal", "classproperty", "prune_dict"]

__getattr__ = names("comfy_api.internal")
