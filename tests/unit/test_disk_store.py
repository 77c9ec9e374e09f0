"""The store on disk: exact, bounded, and not fooled by what happens to files and processes."""

import json
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import comfy_toys as toys
import numpy as np
import pandas as pd
import pytest
import torch
from comfy_toys import prompt
from disk_worker import LARGE, is_right, value
from hypothesis import given, settings
from hypothesis import strategies as st

import graphrun
from graphrun.cache import Stored
from graphrun.cache import folder as folders
from graphrun.cache.codecs import TENSORS
from graphrun.catalog.blocking import Blocker
from graphrun.comfy.pack import ForeignPack
from graphrun.sources import processes

WORKER = str(Path(__file__).parents[1] / "support/disk_worker.py")


@pytest.fixture
def store(tmp_path):
    return graphrun.DiskStore(tmp_path / "store")


def stored(*values):
    return Stored(tuple([[one] for one in values]), {})


def back(store, one):
    """A value after it was on disk, as another process reads it."""
    store.put("k", stored(one))
    assert store.why_not("k") is None
    return graphrun.DiskStore(store.path).get("k")[0][0][0]


def same(one, other):
    """Equal to the last type and bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, torch.Tensor):
        bits = [t.resolve_conj().contiguous().reshape(-1).view(torch.uint8) for t in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(*bits)
    if isinstance(one, np.ndarray | np.generic):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and (one.tobytes() == other.tobytes())
        )
    return one == other


def files(path, *parts):
    return sorted(p for p in path.joinpath("v2", *parts).rglob("*") if p.is_file())


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, WORKER, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Values

KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**80), max_value=10**80)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.text(st.characters(categories=["Cs", "L"]))
    | st.binary()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(KEYS, inner).map(OrderedDict)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_nested_values_come_back_exactly(one):
    with tempfile.TemporaryDirectory() as path:
        assert same(back(graphrun.DiskStore(path), one), one)


@pytest.mark.parametrize(
    "one",
    [
        math.inf,
        -0.0,
        struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0],
        10**6000,
        -(2**63),
        "\ud83d\ude00",
        {"tuple": 1},
        {1: "a", "1": "b"},
        Blocker("no"),
        Blocker(),
        torch.Size([2, 3]),
        np.float32(1.5),
        np.datetime64("2020-01-01"),
        np.str_(""),
        np.bytes_(b"a"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_odd_values_come_back_exactly(store, one):
    assert same(back(store, one), one)


@pytest.mark.parametrize("kind", TENSORS)
def test_tensors_of_every_kind(store, kind):
    numbers = torch.arange(48, dtype=torch.uint8).reshape(3, 16) % 2
    bits = numbers.view(getattr(torch, kind))
    found = back(store, [bits, bits[1], bits[:0], torch.tensor(1, dtype=torch.int8)])
    assert same(found, [bits, bits[1], bits[:0], torch.tensor(1, dtype=torch.int8)])


def test_tensors_of_every_shape(store):
    base = torch.arange(24.0).reshape(2, 3, 4)
    complex_ = torch.tensor([1 + 2j, 3 - 1j])
    some = [
        base.transpose(0, 2),
        base[:, ::2],
        base[0, 0].expand(5, 4),
        torch.tensor(3.5),
        torch.empty(0, 3),
        complex_.conj(),
        complex_.conj().imag,
        torch.zeros(1, 3, 4, 4).to(memory_format=torch.channels_last),
    ]
    found = back(store, some)
    assert all(map(torch.equal, found, some))
    assert all(one.is_contiguous() for one in found)


def test_one_tensor_twice_is_one_tensor(store):
    one = torch.ones(2)
    found = back(store, [one, {"a": one}])
    assert found[0] is found[1]["a"]


@pytest.mark.parametrize(
    "one",
    [
        np.arange(6).reshape(2, 3).T,
        np.arange(6, dtype=">i2")[::2],
        np.array(3.5),
        np.zeros((0, 3), "f2"),
        np.array(["a", "längst"]),
        np.array([b"a", b"bc"]),
        np.array(["2020-01-01"], "M8[ns]"),
        np.array([1 + 2j]),
        np.array([True, False]),
        np.zeros(2, [("a", "i4"), ("b", "f8", (2,))]),
    ],
    ids=lambda one: str(one.dtype),
)
def test_arrays_come_back_exactly(store, one):
    assert same(back(store, one), one)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, math.nan]}),
        pd.DataFrame({"a": np.array([1], "i1")}, index=["row"]),
        pd.DataFrame(
            {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 2), (2, 3)], names=["a", None])
        ),
        pd.DataFrame({"t": pd.date_range("2020", periods=3, tz="Europe/Berlin")}),
        pd.DataFrame({"i": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({0: [1.5]}, index=pd.RangeIndex(5, 8, 3, name="n")),
    ],
)
def test_tables_come_back_exactly(store, table):
    found = back(store, table)
    pd.testing.assert_frame_equal(found, table, check_exact=True, check_index_type="exact")
    found.iloc[0, 0] = found.iloc[-1, 0]


def with_attribute():
    one = torch.ones(2)
    one.note = 1
    return one


def circle():
    one = []
    one.append(one)
    return one


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch will have none of these some day
    QUANTIZED = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)


NOT_KEPT = {
    "object": object(),
    "set": {1},
    "named tuple": namedtuple("Pair", "a b")(1, 2),
    "gradient": torch.ones(2, requires_grad=True),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "attribute": with_attribute(),
    "sparse": torch.eye(2).to_sparse(),
    "quantized": QUANTIZED,
    "elsewhere": torch.ones(2, device="meta"),
    "module": torch.nn.Linear(1, 1),
    "state": torch.nn.Linear(1, 1).state_dict(),
    "array of objects": np.array([{}, 1], dtype=object),
    "kind with notes": np.zeros(1, np.dtype("i4", metadata={"a": 1})),
    "masked": np.ma.masked_array([1, 2], [True, False]),
    "mixed table": pd.DataFrame({"o": [1, 2.0, True]}, dtype=object),
    "table of lists": pd.DataFrame({"l": [[1], [2]]}),
    "twin columns": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "frequency": pd.DataFrame({"a": [1]}, index=pd.date_range("2020", periods=1, freq="D")),
    "circle": circle(),
}


@pytest.mark.parametrize("name", NOT_KEPT)
def test_what_would_not_come_back_exactly_is_not_kept(store, name):
    store.put("k", stored([1, {"a": NOT_KEPT[name]}]))
    assert store.get("k") is None
    assert store.why_not("k")
    assert files(store.path) == []
    store.put("k", stored(1))
    assert store.why_not("k") is None


def test_lists_slots_and_what_was_shown(store):
    outputs = ([1, 2], [], [torch.ones(2)])
    store.put("k", Stored(outputs, {"text": ["a"], "images": [{"filename": "x.png"}]}))
    found = store.get("k")
    assert same(found.outputs, outputs)
    assert found.ui == {"text": ["a"], "images": [{"filename": "x.png"}]}


def test_every_get_gives_new_objects(store):
    first = {"t": torch.zeros(3), "a": np.zeros(3), "l": [1], "d": pd.DataFrame({"c": [1, 2]})}
    store.put("k", stored(first))
    for _ in range(2):
        one = store.get("k")[0][0][0]
        assert (one["t"].sum(), one["a"].sum(), one["l"], list(one["d"].c)) == (0, 0, [1], [1, 2])
        one["t"] += 1
        one["a"] += 1
        one["l"].append(2)
        one["d"].loc[0, "c"] = 7


def test_a_change_after_put_is_not_in_it(store):
    one = torch.zeros(3)
    store.put("k", stored([one]))
    one += 1
    assert store.get("k")[0][0][0][0].sum() == 0


@pytest.mark.parametrize(
    "identity", ["../../../escape", "/absolute/path", "", "ä\ud800", "A" * 5000]
)
def test_an_identity_is_no_path(store, identity):
    store.put(identity, stored(5))
    assert store.get(identity) == stored(5)
    assert [one.identity for one in store] == [identity]
    assert all(path.stem.isalnum() for path in files(store.path, "action"))


def test_what_a_reader_has_stays_when_it_is_removed(store):
    store.put("k", stored(torch.arange(1_000_000)))
    found = store.get("k")[0][0][0]
    graphrun.DiskStore(store.path).clear()
    assert store.get("k") is None
    assert torch.equal(found, torch.arange(1_000_000))


def test_large_and_odd_parts_use_the_memory_of_their_file(store):
    """Files from which memory is mapped, and arrays that do not lie where their kind should."""
    some = [torch.randn(300, 300, dtype=torch.float64), torch.arange(7, dtype=torch.int8)]
    arrays = [np.arange(100_001, dtype="u1"), np.arange(100_000.0).reshape(100, -1).T]
    store.put("k", stored([some, arrays]))
    found, others = graphrun.DiskStore(store.path).get("k")[0][0][0]
    assert all(map(same, found, some))
    assert all(map(same, others, arrays))
    assert [one.flags.f_contiguous for one in others] == [True, True]
    assert all(one.flags.aligned and one.flags.writeable for one in others)
    for one in (*found, *others):
        one += 1
    assert same(store.get("k")[0][0][0], [some, arrays])


def test_files_are_what_their_names_say(store):
    """safetensors and NumPy read them too."""
    from safetensors.torch import load_file

    store.put("k", stored([torch.arange(5), torch.ones(2, dtype=torch.float16)], np.arange(3)))
    for path in files(store.path, "cas"):
        if path.read_bytes().startswith(b"\x93NUMPY"):
            assert same(np.load(path), np.arange(3))
        else:
            found = load_file(path)
            assert same(found["0"], torch.arange(5))
            assert same(found["1"], torch.ones(2, dtype=torch.float16))
    assert len(files(store.path, "cas")) == 2


# Damage


def cut(path):
    os.truncate(path, path.stat().st_size - 3)


def flip(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 2 // 3)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 4]))


def flip_unseen(path):
    """As a disk does it: the file's times stay."""
    times = path.stat()
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


DAMAGE = {
    "cut": cut,
    "flip": flip,
    "flip, unseen": flip_unseen,
    "emptied": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "foreign": lambda path: path.write_bytes(b"\x80\x04K\x01."),
    "foreign json": lambda path: path.write_text('{"version": 7}'),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("where", ["action", "cas"])
def test_a_damaged_result_is_dropped_and_made_again(store, damage, where):
    one = {"t": torch.arange(1000)}
    store.put("k", stored(one))
    DAMAGE[damage](files(store.path, where)[0])
    other = graphrun.DiskStore(store.path)
    assert other.get("k") is None
    assert files(store.path, "action") == []
    assert files(store.path, "cas") == [] or where == "action"
    assert other.get("k") is None
    other.put("k", stored(one))
    assert torch.equal(other.get("k")[0][0][0]["t"], one["t"])
    assert torch.equal(store.get("k")[0][0][0]["t"], one["t"])
    store.gc()
    assert len(files(store.path, "cas")) == 1


def test_a_file_that_changes_later_is_seen(store):
    store.put("k", stored(np.arange(1000)))
    assert store.get("k") is not None
    flip(files(store.path, "cas")[0])
    assert store.get("k") is None


def test_an_entry_under_another_name_is_not_served(store):
    store.put("a", stored(1))
    (path,) = files(store.path, "action")
    store.put("b", stored(2))
    (other,) = [p for p in files(store.path, "action") if p != path]
    path.replace(other)
    assert store.get("b") is None
    assert store.info().entries == 0


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {},
        {"identity": "k", "graphrun": "9", "blobs": [{}], "outputs": 1, "ui": 2},
        {"identity": "k", "graphrun": "9", "blobs": [], "outputs": {"new": 1}, "ui": {}},
        {"identity": "k", "graphrun": "9", "blobs": [], "outputs": {"tensor": 3}, "ui": {}},
        {
            "identity": "k",
            "graphrun": "9",
            "blobs": [{"codec": "npy", "digest": "../../etc/passwd", "size": 1}],
            "outputs": 1,
            "ui": {},
        },
    ],
)
def test_an_entry_of_another_form_is_dropped(store, entry):
    from hashlib import sha256

    store.put("k", stored(1))
    (path,) = files(store.path, "action")
    body = json.dumps(entry)
    digest = sha256(body.encode()).hexdigest()
    path.write_text(f'{{"sha256":"{digest}","entry":{body}}}\n')
    assert store.get("k") is None
    assert not path.exists()


# Sessions


class Ones(toys.Toy):
    """A tensor of ones."""

    RETURN_TYPES = ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"count": ("INT", {})}}

    def run(self, count):
        return ({"samples": torch.ones(count)},)


class Total(toys.Toy):
    """The sum of a tensor, which it spoils."""

    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"latent": ("LATENT", {})}}

    def run(self, latent):
        total = int(latent["samples"].sum())
        latent["samples"] += 1
        return {"ui": {"total": [total]}, "result": (total,)}


SUM = prompt({"1": ("Ones", {"count": 5}), "2": ("Total", {"latent": ["1", 0]})})


def catalog():
    return toys.catalog().with_packs([ForeignPack("sums", {"Ones": Ones, "Total": Total})])


def run(store, document=SUM):
    return graphrun.Session(catalog=catalog(), store=store).run(document)


def test_a_later_session_runs_nothing(store):
    first = run(store)
    assert (first.ran, first.cached, first.notices) == (["1", "2"], [], [])
    for _ in range(2):
        again = run(graphrun.DiskStore(store.path))
        assert (again.ran, sorted(again.cached), again.notices) == ([], ["1", "2"], [])
        assert again.ui == {"2": {"total": [5]}}
        assert again.outputs["2"] == ([5],)
        alone = graphrun.Session(catalog=catalog(), store=store).run(SUM, targets=["1"])
        assert alone.ran == []
        assert torch.equal(alone.outputs["1"][0][0]["samples"], torch.ones(5))


def test_a_damaged_result_is_a_notice_of_its_node(store):
    run(store)
    flip(files(store.path, "cas")[0])
    for path in files(store.path, "action"):
        if '"blobs":[]' in path.read_text():
            path.unlink()
    again = run(graphrun.DiskStore(store.path))
    assert again.status == "success"
    assert again.ran == ["1", "2"]
    (notice,) = again.notices
    assert (notice.code, notice.node_id) == ("store_damaged", "1")
    assert "bytes of a file have changed" in notice.message
    assert run(graphrun.DiskStore(store.path)).ran == []


def test_where_no_folder_can_be_there_is_one_notice(tmp_path):
    (tmp_path / "file").write_text("")
    store = graphrun.DiskStore(tmp_path / "file" / "store")
    report = run(store)
    assert report.status == "success"
    assert report.ran == ["1", "2"]
    assert [one.code for one in report.notices] == ["store_failed"]
    assert "Not a directory" in report.notices[0].message
    assert store.info().entries == 0
    assert store.gc() == 0
    assert [one.code for one in run(store).notices] == ["store_failed"]


# The disk


def test_a_full_disk_costs_no_run(small_disk):
    store = graphrun.DiskStore(small_disk / "store")
    document = {"1": ("Ones", {"count": 1_000_000}), "2": ("Total", {"latent": ["1", 0]})}
    report = run(store, prompt(document))
    assert report.status == "success"
    assert [one.code for one in report.notices] == ["store_failed"]
    assert "No space left" in report.notices[0].message
    assert files(store.path, "tmp") == []
    assert files(store.path, "cas") == []
    store.put("small", stored(np.zeros(1000)))
    assert store.get("small") is not None


def test_a_disk_that_fills_up_keeps_what_fits(small_disk):
    store = graphrun.DiskStore(small_disk / "store")
    for i in range(400):
        store.put(f"k{i}", stored(value(f"k{i}", 5000)))
    kept = [i for i in range(400) if store.get(f"k{i}") is not None]
    assert 20 < len(kept) < 400
    assert all((store.get(f"k{i}")[0][0][0] == value(f"k{i}", 5000)).all() for i in kept)
    assert files(store.path, "tmp") == []
    assert store.info().entries == len(kept)


def test_a_disk_that_cannot_be_written_is_read(small_disk):
    run(graphrun.DiskStore(small_disk))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = graphrun.DiskStore(small_disk)
    assert run(store).ran == []
    assert run(store).notices == []
    report = run(store, prompt({"1": ("Number", {"value": 9}), "2": ("Show", {"value": ["1", 0]})}))
    assert report.ran == ["1", "2"]
    assert [one.code for one in report.notices] == ["store_failed"]
    assert "Read-only" in report.notices[0].message


def test_a_write_that_fails_in_the_middle_leaves_nothing(tmp_path):
    done = start("limited", tmp_path)
    said, _ = done.communicate(timeout=60)
    assert said == "it could not be written: File too large | None\n"
    assert files(tmp_path, "tmp") == []
    assert graphrun.DiskStore(tmp_path).get("k1") is None
    assert is_right("k2", graphrun.DiskStore(tmp_path).get("k2"))


def test_a_manifest_that_cannot_have_its_place_leaves_no_files(store):
    store._folder.action("k").mkdir(parents=True)
    store.put("k", stored(np.zeros(100)))
    assert "directory" in store.why_not("k")
    assert files(store.path, "cas") == files(store.path, "tmp") == []
    assert store.get("k") is None
    store.gc()


# Processes


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_processes_that_are_killed_while_they_write(tmp_path):
    """Sixty, three at a time, so that every one dies among others that write."""
    draw, store, unfinished = random.Random(7), graphrun.DiskStore(tmp_path), 0
    parent, waiting = start("breed", tmp_path), []
    for _ in range(63):
        parent.stdin.write("\n")
        parent.stdin.flush()
        waiting.append(int(parent.stdout.readline()))
        if len(waiting) <= 3:
            continue
        time.sleep(draw.random() / 10)
        child = waiting.pop(0)
        os.kill(child, signal.SIGKILL)
        while not gone(child):
            time.sleep(0.001)
        unfinished += any(f".{child}." in path.name for path in files(tmp_path, "tmp"))
        found = {key: store.get(key) for key in (f"k{i}" for i in range(7))}
        assert all(one is None or is_right(key, one, LARGE) for key, one in found.items())
    for child in waiting:
        os.kill(child, signal.SIGKILL)
    parent.communicate(timeout=60)
    assert unfinished > 5
    store.gc()
    assert files(tmp_path, "tmp") == []
    others = graphrun.DiskStore(tmp_path)
    assert all(is_right(one.identity, others.get(one.identity), LARGE) for one in others)
    assert others.info().entries == len(files(tmp_path, "cas"))
    assert sum(1 for _ in others) == others.info().entries == 7
    assert others.gc() == 0


@pytest.mark.parametrize("way", ["evicted", "cleared", "written again"])
def test_what_another_process_has_stays_right(tmp_path, way):
    """Whatever becomes of the files that its memory is mapped from."""
    keys = [f"k{i}" for i in range(4)]
    store = graphrun.DiskStore(tmp_path)
    for key in keys:
        store.put(key, Stored(([value(key, LARGE)],), {"text": [key]}))
    process = start("keep", tmp_path, *keys)
    assert process.stdout.readline() == "ready\n"
    before = files(tmp_path, "cas")
    if way == "evicted":
        small = graphrun.DiskStore(tmp_path, 2 * LARGE)
        for key in ("k7", "k8", "k9"):
            small.put(key, Stored(([value(key, LARGE)],), {"text": [key]}))
        assert not set(before) & set(files(tmp_path, "cas"))
    elif way == "cleared":
        store.clear()
        assert files(tmp_path, "cas") == []
    else:
        for key in keys:
            store.put(key, Stored(([value(key, LARGE)],), {"text": [key]}))
    said, _ = process.communicate("\n", timeout=60)
    assert said == "[]\n"


@pytest.mark.parametrize("most", [1 << 30, 100_000])
def test_eight_processes_put_and_get(tmp_path, most):
    """With room for all, and with room for five of twelve."""
    running = [start("share", tmp_path, seed, most) for seed in range(8)]
    assert [one.communicate(timeout=120)[0] for one in running] == ["done\n"] * 8
    store = graphrun.DiskStore(tmp_path, most)
    assert store.info().bytes <= most
    assert store.info().entries > 1
    assert all(is_right(one.identity, store.get(one.identity)) for one in store)
    assert files(tmp_path, "tmp") == []
    assert store.gc() == 0


def test_threads_share_a_store(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=60_000)

    def use(number):
        key = f"k{number % 5}"
        store.put(key, Stored(([value(key)],), {"text": [key]}))
        found = store.get(f"k{number % 3}")
        return found is None or is_right(f"k{number % 3}", found)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(100)))
    assert store.info().bytes <= 60_000
    assert files(tmp_path, "tmp") == []


def test_a_halted_process_with_the_lock_costs_a_result_and_no_run(store, monkeypatch):
    store.put("a", stored(1))
    process = start("hold", store.path)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(folders, "PATIENCE", 0.05)
    store.put("b", stored(2))
    assert "lock" in store.why_not("b")
    assert store.get("a") == stored(1)
    process.kill()
    process.communicate()
    store.put("b", stored(2))
    assert store.get("b") == stored(2)


def test_another_process_reads_it_without_torch(store):
    store.put("k", stored({"a": [1, (2.5, "x")]}))
    said, _ = start("read", store.path, "k").communicate(timeout=60)
    assert said == "(([{'a': [1, (2.5, 'x')]}],), {})\n"


# Room


def kept(store, names):
    here = {one.identity for one in store}
    return "".join(name for name in names if name in here)


def test_the_least_recently_used_goes_first(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=45_000)
    for name in "abcd":
        store.put(name, stored("x" * 10_000))
    assert store.get("a") is not None
    store.put("e", stored("x" * 10_000))
    assert kept(store, "abcde") == "ade"
    assert store.info().bytes <= 45_000


def test_what_was_just_written_stays_and_what_is_too_large_is_not_written(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=20_000)
    store.put("a", stored("x" * 5000))
    store.put("b", stored("x" * 19_000))
    assert kept(store, "ab") == "b"
    store.put("c", stored("x" * 21_000))
    store.put("d", stored(np.zeros(3000)))
    assert kept(store, "abcd") == "b"
    assert "more than the 20000" in store.why_not("c")
    assert "more than the 20000" in store.why_not("d")


def test_results_share_files_until_the_last_is_gone(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=30_000)
    store.put("a", stored(np.zeros(10_000, "u1"), 1))
    store.put("b", stored(np.zeros(10_000, "u1"), 2))
    assert len(files(tmp_path, "cas")) == 1
    store.put("c", stored("x" * 15_000))
    assert kept(store, "abc") == "abc"
    store.put("d", stored("x" * 5_000))
    assert kept(store, "abcd") == "cd"
    assert files(tmp_path, "cas") == []


def test_a_result_that_is_written_again_counts_once(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=30_000)
    store.put("a", stored("x" * 5000))
    for _ in range(20):
        store.put("b", stored("x" * 10_000))
    assert kept(store, "ab") == "ab"


def test_a_clock_that_goes_back_does_not_change_the_order(tmp_path, monkeypatch):
    store = graphrun.DiskStore(tmp_path, max_bytes=45_000)
    now = time.time_ns()
    for name, years in (("a", 0), ("b", 0), ("c", -10), ("d", 10), ("e", 0)):
        monkeypatch.setattr(folders.time, "time_ns", lambda y=years: now + y * 31_536_000 * 10**9)
        store.put(name, stored("x" * 10_000))
    assert kept(store, "abcde") == "cde"


def test_times_that_are_not_the_stores_make_nothing_immortal(tmp_path):
    store = graphrun.DiskStore(tmp_path, max_bytes=45_000)
    for name, years in (("a", 10), ("b", -10), ("c", 0), ("d", 0)):
        store.put(name, stored("x" * 10_000))
        if years:
            path = store._folder.action(name)
            when = path.stat().st_mtime + years * 31_536_000
            os.utime(path, (when, when))
    store.put("e", stored("x" * 10_000))
    assert kept(store, "abcde") == "cde"


def test_gc_removes_what_nobody_needs(store):
    store.put("a", stored(np.zeros(100)))
    store.put("b", stored(np.ones(100)))
    store._folder.action("b").unlink()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    tmp = store.path / "v2" / "tmp"
    here, mark = f"{processes.HOST}.{os.getpid()}", "0123456789abcde"
    left = {
        f"{processes.HOST}.{ended.pid}.{mark}0": 0,
        f"far.1.{mark}0": 0,
        f"far.1.{mark}1": 4000,
        f"{here}.{mark}0": 0,
        f"{here}.{mark}1": -5000,
        "far.1.notes": 4000,
    }
    for name, age in left.items():
        (tmp / name).write_text("x" * 10)
        os.utime(tmp / name, (time.time() - age, time.time() - age))
    (store.path / "v2" / "action" / "notes.txt").write_text("mine")
    assert store.gc() == 800 + 128 + 10 + 10 + 10
    names = [p.name for p in files(store.path, "tmp")]
    assert names == sorted([f"far.1.{mark}0", "far.1.notes", f"{here}.{mark}0"])
    assert len(files(store.path, "cas")) == 1
    assert (store.path / "v2" / "action" / "notes.txt").exists()
    assert store.get("a") is not None


def old_layout(path):
    """What the layout before this one looks like, with a file that is not the store's."""
    digest = "ab" + "0" * 62
    for name in (
        f"action/ab/{digest}.json",
        f"cas/ab/{digest}",
        "tmp/far.1.0123456789abcdef",
        "lock",
        "clock",
    ):
        (path / "v1" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "v1" / name).write_text("x" * 10)


@pytest.mark.parametrize("clean", ["gc", "clear"])
def test_results_of_the_layout_before_are_misses_and_go(store, clean):
    old_layout(store.path)
    assert store.get("ab" + "0" * 62) is None
    assert store.info().entries == 0
    freed = getattr(store, clean)()
    assert freed in (50, None)
    assert not (store.path / "v1").exists()
    old_layout(store.path)
    (store.path / "v1/cas/notes.txt").write_text("mine")
    store.put("a", stored(1))
    getattr(store, clean)()
    assert [p.name for p in (store.path / "v1").rglob("*") if p.is_file()] == ["notes.txt"]
    assert (store.get("a") is not None) == (clean == "gc")


def test_what_is_there(store):
    assert store.info().entries == 0
    assert list(store) == []
    store.clear()
    before = time.time()
    store.put("a", stored(np.zeros(100)))
    store.put("b", stored(2))
    info = store.info()
    assert (info.path, info.entries) == (store.path, 2)
    found = {one.identity: one for one in store}
    assert sum(one.bytes for one in found.values()) == info.bytes
    assert found["a"].bytes > 800
    assert before - 1 < found["a"].used < found["b"].used < time.time() + 1
    assert found["a"].graphrun == graphrun.__version__
    store.clear()
    assert store.info().entries == store.info().bytes == 0
    assert store.get("a") is None


def test_only_the_owner_can_enter(store):
    store.put("a", stored(np.zeros(3)))
    assert (store.path / "v2").stat().st_mode & 0o777 == 0o700
