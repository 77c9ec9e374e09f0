"""Stand-in: parts of values."""

from __future__ import annotations

from graphrun.comfy.missing import names
from graphrun.comfy.v3.values import (
    MESH,
    SPLAT,
    SVG,
    VOXEL,
    File3D,
    VideoCodec,
    VideoComponents,
    VideoContainer,
)

__all__ = [
    "MESH",
    "SPLAT",
    "SVG",
    "VOXEL",
    "File3D",
    "VideoCodec",
    "VideoComponents",
    "VideoContainer",
]

__getattr__ = names("comfy_api.latest._util")
