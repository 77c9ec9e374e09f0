"""Operations on tensors equal torch's, to the bit; what torch refuses names the inputs."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from graphrun_nodes import tensors
from recording import Recorder
from torch import Tensor

from graphrun.errors import InputError

NODES = tensors.NODES
DTYPES = (
    torch.float32, torch.float64, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip
SHAPES = ((), (0,), (5,), (2, 3), (2, 0, 3), (2, 3, 4))
PAIRS = (((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 4)), ((0, 3), (3,)), ((2, 3), (4,)))

UNARY: dict[str, Callable[..., Tensor]] = {
    "PtAbs": torch.abs,
    "PtAcos": torch.acos,
    "PtAsin": torch.asin,
    "PtAtan": torch.atan,
    "PtBitwiseNot": torch.bitwise_not,
    "PtCos": torch.cos,
    "PtCosh": torch.cosh,
    "PtExp": torch.exp,
    "PtLog": torch.log,
    "PtLogicalNot": torch.logical_not,
    "PtNeg": torch.neg,
    "PtSin": torch.sin,
    "PtSinh": torch.sinh,
    "PtSqrt": torch.sqrt,
    "PtTan": torch.tan,
    "PtTanh": torch.tanh,
}
BINARY: dict[str, Callable[..., Tensor]] = {
    "PtAdd": torch.add,
    "PtBitwiseAnd": torch.bitwise_and,
    "PtBitwiseLeftShift": torch.bitwise_left_shift,
    "PtBitwiseOr": torch.bitwise_or,
    "PtBitwiseRightShift": torch.bitwise_right_shift,
    "PtBitwiseXor": torch.bitwise_xor,
    "PtDiv": torch.div,
    "PtEq": torch.eq,
    "PtFloorDiv": torch.floor_divide,
    "PtGe": torch.ge,
    "PtGt": torch.gt,
    "PtLe": torch.le,
    "PtLogicalAnd": torch.logical_and,
    "PtLogicalOr": torch.logical_or,
    "PtLogicalXor": torch.logical_xor,
    "PtLt": torch.lt,
    "PtMul": torch.mul,
    "PtNe": torch.ne,
    "PtPow": torch.pow,
    "PtRemainder": torch.remainder,
    "PtSub": torch.sub,
}
PRODUCTS: dict[str, Callable[..., Tensor]] = {
    "PtBmm": torch.bmm,
    "PtMatMul": torch.matmul,
    "PtMm": torch.mm,
}
REDUCED: dict[str, Callable[..., Any]] = {
    "PtArgmax": torch.argmax,
    "PtArgmin": torch.argmin,
    "PtMax": torch.amax,
    "PtMean": torch.mean,
    "PtMedian": torch.median,
    "PtMin": torch.amin,
    "PtProd": torch.prod,
    "PtSum": torch.sum,
}
SPREAD = {"PtStd": torch.std, "PtVar": torch.var}
SHAPING = {
    "PtConcat", "PtEinsum", "PtFlatten", "PtGather", "PtIndexSelect", "PtMaskedSelect",
    "PtPermute", "PtReshape", "PtScatter", "PtSqueeze", "PtStack", "PtUnsqueeze", "PtView",
    "PtWhere",
}  # fmt: skip


def sample(shape: tuple[int, ...], dtype: torch.dtype, seed: int = 0) -> Tensor:
    """Numbers around 0, with an inf and a nan in larger floating tensors."""
    generator = torch.Generator().manual_seed(seed)
    if not dtype.is_floating_point:
        low, high = (0, 2) if dtype == torch.bool else (0 if dtype == torch.uint8 else -5, 6)
        return torch.randint(low, high, shape, generator=generator).to(dtype)
    made = (torch.randn(shape, generator=generator) * 2).to(dtype)
    if made.numel() > 5:
        made.view(-1)[1], made.view(-1)[4] = float("inf"), float("nan")
    return made


def same(found: Any, expected: Tensor) -> bool:
    return (
        isinstance(found, Tensor)
        and found.dtype == expected.dtype
        and found.shape == expected.shape
        and torch.equal(found.isnan(), expected.isnan())
        and torch.equal(found.nan_to_num(7), expected.nan_to_num(7))
    )


def agrees(kind: str, expected: Callable[[], Tensor], **given: Any) -> None:
    """The node gives what torch gives, or refuses what torch refuses."""
    try:
        wanted = expected()
    except (RuntimeError, IndexError, TypeError, ValueError) as problem:
        reason = str(problem).partition("\n")[0]
        with pytest.raises(InputError) as caught:
            NODES[kind](**given)
        assert reason in str(caught.value)
        for name, value in given.items():
            if isinstance(value, Tensor):
                dtype = str(value.dtype).removeprefix("torch.")
                assert f"{name} {dtype} {tuple(value.shape)}" in str(caught.value)
        assert caught.value.input in given
    else:
        assert same(NODES[kind](**given), wanted), (kind, given)


def refused(kind: str, code: str, input: str, **given: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        NODES[kind](**given)
    assert (caught.value.code, caught.value.input) == (code, input)
    return caught.value


def test_no_kind_is_left_out() -> None:
    tested = UNARY.keys() | BINARY.keys() | PRODUCTS.keys() | REDUCED.keys() | SPREAD.keys()
    assert set(NODES) == tested | SHAPING
    assert not any(spec.random or spec.volatile for spec in NODES.specs.values())


@pytest.mark.parametrize("kind", UNARY)
def test_every_element_is_torchs(kind: str) -> None:
    for dtype, shape in product(DTYPES, SHAPES):
        tens = sample(shape, dtype)
        before = tens.clone()
        agrees(kind, lambda tens=tens: UNARY[kind](tens), tens_a=tens)
        assert same(tens, before)


@pytest.mark.parametrize("kind", BINARY)
def test_every_two_elements_are_torchs(kind: str) -> None:
    mixed = [(a, b) for a in DTYPES for b in (a, torch.float32, torch.int64, torch.bool)]
    for (one, two), (a, b) in product(mixed, PAIRS):
        left, right = sample(a, one), sample(b, two, seed=1)
        agrees(kind, lambda x=left, y=right: BINARY[kind](x, y), tens_a=left, tens_b=right)


def test_arithmetic_at_its_edges() -> None:
    ints, zeros = torch.tensor([-3, 3]), torch.tensor([2, 2])
    assert NODES["PtFloorDiv"](ints, zeros).tolist() == [-2, 1]
    assert NODES["PtRemainder"](ints, zeros).tolist() == [1, 1]
    assert NODES["PtDiv"](ints, zeros * 0).tolist() == [-torch.inf, torch.inf]
    assert NODES["PtPow"](torch.tensor([2, 1, -1]), torch.tensor(-1)).tolist() == [0, 1, -1]
    assert NODES["PtAdd"](torch.tensor(True), torch.tensor(True)).dtype == torch.bool
    assert NODES["PtLogicalNot"](torch.tensor([0.0, torch.nan])).tolist() == [True, False]
    assert NODES["PtAbs"](torch.tensor(-128, dtype=torch.int8)).item() == -128
    error = refused("PtFloorDiv", "invalid_value", "tens_a", tens_a=ints, tens_b=zeros * 0)
    assert "ZeroDivisionError" in str(error)


def test_an_error_shows_all_inputs_and_a_way_out() -> None:
    a, b = torch.ones(2, 3), torch.ones(4)
    error = refused("PtAdd", "invalid_shape", "tens_a", tens_a=a, tens_b=b)
    assert str(error).startswith("tens_a float32 (2, 3), tens_b float32 (4,): The size of tensor a")
    assert "PtReshape" in str(error.hint)
    error = refused("PtBitwiseNot", "invalid_dtype", "tens_a", tens_a=a)
    assert "PtToInt64" in str(error.hint)
    refused("PtMatMul", "invalid_dtype", "tens_a", tens_a=a, tens_b=torch.ones(3).long())


@pytest.mark.parametrize("kind", PRODUCTS)
def test_products_are_torchs(kind: str) -> None:
    shapes = ((3,), (2, 3), (3, 2), (5, 2, 3), (5, 3, 2), (4, 3, 2), (0, 3), (3, 0), ())
    for dtype in (torch.float32, torch.float64, torch.int64, torch.bool):
        for a, b in product(shapes, shapes):
            left, right = sample(a, dtype).nan_to_num(1), sample(b, dtype, seed=1).nan_to_num(1)
            agrees(kind, lambda x=left, y=right: PRODUCTS[kind](x, y), tens_a=left, tens_b=right)


@pytest.mark.parametrize("kind", REDUCED)
@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions_are_torchs(kind: str, keepdim: bool) -> None:
    for dtype, shape, dim in product(DTYPES, SHAPES, (0, -1, 2)):
        tens = sample(shape, dtype)

        def expected(tens: Tensor = tens, dim: int = dim) -> Tensor:
            found = REDUCED[kind](tens, dim=dim, keepdim=keepdim)
            return found.values if kind == "PtMedian" else found

        agrees(kind, expected, tens=tens, dim=str(dim), keepdim=keepdim)


@pytest.mark.parametrize("kind", ["PtSum", "PtMean", "PtMax", "PtMin"])
def test_a_blank_or_a_list_of_axes(kind: str) -> None:
    tens = sample((2, 3, 4), torch.float64).nan_to_num(0, posinf=3)
    function = REDUCED[kind]
    for keepdim in (False, True):
        for blank in ("", " \n", "()", "[]"):
            assert same(
                NODES[kind](tens, dim=blank, keepdim=keepdim), function(tens, (), keepdim=keepdim)
            )
        for text in ("[0, 2]", "(0, -1)", "0, 2"):
            wanted = function(tens, (0, 2), keepdim=keepdim)
            assert same(NODES[kind](tens, dim=text, keepdim=keepdim), wanted)
    assert NODES[kind](tens, dim="", keepdim=True).shape == (1, 1, 1)


@pytest.mark.parametrize("kind", ["PtArgmax", "PtArgmin"])
def test_positions_of_a_blank_dim_are_of_the_flat_tensor(kind: str) -> None:
    tens = sample((2, 3), torch.int64)
    for keepdim in (False, True):
        wanted = REDUCED[kind](tens, keepdim=keepdim)
        assert same(NODES[kind](tens, dim="", keepdim=keepdim), wanted)


def test_axes_that_a_reduction_cannot_take() -> None:
    tens = torch.ones(2, 3)
    for kind in ("PtMedian", "PtProd", "PtArgmax", "PtArgmin"):
        for dim in ("", "[0]", "()")[kind.startswith("PtArg") :]:
            error = refused(kind, "invalid_dim", "dim", tens=tens, dim=dim)
            assert repr(dim) in str(error)
            assert error.hint == "-1 is the last axis"
    for dim in ("0.5", "x", "[0, 'a']", "True"):
        assert repr(dim) in str(refused("PtSum", "invalid_text", "dim", tens=tens, dim=dim))
    refused("PtSum", "invalid_shape", "dim", tens=tens, dim="2")
    refused("PtMean", "invalid_dtype", "tens", tens=tens.long(), dim="")
    for kind, keepdim in product([*REDUCED, *SPREAD], (1, None, "true")):
        error = refused(kind, "invalid_value", "keepdim", tens=tens, dim="0", keepdim=keepdim)
        assert str(error) == f"{keepdim!r} is no bool"


def test_the_median_is_the_lower_of_two() -> None:
    assert NODES["PtMedian"](torch.tensor([4.0, 1, 3, 2]), dim="0").item() == 2


@pytest.mark.parametrize("kind", SPREAD)
def test_spreads_are_torchs(kind: str) -> None:
    tens = sample((3, 4, 2), torch.float64).nan_to_num(0, posinf=1)
    axes = {"": None, "1": 1, "[0, 2]": (0, 2)}
    for (text, dim), correction, keepdim in product(axes.items(), (0, 1), (False, True)):
        wanted = SPREAD[kind](tens, dim=dim, correction=correction, keepdim=keepdim)
        found = NODES[kind](tens, correction, dim=text, keepdim=keepdim)
        assert same(found, wanted)
    refused(kind, "invalid_dtype", "tens", tens=tens.long(), dim="")


@pytest.mark.parametrize("kind", SPREAD)
def test_a_correction_that_came_over_a_link(kind: str) -> None:
    for correction in (2, -1, 0.5):
        given = {"tens": torch.rand(3), "correction": correction, "dim": ""}
        error = refused(kind, "invalid_value", "correction", **given)
        assert str(error) == f"{correction} is not 0 or 1"


def test_the_spread_of_one_number_is_a_notice(call: Recorder) -> None:
    assert NODES["PtStd"](torch.ones(1), dim="").isnan()
    assert call.codes == ["torch_warning"]
    assert call.notices[0]["message"].startswith("std(): degrees of freedom is <= 0")
    assert "Triggered" not in call.notices[0]["message"]


def test_joining() -> None:
    for one, two in product(DTYPES, (torch.float32, torch.int64)):
        a, b = sample((2, 3), one), sample((2, 3), two, 1)
        for dim in (-4, -3, -2, -1, 0, 1, 2):
            given = {"tens_a": a, "tens_b": b, "dim": dim}
            agrees("PtConcat", lambda a=a, b=b, dim=dim: torch.concat([a, b], dim), **given)
            agrees("PtStack", lambda a=a, b=b, dim=dim: torch.stack([a, b], dim), **given)
    wide = torch.ones(2, 4)
    assert NODES["PtConcat"](a, wide, 1).shape == (2, 7)
    refused("PtConcat", "invalid_shape", "tens_a", tens_a=a, tens_b=wide)
    refused("PtStack", "invalid_shape", "tens_a", tens_a=a, tens_b=wide)
    refused("PtStack", "invalid_shape", "dim", tens_a=torch.tensor(1), tens_b=torch.tensor(2))


def test_axes_of_size_one() -> None:
    tens = torch.ones(1, 3, 1)
    for dim in range(-4, 5):
        agrees("PtSqueeze", lambda dim=dim: torch.squeeze(tens, dim), tens=tens, dim=dim)
        agrees("PtUnsqueeze", lambda dim=dim: torch.unsqueeze(tens, dim), tens=tens, dim=dim)
    assert NODES["PtSqueeze"](tens).shape == (1, 3)
    assert NODES["PtUnsqueeze"](tens).shape == (1, 3, 1, 1)
    refused("PtSqueeze", "invalid_shape", "dim", tens=tens, dim=5)


def test_other_shapes() -> None:
    tens = torch.arange(6).reshape(2, 3)
    assert same(NODES["PtFlatten"](tens.T), torch.tensor([0, 3, 1, 4, 2, 5]))
    assert NODES["PtFlatten"](torch.tensor(1.0)).shape == (1,)
    for text in ("[3, -1]", "3, 2", "(6,)", "[1, 2, 3]"):
        shape = literal_eval(text)
        assert same(NODES["PtReshape"](tens, text), tens.reshape(shape))
        assert same(NODES["PtView"](tens, text), tens.view(shape))
        assert NODES["PtView"](tens, text).data_ptr() == tens.data_ptr()
    for kind in ("PtReshape", "PtView"):
        assert NODES[kind](torch.ones(1), "()").shape == ()
        for text in ("[7]", "[-1, -1]", "[]"):
            assert text in str(
                refused(kind, "invalid_shape", "new_shape", tens=tens, new_shape=text)
            )
        for text in ("6", "(6)", "", "[2.0, 3]", "['a']", "two", "[2, 3"):
            error = refused(kind, "invalid_text", "new_shape", tens=tens, new_shape=text)
            assert repr(text) in str(error)
    assert NODES["PtReshape"](tens.T, "[6]").tolist() == [0, 3, 1, 4, 2, 5]
    refused("PtView", "invalid_shape", "new_shape", tens=tens.T, new_shape="[6]")


def test_permuting() -> None:
    tens = sample((2, 3, 4), torch.int32)
    for text in ("[2, 0, 1]", "(-1, 0, 1)", "0, 1, 2"):
        found = NODES["PtPermute"](tens, text)
        assert same(found, tens.permute(literal_eval(text)))
        assert found.data_ptr() == tens.data_ptr()
    for text in ("[0, 1]", "[0, 0, 1]"):
        refused("PtPermute", "invalid_shape", "new_axes", tens=tens, new_axes=text)
    for text in ("1", "", "[0.5, 1, 2]"):
        refused("PtPermute", "invalid_text", "new_axes", tens=tens, new_axes=text)


@pytest.mark.parametrize("dtype", DTYPES)
def test_picking(dtype: torch.dtype) -> None:
    tens = sample((3, 4), dtype)
    for dim, text in ((0, "[[0, 2, 1]]"), (1, "[[3], [0], [0]]"), (-1, "[[0, 1]]"), (0, "[[],[]]")):
        wanted = torch.gather(tens, dim, torch.tensor(literal_eval(text), dtype=torch.int64))
        assert same(NODES["PtGather"](tens, dim, index=text), wanted)
    for dim, text in ((0, "[2, 0, 2]"), (-1, "[0]"), (1, "[]")):
        wanted = torch.index_select(tens, dim, torch.tensor(literal_eval(text), dtype=torch.int64))
        assert same(NODES["PtIndexSelect"](tens, dim, index=text), wanted)
    assert same(NODES["PtGather"](tens, index="[[1.0]]"), tens[1:2, :1])
    single = tens[0, 0]
    assert same(NODES["PtGather"](single, index="0"), single)
    assert same(NODES["PtIndexSelect"](single, index="[0]"), single)


def test_positions_that_are_not_there() -> None:
    tens = torch.ones(2, 3)
    for index in ("[[2]]", "[[-1]]", "[[0.5]]"):
        for kind, more in (("PtGather", {}), ("PtScatter", {"src": "[[1]]"})):
            error = refused(kind, "index_out_of_range", "index", tens=tens, index=index, **more)
            assert f"{index!r} has to hold whole numbers below 2, the size of axis 0" in str(error)
    refused("PtIndexSelect", "index_out_of_range", "index", tens=tens, dim=1, index="[0, 3]")
    for index in ("(0, 1)", "0", "{0: 1}"):
        error = refused("PtIndexSelect", "invalid_text", "index", tens=tens, index=index)
        assert "[0, 2]" in str(error.hint)
    refused("PtIndexSelect", "invalid_shape", "index", tens=tens, index="[[0]]")
    refused("PtGather", "invalid_shape", "index", tens=tens, index="[0]")
    refused("PtGather", "invalid_shape", "index", tens=tens, index="[[0], [0, 1]]")
    refused("PtGather", "invalid_text", "index", tens=tens, index="rows")
    refused("PtGather", "invalid_text", "index", tens=tens, index="")
    refused("PtGather", "invalid_shape", "dim", tens=tens, dim=2, index="[[0]]")


def test_scattering_leaves_the_input_alone() -> None:
    for dtype in DTYPES:
        tens = torch.zeros(2, 3, dtype=dtype)
        found = NODES["PtScatter"](tens, 1, index="[[2], [0]]", src="[[1], [1]]")
        assert same(found, torch.tensor([[0, 0, 1], [1, 0, 0]]).to(dtype))
        assert not tens.any()
    whole = torch.zeros(3, dtype=torch.int64)
    assert NODES["PtScatter"](whole, index="[1]", src="[2.9]").tolist() == [0, 2, 0]
    error = refused("PtScatter", "invalid_shape", "src", tens=whole, index="[1]", src="[1, 2]")
    assert "(2,)" in str(error)
    assert "(1,)" in str(error)
    refused("PtScatter", "invalid_shape", "index", tens=whole, index="[[1]]", src="[[1]]")


def test_choosing_by_bools() -> None:
    tens, mask = sample((2, 3), torch.float32), torch.tensor([True, False, True])
    for given in (mask, tens > 0, torch.tensor(True), torch.tensor(False)):
        found = NODES["PtMaskedSelect"](tens, given)
        assert same(found, torch.masked_select(tens, given))
    for dtype in DTYPES:
        other = sample((3,), dtype)
        assert same(NODES["PtWhere"](mask, tens, other), torch.where(mask, tens, other))
    single = torch.tensor(True), torch.tensor(1), torch.tensor(2.5)
    assert same(NODES["PtWhere"](*single), torch.tensor(1.0))
    for wrong in (mask.to(torch.uint8), mask.float()):
        error = refused("PtMaskedSelect", "invalid_dtype", "tens", tens=tens, masked_tens=wrong)
        assert str(wrong.dtype)[6:] in str(error)
        refused(
            "PtWhere", "invalid_dtype", "condition_tens",
            condition_tens=wrong, true_tens=tens, false_tens=tens,
        )  # fmt: skip
    long = torch.ones(4, dtype=torch.bool)
    refused("PtMaskedSelect", "invalid_shape", "tens", tens=tens, masked_tens=long)
    given = {"condition_tens": mask, "true_tens": tens, "false_tens": torch.ones(4)}
    refused("PtWhere", "invalid_shape", "condition_tens", **given)


def test_einsteins_sums() -> None:
    a, b, c = torch.randn(2, 3), torch.randn(3, 4), torch.randn(4, 2)
    for equation, given in (
        ("ij->ji", [a]),
        ("ij", [a]),
        ("ij,jk->ik", [a, b]),
        ("ij,jk,kl->il", [a, b, c]),
        ("...j,jk", [a, b]),
    ):
        names = dict(zip(("tens_a", "tens_b", "tens_c"), given, strict=False))
        assert same(NODES["PtEinsum"](equation, **names), torch.einsum(equation, *given))
    error = refused("PtEinsum", "invalid_value", "equation", equation="ij,kl", tens_a=a, tens_c=c)
    assert "tens_b None, tens_c float32 (4, 2): " in str(error)
    for equation in ("ij,jk", "", "i.j", "i->"):
        error = refused("PtEinsum", "invalid_shape", "equation", equation=equation, tens_a=a)
        assert repr(equation) in str(error)
