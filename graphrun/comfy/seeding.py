"""The surroundings of a foreign node's call: seeded generators, and no gradients."""

from __future__ import annotations

import random
import sys
from typing import Any


class seeded:
    """Seed the generators that packs draw from and switch gradients off.

    ComfyUI runs nodes in inference mode, which nodes that train have to leave. Here they only have
    to enable gradients; nodes that leave the inference mode do that too. Libraries that no pack
    has imported are left alone.
    """

    # A class and not a generator, and torch's switch itself: this surrounds every call.
    __slots__ = ("_before", "_seed", "_torch")

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> None:
        random.seed(self._seed)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(self._seed % 2**32)
        torch: Any = sys.modules.get("torch")
        self._torch = torch
        if torch is None:
            return
        # Not torch.manual_seed: it looks for every kind of device, which costs more than the rest.
        torch.default_generator.manual_seed(self._seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(self._seed)
        if torch.backends.mps.is_available():
            torch.mps.manual_seed(self._seed)
        self._before = torch.is_grad_enabled()
        torch.set_grad_enabled(False)

    def __exit__(self, *error: object) -> None:
        if self._torch is not None:
            self._torch.set_grad_enabled(self._before)
