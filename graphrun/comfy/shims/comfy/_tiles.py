"""Work on a large picture in tiles that overlap and are faded into each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any


def get_tiled_scale_steps(width: int, height: int, tile_x: int, tile_y: int, overlap: int) -> int:
    """How many tiles `tiled_scale` makes of one picture."""
    return len(_starts(height, tile_y, overlap)) * len(_starts(width, tile_x, overlap))


def tiled_scale(  # its parameters are ComfyUI's
    samples: Any,
    function: Callable[[Any], Any],
    tile_x: int = 64,
    tile_y: int = 64,
    overlap: int = 8,
    **options: Any,
) -> Any:
    """`function` on every tile of samples [batch, channels, height, width], put together again.

    Options are `upscale_amount` (4), `out_channels` (3), `output_device` ("cpu") and `pbar`, which
    is told of every tile. Where tiles overlap they are weighted by the distance to their edges.
    """
    import torch

    scale, device = options.get("upscale_amount", 4), options.get("output_device", "cpu")
    count, _, height, width = samples.shape
    size = (round(height * scale), round(width * scale))
    out = torch.zeros((count, options.get("out_channels", 3), *size), device=device)
    weights = torch.zeros((count, 1, *size), device=device)
    places = itertools.product(
        range(count), _starts(height, tile_y, overlap), _starts(width, tile_x, overlap)
    )
    for index, top, left in places:
        tile = samples[index : index + 1, :, top : top + tile_y, left : left + tile_x]
        done = function(tile).to(device)
        ramp = _ramp(done, round(overlap * scale))
        rows = slice(round(top * scale), round(top * scale) + done.shape[-2])
        columns = slice(round(left * scale), round(left * scale) + done.shape[-1])
        out[index : index + 1, :, rows, columns] += done * ramp
        weights[index : index + 1, :, rows, columns] += ramp
        if options.get("pbar") is not None:
            options["pbar"].update(1)
    return out / weights


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin; the last one ends with the picture."""
    if length <= tile:
        return [0]
    step = max(tile - overlap, 1)
    count = math.ceil((length - overlap) / step)
    return sorted({max(0, min(i * step, length - tile)) for i in range(count)})


def _ramp(tile: Any, feather: int) -> Any:
    """Weights that rise from every edge over `feather` pixels, never 0."""
    import torch

    def along(length: int) -> Any:
        distance = torch.minimum(torch.arange(length) + 1, length - torch.arange(length))
        return (distance / max(feather, 1)).clamp(max=1.0)

    height, width = tile.shape[-2:]
    return (along(height)[:, None] * along(width)[None, :]).to(tile.device, tile.dtype)
