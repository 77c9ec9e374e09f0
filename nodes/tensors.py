"""Tensors computed from tensors: arithmetic, comparison, reduction, shape and choice."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch

from graphrun.node import InputError, Range, Text

from ._parse import dims, literal, unreadable
from ._torch import TensorNodes, rows
from ._types import Tensor

NODES = TensorNodes(category="Data Analysis", spaced=True)

Axis = Annotated[int, Range(-10, 10)]
Lines = Annotated[str, Text(multiline=True)]

_ONE = (
    "PtAbs PtNeg PtExp PtLog PtSqrt PtSin PtCos PtTan PtAsin PtAcos PtAtan PtSinh PtCosh PtTanh "
    "PtBitwiseNot PtLogicalNot"
)


@NODES.table(rows("{} of every element.", _ONE))
def each(function: Any, tens_a: Tensor) -> Tensor:
    """The shape stays. Integers and bools become float32 where the result is no whole number.

    A value outside of a function's domain gives nan.
    """
    return function(tens_a)


_TWO = (
    "PtAdd PtSub PtMul PtDiv PtFloorDiv=floor_divide PtRemainder PtPow PtEq PtNe PtLt PtLe PtGt "
    "PtGe PtBitwiseAnd PtBitwiseOr PtBitwiseXor PtBitwiseLeftShift PtBitwiseRightShift "
    "PtLogicalAnd PtLogicalOr PtLogicalXor"
)


@NODES.table(
    rows("{} of every two elements; shapes broadcast and dtypes are promoted.", _TWO)
    | rows("{}: the product of two matrices, or of batches of them.", "PtMatMul=matmul PtMm PtBmm")
)
def both(function: Any, tens_a: Tensor, tens_b: Tensor) -> Tensor:
    """A quotient (PtDiv) is floating, PtFloorDiv rounds down, PtRemainder has the divisor's sign.

    Comparisons and logical operations give bools; nan equals nothing and counts as true.
    Matrices need one dtype: PtMm multiplies two, PtBmm two batches (b, n, m) and (b, m, p).
    """
    return function(tens_a, tens_b)


@NODES.table(
    {  # With each function, what a blank dim stands for: () is all axes, ... nothing.
        "PtSum": ((torch.sum, ()), "Sums; those of integers and bools are int64."),
        "PtMean": ((torch.mean, ()), "Means of floating numbers."),
        "PtMax": ((torch.amax, ()), "Largest values; nan is larger than all."),
        "PtMin": ((torch.amin, ()), "Smallest values; nan is smaller than all."),
        "PtArgmax": ((torch.argmax, None), "Positions of largest values, as int64."),
        "PtArgmin": ((torch.argmin, None), "Positions of smallest values, as int64."),
        "PtMedian": ((torch.median, ...), "Medians: the lower of two middle values."),
        "PtProd": ((torch.prod, ...), "Products; those of integers are int64."),
    }
)
def reduced(how: Any, tens: Tensor, *, dim: Lines, keepdim: bool = False) -> Tensor:
    """`dim` is an axis, or a list of axes for sum, mean, max and min; `keepdim` keeps it as 1.

    A blank `dim` is all axes, which PtMedian and PtProd cannot take. Of all axes, a position is
    that in the flattened tensor.

    Raises:
        InputError: `dim` is none of these, or the dtype does not allow it.
    """
    function, blank = how
    axes = dims(dim, "dim")
    axes = blank if axes is None else axes
    if axes is ... or (isinstance(axes, tuple) and blank != ()):
        message = f"{function.__name__} needs one axis, not {dim!r}"
        raise InputError(message, input="dim", code="invalid_dim", hint="write -1 for the last")
    result = function(tens, dim=axes, keepdim=keepdim)
    return result if isinstance(result, torch.Tensor) else result.values


@NODES.table(
    {
        "PtStd": (torch.std, "Standard deviations."),
        "PtVar": (torch.var, "Variances of floating numbers."),
    }
)
def spread(
    function: Any,
    tens: Tensor,
    *,
    correction: Annotated[int, Range(0, 1)] = 1,
    dim: Lines,
    keepdim: bool = False,
) -> Tensor:
    """Divides by N - `correction`, which gives nan for one element; `dim` as in PtMean."""
    how = partial(function, correction=correction), ()
    return reduced(how, tens, dim=dim, keepdim=keepdim)


@NODES.node("PtConcat")
def concat(tens_a: Tensor, tens_b: Tensor, dim: Axis = 0) -> Tensor:
    """Joins two tensors along an axis; all other axes are of one size."""
    return torch.concat([tens_a, tens_b], dim)


@NODES.node("PtStack")
def stack(tens_a: Tensor, tens_b: Tensor, dim: Axis = 1) -> Tensor:
    """Joins two tensors of one shape along a new axis, of size 2."""
    return torch.stack([tens_a, tens_b], dim)


@NODES.node("PtSqueeze")
def squeeze(tens: Tensor, dim: Annotated[int, Range(-1, 10)] = -1) -> Tensor:
    """Removes an axis (-1 is the last) if its size is 1, and nothing otherwise."""
    return torch.squeeze(tens, dim)


@NODES.node("PtUnsqueeze")
def unsqueeze(tens: Tensor, dim: Axis = -1) -> Tensor:
    """Adds an axis of size 1 at a position of the result; -1 adds it as the last."""
    return torch.unsqueeze(tens, dim)


@NODES.node("PtFlatten")
def flatten(tens: Tensor) -> Tensor:
    """All elements along one axis, the last axis changing fastest."""
    return torch.flatten(tens)


@NODES.node("PtPermute")
def permute(tens: Tensor, new_axes: Lines) -> Tensor:
    """A view with its axes in the order of `new_axes`, such as [0, 2, 1]."""
    return tens.permute(_numbers(new_axes, "new_axes"))


@NODES.table(
    {
        "PtReshape": (torch.Tensor.reshape, "The same elements in another shape."),
        "PtView": (torch.Tensor.view, "A view in another shape, where the layout allows it."),
    }
)
def reshape(function: Any, tens: Tensor, new_shape: Lines) -> Tensor:
    """`new_shape` is a list such as [2, -1], where -1 stands for what is left; [] is 0-d."""
    return function(tens, _numbers(new_shape, "new_shape"))


@NODES.table(
    {
        "PtGather": (torch.gather, "For every position in `index`, the element there along `dim`."),
        "PtIndexSelect": (torch.index_select, "The slices along `dim` that a list `index` names."),
    }
)
def picked(function: Any, tens: Tensor, dim: Axis = 0, *, index: Lines) -> Tensor:
    """Positions count from 0, and may repeat. PtGather needs as many axes as `tens` has.

    Raises:
        InputError: a position is outside, or `index` is of the wrong form.
    """
    if function is torch.index_select and not isinstance(literal(index, "index"), list):
        raise unreadable(index, "index", "a list of positions", "[0, 2]")
    return function(tens, dim, _positions(index, tens, dim))


@NODES.node("PtScatter")
def scatter(tens: Tensor, dim: Axis = 0, *, index: Lines, src: Lines) -> Tensor:
    """A copy in which the numbers of `src` lie at the positions of `index` along `dim`.

    Both are nested lists of one shape; the numbers take the dtype of `tens`.
    """
    positions = _positions(index, tens, dim)
    source = torch.tensor(literal(src, "src"), dtype=tens.dtype, device=tens.device)
    if source.shape != positions.shape:
        message = f"src is {tuple(source.shape)}, and index {tuple(positions.shape)}"
        raise InputError(message, input="src", code="invalid_shape", hint="give both one shape")
    return torch.scatter(tens, dim, positions, source)


@NODES.node("PtMaskedSelect")
def masked_select(tens: Tensor, masked_tens: Tensor) -> Tensor:
    """The elements where the bools of `masked_tens`, which broadcasts, are true, as one axis."""
    return torch.masked_select(tens, _bools(masked_tens, "masked_tens"))


@NODES.node("PtWhere")
def where(condition_tens: Tensor, true_tens: Tensor, false_tens: Tensor) -> Tensor:
    """Elements of `true_tens` where the bools are true, else of `false_tens`; all broadcast."""
    return torch.where(_bools(condition_tens, "condition_tens"), true_tens, false_tens)


@NODES.node("PtEinsum")
def einsum(
    equation: str = "",
    *,
    tens_a: Tensor,
    tens_b: Tensor | None = None,
    tens_c: Tensor | None = None,
) -> Tensor:
    """Einstein's sum over one to three tensors, such as "ij,jk->ik"."""
    if tens_b is None and tens_c is not None:
        raise InputError("tens_c is connected, and tens_b is not", input="tens_b")
    return torch.einsum(equation, *(t for t in (tens_a, tens_b, tens_c) if t is not None))


def _numbers(text: str, input: str) -> tuple[int, ...]:
    found = dims(text, input, example="[0, 1]")
    if not isinstance(found, tuple):
        raise unreadable(text, input, "a list of whole numbers", "[2, 3]")
    return found


def _positions(text: str, tens: torch.Tensor, dim: int) -> torch.Tensor:
    """Checked here, as a GPU would end the process over one that is outside."""
    given = torch.tensor(literal(text, "index"))
    count = tens.size(dim) if tens.dim() else 1
    odd = given.numel() and (
        given.is_floating_point() or not 0 <= given.min() <= given.max() < count
    )
    if odd:
        message = (
            f"{text!r} has to hold whole numbers from 0 to {count - 1}, the size of axis {dim}"
        )
        raise InputError(message, input="index", code="index_out_of_range")
    return given.to(tens.device, torch.int64)


def _bools(tens: torch.Tensor, input: str) -> torch.Tensor:
    if tens.dtype != torch.bool:
        message = f"{input} is {str(tens.dtype).removeprefix('torch.')}, and has to be bool"
        hint = "PtNe, PtGt and the like give bools"
        raise InputError(message, input=input, code="invalid_dtype", hint=hint)
    return tens
