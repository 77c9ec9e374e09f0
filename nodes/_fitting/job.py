"""What a training is to do, and how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

Forward = Callable[[nn.Module, Any, Tensor], tuple[Tensor, Tensor]]
"""(model, x, y) on the device → (output, target) for the loss."""


@dataclass(kw_only=True)
class Job:
    """What to train, on what, for how long.

    `patience` is the number of epochs without a better validation loss that ends the training,
    None for never. `keep_best` puts the weights of the best validation loss back at the end.
    `begin` is called before each epoch with its number, from 0; it may replace the optimizer.
    There is no `train` where a finished training is only put back. With `unpack`, `forward` calls
    the model with the parts of x. `beside` adds to the x of a batch what belongs to its rows, and
    is cut as they are.
    """

    model: nn.Module
    optimizer: Optimizer
    loss: nn.Module
    forward: Forward
    train: DataLoader[Any] | None
    val: DataLoader[Any] | None
    scheduler: LRScheduler | None
    epochs: int
    device: torch.device
    patience: int | None
    keep_best: bool
    accuracy: bool
    begin: Callable[[Job, int], None] | None = None
    unpack: bool = False
    beside: Callable[[Any], Any] = lambda x: x

    @property
    def loaders(self) -> list[DataLoader[Any]]:
        return [loader for loader in (self.train, self.val) if loader is not None]


@dataclass
class Pass:
    """One pass over a loader: the batches that are done, and the sum over their rows.

    It stays on the device: reading it would make that wait.
    """

    total: Tensor
    rows: int = 0
    batches: int = 0

    @classmethod
    def on(cls, device: torch.device, total: float = 0.0, **done: int) -> Pass:
        # MPS has no float64.
        wide = torch.float32 if device.type == "mps" else torch.float64
        return cls(torch.tensor(total, dtype=wide, device=device), **done)


@dataclass
class Course:
    """How far a training is, and what of its past decides its future.

    `epochs` are done, `steps` batches in all, those of validations included. `train` and `val` are
    mean losses by epoch; while an epoch is validated, `train` is one ahead. `stale` epochs had no
    better loss than `best_loss`, which had the weights `best`. An epoch that `begun` is `running`
    while its batches are trained with. `ended`: no epoch follows, however many are asked for.
    """

    epochs: int = 0
    steps: int = 0
    train: list[float] = field(default_factory=list)
    val: list[float] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] | None = None
    best_loss: float = math.nan
    stale: int = 0
    accuracy: float | None = None
    begun: bool = False
    running: Pass | None = None
    ended: bool = False

    @property
    def trained(self) -> bool:
        """Whether the epoch that begun is trained, and only its validation is left."""
        return len(self.train) > self.epochs
