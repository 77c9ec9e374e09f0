"""What is shown of a training while it goes on, and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from graphrun.node import Cancelled, progress

from .distributed import Group
from .flops import Work, cost, peak_of
from .job import Job
from .precision import Precision
from .resuming import Keeper

SHOW_EVERY = 0.25
"""Seconds between two readings of the figures, as each makes a GPU wait."""

LONG = 60.0
"""Seconds from which on a training is worth the time to find out what its device can do."""


class Meter:
    """Counts steps over the whole training, and shows figures when it is time to."""

    def __init__(self, job: Job, group: Group, keeper: Keeper, precision: Precision) -> None:
        self._job, self._group, self._keeper, self._val = job, group, keeper, job.val
        self._stop = False
        self._format = precision.narrow or torch.float32
        self._total = job.epochs * sum(len(loader) for loader in job.loaders)
        self._rows = self._tokens = self._early = self._ahead = 0
        self._shown = self._started = self._began = time.monotonic()
        self._work: Work | None = None

    def begin(self) -> None:
        """An epoch's batches follow. What they cost depends on what is frozen by now."""
        self._began, self._work = time.monotonic(), Work(cost(self._job.model), training=True)

    def rates(self) -> dict[str, float]:
        """How fast the epoch's rows were trained with, once its loss has been read.

        That waited for the device. Nothing of an epoch that another run has trained.
        """
        now, work, self._work = time.monotonic(), self._work, None
        if work is None:
            return {}
        long = now - self._started > LONG
        peak = peak_of(self._job.device, self._format) if long and work.flops else None
        return work.rates(now - self._began, peak=peak and peak * self._group.world)

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
        else:
            self._show(course.steps, rows, sum(lengths or ()), loss)
        self._decide()

    def ahead(self, rows: int, tokens: int) -> None:
        """Some rows of a validation are done, before their batches are."""
        size = getattr(self._val, "batch_size", None) or 1
        self._early += rows
        self._ahead = min(-(-self._early // size), len(self._val))
        self._show(self._keeper.course.steps + self._ahead, rows, tokens, None)
        if self._group.world == 1:  # others are not as far: they are asked after a batch
            self._decide()

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
            self._stop = True

    def _decide(self) -> None:
        """Keep how far the training is, if it is time to; stop, if any process is to."""
        (stop,) = self._group.agree(self._stop)
        if stop or self._keeper.due:
            self._keeper.save()
        if stop:
            raise Cancelled
