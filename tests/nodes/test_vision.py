from __future__ import annotations

import bz2
import gzip
import io
import pickle
import shutil
import struct
import tarfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import torch
from graphrun_nodes.transforms import resize, to_tensor
from graphrun_nodes.vision import dataset, dataset_len, dataset_loader, image_folder, windows
from PIL import Image
from recording import Recorder

import graphrun
from graphrun.catalog.running import Alias
from graphrun.errors import InputError, MissingResource
from graphrun.sources.picture_sets import find_set
from graphrun.sources.pictures import SETS

RANDOM = np.random.default_rng(11)
CIFAR10 = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"]


@pytest.fixture(autouse=True)
def _in(call: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, and no caches of earlier downloads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


def random(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(path: str | Path, raw: bytes) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def write_mnist(folder: str | Path, part: str = "train", count: int = 5, end: str = "") -> Any:
    pictures, labels = random(count, 28, 28), RANDOM.integers(0, 10, count).astype(np.uint8)
    pack: Callable[[bytes], bytes] = gzip.compress if end else bytes
    write(Path(folder, f"{part}-images-idx3-ubyte{end}"), pack(idx(pictures)))
    write(Path(folder, f"{part}-labels-idx1-ubyte{end}"), pack(idx(labels)))
    return pictures, labels.tolist()


def same(found: Any, pictures: np.ndarray, labels: list[int], mode: str = "RGB") -> None:
    """All items are those, as Pillow's pictures and ints."""
    assert dataset_len(found) == len(labels)
    items = list(found)
    assert [label for _, label in items] == labels
    assert {type(label) for _, label in items} == {int}
    assert {picture.mode for picture, _ in items} == {mode}
    assert np.array_equal(np.stack([np.asarray(picture) for picture, _ in items]), pictures)


# MNIST and its kin


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_idx_files(name: str, end: str, call: Recorder) -> None:
    train = write_mnist(f"data/{name}/raw", "train", 5, end)
    test = write_mnist(f"data/{name}/raw", "t10k", 3, end)
    found = dataset(name, root="data")
    same(found, *train, mode="L")
    same(dataset(name, root="data", parameters="{'train': False}"), *test, mode="L")
    same(dataset(name, root="data", parameters='{"train": false}'), *test, mode="L")
    same(dataset(name, False, "data", parameters=None), *train, mode="L")
    assert len(found.classes) == 10
    assert found.class_to_idx[found.classes[7]] == 7
    assert call.notices == []


def test_a_file_beside_its_packed_version_is_taken_once() -> None:
    write_mnist("MNIST/raw", end=".gz")
    made = write_mnist("MNIST/raw")
    same(dataset("MNIST"), *made, mode="L")


def test_names_of_classes() -> None:
    assert SETS["MNIST"].classes[3] == "3 - three"
    assert SETS["FashionMNIST"].classes[9] == "Ankle boot"
    assert SETS["CIFAR10"].classes[5] == "dog"
    sizes = {key.split()[1]: len(one.classes) for key, one in SETS.items() if "EMNIST" in key}
    assert sizes == {
        "byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10
    }  # fmt: skip


def test_qmnist_has_the_digit_in_the_first_of_eight_columns() -> None:
    pictures, labels = random(4, 28, 28), RANDOM.integers(0, 10, (4, 8)).astype(np.int32)
    write("QMNIST/raw/qmnist-test-images-idx3-ubyte", idx(pictures))
    write("QMNIST/raw/qmnist-test-labels-idx2-int", idx(labels))
    same(dataset("QMNIST", parameters="{'train': False}"), pictures, labels[:, 0].tolist(), "L")


def test_emnist_needs_a_split() -> None:
    train = write_mnist("EMNIST/raw", "emnist-letters-train")
    test = write_mnist("EMNIST/raw", "emnist-letters-test")
    same(dataset("EMNIST", parameters="{'split': 'letters'}"), *train, mode="L")
    found = dataset("EMNIST", parameters="{'split': 'letters', 'train': False}")
    same(found, *test, mode="L")
    assert found.classes[1] == "a"
    for parameters in ("", "{'split': 'letter'}"):
        with pytest.raises(InputError, match="EMNIST balanced") as caught:
            dataset("EMNIST", parameters=parameters)
        assert (caught.value.input, caught.value.code) == ("parameters", "value_not_in_list")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda raw: raw[:-1],
            "3936 bytes are due for the shape \\[5, 28, 28\\], and there are 3935",
        ),
        (lambda raw: raw + b"\0", "there are 3937"),
        (lambda raw: b"\x89PNG" + raw[4:], "89 50 4e 47"),
        (lambda raw: b"", "nothing"),
        (lambda raw: raw[:7], "cannot be read"),
        (lambda raw: raw[:4] + b"\xff" * 12, "due for the shape"),
        (lambda raw: gzip.compress(raw)[:-20], "cannot be read"),
        (lambda raw: b"\x1f\x8b" + raw, "cannot be read"),
    ],
)
def test_damaged_idx_files(spoil: Callable[[bytes], bytes], message: str) -> None:
    write_mnist("MNIST/raw")
    path = Path("MNIST/raw/train-images-idx3-ubyte")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        dataset("MNIST")
    assert caught.value.code == "unreadable_data"
    assert str(path) in str(caught.value)
    assert "damaged" in str(caught.value.hint)


def test_labels_for_other_pictures() -> None:
    write_mnist("MNIST/raw", count=5)
    write("MNIST/raw/train-labels-idx1-ubyte", idx(random(4)))
    with pytest.raises(InputError, match="5 pictures and 4 labels"):
        dataset("MNIST")


# CIFAR


def python2_batch(pixels: np.ndarray, labels: list[int], key: str = "labels") -> bytes:
    """A batch as Python 2 and numpy wrote it: byte strings, and a memo of everything."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value + b"q\x01"

    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85q\x04"
    array += text(b"b") + b"\x87q\x05Rq\x06(K\x01"
    array += b"M" + struct.pack("<H", len(pixels)) + b"M\x00\x0c\x86q\x07"
    array += b"cnumpy\ndtype\nq\x08" + text(b"u1") + b"K\x00K\x01\x87q\x09Rq\x0a"
    array += b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0bb\x89"
    array += b"T" + struct.pack("<I", pixels.size) + pixels.tobytes() + b"r\x0c\x01\x00\x00tb"
    listed = b"]q\x0d(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    start = b"\x80\x02}q\x00(" + text(b"batch_label") + text(b"training batch 1 of 5")
    return start + text(key.encode()) + listed + text(b"data") + array + b"u."


def rows(count: int) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Rows of a batch, the pictures they are, and labels."""
    pictures = random(count, 32, 32, 3)
    flat = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2).reshape(count, -1))
    return flat, pictures, RANDOM.integers(0, 10, count).tolist()


def python3_batch(protocol: int) -> Callable[..., bytes]:
    def pack(pixels: np.ndarray, labels: list[int], key: str = "labels") -> bytes:
        return pickle.dumps({b"data": pixels, key.encode(): labels, "n": (1.5, None)}, protocol)

    return pack


PACKS = [python2_batch, *map(python3_batch, range(2, 5))]


def test_the_python_2_batch_of_the_tests_is_a_real_one() -> None:
    flat, _, labels = rows(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of the dtype's align=0
        batch = pickle.loads(python2_batch(flat, labels), encoding="bytes")
    assert np.array_equal(batch[b"data"], flat)
    assert batch[b"labels"] == labels


@pytest.mark.parametrize("pack", PACKS)
def test_cifar10_batches_in_python(pack: Callable[..., bytes]) -> None:
    made = [rows(count) for count in (2, 3, 1, 1, 4)]
    for name, (flat, _, labels) in zip(CIFAR10, made, strict=True):
        write(f"data/cifar-10-batches-py/{name}", pack(flat, labels))
    flat, pictures, labels = rows(2)
    write("data/cifar-10-batches-py/test_batch", pack(flat, labels))
    whole = np.concatenate([pictures for _, pictures, _ in made])
    same(dataset("CIFAR10", root="data"), whole, [n for _, _, many in made for n in many])
    same(dataset("CIFAR10", root="data", parameters="{'train': False}"), pictures, labels)


def test_cifar100_has_fine_labels() -> None:
    flat, pictures, labels = rows(3)
    write("cifar-100-python/train", python2_batch(flat, labels, "fine_labels"))
    same(dataset("CIFAR100"), pictures, labels)
    write("bin/cifar-100-binary/test.bin", b"".join(
        bytes([9, label]) + row.tobytes() for label, row in zip(labels, flat, strict=True)
    ))  # fmt: skip
    same(dataset("CIFAR100", root="bin", parameters="{'train': False}"), pictures, labels)


def test_cifar10_batches_in_binary() -> None:
    flat, pictures, labels = rows(3)
    raw = b"".join(bytes([n]) + row.tobytes() for n, row in zip(labels, flat, strict=True))
    for name in CIFAR10:
        write(f"cifar-10-batches-bin/{name}.bin", raw)
    same(dataset("CIFAR10"), np.concatenate([pictures] * 5), labels * 5)
    write("cifar-10-batches-bin/data_batch_3.bin", raw[:-1])
    with pytest.raises(InputError, match=r"data_batch_3\.bin cannot be read"):
        dataset("CIFAR10")


@pytest.mark.parametrize("packed", ["cifar-10-python.tar.gz", "cifar-10-binary.tar.gz"])
def test_archives_are_read_as_they_are(packed: str) -> None:
    made = {name: rows(2) for name in CIFAR10}
    with tarfile.open(packed, "w:gz") as tar:
        for name in reversed(CIFAR10):
            flat, _, labels = made[name]
            raw = python2_batch(flat, labels)
            path = f"cifar-10-batches-py/{name}"
            if "binary" in packed:
                raw = b"".join(
                    bytes([n]) + row.tobytes() for n, row in zip(labels, flat, strict=True)
                )
                path = f"cifar-10-batches-bin/{name}.bin"
            entry = tarfile.TarInfo(path)
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))
    whole = np.concatenate([made[name][1] for name in CIFAR10])
    same(dataset("CIFAR10"), whole, [n for name in CIFAR10 for n in made[name][2]])
    assert [path.name for path in Path().iterdir()] == [packed]
    with pytest.raises(InputError, match="test_batch"):
        dataset("CIFAR10", parameters="{'train': False}")
    whole = Path(packed).read_bytes()
    Path(packed).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=packed):
        dataset("CIFAR10")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("executed"),)


class Made:
    pass


BAD_PICKLES = [
    (pickle.dumps({"data": Evil(), "labels": []}, 2), "it calls"),
    (pickle.dumps({"data": Evil(), "labels": []}, 4), "it calls"),
    (b"cposix\nsystem\n(S'touch executed'\ntR.", "calls posix.system"),
    (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "calls builtins.eval"),
    (b"cnumpy\nndarray.x\n.", "calls numpy.ndarray.x"),
    (b"(S'touch executed'\niposix\nsystem\n.", "uses INST"),
    (b"(cnumpy\nndarray\no.", "uses OBJ"),
    (b"\x80\x02cnumpy\nndarray\n)\x81.", "uses NEWOBJ"),
    (pickle.dumps(Made(), 2), "calls test_vision.Made"),
    (b"\x80\x02K\x01Q.", "uses BINPERSID"),
    (b"P1\n.", "uses PERSID"),
    (b"\x80\x02\x82\x01.", "uses EXT1"),
    (python2_batch(*rows(1)[::2]).replace(b"u1", b"i2"), "no rows of bytes"),
    (python2_batch(*rows(2)[::2]).replace(b"M\x02\x00M", b"M\x03\x00M"), "cannot reshape"),
    (python2_batch(*rows(2)[::2])[:-3000], "exhausted|expected"),
    (b"\x80\x02}q\x00.", "data"),
    (b"no pickle at all", ""),
    (b"", ""),
    (b"}(K\x01u.", ""),
    (b"\x80\x02R.", ""),
    (b"\x80\x02h\x07.", ""),
    (b"\x80\x02K\x01K\x02b.", ""),
    (b"(" * 9 + b"t" * 12 + b".", ""),
    (b"\x80\x04\x8c\x01a\x93.", ""),
    (b"\x80\x04K\x01K\x02\x93.", ""),
    (b"\x80\x02K\x01K\x02R.", ""),
    (pickle.dumps({"data": [1, 2], "labels": []}), ""),
    (pickle.dumps([1, 2]), ""),
]


@pytest.mark.parametrize(("raw", "message"), BAD_PICKLES)
def test_pickles_are_not_followed(raw: bytes, message: str) -> None:
    write("cifar-10-batches-py/test_batch", raw)
    with pytest.raises(InputError, match=f"test_batch cannot be read: .*({message})") as caught:
        dataset("CIFAR10", parameters="{'train': False}")
    assert caught.value.code == "unreadable_data"
    assert not Path("executed").exists()


# STL10, SVHN, USPS


def test_stl10_has_columns_and_labels_from_1() -> None:
    pictures, labels = random(2, 96, 96, 3), [3, 0]
    columns = pictures.transpose(0, 3, 2, 1).tobytes()
    for part in ("train", "test"):
        write(f"stl10_binary/{part}_X.bin", columns)
        write(f"stl10_binary/{part}_y.bin", bytes(label + 1 for label in labels))
    write("stl10_binary/unlabeled_X.bin", columns)
    same(dataset("STL10"), pictures, labels)
    same(dataset("STL10", parameters="{'split': 'test'}"), pictures, labels)
    same(dataset("STL10", parameters="{'split': 'unlabeled'}"), pictures, [-1, -1])


def test_svhn_has_matlab_files_with_10_for_nought() -> None:
    pictures = random(3, 32, 32, 3)
    held = {"X": pictures.transpose(1, 2, 3, 0), "y": np.uint8([[10], [1], [9]])}
    for part in ("train", "test", "extra"):
        scipy.io.savemat(f"{part}_32x32.mat", held, do_compression=True)
        same(dataset("SVHN", parameters=f"{{'split': {part!r}}}"), pictures, [0, 1, 9])
    version_7_3 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"
    for damaged in (Path("train_32x32.mat").read_bytes()[:200], version_7_3, b""):
        write("train_32x32.mat", damaged)
        with pytest.raises(InputError, match=r"train_32x32\.mat cannot be read"):
            dataset("SVHN")


def test_usps_has_lines_of_numbered_values() -> None:
    pictures = random(2, 16, 16)
    values = pictures.reshape(2, -1) / 255 * 2 - 1 + 1e-6
    lines = [
        f"{label} " + " ".join(f"{n}:{value:.7f}" for n, value in enumerate(row, 1))
        for label, row in zip((10, 1), values, strict=True)
    ]
    write("usps.bz2", bz2.compress("\n".join(lines).encode()))
    write("usps.t.bz2", b"BZh nothing")
    same(dataset("USPS"), pictures, [9, 0], "L")
    with pytest.raises(InputError, match=r"usps\.t\.bz2 cannot be read"):
        dataset("USPS", parameters="{'train': False}")


# Where sets are found


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "png")
    return file.getvalue()


def write_parquet(path: str, pictures: np.ndarray, labels: list[int], **names: str) -> None:
    cells = [{"bytes": png(array), "path": None} for array in pictures]
    columns = {names.get("image", "image"): cells, names.get("label", "label"): labels}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_parquet_files_below_the_root(call: Recorder) -> None:
    pictures, labels = random(3, 28, 28), [4, 0, 9]
    write_parquet("data/MNIST/train-00000-of-00001.parquet", pictures, labels)
    write_parquet("data/MNIST/test-00000-of-00001.parquet", pictures[:2], labels[:2])
    same(dataset("MNIST", root="data"), pictures, labels, "L")
    same(dataset("MNIST", root="data/MNIST"), pictures, labels, "L")
    same(
        dataset("MNIST", root="data", parameters="{'train': False}"), pictures[:2], labels[:2], "L"
    )
    assert set(call.codes) <= {"local_folder"}
    # The files that the set is distributed in come first.
    made = write_mnist("data/MNIST/raw")
    same(dataset("MNIST", root="data"), *made, mode="L")


def test_an_alias_for_parquet_files(call: Recorder) -> None:
    pictures, labels = random(3, 32, 32, 3), [40, 0, 99]
    write_parquet("copy/train.parquet", pictures, labels, image="img", label="fine_label")
    call.settings = replace(call.settings, aliases={"CIFAR100": Alias(Path("copy"))})
    same(dataset("CIFAR100"), pictures, labels)
    call.settings = replace(call.settings, aliases={"uoft-cs/cifar100": Alias(Path("copy"))})
    same(dataset("CIFAR100"), pictures, labels)
    write_parquet("other/train.parquet", pictures, labels, image="jpg", label="digit")
    call.settings = replace(
        call.settings, aliases={"CIFAR100": Alias(Path("other"), "jpg", "digit")}
    )
    same(dataset("CIFAR100"), pictures, labels)
    call.settings = replace(call.settings, aliases={"CIFAR100": Alias(Path("other"))})
    with pytest.raises(InputError, match="jpg, digit") as caught:
        dataset("CIFAR100")
    assert caught.value.code == "missing_column"


def test_features_tell_names_of_classes(tmp_path: Path) -> None:
    import datasets

    classes = [f"digit {n}" for n in range(10)]
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=classes)}
    )
    pictures = random(2, 28, 28)
    rows = {"image": [Image.fromarray(one) for one in pictures], "label": [1, 2]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet("data/MNIST/train.parquet")
    found = dataset("MNIST", root="data")
    same(found, pictures, [1, 2], "L")
    assert found.classes == classes


def test_a_copy_in_the_hubs_cache(call: Recorder) -> None:
    pictures, labels = random(3, 28, 28), [4, 0, 9]
    snapshot = "hf/hub/datasets--ylecun--mnist/snapshots/0a1b/mnist"
    write_parquet(f"{snapshot}/train-00000-of-00001.parquet", pictures, labels)
    same(dataset("MNIST", False), pictures, labels, "L")
    with pytest.raises(MissingResource, match="no split test"):
        dataset("MNIST", False, parameters="{'train': False}")


@pytest.mark.parametrize(
    ("cell", "label", "message"),
    [
        ({"bytes": b"no picture", "path": None}, 1, "row 0 of train cannot be read"),
        ({"bytes": None, "path": "a.png"}, 1, "row 0 of train cannot be read"),
        ({"bytes": png(random(28, 28))}, None, "train cannot be read"),
        ({"bytes": png(random(28, 28))}, "cat", "train cannot be read"),
    ],
)
def test_damaged_cells(cell: Any, label: Any, message: str) -> None:
    Path("MNIST").mkdir()
    pq.write_table(pa.table({"image": [cell], "label": [label]}), "MNIST/train.parquet")
    with pytest.raises(InputError, match=message):
        dataset("MNIST")


@pytest.mark.parametrize("root", ["~no-such-user/data", "x" * 300])
def test_impossible_roots(root: str) -> None:
    with pytest.raises(MissingResource, match="cannot be looked for"):
        dataset("MNIST", root=root)


@pytest.mark.parametrize("below", ["MNIST/raw", "raw", "."])
def test_an_alias_for_the_files_of_a_set(below: str, call: Recorder) -> None:
    write_mnist("MNIST/raw")
    made = write_mnist(Path("elsewhere", below))
    call.settings = replace(call.settings, aliases={"MNIST": Alias(Path("elsewhere"))})
    same(dataset("MNIST"), *made, mode="L")


def test_the_input_folder_and_aliases_of_folders(call: Recorder) -> None:
    made = write_mnist("in/sets/MNIST/raw")
    call.settings = replace(call.settings, inputs=Path("in"))
    same(dataset("MNIST", root="sets"), *made, mode="L")
    write_mnist("in/MNIST/raw")
    assert dataset_len(dataset("MNIST")) == 5
    call.settings = replace(call.settings, aliases={"/data": Alias(Path("in"))})
    same(dataset("MNIST", root="/data/sets"), *made, mode="L")


def test_files_of_another_set_are_not_taken() -> None:
    write_mnist("data/MNIST/raw")
    for root in ("data", "data/MNIST", "data/MNIST/raw"):
        with pytest.raises(MissingResource):
            dataset("FashionMNIST", root=root)


@pytest.mark.parametrize("name", ["CIFAR10", "STL10"])
@pytest.mark.parametrize("download", [True, False])
def test_a_set_that_is_nowhere(name: str, download: bool) -> None:
    with pytest.raises(MissingResource) as caught:
        dataset(name, download, "data")
    one = caught.value.diagnostics[0]
    folder = "cifar-10-batches-py" if name == "CIFAR10" else "stl10_binary"
    assert one.code == "missing_dataset"
    assert str(Path("data", folder).absolute()) in one.message
    for way in (
        f"data/{folder}\n",
        f"--alias {name}=DIR",
        "name ImageFolder and root=DIR",
        "--tiny",
    ):
        assert way in one.hint
    assert ("download" in one.hint) == (name == "CIFAR10")


@pytest.mark.parametrize("name", ["", "mnist", "resnet18", "EMNIST letters "])
def test_unknown_names(name: str) -> None:
    with pytest.raises(InputError, match="FashionMNIST") as caught:
        dataset(name)
    assert (caught.value.input, caught.value.code) == ("name", "value_not_in_list")


@pytest.mark.parametrize("text", ["{'train': 1}", "{'train': 'no'}", "{'train': None}"])
def test_options_of_the_wrong_kind(text: str) -> None:
    with pytest.raises(InputError, match="train of MNIST") as caught:
        dataset("MNIST", parameters=text)
    assert (caught.value.input, caught.value.code) == ("parameters", "invalid_parameters")


def test_a_split_that_is_not_there() -> None:
    with pytest.raises(InputError, match="'val': it has to be one of"):
        dataset("SVHN", parameters="{'split': 'val'}")
    with pytest.raises(InputError, match="not a dict"):
        dataset("SVHN", parameters="split=test")


def test_unknown_options_are_named(call: Recorder) -> None:
    write_mnist("MNIST/raw")
    dataset("MNIST", parameters="{'trian': False, 'train': True}")
    assert call.codes == ["unknown_option"]
    assert "trian" in call.notices[0]["message"]
    assert "train" in call.notices[0]["hint"]


# Folders of pictures


def write_folder(root: str = "root") -> None:
    for name, colour in (("dog/1.png", 1), ("cat/b/0.JPG", 2), ("cat/9.png", 3), ("cat/a.txt", 0)):
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.write_text("no picture")
        else:
            Image.new("RGB" if colour == 2 else "L", (4, 3), colour).save(path)


def test_folders_are_classes(call: Recorder) -> None:
    write_folder()
    found = image_folder("root")
    assert found.classes == ["cat", "dog"]
    assert found.class_to_idx == {"cat": 0, "dog": 1}
    items = list(found)
    assert [label for _, label in items] == [0, 0, 1]
    assert {picture.mode for picture, _ in items} == {"RGB"}
    assert items[0][0].getpixel((0, 0)) == (3, 3, 3)
    assert image_folder("root", transform=resize(2, 5))[2][0].shape == (3, 2, 5)
    shown = dataset("ImageFolder", root="root", transform=to_tensor(), parameters="{'train': 1}")
    assert len(shown) == 3
    assert call.codes == ["unknown_option"]


def test_folders_are_walked_as_torchvision_does() -> None:
    """Sorted by folder and by name; links are followed, and no folder is a picture."""
    names = ["b.png", "a.JPG", "sub/c.bmp", "sub-x/d.png", "Sub/e.webp", "dir.png/f.gif.ppm"]
    for name in names:
        path = Path("root/cat", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path)
    Path("root/cat/z").symlink_to(Path("root/cat/sub").absolute())
    Path("root/dog").symlink_to(Path("root/cat").absolute())
    found = image_folder("root")
    walked = ["a.JPG", "b.png", "Sub/e.webp", "dir.png/f.gif.ppm", "sub/c.bmp", "sub-x/d.png"]
    walked.append("z/c.bmp")
    assert [str(p) for p in found.pictures] == [
        f"root/{name}/{p}" for name in found.classes for p in walked
    ]
    assert [label for _, label in found] == [0] * 7 + [1] * 7


def test_the_next_run_of_a_session_sees_what_was_added() -> None:
    write_folder()
    prompt = {
        "1": {"class_type": "PtvImageFolderDataset", "inputs": {"root": "root"}},
        "2": {"class_type": "PtvDatasetLen", "inputs": {"dataset": ["1", 0]}},
    }
    session = graphrun.Session()
    before = session.run(prompt, targets=["2"]).outputs["2"]
    Image.new("RGB", (2, 2)).save("root/cat/new.png")
    assert (before[0], session.run(prompt, targets=["2"]).outputs["2"][0]) == ([3], [4])


def test_bad_folders(call: Recorder) -> None:
    with pytest.raises(MissingResource, match="does not exist"):
        image_folder("root")
    Path("root").mkdir()
    with pytest.raises(InputError, match="it has none") as caught:
        image_folder("root")
    assert (caught.value.input, caught.value.code) == ("root", "no_pictures")
    write_folder()
    Path("root/bird").mkdir()
    with pytest.raises(InputError, match="no pictures in bird"):
        image_folder("root")
    shutil.rmtree("root/bird")
    shutil.rmtree("root/dog")
    image_folder("root")
    assert call.codes == ["one_class"]


@pytest.mark.parametrize("cut", [0, 30, 45])
def test_a_picture_that_cannot_be_read(cut: int) -> None:
    write_folder()
    path = Path("root/dog/1.png")
    path.write_bytes(path.read_bytes()[:cut])
    found = image_folder("root")
    with pytest.raises(InputError, match=r"1\.png cannot be read"):
        found[2]


# Windows of a tensor


@pytest.mark.parametrize("features", [None, 1, 3])
def test_windows(features: int | None) -> None:
    tens = torch.arange(10.0) if features is None else torch.randn(10, features)
    found = windows(tens, 4)
    assert dataset_len(found) == 5
    whole = tens.reshape(10, -1)
    for index, (x, y) in enumerate(found):
        assert torch.equal(x, whole[index : index + 4])
        assert torch.equal(y, whole[index + 1 : index + 5])
    assert index == 4
    assert torch.equal(found[-1][0], found[4][0])
    for outside in (5, 100, -6):
        with pytest.raises(IndexError):
            found[outside]


@pytest.mark.parametrize(("rows", "length"), [(4, 0), (5, 0), (6, 1), (0, 0)])
def test_windows_of_short_tensors(rows: int, length: int, call: Recorder) -> None:
    assert dataset_len(windows(torch.zeros(rows, 2), 4)) == length
    assert call.codes == ["empty_dataset"] * (length == 0)


def test_a_number_has_no_windows() -> None:
    with pytest.raises(InputError, match=r"shape \(\)"):
        windows(torch.tensor(1.0))


# The loader


def test_batches_are_tensors() -> None:
    pictures, labels = write_mnist("data/MNIST/raw")
    loader = dataset_loader("MNIST", root="data", batch_size=3, load_parameters="")
    batches = list(loader)
    assert [x.shape for x, _ in batches] == [(3, 1, 28, 28), (2, 1, 28, 28)]
    assert torch.equal(torch.cat([x for x, _ in batches])[:, 0], torch.from_numpy(pictures) / 255)
    assert torch.cat([y for _, y in batches]).tolist() == labels
    assert loader.num_workers == 0


def test_the_malformed_default_is_one_worker(call: Recorder) -> None:
    write_mnist("MNIST/raw")
    loader = dataset_loader("MNIST", batch_size=2)
    assert loader.num_workers == 1
    assert sum(len(y) for _, y in loader) == 5
    assert call.notices == []
    with pytest.raises(InputError) as caught:
        dataset_loader("MNIST", batch_size=2, load_parameters='{"num_workers:2}')
    assert (caught.value.input, caught.value.code) == ("load_parameters", "invalid_parameters")


def test_workers_can_be_sent_data_sets() -> None:
    pictures, labels = write_mnist("MNIST/raw")
    same(pickle.loads(pickle.dumps(dataset("MNIST"))), pictures, labels, "L")
    write_folder()
    found = pickle.loads(pickle.dumps(image_folder("root", transform=resize(2, 2))))
    assert [label for _, label in found] == [0, 0, 1]


def test_shuffled_batches_and_blank_texts() -> None:
    write_mnist("MNIST/raw", count=50)
    torch.manual_seed(0)
    blank = {"dataset_parameters": " ", "load_parameters": None}
    loader = dataset_loader("MNIST", batch_size=50, shuffle=True, **blank)
    (first, _), (second, _) = next(iter(loader)), next(iter(loader))
    assert not torch.equal(first, second)


def test_the_loaders_parameters_have_their_own_names() -> None:
    with pytest.raises(InputError, match="split of SVHN") as caught:
        dataset_loader("SVHN", dataset_parameters="{'split': 1}")
    assert caught.value.input == "dataset_parameters"


def test_the_default_for_a_set_with_splits(call: Recorder) -> None:
    held = {"X": random(32, 32, 3, 2), "y": np.uint8([[1], [2]])}
    scipy.io.savemat("train_32x32.mat", held)
    assert len(dataset_loader("SVHN", load_parameters="").dataset) == 2
    assert call.codes == ["unknown_option"]
    assert call.notices[0]["input"] == "dataset_parameters"


# Stand-ins


@pytest.fixture
def tiny(call: Recorder) -> Recorder:
    call.settings = replace(call.settings, tiny=True)
    return call


@pytest.mark.parametrize("key", SETS)
def test_stand_ins_look_like_the_set(key: str, tiny: Recorder) -> None:
    kind, (name, *split) = SETS[key], key.split()
    options = {"split": split[0]} if split else {}
    train = dataset(name, parameters=str(options))
    other = {"split": "test"} if kind.option == "split" else {"train": False}
    test = dataset(name, parameters=str(options | other))
    assert len(train) >= 50
    assert len(train) == pytest.approx(4 * len(test), abs=4)
    picture = train[0][0]
    assert picture.size == kind.shape[1::-1]
    assert picture.mode == ("RGB" if kind.shape[2:] else "L")
    assert {label for _, label in train} == {*range(len(kind.classes))}
    again = dataset(name, parameters=str(options))
    assert again[7][1] == train[7][1]
    assert again[7][0].tobytes() == train[7][0].tobytes()
    assert {picture.tobytes() for picture, _ in train}.isdisjoint(p.tobytes() for p, _ in test)
    assert set(tiny.codes) == {"stand_in"}


def test_stand_ins_of_folders(tiny: Recorder) -> None:
    train, val = image_folder("/data/pets/train/"), image_folder("/data/pets/val/")
    assert train.classes == val.classes == ["a", "b"]
    assert len(train) == 4 * len(val)
    assert train[0][0].size == (96, 96)
    assert "/data/pets/val/" in tiny.notices[1]["message"]


def test_what_is_there_is_not_stood_in_for(tiny: Recorder) -> None:
    made = write_mnist("MNIST/raw")
    same(dataset("MNIST"), *made, mode="L")
    write_folder()
    assert image_folder("root").classes == ["cat", "dog"]


@pytest.mark.parametrize(
    ("name", "epochs", "least"), [("FashionMNIST", 2, 0.5), ("CIFAR10", 2, 0.5), ("MNIST", 6, 0.95)]
)
def test_stand_ins_can_be_learned(name: str, epochs: int, least: float, tiny: Recorder) -> None:
    torch.manual_seed(0)
    channels = 3 if name == "CIFAR10" else 1
    model = torch.nn.Sequential(
        torch.nn.Conv2d(channels, 16, 5, 2), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2),
        torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(512, 10)
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = dataset_loader(name, batch_size=32, shuffle=True, load_parameters="")
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    test = dataset(name, transform=to_tensor(), parameters="{'train': False}")
    x, y = next(iter(torch.utils.data.DataLoader(test, 999)))
    assert (model(x).argmax(1) == y).float().mean() > least


def counted(kind: str, **inputs: Any) -> dict[str, Any]:
    """A prompt that makes a set, with its root from another node, and trains on it."""
    data = {"class_type": kind, "inputs": {"download": False, "root": ["root", 0], **inputs}}
    linear = {"in_features": 1, "out_features": 1, "bias": True}
    evaluated = {"model": ["model", 0], "data_loader": ["data", 0], "use_gpu": False}
    last = {"class_type": "PtEvaluateClassificationModel", "inputs": evaluated}
    if kind == "PtvDataset":
        last = {"class_type": "PtvDatasetLen", "inputs": {"dataset": ["data", 0]}}
    return {
        "root": {"class_type": "CDAStringCreate", "inputs": {"data": "data"}},
        "data": data,
        "model": {"class_type": "PtnLinear", "inputs": linear},
        "last": last,
        "show": {
            "class_type": "CDAShowInt",
            "inputs": {"int_scalar": ["last", 0 if kind == "PtvDataset" else 4]},
        },
    }


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("PtvDataset", {"name": "MNIST", "parameters": "{'train': False}"}),
        ("PtvDataset", {"name": "ImageFolder"}),
        (
            "PtvDatasetLoader",
            {"name": "MNIST", "batch_size": 1, "shuffle": False, "load_parameters": ""}
            | {"dataset_parameters": "{'train': False}"},
        ),
    ],
)
def test_a_set_is_looked_for_before_anything_runs(kind: str, inputs: dict[str, Any]) -> None:
    if inputs["name"] == "MNIST":
        write_mnist("data/MNIST/raw")  # without the test pictures
    with pytest.raises(MissingResource) as caught:
        graphrun.run(counted(kind, **inputs))
    (one,) = caught.value.diagnostics
    assert (one.node_id, one.input) == ("data", "name")
    assert not Path("runs").exists()


def test_a_set_that_is_there_is_found(call: Recorder) -> None:
    write_mnist("data/MNIST/raw", "t10k", 3)
    options = "{'train': False}"
    done = graphrun.run(counted("PtvDataset", name="MNIST", parameters=options))
    assert done.status == "success"
    find_set("MNIST", root="data", parameters=options)
    with pytest.raises(MissingResource):
        find_set("MNIST", root="data")
    # What no set can be, or is known only in the run, is for the node to say.
    for name, root, text in (("MNIST", "x", "{"), ("mnist", "x", ""), ("MNIST", None, "")):
        find_set(name, root=root, parameters=text)


def test_the_nearest_name_is_offered() -> None:
    for name, near in {"fashonmnist": "FashionMNIST", "Cifar-10": "CIFAR10"}.items():
        with pytest.raises(InputError, match=f"did you mean {near}") as caught:
            dataset(name)
        assert caught.value.hint is None
