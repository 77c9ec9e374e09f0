"""Digests of files, remembered over processes as long as the files stay the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path

SETTLED = 2.0
"""Seconds after its last change before a digest is written down: clocks of file systems are
coarse, and a file may be written to again in the same moment."""

MOST_BYTES = 4 << 20
"""The size of the book at which it is begun anew."""

_HEX = re.compile(r"[0-9a-f]{64}")

_Key = tuple[int, int, int, int]


class Digests:
    """sha256 of files, by their size, inode, and both times of change: one can be set by anybody.

    With a `book`, a file of JSON lines, digests are there for later processes too. Any number of
    processes may add to it; a line that is not whole is passed over.
    """

    def __init__(self, book: Path | None = None) -> None:
        self._book = book
        self._known: dict[str, tuple[_Key, str]] | None = None if book else {}

    def of(self, path: Path, state: os.stat_result | None = None) -> str:
        """The digest of a file.

        Raises:
            OSError: the file cannot be read.
        """
        state = state or path.stat()
        name = str(path.absolute())
        key = state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino
        known = self._read()
        if name in known and known[name][0] == key:
            return known[name][1]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if time.time() - max(state.st_mtime, state.st_ctime) > SETTLED:
            known[name] = key, digest
            self._add(name, key, digest)
        return digest

    def _read(self) -> dict[str, tuple[_Key, str]]:
        if self._known is None:
            self._known = {}
            with suppress(OSError):
                assert self._book is not None
                for line in self._book.read_bytes().splitlines():
                    with suppress(ValueError, TypeError, RecursionError):
                        name, *key, digest = json.loads(line)
                        size, changed, moved, inode = map(int, key)
                        if _HEX.fullmatch(digest):
                            self._known[name] = (size, changed, moved, inode), digest
        return self._known

    def _add(self, name: str, key: _Key, digest: str) -> None:
        """One line more. A book that cannot be written to only costs time."""
        if self._book is None:
            return
        line = json.dumps([name, *key, digest]) + "\n"
        with suppress(OSError):
            self._book.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._book.is_file() and self._book.stat().st_size > MOST_BYTES:
                self._book.unlink()
            with self._book.open("ab", buffering=0) as file:
                file.write(line.encode())
