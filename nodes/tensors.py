"""Tensors computed from tensors: arithmetic, comparison, reduction, shape and choice."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch

from graphrun.node import InputError, Range, Text
from graphrun.sources.texts import dims, literal, unreadable

from ._torch import Axis, TensorNodes, named
from ._types import Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

Correction = Annotated[int, Range(0, 1)]
_Dim = Annotated[str, Text(multiline=True, example="-1")]
_Row = Annotated[str, Text(multiline=True, example="[0, 1]")]
_Rows = Annotated[str, Text(multiline=True, example="[[0, 1]]")]
_ONE = "PtAbs PtNeg PtExp PtLog PtSqrt PtSin PtCos PtTan PtAsin PtAcos PtAtan PtSinh PtCosh PtTanh"
_TWO = "{} of every two elements; shapes broadcast and dtypes are promoted"


@NODES.table(
    named("{} of every element.", _ONE)
    | named("{} of every element, an integer or a bool.", "PtBitwiseNot")
    | named("{} of every element; gives bools, nan counts as true.", "PtLogicalNot")
)
def each(function: Any, tens_a: Tensor) -> Tensor:
    """Integers and bools become float32 where results are fractions; nan is where there is none."""
    return function(tens_a)


@NODES.table(
    named(_TWO + ".", "PtAdd PtSub PtMul PtPow")
    | named(_TWO + "; of integers and bools.", "PtBitwiseAnd PtBitwiseOr PtBitwiseXor")
    | named(_TWO + "; of integers; bits may fall out.", "PtBitwiseLeftShift PtBitwiseRightShift")
    | named(_TWO + "; always floating.", "PtDiv")
    | named(_TWO + "; rounded down.", "PtFloorDiv=floor_divide")
    | named(_TWO + "; the sign is the divisor's.", "PtRemainder")
    | named(_TWO + "; gives bools, nan equals nothing.", "PtEq PtNe PtLt PtLe PtGt PtGe")
    | named(_TWO + "; gives bools, nan counts as true.", "PtLogicalAnd PtLogicalOr PtLogicalXor")
    | named("{}: the product of two matrices, (n, m) and (m, p), of one dtype.", "PtMm")
    | named("{}: products of two batches, (b, n, m) and (b, m, p), of one dtype.", "PtBmm")
    | named("{}: the product of vectors, matrices or batches, of one dtype.", "PtMatMul=matmul")
)
def both(function: Any, tens_a: Tensor, tens_b: Tensor) -> Tensor:
    """An error shows the dtype and shape of each if they do not go together."""
    return function(tens_a, tens_b)


@NODES.table(
    {  # With each function, what a blank dim stands for: () is all axes, ... nothing.
        "PtSum": ((torch.sum, ()), "Sums; those of integers and bools are int64."),
        "PtMean": ((torch.mean, ()), "Means of floating numbers."),
        "PtMax": ((torch.amax, ()), "Largest values; nan if there is one."),
        "PtMin": ((torch.amin, ()), "Smallest values; nan if there is one."),
        "PtArgmax": ((torch.argmax, None), "Positions of largest values, as int64."),
        "PtArgmin": ((torch.argmin, None), "Positions of smallest values, as int64."),
        "PtMedian": ((torch.median, ...), "Medians: the lower of two middle values."),
        "PtProd": ((torch.prod, ...), "Products; those of integers are int64."),
    }
)
def reduced(how: Any, tens: Tensor, dim: _Dim, *, keepdim: bool = False) -> Tensor:
    """`dim` is an axis, or a list of axes for sum, mean, max and min; `keepdim` keeps it as 1.

    A blank `dim` is all axes, as if flattened, which PtMedian and PtProd cannot take.
    """
    function, blank = how
    if not isinstance(keepdim, bool):
        raise InputError(f"{keepdim!r} is no bool", input="keepdim", code="invalid_value")
    axes = dims(dim, "dim")
    axes = blank if axes is None else axes
    if axes is ... or (isinstance(axes, tuple) and blank != ()):
        message = f"{dim!r} is not one axis, which torch.{function.__name__} needs"
        raise InputError(message, input="dim", code="invalid_dim", hint="-1 is the last axis")
    result = function(tens, dim=axes, keepdim=keepdim)
    return result if isinstance(result, torch.Tensor) else result.values


@NODES.table(
    named("{}: standard deviations of floating numbers.", "PtStd")
    | named("{}: variances of floating numbers.", "PtVar")
)
def spread(
    function: Any, tens: Tensor, correction: Correction = 1, *, dim: _Dim, keepdim: bool = False
) -> Tensor:
    """Divides by N - `correction`; with 1, a single element gives nan. `dim` is as in PtMean."""
    if correction not in (0, 1):
        raise InputError(f"{correction!r} is not 0 or 1", input="correction", code="invalid_value")
    return reduced((partial(function, correction=correction), ()), tens, dim, keepdim=keepdim)


def _numbers(text: str, input: str) -> tuple[int, ...]:
    found = dims(text, input, example="[0, 1]")
    if not isinstance(found, tuple):
        raise unreadable(text, input, "a list of whole numbers", "[2, 3]")
    return found


def _positions(text: str, tens: torch.Tensor, dim: int) -> torch.Tensor:
    """Checked here, as a GPU would end the process over one that is outside."""
    found, count = torch.tensor(literal(text, "index")), tens.size(dim) if tens.dim() else 1
    whole = torch.equal(found, found.long().to(found.dtype))
    if not whole or (found.numel() and not 0 <= found.min() <= found.max() < count):
        message = f"{text!r} has to hold whole numbers below {count}, the size of axis {dim}"
        raise InputError(message, input="index", code="index_out_of_range", hint="0 is the first")
    return found.to(tens.device, torch.int64)


@NODES.node("PtIndexSelect")
def index_select(tens: Tensor, dim: Axis = 0, *, index: _Row) -> Tensor:
    """The slices along `dim` that the list `index` names, which may repeat."""
    if not isinstance(literal(index, "index"), list):
        raise unreadable(index, "index", "a list of positions", "[0, 2]")
    return torch.index_select(tens, dim, _positions(index, tens, dim))


@NODES.node("PtScatter")
def scatter(tens: Tensor, dim: Axis = 0, *, index: _Rows, src: _Rows) -> Tensor:
    """A copy with the numbers of `src` at positions `index` along `dim`, lists of one shape."""
    positions = _positions(index, tens, dim)
    source = torch.tensor(literal(src, "src"), dtype=tens.dtype, device=tens.device)
    if source.shape != positions.shape:
        raise ValueError(f"shapes {(*source.shape,)} of {src!r} and {(*positions.shape,)} differ")
    return torch.scatter(tens, dim, positions, source)


@NODES.node("PtWhere")
def where(condition_tens: Tensor, true_tens: Tensor, false_tens: Tensor) -> Tensor:
    """Elements of `true_tens` where the condition, of bools, is true, else of `false_tens`."""
    if condition_tens.dtype != torch.bool:
        raise TypeError("the condition has to be of dtype bool, as PtNe and PtGt give it")
    return torch.where(condition_tens, true_tens, false_tens)


# fmt: off
NODES.rows({
    "PtConcat": ("Joins two tensors along an axis; all other axes are of one size.",
        lambda tens_a, tens_b, dim=0: torch.concat([tens_a, tens_b], dim)),
    "PtStack": ("Joins two tensors of one shape along a new axis, of size 2.",
        lambda tens_a, tens_b, dim=1: torch.stack([tens_a, tens_b], dim)),
    "PtSqueeze": ("Removes an axis (-1 is the last) if its size is 1, and nothing otherwise.",
        lambda tens, dim=-1: torch.squeeze(tens, dim), {"dim": Annotated[int, Range(-1, 10)]}),
    "PtUnsqueeze": ("Adds an axis of size 1 at a position of the result; -1 adds it as the last.",
        lambda tens, dim=-1: torch.unsqueeze(tens, dim)),
    "PtFlatten": ("All elements along one axis, row by row.", lambda tens: torch.flatten(tens)),
    "PtPermute": ("A view with its axes in the order of `new_axes`, such as [0, 2, 1].",
        lambda tens, new_axes: tens.permute(_numbers(new_axes, "new_axes"))),
    "PtReshape": ("The same elements in a shape such as [2, -1]; -1 is what is left, [] is 0-d.",
        lambda tens, new_shape: tens.reshape(_numbers(new_shape, "new_shape"))),
    "PtView": ("A view in a shape such as [2, -1], where the layout in memory allows it.",
        lambda tens, new_shape: tens.view(_numbers(new_shape, "new_shape"))),
    "PtGather": ("Elements at the positions `index` along `dim`; it has as many axes as `tens`.",
        lambda tens, dim=0, *, index: torch.gather(tens, dim, _positions(index, tens, dim))),
    "PtMaskedSelect": ("The elements where the bools of `masked_tens`, which broadcasts, are true.",
        lambda tens, masked_tens: torch.masked_select(tens, masked_tens)),
    "PtEinsum": ('Einstein\'s sum over one to three tensors, such as "ij,jk->ik".',
        lambda equation="", *, tens_a, tens_b=None, tens_c=None: torch.einsum(equation, tens_a, *(
            t for t in (tens_b, tens_c) if t is not None or tens_c is not None)),
        {"tens_b": Tensor | None, "tens_c": Tensor | None}),
})
# fmt: on
