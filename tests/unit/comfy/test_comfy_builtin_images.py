"""Built-in picture and mask nodes against computations of torch, NumPy and Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from graphrun.comfy.builtins import PACK, images, masks
from graphrun.comfy.builtins.images import NODES as IMAGES
from graphrun.comfy.builtins.masks import NODES as MASKS

INTERFACES = {
    "ImageScale": ("image upscale_method width height crop", "IMAGE"),
    "ImageScaleBy": ("image upscale_method scale_by", "IMAGE"),
    "ImageScaleToTotalPixels": ("image upscale_method megapixels resolution_steps", "IMAGE"),
    "ImageScaleToMaxDimension": ("image upscale_method largest_size", "IMAGE"),
    "EmptyImage": ("width height batch_size color", "IMAGE"),
    "ImagePadForOutpaint": ("image left top right bottom feathering", "IMAGE MASK"),
    "ImageCrop": ("image width height x y", "IMAGE"),
    "ImageFromBatch": ("image batch_index length", "IMAGE"),
    "GetImageSize": ("image", "INT INT INT"),
    "ImageBlend": ("image1 image2 blend_factor blend_mode", "IMAGE"),
    "ImageSharpen": ("image sharpen_radius sigma alpha", "IMAGE"),
    "ImageCompositeMasked": ("destination source x y resize_source mask", "IMAGE"),
    "MaskComposite": ("destination source x y operation", "MASK"),
    "FeatherMask": ("mask left top right bottom", "MASK"),
    "GrowMask": ("mask expand tapered_corners", "MASK"),
    "SplitImageWithAlpha": ("image", "IMAGE MASK"),
    "SaveImage": ("images filename_prefix", ""),
    "LoadImage": ("image", "IMAGE MASK"),
    "LoadImageMask": ("image channel", "MASK"),
}


@pytest.fixture
def picture():
    return torch.rand(2, 6, 9, 3, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def mask():
    return torch.rand(2, 6, 9, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("name", INTERFACES)
def test_inputs_in_the_order_of_comfyuis_widgets_and_outputs(name):
    spec = PACK.spec(name)
    inputs, outputs = INTERFACES[name]
    assert [one.name for one in spec.visible] == inputs.split()
    assert [one.type for one in spec.outputs] == outputs.split()


def test_the_schemas_are_those_of_the_code():
    specs = PACK.all_nodes()
    assert {name: PACK.spec(name) for name in PACK.names()} == specs


def test_an_empty_picture_has_the_colour():
    found = images.empty(3, 2, 2, 0xFF8000)
    assert found.shape == (2, 2, 3, 3)
    assert torch.equal(found[1, 1, 2], torch.tensor([1.0, 128 / 255, 0.0]))


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic"])
def test_scaling_is_torchs(picture, method):
    found = IMAGES["ImageScale"](
        image=picture, upscale_method=method, width=5, height=4, crop="disabled"
    )
    channels_first = picture.permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(channels_first, (4, 5), mode=method)
    assert torch.equal(found, expected.permute(0, 2, 3, 1))


def test_lanczos_is_pillows(picture):
    found = images.scale_by(picture, "lanczos", 2.0)
    eight = Pillow.fromarray((picture[1].numpy() * 255).astype(np.uint8))
    expected = np.asarray(eight.resize((18, 12), Pillow.Resampling.LANCZOS), np.float32) / 255
    assert np.array_equal(found[1].numpy(), expected)


def test_sizes_that_follow():
    tall = torch.zeros(1, 40, 20, 3)
    assert images.scale(tall, "area", 0, 0, crop="disabled") is tall
    assert images.scale(tall, "area", 0, 10, crop="disabled").shape[1:3] == (10, 5)
    assert images.scale(tall, "area", 10, 0, crop="center").shape[1:3] == (20, 10)
    assert images.scale_to_longest(tall, "area", 8).shape[1:3] == (8, 4)
    assert images.scale_to_pixels(tall, "area", 0.01, 16).shape[1:3] == (144, 80)


def test_batches(picture):
    other = torch.ones(1, 12, 18, 4)
    both = images.batch(picture, other)
    assert both.shape == (3, 6, 9, 4)
    assert torch.equal(both[:2, ..., :3], picture)
    assert torch.all(both[2] == 1)
    assert torch.all(both[:2, ..., 3] == 1)
    assert torch.equal(images.repeat(picture, 2), torch.cat((picture, picture)))
    assert torch.equal(images.from_batch(picture, 9, 9), picture[1:])
    assert images.size(picture) == (9, 6, 2)


def test_cutting_and_turning(picture):
    assert torch.equal(images.crop(picture, 4, 99, 7, 2), picture[:, 2:, 7:])
    assert images.crop(picture, 1, 1, 99, 99).shape == (2, 1, 1, 3)
    turned = images.rotate(picture, "90 degrees").numpy()
    assert np.array_equal(turned, np.rot90(picture.numpy(), -1, (1, 2)))
    assert torch.equal(images.rotate(picture, "none"), picture)
    upside = images.flip(picture, "x-axis: vertically").numpy()
    assert np.array_equal(upside, picture.numpy()[:, ::-1])


def test_padding_marks_what_was_added_and_falls_off_inside():
    wide, mask = images.pad(torch.zeros(1, 10, 10, 3), 2, 0, right=0, bottom=0, feathering=4)
    assert wide.shape == (1, 10, 12, 3)
    assert torch.all(wide[:, :, :2] == 0.5)
    row = [1, 1, 1, (3 / 4) ** 2, (2 / 4) ** 2, (1 / 4) ** 2, *[0] * 6]
    assert torch.equal(mask, torch.tensor(row).float().expand(1, 10, 12))


@pytest.mark.parametrize(
    ("mode", "mixed"),
    [
        ("normal", lambda a, b: b),
        ("multiply", lambda a, b: a * b),
        ("screen", lambda a, b: a + b - a * b),
        ("overlay", lambda a, b: np.where(a > 0.5, 2 * (a + b - a * b) - 1, 2 * a * b)),
        ("difference", lambda a, b: a - b),
    ],
)
def test_blending(picture, mode, mixed):
    a, b = picture[:1], picture[1:]
    found = images.blend(a, b, 0.25, blend_mode=mode).numpy()
    a, b = a.numpy(), b.numpy()
    expected = np.clip(0.75 * a + 0.25 * mixed(a, b), 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_blur_is_a_weighted_mean_and_leaves_even_pictures(picture):
    found = images.blur(picture, 1, 1.0)
    weights = np.exp(-np.array([[2, 1, 2], [1, 0, 1], [2, 1, 2]]) / 2)
    weights /= weights.sum()
    expected = (picture[0, 1:4, 2:5, 1].numpy() * weights).sum()
    assert found[0, 2, 3, 1].item() == pytest.approx(expected, abs=1e-6)
    even = torch.full((1, 8, 8, 3), 0.4)
    torch.testing.assert_close(images.blur(even, 3, 2.0), even)
    torch.testing.assert_close(images.sharpen(even, 3, 2.0, 1.0), even)


def test_sharpening_moves_away_from_the_mean(picture):
    small = picture * 0.02 + 0.5
    found = images.sharpen(small, 1, 1.0, 0.5)
    expected = small + 5 * (small - images.blur(small, 1, 1.0))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_masks_from_pictures_and_back(picture, mask):
    assert torch.equal(masks.to_mask(picture, "green"), picture[..., 1])
    assert torch.equal(masks.to_image(mask[0]), mask[:1, ..., None].repeat(1, 1, 1, 3))
    colours = torch.tensor([[[[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]]])
    assert masks.color_to_mask(colours, 0xFF0080).tolist() == [[[1.0, 0.0]]]


def test_alpha_is_the_opposite_of_a_mask(picture, mask):
    joined = masks.join_alpha(picture, mask)
    colours, clear = masks.split_alpha(joined)
    assert torch.equal(colours, picture)
    torch.testing.assert_close(clear, mask)
    assert not masks.split_alpha(picture)[1].any()


def test_one_mask_on_another():
    base, other = torch.zeros(1, 3, 3), torch.full((1, 2, 2), 0.75)
    found = masks.composite(base, other, 2, 1, operation="add")
    assert found.tolist() == [[[0, 0, 0], [0, 0, 0.75], [0, 0, 0.75]]]
    assert masks.composite(other, other, 0, 0, operation="xor").sum() == 0
    assert masks.composite(other, other, 0, 0, operation="and").sum() == 4
    assert not base.any()


def test_a_picture_on_another(picture):
    base = torch.zeros(2, 4, 4, 3)
    patch = torch.ones(1, 3, 3, 3)
    found = masks.composite_masked(base, patch, 2, 2)
    assert found.sum() == 2 * 2 * 2 * 3
    half = masks.composite_masked(base, patch, 0, 0, mask=torch.full((3, 3), 0.5))
    assert half[:, :3, :3].unique().tolist() == [0.5]
    whole = masks.composite_masked(base, patch, 0, 0, resize_source=True)
    assert torch.all(whole == 1)
    assert not base.any()


def test_growing_is_the_largest_of_the_neighbours():
    point = torch.zeros(1, 5, 5)
    point[0, 2, 2] = 1
    assert masks.grow(point, 1, True).sum() == 5
    assert masks.grow(point, 2, True).sum() == 13
    assert masks.grow(point, 1, False).sum() == 9
    assert torch.equal(masks.grow(masks.grow(point, 1, False), -1, False), point)
    full = torch.ones(1, 4, 4)
    assert torch.equal(masks.grow(full, -3, False), full)


def test_feathering():
    found = masks.feather(torch.ones(1, 1, 6), left=2)
    assert found.tolist() == [[[0.5, 1, 1, 1, 1, 1]]]
    right = masks.feather(torch.ones(1, 1, 6), right=2)
    assert right.tolist() == [[[0.5, 1, 1, 1, 1, 1]]]


def test_simple_masks(mask):
    assert torch.equal(masks.invert(mask), 1 - mask)
    assert torch.equal(masks.threshold(mask, 0.5), (mask > 0.5).float())
    assert torch.equal(masks.crop(mask, 1, 2, 3, 9), mask[:, 2:, 1:4])
    assert torch.equal(MASKS["SolidMask"](value=0.5, width=2, height=1), torch.full((1, 1, 2), 0.5))


def test_rebatching_keeps_the_order_and_breaks_where_sizes_change():
    batches = [torch.zeros(3, 2, 2, 3), torch.ones(2, 2, 2, 3), torch.ones(1, 4, 4, 3)]
    found = IMAGES["RebatchImages"](images=batches, batch_size=[2])
    assert [len(batch) for batch in found] == [2, 2, 1, 1]
    assert torch.equal(torch.cat(found[:3]), torch.cat(batches[:2]))
    assert torch.equal(found[3], batches[2])
