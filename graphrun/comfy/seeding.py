"""The surroundings of a foreign node's call: seeded generators, and no gradients."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the generators that packs draw from and switch gradients off.

    ComfyUI runs nodes in inference mode, which nodes that train have to leave. Here they only have
    to enable gradients; nodes that leave the inference mode do that too. Libraries that no pack
    has imported are left alone.
    """
    random.seed(seed)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    if torch is None:
        yield
        return
    # Not torch.manual_seed: that looks for every kind of device, which costs more than the rest.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)
    with torch.no_grad():
        yield
