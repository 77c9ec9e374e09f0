"""The training loop.

One loop for every training node: what differs between them is how a batch becomes an output and
its target (`Forward`). Read from the top: fit, then one pass.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import DataLoader

from graphrun.node import InputError, metric, notice, progress

from .batches import batches, blaming, check_classes, on, paired

Forward = Callable[[nn.Module, Any, Tensor], tuple[Tensor, Tensor]]
"""(model, x, y) on the device → (output, target) for the loss."""

SHOW_EVERY = 0.25
"""Seconds between two readings of the figures, as each makes a GPU wait."""


@dataclass(kw_only=True)
class Job:
    """What to train, on what, for how long.

    `patience` is the number of epochs without a better validation loss that ends the training,
    None for never. `keep_best` puts the weights of the best validation loss back at the end.
    `begin` is called before each epoch with its number, from 0; it may replace the optimizer.
    """

    model: nn.Module
    optimizer: Optimizer
    loss: nn.Module
    forward: Forward
    train: DataLoader[Any]
    val: DataLoader[Any] | None
    scheduler: LRScheduler | None
    epochs: int
    device: torch.device
    patience: int | None
    keep_best: bool
    accuracy: bool
    begin: Callable[[Job, int], None] | None = None


@dataclass
class History:
    """Mean losses by epoch."""

    train: list[float] = field(default_factory=list)
    val: list[float] = field(default_factory=list)


def fit(job: Job) -> History:
    """Train the model in place; it ends on the CPU, whatever happens.

    It is left in evaluation mode if there was a validation, else in training mode.

    Raises:
        Cancelled: the run was asked to stop.
    """
    history, meter = History(), _Meter(job)
    best, best_loss, stale = None, math.nan, 0
    _move(job, job.device)
    try:
        for epoch in range(1, job.epochs + 1):
            if job.begin is not None:
                job.begin(job, epoch - 1)
            rate = job.optimizer.param_groups[0]["lr"]
            history.train.append(_epoch(job, meter, "train_loader")[0])
            figures = {"epoch": epoch, "train_loss": history.train[-1], "lr": rate}
            if job.val is not None:
                loss, accuracy = _epoch(job, meter, "val_loader")
                history.val.append(loss)
                figures["val_loss"] = loss
                if accuracy is not None:
                    figures["val_accuracy"] = accuracy
                # A first loss that is NaN stays the best: nothing is smaller.
                if epoch == 1 or loss < best_loss:
                    best_loss, stale = loss, 0
                    best = _copy(job.model) if job.keep_best else None
                else:
                    stale += 1
            metric(**figures)
            _warn_if_lost(history, epoch)
            if stale and job.patience is not None and stale >= job.patience:
                break
            _step(job.scheduler, history)
    finally:
        _move(job, torch.device("cpu"))
    if best is not None and history.val[-1] > best_loss:
        job.model.load_state_dict(best)
    return history


def _epoch(job: Job, meter: _Meter, name: str) -> tuple[float, float | None]:
    """One pass over a loader: the loss, summed over rows / rows in the data set, and the accuracy.

    The accuracy, the share of rows on the right side of 0.5, is of a validation that wants it.
    """
    training = name == "train_loader"
    loader: Any = job.train if training else job.val
    job.model.train(training)
    # Sums stay on the device: reading each would make it wait. MPS has no float64.
    wide = torch.float32 if job.device.type == "mps" else torch.float64
    total, right = (torch.zeros((), dtype=kind, device=job.device) for kind in (wide, torch.int64))
    rows = counted = 0
    for number, (x, y) in enumerate(batches(name, loader)):
        moved = on(job.device, [x, y])
        if training:
            job.optimizer.zero_grad()
        with torch.set_grad_enabled(training), blaming(name, x, y) as answers:
            output, target = job.forward(job.model, *moved)
            answers.append(output)
            # Labels are looked at where they are: a GPU would wait for it.
            check_classes(job.loss, output, y, place=(name, loader, number))
            loss = job.loss(*paired(job.loss, output, target))
            if training:
                _check_loss(loss)
                loss.backward()
        if training:
            job.optimizer.step()
        elif job.accuracy:
            labels, sides = moved[1].squeeze(), (torch.sigmoid(output) > 0.5).squeeze()
            # A batch of one row has no axis left and is left out.
            if labels.dim() == 1 and labels.shape == sides.shape:
                right += (sides == labels.int()).sum()
                counted += len(labels)
        total += loss.detach().to(wide) * len(target)
        rows += len(target)
        meter.tick(len(target), total / rows if training else None)
    meter.accuracy = right.item() / counted if counted else meter.accuracy
    return total.item() / len(loader.dataset), meter.accuracy if counted else None


def _check_loss(loss: Tensor) -> None:
    if loss.dim():
        message = "the loss gives one value a row; training needs their mean or sum"
        hint = "set its reduction to mean"
        raise InputError(message, input="loss_function", code="loss_not_scalar", hint=hint)
    if not loss.requires_grad:
        message = "the loss depends on no parameter that can be trained: all are frozen"
        raise InputError(message, input="model", code="nothing_to_train")


def _step(scheduler: LRScheduler | None, history: History) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(history.val[-1])
    elif scheduler is not None:
        scheduler.step()


class _Meter:
    """Counts steps over the whole training, and shows figures when it is time to."""

    def __init__(self, job: Job) -> None:
        self._total = job.epochs * (len(job.train) + (len(job.val) if job.val is not None else 0))
        self._step, self._rows, self._shown = 0, 0, time.monotonic()
        self.accuracy: float | None = None

    def tick(self, rows: int, loss: Tensor | None) -> None:
        """One batch is done. `loss` is the mean of the epoch so far; None while validating."""
        self._step += 1
        self._rows += rows
        figures, now = {}, time.monotonic()
        if now - self._shown >= SHOW_EVERY:
            if loss is not None:
                figures["loss"] = loss.item()
            if self.accuracy is not None:
                figures["accuracy"] = self.accuracy
            figures["samples_per_s"] = self._rows / (now - self._shown)
            self._rows, self._shown = 0, now
        progress(self._step, self._total, **figures)


def _move(job: Job, device: torch.device) -> None:
    """Model and optimizer to a device. Parameters stay the objects that the optimizer holds."""
    job.model.to(device)
    job.loss.to(device)
    move_state(job.optimizer, device)


def move_state(optimizer: Optimizer, device: torch.device) -> None:
    """What an optimizer remembers of each parameter, to where the parameters are."""
    for state in optimizer.state.values():
        for name, value in state.items():
            # torch keeps the count of steps on the CPU.
            if isinstance(value, Tensor) and name != "step":
                state[name] = value.to(device)


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}


def _warn_if_lost(history: History, epoch: int) -> None:
    """Say it in the first epoch whose loss is not a number: nothing is learned from there on."""
    lost = [not math.isfinite(loss) for loss in history.train]
    if lost[-1] and not any(lost[:-1]):
        message = f"the training loss of epoch {epoch} is {history.train[-1]}"
        notice(message, code="loss_not_finite", hint="a smaller learning rate may help")
