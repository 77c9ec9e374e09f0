"""Generated pictures that stand in, under --tiny, for a set that is not there.

Each class is a pattern of soft blots; a picture is its class's pattern, shifted a little, lighter
or darker, and noisy. What is learned from them says that the training works, and nothing else.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import interpolate


def shapes(shape: tuple[int, ...], classes: int, *, test: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, *shape) of uint8 and labels (n,) below `classes`, the same in every run."""
    height, width, *rest = shape
    bands = rest[0] if rest else 1
    count = max(512 * 32**2 // (height * width) // 2, 10 * classes) if height > 32 else 512
    count = max(count, 20 * classes) // (4 if test else 1)
    patterns = torch.rand(classes, bands, 5, 5, generator=torch.Generator().manual_seed(classes))
    whole = interpolate(patterns, (height + 4, width + 4), mode="bilinear")
    random = torch.Generator().manual_seed(2 if test else 1)
    labels = torch.arange(count) % classes
    corners = torch.randint(0, 5, (2, count), generator=random)
    rows = (corners[0, :, None] + torch.arange(height))[:, None, :, None]
    columns = (corners[1, :, None] + torch.arange(width))[:, None, None, :]
    each = labels[:, None, None, None]
    pictures = whole[each, torch.arange(bands)[:, None, None], rows, columns]
    light = 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=random)
    noise = torch.randn(pictures.shape, generator=random) * 0.05
    pixels = ((pictures * light + noise).clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1)
    order = torch.randperm(count, generator=random)
    return pixels[order].reshape(count, *shape).numpy(), labels[order].numpy()
