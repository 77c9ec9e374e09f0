"""Pictures between files, Pillow and torch.

An IMAGE is a tensor [pictures, height, width, channels] of floats in 0..1, a MASK a tensor
[pictures, height, width]. torch, numpy and Pillow are imported when a function is used.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphrun.catalog.running import notice
from graphrun.comfy import places
from graphrun.errors import InputError

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")

_TRUNCATED = threading.Lock()
"""Held while Pillow's process-wide permission to read files that are cut off is given."""


def upscale(samples: Any, width: int, height: int, method: str, crop: str) -> Any:
    """Samples [batch, channels, (frames,) height, width] in another size.

    `crop="center"` first cuts off what does not fit the new ratio of sides, equally on both sides;
    `disabled` stretches. Besides `METHODS` there is `bislerp`.
    """
    shape = tuple(samples.shape)
    if len(shape) > 4:
        samples = samples.movedim(1, -3).reshape(-1, shape[1], *shape[-2:])
    if crop == "center":
        samples = centred(samples, width, height)
    resized = _resized(samples, width, height, method)
    if len(shape) > 4:
        resized = resized.reshape(shape[0], *shape[2:-2], shape[1], height, width).movedim(-3, 1)
    return resized


def scaled(image: Any, width: int, height: int, method: str, crop: str = "disabled") -> Any:
    """`upscale` for an IMAGE."""
    return upscale(image.movedim(-1, 1), width, height, method, crop).movedim(1, -1)


def centred(samples: Any, width: int, height: int) -> Any:
    """The largest part in the middle that has the ratio of sides `width` to `height`."""
    old_height, old_width = samples.shape[-2:]
    old, new = old_width / old_height, width / height
    x = round((old_width - old_width * (new / old)) / 2) if old > new else 0
    y = round((old_height - old_height * (old / new)) / 2) if old < new else 0
    return samples[..., y : old_height - y, x : old_width - x]


def _resized(samples: Any, width: int, height: int, method: str) -> Any:
    import torch

    if method == "lanczos":
        return _lanczos(samples, width, height)
    if method == "bislerp":
        across = _slerped(samples.float(), width)
        return _slerped(across.mT, height).mT.to(samples.dtype)
    return torch.nn.functional.interpolate(samples, size=(height, width), mode=method)


def _lanczos(samples: Any, width: int, height: int) -> Any:
    """Through 8-bit pictures, so values outside of 0..1 are cut off."""
    import numpy as np
    import torch
    from PIL import Image

    size, resample = (width, height), Image.Resampling.LANCZOS
    found = [
        np.asarray(to_pil(picture.movedim(0, -1)).resize(size, resample), dtype=np.float32) / 255.0
        for picture in samples
    ]
    stack = torch.from_numpy(np.stack(found))
    stack = stack.unsqueeze(1) if stack.ndim == 3 else stack.movedim(-1, 1)
    return stack.to(samples.device, samples.dtype)


def _slerped(samples: Any, width: int) -> Any:
    """Another width. Between two pixels the channels turn as a vector, its length is linear."""
    import torch

    old = samples.shape[-1]
    at = torch.arange(width, device=samples.device, dtype=torch.float32)
    at = ((at + 0.5) * (old / width) - 0.5).clamp(0, old - 1)
    first = at.floor().long()
    a, b = samples[..., first], samples[..., (first + 1).clamp(max=old - 1)]
    ratio = at - first
    lengths = [torch.linalg.vector_norm(v, dim=1, keepdim=True) for v in (a, b)]
    units = [
        torch.where(n > 0, v / n, torch.zeros_like(v)) for v, n in zip((a, b), lengths, strict=True)
    ]
    cosine = (units[0] * units[1]).sum(1, keepdim=True)
    angle = torch.acos(cosine.clamp(-1, 1))
    turned = torch.sin((1 - ratio) * angle) * units[0] + torch.sin(ratio * angle) * units[1]
    turned = turned / torch.sin(angle) * (lengths[0] * (1 - ratio) + lengths[1] * ratio)
    straight = a * (1 - ratio) + b * ratio
    return torch.where(cosine > 1 - 1e-5, a, torch.where(cosine < 1e-5 - 1, straight, turned))


def to_pil(picture: Any) -> Any:
    """One picture [height, width, channels] of floats as 8-bit Pillow image; not rounded."""
    import numpy as np
    from PIL import Image

    values = np.clip(255.0 * picture.detach().cpu().float().numpy(), 0, 255).astype(np.uint8)
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def from_pil(picture: Any) -> Any:
    """A Pillow image as one picture of floats, without the batch dimension."""
    import numpy as np
    import torch

    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255.0)


def save(
    images: Any,
    prefix: str,
    kind: str,
    *,
    texts: Mapping[str, Any],
    root: Path | None = None,
    compress_level: int = 4,
) -> list[dict[str, str]]:
    """Write pictures [batch, height, width, channels] as PNG, under names that nobody has yet.

    `kind` is the folder, `root` another path for it, `texts` what stands in the files as JSON.
    Gives the name, subfolder and type of each, as `ui` shows them.

    Raises:
        InputError: the prefix leads out of the folder, or these are no pictures.
    """
    from PIL.PngImagePlugin import PngInfo

    _check_pictures(images)
    height, width = images[0].shape[:2]
    place = places.numbered(prefix, root or places.folder(kind), width, height)
    written = PngInfo()
    for key, value in texts.items():
        written.add_text(key, json.dumps(value))
    results = []
    for index, image in enumerate(images):
        name = place.name.replace("%batch_num%", str(index))
        file = f"{name}_{place.counter + index:05}_.png"
        to_pil(image).save(place.folder / file, pnginfo=written, compress_level=compress_level)
        results.append({"filename": file, "subfolder": place.subfolder, "type": kind})
    return results


def _check_pictures(images: Any) -> None:
    """Rows of a picture would pass for pictures: one without a batch would be many small ones."""
    shapes = [tuple(image.shape) for image in images] if getattr(images, "ndim", 1) else []
    if shapes and all(len(s) == 3 and 0 not in s and s[2] <= 4 for s in shapes):
        return
    shape = tuple(getattr(images, "shape", (len(shapes), *(shapes[0] if shapes else ()))))
    raise InputError(
        f"{shape} is not the shape of pictures: [pictures, height, width, channels]",
        input="images",
        code="no_pictures",
        hint="PtUnsqueeze adds the axis of pictures, PtToImageTranspose puts the channels last",
    )


def graph_texts(prompt: Any, extra_pnginfo: Any) -> dict[str, Any]:
    """What is written into a picture: the prompt, and what came along with it."""
    return ({} if prompt is None else {"prompt": prompt}) | dict(extra_pnginfo or {})


def load(path: Path, *, input: str = "image") -> tuple[Any, Any]:
    """A file as IMAGE and MASK, turned upright; the mask is 1 where the picture is transparent.

    All frames of an animation that have the size of the first are one batch. Without
    transparency the mask is […, 64, 64] of zeros.

    Raises:
        InputError: the file is no picture.
    """
    import torch

    images: list[Any] = []
    masks: list[Any] = []
    for frame in _frames(path, input):
        image, mask = _tensors(frame)
        if images and image.shape != images[0].shape:
            continue
        images.append(image)
        masks.append(mask)
    return torch.stack(images), torch.stack(masks)


def load_channel(path: Path, channel: str, *, input: str = "image") -> Any:
    """One channel of a file's first picture as MASK; alpha is turned around, 1 is transparent."""
    frame = next(iter(_frames(path, input)))
    mask = from_pil(_eight_bit(frame).convert("RGBA").getchannel(channel[0].upper()))
    return (1.0 - mask if channel == "alpha" else mask).unsqueeze(0)


def _frames(path: Path, input: str) -> list[Any]:
    """Every picture in a file. Of a file that is cut off, what is there, and a warning."""
    from PIL import ImageFile, UnidentifiedImageError

    try:
        return list(_read(path))
    except UnidentifiedImageError:
        message = f"{path} is no picture that can be read"
        raise InputError(message, input=input, code="unreadable_file") from None
    except (OSError, ValueError, SyntaxError) as error:
        problem = error
    with _TRUNCATED:
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            found = list(_read(path))
        except (OSError, ValueError, SyntaxError):
            message = f"{path} cannot be read as a picture: {problem}"
            raise InputError(message, input=input, code="unreadable_file") from problem
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
    notice(f"{path} is damaged, what is there is used: {problem}", code="damaged", input=input)
    return found


def _read(path: Path) -> Iterator[Any]:
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(path) as file:
        for frame in ImageSequence.Iterator(file):
            yield ImageOps.exif_transpose(frame)
            if file.format == "MPO":  # the other frames are other views of the same scene
                return


def _tensors(frame: Any) -> tuple[Any, Any]:
    import numpy as np
    import torch

    if frame.mode.startswith("I;16"):
        grey = torch.from_numpy(np.asarray(frame).astype(np.float32) / 65535.0)
        return grey.unsqueeze(-1).repeat(1, 1, 3), torch.zeros(64, 64)
    frame = _eight_bit(frame)
    if "transparency" in frame.info:
        frame = frame.convert("RGBA")
    clear = "A" in frame.getbands()
    mask = 1.0 - from_pil(frame.getchannel("A")) if clear else torch.zeros(64, 64)
    return from_pil(frame.convert("RGB")), mask


def _eight_bit(frame: Any) -> Any:
    """A grey picture of more bits with eight. Pillow alone would make all but black white."""
    import numpy as np
    from PIL import Image

    if frame.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(frame) // 257).astype(np.uint8))
    if frame.mode == "I":
        return frame.point(lambda value: value * (1 / 255)).convert("L")
    return frame


def repeated(tensor: Any, count: int) -> Any:
    """The first `count` along the batch, which is repeated from its start where it is shorter."""
    have = tensor.shape[0]
    if have < count:
        tensor = tensor.repeat(math.ceil(count / have), *([1] * (tensor.ndim - 1)))
    return tensor[:count]


def fitted(source: Any, destination: Any) -> Any:
    """An IMAGE with as many channels as another: cut off, or filled up with ones (opaque)."""
    import torch

    channels = destination.shape[-1]
    source = source[..., :channels]
    return torch.nn.functional.pad(source, (0, channels - source.shape[-1]), value=1.0)
