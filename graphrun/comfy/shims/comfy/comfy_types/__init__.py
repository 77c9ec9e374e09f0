"""Stand-in: types for annotations of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfy.comfy_types.node_typing import (  # type: ignore[import-not-found,unused-ignore]
    IO,
    CheckLazyMixin,
    ComfyNodeABC,
    FileLocator,
    InputTypeDict,
)
from graphrun.comfy import missing

__all__ = ["IO", "CheckLazyMixin", "ComfyNodeABC", "FileLocator", "InputTypeDict"]

UnetApplyFunction = Callable[..., Any]
UnetApplyConds = dict[str, Any]
UnetParams = dict[str, Any]
UnetWrapperFunction = Callable[..., Any]


__getattr__ = missing.names(__name__)
