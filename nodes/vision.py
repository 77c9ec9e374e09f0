"""Data sets of pictures, and of windows of a tensor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import torch
from PIL import Image

from graphrun.node import InputError, Nodes, Range, Resource, Text, notice
from graphrun.sources.paths import find_data_folder
from graphrun.sources.picture_sets import check_known, open_set
from graphrun.sources.pictures import reading
from graphrun.sources.texts import options

from . import loaders
from ._patterns import stand_in
from ._tiny import HELD_OUT
from ._types import Dataset, Loader, Tensor
from .transforms import Transform, picture_to_tensor

NODES = Nodes(category="Training", spaced=True)

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_MALFORMED = '{"num_workers:1}'
_Dict = Annotated[str, Text(multiline=True)]
_Set = Annotated[str, Resource("picture_set")]


@dataclass(eq=False)
class Pictures(torch.utils.data.Dataset[Any]):
    """Pictures, as arrays or paths; item i is (picture or what the transform gives, label)."""

    pictures: Any
    targets: Any
    classes: Sequence[str]
    transform: Transform | None

    def __post_init__(self) -> None:
        self.classes = list(self.classes)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        picture = self.pictures[index]
        if isinstance(picture, Path):
            with reading(picture), Image.open(picture) as file:
                picture = file.convert("RGB")
        elif self.transform is not picture_to_tensor:  # which takes arrays, and sooner
            picture = Image.fromarray(picture)
        return self.transform(picture) if self.transform else picture, int(self.targets[index])


@dataclass(eq=False)
class Windows(torch.utils.data.Dataset[Any]):
    """Item i is `length` rows from row i on, and those from row i + 1 on."""

    rows: torch.Tensor
    length: int

    def __len__(self) -> int:
        return max(0, len(self.rows) - self.length - 1)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        start = range(len(self))[index]  # or IndexError
        return tuple(self.rows[at : at + self.length] for at in (start, start + 1))


@NODES.node("PtvDataset", reads=True)
def dataset(
    name: _Set = "", download: bool = True, root: str = "", *, transform: Transform | None = None,
    parameters: _Dict | None = "",
) -> Dataset:  # fmt: skip
    """A well-known set of labelled pictures; items are (picture, label).

    `name` is MNIST, FashionMNIST, KMNIST, QMNIST, EMNIST, CIFAR10, CIFAR100, STL10, SVHN, USPS or
    ImageFolder. `parameters` says which part: `{"train": false}`; `{"split": "test"}` for STL10 and
    SVHN; `{"split": "letters", "train": false}` for EMNIST.

    An alias of the name, or else `root`, is looked through for the files it is distributed in, in
    torchvision's folders (`MNIST/raw`, `cifar-10-batches-py`), then for Parquet files; then the
    Hugging Face caches and, if `download` is on, the hub. A blank `root` is the working folder
    and the run's input folder.

    Raises:
        MissingResource: it is not on this machine; says where was looked.
        InputError: the name or `parameters` are not as above, or a file is damaged.
    """
    return _dataset(name, root, transform, (parameters, "parameters"), download)


@NODES.node("PtvDatasetLen")
def dataset_len(dataset: Dataset) -> int:
    """The number of items of a data set."""
    return len(dataset)  # type: ignore[arg-type]


@NODES.node("PtvImageFolderDataset", reads=True)
def image_folder(
    root: Annotated[str, Resource("data_folder")] = "", *, transform: Transform | None = None
) -> Dataset:
    """Pictures in a folder a class, in any depth; the sorted names of the folders are the labels.

    Items are (picture, label). Pictures are opened when they are needed, as RGB.

    Raises:
        MissingResource: there is no such folder.
        InputError: it has no folders, or one is without pictures; later, a picture is damaged.
    """
    place = find_data_folder(root)
    if place is None:
        test = Path(root).name.lower() in HELD_OUT
        return Pictures(*stand_in(root, (96, 96, 3), "ab", test=test), transform)
    folders = sorted(entry for entry in place.iterdir() if entry.is_dir())
    files = [_pictures_in(folder) for folder in folders]
    empty = [folder.name for folder, found in zip(folders, files, strict=True) if not found]
    if empty or not folders:
        message = f"{place} has no pictures in {', '.join(empty) or 'any folder: it has none'}"
        hint = f"a folder a class, each with files of {', '.join(_SUFFIXES)}"
        raise InputError(message, input="root", code="no_pictures", hint=hint)
    classes = [folder.name for folder in folders]
    if len(classes) == 1:
        notice(f"{place} has one class only, {classes[0]}", code="one_class", input="root")
    labels = [number for number, found in enumerate(files) for _ in found]
    return Pictures(list(chain(*files)), labels, classes, transform)


@NODES.node("PtvSequentialTensorDataset")
def windows(tens: Tensor, seq_len: Annotated[int, Range(1, 100_000)] = 32) -> Dataset:
    """Windows of a tensor's rows: item i is (rows i to i + seq_len - 1, rows i + 1 to i + seq_len).

    Both have the shape (seq_len, features); a tensor of one dimension has one feature. There are
    rows - seq_len - 1 items, one less than would fit, or none.

    Raises:
        InputError: the tensor is a single number.
    """
    if not tens.ndim:
        raise InputError("a tensor of shape () has no rows", input="tens", code="wrong_rank")
    found = Windows(tens[:, None] if tens.ndim == 1 else tens, seq_len)
    if not len(found):
        message = f"{len(tens)} rows are too few for windows of {seq_len}: the data set is empty"
        notice(message, code="empty_dataset", input="seq_len")
    return found


@NODES.node("PtvDatasetLoader", reads=True)
def dataset_loader(
    name: _Set = "", download: bool = True, root: str = "", *,
    batch_size: loaders.BatchSize = 1, shuffle: bool = False,
    dataset_parameters: _Dict | None = '{"train":True}', load_parameters: _Dict | None = _MALFORMED,
) -> Loader:  # fmt: skip
    """Batches of a well-known set of pictures, as tensors.

    The set is PtvDataset's with `dataset_parameters`; a picture becomes a tensor as by
    PtvTransformsToTensor. `load_parameters` are PtDataLoader's `parameters`; the default, where
    a quote is missing, is read as `{"num_workers": 1}`.

    Raises:
        MissingResource, InputError: as PtvDataset and PtDataLoader.
    """
    about = dataset_parameters, "dataset_parameters"
    data = _dataset(name, root, picture_to_tensor, about, download)
    text = '{"num_workers": 1}' if load_parameters == _MALFORMED else load_parameters
    try:
        return loaders.data_loader(data, batch_size, shuffle=shuffle, parameters=text)
    except InputError as error:
        error.input = "load_parameters" if error.input == "parameters" else error.input
        raise


def _pictures_in(folder: Path) -> list[Path]:
    """Sorted by folder, then by name; links to folders are followed."""
    places = sorted(os.walk(folder, followlinks=True))
    named = (Path(place, name) for place, _, names in places for name in sorted(names))
    return [file for file in named if file.suffix.lower() in _SUFFIXES]


def _dataset(
    name: str, root: str, transform: Any, about: tuple[str | None, str], download: bool
) -> Dataset:
    given = options(about[0] or "", about[1])
    if name == "ImageFolder":
        check_known(name, given, about[1])
        return image_folder(root, transform=transform)
    return Pictures(
        *open_set(name, root, given, about[1], download=download, stand_in=stand_in), transform
    )
