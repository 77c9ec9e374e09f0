"""Tensors as other dtypes, sizes, arrays and latents, and back."""

from __future__ import annotations

import numpy as np
import torch

from graphrun.node import InputError

from ._torch import TensorNodes
from ._types import Array, Latent, Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

_DTYPES = "float32 float16 bfloat16 float64 uint8 int8 int16 int32 int64".split()


@NODES.table(
    {
        f"PtTo{name.capitalize()}": (getattr(torch, name), f"The elements as {name}.")
        for name in _DTYPES
    }
)
def converted(dtype: torch.dtype, tens_a: Tensor) -> Tensor:
    """A tensor that has the dtype is handed on as it is.

    Whole dtypes cut fractions off; what is out of their range is undefined. Floating ones round,
    and give infinities.
    """
    return tens_a.to(dtype)


@NODES.node("PtToRgbTensors", outputs=("R", "G", "B"))
def to_rgb(tens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three channels of the last axis, each as a view of one axis less.

    Raises:
        InputError: the last axis is not of size 3.
    """
    if tens.shape[-1:] != (3,):
        message = f"the last axis has to be of size 3; the shape is {tuple(tens.shape)}"
        raise InputError(message, input="tens", code="invalid_shape", hint="PtPermute moves axes")
    return tens[..., 0], tens[..., 1], tens[..., 2]


@NODES.node("PtToNumpy")
def to_numpy(tens: Tensor) -> Array:
    """A copy as a NumPy array; bfloat16 has no counterpart there."""
    return tens.numpy(force=True).copy()


@NODES.node("PtFromNumpy")
def from_numpy(array: Array) -> Tensor:
    """A copy of an array of numbers or bools, with the dtype of the same name."""
    return torch.from_numpy(np.array(array))


@NODES.node("PtToLatent")
def to_latent(tens: Tensor) -> Latent:
    """A latent image, whose samples are the tensor as it is: no scaling, no check of the shape."""
    return {"samples": tens}


@NODES.node("PtFromLatent")
def from_latent(latent: Latent) -> Tensor:
    """The samples of a latent image, usually (batch, 4, height / 8, width / 8)."""
    if "samples" not in latent:
        message = f"the latent has no samples, only {', '.join(map(str, latent)) or 'nothing'}"
        raise InputError(message, input="latent", code="missing_samples")
    return latent["samples"]
