"""Which files of a repository are needed, by their names alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from graphrun.sources.files import FORMATS, formats, layouts, split_files, with_splits

MOST = 5_000
"""Data files of a repository that is looked through."""

_MODEL = re.compile(
    r"config\.json|generation_config\.json|.*\.safetensors|pytorch_model.*\.bin|.*\.index\.json"
    r"|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json"
    r"|vocab\..*|merges\.txt|.*\.model|.*\.spm"
)
"""Files of a model's folder that decide what it computes."""
_LOADED = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
"""Weights that are loaded instead of those in the older format."""
_OTHERS = re.compile(r"(tf_|flax_|rust_).*")
_ABOUT = re.compile(r"README\.md|[^/]*\.ya?ml|dataset_infos?\.json|dataset_dict\.json")
"""Files beside data that describe it."""


def model_files(names: Iterable[str]) -> list[str]:
    """Of the files of a model those that are loaded: configuration, weights, tokenizer."""
    found = [n for n in names if _MODEL.fullmatch(n) and "/" not in n and not _OTHERS.match(n)]
    if any(_LOADED.fullmatch(name) for name in found):
        return [name for name in found if not name.endswith((".bin", ".bin.index.json"))]
    return found


def data_files(names: Iterable[str]) -> Collection[str] | None:
    """Of the files of a data set those that are read; None if it is not read from its files."""
    found = _listing(tuple(names))
    return None if found is None else {name for files in found.splits.values() for name in files}


def descriptions(names: Iterable[str]) -> list[str]:
    """Of the files of a data set those that describe it."""
    return [name for name in names if _ABOUT.fullmatch(name)]


def why_unread(names: Collection[str], card: Mapping[str, Any]) -> str | None:
    """Why a data set cannot be read from its files as its authors mean it, or None.

    `card` is the beginning of its README: which files are which split, and what columns hold.
    """
    scripts = [name for name in names if "/" not in name and name.endswith(".py")]
    if scripts:
        return f"a program makes it ({scripts[0]})"
    found = _listing(tuple(names))
    if not found:
        return f"it has no data files of one configuration ({', '.join(FORMATS)})"
    if found.ambiguous:
        return "several of its files could be one split"
    # These formats say themselves which columns are classes, and the names of the classes.
    if "class_label" in str(card.get("dataset_info")) and found.texts:
        return "its description numbers the classes that its files name"
    configs = [one for one in card.get("configs") or () if isinstance(one, Mapping)]
    if configs and not _alike(configs, names, found.splits):
        return "its description divides the files in another way than their names"
    return None


def _alike(
    configs: list[Mapping[str, Any]], names: Collection[str], found: Mapping[str, Collection[str]]
) -> bool:
    """Whether the description and the names give the same files for every split."""
    chosen = [one for one in configs if one.get("default")] or configs
    if len(chosen) != 1:
        return False
    known = {"config_name", "data_files", "default", "description"}
    if chosen[0].keys() - known or "data_files" not in chosen[0]:
        return False
    told = {
        split: {n for n in names if any(_matches(n, one) for one in patterns)}
        for split, patterns in _patterns(chosen[0]["data_files"])
    }
    return bool(told) and all(set(found.get(split, ())) == files for split, files in told.items())


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.removeprefix("./")) or fnmatchcase(
        name, pattern.removeprefix("./").replace("**/", "")
    )


def _patterns(said: Any) -> Iterator[tuple[str, list[str]]]:
    """Splits and patterns of their files, in any of the forms that descriptions have."""
    if isinstance(said, Mapping):
        said = [{"split": split, "path": path} for split, path in said.items()]
    several = [said] if isinstance(said, str) else list(said or ())
    if several and all(isinstance(one, str) for one in several):
        several = [{"split": "train", "path": several}]
    for one in several:
        if not isinstance(one, Mapping) or "path" not in one:
            return
        path = one["path"]
        yield str(one.get("split", "train")), [path] if isinstance(path, str) else list(path)


@dataclass(frozen=True, slots=True)
class _Listing:
    """Names of the files of splits. `texts` are formats that do not say what columns hold."""

    splits: Mapping[str, Collection[str]]
    ambiguous: bool
    texts: bool


@lru_cache(maxsize=16)
def _listing(names: tuple[str, ...]) -> _Listing | None:
    """The splits of a data set; None if it is not read from its files.

    Empty files of those names are laid out and looked at as the whole ones will be: so what is
    downloaded is what is then found.
    """
    data = [name for name in names if PurePosixPath(name).suffix.lower() in FORMATS]
    data = [n for n in data if ".." not in PurePosixPath(n).parts and not n.startswith("/")]
    if not data or len(data) > MOST:
        return None
    with TemporaryDirectory(prefix="graphrun-") as made:
        top = Path(made)
        for name in data:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).touch()
        folder = with_splits(top)
        found = split_files(folder) if folder else {}
        if folder is None or not found:
            return None
        kinds = [formats(files) for files in found.values()]
        several = any(len(layouts(folder, files)) > 1 for files in found.values())
        splits = {
            split: [inner.relative_to(top).as_posix() for one in files for inner in _inside(one)]
            for split, files in found.items()
        }
    return _Listing(
        splits,
        ambiguous=several or any(len(one) > 1 for one in kinds),
        texts=not set().union(*kinds) <= {"parquet", "arrow", "saved"},
    )


def _inside(path: Path) -> list[Path]:
    """A file, or the files of a saved data set."""
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
