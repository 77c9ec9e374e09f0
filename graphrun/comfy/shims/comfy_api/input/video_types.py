"""Stand-in: types of values."""

from __future__ import annotations

from typing import Any

from graphrun.comfy.missing import names
from graphrun.comfy.v3.curves import (
    CurveInput,
    CurvePoint,
    LinearCurve,
    MonotoneCubicCurve,
    RangeInput,
)
from graphrun.comfy.v3.videos import VideoInput

AudioInput = LatentInput = dict[str, Any]

__all__ = [
    "AudioInput",
    "CurveInput",
    "CurvePoint",
    "LatentInput",
    "LinearCurve",
    "MonotoneCubicCurve",
    "RangeInput",
    "VideoInput",
]


def __getattr__(name: str) -> Any:
    """Pictures and masks are tensors, which are imported when a pack asks for them."""
    if name in ("ImageInput", "MaskInput"):
        import torch

        return torch.Tensor
    return names("comfy_api.input.video_types")(name)
