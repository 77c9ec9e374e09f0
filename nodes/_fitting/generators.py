"""The states of random generators, and passes over loaders that go on where they were left."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
)

States = dict[str, Any]


def states(own: Sequence[torch.Generator], device: torch.device) -> States:
    """The states of Python's, NumPy's and torch's generators, and of `own` ones."""
    version, words, gauss = random.getstate()
    name, keys, *rest = np.random.get_state(legacy=True)
    # Words as tensors, which are written faster than a list of numbers is.
    found: States = {
        "python": (version, torch.tensor(words), gauss),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "own": [generator.get_state() for generator in own],
    }
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state_all()
    elif device.type == "mps":
        found["mps"] = torch.mps.get_rng_state()
    return found


def restore(found: States, own: Sequence[torch.Generator], device: torch.device) -> None:
    """Put states back; those of devices only where there are such devices."""
    version, words, gauss = found["python"]
    random.setstate((version, tuple(words.tolist()), gauss))
    name, keys, *rest = found["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    # Copies: what was read from a file is not writable memory of torch's own.
    torch.set_rng_state(found["torch"].clone())
    for generator, state in zip(own, found["own"], strict=False):
        generator.set_state(state.clone())
    if device.type == "cuda" and len(found.get("cuda", ())) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([state.clone() for state in found["cuda"]])
    elif device.type == "mps" and "mps" in found:
        torch.mps.set_rng_state(found["mps"].clone())


def of_loaders(loaders: Sequence[Any]) -> list[torch.Generator]:
    """The generators that loaders were given, each once."""
    found: dict[int, torch.Generator] = {}
    for loader in loaders:
        for one in (loader, getattr(loader, "sampler", None)):
            generator = getattr(one, "generator", None)
            if generator is not None:
                found[id(generator)] = generator
    return list(found.values())


def is_divisible(loader: Any) -> bool:
    """Whether the rest of a pass is known to be the same without the batches before it.

    That is so if nothing is drawn for the order but at the start, and rows have numbers.
    """
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset):
        return False
    if type(loader.batch_sampler) not in (BatchSampler, type(None)) or not loader.in_order:
        return False
    sampler: Any = loader.sampler
    if type(sampler) is RandomSampler:
        once = not sampler.replacement and sampler.num_samples <= len(sampler.data_source)
        return sampler.generator is None or once
    return type(sampler) is SequentialSampler


def begin_after(loader: DataLoader[Any], done: int) -> Iterator[Any]:
    """The batches of a pass after those that are done; generators are as at the pass' start.

    Rows of the batches that are done are not read, unless workers read them: the numbers that a
    worker draws depend on all that it drew before.
    """
    if loader.num_workers or loader.batch_sampler is None:
        batches = iter(loader)
        for _ in range(done):
            next(batches)
        return batches
    order = _Order(loader.batch_sampler)
    rest: DataLoader[Any] = DataLoader(
        loader.dataset,
        batch_sampler=order,  # type: ignore[arg-type]
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        generator=loader.generator,
    )
    # A loader draws a number for itself before its order draws one.
    batches = iter(rest)
    for _ in range(done):
        next(order)
    return batches


class _Order:
    """A batch sampler that can be advanced from outside."""

    def __init__(self, sampler: Any) -> None:
        self._sampler = sampler

    def __iter__(self) -> Iterator[list[int]]:
        self._numbers = iter(self._sampler)
        return self

    def __next__(self) -> list[int]:
        return next(self._numbers)

    def __len__(self) -> int:
        return len(self._sampler)
