"""What folders hold of trainings: the names of their states, and what lists tell of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAME = re.compile(r"(\d{8})\.(\d+)\.(\d+)(\.finished)?")


@dataclass(frozen=True, slots=True)
class Training:
    """What a folder holds of one training, for lists. `when` is the time of its newest state."""

    key: str
    bytes: int
    when: float
    epoch: int
    step: int
    finished: bool
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A state by the name of its folder. The later of two in a training is the greater one."""

    epoch: int
    step: int
    number: int
    finished: bool
    path: Path

    @classmethod
    def among(cls, folder: Path) -> list[Place]:
        found = []
        with suppress(OSError):
            for path in folder.iterdir():
                if name := _NAME.fullmatch(path.name):
                    number, epoch, step = (int(name[i]) for i in (1, 2, 3))
                    found.append(cls(epoch, step, number, name[4] is not None, path))
        return found


def listed(folder: Path, until: int | None = None) -> Training | None:
    """The newest state of a training, or the furthest after at most `until` epochs."""
    places = Place.among(folder)
    if until is not None:
        places = [place for place in places if (place.epoch, place.step) <= (until, 0)]
    if not places:
        return None
    last = max(places) if until is not None else max(places, key=lambda place: place.number)
    about: Any = {}
    with suppress(OSError, ValueError):
        about = json.loads((folder / "about.json").read_text("utf-8"))
    size, when = 0, 0.0
    with suppress(OSError):
        when = last.path.stat().st_mtime
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.stat().st_size if path.is_file() else 0
    shown = about if isinstance(about, dict) else {}
    return Training(folder.name, size, when, last.epoch, last.step, last.finished, shown)
