"""Stand-in for the node API: what a pack of the third API imports."""

from __future__ import annotations

from typing import Any

from graphrun.comfy.missing import Later, names
from graphrun.comfy.v3 import values as _values
from graphrun.comfy.v3 import videos as _videos
from graphrun.comfy.v3.extension import ComfyAPI, ComfyAPISync, ComfyExtension
from graphrun.comfy.v3.ports import classproperty

from . import _io as io
from . import _ui as ui

IO, UI = io, ui
ComfyAPI_latest = ComfyAPI


def _tensor(cls: Any) -> Any:
    """The class of tensors: torch is imported by the first pack that asks."""
    import torch

    return torch.Tensor


class Input:
    """The types of values that sockets carry."""

    Image = Mask = classproperty(_tensor)
    Audio = Latent = dict[str, Any]
    Video = _videos.VideoInput


class InputImpl:
    """Videos as values."""

    VideoFromFile = _videos.VideoFromFile
    VideoFromComponents = _videos.VideoFromComponents
    VideoFromList = Later("comfy_api.latest.InputImpl.VideoFromList")


class Types:
    """Parts of values."""

    VideoCodec = _values.VideoCodec
    VideoContainer = _values.VideoContainer
    VideoComponents = _values.VideoComponents
    MESH = _values.MESH
    VOXEL = _values.VOXEL
    SPLAT = _values.SPLAT
    File3D = _values.File3D


__all__ = [
    "IO",
    "UI",
    "ComfyAPI",
    "ComfyAPISync",
    "ComfyAPI_latest",
    "ComfyExtension",
    "Input",
    "InputImpl",
    "Types",
    "io",
    "ui",
]

__getattr__ = names("comfy_api.latest", "Caching sdk")
