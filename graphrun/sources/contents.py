"""What is in the files that a name leads to: their digest, or of very large ones their sizes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrun.sources.digests import Digests
from graphrun.sources.files import cached_files, is_saved, split_files
from graphrun.sources.hub_files import model_files
from graphrun.sources.names import Found

READ, MANY = 2 << 30, 10_000
"""Bytes and files that are read for a digest; of more, sizes and times are taken."""
LISTED = 64
"""Files that are listed one by one."""

CONTENT, TIMES = "content", "sizes and times"

_DIGESTS = Digests()

_COMMIT = re.compile(r"[0-9a-f]{40}")
# What libraries leave beside data while they read it.
_PASSING = re.compile(r"\.|cache-[0-9a-f]+\.arrow$|tmp\w{8}$|.*\.(lock|incomplete)$")


@dataclass(frozen=True, slots=True)
class Contents:
    """What some files hold. `digest` is over names and contents; `by` says `TIMES` if it is not.

    `files` has a size, and a digest or a time, for each; none if there are too many to list.
    """

    digest: str
    by: str
    bytes: int
    count: int
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        fields = {"digest": self.digest, "by": self.by, "bytes": self.bytes, "count": self.count}
        return {**fields, "files": dict(self.files)} if self.files else fields


def contents(
    files: Mapping[str, Path], *, read: int = READ, digests: Digests | None = None
) -> Contents | None:
    """The contents of files by the names they are told under; None if one cannot be read.

    `digests` remembers those of single files; without, they are remembered by this process.
    """
    digest_of = (digests or _DIGESTS).of
    try:
        states = {name: files[name].stat() for name in sorted(files)}
        size = sum(state.st_size for state in states.values())
        by = CONTENT if size <= read and len(states) <= MANY else TIMES
        told: dict[str, dict[str, Any]] = {}
        for name, state in states.items():
            told[plain(name)] = {"bytes": state.st_size}
            if by == CONTENT:
                told[plain(name)]["sha256"] = digest_of(files[name], state)
            else:
                told[plain(name)]["changed_ns"] = state.st_mtime_ns
    except OSError:
        return None
    if len(told) == 1 and by == CONTENT:  # a file's own digest, which other programs know too
        digest = next(iter(told.values()))["sha256"]
    else:
        parts = (f"{name}\0{sorted(of.items())}\n" for name, of in told.items())
        digest = hashlib.sha256("".join(parts).encode()).hexdigest()
    return Contents(digest, by, size, len(told), told if len(told) <= LISTED else {})


def plain(name: str) -> str:
    """A file's name as text that can be written: other bytes than UTF-8 as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def revision(found: Found) -> str | None:
    """The commit of a copy in the hub's cache, whose folder it names."""
    parts = Path(found.id).parts if found.source == "cache" else ()
    after = parts[parts.index("snapshots") + 1 :] if "snapshots" in parts else ()
    return after[0] if after and _COMMIT.fullmatch(after[0]) else None


def parts(kind: str, found: Found | Path | Iterable[Path]) -> dict[str, Path]:
    """The files that a resource is made of, by their names below its folder.

    Of a model those that decide what it computes, of a data set those of its splits and what
    describes them. No files for what is not on this machine.
    """
    try:
        if isinstance(found, Found):
            if found.source in ("tiny", "hub"):
                return {}
            place = Path(found.id)
            model = kind in ("model", "tokenizer")
            return _model(place) if model else _data(place, found.splits)
        if isinstance(found, Path):
            return _everything(found)
        files = list(found)
    except OSError:
        return {}
    names = {path.name for path in files}
    return {path.name if len(names) == len(files) else str(path): path for path in files}


def _model(folder: Path) -> dict[str, Path]:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return {name: folder / name for name in model_files(names)}


def _data(place: Path, named: Mapping[str, str]) -> dict[str, Path]:
    if place.is_file():
        return {place.name: place}
    if is_saved(place):
        return _everything(place)
    splits = cached_files(place) if (place / "dataset_info.json").is_file() else {}
    found = [path for files in (splits or split_files(place, named)).values() for path in files]
    about = (place / name for name in ("dataset_info.json", "dataset_dict.json"))
    files: dict[str, Path] = {}
    for path in (*found, *(one for one in about if one.is_file())):
        base = f"{_below(path, place)}/" if path.is_dir() else ""
        inside = _everything(path).items() if base else ((_below(path, place), path),)
        files |= {f"{base}{name}": one for name, one in inside}
    return files


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _everything(place: Path) -> dict[str, Path]:
    """A file, or all files of a folder without those that libraries leave in it."""
    if place.is_file():
        return {place.name: place}
    return {path.relative_to(place).as_posix(): path for path in _walk(place)}


def _walk(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            path = Path(base, name)
            if not _PASSING.match(name) and path.is_file():
                yield path
