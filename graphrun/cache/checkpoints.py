"""Trainings that can go on where they were left: a folder for each, with its newest states.

v1/<key>/lock                                 held by the run that trains it
v1/<key>/about.json                           what it is, for lists
v1/<key>/<number>.<epoch>.<step>[.finished]/  a state: `manifest`, and the files that it names
v1/<key>/tmp.<random>/                        what is being written, or removed

A state is moved to its name when all of it is on the disk. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.cache.holding import Holding
from graphrun.cache.states import Spoiled, begin, read, remove, sweep, sync, write
from graphrun.cache.trainings import Place, Training, listed
from graphrun.catalog.running import notice

KEEP = 2
EVERY = 300.0
SHARE = 20
"""What saving takes may be one part in so many of what training takes, where nothing is due."""

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Saved:
    """A state that was kept: `epoch` epochs and `step` steps of the next were done."""

    epoch: int
    step: int
    finished: bool
    state: Any
    path: Path


class Checkpoints:
    """A folder of trainings. Any number of processes may share it.

    Of each training the `keep` newest states stay. Where a training is asked (`Checkpoint.due`), it
    saves its state every so many seconds. With `fresh`, what is kept of a training is removed
    before it begins.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        keep: int = KEEP,
        every: float = EVERY,
        *,
        fresh: bool = False,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.keep, self.every, self.fresh = max(1, keep), every, fresh
        self._root = self.path / "v1"

    def at(self, key: str, about: Mapping[str, Any] | None = None) -> Checkpoint:
        """The states of one training. `about` says what it is, as class_type and title."""
        if not _KEY.fullmatch(key):
            key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return Checkpoint(self._root / key, self.keep, self.every, about or {}, fresh=self.fresh)

    def look(self, key: str, until: int | None = None) -> Training | None:
        """What is kept of one training, as far as `Checkpoint.newest` would give it.

        Reads no state, and takes nothing.
        """
        return listed(self._root / key, until) if _KEY.fullmatch(key) else None

    def listing(self) -> list[Training]:
        """Every training that has a state, the one that was used last first."""
        found = [one for path in self._folders() if (one := listed(path)) is not None]
        return sorted(found, key=lambda one: -one.when)

    def remove(self, key: str) -> bool:
        """Remove what is kept of a training; False if a run holds it, or there is nothing.

        Raises:
            OSError: the folder cannot be written.
        """
        folder = self._root / key
        if not _KEY.fullmatch(key) or not folder.is_dir():
            return False
        holding = Holding(folder / "lock")
        if not holding.try_to_take():
            return False
        try:
            for path in folder.iterdir():
                if path != holding.path:
                    remove(path)
            # The lock's file goes while it is held: who waits for it looks whether it is there.
            holding.path.unlink()
            folder.rmdir()
        finally:
            holding.release()
        return True

    def gc(self, max_bytes: int) -> int:
        """Remove the trainings used longest ago until `max_bytes` are left; the bytes removed.

        Those that a run holds stay.

        Raises:
            OSError: the folder cannot be written.
        """
        kept = self.listing()
        total, freed = sum(one.bytes for one in kept), 0
        for one in reversed(kept):
            if total - freed <= max_bytes:
                break
            if self.remove(one.key):
                freed += one.bytes
        return freed

    def _folders(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from (path for path in self._root.iterdir() if _KEY.fullmatch(path.name))


class Checkpoint:
    """The states of one training. Only who has taken it reads and writes them.

    What cannot be read or written raises nothing: the training starts at its beginning, or goes on
    without being kept, and the run has a notice.
    """

    def __init__(
        self,
        folder: Path,
        keep: int,
        every: float,
        about: Mapping[str, Any] | None = None,
        *,
        fresh: bool = False,
    ) -> None:
        self.folder, self._fresh = folder, fresh
        self._keep, self._every, self._about = keep, every, dict(about or {})
        self._holding = Holding(folder / "lock")
        self._newest: Saved | None = None
        self._saved, self._cost = time.monotonic(), 0.0

    def take(self) -> None:
        """Keep others from training the same; waits for a run that does.

        Raises:
            Cancelled: the run was asked to stop while it waited.
        """

        def waiting(who: str) -> None:
            message = f"another run, {who}, trains the same: waiting for it"
            notice(message, code="training_elsewhere", severity="info")

        try:
            self._holding.take(waiting)
            sweep(self.folder)
            if self._fresh:
                self.clear()
        except OSError as error:
            self._complain(error)
        self._saved, self._cost = time.monotonic(), 0.0

    def release(self) -> None:
        """Let others train the same. What was read is forgotten here, and stays where it is."""
        self._newest = None
        self._holding.release()

    def newest(self, until: int | None = None) -> Saved | None:
        """The latest whole state, of those after at most `until` epochs.

        A state that is not what was written is removed, and the one before it is given. A state
        that was given once is not read again.
        """
        for place in self._places():
            if until is not None and (place.epoch, place.step) > (until, 0):
                continue
            if self._newest is not None and self._newest.path == place.path:
                return self._newest
            try:
                state = read(place.path, self.folder.name)
            except Spoiled as error:
                remove(place.path)
                message = f"a kept state of the training was damaged and is dropped: {error}"
                notice(message, code="checkpoint_damaged")
            except FileNotFoundError:
                continue  # another run has removed it
            except (OSError, ImportError, MemoryError) as error:
                message = f"a kept state of the training cannot be read: {error}"
                notice(message, code="checkpoint_failed")
            else:
                found = place.epoch, place.step, place.finished, state, place.path
                self._newest = Saved(*found)
                return self._newest
        return self._newest

    @property
    def beyond(self) -> int | None:
        """The epochs that were done in the earliest state; None without any."""
        return min((place.epoch for place in Place.among(self.folder)), default=None)

    @property
    def due(self) -> bool:
        """Whether it is time to save a state, wherever the training is."""
        return self._holding.held and time.monotonic() - self._saved >= self._every

    @property
    def cheap(self) -> bool:
        """Whether saving a state costs little, measured by the time since the last one."""
        passed = time.monotonic() - self._saved
        return self._holding.held and passed >= min(self._every, self._cost * SHARE)

    def save(self, epoch: int, step: int, state: Any, *, finished: bool = False) -> bool:
        """Keep a state, which is whatever `codecs` knows; whether it is kept.

        `finished` says that this is where the training was to end. Only the newest states stay.
        """
        if not self._holding.held:
            return False
        start = time.monotonic()
        try:
            self._write(epoch, step, state, finished)
        except Exception as error:  # keeping a training must not cost it
            self._complain(error)
        else:
            return True
        finally:
            self._saved = time.monotonic()
            self._cost = self._saved - start
        return False

    def _places(self) -> list[Place]:
        """The states to go on from, the latest first; none while it is yet to begin anew."""
        return [] if self._fresh else sorted(Place.among(self.folder), reverse=True)

    def clear(self) -> None:
        """Remove every state."""
        self._newest, self._fresh = None, False
        for place in Place.among(self.folder):
            remove(place.path)

    def _write(self, epoch: int, step: int, state: Any, finished: bool) -> None:
        places = sorted(Place.among(self.folder), key=lambda place: place.number)
        number = places[-1].number + 1 if places else 1
        name = f"{number:08}.{epoch}.{step}" + (".finished" if finished else "")
        if not places:
            (self.folder / "about.json").write_text(json.dumps(self._about), "utf-8")
        made = begin(self.folder)
        try:
            write(made, self.folder.name, state)
            made.rename(self.folder / name)
            sync(self.folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        for place in places[: max(0, len(places) + 1 - self._keep)]:
            remove(place.path)

    def _complain(self, why: Exception) -> None:
        words = getattr(why, "strerror", None) or why
        message = f"the training cannot be kept in {self.folder.parent.parent}: {words}"
        notice(message, code="checkpoint_failed", once=True)
