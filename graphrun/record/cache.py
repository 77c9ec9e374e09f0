"""The cache: what runs keep for later ones, in one folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.cache import Checkpoints, DiskStore, Store, Stored
from graphrun.cache.aside import CheckpointsAside, StoreAside
from graphrun.cache.disk import MAX_BYTES
from graphrun.cache.place import RESULTS, TRAININGS, default_folder
from graphrun.plan import Plan
from graphrun.record.history import History
from graphrun.sources.digests import Digests


@dataclass(frozen=True)
class Cache:
    """Results, trainings, digests of files that were read, and the last run of each file.

    A `fresh` one is written to, and nothing of before is taken from it, but for what nodes keep in
    its `folder` by the content that it was made of.
    """

    folder: Path
    store: Store
    checkpoints: Checkpoints
    digests: Digests
    history: History
    fresh: bool = False

    @classmethod
    def at(
        cls,
        folder: Path | str | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        every: float | None = None,
        fresh: bool = False,
    ) -> Cache:
        """A cache in a folder, without one that of the system; made when it is first written to.

        Args:
            max_bytes: of results; those used longest ago go first.
            every: seconds of a training between two checkpoints within an epoch.
            fresh: begin anew, whatever there is.
        """
        place = Path(folder).expanduser().absolute() if folder is not None else default_folder()
        store: Store = DiskStore(place / RESULTS, max_bytes)
        checkpoints = Checkpoints(place / TRAININGS, fresh=fresh)
        if every is not None:
            checkpoints.every = every
        return cls(
            place,
            Unread(store) if fresh else store,
            checkpoints,
            Digests(place / "digests.jsonl"),
            History(place / "history"),
            fresh,
        )

    @classmethod
    def aside(cls, folder: Path | str | None = None, *, fresh: bool = False) -> Cache:
        """The cache of another process that does the same run and writes to it; see `at`."""
        found = cls.at(folder, fresh=fresh)
        place = found.checkpoints.path
        return cls(
            found.folder,
            StoreAside(found.store),
            CheckpointsAside(place, fresh=fresh),
            Digests(),
            Unwritten(found.history.folder),
        )


class Unwritten(History):
    """The last runs, and not this one."""

    def write(self, plan: Plan, done: Collection[str]) -> None:
        """Nothing: the first process writes the same."""


class Unread:
    """A store that takes results and gives none."""

    speaks = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, identity: str) -> Stored | None:
        return None

    def glance(self, identity: str) -> tuple[Mapping[str, Any], ...] | None:
        return None

    def put(self, identity: str, stored: Stored) -> None:
        self._store.put(identity, stored)
