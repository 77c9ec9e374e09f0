"""The training loop.

One loop for every training node: what differs between them is how a batch becomes an output and
its target (`Forward`). Read from the top: fit, an epoch, one pass. How a training is
continued that a run was stopped in is in `resuming`; where batches come from and what is called in
the place of the model in `ways`; how a batch becomes gradients in `steps`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from graphrun.node import Cancelled, metric, notice, progress, settings

from .batches import batches, blaming, check_classes, on, paired
from .figures import Figures
from .flops import Work, cost, matmul_peak
from .fused import unfuse
from .job import Course, Forward, Job, Pass
from .precision import Precision
from .resuming import Keeper, keeping
from .steps import Learner
from .unpadded import checkpointing
from .ways import Way

SHOW_EVERY = 0.25
"""Seconds between two readings of the figures, as each makes a GPU wait."""

LONG = 60.0
"""Seconds from which on a training is worth the time to find out what its device can do."""


def fit(job: Job) -> Course:
    """Train the model in place; it ends on the CPU, whatever happens.

    It is left in evaluation mode if there was a validation, else in training mode. A training that
    the run keeps goes on where it was left, and is kept again when the run is asked to stop.

    Raises:
        Cancelled: the run was asked to stop.
    """
    precision = Precision.pick(job.device, settings().precision)
    _move(job, job.device)
    try:
        with keeping(job, precision) as keeper, precision.switched():
            course = keeper.course
            if course.epochs < job.epochs and not course.ended:
                _train(job, keeper, precision)
    finally:
        unfuse(job.optimizer)
        _move(job, torch.device("cpu"))
    if course.best is not None and course.val[-1] > course.best_loss:
        job.model.load_state_dict(course.best)
    return course


def _train(job: Job, keeper: Keeper, precision: Precision) -> None:
    """All epochs that are left."""
    way = Way.of(job, precision)
    again = checkpointing(job.model) if settings().gradient_checkpointing else nullcontext()
    with again:
        learner, meter = Learner(job, way, precision), _Meter(job, keeper, precision)
        run = _Run(job, way, precision.around(job.forward), keeper, learner, meter)
        while keeper.course.epochs < job.epochs and not keeper.course.ended:
            _epoch(run, keeper.course)
            keeper.epoch()


@dataclass(frozen=True)
class _Run:
    """A training on its way: what to do, how, and who keeps, learns and counts."""

    job: Job
    way: Way
    forward: Forward
    keeper: Keeper
    learner: Learner
    meter: _Meter


def _epoch(run: _Run, course: Course) -> None:
    """Train with every batch once, then validate, then step the scheduler."""
    job = run.job
    if job.begin is not None and not course.begun:
        before = job.optimizer
        job.begin(job, course.epochs)
        if job.optimizer is not before:
            unfuse(before)
    course.begun = True
    epoch, rate = course.epochs + 1, job.optimizer.param_groups[0]["lr"]
    if not course.trained:
        run.learner.begin()
        run.meter.begin()
        course.train.append(_pass(run, "train_loader")[0])
        run.keeper.trained()
    figures: dict[str, Any] = {"epoch": epoch, "train_loss": course.train[-1], "lr": rate}
    rates = run.meter.rates()
    if job.val is not None:
        loss, told = _pass(run, "val_loader")
        course.val.append(loss)
        figures |= {"val_loss": loss, **told}
        # A first loss that is NaN stays the best: nothing is smaller.
        if epoch == 1 or loss < course.best_loss:
            course.best_loss, course.stale = loss, 0
            course.best = _copy(job.model) if job.keep_best else None
        else:
            course.stale += 1
    metric(**figures, **rates)
    course.figures.append(figures)  # what is told again when it goes on, and then as fast as it is
    _warn_if_lost(course, epoch)
    course.epochs, course.begun = epoch, False
    course.ended = bool(course.stale) and job.patience is not None and course.stale >= job.patience
    if not course.ended:
        _step(job.scheduler, course)


def _pass(run: _Run, name: str) -> tuple[float, dict[str, Any]]:
    """One pass over a loader: the loss, summed over rows / rows in the data set, and figures.

    Figures are of a validation that wants them.
    """
    job, way, course = run.job, run.way, run.keeper.course
    training = name == "train_loader"
    loader: Any = job.train if training else job.val
    job.model.train(training)
    done = (course.running if training else None) or Pass.on(job.device)
    course.running = done if training else None
    seen: Figures | None = None
    if training:
        given, call = run.keeper.rest(partial(way.after, loader)), way.call
    else:
        given, call = way.judging(loader, run.meter.ahead)
    for x, y in batches(name, given):
        moved = on(job.device, [x, y])
        with torch.set_grad_enabled(training), blaming(name, x, y) as answers:
            # Labels are looked at where they are: a GPU would wait for it.
            look = partial(check_classes, job.loss, y=y, place=(name, loader, done.batches))
            compute = partial(_compute, job.loss, partial(run.forward, call), answers, look)
            loss, output, target = (
                run.learner.learn(compute, *moved) if training else compute(*moved)
            )
        if training:
            run.learner.step()
        elif job.accuracy:
            seen = seen or Figures.fitting(output, target)
            # Batches of one row have never counted.
            if seen is not None and len(target) > 1:
                seen.add(output, target)
        done.total += loss.detach().to(done.total.dtype) * len(target)
        done.rows += len(target)
        done.batches += 1
        run.meter.tick(len(target), way.lengths(x), done.total / done.rows if training else None)
    told = seen.told("val_") if seen is not None else {}
    course.accuracy = told.get("val_accuracy", course.accuracy)
    return done.total.item() / len(loader.dataset), told


def _compute(
    loss: nn.Module, call: Any, answers: list[Any], look: Callable[[Any], None], *batch: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, output and target of a batch."""
    output, target = call(*batch)
    # Without what led to it, which a batch that is computed again would have beside itself.
    answers[:] = [output.detach() if isinstance(output, Tensor) else output]
    look(output)
    return loss(*paired(loss, output, target)), output, target


def _step(scheduler: LRScheduler | None, course: Course) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(course.val[-1])
    elif scheduler is not None:
        scheduler.step()


class _Meter:
    """Counts steps over the whole training, and shows figures when it is time to."""

    def __init__(self, job: Job, keeper: Keeper, precision: Precision) -> None:
        self._job, self._keeper, self._val = job, keeper, job.val
        self._format = precision.narrow or torch.float32
        self._total = job.epochs * sum(len(loader) for loader in job.loaders)
        self._rows = self._tokens = self._early = self._ahead = 0
        self._shown = self._started = self._began = time.monotonic()
        self._work: Work | None = None

    def begin(self) -> None:
        """An epoch's batches follow. What they cost depends on what is frozen by now."""
        self._began, self._work = time.monotonic(), Work(cost(self._job.model), training=True)

    def rates(self) -> dict[str, float]:
        """How fast the epoch's texts were trained with, once its loss has been read.

        That waited for the device. Nothing of an epoch that another run has trained.
        """
        now, work, self._work = time.monotonic(), self._work, None
        if work is None or not work.tokens:
            return {}
        long = now - self._started > LONG
        peak = matmul_peak(self._job.device, self._format) if long and work.flops else None
        return work.rates(now - self._began, peak=peak)

    def tick(self, rows: int, lengths: Sequence[int] | None, loss: Tensor | None) -> None:
        """One batch is done. `loss` is the mean of the epoch so far; None while validating.

        `lengths` are those of texts, in tokens.
        """
        course = self._keeper.course
        course.steps += 1
        if loss is not None and self._work is not None:
            self._work.add(rows, lengths)
        if self._ahead:  # its rows were counted before
            self._ahead -= 1
            self._early *= bool(self._ahead)
            return
        self._show(course.steps, rows, sum(lengths or ()), loss)
        self._keeper.batch()

    def ahead(self, rows: int, tokens: int) -> None:
        """Some rows of a validation are done, before their batches are."""
        size = getattr(self._val, "batch_size", None) or 1
        self._early += rows
        self._ahead = min(-(-self._early // size), len(self._val))
        self._show(self._keeper.course.steps + self._ahead, rows, tokens, None)

    def _show(self, step: int, rows: int, tokens: int, loss: Tensor | None) -> None:
        self._rows += rows
        self._tokens += tokens
        figures, now = {}, time.monotonic()
        if (time_passed := now - self._shown) >= SHOW_EVERY:
            if loss is not None:
                figures["loss"] = loss.item()
            if self._keeper.course.accuracy is not None:
                figures["accuracy"] = self._keeper.course.accuracy
            figures["samples_per_s"] = self._rows / time_passed
            if self._tokens:
                figures["tokens_per_s"] = self._tokens / time_passed
            self._rows, self._tokens, self._shown = 0, 0, now
        try:
            progress(step, self._total, **figures)
        except Cancelled:
            self._keeper.save()
            raise


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
