"""Images as tensors and back, cut, framed and resized."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from graphrun_nodes import images
from torch.nn.functional import interpolate

from graphrun.errors import InputError

NODES = images.NODES
MODES = ("nearest-exact", "bilinear", "bicubic", "nearest")


def refused(kind: str, code: str, input: str, **given: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        NODES[kind](**given)
    assert (caught.value.code, caught.value.input) == (code, input)
    return caught.value


def test_images_as_they_are() -> None:
    image = torch.rand(1, 4, 5, 3)
    assert NODES["PtFromImage"](image) is image
    assert NODES["PtToImage"](image) is image
    assert len(NODES) == 8


@pytest.mark.parametrize("shape", [(2, 4, 5, 3), (4, 5, 3), (0, 4, 5, 3)])
def test_channels_move(shape: tuple[int, ...]) -> None:
    image = torch.rand(shape)
    first = NODES["PtFromImageTranspose"](image)
    axes = (0, 3, 1, 2) if len(shape) == 4 else (2, 0, 1)
    assert torch.equal(first, image.permute(axes))
    assert first.data_ptr() == image.data_ptr()
    last = NODES["PtToImageTranspose"](first)
    assert torch.equal(last, image)
    assert last.data_ptr() == image.data_ptr()


def test_tensors_that_are_no_images() -> None:
    for shape in ((), (4,), (4, 5), (1, 2, 3, 4, 5)):
        tens = torch.ones(shape)
        sizes = {"height": 1, "width": 1}
        for kind, input, more in (
            ("PtFromImageTranspose", "image", {}),
            ("PtToImageTranspose", "tens", {}),
            ("PtCrop", "tens", sizes),
            ("PtPad", "tens", sizes),
        ):
            error = refused(kind, "invalid_shape", input, **{input: tens}, **more)
            assert str(shape) in str(error)
            assert error.hint


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.uint8, torch.bool])
@pytest.mark.parametrize("shape", [(3, 5, 7), (2, 3, 5, 7), (2, 3, 4, 6)])
def test_the_middle_is_kept(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tens = (torch.rand(shape) * 9).to(dtype)
    rows, columns = shape[-2:]
    for height, width in ((1, 1), (2, 3), (3, 2), (rows, columns), (rows - 1, columns)):
        found = NODES["PtCrop"](tens, height=height, width=width)
        top, left = (rows - height) // 2, (columns - width) // 2
        assert torch.equal(found, tens[..., top : top + height, left : left + width])
        assert found.untyped_storage().data_ptr() == tens.untyped_storage().data_ptr()
    for height, width in ((rows, columns), (rows + 1, columns + 4), (rows + 3, columns)):
        found = NODES["PtPad"](tens, height=height, width=width)
        wanted = torch.zeros((*shape[:-2], height, width), dtype=dtype)
        top, left = (height - rows) // 2, (width - columns) // 2
        wanted[..., top : top + rows, left : left + columns] = tens
        assert found.dtype == dtype
        assert torch.equal(found, wanted)
        assert found.data_ptr() != tens.data_ptr()
        assert torch.equal(NODES["PtCrop"](found, height=rows, width=columns), tens)


def test_images_of_the_wrong_size() -> None:
    tens = torch.ones(3, 5, 7)
    for kind, height, width, way in (
        ("PtCrop", 6, 7, "smaller"),
        ("PtCrop", 5, 8, "smaller"),
        ("PtPad", 4, 7, "larger"),
        ("PtPad", 5, 6, "larger"),
        ("PtCrop", -1, 2, "positive"),
        ("PtPad", 9, -1, "positive"),
    ):
        error = refused(kind, "invalid_shape", "tens", tens=tens, height=height, width=width)
        shown = f"tens float32 (3, 5, 7), height {height}, width {width}: the size has to be {way}"
        assert str(error) == f"{shown}; PtInterpolateToSize knows other ways"


@pytest.mark.parametrize("mode", MODES)
def test_resizing_is_torchs(mode: str) -> None:
    for dtype, shape in product(
        (torch.float32, torch.float64, torch.uint8), ((2, 3, 5, 7), (3, 5, 7))
    ):
        tens = (torch.rand(shape) * 200).to(dtype)
        batch = tens if len(shape) == 4 else tens[None]
        for height, width in ((2, 3), (5, 7), (11, 9)):
            found = NODES["PtInterpolateToSize"](tens, height=height, width=width, mode=mode)
            wanted = interpolate(batch, size=(height, width), mode=mode)
            assert torch.equal(found, wanted if len(shape) == 4 else wanted[0])
        for factor in (0.5, 1.0, 2.3):
            found = NODES["PtInterpolateByScaleFactor"](tens, scale_factor=factor, mode=mode)
            wanted = interpolate(batch, scale_factor=factor, mode=mode)
            assert torch.equal(found, wanted if len(shape) == 4 else wanted[0])
            assert found.shape[-2:] == (int(5 * factor), int(7 * factor))


def test_what_cannot_be_resized() -> None:
    size = {"height": 2, "width": 2, "mode": "bilinear"}
    error = refused("PtInterpolateToSize", "invalid_shape", "tens", tens=torch.ones(5), **size)
    assert "tens float32 (5,), height 2, width 2, mode 'bilinear': " in str(error)
    whole = torch.ones(1, 2, 2, dtype=torch.int32)
    refused("PtInterpolateToSize", "invalid_dtype", "tens", tens=whole, **size)
    given = {"tens": torch.ones(1, 2, 2), "scale_factor": 0.3, "mode": "nearest"}
    error = refused("PtInterpolateByScaleFactor", "invalid_shape", "tens", **given)
    assert "output (H: 0, W: 0)" in str(error)
