"""Where a cache lies, and what is in it besides the results.

results/                what nodes gave, a `DiskStore`
trainings/              the states of trainings, to go on from, `Checkpoints`
tokens/ab/<key>…        texts as tokens, files or folders

Nothing else is looked at or removed, whatever folder somebody names.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "GRAPHRUN_CACHE"
"""Environment variable with the folder."""

RESULTS, TRAININGS, TOKENS = KINDS = ("results", "trainings", "tokens")

_KEY = re.compile(r"([0-9a-f]{16,64})(\.[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True)
class Item:
    """The tokens of texts: their bytes, and when they were changed, in Unix seconds."""

    path: Path
    key: str
    bytes: int
    used: float


def default_folder() -> Path:
    """`$GRAPHRUN_CACHE`, or the place for caches of this system."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData/Local") / "graphrun" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/graphrun"
    # The XDG specification: what is not absolute does not count.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "graphrun"


def tokens(folder: Path) -> Iterator[Item]:
    """What is kept of texts, in no order. What cannot be read is left out."""
    for path in (folder / TOKENS).glob("??/*"):
        found = _KEY.fullmatch(path.name)
        if not found or not path.name.startswith(path.parent.name) or path.is_symlink():
            continue
        with suppress(OSError):
            files = [path.stat()] if path.is_file() else _files(path)
            used = max((one.st_mtime for one in files), default=path.stat().st_mtime)
            yield Item(path, found[1], sum(one.st_size for one in files), used)


def remove(found: Item) -> int:
    """Remove it; the bytes that are free now.

    Raises:
        OSError: it cannot be removed.
    """
    if found.path.is_file():
        found.path.unlink(missing_ok=True)
    elif found.path.exists():
        shutil.rmtree(found.path)
    with suppress(OSError):  # the folder for the beginning of keys, when it is empty
        found.path.parent.rmdir()
    return found.bytes


def _files(folder: Path) -> list[os.stat_result]:
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile: a training goes on
                found.append((Path(base) / name).lstat())
    return found
