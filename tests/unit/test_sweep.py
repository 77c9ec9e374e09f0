"""Sweeps from the command line: members are processes that share the cache."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

import packs
import pytest
from jsonschema import Draft202012Validator

from graphrun.cli import requests, sweeping
from graphrun.cli.main import main
from graphrun.documents import schema
from graphrun.report import check_report
from graphrun.sweep.runner import Ended, Job, LocalProcesses

SUPPORT = Path(__file__).parents[1] / "support"
GRAPH = {
    "1": {"class_type": "Prepare", "inputs": {"text": "a"}},
    "2": {
        "class_type": "Score",
        "inputs": {"text": ["1", 0], "rate": 0.5, "mode": "", "gate": ""},
        "_meta": {"title": "The score"},
    },
}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A working folder, and a pack that also processes find."""
    site = tmp_path / "site"
    site.mkdir()
    packs.install(site, "sweep_pack", (SUPPORT / "sweep_pack.py").read_text())
    monkeypatch.syspath_prepend(site)
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *before.split(os.pathsep)]))
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Path("g.json").write_text(json.dumps(GRAPH, indent=1))
    (tmp_path / "log").touch()


def logged():
    return Path(os.environ["SWEEP_LOG"]).read_text().splitlines()


def swept():
    """The only sweep there is, whose record satisfies its schema."""
    (path,) = Path("runs").glob("*-sweep/sweep.json")
    document = json.loads(path.read_text())
    Draft202012Validator(schema("sweep")).validate(document)
    return document


def states(document):
    return [one["status"] for one in document["members"]]


def test_what_members_have_in_common_is_computed_once(capsys):
    """Also if they run at the same time, and whatever else differs."""
    options = ["--sweep", "2.rate=0.1,0.2", "--sweep", "The score.mode=x,y", "-j", "2"]
    assert main(["g.json", *options]) == 0
    out, err = capsys.readouterr()
    assert sorted(logged()) == [
        "prepare", "score 0.1 x", "score 0.1 y", "score 0.2 x", "score 0.2 y",
    ]  # fmt: skip
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["#", "rate", "mode", "status", "time", "val_loss", "epoch", "val_f1"]
    assert [row[0] for row in rows[1:5]] == ["1", "2", "*", "4"]
    assert rows[3][-3:] == ["0.1", "1", "0.2"]
    assert rows[5][:4] == ["4", "of", "4", "finished"]
    assert "lowest val_loss: member 3" in out
    assert "[1/4 rate=0.1 mode=x] [1/2] 1 Prepare  0." in err
    assert "[4/4 rate=0.2 mode=y] [1/2] 1 Prepare  cached" in err
    document = swept()
    page = (Path(document["folder"]) / document["report"]).read_text()
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert (document["best"], document["metric"]) == (3, {"name": "val_loss", "direction": "min"})
    for one in document["members"]:
        report = json.loads((Path(document["folder"]) / one["folder"] / "report.json").read_text())
        assert check_report(report) == []
    assert report["settings"]["overrides"] == ["2.rate=0.2", "2.mode='y'"]


def test_a_failure_is_that_of_one_member(capsys):
    assert main(["g.json", "--sweep", '2.mode=["fail","crash",""]', "--json", "-q"]) == 1
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("sweep")).validate(document)
    assert document == swept()
    assert states(document) == ["failed", "failed", "finished"]
    assert [one["exit_code"] for one in document["members"]] == [1, 7, 0]
    first, second = (one["error"] for one in document["members"][:2])
    assert first == "node 2 (The score, Score): RuntimeError: it is to fail"
    assert second.startswith("exit code 7")
    assert (document["status"], document["best"]) == ("failed", 3)


def test_all_problems_are_told_before_anything_runs(capsys):
    """Of two members with one problem it is told once."""
    options = ["--sweep", "2.rate=0.5,7", "--sweep", "2.mode=a,b", "--set", "1.text="]
    assert main(["g.json", *options, "--params", "p.json"]) == 3  # there is no such file
    assert main(["g.json", *options]) == 3
    told = capsys.readouterr().err
    assert told.count("--sweep 2.rate=0.5,7: error[value_bigger_than_max]") == 1
    options = ["--sweep", "2.rte=1", "--sweep", "2.mode=a,a", "--sweep", "2.rate=2"]
    assert main(["g.json", *options]) == 2
    told = capsys.readouterr().err
    assert "did you mean rate?" in told
    assert "a is given twice" in told
    assert "value_bigger_than_max" in told
    assert not Path("runs").exists()
    assert logged() == []


def test_a_sweep_goes_before_set_and_set_before_a_file(capsys):
    Path("p.toml").write_text("[2]\nrate = 0.9\nmode = 'p'")
    options = ["--params", "p.toml", "--set", "2.mode=s", "--set", "2.rate=0.8"]
    assert main(["g.json", *options, "--sweep", "2.rate=0.1", "-q"]) == 0
    assert logged() == ["prepare", "score 0.1 s"]


def test_seeds_are_swept_without_repeating_what_is_not_random(capsys):
    assert main(["g.json", "--sweep", "seed=1,2", "-j", "2", "--json", "-q"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["values"] for one in document["members"]] == [{"seed": 1}, {"seed": 2}]
    assert logged() == ["prepare", "score 0.5"]


def test_a_longer_training_goes_on_from_the_shorter_one(capsys):
    graph = {**GRAPH, "2": {"class_type": "Fit", "inputs": {"text": ["1", 0], "epochs": 1}}}
    Path("fit.json").write_text(json.dumps(graph))
    assert main(["fit.json", "--sweep", "2.epochs=4,2", "-j", "2", "-q"]) == 0
    assert logged() == ["prepare", "fit 0 to 2", "fit 2 to 4"]


def test_a_dry_run_says_what_each_member_would_compute(capsys):
    options = ["--sweep", "2.rate=0.1,0.2", "--dry-run"]
    assert main(["g.json", *options]) == 0
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "1 rate=0.1",
        "  run      1 Prepare  no earlier run of this file is known",
        "  run      2 Score  no earlier run of this file is known",
        "2 rate=0.2",
        "  cached   1 Prepare  member 1 computes it",
        "  run      2 Score  no earlier run of this file is known",
    ]
    assert main(["g.json", *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("sweep-outlook")).validate(document)
    assert document["diagnostics"] == []
    second = document["members"][1]
    assert [(one["action"], one["member"]) for one in second["steps"]] == [
        ("cached", 1), ("run", None),
    ]  # fmt: skip
    assert logged() == []


def test_a_dry_run_of_what_is_missing_ends_as_the_sweep_would(capsys):
    graph = {**GRAPH, "3": {"class_type": "LoadImage", "inputs": {"image": "no.png"}}}
    graph["4"] = {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}
    Path("g.json").write_text(json.dumps(graph))
    options = ["g.json", "--sweep", "2.rate=0.1,0.2"]
    code = main(options)
    refused = capsys.readouterr().err
    assert code in (3, 4)
    assert main([*options, "--dry-run"]) == code
    assert capsys.readouterr().err == refused
    assert refused.count("error[") == 1


def start(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "graphrun", "g.json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_ctrl_c_stops_all_and_the_same_command_goes_on(capsys):
    """What was finished is not run again, nor what the others computed."""
    options = ["--set", "2.gate=gate", "--sweep", "2.mode=a,b,c", "--sweep", "2.rate=0.1"]
    Path("gate").touch()
    # The first member passes the gate; the two others wait at it when Ctrl-C comes.
    process = start(*options)
    until(lambda: "score 0.1 a" in logged() and list(Path("runs").glob("*/1-*/report.json")))
    Path("gate").unlink()
    until(lambda: len(logged()) >= 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "run it again to go on: graphrun g.json --set 2.gate=gate" in err
    before = swept()
    assert before["status"] == "interrupted"
    assert before["members"][0]["status"] == "finished"
    assert {*states(before)} <= {"finished", "interrupted", "pending"}
    Path("gate").touch()
    done = logged()
    assert main(["g.json", *options]) == 0
    err = capsys.readouterr().err
    assert f"goes on in {before['folder']}: " in err
    assert states(swept()) == ["finished"] * 3
    assert "score 0.1 a" in done
    assert "score 0.1 a" not in logged()[len(done) :]
    assert logged().count("prepare") == 1


def test_a_second_ctrl_c_ends_members_that_do_not_stop(capsys):
    process = start("--sweep", "2.mode=hang,x")
    until(lambda: "score 0.5 hang" in logged())
    process.send_signal(signal.SIGINT)
    while "stopping every member" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert states(swept()) == ["interrupted", "pending"]
    assert logged() == ["prepare", "score 0.5 hang"]


def test_a_sweep_that_is_finished_begins_anew_and_is_served(capsys):
    for _ in range(2):
        assert main(["g.json", "--sweep", "2.rate=0.1", "-q"]) == 0
    assert len(list(Path("runs").glob("*-sweep*/sweep.json"))) == 2
    assert logged() == ["prepare", "score 0.1"]


def test_members_that_failed_are_tried_again_unless_what_they_are_changed(capsys):
    assert main(["g.json", "--sweep", '2.mode=["", "fail"]', "-q"]) == 1
    assert main(["g.json", "--sweep", '2.mode=["", "fail"]', "-q"]) == 1
    assert logged() == ["prepare", "score 0.5", "score 0.5 fail", "score 0.5 fail"]
    folders = sorted(path.name for path in Path(swept()["folder"]).glob("[12]-*"))
    assert folders == ["1-mode=", "2-mode=fail", "2-mode=fail-2"]
    shutil.rmtree(Path(swept()["folder"]) / "1-mode=")
    assert main(["g.json", "--sweep", '2.mode=["", "fail"]', "-q"]) == 1
    assert states(swept()) == ["finished", "failed"]


def test_members_run_what_was_checked_whatever_becomes_of_the_file(capsys):
    options = ["--set", "2.gate=gate", "--sweep", "2.rate=0.1,0.2"]
    process = start(*options)
    until(lambda: "score 0.1" in logged())
    Path("g.json").write_text("{")
    Path("gate").touch()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert logged() == ["prepare", "score 0.1", "score 0.2"]


@pytest.mark.parametrize(
    "options",
    [
        ["--best", "loss"],
        ["-j", "2"],
        ["--sweep-random", "2"],
        ["--sweep", "2.rate=0.1", "--run-folder", "x"],
        ["--sweep", "2.rate=0.1", "--best", "most:loss"],
    ],
)
def test_options_that_do_not_go_together(options, capsys):
    assert main(["g.json", *options]) == 2
    assert "error[bad_sweep]" in capsys.readouterr().err


def test_a_figure_that_no_member_has_is_told(capsys):
    assert main(["g.json", "--sweep", "2.rate=0.1,0.2", "--best", "val_fl", "-q"]) == 0
    said = "no member has a number for --best val_fl; figures: epoch, val_loss, val_f1"
    assert said in capsys.readouterr().out


def test_a_run_folder_of_ones_choice(capsys):
    assert main(["g.json", "--run-folder", "here/it", "-q"]) == 0
    assert json.loads(Path("here/it/report.json").read_text())["folder"] == "here/it"
    assert main(["g.json", "--run-folder", "here/it"]) == 2
    assert "it is there already, and not empty" in capsys.readouterr().err


def test_a_member_is_given_the_options_of_the_sweep():
    parser = ArgumentParser()
    requests.add_options(parser)
    given = [
        "f.json", "3", "--tiny", "--alias", "a=b", "--alias", "c=d?x=1", "--min-free", "1K",
        "--precision", "bf16", "--set", "1.a=2", "--sweep", "1.b=1", "-j", "4", "-q", "--json",
        "--pack=-odd", "--seed", "5", "--literal", "--no-deterministic",
    ]  # fmt: skip
    again = sweeping.member_arguments(parser.parse_args(given))
    assert sorted(again) == [
        "--alias=a=b", "--alias=c=d?x=1", "--literal", "--min-free=1024", "--no-deterministic",
        "--pack=-odd", "--precision=bf16", "--quiet", "--tiny",
    ]  # fmt: skip
    parser.parse_args([*again, "f.json"])


def test_processes_that_do_not_start_or_end_by_themselves(tmp_path):
    runner = LocalProcesses()
    runner.start(Job(1, ("/no/such/program",), tmp_path / "1.log"))
    said, ended = runner.next(10), runner.next(10)
    assert "could not be started" in said.line
    assert ended == Ended(1, 1)
    code = "import time; print('up', flush=True); time.sleep(60)"
    runner.start(Job(2, (sys.executable, "-c", code), tmp_path / "2.log"))
    assert runner.next(20).line == "up"
    runner.kill()
    assert runner.next(20) == Ended(2, -signal.SIGKILL)
    assert (tmp_path / "2.log").read_text() == "up\n"
    assert runner.next(0) is None
