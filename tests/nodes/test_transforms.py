from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from graphrun_nodes.transforms import data_augment, inverse_affine, resize, to_tensor
from PIL import Image

from graphrun.errors import InputError

RANDOM = np.random.default_rng(3)


def picture(mode: str = "RGB", width: int = 9, height: int = 7) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = RANDOM.integers(1, 256, (height, width, bands), dtype=np.uint8)
    return Image.fromarray(values.squeeze(-1) if bands == 1 else values).convert(mode)


def pixels(tensor: torch.Tensor) -> np.ndarray:
    """As the picture's array has them."""
    return (tensor * 255).round().to(torch.uint8).permute(1, 2, 0).squeeze(-1).numpy()


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "CMYK", "LA"])
def test_values_of_eight_bits_are_divided_by_255(mode: str) -> None:
    image = picture(mode)
    found = to_tensor()(image)
    array = np.asarray(image).reshape(7, 9, -1)
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    assert torch.equal(found, torch.from_numpy(array.transpose(2, 0, 1).copy()).float() / 255)


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[70000, -3], [0, 1]], np.int32), torch.int32),
        (np.array([[65535, 3], [0, 1]], np.uint16), torch.int32),
        (np.array([[0.5, -3], [0, 1e9]], np.float32), torch.float32),
    ],
)
def test_wider_values_are_kept(array: np.ndarray, dtype: torch.dtype) -> None:
    found = to_tensor()(Image.fromarray(array))
    assert found.dtype == dtype
    assert found.tolist() == [array.tolist()]


def test_one_bit_is_nought_or_one() -> None:
    array = np.array([[True, False, True]])
    found = to_tensor()(Image.fromarray(array))
    assert found.dtype == torch.float32
    assert found.tolist() == [[[1.0, 0.0, 1.0]]]


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
def test_arrays_are_taken_too(shape: tuple[int, ...]) -> None:
    array = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    found = to_tensor()(array)
    assert found.shape == (*shape, 1)[2:3] + shape[:2]
    assert torch.equal(found.movedim(0, 2).reshape(shape), torch.from_numpy(array) / 255)
    assert to_tensor()(array.astype(np.float64)).dtype == torch.float64


def test_an_empty_array_is_an_empty_tensor() -> None:
    assert to_tensor()(np.zeros((0, 4, 3), np.uint8)).shape == (3, 0, 4)


@pytest.mark.parametrize("value", ["text", np.zeros(3), np.zeros((1, 2, 2, 3)), 5])
def test_what_is_no_picture(value: Any) -> None:
    with pytest.raises(InputError, match=f"2 or 3 dimensions, not {type(value).__name__}"):
        to_tensor()(value)


def test_the_tensor_is_not_the_picture() -> None:
    array = np.zeros((2, 2), np.float32)
    to_tensor()(array).add_(1)
    assert not array.any()


@pytest.mark.parametrize(("height", "width"), [(3, 4), (14, 18), (1, 1), (7, 9), (20, 2)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_resizing_is_pillows_bilinear_filter(mode: str, height: int, width: int) -> None:
    image = picture(mode)
    found = resize(height, width)(image)
    assert found.shape == (len(mode), height, width)
    expected = image.resize((width, height), Image.Resampling.BILINEAR)
    assert torch.equal(found, to_tensor()(expected))


def test_resizing_has_antialiasing() -> None:
    stripes = Image.fromarray(np.tile(np.uint8([0, 255]), (8, 64)))
    found = resize(8, 16)(stripes)
    assert ((found > 0.4) & (found < 0.6)).all()


def test_nothing_to_do_is_the_tensor_of_the_picture() -> None:
    image = picture()
    assert torch.equal(data_augment()(image), to_tensor()(image))


def test_certain_flips() -> None:
    array = np.asarray(image := picture("L"))
    assert (pixels(data_augment(h_flip_prob=1.0)(image)) == array[:, ::-1]).all()
    assert (pixels(data_augment(v_flip_prob=1.0)(image)) == array[::-1]).all()
    both = data_augment(h_flip_prob=1.0, v_flip_prob=1.0)
    assert (pixels(both(image)) == array[::-1, ::-1]).all()


def test_flips_by_chance() -> None:
    torch.manual_seed(0)
    array = np.asarray(image := picture("L"))
    flip = data_augment(h_flip_prob=0.25)
    flipped = sum(bool((pixels(flip(image)) == array[:, ::-1]).all()) for _ in range(400))
    assert 70 < flipped < 130


@pytest.mark.parametrize(
    ("angle", "method"), [(90, "ROTATE_270"), (180, "ROTATE_180"), (-90, "ROTATE_90")]
)
def test_angles_are_clockwise(angle: float, method: str) -> None:
    image = picture("RGB", 8, 8)
    matrix = inverse_affine(image.size, angle, (0, 0), 1.0)
    found = image.transform(image.size, Image.Transform.AFFINE, matrix)
    assert np.array_equal(found, image.transpose(Image.Transpose[method]))


@pytest.mark.parametrize("angle", [13.0, -47.5, 211.0])
def test_angles_are_those_of_pillow(angle: float) -> None:
    image = picture("RGB", 31, 22)
    matrix = inverse_affine(image.size, angle, (0, 0), 1.0)
    found = image.transform(image.size, Image.Transform.AFFINE, matrix)
    differing = (np.asarray(found) != np.asarray(image.rotate(-angle))).any(-1)
    assert differing.mean() < 0.01  # Pillow rounds its matrix to 15 places


def test_the_matrix_undoes_turn_scale_and_shift() -> None:
    size, angle, offset, scale = (30, 20), 25.0, (4, -3), 1.5
    matrix = np.array(inverse_affine(size, angle, offset, scale)).reshape(2, 3)
    x, y = 7.0, 18.0
    turn = math.radians(angle)
    right, down = x - 15, y - 10
    to_x = scale * (math.cos(turn) * right - math.sin(turn) * down) + 15 + 4
    to_y = scale * (math.sin(turn) * right + math.cos(turn) * down) + 10 - 3
    assert matrix @ [to_x, to_y, 1] == pytest.approx([x, y])


def test_shifts_are_whole_pixels_within_their_share() -> None:
    torch.manual_seed(1)
    dot = np.zeros((21, 41), np.uint8)
    dot[10, 20] = 255
    shift = data_augment(h_translate_ratio=0.1, v_translate_ratio=0.4)
    seen = set()
    for _ in range(200):
        ((row, column),) = np.argwhere(pixels(shift(Image.fromarray(dot))))
        seen.add((row - 10, column - 20))
    assert {row for row, _ in seen} == {*range(-8, 9)}
    assert {column for _, column in seen} == {*range(-4, 5)}


def test_what_comes_from_outside_is_black() -> None:
    torch.manual_seed(2)
    white = Image.new("RGB", (16, 16), "white")
    found = data_augment(rotate_degree=45.0)(white)
    assert set(found.unique().tolist()) == {0.0, 1.0}


def test_scales_are_within_their_range() -> None:
    torch.manual_seed(3)
    square = np.zeros((101, 101), np.uint8)
    square[30:71, 30:71] = 255
    scale = data_augment(min_scale=0.5, max_scale=2.0)
    sides = [
        math.sqrt(pixels(scale(Image.fromarray(square))).astype(bool).sum()) / 41
        for _ in range(100)
    ]
    assert 0.49 <= min(sides) < 0.6
    assert 1.85 < max(sides) <= 2.01


def test_the_order_of_random_numbers() -> None:
    """Flips, angle, shifts along width and height, scale; what cannot happen draws nothing."""
    image = picture("RGB", 20, 12)
    torch.manual_seed(4)
    everything = data_augment(
        h_flip_prob=0.5, v_flip_prob=0.5, rotate_degree=-30.0, h_translate_ratio=0.2,
        v_translate_ratio=0.3, min_scale=0.8, max_scale=1.1,
    )(image)  # fmt: skip
    torch.manual_seed(4)
    expected = image
    for way in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        expected = expected.transpose(way) if torch.rand(1) < 0.5 else expected

    def uniform(low: float, high: float) -> Any:
        return torch.empty(1).uniform_(low, high).item()

    angle = uniform(-30, 30)
    offset = round(uniform(-4, 4)), round(uniform(-12 * 0.3, 12 * 0.3))
    matrix = inverse_affine(image.size, angle, offset, uniform(0.8, 1.1))
    expected = expected.transform(image.size, Image.Transform.AFFINE, matrix)
    assert torch.equal(everything, to_tensor()(expected))

    torch.manual_seed(4)
    data_augment()(image)
    after = torch.rand(1)
    torch.manual_seed(4)
    uniform(0, 0)
    assert torch.equal(after, torch.rand(1))


def test_a_negative_angle_is_the_same_range() -> None:
    image = picture()
    torch.manual_seed(5)
    one = data_augment(rotate_degree=-20.0)(image)
    torch.manual_seed(5)
    assert torch.equal(one, data_augment(rotate_degree=20.0)(image))


@pytest.mark.parametrize("make", [to_tensor, resize, lambda: data_augment(h_flip_prob=0.5)])
def test_workers_can_be_sent_transforms(make: Any) -> None:
    image = picture()
    torch.manual_seed(6)
    expected = make()(image)
    torch.manual_seed(6)
    assert torch.equal(pickle.loads(pickle.dumps(make()))(image), expected)
