"""From a batch to the next weights: its gradients, whole or piece by piece, and the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, notice, settings

from .._torch import is_full
from . import memory
from .batches import BY_CLASS
from .distributed import Group, Joined
from .fitness import tell_of_statistics
from .fused import fuse
from .job import Job
from .packed import Packed
from .precision import Precision
from .shares import Share
from .ways import Way

Compute = Callable[[Any, Tensor], tuple[Tensor, Tensor, Tensor]]
"""(x, y) of a batch or of a piece of it → loss (), output and target (rows, …)."""


class Learner:
    """Adds up the gradients of a batch, and takes the steps of the optimizer.

    A batch is one step, however many pieces it is computed in.
    """

    def __init__(self, job: Job, way: Way, group: Group, precision: Precision) -> None:
        self._job, self._way, self._group, self._precision = job, way, group, precision
        self._room = memory.Room(None)
        if way.packs:
            self._room = memory.for_training(job.model, job.device, processes=group.world)
        self._least, self._norm = settings().grad_accum, settings().clip_grad
        self._told = False

    def begin(self) -> None:
        """The batches of an epoch follow; what is frozen and which optimizer there is, is known."""
        if not settings().literal:
            fuse(self._job.model, self._job.optimizer)
        if self._group.world > 1 and not known(self._job.loss):
            message = f"{type(self._job.loss).__name__} is taken for a mean over rows, of which "
            message += "each process computes some: another loss would be a different one"
            notice(message, code="loss_by_process", hint="start one process to be sure", once=True)

    def learn(
        self, compute: Compute, joined: Joined, share: Share, x: Any, y: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Loss of a batch, whose gradients the parameters then have; output and target of x and y.

        These are a process' `share` of it. `compute` calls what is `joined`.

        Where memory does not suffice, the same is done again in smaller pieces: with the random
        numbers that were drawn before, and without the gradients so far.

        Raises:
            InputError: there is not enough memory for small pieces either, or none can be made.
        """
        while True:
            drawn = _drawn(self._job.device)
            self._job.optimizer.zero_grad()
            try:
                with self._way.lasting():
                    loss, output, target = self._gradients(compute, joined, share, x, y)
                return self._group.sum(loss), output, target
            except Exception as error:
                if not is_full(error):
                    raise
                # Several processes would have to begin again together.
                again = divisible(self._job.loss, y) and self._group.world == 1
                self._room.halve(x, error, divisible=again)
            # Here the error is gone, and with it what its frames held.
            memory.free(self._job.device)
            _draw_again(drawn, self._job.device)

    def step(self) -> None:
        """Change the weights by their gradients.

        Raises:
            InputError: there is not enough memory for what the optimizer remembers. The weights are
                as they were if that is so in the first step, in which it is made.
        """
        optimizer = self._job.optimizer
        known = set(optimizer.state)
        try:
            self._precision.step(optimizer, self._cut)
        except Exception as error:
            if not is_full(error):
                raise
            for parameter in set(optimizer.state) - known:
                del optimizer.state[parameter]  # half of it is worse than nothing
            raise memory.no_step(optimizer) from error

    def _cut(self) -> None:
        if self._norm is not None:
            held = (p for group in self._job.optimizer.param_groups for p in group["params"])
            nn.utils.clip_grad_norm_(held, self._norm)

    def _gradients(
        self, compute: Compute, joined: Joined, share: Share, x: Any, y: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """This process' part of the loss, output and target."""
        factor = self._group.factor(self._job.loss, share)
        parts = list(self._parts(x, y))
        if len(parts) == 1:
            loss, output, target = compute(x, y)
            check(loss)
            self._precision.backward(loss * factor)
            return loss.detach() * (factor / self._group.world), output.detach(), target
        if not self._told:
            self._told = True
            tell_of_statistics(self._job.model)
        summed = getattr(self._job.loss, "reduction", "mean") == "sum"
        total = torch.zeros((), device=y.device)
        outputs, targets = [], []
        for part_x, part_y in joined.pieces(parts):
            loss, output, target = compute(part_x, part_y)
            check(loss)
            part = (loss if summed else loss * (len(part_y) / len(y))) * factor
            self._precision.backward(part)
            total += part.detach()
            outputs.append(output.detach())
            targets.append(target)
        return total / self._group.world, torch.cat(outputs), torch.cat(targets)

    def _parts(self, x: Any, y: Tensor) -> Iterator[tuple[Any, Tensor]]:
        """The pieces of a batch: as many as were asked for, and more where memory is short."""
        tokens, least = self._room.tokens, self._least
        whole = least == 1 and (tokens is None or not isinstance(x, Packed) or len(x.ids) <= tokens)
        if not whole and not divisible(self._job.loss, y):
            message = f"{type(self._job.loss).__name__} is computed of whole batches: it is not "
            message += "known to be a mean or a sum of what it is of each row"
            notice(message, code="not_in_pieces", once=True)
            whole = True
        if whole:
            yield x, y
        elif isinstance(x, Packed):
            if tokens is not None and len(x.ids) > tokens:
                memory.tell_of_pieces()
            yield from ((part, y[rows]) for rows, part in x.pieces(tokens, least))
        else:
            size = -(-len(y) // least)
            yield from ((_rows(x, rows), y[rows]) for rows in _slices(len(y), size))


def known(loss: nn.Module) -> bool:
    """Whether a loss is one of torch's own, a mean or a sum over rows that may have weights."""
    own = type(loss).__module__ == nn.BCEWithLogitsLoss.__module__
    return own and getattr(loss, "reduction", "") in ("mean", "sum", "batchmean")


def divisible(loss: nn.Module, y: Tensor) -> bool:
    """Whether a loss is known to be a mean or a sum of the losses of rows with labels `y`."""
    if not known(loss) or getattr(loss, "weight", None) is not None:
        return False
    # A loss of classes is a mean over the rows that it does not leave out.
    return not isinstance(loss, BY_CLASS) or not bool((y == loss.ignore_index).any())


def check(loss: Tensor) -> None:
    """Refuse a loss that nothing can be learned from."""
    if loss.dim():
        message = "the loss gives one value a row; training needs their mean or sum"
        hint = "set its reduction to mean"
        raise InputError(message, input="loss_function", code="loss_not_scalar", hint=hint)
    if not loss.requires_grad:
        message = "the loss depends on no parameter that can be trained: all are frozen"
        raise InputError(message, input="model", code="nothing_to_train")


def _slices(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def _rows(x: Any, rows: slice) -> Any:
    return [_rows(part, rows) for part in x] if isinstance(x, list | tuple) else x[rows]


def _drawn(device: torch.device) -> list[Tensor]:
    """Where torch's random generators are."""
    found = [torch.get_rng_state()]
    if device.type == "cuda":
        found.append(torch.cuda.get_rng_state(device))
    return found


def _draw_again(drawn: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(drawn[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(drawn[1], device)
