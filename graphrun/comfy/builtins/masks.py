"""Masks, and putting pictures together with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from graphrun.catalog.markers import Options, Range
from graphrun.catalog.node import Nodes
from graphrun.comfy import pictures
from graphrun.comfy.builtins._types import MAX_RESOLUTION, Extent, Fraction, Image, Mask, Side

NODES = Nodes(category="mask")

Operation = Literal["multiply", "add", "subtract", "and", "or", "xor"]


def _batch(mask: Any) -> Any:
    """A mask as [pictures, height, width], also one that has no batch."""
    return mask.reshape(-1, *mask.shape[-2:])


@NODES.node("MaskToImage", title="Convert Mask to Image")
def to_image(mask: Mask) -> Image:
    """A mask as a grey picture."""
    return _batch(mask).unsqueeze(-1).expand(-1, -1, -1, 3)


@NODES.node("ImageToMask", title="Convert Image to Mask")
def to_mask(image: Image, channel: Literal["red", "green", "blue", "alpha"]) -> Mask:
    """One channel of a picture as mask."""
    return image[..., ("red", "green", "blue", "alpha").index(channel)]


@NODES.node("ImageColorToMask")
def color_to_mask(
    image: Image,
    color: Annotated[int, Range(0, 0xFFFFFF, 1), Options({"display": "number"})] = 0,
) -> Mask:
    """1 where a picture has exactly this colour: red * 65536 + green * 256 + blue."""
    levels = (image.clamp(0, 1) * 255).round().int()
    found = (levels[..., 0] << 16) + (levels[..., 1] << 8) + levels[..., 2]
    return (found == color).float()


@NODES.node("SolidMask")
def solid(value: Fraction = 1.0, width: Side = 512, height: Side = 512) -> Mask:
    """A mask of one value."""
    import torch

    return torch.full((1, height, width), value, dtype=torch.float32)


@NODES.node("InvertMask")
def invert(mask: Mask) -> Mask:
    """1 where the mask is 0."""
    return 1.0 - mask


@NODES.node("CropMask")
def crop(mask: Mask, x: Extent = 0, y: Extent = 0, width: Side = 512, height: Side = 512) -> Mask:
    """A part of a mask. What lies outside of it is left out."""
    return _batch(mask)[:, y : y + height, x : x + width]


@NODES.node("MaskComposite")
def composite(
    destination: Mask, source: Mask, x: Extent = 0, y: Extent = 0, *, operation: Operation
) -> Mask:
    """One mask with another one laid on it at a place."""
    result, other = _batch(destination).clone(), _batch(source)
    part = result[:, y : y + other.shape[1], x : x + other.shape[2]]
    other = pictures.repeated(other, len(result))[:, : part.shape[1], : part.shape[2]]
    part[:] = _combined(part, other, operation)
    return result.clamp(0.0, 1.0)


def _combined(a: Any, b: Any, operation: str) -> Any:
    match operation:
        case "multiply":
            return a * b
        case "add":
            return a + b
        case "subtract":
            return a - b
    # In logic every value counts as 0 or 1, the nearer one.
    a, b = a.round().bool(), b.round().bool()
    return {"and": a & b, "or": a | b, "xor": a ^ b}[operation].float()


@NODES.node("FeatherMask")
def feather(
    mask: Mask, left: Extent = 0, top: Extent = 0, right: Extent = 0, bottom: Extent = 0
) -> Mask:
    """A mask that falls off towards its sides."""
    import torch

    result = _batch(mask).clone()
    for axis, first, last in ((2, left, right), (1, top, bottom)):
        side = result.shape[axis]
        first, last = min(first, side), min(last, side)
        rates = torch.ones(side)
        rates[:first] *= torch.arange(1, first + 1) / max(first, 1)
        # From the far side ComfyUI counts 0, -1, -2, …: the first rate falls on position 0.
        for step in range(last):
            rates[-step] *= (step + 1) / last
        result *= rates.unsqueeze(1) if axis == 1 else rates
    return result


@NODES.node("GrowMask")
def grow(
    mask: Mask,
    expand: Annotated[int, Range(-MAX_RESOLUTION, MAX_RESOLUTION, 1)] = 0,
    tapered_corners: Annotated[bool, Options({"advanced": True})] = True,
) -> Mask:
    """Larger bright areas, or smaller ones if `expand` is negative, pixel by pixel."""
    import torch

    sign = -1 if expand < 0 else 1
    grown = _batch(mask).float() * sign
    pool = torch.nn.functional.max_pool2d
    for _ in range(abs(expand)):
        if tapered_corners:
            across, down = pool(grown, (1, 3), 1, (0, 1)), pool(grown, (3, 1), 1, (1, 0))
            grown = torch.maximum(across, down)
        else:
            grown = pool(grown, 3, 1, 1)
    return grown * sign


@NODES.node("ThresholdMask")
def threshold(mask: Mask, value: Fraction = 0.5) -> Mask:
    """1 where the mask is above a value, else 0."""
    return (mask > value).float()


@NODES.node("ImageCompositeMasked", category="image")
def composite_masked(
    destination: Image,
    source: Image,
    x: Extent = 0,
    y: Extent = 0,
    *,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Image:
    """One picture laid on another one, where the mask is 1. What sticks out is cut off."""
    import torch

    result = destination.clone()
    source = pictures.fitted(source, destination)
    if resize_source:
        source = pictures.scaled(source, result.shape[2], result.shape[1], "bilinear")
    source = pictures.repeated(source, len(result))
    height, width = source.shape[1:3]
    part = result[:, y : y + height, x : x + width]
    shown = torch.ones(1, height, width) if mask is None else _sized(mask, height, width)
    shown = pictures.repeated(shown, len(result)).unsqueeze(-1).to(result)
    window = (slice(None), slice(part.shape[1]), slice(part.shape[2]))
    part[:] = shown[window] * source[window] + (1 - shown[window]) * part
    return result


@NODES.node("JoinImageWithAlpha", title="Join Image with Alpha", category="mask/compositing")
def join_alpha(image: Image, alpha: Mask) -> Image:
    """A picture that is transparent where the mask is 1."""
    import torch

    count = max(len(image), len(_batch(alpha)))
    clear = pictures.repeated(_sized(alpha, *image.shape[1:3]), count)
    return torch.cat((pictures.repeated(image, count)[..., :3], 1 - clear.unsqueeze(-1)), -1)


@NODES.node(
    "SplitImageWithAlpha",
    title="Split Image with Alpha",
    outputs=("IMAGE", "MASK"),
    category="mask/compositing",
)
def split_alpha(image: Image) -> tuple[Image, Mask]:
    """The colours of a picture, and a mask that is 1 where it is transparent."""
    import torch

    clear = 1 - image[..., 3] if image.shape[-1] > 3 else torch.zeros(image.shape[:3])
    return image[..., :3], clear


def _sized(mask: Any, height: int, width: int) -> Any:
    import torch

    return torch.nn.functional.interpolate(
        _batch(mask).unsqueeze(1), size=(height, width), mode="bilinear"
    ).squeeze(1)
