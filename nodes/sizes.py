"""Shapes of tensors as values of their own."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch

from graphrun.node import Nodes, Text

from ._parse import size
from ._types import Array, Size, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)


@NODES.node("PtSize")
def size_of(tens: Tensor) -> Size:
    """The shape of a tensor: one number an axis, none for a single number."""
    return tens.size()


@NODES.node("PtSizeCreate")
def create_size(data: Annotated[str, Text(multiline=True)]) -> Size:
    """A shape typed in, such as [2, 3]; [] is that of a single number."""
    return torch.Size(size(data, "data"))


@NODES.node("PtSizeToNumpy")
def size_to_numpy(sz: Size) -> Array:
    """A shape as an array of whole numbers, with one axis."""
    return np.array(sz, dtype=int)


@NODES.node("PtSizeToString")
def size_to_string(sz: Size) -> str:
    """A shape as a text, such as "torch.Size([2, 3])"."""
    return str(sz)
