"""What a plan takes from the world: files, names, versions, devices, the code of packs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import random_graphs as toys
from hypothesis import given, settings
from hypothesis import strategies as st

import graphrun
from graphrun import api
from graphrun.cache import DiskStore
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import Alias
from graphrun.documents import loads
from graphrun.plan import plan
from graphrun.plan.world import World
from graphrun.record.cache import Cache
from graphrun.sources.digests import Digests

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/workflows/golden/distilbert_classification.json"
MODELS, DATA = {"11", "20"}, {"12", "13"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def aged(path, seconds=3600):
    """A file that was changed some time ago, as clocks of programs have it."""
    state = path.stat()
    os.utime(path, (state.st_atime - seconds, state.st_mtime - seconds))
    return path


def identities(document, catalog, digests=None, **about):
    world = World(catalog, Settings(**about), digests or Digests())
    prompt = loads(document if isinstance(document, str) else json.dumps(document), name="w.json")
    made = plan(prompt, catalog, world=world)
    return {one.node.id: (one.identity, one.passing) for one in made.steps}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


# --- files ----------------------------------------------------------------------------------------

READING = {
    "1": {"class_type": "Look", "inputs": {"path": "a.txt", "also": 0}},
    "2": {"class_type": "Look", "inputs": {"path": "b.txt", "also": 0}},
    "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": 1}},
    "4": {"class_type": "Show", "inputs": {"value": ["3", 0]}},
    "5": {"class_type": "Show", "inputs": {"value": ["2", 0]}},
}


@pytest.mark.parametrize("times", ["new", "kept"])
def test_a_file_edited_in_place_runs_its_readers_again(here, times):
    """Also where an editor, or a copy, gives it the size and the time that it had."""
    for name in ("a.txt", "b.txt"):
        (here / name).write_text("11")
        aged(here / name)
    book = here / "digests.jsonl"

    def run():
        session = graphrun.Session(
            catalog=toys.catalog(), store=DiskStore(here / "store"), remember=False
        )
        session.digests = Digests(book)
        return session.run(READING, settings=Settings(outputs=here))

    assert set(run().ran) == set(READING)
    assert run().ran == []
    state = (here / "a.txt").stat()
    with (here / "a.txt").open("r+") as file:
        file.write("22")
    if times == "kept":
        os.utime(here / "a.txt", ns=(state.st_atime_ns, state.st_mtime_ns))
    report = run()
    assert set(report.ran) == {"1", "3", "4"}
    assert report.ui == {"4": {"value": [23]}, "5": {"value": [11]}}


def test_what_was_changed_during_the_run_is_not_kept(here):
    """The first reader's file is changed by the time the second one reads it."""
    Path("a.txt").write_text("11")
    Path("b.txt").write_text("33")

    def run(change=None):
        def watch(event):
            if change and type(event).__name__ == "NodeFinished" and event.node_id == "1":
                Path("b.txt").write_text(change)

        session = graphrun.Session(
            catalog=toys.catalog(), store=DiskStore(here / "store"), remember=False
        )
        return session.run(READING, settings=Settings(outputs=here), observe=watch)

    during = run("44")
    assert during.ui["5"] == {"value": [44]}
    assert [(one.code, one.node_id) for one in during.notices] == [("changed_meanwhile", "2")]
    Path("b.txt").write_text("33")
    after = run()
    assert after.ui["5"] == {"value": [33]}
    assert set(after.ran) == {"2", "5"}


# --- models and data ------------------------------------------------------------------------------


@pytest.fixture
def parts(here):
    """A checkpoint and two data sets of one form in folders of their own."""
    from graphrun_nodes._tiny import checkpoint

    for name in ("net", "other"):
        shutil.copytree(checkpoint("distilbert"), here / name)
    for name, label in (("data", 0), ("more", 1)):
        (here / name).mkdir()
        for split in ("train", "test"):
            rows = "".join(f"row {number},{label},{number}\n" for number in range(4))
            (here / name / f"{split}.csv").write_text(f"text,label,stars\n{rows}")
    weights = bytearray((here / "other/model.safetensors").read_bytes())
    weights[-1] ^= 1
    (here / "other/model.safetensors").write_bytes(weights)
    return here


def aliases(here, model="net", data="data", **of_data):
    return {
        "distilbert-base-uncased": Alias(here / model),
        "imdb": Alias(here / data, **of_data),
    }


def flagship(here, **about):
    device = about.pop("device", "cpu")
    deterministic = about.pop("deterministic", False)
    return identities(
        GOLDEN.read_text(),
        Catalog.installed(),
        aliases=aliases(here, **about),
        device=device,
        deterministic=deterministic,
    )


def behind(*names):
    nodes = json.loads(GOLDEN.read_text())
    return set().union(*(toys.descendants(nodes, name) for name in names))


def test_models_data_columns_and_devices_are_in_the_identities_of_who_uses_them(parts):
    before = flagship(parts)
    assert flagship(parts) == before
    assert changed(before, flagship(parts, model="other")) == behind(*MODELS)
    assert changed(before, flagship(parts, data="more")) == behind(*DATA)
    assert changed(before, flagship(parts, label="stars")) == behind(*DATA)
    assert changed(before, flagship(parts, labels=("bad", "good"))) == behind(*DATA)
    assert changed(before, flagship(parts, device="cuda")) == behind("27")
    assert changed(before, flagship(parts, deterministic=True)) == behind("27")


def test_contents_of_a_model_and_of_data_count_not_their_place(parts):
    before = flagship(parts)
    shutil.copytree(parts / "net", parts / "copy")
    shutil.copytree(parts / "data", parts / "copied")
    assert changed(before, flagship(parts, model="copy", data="copied")) == set()
    shutil.copyfile(parts / "other/model.safetensors", parts / "net/model.safetensors")
    assert changed(before, flagship(parts)) == behind(*MODELS)
    between = flagship(parts)
    (parts / "net/README.md").write_text("about")
    assert flagship(parts) == between
    (parts / "data/test.csv").write_text("text,label,stars\nother,0,0\n")
    assert changed(between, flagship(parts)) == behind(*DATA)


VERSIONS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from graphrun.catalog import Catalog
from graphrun.documents import loads
from graphrun.plan import plan
from graphrun.plan.world import World
document = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "x"}},
    "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
    "3": {"class_type": "PtnHfFineTunedClassificationModel",
          "inputs": {"model_name": "distilbert", "use_mean_pooling": True, "dropout": 0.1}},
}
catalog = Catalog.installed()
from graphrun.catalog import Settings
world = World(catalog, Settings(tiny=True))
made = plan(loads(json.dumps(document), name="v"), catalog, targets=["2", "3"], world=world)
print(json.dumps({s.node.id: s.identity for s in made.steps}))
"""


def test_minor_versions_of_libraries(here):
    def with_versions(**versions):
        folder = here / "-".join(versions.values())
        for name, version in versions.items():
            info = folder / f"{name}-{version}.dist-info"
            info.mkdir(parents=True)
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (info / "METADATA").write_text(text)
        command = [sys.executable, "-c", VERSIONS, str(folder)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout)

    before = with_versions(torch="2.98.0", transformers="5.1.0")
    assert with_versions(torch="2.98.7", transformers="5.1.3") == before
    other = with_versions(torch="2.99.0", transformers="5.1.0")
    assert {name for name in before if before[name] != other[name]} == {"1", "2", "3"}
    other = with_versions(torch="2.98.0", transformers="5.2.0")
    assert {name for name in before if before[name] != other[name]} == {"3"}


PACK = """
class Twice:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    CATEGORY = "toys"
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}
    def run(self, value):
        return (value * FACTOR,)

class Tell(Twice):
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    def run(self, value):
        return {"ui": {"text": [str(value)]}}

NODE_CLASS_MAPPINGS = {"Twice": Twice, "Tell": Tell}
"""


def test_the_code_of_a_pack_is_that_of_the_process(here):
    """Edited between two processes, it runs anew; edited in one, what was loaded goes on."""
    file = here / "twice.py"
    nodes = {
        "1": {"class_type": "Twice", "inputs": {"value": 4}},
        "2": {"class_type": "Tell", "inputs": {"value": ["1", 0]}},
    }
    (here / "nodes.json").write_text(json.dumps(nodes))
    command = [sys.executable, "-m", "graphrun", "run", "nodes.json", "--json"]
    command += ["--pack", str(file), "--cache-dir", str(here / "cache")]

    def process():
        found = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        report = json.loads(found.stdout)
        shown = {one["id"]: one["ui"] for one in report["nodes"] if one["ui"]}
        return shown["2"]["text"], {n["id"] for n in report["nodes"] if n["state"] == "finished"}

    file.write_text(PACK.replace("FACTOR", "2"))
    first = graphrun.Session([file], cache=Cache.at(here / "cache"))
    # Of another length: Python itself takes a file of one size and second for the same.
    file.write_text(PACK.replace("FACTOR", "30"))
    assert first.run(nodes).ui == {"2": {"text": ["8"]}}
    assert process() == (["120"], {"1", "2"})
    # What foreign outputs do to the folder of their run is not known to be all that they show.
    assert process() == (["120"], {"2"})


def test_titles_positions_and_ids_of_a_workflow_change_nothing(here):
    file = ROOT / "workflows/csv_classification.json"
    catalog = Catalog.installed()
    workflow = json.loads(file.read_text())
    prompt = api.convert(api.load(file))
    before = {one.node.id: one.identity for one in plan(prompt, catalog).steps}
    shift = 1000
    for node in workflow["nodes"]:
        node["id"] += shift
        node["pos"], node["title"], node["color"] = [7, 7], "other", "#000"
    for link in workflow["links"]:
        link[1] += shift
        link[3] += shift
    workflow["nodes"].reverse()
    workflow["last_node_id"] += shift
    moved = api.convert(loads(json.dumps(workflow), name="moved.json"))
    after = {one.node.id: one.identity for one in plan(moved, catalog).steps}
    assert after == {str(int(name) + shift): key for name, key in before.items()}


# --- the book of digests --------------------------------------------------------------------------


def written(book):
    return [json.loads(line)[0] for line in book.read_text().splitlines()] if book.exists() else []


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_that_was_just_changed_is_not_written_down(here):
    book, file = here / "book", here / "a.txt"
    file.write_text("one")
    assert Digests(book).of(file) == digest("one")
    assert written(book) == []
    # A time that is set to long ago is no change of long ago.
    aged(file)
    assert Digests(book).of(file) == digest("one")
    assert written(book) == []


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 2), st.integers(0, 400))
def test_a_damaged_book_loses_lines_and_never_lies(junk, place, cut):
    """Of old files: those of Python's own library."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        book = Path(folder) / "book"
        files = [Path(json.__file__), Path(os.__file__), Path(shutil.__file__)]
        right = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        for file in files:
            assert Digests(book).of(file) == right[file]
        assert written(book) == [str(file) for file in files]
        lines = book.read_bytes().splitlines(keepends=True)
        lines.insert(place, junk + b"\n")
        whole = b"".join(lines)
        book.write_bytes(whole[: max(0, len(whole) - cut)])
        known = Digests(book)._read()
        assert all(right[Path(name)] == found for name, (_, found) in known.items())
        if not cut:
            assert len(known) == 3
        for file in files:
            assert Digests(book).of(file) == right[file]


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[" * 100_000, b'["a", 1, 2, 3, 4, 5]', b"{}", b'"abcdef"', b"null"]
)
def test_lines_that_are_none(here, line):
    book, file = here / "book", Path(json.__file__)
    Digests(book).of(file)
    book.write_bytes(line + b"\n" + book.read_bytes())
    assert list(Digests(book)._read()) == [str(file)]


APPEND = """
import sys
from pathlib import Path
from graphrun.sources.digests import Digests
for file in sorted(Path(sys.argv[2]).glob("*.py"))[:60]:
    Digests(Path(sys.argv[1])).of(file)
"""


def test_processes_that_append_at_once(here):
    library = Path(os.__file__).parent
    command = [sys.executable, "-c", APPEND, str(here / "book"), str(library)]
    both = [subprocess.Popen(command) for _ in range(3)]
    assert [one.wait(120) for one in both] == [0, 0, 0]
    files = sorted(library.glob("*.py"))[:60]
    assert {Path(name) for name in written(here / "book")} == set(files)
    known = Digests(here / "book")._read()
    assert all(hashlib.sha256(f.read_bytes()).hexdigest() == known[str(f)][1] for f in files)
