"""Images as tensors and back, cut, framed and resized."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch.nn import functional

from graphrun.node import InputError, Range

from ._torch import TensorNodes
from ._types import Image, Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

Pixels = Annotated[int, Range(1, 16384)]
Mode = Literal["nearest-exact", "bilinear", "bicubic", "nearest"]


@NODES.node("PtFromImage")
def from_image(image: Image) -> Tensor:
    """An image (batch, height, width, channel), of float32 in 0..1, as it is."""
    return image


@NODES.node("PtFromImageTranspose")
def from_image_transpose(image: Image) -> Tensor:
    """A view of an image with the channels before height and width."""
    return _image(image, "image").movedim(-1, -3)


@NODES.node("PtToImage", outputs=("image",))
def to_image(tens: Tensor) -> Image:
    """A tensor as an image, as it is: it should be (batch, height, width, 3), in 0..1."""
    return tens


@NODES.node("PtToImageTranspose", outputs=("image",))
def to_image_transpose(tens: Tensor) -> Image:
    """A view of (batch, channel, height, width) as an image, with the channels last."""
    return _image(tens).movedim(-3, -1)


@NODES.table(
    {
        "PtCrop": (1, "The centre of an image, as a view."),
        "PtPad": (-1, "An image in the centre of a larger one of zeros."),
    }
)
def framed(sign: int, tens: Tensor, *, height: Pixels = 0, width: Pixels = 0) -> Tensor:
    """Images are (channel, height, width), with or without a batch. One odd row or column more
    is at the bottom or right.

    Raises:
        InputError: the rank is another, or the image is too small to cut or too large to frame.
    """
    rows, columns = _image(tens).shape[-2:]
    spare = sign * (rows - height), sign * (columns - width)
    if min(spare) < 0:
        message = f"an image of {rows} x {columns} cannot become {height} x {width}"
        place = "height" if spare[0] < 0 else "width"
        raise InputError(message, input=place, code="invalid_size", hint="PtInterpolateToSize can")
    top, left = spare[0] // 2, spare[1] // 2
    if sign > 0:
        return tens[..., top : top + height, left : left + width]
    return functional.pad(tens, (left, spare[1] - left, top, spare[0] - top))


@NODES.node("PtInterpolateToSize")
def to_size(tens: Tensor, *, height: Pixels = 0, width: Pixels = 0, mode: Mode) -> Tensor:
    """Resizes (channel, height, width), with or without a batch; bicubic may leave 0..1."""
    return _resized(tens, size=(height, width), mode=mode)


@NODES.node("PtInterpolateByScaleFactor")
def by_factor(
    tens: Tensor, scale_factor: Annotated[float, Range(0.01, 100.0, 0.01)] = 2.0, *, mode: Mode
) -> Tensor:
    """Resizes as PtInterpolateToSize does, to the height and width times a factor, cut off."""
    return _resized(tens, scale_factor=scale_factor, mode=mode)


def _resized(tens: torch.Tensor, **how: Any) -> torch.Tensor:
    if tens.dim() == 3:
        return functional.interpolate(tens[None], **how)[0]
    return functional.interpolate(tens, **how)


def _image(tens: torch.Tensor, input: str = "tens") -> torch.Tensor:
    if tens.dim() not in (3, 4):
        message = f"an image has 3 axes, or 4 with a batch; the shape is {tuple(tens.shape)}"
        raise InputError(message, input=input, code="invalid_shape", hint="PtUnsqueeze adds axes")
    return tens
