"""How much a disk store holds: its size, who has to go, and what nobody needs.

Everything here is called with the store's lock held.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graphrun.cache.folder import Folder, size_of
from graphrun.cache.manifest import Damaged, Manifest

_DIGITS = 20


@dataclass(slots=True)
class _Kept:
    path: Path
    size: int
    used: int
    blobs: set[Path]


def publish(folder: Folder, lock: int, moves: Sequence[tuple[Path, Path]]) -> int:
    """Move finished files to their places, in this order; the bytes of the store then.

    The new size is written first: a process that ends in between leaves one that is too large,
    which is found out, and never one that is too small.
    """
    grown = sum(size_of(made) - size_of(place) for made, place in moves)
    known = read_size(lock)
    if known is None:
        known = sum(map(size_of, (*folder.actions(), *folder.blobs())))
    total = known + grown
    write_size(lock, total)
    new: list[Path] = []
    try:
        for made, place in moves:
            folder.make(place.parent)
            if not place.exists():
                new.append(place)
            made.replace(place)
    except BaseException:
        for place in new:
            with suppress(OSError):
                place.unlink(missing_ok=True)
        raise
    return total


def make_room(folder: Folder, lock: int, most: int, kept: Path | None = None) -> int:
    """Remove what nobody needs, and if there is more than `most`, the results used longest ago.

    Then a tenth of the room is made free, so that not every result that follows has to look for
    some. `kept` stays. The bytes of the store then.
    """
    found = _survey(folder)
    needed = Counter(blob for one in found for blob in one.blobs)
    sizes = {path: size_of(path) for path in folder.blobs()}
    for path in sizes.keys() - needed.keys():
        _remove(path)
    total = sum(sizes[path] for path in sizes.keys() & needed.keys())
    total += sum(one.size for one in found)
    if total > most:
        now = folder.time()
        # A time that the store has not reached yet was not written by it, and says nothing.
        found.sort(key=lambda one: (one.used <= now, one.used))
        for one in found:
            if total <= most * 9 // 10:
                break
            if one.path != kept:
                total -= _evict(one, needed, sizes)
    write_size(lock, total)
    return total


def leave(folder: Folder) -> int:
    """Remove what the layout before this one has left. The bytes of it."""
    old = folder.outdated()
    freed = sum(map(size_of, old))
    for path in old:
        _remove(path)
    if old:
        root = folder.path / "v1"
        for one in (*root.glob("*/??"), *root.glob("*"), root):
            with suppress(OSError):  # somebody else's files are in it
                one.rmdir()
    return freed


def _survey(folder: Folder) -> list[_Kept]:
    """The results; a manifest that is none, or whose files are gone, is removed."""
    found = []
    for path in folder.actions():
        try:
            stat = path.stat()
            manifest = Manifest.of(path.read_bytes())
            whole = all(size_of(folder.blob(b.digest)) == b.size for b in manifest.blobs)
            if not whole or folder.action(manifest.identity) != path:
                raise Damaged("is not whole")
            blobs = {folder.blob(b.digest) for b in manifest.blobs}
        except IsADirectoryError:
            continue  # somebody else's
        except (Damaged, ValueError, TypeError, AttributeError):
            _remove(path)
        else:
            found.append(_Kept(path, stat.st_size, stat.st_mtime_ns, blobs))
    return found


def _evict(one: _Kept, needed: Counter[Path], sizes: dict[Path, int]) -> int:
    _remove(one.path)
    freed = one.size
    for blob in one.blobs:
        needed[blob] -= 1
        if not needed[blob]:
            _remove(blob)
            freed += sizes[blob]
    return freed


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def read_size(lock: int) -> int | None:
    """The bytes of the store, None if nobody wrote them down."""
    os.lseek(lock, 0, os.SEEK_SET)
    text = os.read(lock, _DIGITS + 1)
    return int(text) if len(text) == _DIGITS and text.isdigit() else None


def write_size(lock: int, size: int) -> None:
    os.lseek(lock, 0, os.SEEK_SET)
    os.write(lock, b"%0*d" % (_DIGITS, max(size, 0)))
