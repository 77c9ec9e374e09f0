"""Tensors made of texts, sizes, random numbers, arrays and latents, and turned into such."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np
import torch

from graphrun.node import Range, Text
from graphrun.sources.texts import literal, number, size

from ._torch import TensorNodes
from ._types import Array, Latent, Size, Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

Floats = Literal["float32", "float16", "bfloat16", "float64"]
Whole = Literal["uint8", "int8", "int16", "int32", "int64"]
_SHAPE = Annotated[str, Text(multiline=True, example="[2, 3]")]
_DRAWN = {"data_type": Floats}
_KINDS = {"data_type": Literal[Floats, Whole, "bool"]}
_NUMBERS = {"data_type": Literal[Floats, Whole]}
_BOUNDS = dict.fromkeys(("min_value", "max_value"), Annotated[int, Range(-(2**31), 2**31)])
_CONVERTED = {
    f"PtTo{name.capitalize()}": (getattr(torch, name), f"The elements as {name}.")
    for name in (*get_args(Floats), *get_args(Whole))
}


@NODES.table(_CONVERTED)
def converted(dtype: torch.dtype, tens_a: Tensor) -> Tensor:
    """Whole dtypes cut fractions off, floating ones round; what is out of range is undefined."""
    return tens_a.to(dtype)


@NODES.node("PtToRgbTensors", outputs=("R", "G", "B"))
def channels(tens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three channels of the last axis, as views of one axis less."""
    if tens.shape[-1:] != (3,):
        raise ValueError("the last axis has to be of size 3")
    return tens.unbind(-1)


def _sized(function: Any, text: str, dtype: str, **more: Any) -> torch.Tensor:
    return function(size=size(text, "size"), dtype=getattr(torch, dtype), **more)


def _filling(text: str, dtype: str) -> float:
    if dtype == "bool":
        return text.lower() in ("true", "1")
    return float(number(text, "value")) if "float" in dtype else int(text)


# fmt: off
NODES.rows({
    "PtFloatCreate": ("A number, or a nested list of numbers, typed in, as float32.",
        lambda data: torch.tensor(literal(data, "data"), dtype=torch.float32)),
    "PtIntCreate": ("As PtFloatCreate, as int32: fractions are cut off. PtToInt64 makes indices.",
        lambda data: torch.tensor(literal(data, "data"), dtype=torch.int32)),
    "PtBoolCreate": ("As PtFloatCreate, as bools: all numbers but 0 are true.",
        lambda data: torch.tensor(literal(data, "data"), dtype=torch.float64).bool(),
        {"data": Annotated[str, Text(multiline=True)]}),
    "PtZeros": ("Zeros in a shape such as [2, 3]; [] is a single number.",
        lambda size, data_type: _sized(torch.zeros, size, data_type), _KINDS),
    "PtOnes": ("Ones in a shape such as [2, 3]; [] is a single number.",
        lambda size, data_type: _sized(torch.ones, size, data_type), _KINDS),
    "PtFull": ("One value in a shape such as [2, 3]. As bool, true and 1 are true, all else false.",
        lambda value, size, data_type:
            _sized(torch.full, size, data_type, fill_value=_filling(value, data_type)), _KINDS),
    "PtArange": ("Numbers from `start` (or 0) to before `end`, `step` (or 1) apart.",
        lambda start="", end="", step="", *, data_type: torch.arange(
            number(start, "start", blank=0), number(end, "end"), number(step, "step", blank=1),
            dtype=getattr(torch, data_type)), _NUMBERS),
    "PtLinspace": ("`steps` numbers, evenly spaced, from `start` to `end`, both included.",
        lambda start="", end="", steps="", *, data_type: torch.linspace(
            float(number(start, "start")), float(number(end, "end")), int(steps),
            dtype=getattr(torch, data_type)), _NUMBERS),
    "PtToNumpy": ("A copy as a NumPy array; bfloat16 has no counterpart there.",
        lambda tens: tens.numpy(force=True).copy(), {"return": Array}),
    "PtFromNumpy": ("A copy of an array of numbers or bools, with the dtype of the same name.",
        lambda array: torch.from_numpy(np.array(array)), {"array": Array}),
    "PtToLatent": ("A latent image whose samples are the tensor as it is, whatever its shape.",
        lambda tens: {"samples": tens}, {"return": Latent}),
    "PtFromLatent": ("The samples of a latent image, usually (batch, 4, height / 8, width / 8).",
        lambda latent: latent["samples"], {"latent": Latent}),
    "PtSize": ("The shape of a tensor.", lambda tens: tens.size(), {"return": Size}),
    "PtSizeCreate": ("A shape typed in, such as [2, 3]; [] is that of a single number.",
        lambda data: torch.Size(size(data, "data", least=None)), {"return": Size, "data": _SHAPE}),
    "PtSizeToNumpy": ("A shape as an array of whole numbers, with one axis.",
        lambda sz: np.array(sz, dtype=int), {"sz": Size, "return": Array}),
    "PtSizeToString": ('A shape as a text, such as "torch.Size([2, 3])".',
        lambda sz: str(sz), {"sz": Size, "return": str}),
})
NODES.rows({
    "PtRand": ("Random numbers, uniform in [0, 1), in a shape such as [2, 3].",
        lambda size, data_type: _sized(torch.rand, size, data_type), _DRAWN),
    "PtRandn": ("Random numbers of the standard normal distribution, in a shape such as [2, 3].",
        lambda size, data_type: _sized(torch.randn, size, data_type), _DRAWN),
    "PtRandInt": ("Random whole numbers from `min_value` to before `max_value`.",
        lambda min_value=0, max_value=1, *, size, data_type:
            _sized(torch.randint, size, data_type, low=min_value, high=max_value),
        _BOUNDS | {"data_type": Whole}),
}, random=True)
# fmt: on
