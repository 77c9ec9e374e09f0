"""Finding a well-known set of pictures on this machine, and what stands in for it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from graphrun.node import InputError, MissingResource, notice, settings
from graphrun.sources.files import formats, split_files
from graphrun.sources.looking import looking, shown

from ._data import read
from ._names import CANONICAL, Found, announce, find_dataset, missing
from ._paths import data_places
from ._pictures import SETS, Array, Kind, reading

Set = tuple[Array, Array, Sequence[str]]
"""Pictures, labels and the names of the classes."""


def open_set(name: str, root: str, given: dict[str, Any], input: str, *, download: bool) -> Set:
    """A set by its name; `given` are the options written in `input`.

    Raises:
        MissingResource, InputError: as PtvDataset.
    """
    kind, split = _chosen(name, given, input)
    alias = settings().aliases.get(name)
    found = None
    with looking("dataset", f"data set {shown(name)} in {shown(root)}"):
        inputs = [] if root else [settings().inputs]
        places = [alias.path] if alias else [*data_places(root), *inputs]
        for place, layout in product(places, kind.layouts):
            files = layout.find(place, split, bare=bool(alias))
            if files:
                return *layout.read(files), kind.classes
        for folder in () if alias else (*(place / name for place in places), *places * bool(root)):
            tables = split_files(folder).get(split)
            if not found and tables and formats(tables) <= {"parquet", "arrow", "saved"}:
                found = Found(name, "folder", str(folder))
    found = found or _elsewhere(name, places, kind, download=download)
    if found.source == "tiny":
        return stand_in(name, kind.shape, kind.classes, test=split == "test")
    return _decoded(announce(found), split, kind)


def stand_in(name: str, shape: tuple[int, ...], classes: Sequence[str], *, test: bool) -> Set:
    """Generated pictures, the same in every run: a pattern a class, shifted, dimmed and noisy."""
    height, width, bands = (*shape, 1)[:3]
    count = max(2**19 // (height * width), 20 * len(classes)) // (4 if test else 1)
    fixed, random = torch.Generator().manual_seed(0), torch.Generator().manual_seed(1 + test)
    patterns = torch.rand(len(classes), bands, 5, 5, generator=fixed)
    patterns = interpolate(patterns, (height + 4, width + 4), mode="bilinear")
    labels = torch.randperm(count, generator=random) % len(classes)
    corners = torch.randint(0, 5, (2, count, 1, 1, 1), generator=random)
    rows = corners[0] + torch.arange(height)[:, None]
    columns = corners[1] + torch.arange(width)
    pictures = patterns[labels.view(-1, 1, 1, 1), torch.arange(bands).view(-1, 1, 1), rows, columns]
    pictures *= 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=random)
    pictures += 0.05 * torch.randn(pictures.shape, generator=random)
    pixels = (pictures.clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1).reshape(count, *shape)
    notice(f"{name} → {count} generated pictures (--tiny)", code="stand_in", once=True)
    return pixels.numpy(), labels.numpy(), classes


def _chosen(name: str, given: dict[str, Any], input: str) -> tuple[Kind, str]:
    """The set and its split. Options that it does not have are named in a notice."""
    key = f"EMNIST {given.get('split')}" if name == "EMNIST" else name
    if key not in SETS:
        message = f"no data set {key!r} is known; known: {', '.join(SETS)}, ImageFolder"
        hint = f'{input} says the split of EMNIST: {{"split": "balanced"}}'
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
            f"--alias {name}=DIR uses a folder of them, or of Parquet files",
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
    cells, labels = (data.with_format("arrow")[:][name] for name in columns)
    pictures, mode = [], "RGB" if kind.shape[2:] else "L"
    for row, cell in enumerate(cells.to_pylist()):
        with reading(f"{found.id}: the picture in row {row} of {split}"):
            raw = io.BytesIO(cell["bytes"] if isinstance(cell, dict) else cell)
            pictures.append(np.asarray(Image.open(raw).convert(mode)))
    classes = getattr(data.features[columns[1]], "names", kind.classes)
    with reading(f"{found.id}: {split}"):
        return np.stack(pictures), np.array(labels.to_pylist(), np.int64), classes
