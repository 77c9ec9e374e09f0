"""What is done to a picture on its way into a tensor: functions that workers can be sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import numpy as np
import torch
from PIL import Image

from graphrun.node import InputError, Nodes, Range, Socket

NODES = Nodes(category="Training", spaced=True)

Transform = Annotated[Callable[[Any], torch.Tensor], Socket("PTVTRANSFORM")]
_Share = Annotated[float, Range(0.0, 1.0, 0.001)]
_Pixels = Annotated[int, Range(1, 32768)]


@NODES.node("PtvTransformsToTensor")
def to_tensor() -> Transform:
    """A function that makes a tensor (channels, height, width) of a picture or of an array of one.

    Values of 8 bits are divided by 255 and those of 1 bit become 0 and 1, both float32. Wider ones
    keep their values: int32 for modes I and I;16, float32 for F, an array's own dtype.
    """
    return picture_to_tensor


@NODES.node("PtvTransformsResize")
def resize(height: _Pixels = 256, width: _Pixels = 256) -> Transform:
    """A function that resizes a picture to (height, width), then makes a tensor of it.

    Bilinear with antialiasing. The aspect ratio is not kept.
    """
    return partial(_resized, (width, height))


@NODES.node("PtvTransformsDataAugment")
def data_augment(
    *, h_flip_prob: _Share = 0.0, v_flip_prob: _Share = 0.0,
    rotate_degree: Annotated[float, Range(-360.0, 360.0, 0.001)] = 0.0,
    h_translate_ratio: _Share = 0.0, v_translate_ratio: _Share = 0.0,
    min_scale: Annotated[float, Range(0.5, 1.0, 0.001)] = 1.0,
    max_scale: Annotated[float, Range(1.0, 2.0, 0.001)] = 1.0,
) -> Transform:  # fmt: skip
    """A function that flips, turns, shifts and scales a picture by chance, then makes a tensor.

    The angle is up to `rotate_degree` and the shifts are up to the ratios of width and height,
    either way. Pixels are the nearest ones, and black where there were none. Random numbers come
    from torch's global generator.
    """
    flips = h_flip_prob, v_flip_prob
    shift = h_translate_ratio, v_translate_ratio
    return partial(_augmented, flips, abs(rotate_degree), shift, (min_scale, max_scale))


def picture_to_tensor(picture: Any) -> torch.Tensor:
    """See `to_tensor`."""
    values = np.array(picture)
    if values.ndim not in (2, 3):
        message = f"a picture has 2 or 3 dimensions, not {type(picture).__name__} {values.shape}"
        raise InputError(message, code="not_a_picture")
    values = values.astype(np.int32) if values.dtype == np.uint16 else values
    pixels = torch.atleast_3d(torch.from_numpy(values)).permute(2, 0, 1)
    if values.dtype in (np.uint8, np.bool_):
        most = 255 if values.dtype == np.uint8 else 1
        return pixels.to(torch.float32, memory_format=torch.contiguous_format).div_(most)
    return pixels.contiguous()


def inverse_affine(
    size: tuple[int, int], angle: float, offset: tuple[int, int], scale: float
) -> tuple[float, ...]:
    """Where a pixel of the result comes from: the rows of a matrix (2, 3).

    A picture of `size` (width, height) is turned clockwise by degrees and scaled around its
    centre, then shifted by pixels.
    """
    turn = math.radians(angle)
    cos, sin = math.cos(turn) / scale, math.sin(turn) / scale
    x, y = size[0] * 0.5, size[1] * 0.5
    to_x, to_y = -x - offset[0], -y - offset[1]
    return cos, sin, cos * to_x + sin * to_y + x, -sin, cos, -sin * to_x + cos * to_y + y


def _resized(size: tuple[int, int], picture: Image.Image) -> torch.Tensor:
    return picture_to_tensor(picture.resize(size, Image.Resampling.BILINEAR))


def _augmented(
    flips: tuple[float, float], degrees: float, shift: Any, scales: Any, picture: Image.Image
) -> torch.Tensor:
    ways = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM
    for chance, way in zip(flips, ways, strict=True):
        if chance > 0 and torch.rand(1).item() < chance:
            picture = picture.transpose(way)
    angle = _between(-degrees, degrees)
    reach = [share * size for share, size in zip(shift, picture.size, strict=True)]
    x, y = (round(_between(-most, most)) for most in reach) if any(reach) else (0, 0)
    scale = 1.0 if scales == (1, 1) else _between(*scales)
    matrix = inverse_affine(picture.size, angle, (x, y), scale)
    return picture_to_tensor(
        picture.transform(picture.size, Image.Transform.AFFINE, matrix, fillcolor=0)
    )


def _between(low: float, high: float) -> float:
    return torch.empty(1).uniform_(low, high).item()
