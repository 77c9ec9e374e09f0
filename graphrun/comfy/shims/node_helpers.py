"""Stand-in: small helpers that picture nodes share; those about conditioning are not offered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from graphrun.comfy import missing, pictures


def pillow(fn: Callable[..., Any], arg: Any) -> Any:
    """Call a function of Pillow; if the file is cut off, again, taking what is there."""
    from PIL import ImageFile, UnidentifiedImageError

    try:
        return fn(arg)
    except (OSError, UnidentifiedImageError, ValueError):
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            return fn(arg)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def hasher() -> Callable[..., Any]:
    """The function that the contents of files are told apart by."""
    return hashlib.sha256


def string_to_torch_dtype(string: str) -> Any:
    """A torch type by its short name, None for others."""
    import torch

    names = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    return names.get(string)


def image_alpha_fix(destination: Any, source: Any) -> tuple[Any, Any]:
    """Both pictures, the second one with as many channels as the first."""
    return destination, pictures.fitted(source, destination)


__getattr__ = missing.names(
    __name__, "conditioning_set_values conditioning_set_values_with_timestep_range"
)
