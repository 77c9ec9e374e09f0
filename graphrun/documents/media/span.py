"""A stretch of a file that is read from left to right, and never beyond its end."""

from __future__ import annotations

import io
import os
import zlib
from typing import BinaryIO, Literal

LIMIT = 64 << 20
"""Bytes of one text, packed or not. The largest workflows have a few; more is a broken length."""


class BrokenMedia(Exception):
    """The file is not what its kind demands. `cut` if it ends before something it announces."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class Span:
    """Bytes `at` to `end` of a seekable file of `size` bytes (None: something that was unpacked).

    A declared length is compared with what is there before anything is read or skipped, so a
    wrong one costs nothing. `what` in the methods is how messages call the thing being read.
    """

    def __init__(self, file: BinaryIO, at: int, end: int, size: int | None) -> None:
        self._file, self.at, self.end, self._size = file, at, end, size
        self.faults: list[str] = []  # what is damaged, and could be passed over

    @classmethod
    def of(cls, file: BinaryIO | bytes) -> Span:
        """All of a file, or of data that was taken from one."""
        if isinstance(file, bytes):
            return cls(io.BytesIO(file), 0, len(file), None)
        size = file.seek(0, os.SEEK_END)
        return cls(file, 0, size, size)

    def elsewhere(self, at: int, end: int | None = None) -> Span:
        """Another stretch of the same file; up to its own end without `end`."""
        end = self.end if end is None else end
        if not 0 <= at <= end:
            raise BrokenMedia(f"an offset leads to byte {at}, outside of bytes 0 to {end}")
        return Span(self._file, at, end, self._size)

    @property
    def left(self) -> int:
        return self.end - self.at

    def part(self, count: int, what: str) -> Span:
        """The next `count` bytes as a span of their own; this one goes on behind them."""
        self._announce(count, what)
        part = Span(self._file, self.at, self.at + count, self._size)
        self.at = part.end
        return part

    def skip(self, count: int, what: str) -> None:
        self._announce(count, what)
        self.at += count

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes.

        Raises:
            BrokenMedia: they are not all there, or more than `LIMIT`.
        """
        self._announce(count, what)
        if count > LIMIT:
            raise BrokenMedia(f"{what} at byte {self.at} has {count:,} bytes, too many for a text")
        self._file.seek(self.at)
        data = self._file.read(count)
        if len(data) < count:
            raise BrokenMedia(f"{what} at byte {self.at} cannot be read to its end", cut=True)
        self.at += count
        return data

    def number(self, count: int, what: str, order: Literal["big", "little"] = "big") -> int:
        return int.from_bytes(self.take(count, what), order)

    def rest(self, what: str) -> bytes:
        return self.take(self.left, what)

    def _announce(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            cut = self._size is not None and self.at + count > self._size
            raise BrokenMedia(
                f"{what} needs {count:,} bytes from byte {self.at} on, but {self.left:,} are left",
                cut=cut,
            )


class Budget:
    """Counts what is taken as text, since many entries may name the same bytes."""

    def __init__(self) -> None:
        self._left = LIMIT

    def spend(self, count: int) -> None:
        """Raises BrokenMedia once it is more than `LIMIT` together."""
        self._left -= count
        if self._left < 0:
            raise BrokenMedia("its texts are too large together")


def inflate(data: bytes, what: str) -> bytes:
    """Unpack zlib data of at most `LIMIT` bytes.

    Raises:
        BrokenMedia: not zlib data, incomplete, or larger.
    """
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, LIMIT)
    except zlib.error as error:
        raise BrokenMedia(f"{what} cannot be unpacked: {error}") from error
    if not unpacker.eof:
        reason = "unpacks to too much for a text" if len(found) == LIMIT else "is packed, and cut"
        raise BrokenMedia(f"{what} {reason}")
    return found


def text(data: bytes) -> str:
    """As UTF-8, which is what is written, or as Latin-1, which old standards demand."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
