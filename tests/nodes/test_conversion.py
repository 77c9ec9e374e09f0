"""Tensors from texts, sizes, random numbers and arrays, and as other things."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from graphrun_nodes import conversion, display
from recording import Recorder

from graphrun.errors import InputError

NODES = conversion.NODES
FLOATS = ("float32", "float16", "bfloat16", "float64")
WHOLE = ("uint8", "int8", "int16", "int32", "int64")
SIZES = {"[2, 3]": (2, 3), "(4,)": (4,), "2,3": (2, 3), "[]": (), "()": (), " [0, 2] ": (0, 2)}
RANDOM = {"PtRand", "PtRandn", "PtRandInt"}


def dtype_of(name: str) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def same(found: Any, expected: torch.Tensor) -> bool:
    return (
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and torch.equal(found.nan_to_num(7), expected.nan_to_num(7))
    )


def refused(kind: str, code: str, input: str, **given: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        NODES[kind](**given)
    assert (caught.value.code, caught.value.input) == (code, input)
    return caught.value


def test_what_draws_random_numbers_says_so() -> None:
    assert {name for name, spec in NODES.specs.items() if spec.random} == RANDOM
    assert len(NODES) == 13 + 12 + 4


@pytest.mark.parametrize(
    "text", ["3", "-0.5", "[1, 2.5, 0]", "((1, 0), (2, 3))", "[[[1e3]]]", "[]", " 1_000 ", "True"]
)
def test_numbers_typed_in(text: str) -> None:
    value = literal_eval(text)
    for kind, dtype in (
        ("PtFloatCreate", torch.float32),
        ("PtIntCreate", torch.int32),
        ("PtBoolCreate", torch.bool),
    ):
        assert same(NODES[kind](text), torch.tensor(value, dtype=dtype))


def test_numbers_become_what_is_asked_for() -> None:
    assert NODES["PtIntCreate"]("[2.9, -2.9]").tolist() == [2, -2]
    assert NODES["PtBoolCreate"]("[0, 0.0, 0.1, -1]").tolist() == [False, False, True, True]
    assert NODES["PtFloatCreate"]("[[1], [2]]").shape == (2, 1)


@pytest.mark.parametrize("kind", ["PtFloatCreate", "PtIntCreate", "PtBoolCreate"])
def test_data_that_is_no_numbers(kind: str) -> None:
    for text in ("[[1, 2], [3]]", "{'a': 1}", "'a'", "['a']", "[None]", "1j", "{1}", "b'a'"):
        error = refused(kind, "invalid_value", "data", data=text)
        assert str(error).startswith(f"data {text!r}: ")
    for text in ("", " ", "x", "[1, 2", "1 + 1 + x", "__import__('os')"):
        assert repr(text) in str(refused(kind, "invalid_text", "data", data=text))


def test_integers_of_more_than_32_bits() -> None:
    assert "int32" in str(refused("PtIntCreate", "invalid_value", "data", data="[2147483648]"))
    assert NODES["PtIntCreate"]("[-2147483648]").tolist() == [-(2**31)]


@pytest.mark.parametrize("name", [*FLOATS, *WHOLE, "bool"])
def test_constants(name: str) -> None:
    dtype = dtype_of(name)
    for text, shape in SIZES.items():
        assert same(NODES["PtZeros"](text, name), torch.zeros(shape, dtype=dtype))
        assert same(NODES["PtOnes"](text, name), torch.ones(shape, dtype=dtype))
        full = NODES["PtFull"]("1", text, name)
        assert same(full, torch.full(shape, 1, dtype=dtype))


def test_values_that_fill() -> None:
    full = NODES["PtFull"]
    for name in FLOATS:
        for text in ("1e3", "nan", "inf", "-2.5", " 7 ", "1_0"):
            wanted = torch.full((2,), float(text), dtype=dtype_of(name))
            assert same(full(text, "[2]", name), wanted)
    assert full("1" + "0" * 30, "[]", "float32").item() == torch.tensor(1e30).item()
    for name in WHOLE:
        assert same(full(" 12 ", "[2]", name), torch.full((2,), 12, dtype=dtype_of(name)))
    assert full("-1", "[1]", "uint8").tolist() == [255]
    for text, value in (
        ("true", True), ("TRUE", True), ("1", True),
        ("yes", False), ("2", False), (" true ", False), ("", False), ("False", False),
    ):  # fmt: skip
        assert same(full(text, "[2]", "bool"), torch.full((2,), value))


def test_values_that_do_not_fill() -> None:
    for text in ("1.5", "1e3", "nan"):
        error = refused(
            "PtFull", "invalid_value", "value", value=text, size="[1]", data_type="int32"
        )
        assert f"invalid literal for int() with base 10: {text!r}" in str(error)
    for name in ("int8", "float32"):
        code = "invalid_text" if name == "float32" else "invalid_value"
        for text in ("", "x", "1,5"):
            refused("PtFull", code, "value", value=text, size="[1]", data_type=name)
    for text, name in (("300", "uint8"), ("128", "int8"), ("1e30", "float16"), ("9" * 30, "int64")):
        error = refused("PtFull", "invalid_value", "value", value=text, size="[2]", data_type=name)
        assert text in str(error)


@pytest.mark.parametrize("kind", ["PtZeros", "PtOnes", "PtRand", "PtRandn"])
def test_sizes_that_are_none(kind: str) -> None:
    for text in ("3", "(3)", "", "[2.0]", "[-1]", "['a']", "x", "[True]"):
        error = refused(kind, "invalid_text", "size", size=text, data_type="float32")
        assert repr(text) in str(error)
    assert "[3]" in str(refused(kind, "invalid_text", "size", size="3", data_type="float32").hint)
    big = "[1000000000000000000, 1000000000000000000]"
    assert big in str(refused(kind, "invalid_value", "size", size=big, data_type="float32"))
    refused(kind, "invalid_value", "size", size=f"[{2**70}]", data_type="float32")


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("kind", ["PtRand", "PtRandn"])
def test_random_numbers_are_the_global_generators(kind: str, name: str) -> None:
    function: Callable[..., torch.Tensor] = getattr(torch, kind[2:].lower())
    for text, shape in SIZES.items():
        torch.manual_seed(3)
        wanted = function(shape, dtype=dtype_of(name))
        torch.manual_seed(3)
        assert same(NODES[kind](text, name), wanted)
        assert shape != (2, 3) or not same(NODES[kind](text, name), wanted)


@pytest.mark.parametrize("name", WHOLE)
def test_random_whole_numbers(name: str) -> None:
    torch.manual_seed(4)
    wanted = torch.randint(1, 100, (50,), dtype=dtype_of(name))
    torch.manual_seed(4)
    assert same(NODES["PtRandInt"](1, 100, size="[50]", data_type=name), wanted)
    assert NODES["PtRandInt"](size="[3]", data_type=name).tolist() == [0, 0, 0]
    given = {"size": "[2]", "data_type": name}
    error = refused("PtRandInt", "invalid_value", "min_value", min_value=3, max_value=3, **given)
    assert "from=3" in str(error)
    if name in ("uint8", "int8", "int16"):
        refused("PtRandInt", "invalid_value", "min_value", min_value=0, max_value=70000, **given)


@pytest.mark.parametrize("name", [*FLOATS, *WHOLE])
def test_ranges(name: str) -> None:
    dtype = dtype_of(name)
    for texts, numbers in (
        (("", "5", ""), (0, 5, 1)),
        (("1", "10", "3"), (1, 10, 3)),
        (("0", "2", "1.25"), (0, 2, 1.25)),
        (("5", "0", "-2"), (5, 0, -2)),
        (("", "1e1", " 2.5 "), (0, 10.0, 2.5)),
        (("3", "3", ""), (3, 3, 1)),
    ):
        assert same(NODES["PtArange"](*texts, data_type=name), torch.arange(*numbers, dtype=dtype))
    for texts, (start, end, steps) in (
        (("0", "10", "5"), (0.0, 10.0, 5)),
        (("1e0", "-3.5", "4"), (1.0, -3.5, 4)),
        (("2", "9", "1"), (2.0, 9.0, 1)),
        (("2", "9", "0"), (2.0, 9.0, 0)),
    ):
        if name == "uint8" and end < 0:
            continue
        wanted = torch.linspace(start, end, steps, dtype=dtype)
        assert same(NODES["PtLinspace"](*texts, data_type=name), wanted)


def test_whole_numbers_of_ranges() -> None:
    assert NODES["PtArange"]("0", "1", "0.25", data_type="int32").tolist() == [0, 0, 0, 0]
    found = NODES["PtLinspace"]("0", "10", "5", data_type="int32")
    assert found.tolist() == [0, 2, 5, 7, 10]
    far = str(2**53 + 1)
    assert NODES["PtArange"](far, str(2**53 + 2), data_type="int64").tolist() == [2**53 + 1]


def test_ranges_that_are_none() -> None:
    kind = {"data_type": "float32"}
    assert "blank" in str(refused("PtArange", "invalid_text", "end", **kind))
    for step in ("-1", "0"):
        refused("PtArange", "invalid_value", "start", end="5", step=step, **kind)
    refused("PtArange", "invalid_value", "start", end=str(2**70), **kind)
    refused("PtArange", "invalid_text", "step", end="5", step="one", **kind)
    for name in ("start", "end", "steps"):
        given = {"start": "0", "end": "1", "steps": "2", name: ""}
        code = "invalid_value" if name == "steps" else "invalid_text"
        refused("PtLinspace", code, name, **given, **kind)
    ends = {"start": "0", "end": "1"}
    for steps in ("5.0", "inf", "1e1"):
        assert steps in str(
            refused("PtLinspace", "invalid_value", "steps", steps=steps, **ends, **kind)
        )
    error = refused("PtLinspace", "invalid_value", "start", steps="-1", **ends, **kind)
    assert "steps '-1'" in str(error)


@pytest.mark.parametrize("name", [*FLOATS, *WHOLE])
def test_other_dtypes(name: str) -> None:
    dtype, node = dtype_of(name), NODES[f"PtTo{name.capitalize()}"]
    for made in (
        torch.tensor([[0.5, 1.9], [7, 100]]),
        torch.tensor(True),
        torch.tensor([], dtype=torch.int64),
    ):
        assert same(node(made), made.to(dtype))
    already = torch.ones(2, dtype=dtype)
    assert node(already) is already
    if name in ("float16",):
        assert node(torch.tensor(1e30)).isinf()


@pytest.mark.parametrize("name", ["float32", "float64", "float16", *WHOLE, "bool"])
def test_arrays_and_back(name: str) -> None:
    for shape in ((), (0,), (2, 3)):
        tens = (torch.rand(shape) * 5).to(dtype_of(name))
        array = NODES["PtToNumpy"](tens)
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (np.dtype(name), shape)
        back = NODES["PtFromNumpy"](array)
        assert same(back, tens)
        array[...] = 0
        assert same(back, tens)
    trained = torch.ones(2, requires_grad=True)
    with torch.enable_grad():
        assert NODES["PtToNumpy"](trained * 2).tolist() == [2, 2]


def test_arrays_of_all_kinds() -> None:
    for kind in (np.uint16, np.uint32, np.uint64):
        assert NODES["PtFromNumpy"](np.array([1], kind)).dtype == dtype_of(np.dtype(kind).name)
    assert NODES["PtFromNumpy"](np.arange(4)[::-2]).tolist() == [3, 1]
    fixed = np.arange(3)
    fixed.flags.writeable = False
    assert NODES["PtFromNumpy"](fixed).tolist() == [0, 1, 2]
    assert NODES["PtFromNumpy"](np.float32(2)).shape == ()
    for wrong in (np.array(["a"]), np.array([None]), np.array([1], ">i4")):
        error = refused("PtFromNumpy", "invalid_value", "array", array=wrong)
        assert str(error).startswith(f"array {wrong.dtype} (1,): ")
    error = refused("PtToNumpy", "invalid_dtype", "tens", tens=torch.ones(2, dtype=torch.bfloat16))
    assert "PtToFloat32" in str(error.hint)


def test_latents() -> None:
    tens = torch.ones(1, 4, 2, 2)
    latent = NODES["PtToLatent"](tens)
    assert latent == {"samples": tens}
    assert NODES["PtFromLatent"](latent) is tens
    error = refused("PtFromLatent", "invalid_value", "latent", latent={"noise": 1, "mask": 2})
    assert str(error) == "latent {'noise': 1, 'mask': 2}: 'samples' is missing"


def test_channels() -> None:
    for shape in ((3,), (2, 3), (1, 4, 5, 3)):
        tens = torch.rand(shape)
        for index, found in enumerate(NODES["PtToRgbTensors"](tens)):
            assert same(found, tens[..., index])
            assert found.untyped_storage().data_ptr() == tens.untyped_storage().data_ptr()
    for shape in ((), (4,), (3, 4)):
        error = refused("PtToRgbTensors", "invalid_shape", "tens", tens=torch.ones(shape))
        assert str(shape) in str(error)


def test_sizes() -> None:
    for text, shape in SIZES.items():
        size = NODES["PtSizeCreate"](text)
        assert isinstance(size, torch.Size)
        assert size == shape == NODES["PtSize"](torch.ones(shape))
        assert NODES["PtSizeToString"](size) == f"torch.Size({list(shape)})"
        array = NODES["PtSizeToNumpy"](size)
        assert (array.dtype, array.shape) == (np.dtype(int), (len(shape),))
        assert tuple(array) == shape
    assert isinstance(NODES["PtSize"](torch.ones(2)), torch.Size)
    assert NODES["PtSizeCreate"]("[-1, 2]") == (-1, 2)
    for text in ("3", "[2.5]", "", "[True]"):
        refused("PtSizeCreate", "invalid_text", "data", data=text)


def test_tensors_and_sizes_are_shown(call: Recorder) -> None:
    for tens in (torch.arange(100), torch.arange(101), torch.rand(4, 50), torch.tensor(1.5)):
        torch.set_printoptions(threshold=100)
        wanted = str(tens)
        torch.set_printoptions(profile="default")
        assert display.NODES["PtShowText"]([tens, torch.ones(1)]) == [wanted]
        assert call.ui["text"] == [wanted]
        assert "..." in str(torch.rand(1001))
        assert "..." not in str(torch.rand(999))
    assert display.NODES["PtShowSize"]([torch.Size([2, 3])]) == ["torch.Size([2, 3])"]
    assert call.ui["text"] == ["torch.Size([2, 3])"]
