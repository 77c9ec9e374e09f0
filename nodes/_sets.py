"""Where a well-known set of pictures is on this machine, and reading it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from graphrun.node import InputError, MissingResource, notice, settings
from graphrun.sources.files import formats, split_files

from ._data import read
from ._names import CANONICAL, Found, announce, find_dataset, missing
from ._paths import data_places
from ._pictures import SETS, Array, Kind, reading
from ._shapes import shapes

Set = tuple[Array, Sequence[int], Sequence[str]]
"""Pictures, labels and the names of the classes."""


def open_set(name: str, root: str, given: dict[str, Any], input: str, *, download: bool) -> Set:
    """The pictures of a set; `given` are the options written in `input`.

    Raises:
        MissingResource, InputError: as PtvDataset.
    """
    kind, split = _chosen(name, dict(given), input)
    alias = settings().aliases.get(name)
    roots = [*data_places(root), *([] if root else [settings().inputs])]
    places = [alias.path] if alias else roots
    for place in places:
        for layout in kind.layouts:
            files = layout.find(place, split, bare=bool(alias))
            if files:
                return *layout.read(files), kind.classes
    below = [place / name for place in places] + places * bool(root)
    found = next((Found(name, "folder", str(p)) for p in below if _has_tables(p, split)), None)
    found = found if found and not alias else _elsewhere(name, places, kind, download=download)
    if found.source == "tiny":
        return stand_in(name, kind.shape, kind.classes, test="train" not in split)
    return _decoded(announce(found), split, kind)


def stand_in(name: str, shape: tuple[int, ...], classes: Sequence[str], *, test: bool) -> Set:
    """Generated pictures, announced."""
    pictures, labels = shapes(shape, len(classes), test=test)
    notice(f"{name} → {len(labels)} generated pictures (--tiny)", code="stand_in", once=True)
    return pictures, labels, classes


def _chosen(name: str, given: dict[str, Any], input: str) -> tuple[Kind, str]:
    """The set and its split. Options it does not have are named in a notice."""
    repeated = {"root", "download", "transform"} & given.keys()
    if repeated:
        message = f"{', '.join(sorted(repeated))} in {input} would repeat the input of that name"
        raise InputError(message, input=input, code="invalid_parameters")
    key = f"EMNIST {given.pop('split', None)}" if name == "EMNIST" else name
    kind = SETS.get(key)
    if kind is None and name == "EMNIST":
        splits = ", ".join(one.split()[1] for one in SETS if one.startswith("EMNIST"))
        message = f"{key}: its split, which {input} has to name, is one of {splits}"
        raise InputError(message, input=input, code="invalid_parameters")
    if kind is None:
        known = list(dict.fromkeys(one.split()[0] for one in (*SETS, "ImageFolder")))
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.4)
        raise InputError(
            f"no data set {name!r} is known; known: {', '.join(known)}",
            input="name",
            code="value_not_in_list",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    values = [True, False] if kind.option == "train" else list(kind.layouts[0].files)
    value = given.pop(kind.option, values[0])
    if type(value) is not type(values[0]) or value not in values:
        message = f"{kind.option} of {name} is {value!r}: it has to be one of {values}"
        raise InputError(message, input=input, code="invalid_parameters")
    warn_of_unknown(name, given, input, kind.option)
    return kind, value if isinstance(value, str) else "train" if value else "test"


def warn_of_unknown(name: str, given: dict[str, Any], input: str, *known: str) -> None:
    """A notice of options that a set does not have."""
    if given:
        near = [found for key in given for found in get_close_matches(key, known, n=1)]
        message = f"{name} has no option {', '.join(given)}; ignored"
        hint = f"did you mean {near[0]}?" if near else None
        notice(message, code="unknown_option", input=input, hint=hint)


def _has_tables(folder: Path, split: str) -> bool:
    files = split_files(folder).get(split)
    return bool(files) and formats(files) <= {"parquet", "arrow", "saved"}


def _elsewhere(name: str, places: list[Path], kind: Kind, *, download: bool) -> Found:
    """A copy of the hub's, or the stand-in."""
    try:
        found = find_dataset(name)
        if found.source != "hub" or (download and name in CANONICAL):
            return found
        raise missing(
            "dataset", name, "no copy on the hub is known" if download else "download is off"
        )
    except MissingResource as error:
        own = [place / layout.folder for place in places for layout in kind.layouts]
        looked = "".join(f"\n    {folder.absolute()}" for folder in own)
        ways = [
            f"put the files it is distributed in into {own[0]}",
            f"--alias {name}=DIR uses a folder of them, or of Parquet files",
            "--tiny tries the workflow with small built-in stand-ins",
        ]
        if name in CANONICAL:
            ways.append("with a network and download on, the next run downloads it")
        raise MissingResource.of("dataset", error.diagnostics[0].message + looked, ways) from error


def _decoded(found: Found, split: str, kind: Kind) -> Set:
    """A split of a copy as on the hub: a column of packed pictures and one of labels."""
    data = read(found, split, ())
    names = []
    for what, known in (
        ("pictures", (found.text, "image", "img")),
        ("labels", (found.label, "fine_label", "label")),
    ):
        names += [next((column for column in known if column in data.column_names), "")]
        if not names[-1]:
            message = f"{found.id} has no column of {what} among {', '.join(data.column_names)}"
            raise InputError(message, code="missing_column")
    table = data.with_format("arrow")[:]
    pictures = []
    for row, cell in enumerate(table[names[0]].to_pylist()):
        with reading(f"{found.id}: the picture of row {row} of {split}"):
            raw = io.BytesIO(cell["bytes"] if isinstance(cell, dict) else cell)
            pictures.append(np.asarray(Image.open(raw).convert("RGB" if kind.shape[2:] else "L")))
    classes = getattr(data.features[names[1]], "names", kind.classes)
    return np.stack(pictures), table[names[1]].to_numpy(), classes
