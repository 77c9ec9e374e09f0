"""What is done to a picture on its way into a tensor.

Transforms are plain objects that can be sent to the workers of a loader. Random numbers come from
torch's global generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from PIL import Image

from graphrun.node import InputError, Nodes, Range, Socket

NODES = Nodes(category="Training", spaced=True)

Transform = Annotated[Callable[[Any], Any], Socket("PTVTRANSFORM")]
_Chance = Annotated[float, Range(0.0, 1.0, 0.001)]


@NODES.node("PtvTransformsToTensor")
def to_tensor() -> Transform:
    """A function that makes a float32 tensor (channels, height, width) of a picture.

    Values of eight bits are divided by 255, those of one bit become 0 and 1. Pictures of wider
    pixels keep their values: int32 for whole numbers (modes I and I;16), float32 for mode F. It
    takes arrays (height, width, channels) too, of which those that are not uint8 keep their dtype.
    """
    return picture_to_tensor


@NODES.node("PtvTransformsResize")
def resize(
    height: Annotated[int, Range(1, 32768)] = 256, width: Annotated[int, Range(1, 32768)] = 256
) -> Transform:
    """A function that resizes a picture to exactly (height, width) and makes a tensor of it.

    Bilinear with antialiasing; the aspect ratio is not kept. The tensor is that of
    PtvTransformsToTensor.
    """
    return _Resize(height, width)


@NODES.node("PtvTransformsDataAugment")
def data_augment(
    *,
    h_flip_prob: _Chance = 0.0,
    v_flip_prob: _Chance = 0.0,
    rotate_degree: Annotated[float, Range(-360.0, 360.0, 0.001)] = 0.0,
    h_translate_ratio: _Chance = 0.0,
    v_translate_ratio: _Chance = 0.0,
    min_scale: Annotated[float, Range(0.5, 1.0, 0.001)] = 1.0,
    max_scale: Annotated[float, Range(1.0, 2.0, 0.001)] = 1.0,
) -> Transform:
    """A function that flips, turns, shifts and scales a picture at random, then makes a tensor.

    Left and right, then top and bottom, are swapped with the given chances. Then one affine step
    around the centre: an angle of up to `rotate_degree` either way, shifts of up to the given
    shares of width and height either way, and a scale of the given range, each uniform. Pixels
    are the nearest ones, what comes from outside is black. The tensor is that of
    PtvTransformsToTensor.
    """
    shift = h_translate_ratio, v_translate_ratio
    return _Augment(h_flip_prob, v_flip_prob, abs(rotate_degree), shift, (min_scale, max_scale))


def picture_to_tensor(picture: Any) -> torch.Tensor:
    """See `to_tensor`."""
    if not isinstance(picture, np.ndarray):
        picture = np.array(_checked(picture))
    if picture.dtype == np.uint16:
        picture = picture.astype(np.int32)
    if picture.ndim not in (2, 3):
        message = f"an array of shape {picture.shape} is no picture (height, width, channels)"
        raise InputError(message, code="not_a_picture")
    pixels = torch.from_numpy(picture).reshape(*picture.shape[:2], -1).permute(2, 0, 1)
    if pixels.dtype not in (torch.uint8, torch.bool):
        return pixels.contiguous()
    scale = 255 if pixels.dtype == torch.uint8 else 1
    return pixels.to(torch.float32, memory_format=torch.contiguous_format).div_(scale)


def _checked(picture: Any) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture
    message = f"the transform is for pictures, and was given a {type(picture).__name__}"
    raise InputError(message, input="transform", code="not_a_picture")


@dataclass(frozen=True, slots=True)
class _Resize:
    height: int
    width: int

    def __call__(self, picture: Any) -> torch.Tensor:
        size = self.width, self.height
        return picture_to_tensor(_checked(picture).resize(size, Image.Resampling.BILINEAR))


@dataclass(frozen=True, slots=True)
class _Augment:
    h_flip: float
    v_flip: float
    degrees: float
    shift: tuple[float, float]
    scale: tuple[float, float]

    def __call__(self, picture: Any) -> torch.Tensor:
        picture = _checked(picture)
        if self.h_flip > 0 and torch.rand(1).item() < self.h_flip:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.v_flip > 0 and torch.rand(1).item() < self.v_flip:
            picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        angle, offset, scale = _uniform(-self.degrees, self.degrees), (0, 0), 1.0
        if self.shift != (0, 0):
            reach = [share * size for share, size in zip(self.shift, picture.size, strict=True)]
            offset = round(_uniform(-reach[0], reach[0])), round(_uniform(-reach[1], reach[1]))
        if self.scale != (1, 1):
            scale = _uniform(*self.scale)
        matrix = inverse_affine(picture.size, angle, offset, scale)
        way = Image.Transform.AFFINE
        return picture_to_tensor(
            picture.transform(picture.size, way, matrix, Image.Resampling.NEAREST, fillcolor=0)
        )


def inverse_affine(
    size: tuple[int, int], angle: float, offset: tuple[int, int], scale: float
) -> tuple[float, ...]:
    """Where a pixel of the result comes from, as two rows of three numbers.

    The picture of that size, (width, height), is turned clockwise by `angle` degrees and scaled
    around its centre, then shifted by `offset` pixels.
    """
    turn = math.radians(angle)
    cos, sin = math.cos(turn) / scale, math.sin(turn) / scale
    x, y = size[0] / 2, size[1] / 2
    to_x, to_y = x + offset[0], y + offset[1]
    return cos, sin, cos * -to_x + sin * -to_y + x, -sin, cos, -sin * -to_x + cos * -to_y + y


def _uniform(low: float, high: float) -> float:
    return float(torch.empty(1).uniform_(low, high).item())
