"""Trainings that go on where an earlier run was stopped, with the same numbers to the last bit.

All that decides how a training goes on is kept between two batches, before a validation, or
between two epochs: weights, what the optimizers and the scheduler remember, the states of the
random generators now and at the start of the epoch's pass, and its `Course`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from graphrun.node import Checkpoint, checkpoint, metric, notice

from . import generators
from .distributed import Group
from .job import Course, Job, Pass
from .precision import Precision

LOADERS = ("train_loader", "val_loader")
_FORM = 1


def wanted(model: nn.Module, optimizer: Optimizer, epochs: int, **inputs: Any) -> list[str]:
    """The loaders that are connected; none of them where the training was finished before."""
    kept = checkpoint()
    saved = kept.newest(epochs) if kept is not None else None
    complete = saved is not None and _is_complete(saved, epochs)
    if complete and _is_of(saved, fingerprint(model, optimizer)):
        return []
    return [name for name in LOADERS if name in inputs]


@contextmanager
def keeping(job: Job, group: Group, precision: Precision) -> Iterator[Keeper]:
    """Go on from what is kept of a training, and keep it further. Nobody else does meanwhile.

    Raises:
        Cancelled: the run was asked to stop while another one trained the same.
    """
    kept = checkpoint()
    keeper = Keeper(job, kept, group, precision)
    if kept is None:
        yield keeper
        return
    try:
        if job.train is not None and group.first:
            kept.take()
        group.barrier()
        keeper.resume(kept)
        yield keeper
    finally:
        kept.release()


class Keeper:
    """Knows how far a training is, and keeps it where the run wants that."""

    def __init__(
        self, job: Job, kept: Checkpoint | None, group: Group, precision: Precision
    ) -> None:
        self.course = Course()
        self._job, self._kept, self._given = job, kept, job.optimizer
        self._group, self._precision = group, precision
        self._own = generators.of_loaders(job.loaders)
        self._divisible = generators.is_divisible(job.train)
        # Workers that outlive an epoch have drawn numbers that nobody can put back.
        self._lasting = any(getattr(loader, "persistent_workers", False) for loader in job.loaders)
        self._print, self._last = "", (0, 0)
        self._start: generators.States = {}
        self._trained: generators.States = {}

    def rest(self, after: Callable[[int], Iterator[Any]]) -> Iterator[Any]:
        """The batches that are left of the epoch's training: those `after` the ones that are done.

        What `after` draws for a pass it draws when it is called.
        """
        assert self.course.running is not None
        done = self.course.running.batches
        if not done:
            self._start = self._states() if self._kept is not None else {}
            yield from after(0)
        else:
            now = self._trained
            generators.restore(self._start, self._own, self._job.device)
            batches = after(done)
            generators.restore(now, self._own, self._job.device)
            yield from batches

    @property
    def due(self) -> bool:
        """Whether it is time to keep what is done of an epoch's training."""
        return self._kept is not None and self.course.running is not None and self._kept.due

    def trained(self) -> None:
        """The batches of an epoch are done, its validation is not."""
        self.course.running = None
        if self._kept is not None:
            self._trained = self._states()
            if self._kept.due:
                self.save()

    def epoch(self) -> None:
        """An epoch is done."""
        if self._kept is not None and (self._finished or self._kept.cheap):
            self.save()

    def save(self) -> None:
        """Keep how far the training is now, if it can go on from here exactly."""
        course = self.course
        exact = self._divisible if course.running is not None else True
        first = self._group.first  # the others are as far, and go on from the same state
        if self._kept is None or not first or not exact or (self._lasting and not self._finished):
            return
        if (course.epochs, self._step) != self._last:
            self._last = course.epochs, self._step
            try:
                state = self._state()
            except Exception as error:  # keeping a training must not cost it
                message = f"the training cannot be kept: {error}"
                notice(message, code="checkpoint_failed", once=True)
            else:
                self._kept.save(course.epochs, self._step, state, finished=self._finished)

    @property
    def _step(self) -> int:
        if self.course.running is not None:
            return self.course.running.batches
        return len(self._job.train) if self.course.trained and self._job.train else 0

    @property
    def _finished(self) -> bool:
        course = self.course
        return not course.begun and (course.ended or course.epochs == self._job.epochs)

    def resume(self, kept: Checkpoint) -> None:
        """Put back the newest state of this training, if there is one."""
        job = self._job
        self._print = fingerprint(job.model, job.optimizer)
        saved, why = kept.newest(job.epochs), ""
        if not self._group.same(*((saved.epoch, saved.step) if saved else (-1, -1))):
            saved, why = None, "processes do not see the same kept state"
        elif saved is None:
            if kept.beyond is not None:
                why = f"it was kept after {kept.beyond} epochs, and {job.epochs} are asked for"
        elif not _is_of(saved, self._print):
            kept.clear()
            saved, why = None, "the model or the optimizer is another one than before"
        elif job.train is not None and saved.state["rows"] != self._rows:
            kept.clear()
            saved, why = None, "the data sets have other numbers of rows than before"
        elif self._lasting and not _is_complete(saved, job.epochs):
            saved, why = None, "persistent_workers cannot go on where others were stopped"
        if why:
            notice(f"the training starts over: {why}", code="training_starts_over")
        if saved is None:
            return
        self._put_back(saved.state)
        self._last = saved.epoch, saved.step
        for figures in self.course.figures:
            metric(**figures)
        self._say(_is_complete(saved, job.epochs))

    def _put_back(self, state: Mapping[str, Any]) -> None:
        job = self._job
        running = state["course"]["running"]
        course = self.course = Course(**{**state["course"], "running": None})
        # What is frozen, and which optimizer there is, follows from the epochs that have begun.
        for epoch in range(course.epochs + course.begun):
            if job.begin is not None:
                job.begin(job, epoch)
        job.model.train(not course.val)
        _load(job.model, state["model"])
        _load(job.loss, state["loss"])
        for optimizer, remembered in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(_copied(remembered))
        self._precision.load_state(state.get("precision", {}))
        if job.scheduler is not None:
            job.scheduler.load_state_dict(state["scheduler"])
            # Or torch warns of a scheduler that is stepped first: the optimizer was, in that run.
            job.optimizer._opt_called = True  # type: ignore[attr-defined]
        if running is not None:
            course.running = Pass.on(job.device, **running)
        self._start, self._trained = state["start"], state["now"]
        generators.restore(self._trained, self._own, job.device)

    def _say(self, complete: bool) -> None:
        course = self.course
        if complete:
            message = "the training was finished before: nothing is trained again"
            notice(message, code="training_finished", severity="info")
            return
        place = f"epoch {course.epochs + 1}"
        if course.trained:
            place = f"the validation of {place}"
        elif course.running is not None and self._job.train is not None:
            place += f", batch {course.running.batches + 1} of {len(self._job.train)}"
        message = f"continuing the training from {place}"
        notice(message, code="training_continued", severity="info")

    def _state(self) -> dict[str, Any]:
        job, course = self._job, self.course
        kept = {one.name: getattr(course, one.name) for one in fields(course)}
        if course.running is not None:
            done = course.running
            sums = {"total": done.total.item(), "rows": done.rows, "batches": done.batches}
            kept["running"] = sums
        weights = _weights(job.model)
        if course.best is not None and not course.stale and not course.begun:
            weights |= course.best  # the same numbers, which are written once then
        return {
            "form": _FORM,
            "given": self._print,
            "rows": self._rows,
            "course": kept,
            "model": weights,
            "loss": _weights(job.loss),
            "optimizers": [_portable(one.state_dict()) for one in self._optimizers],
            "scheduler": _remembered(job.scheduler),
            "precision": self._precision.state(),
            "start": self._start,
            "now": self._trained if course.trained else self._states(),
        }

    @property
    def _rows(self) -> list[int]:
        return [len(loader.dataset) for loader in self._job.loaders]  # type: ignore[arg-type]

    @property
    def _optimizers(self) -> list[Optimizer]:
        """The one that was given, and the one that replaced it."""
        both = [self._given, self._job.optimizer]
        return both if both[0] is not both[1] else both[:1]

    def _states(self) -> generators.States:
        return generators.states(self._own, self._job.device)


def fingerprint(model: nn.Module, optimizer: Optimizer) -> str:
    """What tells a model, as it is given, from others: a digest of its weights."""
    found = hashlib.sha256(repr([len(one["params"]) for one in optimizer.param_groups]).encode())
    for name, value in model.state_dict().items():
        found.update(name.encode())
        if not isinstance(value, Tensor) or nn.parameter.is_lazy(value):
            continue
        found.update(f"{value.dtype}{tuple(value.shape)}".encode())
        if value.layout == torch.strided and not value.is_quantized:
            plain = value.detach().cpu().contiguous().reshape(-1)
            found.update(memoryview(plain.view(torch.uint8).numpy()))
    return found.hexdigest()


def _is_of(saved: Any, given: str) -> bool:
    state = saved.state
    return isinstance(state, dict) and (state.get("form"), state.get("given")) == (_FORM, given)


def _is_complete(saved: Any, epochs: int) -> bool:
    return saved.epoch == epochs or bool(saved.state["course"]["ended"])


def _weights(module: nn.Module) -> dict[str, Any]:
    """All that a module holds, also the buffers that its state dict leaves out."""
    return {**_portable(dict(module.named_buffers())), **_portable(module.state_dict())}


def _load(module: nn.Module, weights: Mapping[str, Any]) -> None:
    known = module.state_dict().keys()
    module.load_state_dict({name: value for name, value in weights.items() if name in known})
    for name, buffer in module.named_buffers():
        if name not in known:
            with torch.no_grad():
                buffer.copy_(weights[name])


def _remembered(scheduler: Any) -> Any:
    if scheduler is None:
        return None
    # What is counted there are milestones, which nothing changes.
    found = scheduler.state_dict().items()
    return _portable({name: value for name, value in found if not isinstance(value, Counter)})


def _portable(value: Any) -> Any:
    """The same with tensors on the CPU and without gradients, in plain collections."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, Mapping):
        return {key: _portable(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_portable(one) for one in value)
    return value


def _copied(value: Any) -> Any:
    """The same in memory of its own, where that is of a file."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_copied(one) for one in value)
    return value
