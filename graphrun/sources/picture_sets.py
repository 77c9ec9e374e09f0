"""Finding a well-known set of pictures on this machine, and what stands in for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from graphrun.catalog.running import notice, settings
from graphrun.errors import InputError, MissingResource
from graphrun.sources.files import formats, split_files
from graphrun.sources.looking import looking, shown
from graphrun.sources.names import CANONICAL, Found, announce, find_dataset, missing
from graphrun.sources.paths import data_places, find_data_folder
from graphrun.sources.pictures import SETS, Array, Files, Kind, Layout, reading
from graphrun.sources.tables import read
from graphrun.sources.texts import instead_of, options

Set = tuple[Array, Array, Sequence[str]]
"""Pictures, labels and the names of the classes."""
StandIn = Callable[..., Set]


def open_set(
    name: str, root: str, given: dict[str, Any], input: str, *, download: bool, stand_in: StandIn
) -> Set:
    """A set by its name; `given` are the options written in `input`.

    `stand_in` makes the set that `--tiny` uses, of a name, a picture's shape, and classes.

    Raises:
        MissingResource, InputError: as PtvDataset.
    """
    kind, split = _chosen(name, given, input)
    place = _place(name, root, kind, split, download=download)
    if not isinstance(place, Found):
        layout, files = place
        return *layout.read(files), kind.classes
    if place.source == "tiny":
        return stand_in(name, kind.shape, kind.classes, test=split == "test")
    return _decoded(announce(place, ""), split, kind)


def find_set(
    name: str,
    *,
    root: str | None = "",
    download: bool | None = True,
    parameters: str | None = "",
    dataset_parameters: str | None = "",
) -> Found | Path | list[Path] | None:
    """Look for a set as `open_set` does, and say where it is.

    What no set can be is left to the node to say.

    Of PtvDataset and PtvDatasetLoader. None are values that another node computes.

    Raises:
        MissingResource: it is not on this machine; says where was looked.
    """
    if root is None or parameters is None or dataset_parameters is None:
        return None
    if name == "ImageFolder":
        return find_data_folder(root)
    try:
        given = options(parameters or dataset_parameters, "parameters")
        kind, split = _chosen(name, given, "parameters")
    except InputError:
        return None
    place = _place(name, root, kind, split, download=download is not False)
    if isinstance(place, Found):
        return place
    return list(dict.fromkeys(path for path, _ in place[1]))


def _place(
    name: str, root: str, kind: Kind, split: str, *, download: bool
) -> Found | tuple[Layout, Files]:
    """The files of a split, or else a copy in the form of tables, or the stand-in."""
    alias = settings().aliases.get(name)
    found = None
    with looking("dataset", f"data set {shown(name)} in {shown(root)}"):
        inputs = [] if root else [settings().inputs]
        places = [alias.path] if alias else [*data_places(root), *inputs]
        for place, layout in product(places, kind.layouts):
            files = layout.find(place, split, bare=bool(alias))
            if files:
                return layout, files
        for folder in () if alias else (*(place / name for place in places), *places * bool(root)):
            tables = split_files(folder).get(split)
            if not found and tables and formats(tables) <= {"parquet", "arrow", "saved"}:
                found = Found(name, "folder", str(folder))
    return found or _elsewhere(name, places, kind, download=download)


def _chosen(name: str, given: dict[str, Any], input: str) -> tuple[Kind, str]:
    """The set and its split. Options that it does not have are named in a notice."""
    key = f"EMNIST {given.get('split')}" if name == "EMNIST" else name
    if key not in SETS:
        message = f"no data set {key!r} is known; {instead_of(key, [*SETS, 'ImageFolder'])}"
        split = f'{input} says the split of EMNIST: {{"split": "balanced"}}'
        hint = split if key.startswith("EMNIST") else None
        where = input if name == "EMNIST" else "name"
        raise InputError(message, input=where, code="value_not_in_list", hint=hint)
    kind = SETS[key]
    values = [True, False] if kind.option == "train" else list(kind.layouts[0].files)
    value = given.get(kind.option, values[0])
    if type(value) is not type(values[0]) or value not in values:
        message = f"{kind.option} of {name} is {value!r}: it has to be one of {values}"
        raise InputError(message, input=input, code="invalid_parameters")
    check_known(name, given, input, kind.option, *["split"] * (name == "EMNIST"))
    return kind, value if isinstance(value, str) else "train" if value else "test"


def check_known(name: str, given: dict[str, Any], input: str, *known: str) -> None:
    """A notice of options that a set does not have."""
    unknown = ", ".join(option for option in given if option not in known)
    if unknown:
        message, has = f"{name} has no option {unknown}; ignored", ", ".join(known) or "none"
        notice(message, code="unknown_option", input=input, hint=f"its options: {has}")


def _elsewhere(name: str, places: list[Path], kind: Kind, *, download: bool) -> Found:
    """An alias's folder or a copy of the hub's in the form of tables, or the stand-in."""
    try:
        found = find_dataset(name)
        if found.source != "hub" or (download and name in CANONICAL):
            return found
        raise missing("dataset", name, "the hub is not asked for it")
    except MissingResource as error:
        own = [(p / layout.folder).absolute() for p, layout in product(places, kind.layouts)]
        message = "\n    ".join([error.diagnostics[0].message, *map(str, own)])
        ways = [
            f"put the files it is distributed in into {own[0]}",
            f"--alias {name}=DIR uses a folder of them, or of Parquet files; with the name "
            "ImageFolder and root=DIR it may have a folder of pictures a class",
            "--tiny tries the workflow with small generated pictures",
            "with a network, and download on, the next run downloads it",
        ]
        raise MissingResource.of("dataset", message, ways[: 3 + (name in CANONICAL)]) from error


def _decoded(found: Found, split: str, kind: Kind) -> Set:
    """A split of a copy as on the hub: a column of packed pictures, and one of labels."""
    data = read(found, split, ())
    columns = [name for name in (found.text, "image", "img") if name in data.column_names][:1]
    numbers = (found.label, "fine_label", "label")
    columns += [name for name in numbers if name in data.column_names][:1]
    if len(columns) < 2:
        message = f"{found.id} has no columns image and label, but {', '.join(data.column_names)}"
        raise InputError(message, code="missing_column")
    from PIL import Image

    cells, labels = (data.with_format("arrow")[:][name] for name in columns)
    pictures, mode = [], "RGB" if kind.shape[2:] else "L"
    for row, cell in enumerate(cells.to_pylist()):
        with reading(f"{found.id}: the picture in row {row} of {split}"):
            raw = io.BytesIO(cell["bytes"] if isinstance(cell, dict) else cell)
            pictures.append(np.asarray(Image.open(raw).convert(mode)))
    classes = getattr(data.features[columns[1]], "names", kind.classes)
    with reading(f"{found.id}: {split}"):
        return np.stack(pictures), np.array(labels.to_pylist(), np.int64), classes
