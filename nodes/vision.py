"""Data sets of pictures, and of windows of a tensor."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from PIL import Image

from graphrun.node import InputError, Nodes, Range, Resource, Text, notice

from . import loaders
from ._parse import options
from ._paths import find_data_folder
from ._pictures import reading
from ._sets import open_set, stand_in, warn_of_unknown
from ._types import Dataset, Loader, Tensor
from .transforms import Transform, picture_to_tensor

NODES = Nodes(category="Training", spaced=True)

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_MALFORMED = '{"num_workers:1}'
_Parameters = Annotated[str, Text(multiline=True)]


class Pictures(torch.utils.data.Dataset[Any]):
    """Pictures, as arrays or as files, and their numbers.

    Item i is the picture, or what the transform makes of it, and an int.
    """

    def __init__(
        self, pictures: Any, targets: Any, classes: Sequence[str], transform: Transform | None
    ) -> None:
        self.pictures, self.targets, self.transform = pictures, targets, transform
        self.classes = list(classes)
        self.class_to_idx = {name: number for number, name in enumerate(classes)}

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        picture = self.pictures[index]
        if isinstance(picture, str):
            with reading(picture), Image.open(picture) as file:
                picture = file.convert("RGB")
        else:
            picture = Image.fromarray(picture)
        return self.transform(picture) if self.transform else picture, int(self.targets[index])


class Windows(torch.utils.data.Dataset[Any]):
    """Item i is rows i to i + length - 1 of a tensor, and the same one row further on."""

    def __init__(self, rows: torch.Tensor, length: int) -> None:
        self.rows, self.length = rows, length

    def __len__(self) -> int:
        return max(0, len(self.rows) - self.length - 1)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        # A range knows the numbers from the end, and the error for one that is out of it.
        start = range(len(self))[index]
        whole = self.rows[start : start + self.length + 1]
        return whole[:-1], whole[1:]


@NODES.node("PtvDataset")
def dataset(
    name: str = "",
    download: bool = True,
    root: str = "",
    *,
    transform: Transform | None = None,
    parameters: _Parameters | None = "",
) -> Dataset:
    """A well-known set of labelled pictures.

    `name` is MNIST, FashionMNIST, KMNIST, QMNIST, EMNIST, CIFAR10, CIFAR100, STL10, SVHN, USPS or
    ImageFolder. The files it is distributed in are looked for in an alias's folder and below `root`
    (blank: the working folder, then the run's input folder), in the folders that torchvision
    uses, such as `FashionMNIST/raw` or `cifar-10-batches-py`; then Parquet files as on the
    Hugging Face hub, in `root`, in an alias's folder, in the cache and, if `download` is on, on
    the hub. `parameters` is a dict such as `{"train": false}`, or `{"split": "test"}` for STL10,
    SVHN and, besides, EMNIST. Items are (picture, label), label an int; a picture is Pillow's if no
    `transform` is given.

    Raises:
        MissingResource: the set is not on this machine; says where was looked.
        InputError: there is no set of that name, `parameters` cannot be followed, or a file is
            damaged.
    """
    return _dataset(name, root, transform, parameters, "parameters", download=download)


@NODES.node("PtvDatasetLen")
def dataset_len(dataset: Dataset) -> int:
    """The number of items of a data set."""
    return len(dataset)  # type: ignore[arg-type]


@NODES.node("PtvImageFolderDataset")
def image_folder(
    root: Annotated[str, Resource("data_folder")] = "", *, transform: Transform | None = None
) -> Dataset:
    """Pictures in one folder a class; the folders' names in order are the labels from 0.

    Pictures of the usual formats are found at any depth below a class's folder, and opened as RGB
    when they are needed. Items are those of PtvDataset.

    Raises:
        MissingResource: there is no such folder.
        InputError: it has no folders, or one has no pictures. Later: a picture cannot be read.
    """
    place = find_data_folder(root)
    if place is None:
        test = Path(root).name.lower() in ("test", "val", "valid", "validation")
        return Pictures(*stand_in(root, (64, 64, 3), ("a", "b"), test=test), transform)
    classes = sorted(entry.name for entry in place.iterdir() if entry.is_dir())
    files = [sorted(_pictures(place / name)) for name in classes]
    if not all(files) or not classes:
        empty = ", ".join(name for name, found in zip(classes, files, strict=True) if not found)
        raise InputError(
            f"{place} has no pictures in {empty}" if empty else f"{place} has no folders",
            input="root",
            code="no_pictures",
            hint=f"one folder a class, with pictures ({', '.join(_SUFFIXES)})",
        )
    if len(classes) == 1:
        notice(f"{place} has one class only: {classes[0]}", code="one_class", input="root")
    labels = [number for number, found in enumerate(files) for _ in found]
    return Pictures([path for found in files for path in found], labels, classes, transform)


@NODES.node("PtvSequentialTensorDataset")
def windows(tens: Tensor, seq_len: Annotated[int, Range(1, 100_000)] = 32) -> Dataset:
    """Windows of a tensor's rows, to learn what comes next from.

    Item i is (rows i to i + seq_len - 1, rows i + 1 to i + seq_len), each of shape (seq_len,
    features); a tensor of one dimension has one feature. There are rows - seq_len - 1 items, one
    less than would fit, and none if the tensor is too short.

    Raises:
        InputError: the tensor is a single number.
    """
    if not tens.ndim:
        message = "a tensor of shape () has no rows"
        raise InputError(message, input="tens", code="wrong_rank", hint="use PtUnsqueeze")
    found = Windows(tens[:, None] if tens.ndim == 1 else tens, seq_len)
    if not len(found):
        message = f"{len(tens)} rows are too few for a window of {seq_len}: the data set is empty"
        notice(message, code="empty_dataset", input="seq_len")
    return found


@NODES.node("PtvDatasetLoader")
def dataset_loader(
    name: str = "",
    download: bool = True,
    root: str = "",
    *,
    batch_size: Annotated[int, Range(1, 1_000_000)] = 1,
    shuffle: bool = False,
    dataset_parameters: _Parameters | None = '{"train":True}',
    load_parameters: _Parameters | None = _MALFORMED,
) -> Loader:
    """Batches of a well-known set of labelled pictures, as tensors.

    The set is that of PtvDataset with `dataset_parameters`, each picture as by
    PtvTransformsToTensor. `load_parameters` holds further options as PtDataLoader's `parameters`;
    the default is read as `{"num_workers": 1}`.

    Raises:
        MissingResource, InputError: as PtvDataset and PtDataLoader.
    """
    about = dataset_parameters, "dataset_parameters"
    data = _dataset(name, root, picture_to_tensor, *about, download=download)
    text = '{"num_workers": 1}' if load_parameters == _MALFORMED else load_parameters
    try:
        return loaders.data_loader(data, batch_size, shuffle=shuffle, parameters=text)
    except InputError as error:
        if error.input == "parameters":
            error.input = "load_parameters"
        raise


def _dataset(
    name: str,
    root: str,
    transform: Transform | None,
    text: str | None,
    input: str,
    *,
    download: bool,
) -> Dataset:
    given = options(text or "", input)
    if name == "ImageFolder":
        warn_of_unknown(name, given, input)
        return image_folder(root, transform=transform)
    return Pictures(*open_set(name, root, given, input, download=download), transform)


def _pictures(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder, followlinks=True):
        yield from (os.path.join(place, n) for n in names if n.lower().endswith(_SUFFIXES))
