"""What surrounds every node call: seeded generators and no gradients."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def around(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's generators, and switch gradients off.

    Nodes that build or train modules switch gradients on. Only libraries that are loaded already
    are touched. The generators' states are put back afterwards, so that a program that runs a
    graph goes on with its own random numbers.
    """
    with ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        random.seed(seed)
        if "numpy" in sys.modules:
            from numpy import random as numpy_random

            stack.callback(numpy_random.set_state, numpy_random.get_state())
            numpy_random.seed(seed % 2**32)
        if "torch" in sys.modules:
            import torch

            stack.callback(torch.set_rng_state, torch.get_rng_state())
            if torch.cuda.is_initialized():
                stack.callback(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
            torch.manual_seed(seed)
            stack.enter_context(torch.no_grad())
        yield
