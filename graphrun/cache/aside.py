"""Stores for a process that takes part in the run of another one: they give, and keep nothing.

What is served has to be served in all processes of a run, or some would wait for others that do
not compute. So they read the same folder, and one of them writes to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrun.cache.checkpoints import Checkpoint, Checkpoints
from graphrun.cache.memory import Store, Stored


class StoreAside:
    """What another store gives."""

    speaks = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, identity: str) -> Stored | None:
        return self._store.get(identity)

    def glance(self, identity: str) -> tuple[Mapping[str, Any], ...] | None:
        return self._store.glance(identity)

    def put(self, identity: str, stored: Stored) -> None:
        """Nothing: the first process keeps the same result."""


class CheckpointsAside(Checkpoints):
    """The trainings of a folder, for processes that train what another one keeps."""

    def at(self, key: str, about: Mapping[str, Any] | None = None) -> Checkpoint:
        folder = super().at(key, about).folder
        return CheckpointAside(folder, self.keep, self.every, about, fresh=self.fresh)


class CheckpointAside(Checkpoint):
    """The states of a training that another process has taken. It is never time to save.

    Reads what is there after the first process has taken it: `nodes/_fitting/distributed.py` has
    the words for that.
    """

    def take(self) -> None:
        """Nothing: the first process holds the training for all."""

    def clear(self) -> None:
        """Read none of the states any more; the first process removes them."""
        self._newest, self._fresh = None, True
