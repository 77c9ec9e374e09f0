"""Tensors made from texts, sizes and random numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch

from graphrun.node import InputError, Range, Text

from ._parse import literal, number, size as sizes
from ._torch import TensorNodes
from ._types import Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

Floats = Literal["float32", "float16", "bfloat16", "float64"]
Whole = Literal["uint8", "int8", "int16", "int32", "int64"]
Lines = Annotated[str, Text(multiline=True)]
Bound = Annotated[int, Range(-(2**31), 2**31)]


@NODES.table(
    {
        "PtFloatCreate": (torch.float32, "Numbers typed in, as float32."),
        "PtIntCreate": (torch.int32, "Numbers typed in, as int32: fractions are cut off."),
        "PtBoolCreate": (torch.bool, "Numbers typed in, as bools: all but 0 are true."),
    }
)
def typed(dtype: torch.dtype, data: Lines) -> Tensor:
    """`data` is a number, or a list of numbers or of lists of one length, to any depth."""
    found = literal(data, "data")
    torch.tensor(found, dtype=torch.float64)  # Texts and dicts would be true as bools.
    return torch.tensor(found, dtype=dtype)


@NODES.table(
    {
        "PtZeros": (torch.zeros, "A tensor of zeros."),
        "PtOnes": (torch.ones, "A tensor of ones."),
    }
)
def constant(function: Any, size: Lines, data_type: Literal[Floats, Whole, "bool"]) -> Tensor:
    """`size` is a list such as [2, 3]; [] gives a single number."""
    return function(sizes(size, "size"), dtype=getattr(torch, data_type))


@NODES.table(
    {
        "PtRand": (torch.rand, "Random numbers, uniform in [0, 1)."),
        "PtRandn": (torch.randn, "Random numbers of the standard normal distribution."),
    },
    random=True,
)
def drawn(function: Any, size: Lines, data_type: Floats) -> Tensor:
    """`size` is a list such as [2, 3]. The run's seed decides which numbers they are."""
    return function(sizes(size, "size"), dtype=getattr(torch, data_type))


@NODES.node("PtRandInt", random=True)
def rand_int(
    min_value: Bound = 0, max_value: Bound = 1, *, size: Lines, data_type: Whole
) -> Tensor:
    """Random whole numbers from `min_value` up to, but without, `max_value`."""
    return torch.randint(min_value, max_value, sizes(size, "size"), dtype=getattr(torch, data_type))


@NODES.node("PtFull")
def full(value: str, size: Lines, data_type: Literal[Floats, Whole, "bool"]) -> Tensor:
    """A tensor of one value: a number, whole for whole dtypes; true or 1 is true, all else false.

    Raises:
        InputError: the value is not of the dtype; -1 is 255 as uint8.
    """
    dtype = getattr(torch, data_type)
    if dtype == torch.bool:
        return torch.full(sizes(size, "size"), value.lower() in ("true", "1"))
    filling = number(value, "value")
    if not dtype.is_floating_point and isinstance(filling, float):
        message = f"{value!r} is not a whole number, which {data_type} needs"
        raise InputError(message, input="value", code="invalid_number")
    filling = float(filling) if dtype.is_floating_point else filling
    return torch.full(sizes(size, "size"), filling, dtype=dtype)


@NODES.node("PtArange")
def arange(
    start: str = "", end: str = "", step: str = "", *, data_type: Literal[Floats, Whole]
) -> Tensor:
    """Numbers from `start` (blank: 0) up to, but without, `end`, each `step` (blank: 1) further."""
    bounds = number(start, "start", blank=0), number(end, "end"), number(step, "step", blank=1)
    return torch.arange(*bounds, dtype=getattr(torch, data_type))


@NODES.node("PtLinspace")
def linspace(
    start: str = "", end: str = "", steps: str = "", *, data_type: Literal[Floats, Whole]
) -> Tensor:
    """`steps` numbers, evenly spaced from `start` to `end`, both included; whole dtypes cut off.

    Raises:
        InputError: a text is no number, or `steps` is not a whole one of 0 or more.
    """
    count = number(steps, "steps")
    if isinstance(count, float):
        raise InputError(f"{steps!r} is not a whole number", input="steps", code="invalid_number")
    first, last = float(number(start, "start")), float(number(end, "end"))
    return torch.linspace(first, last, count, dtype=getattr(torch, data_type))
