"""How many tokens of texts are computed at a time, so that memory suffices.

A GPU says when it is full; what it was asked for is then done again in halves. On a CPU the system
mostly ends the process instead, so the number is estimated before.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from graphrun.node import InputError, notice, settings

from .._torch import is_full
from .limits import available
from .packed import Packed

KEPT = 120
"""Bytes that training keeps per token, layer and feature of an encoder, in float32.

Measured: 70 to 74 with BERT, DistilBERT and MiniLM of any size, 117 with ALBERT, whatever the
lengths of the texts; gradients on their way come on top.
"""

SHARE = 0.5
"""What a batch may take of the memory that is available."""

JUDGED = {"cpu": 2048}
"""Tokens of an evaluation, in which nothing is kept: as many as caches hold."""

HALVINGS = 4
_LEAST = 512


FULL = "out_of_memory"
"""Code of the refusal where it does not suffice at all."""

PIECES = "computed_in_pieces"
"""Code of what is said of batches that memory does not suffice for."""

_WAY_OUT = "a smaller batch_size, shorter texts (max_length) or --gradient-checkpointing need less"


class Room:
    """The most tokens that are computed at a time, None for any number of them."""

    def __init__(self, tokens: int | None, loader: str = "train_loader") -> None:
        self.tokens = tokens
        self._loader, self._halvings = loader, 0

    def halve(self, x: Any, error: BaseException, *, divisible: bool = True) -> None:
        """There was not enough memory for a batch: half of what it had is enough from now on.

        Raises:
            InputError: that was tried often enough, or the batch cannot be computed in pieces.
        """
        if not isinstance(x, Packed) or not divisible or self._halvings == HALVINGS or len(x) == 1:
            raise self._refusal(x) from error
        self.tokens = max(min(self.tokens or len(x.ids), len(x.ids)) // 2, x.longest, 1)
        self._halvings += 1
        tell_of_pieces()

    def _refusal(self, x: Any) -> InputError:
        tried = f", also in pieces of 1/{2**self._halvings}" if self._halvings else ""
        message = f"there is not enough memory for {_size(x)}{tried}"
        return InputError(message, input=self._loader, code=FULL, hint=_WAY_OUT)


@contextmanager
def whole(x: Any, loader: str) -> Iterator[None]:
    """Say it in words where memory does not suffice for a batch that is computed as it is.

    Raises:
        InputError: that is so.
    """
    with _in_words(lambda: Room(None, loader)._refusal(x)):
        yield


@contextmanager
def suffices(device: torch.device) -> Iterator[None]:
    """Say it in words where memory does not suffice for a model and what belongs to it.

    Raises:
        InputError: that is so.
    """
    message = f"there is not enough memory on {device} for the model and what belongs to it"
    hint = "a smaller model needs less, and so does a training without output_best_val_model"
    with _in_words(lambda: InputError(message, input="model", code=FULL, hint=hint)):
        yield


@contextmanager
def _in_words(refusal: Callable[[], InputError]) -> Iterator[None]:
    """Raise this in the place of what says that memory does not suffice."""
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        raise refusal() from error


def no_step(optimizer: Optimizer) -> InputError:
    """What to say where memory does not suffice for a step."""
    count = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
    kind = type(optimizer).__name__
    message = f"there is not enough memory for a step of {kind}, and for what it remembers of "
    message += f"{count} trained numbers"
    hint = "low-rank adapters or a frozen encoder train fewer numbers; PtoSimple remembers nothing"
    return InputError(message, input="optimizer", code=FULL, hint=hint)


def tell_of_pieces() -> None:
    """Say once that memory does not suffice for whole batches."""
    message = "there is not enough memory for the largest batches, which are computed in pieces: "
    message += "the same steps, but for what dropout draws"
    notice(message, code=PIECES, hint=_WAY_OUT, once=True, severity="info")


def _size(x: Any) -> str:
    if isinstance(x, Packed):
        return f"a batch of {len(x)} texts, the longest of {x.longest} tokens"
    first = x[0] if isinstance(x, list | tuple) and x else x
    return f"a batch of the shape {tuple(getattr(first, 'shape', ()))}"


def for_training(model: nn.Module, device: torch.device, *, processes: int = 1) -> Room:
    """As many tokens as fit into the memory that is available now; on a GPU all, until one is full.

    On a CPU that is half of the memory that is available / (120 bytes · layers · features). Where
    several `processes` train, those on this machine have equal parts of it.
    """
    config = getattr(getattr(model, "llm_model", None), "config", None)
    layers = getattr(config, "num_hidden_layers", None)
    features = getattr(config, "hidden_size", None)
    free = available() if device.type == "cpu" else None
    if free is None or not layers or not features:
        return Room(None)
    if processes > 1:  # launchers say how many of them are here
        free //= int(os.environ.get("LOCAL_WORLD_SIZE", processes))
    # What is computed again was kept as one vector a layer.
    kept = KEPT + 4 * layers if settings().gradient_checkpointing else KEPT * layers
    return Room(max(int(free * SHARE / (kept * features)), _LEAST))


def for_judging(device: torch.device) -> Room:
    """Many texts at a time."""
    return Room(JUDGED.get(device.type, 65536), "val_loader")


def free(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
