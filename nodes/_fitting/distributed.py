"""Trainings that several processes do together, one for each GPU or for a part of the cores.

`torchrun` and `accelerate launch` start the processes and say in the environment who they are.
Every process does the whole graph with the same numbers; of each batch it computes every so many-th
row, and torch's DistributedDataParallel makes gradients those of the whole batch. So losses and
weights are those of one process, to rounding, apart from what dropout draws.

    group = Group.current()
    with group.joined(model, forward) as call:
        for number, (x, y) in enumerate(batches):
            group.check(loss, model, y)
            share = group.share(len(y))
            optimizer.zero_grad()
            with group.apart(number), group.talking():
                output, target = call(share.of(x), share.of(y))
                part, factor = loss(output, target), group.factor(loss, share)
                (part * factor).backward()
            optimizer.step()
            total += part.detach() * factor * share.total / group.world
    mean = group.sum(total) / rows

With one process nothing is changed by any of this, and nothing is imported for it.
"""

from __future__ import annotations

import atexit
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from graphrun.node import InputError, notice

from .shares import Share

PATIENCE = timedelta(days=1)
"""How long one waits for another, who may wait for the lock of a training."""

_BY_CLASS = (nn.CrossEntropyLoss, nn.NLLLoss)
_NORMS = nn.modules.batchnorm._BatchNorm
_LOST = ("closed by peer", "Connection reset", "Timed out", "NCCL", "unhandled system error")
"""What torch says when another process is gone."""


@dataclass(frozen=True)
class Group:
    """The processes of a run: `world` many, of which this one has the number `rank`, from 0.

    Whatever talks to the others (all but `share`, `factor`, `check` and `apart`) has to be called
    by all of them, in the same order.
    """

    rank: int = 0
    world: int = 1

    _known: ClassVar[Group | None] = None

    @classmethod
    def current(cls, device: torch.device | None = None) -> Group:
        """The group that the environment tells of; the first call waits for the others.

        Raises:
            InputError: `device` is of a kind on which processes cannot work together.
        """
        found = cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
        if found.world == 1 or "MASTER_ADDR" not in os.environ:
            return cls()
        kind = device.type if device is not None else "cpu"
        if kind not in ("cpu", "cuda"):
            message = f"several processes cannot train on {kind}"
            raise InputError(message, code="no_group", hint="--device cpu, or one process")
        if cls._known != found:
            found._join()
            cls._known = found
        return found

    def _join(self) -> None:
        from torch import distributed

        if distributed.is_initialized():  # by whoever runs graphs in a program of their own
            return
        # What is said among processes goes over gloo, so that no GPU is waited for.
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(backend, timeout=PATIENCE)
        atexit.register(_leave)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes: files, checkpoints, figures."""
        return self.rank == 0

    def share(self, total: int) -> Share:
        """What this process computes of a batch of `total` rows."""
        if self.world == 1:
            return Share(slice(None), total, total)
        count = len(range(self.rank, total, self.world))
        rows = slice(self.rank, None, self.world) if count else slice(0, 1)
        return Share(rows, count, total)

    def factor(self, loss: nn.Module, share: Share) -> float:
        """What a process' loss is multiplied by, for gradients of the loss of the whole batch."""
        if self.world == 1:
            return 1.0
        # Gradients are averaged over processes.
        if getattr(loss, "reduction", "mean") == "sum":
            return float(self.world) if share.count else 0.0
        return self.world * share.count / share.total

    def check(self, loss: nn.Module, model: nn.Module, y: Tensor) -> None:
        """Refuse a loss that is no mean over rows; `y` are the labels of the whole batch.

        Raises:
            InputError: rows count differently in the loss.
        """
        if self.world == 1:
            return
        uneven = getattr(loss, "weight", None) is not None
        uneven |= isinstance(loss, _BY_CLASS) and bool((y == loss.ignore_index).any())
        if uneven:
            message = f"{type(loss).__name__} cannot be computed by several processes: rows have "
            message += "weights in it"
            hint = "start one process"
            raise InputError(message, input="loss_function", code="loss_not_divisible", hint=hint)
        if model.training and any(isinstance(one, _NORMS) for one in model.modules()):
            message = "batch normalization sees the rows of one process: "
            message += "results differ from those of one process with the whole batch"
            notice(message, code="statistics_by_process", once=True)

    @contextmanager
    def joined(self, model: nn.Module, call: Callable[..., Any]) -> Iterator[Joined]:
        """`call(model, ...)` as a call whose gradients are averaged over all processes.

        The model stays the object that it is. It is that of the first process afterwards, also in
        its buffers. What is trained of it has to be so for the whole block; begin another one
        after parameters were frozen or thawed.

        Raises:
            InputError: the model has parameters without a shape.
        """
        if self.world > 1 and any(nn.parameter.is_lazy(one) for one in model.parameters()):
            message = "several processes cannot train a model whose sizes its first batch tells"
            raise InputError(message, input="model", code="model_not_shaped")
        if self.world == 1 or not any(one.requires_grad for one in model.parameters()):
            yield Joined(partial(call, model))
            return
        from torch.nn.parallel import DistributedDataParallel

        names = inspect.signature(DistributedDataParallel).parameters
        # torch 2.13 has another name for it. Buffers are aligned at the end, as not all processes
        # call a model equally often.
        name = next(one for one in ("forward_sync_buffers", "broadcast_buffers") if one in names)
        self.align(model)
        with self.talking():
            # A pooler that nobody asks has no gradients.
            more: dict[str, Any] = {name: False, "find_unused_parameters": True}
            wrapped = DistributedDataParallel(_Called(model, call), **more)
        joined = Joined(partial(call, model), wrapped)
        del wrapped
        try:
            yield joined
        finally:
            joined.leave()
        self.align(model)

    def align(self, model: nn.Module) -> None:
        """Give all processes the buffers of the first one's model, such as running means."""
        if self.world > 1:
            from torch import distributed

            with self.talking(), torch.no_grad():
                for buffer in model.buffers():
                    distributed.broadcast(buffer, 0)

    def apart(self, number: int) -> AbstractContextManager[None]:
        """Have random numbers, as dropout's, drawn by every process for itself in the block.

        They follow from the state of torch's generator and the `number` of the batch. Afterwards
        the generator is as it was, and so the same in all processes: what the first one keeps of
        it is enough to go on.
        """
        return self._apart(number) if self.world > 1 else nullcontext()

    @contextmanager
    def _apart(self, number: int) -> Iterator[None]:
        before = torch.get_rng_state()
        gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
        gpus = torch.cuda.get_rng_state() if gpu else None
        drawn = int(torch.empty((), dtype=torch.int64).random_())
        torch.manual_seed((drawn + (number * self.world + self.rank) * 0x9E3779B97F4A7C15) % 2**63)
        try:
            yield
        finally:
            torch.set_rng_state(before)
            if gpus is not None:
                torch.cuda.set_rng_state(gpus)

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes, in all of them the same."""
        if self.world > 1:
            from torch import distributed

            value = value.clone()
            with self.talking():
                distributed.all_reduce(value)
        return value

    def whole(self, share: Share, call: Callable[..., Any], *batch: Any) -> list[Any]:
        """What a call gives of all rows of a batch, each computed by the process that has it."""
        found = call(*batch)
        return found if self.world == 1 else [self._whole(share, part) for part in found]

    def _whole(self, share: Share, part: Any) -> Any:
        if not isinstance(part, Tensor):
            return part
        found = part.new_zeros(share.total, *part.shape[1:])
        if share.count:
            found[share.rows] = part
        return self.sum(found)

    def own(self, total: int, size: int) -> Tensor:
        """The places of rows that this process computes, of `total` rows in batches of `size`.

        One at least, if there are any: also who computes nothing asks what answers look like.
        """
        places = torch.arange(total)
        found = places[places % size % self.world == self.rank]
        return found if len(found) else places[:1]

    def agree(self, *flags: bool) -> tuple[bool, ...]:
        """Of each flag, whether any process has set it: to stop or to save after the same batch."""
        if self.world == 1:
            return flags
        return tuple(bool(one) for one in self.sum(torch.tensor(flags, dtype=torch.int32)).tolist())

    def same(self, *numbers: int) -> bool:
        """Whether all processes gave the same numbers, as the epoch and step to go on from."""
        if self.world == 1:
            return True
        from torch import distributed

        given = torch.tensor(numbers, dtype=torch.int64)
        least, most = given.clone(), given.clone()
        with self.talking():
            distributed.all_reduce(least, distributed.ReduceOp.MIN)
            distributed.all_reduce(most, distributed.ReduceOp.MAX)
        return torch.equal(least, most)

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self.agree(False)

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Say it in words when another process is gone; around what waits for gradients too.

        Raises:
            InputError: another process ended.
        """
        try:
            yield
        except RuntimeError as error:
            if self.world == 1 or not any(word in str(error) for word in _LOST):
                raise
            message = "another process of this run has ended, and this one cannot go on without"
            hint = "what it ended with is above, or in the log of its machine"
            raise InputError(message, code="process_lost", hint=hint) from error


class _Called(nn.Module):
    """A call of a model as a module, so that hooks are there however the model is called."""

    def __init__(self, model: nn.Module, call: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, *args: Any) -> Any:
        return self.call(self.model, *args)


class Joined:
    """A call whose gradients are those of all processes after every `backward`."""

    def __init__(self, call: Callable[..., Any], wrapped: Any = None) -> None:
        self._call, self._wrapped = call, wrapped

    def __call__(self, *args: Any) -> Any:
        if self._wrapped is None or not torch.is_grad_enabled():
            return self._call(*args)
        return self._wrapped(*args)

    def leave(self) -> None:
        """Compute alone again. The hooks at the parameters go, so that others can take over."""
        self._wrapped = None

    def pieces(self, parts: Iterable[Any]) -> Iterator[Any]:
        """The parts of a batch; each is called and its loss goes `backward` before the next.

        Gradients are averaged once, with those of the last part.
        """
        *before, last = parts
        with self._wrapped.no_sync() if self._wrapped is not None else nullcontext():
            yield from before
        yield last


def _leave() -> None:
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
