"""Which files of a folder hold which split of a data set. Looks, and reads nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

FORMATS = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "json",
    ".json": "json",
}
"""Suffixes of data files, and what they are read as."""

# train-0, train-00000-of-00002, and the hub's older train-00000-of-00001-0123456789abcdef.
_PART = re.compile(r"-\d+(-of-\d+)?(-[0-9a-f]{16})?$")
# Descriptions that lie beside the data.
_DESCRIPTIONS = frozenset(
    {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json"}
)


def split_files(place: Path, named: Mapping[str, str] | None = None) -> dict[str, list[Path]]:
    """Data files by split.

    A file at `place` is the split "train". In a folder, `train.csv`, numbered parts such as
    `train-00000-of-00002.parquet`, both in `data/` too, and everything in `train/` are the split
    "train"; which of these together are one split, `layouts` tells. `named` maps further splits to
    files or folders below `place` and wins. Saved data sets are given as their folder.
    """
    found: dict[str, list[Path]] = {}
    if place.is_file() or is_saved(place):
        found = {"train": [place]}
    elif (place / "dataset_dict.json").is_file():
        found = {p.name: [p] for p in sorted(place.iterdir()) if is_saved(p)}
    elif place.is_dir():
        found = _in_folder(place)
    for split, below in (named or {}).items():
        found[split] = files_at(place / below)
    return found


def files_at(path: Path) -> list[Path]:
    """The data file at a path, those in a folder, or the folder of a saved data set."""
    if path.is_file() or is_saved(path):
        return [path]
    return _data_files(path)


def cached_files(folder: Path) -> dict[str, list[Path]]:
    """Splits of a folder in the datasets library's cache: `imdb-train.arrow` and the like."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*.arrow")):
        # What the library's map() and filter() left behind is no split.
        if not file.name.startswith("cache-"):
            split = _PART.sub("", file.stem).rpartition("-")[2]
            found.setdefault(split, []).append(file)
    return found


def with_splits(snapshot: Path) -> Path | None:
    """The folder of a copy of the hub's that has splits: it, or its only configuration."""
    found = split_files(snapshot)
    configurations = [name for name in found if (snapshot / name).is_dir()]
    splits = {"train", "validation", "test"} & found.keys()
    if splits or len(configurations) < len(found):
        return snapshot
    return snapshot / configurations[0] if len(configurations) == 1 else None


def layouts(place: Path, files: Iterable[Path]) -> list[list[Path]]:
    """The files of a split in groups that each could be the whole of it."""
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        part = _PART.search(file.stem)
        if file.is_dir() or file.parent not in (place, place / "data"):
            way = "all of a folder"
        else:
            way = f"parts{part[1] or ''}" if part else file.name
        groups.setdefault((file.parent, way), []).append(file)
    return list(groups.values())


def is_saved(folder: Path) -> bool:
    """Whether `Dataset.save_to_disk` wrote this folder."""
    return (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()


def formats(files: Iterable[Path]) -> set[str]:
    """What the files are to be read as."""
    return {"saved" if f.is_dir() else FORMATS.get(f.suffix.lower(), f.suffix) for f in files}


def _in_folder(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for file in (*_data_files(folder), *_data_files(folder / "data")):
        split = _PART.sub("", file.stem)
        found.setdefault(split, []).append(file)
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and p.name != "data"):
        files = files_at(inner)
        if files and not inner.name.startswith("."):
            found.setdefault(inner.name, []).extend(files)
    return found


def _data_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        p
        for p in folder.iterdir()
        if p.suffix.lower() in FORMATS
        and p.name not in _DESCRIPTIONS
        and not p.name.startswith(".")
        and p.is_file()
    )
