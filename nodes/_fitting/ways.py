"""How the batches of a training are made, and what is called in the place of its model.

The batches are those of the file, and so are all answers to rounding. Texts are tokenized once and
come from a file of tokens; they are computed without their padding; those of a validation are
computed sorted by length, many at a time. What a training does not allow is left out, down to the
loader and the model as they are, and it is said why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from graphrun.node import notice, settings, show

from .._encoded import EncodedText
from .._torch import is_full
from ..models import TextClassifier
from . import generators, memory
from .batches import blaming, without_gradients
from .distributed import Group
from .flops import lengths_of
from .job import Job
from .packed import Packed
from .packing import TokenBatches, supports
from .precision import Precision
from .recipe import NoTokens
from .unpadded import Call, Unpadded, calling, obstacle

Batches = Iterator[Any]
"""Of [x, y], as loaders give them; x may be `Packed` for a call that takes it."""


class Way:
    """The batches of a job's loaders, and the `call` that answers them as the model does."""

    def __init__(self, job: Job, group: Group, precision: Precision) -> None:
        self._group, self._precision = group, precision
        self.model, self._device = job.model, job.device
        self.call: Call = job.model
        self._stores: dict[int, TokenBatches] = {}
        self._room = memory.for_judging(job.device)
        self._texts = type(job.model) is TextClassifier or any(map(_is_text, job.loaders))

    @classmethod
    def of(cls, job: Job, group: Group, precision: Precision) -> Way:
        """The fastest way that there is for a training; of texts, it is said which one.

        So is a precision that is not the usual one. Reports have every one, with its reason.
        """
        way, said = cls(job, group, precision), []
        show(precision=[precision.name, precision.reason])
        if way._texts:
            reasons = ["--literal asks for it"] if settings().literal else way._find(job)
            said.append(way._told(reasons))
        if precision.name != "fp32":
            said.append(f"numbers are computed in {precision.name}: {precision.reason}")
        if said:
            notice("; ".join(said), code="way_of_computing", severity="info", once=True)
        return way

    @property
    def packs(self) -> bool:
        """Whether the call takes `Packed` texts."""
        return self.call is not self.model

    def lengths(self, x: Any) -> Sequence[int] | None:
        """How many tokens each text of a batch on the host has, None if it is of something else."""
        return lengths_of(x) if self._texts else None

    def lasting(self) -> AbstractContextManager[None]:
        """What surrounds a call with its gradients, where layers are computed again for them."""
        return self.call.lasting() if isinstance(self.call, Unpadded) else nullcontext()

    def after(self, loader: DataLoader[Any], done: int) -> Batches:
        """The batches of a pass from the number `done` on.

        What the loader draws from random generators at the start of a pass is drawn now.
        """
        store = self._stores.get(id(loader))
        if store is None:
            batches = generators.begin_after(loader, done) if done else iter(loader)
            return map(_packed, batches) if self.packs else batches
        if self.packs:
            return ([texts, texts.labels] for texts in store.packed(done))
        return store.padded(done)

    def judging(
        self, loader: DataLoader[Any], ahead: Callable[[int, int], None]
    ) -> tuple[Batches, Call]:
        """The batches of a validation, and what to call with them.

        Where texts can be sorted by length, all are answered first, `ahead` hears of how many rows
        and tokens, and what is called with a batch gives it back: its x are the answers. Several
        processes have those of the rows that are theirs, and 0 in other rows.
        """
        store = self._stores.get(id(loader))
        if store is None or not self.packs:
            return self.after(loader, 0), self.call
        return self._answered(store, loader, ahead), _itself

    def _answered(
        self, store: TokenBatches, loader: Any, ahead: Callable[[int, int], None]
    ) -> Batches:
        size, world = loader.batch_size or 1, self._group.world
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        for texts in store.by_length(self._room.tokens or 1, partial(self._group.own, size=size)):
            x = texts.to(self._device)
            with blaming("val_loader", x, x.labels), without_gradients(self.model):
                found.append((self._answer(x), x.labels, x.places))
            ahead(len(x) * world, len(x.ids) * world)  # the others are about as far
        if not found:  # of fewer rows than a batch, where the last one is dropped
            return
        answers, labels, places = (torch.cat(parts) for parts in zip(*found, strict=True))
        rows, places = min(len(loader) * size, len(loader.sampler)), places.to(self._device)
        columns = [part.new_zeros(rows, *part.shape[1:]) for part in (answers, labels)]
        for column, part in zip(columns, (answers, labels), strict=True):
            column[places] = part
        yield from map(list, zip(*(column.split(size) for column in columns), strict=True))

    def _answer(self, x: Packed) -> Tensor:
        call = self._precision.around(self.call)
        while True:
            try:
                return torch.cat([call(part) for _, part in x.pieces(self._room.tokens)])
            except Exception as error:
                if not is_full(error):
                    raise
                self._room.halve(x, error)
            memory.free(self._device)

    def _find(self, job: Job) -> list[str]:
        """Take what is faster; why some of it cannot be."""
        if not self._group.first:
            self._group.barrier()  # the first one makes the files of tokens, which all then find
        stores = {id(loader): _store(loader) for loader in job.loaders}
        if self._group.first:
            self._group.barrier()
        self._stores = {key: one for key, one in stores.items() if isinstance(one, TokenBatches)}
        reasons = [one for one in stores.values() if isinstance(one, str)]
        if job.unpack:
            return [*reasons, "unpack_input parts ids and mask"]
        self.call = calling(job.model)
        return [*reasons, *filter(None, [obstacle(job.model)])]

    def _told(self, reasons: list[str]) -> str:
        """In words, how texts are computed, and why not faster. Reports have it in short."""
        if isinstance(self.call, Unpadded):
            path, message = "unpadded", "texts are computed without padding"
        elif self.packs:
            path, message = "grouped", "texts of similar length are padded together"
        else:
            path, message = "padded", "texts are padded, as the file says"
        source = "tokens" if self._stores else "loader"
        why = f": {'; '.join(dict.fromkeys(reasons))}" if reasons else ""
        show(path=[path, source])
        return f"{message}{why}"


def _is_text(loader: Any) -> bool:
    return isinstance(getattr(loader, "dataset", None), EncodedText)


def _store(loader: DataLoader[Any]) -> TokenBatches | str:
    """The batches of a loader from a file of tokens, or why there is none."""
    if why := supports(loader):
        return why
    cache = settings().cache
    try:
        found = TokenBatches(loader, cache / "tokens" if cache else None)
    except NoTokens as error:
        return str(error)
    # The loader fails with them, and says how.
    return found if found.uniform else "rows of different lengths are no batch"


def _packed(batch: Any) -> Any:
    """The batch with texts without their padding, if it is one of padded texts."""
    match batch:
        case [[Tensor() as ids, Tensor() as mask], y] if ids.dim() == 2 and ids.shape == mask.shape:
            return [Packed.of(ids, mask) or [ids, mask], y]
    return batch


def _itself(answers: Tensor) -> Tensor:
    return answers
