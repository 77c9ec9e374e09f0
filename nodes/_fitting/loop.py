"""The training loop.

One loop for every training node: what differs between them is how a batch becomes an output and
its target (`Forward`). Read from the top: fit, an epoch, one pass. How a training is
continued that a run was stopped in is in `resuming`; where batches come from and what is called in
the place of the model in `ways`; how a batch becomes gradients in `steps`; what is shown of it in
`meter`; how several processes train together in `distributed`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from graphrun.node import metric, notice, settings

from . import memory
from .batches import batches, blaming, check_classes, on, paired
from .distributed import Group, Joined
from .figures import Figures
from .fitness import normalizing
from .fused import unfuse
from .job import Course, Forward, Job, Pass
from .meter import Meter
from .precision import Precision
from .resuming import Keeper, keeping
from .steps import Learner
from .unpadded import checkpointing
from .ways import Way


def fit(job: Job) -> Course:
    """Train the model in place; it ends on the CPU, whatever happens.

    It is left in evaluation mode if there was a validation, else in training mode. A training that
    the run keeps goes on where it was left, and is kept again when the run is asked to stop.

    Raises:
        Cancelled: the run was asked to stop.
    """
    group = Group.current(job.device)
    precision = Precision.pick(job.device, settings().precision)
    try:
        with memory.suffices(job.device):
            _move(job, job.device)
            with keeping(job, group, precision) as keeper, precision.switched():
                course = keeper.course
                if course.epochs < job.epochs and not course.ended:
                    _train(job, group, keeper, precision)
    finally:
        unfuse(job.optimizer)
        _move(job, torch.device("cpu"))
    if course.best is not None and course.val[-1] > course.best_loss:
        job.model.load_state_dict(course.best)
    return course


def _train(job: Job, group: Group, keeper: Keeper, precision: Precision) -> None:
    """All epochs that are left."""
    way = Way.of(job, group, precision)
    again = checkpointing(job.model) if settings().gradient_checkpointing else nullcontext()
    with again:
        learner = Learner(job, way, group, precision)
        meter = Meter(job, group, keeper, precision)
        run = _Run(job, group, way, precision.around(job.forward), keeper, learner, meter)
        while keeper.course.epochs < job.epochs and not keeper.course.ended:
            _epoch(run, keeper.course)
            keeper.epoch()


@dataclass(frozen=True)
class _Run:
    """A training on its way: what to do, with whom, how, and who keeps, learns and counts."""

    job: Job
    group: Group
    way: Way
    forward: Forward
    keeper: Keeper
    learner: Learner
    meter: Meter

    def joined(self, call: Any, *, training: bool) -> AbstractContextManager[Joined]:
        """How a batch is answered, where `call` answers as the model: in a training together."""
        answer = partial(self.forward, call)
        if not training:
            return nullcontext(Joined(answer))
        return self.group.joined(self.job.model, lambda _, *batch: answer(*batch))


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
    with run.joined(call, training=training) as joined:
        for x, y in batches(name, given):
            loss, output, target = _batch(run, joined, (x, y), (name, loader, done.batches))
            if training:
                run.learner.step()
            elif job.accuracy:
                seen = seen or Figures.fitting(output, target)
                # Batches of one row have never counted.
                if seen is not None and len(target) > 1:
                    seen.add(output, target)
            done.total += loss.detach().to(done.total.dtype) * len(y)
            done.rows += len(y)
            done.batches += 1
            run.meter.tick(len(y), way.lengths(x), done.total / done.rows if training else None)
    told = seen.told("val_") if seen is not None else {}
    course.accuracy = told.get("val_accuracy", course.accuracy)
    return done.total.item() / len(loader.dataset), told


def _batch(
    run: _Run, joined: Joined, batch: tuple[Any, Tensor], place: tuple[str, Any, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss of a batch, and output and target; in a training the gradients are there then.

    With several processes each computes its rows. In a validation it gets those of the others too,
    in a training only their part of the loss.
    """
    job, group, (name, _, number) = run.job, run.group, place
    training, (x, y) = name == "train_loader", batch
    share = group.share(len(y))
    mine = on(job.device, share.of([job.beside(x), y]))
    if training:
        group.check(job.loss, job.model, y)
    with (
        torch.set_grad_enabled(training),
        blaming(name, x, y) as answers,
        normalizing(job.model, name, number, len(y)),
        group.apart(run.keeper.course.steps),
        group.talking(),
    ):
        # Labels are looked at where they are: a GPU would wait for it.
        look = partial(check_classes, job.loss, y=y, place=place)
        if training:
            compute = partial(_compute, job.loss, joined, answers, look)
            return run.learner.learn(compute, joined, share, *mine)
        with memory.whole(x, name):
            return _compute(job.loss, partial(group.whole, share, joined), answers, look, *mine)


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
