"""Stand-in for the package. As in ComfyUI, its modules are there without an import of their own."""

from __future__ import annotations

import importlib
from typing import Any

from graphrun.comfy import missing


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except missing.NotOfferedModule as error:
        raise missing.NotOfferedName(error.diagnostics) from None
