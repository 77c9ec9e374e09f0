"""Well-known sets of labelled pictures, in the formats they are distributed in.

A file holds pictures (n, height, width[, 3]), labels (n,), or both.
"""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphrun.errors import InputError
from graphrun.sources.unpickled import unpickled

Array = np.ndarray
Files = list[tuple[Path, str]]
"""Paths, and if they are archives the names of members."""
Parts = tuple[Array | None, Array | None]


class Layout(NamedTuple):
    """How a file is parsed, by its name and bytes, and where the files of a split lie."""

    parse: Callable[[str, bytes], Parts]
    folder: str
    files: dict[str, str]
    archive: str = ""

    def find(self, root: Path, split: str, *, bare: bool) -> Files:
        """The files of a split, or none. With `bare` the root may be their folder."""
        names = self.files[split].split()
        for folder in (root / self.folder, *((root / "raw", root) if bare else ())):
            for end in ("", ".gz"):
                files = [(folder / f"{name}{end}", "") for name in names]
                if all(path.is_file() for path, _ in files):
                    return files
        members = [(root / f"{self.archive}.tar.gz", f"{self.folder}/{name}") for name in names]
        return members if self.archive and members[0][0].is_file() else []

    def read(self, files: Files) -> tuple[Array, Array]:
        """Pictures and labels of all files together; labels are -1 where there are none.

        Raises:
            InputError: a file is damaged or of another format, or there are not as many labels.
        """
        pictures, labels, packed = [], [], {}
        if files[0][1]:
            # Once from front to back: going back means unpacking anew.
            with reading(files[0][0]), tarfile.open(files[0][0]) as tar:
                entries: Any = ((e.name, tar.extractfile(e)) for e in tar if e.isfile())
                packed = {name: e.read() for name, e in entries if (files[0][0], name) in files}
        for path, member in files:
            with reading(path / member):
                raw = packed[member] if member else path.read_bytes()
                raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
                some, their = self.parse((member or path.name).removesuffix(".gz"), raw)
            pictures += [] if some is None else [some]
            labels += [] if their is None else [np.asarray(their, np.int64)]
        count = sum(map(len, pictures))
        numbers = np.concatenate(labels) if labels else np.full(count, -1)
        if count != len(numbers):
            message = f"{files[0][0]}: {count} pictures and {len(numbers)} labels"
            raise InputError(message, code="unreadable_data")
        return pictures[0] if len(pictures) == 1 else np.concatenate(pictures), numbers


class Kind(NamedTuple):
    """Shape of a picture, names of the classes, ways to lie, and the option that says the split."""

    shape: tuple[int, ...]
    classes: Sequence[str]
    layouts: list[Layout]
    option: str = "train"


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Name the file in the error of whatever cannot make sense of it.

    Raises:
        InputError: instead of the reader's own error.
    """
    try:
        yield
    except Exception as error:  # each reader raises its own
        message = f"{path} cannot be read: {error or type(error).__name__}"
        hint = "it may be damaged, incomplete or of another format"
        raise InputError(message, code="unreadable_data", hint=hint) from error


def _idx(name: str, raw: bytes) -> Parts:
    """Bytes in three dimensions or one, or QMNIST's table of int32 with labels first."""
    if raw[:2] != b"\0\0" or raw[2:4] not in (b"\x08\1", b"\x08\3", b"\x0c\2"):
        raise ValueError(f"an idx file does not begin with {raw[:4].hex(' ') or 'nothing'}")
    start, kind = 4 + 4 * raw[3], np.dtype("u1" if raw[2] == 8 else ">i4")
    shape = np.frombuffer(raw[:start], ">u4", offset=4).tolist()
    due = start + kind.itemsize * int(np.prod(shape, dtype=object))
    if len(raw) != due:
        raise ValueError(f"{due} bytes are due for the shape {shape}, and there are {len(raw)}")
    values = np.frombuffer(raw, kind, offset=start).reshape(shape)
    return (values, None) if raw[3] == 3 else (None, values if raw[3] == 1 else values[:, 0])


def _cifar(name: str, raw: bytes) -> Parts:
    if name.endswith(".bin"):  # in CIFAR100's the coarse label comes first
        extra = 1 if "batch" in name else 2
        rows = np.frombuffer(raw, np.uint8).reshape(-1, extra + 3072)
        pixels, labels = rows[:, extra:], rows[:, extra - 1]
    else:
        batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in unpickled(raw).items()}
        _, shape, dtype, fortran, data = batch["data"].state
        if dtype.args[0] not in ("u1", "uint8") or fortran:
            raise ValueError("its pictures are no rows of bytes")
        data = data.encode("latin-1") if isinstance(data, str) else data
        pixels = np.frombuffer(data, np.uint8).reshape(shape)
        labels = np.array(batch["labels" if "labels" in batch else "fine_labels"])
    return np.ascontiguousarray(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels


def _stl10(name: str, raw: bytes) -> Parts:
    values = np.frombuffer(raw, np.uint8)
    if "_y" in name:
        return None, values.astype(np.int64) - 1
    return np.ascontiguousarray(values.reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)), None


def _svhn(name: str, raw: bytes) -> Parts:
    from scipy.io import loadmat

    held = loadmat(io.BytesIO(raw))
    pictures = held["X"].astype(np.uint8).transpose(3, 0, 1, 2)
    return np.ascontiguousarray(pictures), held["y"].reshape(-1) % 10


def _usps(name: str, raw: bytes) -> Parts:
    """Lines of a label from 1, and of 256 values from -1 to 1 with their numbers."""
    rows = [line.split() for line in bz2.decompress(raw).decode("ascii").splitlines()]
    values = np.array([[float(cell.split(":")[1]) for cell in row[1:]] for row in rows])
    pictures = ((values.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
    return pictures, np.array([int(row[0]) - 1 for row in rows])


def _layout(parse: Any, folder: str, archive: str, train: str, test: str, **more: str) -> Layout:
    return Layout(parse, folder, {"train": train, "test": test, **more}, archive)


def _mnist(folder: str, classes: Sequence[str], *parts: str, end: str = "idx1-ubyte") -> Kind:
    files = [f"{part}-images-idx3-ubyte {part}-labels-{end}" for part in parts]
    return Kind((28, 28), classes, [_layout(_idx, f"{folder}/raw", "", *files)])


_ABC = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_MERGED = f"{_DIGITS}{_ABC.upper()}abdefghnqrt"
_EMNIST: dict[str, Sequence[str]] = {
    "byclass": f"{_DIGITS}{_ABC.upper()}{_ABC}",
    "bymerge": _MERGED,
    "balanced": _MERGED,
}
_EMNIST |= {"letters": ["N/A", *_ABC], "digits": _DIGITS, "mnist": _DIGITS}
_WORDS = "zero,one,two,three,four,five,six,seven,eight,nine"
_NUMBERS = [f"{number} - {word}" for number, word in enumerate(_WORDS.split(","))]
_SYLLABLES = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_THINGS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
_OTHERS = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
_BATCHES = "data_batch_1{0} data_batch_2{0} data_batch_3{0} data_batch_4{0} data_batch_5{0}"
_PYTHON, _BINARY = _BATCHES.format(""), _BATCHES.format(".bin")
_CIFAR10 = [
    _layout(_cifar, "cifar-10-batches-py", "cifar-10-python", _PYTHON, "test_batch"),
    _layout(_cifar, "cifar-10-batches-bin", "cifar-10-binary", _BINARY, "test_batch.bin"),
]
_CIFAR100 = [
    _layout(_cifar, "cifar-100-python", "cifar-100-python", "train", "test"),
    _layout(_cifar, "cifar-100-binary", "cifar-100-binary", "train.bin", "test.bin"),
]
_STL10 = {part: f"{part}_X.bin {part}_y.bin" for part in ("train", "test")}
_STL10 |= {"unlabeled": "unlabeled_X.bin", "archive": "stl10_binary"}
_SVHN = {part: f"{part}_32x32.mat" for part in ("train", "test", "extra")}

SETS = {
    "MNIST": _mnist("MNIST", _NUMBERS, "train", "t10k"),
    "FashionMNIST": _mnist("FashionMNIST", _CLOTHES.split(","), "train", "t10k"),
    "KMNIST": _mnist("KMNIST", _SYLLABLES, "train", "t10k"),
    "QMNIST": _mnist("QMNIST", _NUMBERS, "qmnist-train", "qmnist-test", end="idx2-int"),
    **{
        f"EMNIST {name}": _mnist("EMNIST", names, f"emnist-{name}-train", f"emnist-{name}-test")
        for name, names in _EMNIST.items()
    },
    "CIFAR10": Kind((32, 32, 3), _THINGS.split(","), _CIFAR10),
    "CIFAR100": Kind((32, 32, 3), [*map(str, range(100))], _CIFAR100),
    "STL10": Kind((96, 96, 3), _OTHERS, [_layout(_stl10, "stl10_binary", **_STL10)], "split"),
    "SVHN": Kind((32, 32, 3), _DIGITS, [_layout(_svhn, "", "", **_SVHN)], "split"),
    "USPS": Kind((16, 16), _DIGITS, [_layout(_usps, "", "", "usps.bz2", "usps.t.bz2")]),
}
