"""Runs of several processes: one writes and speaks, the others do the same and leave nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphrun.cache import Checkpoints, DiskStore, Stored
from graphrun.cache.aside import CheckpointsAside, StoreAside
from graphrun.catalog.running import Settings, place_output
from graphrun.cli.main import main
from graphrun.cli.processes import Process
from graphrun.record.cache import Cache

ROOT = Path(__file__).parents[2]
TEXT = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
}
FAILING = {
    "1": {"class_type": "PtOnes", "inputs": {"size": "[2, 3]", "data_type": "float32"}},
    "2": {"class_type": "PtMm", "inputs": {"tens_a": ["1", 0], "tens_b": ["1", 0]}},
    "3": {"class_type": "PtShowText", "inputs": {"tens": ["2", 0]}},
}
KEY = "a" * 64


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHRUN_CACHE", str(tmp_path / "cache"))
    Path("text.json").write_text(json.dumps(TEXT))
    return tmp_path


def be(monkeypatch, rank, world=2, local=None):
    """Be one of the processes that a launcher started."""
    own = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank if local is None else local}
    for name, value in {**own, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_variables_of_launchers(monkeypatch):
    be(monkeypatch, 3, 4, 1)
    assert Process.current() == Process(3, 4, 1)
    assert Process.current().aside
    monkeypatch.setenv("RANK", "0")
    assert not Process.current().aside
    monkeypatch.delenv("MASTER_ADDR")
    assert Process.current() == Process()


def test_the_first_process_runs_as_the_only_one_does(monkeypatch, folder, capsys):
    be(monkeypatch, 0)
    assert main(["text.json"]) == 0
    assert any(name.endswith("report.json") for name in files(folder / "runs"))
    assert capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--json"], ["-v"], ["--dry-run"], ["--fresh"]])
def test_another_process_runs_and_leaves_nothing(monkeypatch, folder, capsys, options):
    be(monkeypatch, 1)
    assert main(["text.json", *options]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert files(folder) == ["text.json"]


def test_another_process_says_in_a_line_what_ended_it(monkeypatch, folder, capsys):
    be(monkeypatch, 1)
    document = {"1": {"class_type": "PtReshape", "inputs": {}}}
    Path("wrong.json").write_text(json.dumps(document))
    code = main(["wrong.json"])
    said = capsys.readouterr()
    assert code == 3
    assert (said.out, said.err) == ("", "")  # the first process of this machine says it
    be(monkeypatch, 1, local=0)
    assert main(["wrong.json"]) == code
    assert capsys.readouterr().err.startswith("process 2 of 2: ")


def test_a_node_that_fails_in_another_process_is_told(monkeypatch, folder, capsys):
    be(monkeypatch, 1)
    Path("failing.json").write_text(json.dumps(FAILING))
    assert main(["failing.json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("process 2 of 2: ")
    assert files(folder) == ["failing.json", "text.json"]


def test_other_verbs_are_those_of_one_process(monkeypatch, capsys):
    be(monkeypatch, 1)
    assert main(["check", "text.json"]) == 0
    assert "ok (2 nodes)" in capsys.readouterr().out
    assert main(["convert", "text.json"]) == 0
    assert json.loads(capsys.readouterr().out)["1"]["class_type"] == "CDAStringCreate"


def test_absolute_names_lead_aside_too(folder):
    target = folder / "model.safetensors"
    assert place_output(str(target), Settings(outputs=folder / "o"))[0] == target
    found, _ = place_output(str(target), Settings(outputs=folder / "o", aside=True))
    assert found.is_relative_to(folder / "o")


def test_a_store_aside_gives_and_takes_nothing(folder):
    store = DiskStore(folder / "results")
    aside = StoreAside(DiskStore(folder / "results"))
    aside.put("f" * 64, Stored(([np.ones(3)],), {}))
    assert store.get("f" * 64) is None
    store.put("f" * 64, Stored(([np.ones(3)],), {}))
    assert aside.get("f" * 64).outputs[0][0].tolist() == [1, 1, 1]
    assert aside.glance("f" * 64) is not None


def test_a_training_aside_is_read_and_not_held(folder):
    first = Checkpoints(folder / "t").at(KEY)
    aside = CheckpointsAside(folder / "t", every=0.0).at(KEY)
    first.take()
    aside.take()
    assert first.save(2, 0, {"a": 1})
    assert not (aside.due)
    assert not (aside.cheap)
    assert not (aside.save(3, 0, {"a": 2}))
    assert aside.newest().state == {"a": 1}
    aside.clear()
    assert aside.newest() is None
    assert first.newest().epoch == 2
    aside.release()
    first.release()


def test_a_fresh_training_aside_has_no_past(folder):
    first = Checkpoints(folder / "t").at(KEY)
    first.take()
    first.save(2, 0, {"a": 1})
    first.release()
    aside = CheckpointsAside(folder / "t", fresh=True).at(KEY)
    aside.take()
    assert aside.newest() is None
    assert first.newest() is not None


def test_a_cache_aside_is_of_the_same_folder(folder):
    cache = Cache.at(folder / "c")
    cache.store.put("f" * 64, Stored(([np.ones(3)],), {}))
    before = files(folder)
    aside = Cache.aside(folder / "c")
    assert aside.store.get("f" * 64) is not None
    assert Cache.aside(folder / "c", fresh=True).store.get("f" * 64) is None
    assert files(folder) == before


def test_processes_of_torchrun_train_as_one_does(folder, capsys):
    """One run folder, one summary, and the losses of one process."""
    file = str(ROOT / "workflows/csv_classification.json")
    assert main([file, "--tiny", "--json", "--no-cache"]) == 0
    alone = json.loads(capsys.readouterr().out)
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    launch += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "-m", "graphrun"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*launch, file, "--tiny", "--json", "--out", "together"],
        env=environment, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(list((folder / "together").iterdir())) == 1
    figures = [
        [one[key] for one in found["metrics"]["history"] for key in ("train_loss",) if key in one]
        for found in (report, alone)
    ]
    assert len(figures[0]) == 5
    assert figures[0] == pytest.approx(figures[1], rel=1e-5)
    assert done.stderr.count("[ 1/16]") == 1
