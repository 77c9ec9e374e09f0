"""Images as tensors and back, cut, framed and resized."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch.nn import functional

from graphrun.node import Range

from ._torch import TensorNodes
from ._types import Image

NODES = TensorNodes(category="Data Analysis", spaced=True)

_MODE = {"mode": Literal["nearest-exact", "bilinear", "bicubic", "nearest"]}
_FACTOR = {"scale_factor": Annotated[float, Range(0.01, 100.0, 0.01)]}


def _image(tens: torch.Tensor) -> torch.Tensor:
    if tens.dim() not in (3, 4):
        raise ValueError("an image has 3 dimensions, or 4 with a batch")
    return tens


def _resized(tens: torch.Tensor, **how: Any) -> torch.Tensor:
    if tens.dim() == 3:
        return functional.interpolate(tens[None], **how)[0]
    return functional.interpolate(tens, **how)


def _framed(tens: torch.Tensor, height: int, width: int, *, larger: bool) -> torch.Tensor:
    """The image in the middle; of an odd number of spare rows or columns, one more comes after."""
    rows, columns = _image(tens).shape[-2:]
    low, wide = (height - rows, width - columns) if larger else (rows - height, columns - width)
    if min(low, wide, height, width) < 0:
        way = "positive" if min(height, width) < 0 else "larger" if larger else "smaller"
        raise ValueError(f"the size has to be {way}; PtInterpolateToSize knows other ways")
    top, left = low // 2, wide // 2
    if larger:
        return functional.pad(tens, (left, wide - left, top, low - top))
    return tens[..., top : top + height, left : left + width]


# fmt: off
NODES.rows({
    "PtFromImage": ("An image (batch, height, width, channel), of float32 in 0..1, as it is.",
        lambda image: image, {"image": Image}),
    "PtFromImageTranspose": ("A view of an image with the channels before height and width.",
        lambda image: _image(image).movedim(-1, -3), {"image": Image}),
    "PtCrop": ("The centre of an image (channel, height, width), with or without a batch; a view.",
        lambda tens, *, height=0, width=0: _framed(tens, height, width, larger=False)),
    "PtPad": ("An image (channel, height, width), with or without a batch, framed with zeros.",
        lambda tens, *, height=0, width=0: _framed(tens, height, width, larger=True)),
    "PtInterpolateToSize": ("Resizes (channel, height, width), with or without a batch.",
        lambda tens, *, height=0, width=0, mode:
            _resized(tens, size=(height, width), mode=mode), _MODE),
    "PtInterpolateByScaleFactor": ("Resizes to height and width times a factor, rounded down.",
        lambda tens, *, scale_factor=2.0, mode:
            _resized(tens, scale_factor=scale_factor, mode=mode), _MODE | _FACTOR),
})
NODES.rows({
    "PtToImage": ("A tensor as an image, as it is: it should be (batch, height, width, 3) in 0..1.",
        lambda tens: tens, {"return": Image}),
    "PtToImageTranspose": ("A view of (batch, channel, height, width) with the channels last.",
        lambda tens: _image(tens).movedim(-3, -1), {"return": Image}),
}, outputs=("image",))
# fmt: on
