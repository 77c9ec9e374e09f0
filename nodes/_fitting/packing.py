"""Batches out of a token store, in the order of a loader and without a step a row.

`TokenBatches` draws rows just as the loader would: the loader's own samplers are asked, and what
else a loader takes from the random generators is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    default_collate,
)

from .._encoded import EncodedText
from .packed import Packed
from .recipe import NoTokens, why_not
from .tokens import Tokens, tokens


def pack(store: Tokens, rows: Tensor, places: Tensor | None = None) -> Packed:
    """Rows (B,) of a store; `places` are 0 to B - 1 unless they are given."""
    file, wanted = store.file, rows.numpy()
    starts, ends = file.ends[wanted], file.ends[wanted + 1]
    lengths = ends - starts
    longest, shortest = int(lengths.max()), int(lengths.min())
    width = max(longest, store.width)
    # Whole rows are copied at once, which is faster than an index of all ids.
    parts = [file.ids[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return Packed(
        torch.from_numpy(np.concatenate(parts, dtype=np.int64)),
        tuple(lengths.tolist()),
        torch.from_numpy(file.labels[wanted]),
        rows,
        torch.arange(len(rows)) if places is None else places,
        width if width == max(shortest, store.width) else 0,
        store.pad,
    )


def pad(packed: Packed) -> list[Any]:
    """The batch [[ids, mask], labels] that rows of one width collate to: int64 (B, width) twice."""
    mask = np.arange(packed.width) < np.array(packed.lengths)[:, None]
    ids = np.full(mask.shape, packed.pad, np.int64)
    ids[mask] = packed.ids.numpy()
    return [[torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))], packed.labels]


def length_groups(lengths: Tensor, budget: int) -> list[Tensor]:
    """Batches of rows of about one length, longest first: the places of rows in `lengths` (N,).

    A batch padded to its longest row has at most `budget` ids, or one row.
    """
    order = torch.argsort(lengths, descending=True, stable=True)
    batches, start = [], 0
    while start < len(order):
        count = max(budget // max(int(lengths[order[start]]), 1), 1)
        batches.append(order[start : start + count])
        start += count
    return batches


def supports(loader: Any) -> str | None:
    """Why the batches of a loader cannot come from a store, None if they may.

    `TokenBatches` may still find a reason, as it looks at the texts.
    """
    if type(loader) is not DataLoader:
        return f"the loader is a {type(loader).__name__}"
    if type(loader.dataset) is not EncodedText:
        return f"the data set is a {type(loader.dataset).__name__}"
    if loader.collate_fn is not default_collate:
        return "the loader puts rows together in a way of its own"
    sampler, groups = loader.sampler, loader.batch_sampler
    if type(groups) is not BatchSampler or groups.sampler is not sampler:
        return "the loader groups rows in a way of its own"
    if type(sampler) not in (RandomSampler, SequentialSampler):
        return f"the order of the rows is that of a {type(sampler).__name__}"
    if getattr(sampler, "data_source", None) is not loader.dataset:
        return "the order of the rows is that of another data set"
    return why_not(loader.dataset)


class TokenBatches:
    """The batches of a loader over `EncodedText`, from a token store.

    Every call of `packed`, `padded` or `by_length` is an epoch: it takes from torch's generators
    what iterating the loader takes, at the time that it does, so that both give the same rows in
    the same order and leave the same state. Workers of the loader are not started, as there is
    nothing to do for them.

    `folder` keeps the token file; without one it goes with the process.

    Raises:
        NoTokens: the loader has to be iterated itself; says why.
        Cancelled: the run was asked to stop.
    """

    def __init__(self, loader: DataLoader[Any], folder: Path | None = None) -> None:
        if reason := supports(loader):
            raise NoTokens(reason)
        self._loader, self._dataset = loader, loader.dataset
        self.store = tokens(loader.dataset, folder)  # type: ignore[arg-type]
        self._lasting = False

    def __len__(self) -> int:
        return len(self._loader)

    @property
    def uniform(self) -> bool:
        """Whether the loader gives all its batches; rows of many lengths do not collate."""
        return self._loader.batch_size == 1 or self.store.uniform

    def packed(self, start: int = 0) -> Iterator[Packed]:
        """The batches from number `start` on, without padding.

        Those before it cost nothing but the drawing of the order, which is done at once.
        """
        return (self._pinned(pack(self.store, rows)) for rows in self._rows(start))

    def padded(self, start: int = 0) -> Iterator[list[Any]]:
        """The batches from number `start` on, to the last bit as the loader gives them.

        Raises:
            RuntimeError: the rows of a batch differ in length, in the words of the collation.
        """
        return (self._padded(rows) for rows in self._rows(start))

    def by_length(
        self, budget: int, own: Callable[[int], Tensor] = torch.arange
    ) -> Iterator[Packed]:
        """The rows of an epoch in batches of rows of about one length, longest first.

        A batch padded to its longest row has at most `budget` ids, or one row. With `places`,
        `answers[batch.places] = ...` brings answers into the order of the loader. `own` gives the
        places, of so many rows, that are wanted.
        """
        rows = torch.cat([*self._rows(), torch.zeros(0, dtype=torch.int64)])
        return self._sorted(rows, own(len(rows)), budget)

    def _sorted(self, rows: Tensor, own: Tensor, budget: int) -> Iterator[Packed]:
        lengths = torch.from_numpy(self.store.file.lengths(rows[own].numpy()))
        # Texts without a token are computed with their padding.
        lengths = lengths.where(lengths > 0, self.store.width)
        for group in length_groups(lengths, budget):
            places = own[group]
            yield self._pinned(pack(self.store, rows[places], places))

    def _rows(self, start: int = 0) -> Iterator[Tensor]:
        """The rows of every batch. What is drawn at once is what `iter(loader)` draws at once."""
        loader = self._loader
        groups = iter(loader.batch_sampler)  # type: ignore[arg-type]
        lasting = bool(loader.persistent_workers and loader.num_workers)
        if not (lasting and (self._lasting or loader._iterator is not None)):
            # The seed of workers, which a loader draws without any too, and once if they stay.
            torch.empty((), dtype=torch.int64).random_(generator=loader.generator)
        self._lasting = lasting
        ahead = list(islice(groups, loader.num_workers * (loader.prefetch_factor or 0)))
        rest = chain(ahead, groups)
        for _ in range(start):
            next(rest, None)
        return (torch.tensor(rows, dtype=torch.int64) for rows in rest)

    def _padded(self, rows: Tensor) -> list[Any]:
        packed = pack(self.store, rows)
        if packed.width == 0:
            # Rows without ids, or that do not collate: let that be said in the same words.
            return default_collate([self._dataset[row] for row in rows.tolist()])  # type: ignore[no-any-return]
        (ids, mask), labels = pad(packed)
        if self._pins:
            return [[ids.pin_memory(), mask.pin_memory()], labels.pin_memory()]
        return [[ids, mask], labels]

    def _pinned(self, packed: Packed) -> Packed:
        return packed.pinned() if self._pins else packed

    @property
    def _pins(self) -> bool:
        return self._loader.pin_memory and torch.cuda.is_available()
