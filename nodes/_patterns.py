"""Generated pictures that stand in for sets of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import interpolate

from graphrun.node import notice
from graphrun.sources.picture_sets import Set


def stand_in(name: str, shape: tuple[int, ...], classes: Sequence[str], *, test: bool) -> Set:
    """Generated pictures, the same in every run: a pattern a class, shifted, dimmed and noisy."""
    height, width, bands = (*shape, 1)[:3]
    count = max(2**19 // (height * width * bands), 4 * len(classes), 56) // (4 if test else 1)
    fixed, random = torch.Generator().manual_seed(0), torch.Generator().manual_seed(1 + test)
    patterns = torch.rand(len(classes), bands, 5, 5, generator=fixed)
    patterns = interpolate(patterns, (height + 4, width + 4), mode="bilinear")
    labels = torch.randperm(count, generator=random) % len(classes)
    corners = torch.randint(0, 5, (2, count, 1, 1, 1), generator=random)
    rows = corners[0] + torch.arange(height)[:, None]
    columns = corners[1] + torch.arange(width)
    pictures = patterns[labels.view(-1, 1, 1, 1), torch.arange(bands).view(-1, 1, 1), rows, columns]
    pictures *= 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=random)
    pictures += 0.05 * torch.randn(pictures.shape, generator=random)
    pixels = (pictures.clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1).reshape(count, *shape)
    notice(f"{name} → {count} generated pictures (--tiny)", code="stand_in", once=True)
    return pixels.numpy(), labels.numpy(), classes
