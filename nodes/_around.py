"""What surrounds every node call: seeded generators, no gradients, only exact operations."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from graphrun.node import InputError, settings

NO_WAY = "does not have a deterministic implementation"
"""What torch says of an operation."""


@contextmanager
def around(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's generators, and switch gradients off.

    Nodes that build or train modules switch gradients on. Only libraries that are loaded already
    are touched. The generators' states are put back afterwards, so that a program that runs a
    graph goes on with its own random numbers.
    """
    with ExitStack() as stack:
        if settings().deterministic:
            stack.enter_context(_deterministic())
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


@contextmanager
def _deterministic() -> Iterator[None]:
    """Only operations that give the same bits every time.

    Raises:
        InputError: the node uses one that does not.
    """
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if NO_WAY not in str(error):
            raise
        message = f"{str(error).partition(NO_WAY)[0].strip()} gives other bits each time here"
        hint = "leave out --deterministic, or compute with --device cpu"
        raise InputError(message, code="not_deterministic", hint=hint) from error
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=warned)
        torch.backends.cudnn.benchmark = before[1]
