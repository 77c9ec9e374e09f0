"""Token ids of many texts in one file, which is mapped into memory.

header   4096 bytes  JSON, filled up with blanks; written last
ends     int64       (rows + 1,), from 0: the ids of row i are those from ends[i] to ends[i + 1]
labels   int64       (rows,)
ids      uint16/32   (tokens,)

All numbers are little-endian. A file gets its name when it is whole, so that any number of
processes may write and read the same; the digest in the header tells of damage later on.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from graphrun.sources.processes import is_dead, own_name

HEADER = 4096
SUFFIX = ".tokens"
STALE = 24 * 3600.0
"""Seconds without a write after which an unfinished file of another machine is nobody's."""


class Damaged(Exception):
    """A file that is not what was written."""


@dataclass(frozen=True, eq=False)
class TokenFile:
    """A mapped file: `ids` (tokens,), `ends` (rows + 1,) and `labels` (rows,), all read-only.

    `shortest` and `longest` are the ends of the range of lengths, in ids.
    """

    path: Path
    ids: np.ndarray
    ends: np.ndarray
    labels: np.ndarray
    shortest: int
    longest: int

    def __len__(self) -> int:
        return len(self.labels)

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        """How many ids rows (n,) have, int64 (n,)."""
        given: np.ndarray = self.ends[rows + 1] - self.ends[rows]
        return given


class Writer:
    """Writes a file chunk by chunk; what it keeps in memory does not grow with the rows."""

    def __init__(self, path: Path, rows: int, kind: str) -> None:
        self._file = path.open("x+b")
        self._rows, self._kind = rows, np.dtype(kind)
        self._done = self._tokens = self._longest = 0
        self._shortest: int | None = None
        self._put(HEADER, np.zeros(1, "<i8"))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, counts: np.ndarray, ids: np.ndarray, labels: np.ndarray) -> None:
        """The next rows: how many ids each has (n,), the ids one after the other, labels (n,)."""
        ends = HEADER + 8 * (self._done + 1)
        self._put(ends, np.asarray(self._tokens + np.cumsum(counts), "<i8"))
        self._put(_labels_at(self._rows) + 8 * self._done, np.asarray(labels, "<i8"))
        place = _ids_at(self._rows) + self._tokens * self._kind.itemsize
        self._put(place, np.asarray(ids, self._kind))
        self._done += len(counts)
        self._tokens += len(ids)
        self._longest = max(self._longest, int(counts.max()))
        least = int(counts.min())
        self._shortest = least if self._shortest is None else min(self._shortest, least)

    def finish(self, key: str) -> None:
        """Write the header: the file is whole, and on the disk."""
        if self._done != self._rows:
            raise ValueError(f"{self._done} rows were written, not {self._rows}")
        self._file.flush()
        self._file.seek(HEADER)
        header = {
            "key": key,
            "rows": self._rows,
            "tokens": self._tokens,
            "kind": self._kind.str,
            "shortest": self._shortest or 0,
            "longest": self._longest,
            "digest": hashlib.file_digest(self._file, "sha256").hexdigest(),
        }
        text = json.dumps(header).encode()
        self._file.seek(0)
        self._file.write(text.ljust(HEADER))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _put(self, place: int, values: np.ndarray) -> None:
        self._file.seek(place)
        self._file.write(values.data)


def mapped(path: Path, key: str) -> TokenFile:
    """The file of a key. Its bytes are compared with their digest once in a process.

    Raises:
        FileNotFoundError: there is none.
        Damaged: it is not whole, its bytes have changed, or it belongs to another key.
    """
    with path.open("rb") as file:
        header = _header(file.read(HEADER))
        try:
            kind, rows, tokens = np.dtype(header["kind"]), header["rows"], header["tokens"]
            size = _ids_at(rows) + tokens * kind.itemsize
            digest, lengths = header["digest"], (header["shortest"], header["longest"])
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"its header is of another form ({error})") from None
        if header.get("key") != key:
            raise Damaged("it belongs to other texts")
        state = os.fstat(file.fileno())
        if state.st_size != size:
            raise Damaged(f"it has {state.st_size} bytes instead of {size}")
        if _digest(str(path), state.st_ino, state.st_size, state.st_mtime_ns) != digest:
            raise Damaged("its bytes have changed")
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return TokenFile(
        path,
        np.frombuffer(view, kind, tokens, _ids_at(rows)) if tokens else np.zeros(0, kind),
        np.frombuffer(view, "<i8", rows + 1, HEADER),
        np.frombuffer(view, "<i8", rows, _labels_at(rows)),
        *lengths,
    )


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError:
        raise Damaged("it has no header") from None
    if not isinstance(header, dict):
        raise Damaged("it has no header")
    return header


@lru_cache(maxsize=1024)
def _digest(path: str, *_: int) -> str:
    with Path(path).open("rb") as file:
        file.seek(HEADER)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _labels_at(rows: int) -> int:
    return HEADER + 8 * (rows + 1)


def _ids_at(rows: int) -> int:
    return _labels_at(rows) + 8 * rows


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A name for a file that is to be moved to its place, and is gone if it was not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    path = folder / f"{own_name()}.tmp"
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove unfinished files of processes that are no more, or that nobody has written to."""
    for path in folder.glob("*.tmp"):
        with suppress(OSError):
            if is_dead(path.name) or time.time() - path.stat().st_mtime > STALE:
                path.unlink()


@cache
def temporary() -> Path:
    """A folder of this process, which is removed when it ends."""
    folder, owner = Path(tempfile.mkdtemp(prefix="graphrun-tokens-")), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # forked processes have this function too
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
