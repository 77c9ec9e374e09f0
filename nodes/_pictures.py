"""Well-known sets of labelled pictures, in the formats they are distributed in.

A file is parsed to pictures (n, height, width[, 3]), labels (n,), or both.
"""

from __future__ import annotations

import bz2
import gzip
import io
import string
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from graphrun.node import InputError

from ._unpickled import unpickled

Array = np.ndarray
Parts = tuple[Array | None, Array | None]
_BAD = (OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError)
_BAD = (*_BAD, MemoryError, zlib.error, tarfile.TarError, Image.DecompressionBombError)


class Layout(NamedTuple):
    """Where files lie below a root, by split and separated by blanks, and how one is parsed.

    Each may end in .gz as well. `archive` is a tar file of the folder.
    """

    parse: Callable[[str, bytes], Parts]
    folder: str
    files: dict[str, str]
    archive: str = ""

    def find(self, root: Path, split: str, *, bare: bool) -> list[tuple[Path, str]] | None:
        """The files of a split, or the archive and its members; None if they are not there.

        With `bare`, the root itself may be the folder.
        """
        names = self.files[split].split()
        for folder in (root / self.folder, *((root / "raw", root) if bare else ())):
            either = [(folder / name, folder / f"{name}.gz") for name in names]
            found = [(path, "") for pair in either for path in pair if path.is_file()]
            if len({path.name.removesuffix(".gz") for path, _ in found}) == len(names):
                return found
        archive = root / self.archive
        return [(archive, f"{self.folder}/{name}") for name in names] * archive.is_file() or None

    def read(self, files: list[tuple[Path, str]]) -> tuple[Array, Array]:
        """Pictures and labels of all files together, -1 where there are no labels.

        Raises:
            InputError: a file is damaged or of another format, or there are not as many labels.
        """
        pictures, labels = [], []
        for path, raw in _contents(files):
            with reading(path):
                some, their = self.parse(path.name.removesuffix(".gz"), raw)
            pictures += [] if some is None else [some]
            labels += [] if their is None else [np.asarray(their, np.int64)]
        count = sum(map(len, pictures))
        numbers = np.concatenate(labels) if labels else np.full(count, -1)
        if count != len(numbers):
            message = f"{files[0][0]}: {count} pictures and {len(numbers)} labels"
            raise InputError(message, code="unreadable_data")
        return pictures[0] if len(pictures) == 1 else np.concatenate(pictures), numbers


class Kind(NamedTuple):
    """A set: the shape of a picture, its classes, how it may lie, the option that says the split."""

    shape: tuple[int, ...]
    classes: Sequence[str]
    layouts: list[Layout]
    option: str = "train"


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Say of whatever a reader cannot make sense of which file it was.

    Raises:
        InputError: instead of the reader's own error.
    """
    try:
        yield
    except _BAD as error:
        message = f"{path} cannot be read: {error or type(error).__name__}"
        hint = "it may be damaged, incomplete or of another format"
        raise InputError(message, code="unreadable_data", hint=hint) from error


def _contents(files: list[tuple[Path, str]]) -> Iterable[tuple[Path, bytes]]:
    """What files hold. An archive is read once, from front to back."""
    archive, member = files[0]
    found: dict[str, bytes] = {}
    if member:
        with reading(archive), tarfile.open(archive) as tar:
            for entry in tar:
                name = entry.name.removeprefix("./")
                if entry.isfile() and (archive, name) in files:
                    found[name] = tar.extractfile(entry).read()  # type: ignore[union-attr]
    for path, name in files:
        with reading(path / name):
            raw = found[name] if name else path.read_bytes()
            raw = gzip.decompress(raw) if path.suffix == ".gz" and not name else raw
        yield path / name, raw


def _idx(name: str, raw: bytes) -> Parts:
    """MNIST's format; QMNIST's labels are the first of several columns."""
    if raw[:2] != b"\0\0" or raw[2:4] not in (b"\x08\1", b"\x08\3", b"\x0c\2"):
        raise ValueError(f"an idx file does not begin with {raw[:4].hex(' ') or 'nothing'}")
    start = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[:start], ">u4", offset=4).tolist()
    due = start + int(np.prod(shape, dtype=object)) * (4 if raw[2] == 12 else 1)
    if len(raw) != due:
        raise ValueError(f"{due} bytes are due for the shape {shape}, and there are {len(raw)}")
    values = np.frombuffer(raw, ">i4" if raw[2] == 12 else "u1", offset=start).reshape(shape)
    return (values, None) if raw[3] == 3 else (None, values if raw[3] == 1 else values[:, 0])


def _cifar_pickle(name: str, raw: bytes) -> Parts:
    batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in unpickled(raw).items()}
    _, shape, dtype, fortran, pixels = batch["data"].state
    if dtype.args[0] not in ("u1", "uint8") or fortran:
        raise ValueError("its pictures are no rows of bytes")
    pixels = pixels.encode("latin-1") if isinstance(pixels, str) else pixels
    labels = np.array(batch["labels" if "labels" in batch else "fine_labels"])
    return _planes(np.frombuffer(pixels, np.uint8).reshape(shape)), labels


def _cifar_binary(name: str, raw: bytes) -> Parts:
    """In CIFAR100's the coarse label comes first."""
    extra = 2 if name in ("train.bin", "test.bin") else 1
    rows = np.frombuffer(raw, np.uint8).reshape(-1, extra + 3072)
    return _planes(rows[:, extra:]), rows[:, extra - 1]


def _planes(rows: Array) -> Array:
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _stl(name: str, raw: bytes) -> Parts:
    values = np.frombuffer(raw, np.uint8)
    if "_y" in name:
        return None, values.astype(np.int64) - 1
    columns = values.reshape(-1, 3, 96, 96)
    return np.ascontiguousarray(columns.transpose(0, 3, 2, 1)), None


def _svhn(name: str, raw: bytes) -> Parts:
    from scipy.io import loadmat

    held = loadmat(io.BytesIO(raw))
    pictures = held["X"].astype(np.uint8).transpose(3, 0, 1, 2)
    return np.ascontiguousarray(pictures), held["y"].reshape(-1) % 10


def _usps(name: str, raw: bytes) -> Parts:
    """Lines of libsvm: a label from 1 and 256 values of -1 to 1 with their numbers."""
    rows = [line.split() for line in bz2.decompress(raw).decode("ascii").splitlines()]
    values = np.array([[float(cell.split(":")[1]) for cell in row[1:]] for row in rows])
    pictures = ((values.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
    return pictures, np.array([int(row[0]) - 1 for row in rows])


def _mnist(
    folder: str, classes: Sequence[str], train: str = "train", test: str = "t10k", labels: str = ""
) -> Kind:
    names = "{0}-images-idx3-ubyte {0}-labels-" + (labels or "idx1-ubyte")
    files = {"train": names.format(train), "test": names.format(test)}
    return Kind((28, 28), classes, [Layout(_idx, f"{folder}/raw", files)])


def _cifar(classes: Sequence[str], folders: tuple[str, str], train: str, test: str) -> Kind:
    layouts = []
    for folder, parse, end in zip(
        folders, (_cifar_pickle, _cifar_binary), ("", ".bin"), strict=True
    ):
        files = {"train": train.replace("*", end), "test": test + end}
        packed = f"cifar-{len(classes)}-{'binary' if end else 'python'}.tar.gz"
        layouts.append(Layout(parse, folder, files, packed))
    return Kind((32, 32, 3), classes, layouts)


_DIGITS = "0 1 2 3 4 5 6 7 8 9".split()
_MORE = _DIGITS + [*string.ascii_uppercase]
_MERGED = [*_MORE, *"abdefghnqrt"]
_EMNIST = {"byclass": [*_MORE, *string.ascii_lowercase], "bymerge": _MERGED, "balanced": _MERGED}
_EMNIST |= {"letters": ["N/A", *string.ascii_lowercase], "digits": _DIGITS, "mnist": _DIGITS}
_NUMBERS = (
    "0 - zero,1 - one,2 - two,3 - three,4 - four,5 - five,6 - six,7 - seven,8 - eight,9 - nine"
)
_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_THINGS = "airplane automobile bird cat deer dog frog horse ship truck"
_BATCHES = "data_batch_1* data_batch_2* data_batch_3* data_batch_4* data_batch_5*"
_STL = {"train": "train_X.bin train_y.bin", "test": "test_X.bin test_y.bin"}
_STL |= {"unlabeled": "unlabeled_X.bin"}
_SVHN = {split: f"{split}_32x32.mat" for split in ("train", "test", "extra")}
_USPS = {"train": "usps.bz2", "test": "usps.t.bz2"}

SETS = {
    "MNIST": _mnist("MNIST", _NUMBERS.split(",")),
    "FashionMNIST": _mnist("FashionMNIST", _CLOTHES.split(",")),
    "KMNIST": _mnist("KMNIST", "o ki su tsu na ha ma ya re wo".split()),
    "QMNIST": _mnist("QMNIST", _NUMBERS.split(","), "qmnist-train", "qmnist-test", "idx2-int"),
    **{
        f"EMNIST {name}": _mnist("EMNIST", names, f"emnist-{name}-train", f"emnist-{name}-test")
        for name, names in _EMNIST.items()
    },
    "CIFAR10": _cifar(
        _THINGS.split(), ("cifar-10-batches-py", "cifar-10-batches-bin"), _BATCHES, "test_batch"
    ),
    "CIFAR100": _cifar(["?"] * 100, ("cifar-100-python", "cifar-100-binary"), "train*", "test"),
    "STL10": Kind(
        (96, 96, 3),
        "airplane bird car cat deer dog horse monkey ship truck".split(),
        [Layout(_stl, "stl10_binary", _STL, "stl10_binary.tar.gz")],
        "split",
    ),
    "SVHN": Kind((32, 32, 3), _DIGITS, [Layout(_svhn, "", _SVHN)], "split"),
    "USPS": Kind((16, 16), _DIGITS, [Layout(_usps, "", _USPS)]),
}
