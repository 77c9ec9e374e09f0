"""Pictures: sizes, batches, cutting, turning, mixing."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from graphrun.catalog.markers import Each, Options, Range
from graphrun.catalog.node import Nodes
from graphrun.comfy import pictures
from graphrun.comfy.builtins._types import MAX_RESOLUTION, Extent, Image, Mask, Side

NODES = Nodes(category="image")

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
Border = Annotated[int, Range(0, MAX_RESOLUTION, 8)]
Count = Annotated[int, Range(1, 4096)]
Radius = Annotated[int, Range(1, 31, 1)]


@NODES.node("EmptyImage")
def empty(
    width: Side = 512,
    height: Side = 512,
    batch_size: Count = 1,
    color: Annotated[int, Range(0, 0xFFFFFF, 1), Options({"display": "color"})] = 0,
) -> Image:
    """Pictures of one colour, which is a number: red * 65536 + green * 256 + blue."""
    import torch

    channels = [(color >> shift & 0xFF) / 0xFF for shift in (16, 8, 0)]
    return torch.tensor(channels).expand(batch_size, height, width, 3).clone()


@NODES.node("ImageScale", title="Upscale Image", category="image/upscaling")
def scale(
    image: Image,
    upscale_method: Method,
    width: Extent = 512,
    height: Extent = 512,
    *,
    crop: Literal["disabled", "center"],
) -> Image:
    """Another size. A side of 0 follows from the other one; with both 0 nothing changes."""
    if width == 0 and height == 0:
        return image
    old_height, old_width = image.shape[1:3]
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    return pictures.scaled(image, width, height, upscale_method, crop)


@NODES.node("ImageScaleBy", title="Upscale Image By", category="image/upscaling")
def scale_by(
    image: Image, upscale_method: Method, scale_by: Annotated[float, Range(0.01, 8.0, 0.01)] = 1.0
) -> Image:
    """Both sides times a factor."""
    height, width = (round(side * scale_by) for side in image.shape[1:3])
    return pictures.scaled(image, width, height, upscale_method)


@NODES.node("ImageScaleToTotalPixels", category="image/upscaling")
def scale_to_pixels(
    image: Image,
    upscale_method: Method,
    megapixels: Annotated[float, Range(0.01, 16.0, 0.01)] = 1.0,
    resolution_steps: Annotated[int, Range(1, 256), Options({"advanced": True})] = 1,
) -> Image:
    """About so many times 1024 * 1024 pixels; both sides are multiples of `resolution_steps`."""
    height, width = image.shape[1:3]
    factor = math.sqrt(megapixels * 1024 * 1024 / (width * height)) / resolution_steps
    height, width = (round(side * factor) * resolution_steps for side in (height, width))
    return pictures.scaled(image, width, height, upscale_method)


@NODES.node("ImageScaleToMaxDimension", category="image/upscaling")
def scale_to_longest(
    image: Image,
    upscale_method: Literal["area", "lanczos", "bilinear", "nearest-exact", "bicubic"],
    largest_size: Extent = 512,
) -> Image:
    """The longer side gets this length, the other one follows."""
    old = image.shape[1:3]
    height, width = (
        largest_size if side == max(old) else round(side / max(old) * largest_size) for side in old
    )
    return pictures.scaled(image, width, height, upscale_method)


@NODES.node("ImageInvert", title="Invert Image")
def invert(image: Image) -> Image:
    """Dark for light, and every colour for its opposite."""
    return 1.0 - image


@NODES.node("ImageBatch", title="Batch Images", about={"deprecated": True})
def batch(image1: Image, image2: Image) -> Image:
    """The pictures of both. The second ones get the size of the first ones, cut if need be."""
    import torch

    most = max(image1.shape[-1], image2.shape[-1])
    first, second = (
        torch.nn.functional.pad(one, (0, most - one.shape[-1]), value=1.0)
        for one in (image1, image2)
    )
    if first.shape[1:] != second.shape[1:]:
        second = pictures.scaled(second, first.shape[2], first.shape[1], "bilinear", "center")
    return torch.cat((first, second))


@NODES.node(
    "ImagePadForOutpaint",
    title="Pad Image for Outpainting",
    outputs=("IMAGE", "MASK"),
    category="image/transform",
)
def pad(
    image: Image,
    left: Border = 0,
    top: Border = 0,
    *,
    right: Border = 0,
    bottom: Border = 0,
    feathering: Annotated[int, Range(0, MAX_RESOLUTION, 1), Options({"advanced": True})] = 40,
) -> tuple[Image, Mask]:
    """Grey around a picture, and a mask that is 1 there and falls off inside the picture."""
    import torch

    count, height, width, channels = image.shape
    wide = torch.full((count, height + top + bottom, width + left + right, channels), 0.5)
    wide[:, top : top + height, left : left + width] = image
    mask = torch.ones(1, *wide.shape[1:3])
    inner = mask[:, top : top + height, left : left + width]
    inner.zero_()
    if feathering and 2 * feathering < min(height, width):
        rows, columns = torch.arange(height).unsqueeze(1), torch.arange(width)
        far = torch.full((height, width), feathering)
        for present, distance in (
            (top, rows),
            (bottom, height - rows),
            (left, columns),
            (right, width - columns),
        ):
            far = torch.minimum(far, distance) if present else far
        inner[:] = ((feathering - far) / feathering) ** 2
    return wide, mask


@NODES.node("ImageCrop", title="Crop Image", category="image/transform")
def crop(
    image: Image, width: Side = 512, height: Side = 512, x: Extent = 0, y: Extent = 0
) -> Image:
    """A part of a picture. What lies outside of it is left out."""
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, y : y + height, x : x + width]


@NODES.node("RepeatImageBatch", category="image/batch")
def repeat(image: Image, amount: Count = 1) -> Image:
    """All pictures of a batch, several times over."""
    return image.repeat(amount, 1, 1, 1)


@NODES.node("ImageFromBatch", category="image/batch")
def from_batch(
    image: Image, batch_index: Annotated[int, Range(0, 4095)] = 0, length: Count = 1
) -> Image:
    """Some pictures of a batch, counted from 0."""
    start = min(batch_index, image.shape[0] - 1)
    return image[start : start + length].clone()


@NODES.node("RebatchImages", title="Rebatch Images", category="image/batch")
def rebatch(
    images: list[Image],
    batch_size: list[Annotated[int, Range(1, 4096), Options({"default": 1})]],
) -> Each[Image]:
    """All pictures of all batches in batches of one size; the last may be smaller.

    Where the size of the pictures changes, a new batch begins.
    """
    import torch

    found: list[list[Any]] = []
    for picture in (one for batch in images for one in batch):
        full = not found or len(found[-1]) == batch_size[0]
        if full or found[-1][0].shape != picture.shape:
            found.append([])
        found[-1].append(picture)
    return [torch.stack(pictures) for pictures in found]


@NODES.node("ImageFlip", category="image/transform")
def flip(image: Image, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"]) -> Image:
    """Mirrored."""
    return image.flip(1 if flip_method.startswith("x") else 2)


@NODES.node("ImageRotate", category="image/transform")
def rotate(
    image: Image, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"]
) -> Image:
    """Turned clockwise."""
    turns = {"90 degrees": 1, "180 degrees": 2, "270 degrees": 3}.get(rotation, 0)
    return image.rot90(turns, (2, 1))


@NODES.node("GetImageSize", title="Get Image Size", outputs=("width", "height", "batch_size"))
def size(image: Image) -> tuple[int, int, int]:
    """Width and height in pixels, and how many pictures there are."""
    return image.shape[2], image.shape[1], image.shape[0]


@NODES.node("ImageBlend", category="image/postprocessing")
def blend(
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Range(0.0, 1.0, 0.01)] = 0.5,
    *,
    blend_mode: Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"],
) -> Image:
    """The first picture with the second one over it, which gets its size."""
    image2 = pictures.fitted(image2, image1)
    if image1.shape != image2.shape:
        image2 = pictures.scaled(image2, image1.shape[2], image1.shape[1], "bicubic", "center")
    mixed = _mixed(image1, image2, blend_mode)
    return (image1 * (1 - blend_factor) + mixed * blend_factor).clamp(0, 1)


def _mixed(a: Any, b: Any, mode: str) -> Any:
    screened = 1 - (1 - a) * (1 - b)
    match mode:
        case "multiply":
            return a * b
        case "screen":
            return screened
        case "overlay":
            return (2 * a * b).where(a <= 0.5, 2 * screened - 1)
        case "soft_light":
            root = (((16 * a - 12) * a + 4) * a).where(a <= 0.25, a.clamp(min=0).sqrt())
            dark = a - (1 - 2 * b) * a * (1 - a)
            return dark.where(b <= 0.5, a + (2 * b - 1) * (root - a))
        case "difference":
            return a - b
    return b


@NODES.node("ImageBlur", category="image/postprocessing")
def blur(
    image: Image,
    blur_radius: Radius = 1,
    sigma: Annotated[float, Range(0.1, 10.0, 0.1)] = 1.0,
) -> Image:
    """Every pixel is the mean of those around it, near ones counting more."""
    return _filtered(image, _bell(blur_radius, sigma))


@NODES.node("ImageSharpen", category="image/postprocessing")
def sharpen(
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Range(0.1, 10.0, 0.01)] = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, 0.01)] = 1.0,
) -> Image:
    """Every pixel is moved away from the mean of those around it, ten times `alpha`."""
    kernel = _bell(sharpen_radius, sigma) * (-10 * alpha)
    kernel[sharpen_radius, sharpen_radius] += 1 - kernel.sum()
    return _filtered(image, kernel).clamp(0, 1)


def _bell(radius: int, sigma: float) -> Any:
    """A Gaussian whose sides are at distance 1 from its centre, so `sigma` scales with it."""
    import torch

    line = torch.linspace(-1, 1, 2 * radius + 1)
    bell = torch.exp(-(line[:, None] ** 2 + line**2) / (2 * sigma**2))
    return bell / bell.sum()


def _filtered(image: Any, kernel: Any) -> Any:
    """The picture goes on as its mirror image beyond its sides."""
    import torch

    channels, radius = image.shape[-1], kernel.shape[0] // 2
    padded = torch.nn.functional.pad(image.movedim(-1, 1), (radius,) * 4, "reflect")
    kernel = kernel.to(image).expand(channels, 1, *kernel.shape)
    return torch.nn.functional.conv2d(padded, kernel, groups=channels).movedim(1, -1)
