"""Results of this process, by identity."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Outputs = tuple[list[Any], ...]
"""Per output slot the list of values, one for each call of the node."""

Kept = tuple[list[Any] | None, ...]
"""Outputs of which some are no values, and None there: a trained model, beside its losses."""

MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Placed:
    """The path of a file that the node wrote, by its name below the run's outputs.

    It stands for the path in what is kept: every run has a folder of its own.
    """

    name: str


class Stored(NamedTuple):
    """What a node leaves for later runs.

    `ui` is what it showed, `said` its figures and notices, each as `{"metric": …}` or
    `{"notice": …}`. `files` are those that it wrote, by their names below the run's outputs: paths
    when they are put, and their bytes when they come back.
    """

    outputs: Kept
    ui: Mapping[str, list[Any]]
    said: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, Any] = {}


class Store(Protocol):
    """Where results are kept. Only results that are values come here.

    `glance` gives what the node of a result said, without its values, and is cheap; None if there
    is no such result. All are called in the run, for one node. What a store with a true attribute
    `speaks` tells `catalog.running.notice` is said to the run, as a word of that node.
    """

    def get(self, identity: str) -> Stored | None: ...
    def put(self, identity: str, stored: Stored) -> None: ...
    def glance(self, identity: str) -> tuple[Mapping[str, Any], ...] | None: ...


@dataclass(slots=True)
class _Entry:
    stored: Stored
    size: int
    marks: list[Any]


class MemoryStore:
    """Keeps the results that were used last, up to `max_bytes` of tensors, arrays and texts.

    A result that a node changed in place is no longer what it was: its entry is dropped, and the
    node runs again. Tensors, lists and dicts are recognised, NumPy arrays are not. Safe for several
    threads.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._found: OrderedDict[str, _Entry] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, identity: str) -> Stored | None:
        with self._lock:
            entry = self._found.get(identity)
            if entry is None:
                return None
            if entry.marks != _measured(entry.stored)[1]:
                self._drop(identity)
                return None
            self._found.move_to_end(identity)
            return entry.stored

    def glance(self, identity: str) -> tuple[Mapping[str, Any], ...] | None:
        with self._lock:
            entry = self._found.get(identity)
            return entry.stored.said if entry is not None else None

    def put(self, identity: str, stored: Stored) -> None:
        size, marks = _measured(stored)
        if size > self.max_bytes or stored.files:
            return
        with self._lock:
            if identity in self._found:
                self._drop(identity)
            self._found[identity] = _Entry(stored, size, marks)
            self._size += size
            while self._size > self.max_bytes:
                self._drop(next(iter(self._found)))

    def _drop(self, identity: str) -> None:
        self._size -= self._found.pop(identity).size

    def __len__(self) -> int:
        return len(self._found)


def _measured(stored: Stored) -> tuple[int, list[Any]]:
    """Bytes, about, and marks that differ once something was changed in place.

    A mark is the kind and size of a collection, a plain value itself, and of a tensor how often it
    was changed, which torch counts.
    """
    size = 0
    marks: list[Any] = []
    waiting: list[Any] = [stored]
    while waiting:
        one = waiting.pop()
        size += 16
        if isinstance(one, list | tuple):
            waiting += one
            marks.append((type(one), len(one)))
        elif isinstance(one, Mapping):
            waiting += one.values()
            marks.append(tuple(one))
        elif hasattr(one, "nbytes"):
            size += one.nbytes
            marks.append(getattr(one, "_version", None))
        else:
            size += len(one) if isinstance(one, str | bytes) else 0
            marks.append(one)
    return size, marks
