"""Where a cache lies, and what is in it besides the results.

results/                what nodes gave, a `DiskStore`
trainings/ab/<key>/     the state of trainings, to go on from, with a state.json that tells of it
tokens/ab/<key>…        texts as tokens, files or folders

Nothing else is looked at or removed, whatever folder somebody names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "GRAPHRUN_CACHE"
"""Environment variable with the folder."""

RESULTS, TRAININGS, TOKENS = KINDS = ("results", "trainings", "tokens")

_KEY = re.compile(r"([0-9a-f]{16,64})(\.[A-Za-z0-9._-]+)?")
_STATE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """A training, or the tokens of texts: its bytes, and when it was changed, in Unix seconds."""

    path: Path
    key: str
    bytes: int
    used: float
    state: Mapping[str, Any] = field(default_factory=dict)
    """What state.json has, empty without one."""


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


def items(folder: Path, kind: str) -> Iterator[Item]:
    """What is kept of a kind, in no order. What cannot be read is left out."""
    for path in (folder / kind).glob("??/*"):
        found = _KEY.fullmatch(path.name)
        if not found or not path.name.startswith(path.parent.name) or path.is_symlink():
            continue
        with suppress(OSError):
            files = [path.stat()] if path.is_file() else _files(path)
            used = max((one.st_mtime for one in files), default=path.stat().st_mtime)
            size = sum(one.st_size for one in files)
            yield Item(path, found[1], size, used, _state(path / "state.json"))


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


def _state(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_STATE_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
