"""Stand-in: an older version of the node API, which is the latest."""

from __future__ import annotations

from graphrun.comfy.missing import names

from ..latest import (
    IO,
    UI,
    ComfyAPI,
    ComfyAPISync,
    ComfyExtension,
    Input,
    InputImpl,
    Types,
    io,
    ui,
)

__all__ = [
    "IO",
    "UI",
    "ComfyAPI",
    "ComfyAPISync",
    "ComfyExtension",
    "Input",
    "InputImpl",
    "Types",
    "io",
    "ui",
]

__getattr__ = names("comfy_api.v0_0_1")
