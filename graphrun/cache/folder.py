"""The folder of a disk store: where things lie, locks, unfinished files, and what was used last.

v2/action/ab/<identity>.json   what a result is made of; written last
v2/cas/ab/<digest>             tensors, arrays and tables, by what is in them (BLAKE3)
v2/tmp/<host>.<process>.<…>    what is being written
v2/lock, v2/clock

v1 was the same with SHA-256; nothing reads it any more, and `Folder.outdated` finds it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphrun.sources.processes import is_dead, own_name

try:
    import fcntl
except ImportError:  # Windows: several processes may then make each other miss a result
    fcntl = None  # type: ignore[assignment]

PATIENCE = 10.0
"""Seconds to wait for another process; it needs milliseconds, unless it was halted."""

STALE = 3600.0
"""Seconds after which an unfinished file is nobody's, whatever its process does."""

_NAME = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"[A-Za-z0-9-]{1,64}\.[0-9]+\.[0-9a-f]{16}")

Signature = tuple[int, int, int]


class Folder:
    """The paths of a store, and the few things that are done to them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "v2"
        self.temporary = self.root / "tmp"
        self._clock = self.root / "clock"

    def action(self, identity: str) -> Path:
        """Identities are digests; any other text gets one, so that it can be no path."""
        if not _NAME.fullmatch(identity):
            identity = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        return self.root / "action" / identity[:2] / f"{identity}.json"

    def blob(self, digest: str) -> Path:
        if not _NAME.fullmatch(digest):
            raise ValueError(f"{digest!r} is no digest")
        return self.root / "cas" / digest[:2] / digest

    def actions(self) -> list[Path]:
        return _actions(self.root)

    def blobs(self) -> list[Path]:
        return _blobs(self.root)

    def outdated(self) -> list[Path]:
        """The files of the layout before this one."""
        old = self.path / "v1"
        single = [path for path in (old / "lock", old / "clock") if path.is_file()]
        return [*_actions(old), *_blobs(old), *_unfinished(old / "tmp"), *single]

    def make(self, path: Path) -> None:
        """Make a folder of the store. Nobody but the owner enters the outermost."""
        if not path.is_dir():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A name for a file that is to be moved to its place, and is gone if it was not."""
        self.make(self.temporary)
        path = self.temporary / own_name()
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove unfinished files of processes that are no more, or are old. The bytes of them."""
        freed = 0
        for path in _unfinished(self.temporary):
            with suppress(OSError):
                found = path.stat()
                if is_dead(path.name) or abs(time.time() - found.st_mtime) > STALE:
                    path.unlink()
                    freed += found.st_size
        return freed

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Alone among all processes and threads: what moves or removes files of the store.

        Gives the descriptor of the lock's file, which holds the bytes of the store. The system
        takes the lock back from a process that ends, however it ends.

        Raises:
            OSError: the folder cannot be written, or a halted process has the lock.
        """
        self.make(self.root)
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(lock)
            try:
                yield lock
            finally:
                _give(lock)
        finally:
            os.close(lock)

    def touch(self, path: Path) -> None:
        """Mark a result as the one used last.

        The store's own time never goes back, also if the system's does: it is the time of a file,
        and the next is later than that.
        """
        with suppress(OSError):
            now = max(time.time_ns(), self.time() + 1000)
            try:
                os.utime(self._clock, ns=(now, now))
            except FileNotFoundError:
                os.close(os.open(self._clock, os.O_WRONLY | os.O_CREAT, 0o600))
                os.utime(self._clock, ns=(now, now))
            os.utime(path, ns=(now, now))

    def time(self) -> int:
        """The store's time, of the last use, in nanoseconds."""
        try:
            return self._clock.stat().st_mtime_ns
        except OSError:
            return 0


def told(found: os.stat_result) -> Signature:
    """What is another as soon as a file was replaced or written to."""
    return found.st_ino, found.st_size, found.st_mtime_ns


def signature(path: Path) -> Signature | None:
    """What a path leads to is told by; None without a file."""
    try:
        return told(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def size_of(path: Path) -> int:
    found = signature(path)
    return found[1] if found else 0


def _actions(root: Path) -> list[Path]:
    found = (root / "action").glob("??/*.json")
    return [path for path in found if _NAME.fullmatch(path.stem)]


def _blobs(root: Path) -> list[Path]:
    return [path for path in (root / "cas").glob("??/*") if _NAME.fullmatch(path.name)]


def _unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if _UNFINISHED.fullmatch(path.name)]


def _take(lock: int) -> None:
    if fcntl is None:
        return
    end = time.monotonic() + PATIENCE
    pause = 0.0005
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError("another process has had the store's lock for long") from None
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        else:
            return


def _give(lock: int) -> None:
    """Closing is not enough: a process that was forked meanwhile has the file open too."""
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_UN)
