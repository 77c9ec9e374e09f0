"""The training loop.

One loop for every training node: what differs between them is how a batch becomes an output and
its target (`Forward`). Read from the top: fit, an epoch, one pass. How a training is
continued that a run was stopped in is in `resuming`.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from graphrun.node import Cancelled, InputError, metric, notice, progress

from .batches import batches, blaming, check_classes, on, paired
from .job import Course, Job, Pass
from .resuming import Keeper, keeping

SHOW_EVERY = 0.25
"""Seconds between two readings of the figures, as each makes a GPU wait."""


def fit(job: Job) -> Course:
    """Train the model in place; it ends on the CPU, whatever happens.

    It is left in evaluation mode if there was a validation, else in training mode. A training that
    the run keeps goes on where it was left, and is kept again when the run is asked to stop.

    Raises:
        Cancelled: the run was asked to stop.
    """
    _move(job, job.device)
    try:
        with keeping(job) as keeper:
            course, meter = keeper.course, _Meter(job, keeper)
            while course.epochs < job.epochs and not course.ended:
                _epoch(job, course, meter)
                keeper.epoch()
    finally:
        _move(job, torch.device("cpu"))
    if course.best is not None and course.val[-1] > course.best_loss:
        job.model.load_state_dict(course.best)
    return course


def _epoch(job: Job, course: Course, meter: _Meter) -> None:
    """Train with every batch once, then validate, then step the scheduler."""
    if job.begin is not None and not course.begun:
        job.begin(job, course.epochs)
    course.begun = True
    epoch, rate = course.epochs + 1, job.optimizer.param_groups[0]["lr"]
    if not course.trained:
        course.train.append(_pass(job, meter, "train_loader")[0])
        meter.keeper.trained()
    figures = {"epoch": epoch, "train_loss": course.train[-1], "lr": rate}
    if job.val is not None:
        loss, accuracy = _pass(job, meter, "val_loader")
        course.val.append(loss)
        figures["val_loss"] = loss
        if accuracy is not None:
            figures["val_accuracy"] = accuracy
        # A first loss that is NaN stays the best: nothing is smaller.
        if epoch == 1 or loss < course.best_loss:
            course.best_loss, course.stale = loss, 0
            course.best = _copy(job.model) if job.keep_best else None
        else:
            course.stale += 1
    metric(**figures)
    course.figures.append(figures)
    _warn_if_lost(course, epoch)
    course.epochs, course.begun = epoch, False
    course.ended = bool(course.stale) and job.patience is not None and course.stale >= job.patience
    if not course.ended:
        _step(job.scheduler, course)


def _pass(job: Job, meter: _Meter, name: str) -> tuple[float, float | None]:
    """One pass over a loader: the loss, summed over rows / rows in the data set, and the accuracy.

    The accuracy, the share of rows on the right side of 0.5, is of a validation that wants it.
    """
    training, course = name == "train_loader", meter.keeper.course
    loader: Any = job.train if training else job.val
    job.model.train(training)
    done = (course.running if training else None) or Pass.on(job.device)
    course.running = done if training else None
    for x, y in batches(name, meter.keeper.rest(loader) if training else loader):
        moved = on(job.device, [x, y])
        if training:
            job.optimizer.zero_grad()
        with torch.set_grad_enabled(training), blaming(name, x, y) as answers:
            output, target = job.forward(job.model, *moved)
            answers.append(output)
            # Labels are looked at where they are: a GPU would wait for it.
            check_classes(job.loss, output, y, place=(name, loader, done.batches))
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
                done.right += (sides == labels.int()).sum()
                done.counted += len(labels)
        done.total += loss.detach().to(done.total.dtype) * len(target)
        done.rows += len(target)
        done.batches += 1
        meter.tick(len(target), done.total / done.rows if training else None)
    if done.counted:
        course.accuracy = done.right.item() / done.counted
    return done.total.item() / len(loader.dataset), course.accuracy if done.counted else None


def _check_loss(loss: Tensor) -> None:
    if loss.dim():
        message = "the loss gives one value a row; training needs their mean or sum"
        hint = "set its reduction to mean"
        raise InputError(message, input="loss_function", code="loss_not_scalar", hint=hint)
    if not loss.requires_grad:
        message = "the loss depends on no parameter that can be trained: all are frozen"
        raise InputError(message, input="model", code="nothing_to_train")


def _step(scheduler: LRScheduler | None, course: Course) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(course.val[-1])
    elif scheduler is not None:
        scheduler.step()


class _Meter:
    """Counts steps over the whole training, and shows figures when it is time to."""

    def __init__(self, job: Job, keeper: Keeper) -> None:
        self.keeper = keeper
        self._total = job.epochs * sum(len(loader) for loader in job.loaders)
        self._rows, self._shown = 0, time.monotonic()

    def tick(self, rows: int, loss: Tensor | None) -> None:
        """One batch is done. `loss` is the mean of the epoch so far; None while validating."""
        course = self.keeper.course
        course.steps += 1
        self._rows += rows
        figures, now = {}, time.monotonic()
        if now - self._shown >= SHOW_EVERY:
            if loss is not None:
                figures["loss"] = loss.item()
            if course.accuracy is not None:
                figures["accuracy"] = course.accuracy
            figures["samples_per_s"] = self._rows / (now - self._shown)
            self._rows, self._shown = 0, now
        try:
            progress(course.steps, self._total, **figures)
        except Cancelled:
            self.keeper.save()
            raise
        self.keeper.batch()


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


def _warn_if_lost(course: Course, epoch: int) -> None:
    """Say it in the first epoch whose loss is not a number: nothing is learned from there on."""
    lost = [not math.isfinite(loss) for loss in course.train]
    if lost[-1] and not any(lost[:-1]):
        message = f"the training loss of epoch {epoch} is {course.train[-1]}"
        notice(message, code="loss_not_finite", hint="a smaller learning rate may help")
