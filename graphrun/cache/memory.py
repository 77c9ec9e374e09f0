"""Results of this process, by identity."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Outputs = tuple[list[Any], ...]
"""Per output slot the list of values, one for each call of the node."""

Stored = tuple[Outputs, Mapping[str, list[Any]]]
"""Outputs and what the node showed."""

MAX_BYTES = 1 << 30


class Store(Protocol):
    """Where results are kept. Only results that are values come here."""

    def get(self, identity: str) -> Stored | None: ...
    def put(self, identity: str, stored: Stored) -> None: ...


@dataclass(slots=True)
class _Entry:
    stored: Stored
    size: int
    versions: tuple[int, ...]


class MemoryStore:
    """Keeps the results that were used last, up to `max_bytes` of tensors, arrays and texts.

    A tensor that a node changed in place is no longer the result that it was: its entry is
    dropped, and the node runs again. Safe for several threads.
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
            if entry.versions and entry.versions != _measured(entry.stored)[1]:
                self._drop(identity)
                return None
            self._found.move_to_end(identity)
            return entry.stored

    def put(self, identity: str, stored: Stored) -> None:
        size, versions = _measured(stored)
        if size > self.max_bytes:
            return
        with self._lock:
            if identity in self._found:
                self._drop(identity)
            self._found[identity] = _Entry(stored, size, versions)
            self._size += size
            while self._size > self.max_bytes:
                self._drop(next(iter(self._found)))

    def _drop(self, identity: str) -> None:
        self._size -= self._found.pop(identity).size

    def __len__(self) -> int:
        return len(self._found)


def _measured(stored: Stored) -> tuple[int, tuple[int, ...]]:
    """Bytes, about, and how often each tensor was changed in place, which torch counts."""
    size, versions = 0, []
    waiting: list[Any] = [stored]
    while waiting:
        one = waiting.pop()
        size += 16
        if isinstance(one, str | bytes):
            size += len(one)
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif hasattr(one, "nbytes"):
            size += one.nbytes
            if hasattr(one, "_version"):
                versions.append(one._version)
    return size, tuple(versions)
