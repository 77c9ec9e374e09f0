"""The report, the run folder, the views."""

import io
import json
import math
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import toys
from graphrun_nodes._tiny import FOLDER, checkpoint

import graphrun
from graphrun.api import Request, convert, run
from graphrun.catalog import Alias, Catalog, Settings
from graphrun.documents import load
from graphrun.errors import ExitCode, UsageError
from graphrun.execute import events, unwritable
from graphrun.execute.events import NodeInfo, NodeStarted, Progress, RunStarted
from graphrun.node import notice, show
from graphrun.plan import plan
from graphrun.record.record import recorded
from graphrun.record.repository import commit_of, repository
from graphrun.report import Lines, Report, RunFolder, check_report, summary
from graphrun.report.report import NodeReport

ROOT = Path(__file__).parents[2]

GOOD = {
    "1": ("Work", {"steps": 3}),
    "2": ("Save", {"text": ["1", 0], "path": "sub/out.txt"}),
    "3": ("Show", {"text": ["2", 0]}),
}


SHOWN = {"class_type": "Show", "inputs": {"text": ["1", 0]}}


def start(tmp_path, nodes, **options):
    request = Request(toys.prompt(nodes), out=tmp_path / "runs", min_free=0, **options)
    report = run(request, catalog=toys.catalog())
    return report, report.folder


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_leaves_a_folder_with_a_valid_report(tmp_path):
    report, folder = start(tmp_path, GOOD)
    assert folder.parent == tmp_path / "runs"
    assert folder.name.endswith("-toy")
    document = json.loads((folder / "report.json").read_text())
    assert check_report(document) == []
    assert document["status"] == "success"
    assert [n["state"] for n in document["nodes"]] == ["finished"] * 3
    assert document["metrics"]["final"] == {"epoch": 1, "loss": 0.25}
    assert document["files"] == [str(folder / "outputs/sub/out.txt")]
    assert (folder / "outputs/sub/out.txt").read_text() == "done"
    assert report.texts == {"3": [str(folder / "outputs/sub/out.txt")]}
    assert [m["loss"] for m in lines_of(folder / "metrics.jsonl")] == [0.25]
    names = [e["event"] for e in lines_of(folder / "events.jsonl")]
    assert names[0] == "RunStarted"
    assert names[-1] == "RunFinished"


def test_a_failed_run_is_reported_with_its_error(tmp_path):
    nodes = {"1": ("Fail", {"text": "input"}), "2": ("Show", {"text": ["1", 0]})}
    report, folder = start(tmp_path, nodes)
    document = json.loads((folder / "report.json").read_text())
    assert check_report(document) == []
    assert (report.status, document["status"]) == ("failed", "failed")
    assert document["error"]["code"] == "not_good"
    assert document["error"]["position"] == "toy.json:5:12"
    assert "InputError" in document["error"]["traceback"]
    assert [n["state"] for n in document["nodes"]] == ["failed", "pending"]


def test_a_run_leaves_what_ran(tmp_path):
    _, folder = start(tmp_path, GOOD, overrides=["1.steps=2"])
    kept = load(folder / "prompt.json")
    assert kept.nodes["1"].inputs == {"steps": 2}
    assert kept.nodes["2"].inputs == toys.prompt(GOOD).nodes["2"].inputs
    assert not (folder / "workflow.json").exists()


def test_a_run_leaves_the_drawing_as_it_was_read(tmp_path):
    text = (ROOT / "workflows/custom_loss.json").read_bytes().replace(b"\n", b"\r\n")
    file = tmp_path / "drawn.json"
    file.write_bytes(text)
    document = load(file)
    folder = RunFolder.named(tmp_path, "drawn")
    prompt = convert(document)
    assert folder.keep(prompt, document) == []
    folder.close(Report())
    assert (folder.path / "workflow.json").read_bytes() == text
    assert load(folder.path / "prompt.json").to_json() == prompt.to_json()


def test_a_drawing_that_came_with_a_prompt_is_left_too(tmp_path):
    drawing = {"nodes": [{"id": 1, "pos": [10, 20]}]}
    prompt = replace(toys.prompt(GOOD), workflow=drawing)
    folder = run(Request(prompt, out=tmp_path, min_free=0), catalog=toys.catalog()).folder
    assert json.loads((folder / "workflow.json").read_text()) == drawing


def test_what_cannot_be_kept_is_a_notice(tmp_path):
    folder = RunFolder.named(tmp_path, "full")
    (folder.path / "prompt.json").mkdir()
    (notice,) = folder.keep(toys.prompt(GOOD), toys.prompt(GOOD))
    folder.close(Report())
    assert (notice.code, notice.severity) == ("unwritable_output", "warning")
    assert "prompt.json could not be written: Is a directory" in notice.message


def test_two_runs_in_one_second_have_folders_of_their_own(tmp_path):
    folders = {start(tmp_path, GOOD)[1] for _ in range(3)}
    assert len(folders) == 3


def test_nothing_is_written_when_the_output_folder_cannot_be(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(UsageError, match="is not a folder") as caught:
        start(tmp_path, GOOD)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_read_only_file_system_is_noticed():
    assert "cannot be written to" in unwritable(Path("/proc/self"))


def test_too_little_space_is_noticed_before_anything_runs(tmp_path):
    toys.CALLS.clear()
    request = Request(toys.prompt(GOOD), out=tmp_path / "runs", min_free=1 << 60)
    with pytest.raises(UsageError, match="MiB free, fewer than"):
        run(request, catalog=toys.catalog())
    assert toys.CALLS == []
    assert not (tmp_path / "runs").exists()


def test_paths_outside_are_redirected_unless_allowed(tmp_path):
    outside = tmp_path / "elsewhere" / "out.txt"
    nodes = {**GOOD, "2": ("Save", {"text": ["1", 0], "path": str(outside)})}
    report, folder = start(tmp_path, nodes)
    assert not outside.exists()
    (saved,) = report.files
    assert saved.startswith(str(folder / "outputs"))
    assert [n.code for n in report.notices].count("output_redirected") == 1
    allowed = Settings(allow_paths=(tmp_path / "elsewhere",))
    report, _ = start(tmp_path, nodes, settings=allowed)
    assert report.files == [str(outside)]
    assert outside.read_text() == "done"


def test_relative_paths_cannot_leave_the_output_folder(tmp_path):
    nodes = {**GOOD, "2": ("Save", {"text": ["1", 0], "path": "../../../out.txt"})}
    report, folder = start(tmp_path, nodes)
    assert report.files == [str(folder / "outputs/out.txt")]


def test_a_file_that_cannot_be_saved_is_found_before_the_run(tmp_path):
    toys.CALLS.clear()
    nodes = {**GOOD, "2": ("Save", {"text": ["1", 0], "path": "/proc/self/out.txt"})}
    with pytest.raises(UsageError, match=r"cannot save /proc/self/out\.txt") as caught:
        start(tmp_path, nodes, settings=Settings(allow_paths=(Path("/proc"),)))
    assert caught.value.diagnostics[0].position.line == 15
    assert toys.CALLS == []


def test_the_plain_view_has_one_line_per_node_and_no_control_characters(tmp_path):
    out = io.StringIO()
    request = Request(toys.prompt(GOOD), out=tmp_path, min_free=0)
    run(request, catalog=toys.catalog(), observe=[Lines(lambda t: out.write(t + "\n"))])
    text = out.getvalue()
    assert "\x1b" not in text
    assert [line.split()[1:3] for line in text.splitlines() if line.startswith("[")] == [
        ["1", "Work"],
        ["2", "Save"],
        ["3", "Show"],
    ]
    assert "epoch 1  loss 0.2500" in text


def test_the_plain_view_thins_out_progress():
    out = []
    view = Lines(out.append)
    view(RunStarted(name="x", seed=0, nodes=(NodeInfo(node_id="1", class_type="A", title="A"),)))
    assert out == ["x: 1 node, seed 0"]
    view(NodeStarted(node_id="1"))
    for step in range(1000):
        view(Progress(node_id="1", step=step, total=1000, metrics={"loss": 1.0}, time=step * 0.1))
    assert 5 <= len(out) - 1 <= 15


def test_the_summary_says_figures_files_and_time(tmp_path):
    report, folder = start(tmp_path, GOOD)
    text = "\n".join(summary(report))
    assert text.startswith("done in ")
    assert "epoch 1  loss 0.2500" in text
    assert f"saved {folder / 'outputs/sub/out.txt'}" in text
    assert str(folder) in text


def test_figures_that_are_no_numbers_stay_valid_json(tmp_path):
    from graphrun.execute.events import Metric
    from graphrun.report import Report, RunFolder

    report, folder = Report(), RunFolder(tmp_path / "run")
    for event in (
        RunStarted(name="x", seed=0, nodes=()),
        Metric(node_id="1", values={"loss": float("nan")}),
    ):
        report(event)
        folder(event)
    report.status = "success"
    document = json.loads(folder.close(report).read_text(), parse_constant=pytest.fail)
    assert document["metrics"]["final"] == {"loss": "nan"}


def told(*entries):
    """A report of a node that told these figures."""
    report = Report()
    report(RunStarted(name="x", seed=0, nodes=(NodeInfo(node_id="1", class_type="A", title="A"),)))
    for values in entries:
        report(events.Metric(node_id="1", values=values))
    report.status = "success"
    return report


def test_the_report_has_the_figures_of_the_best_epoch_and_of_the_last():
    losses = [0.5, 0.25, 0.25, 0.75]
    tables = [[[n, 0], [0, n]] for n in range(1, 5)]
    report = told(
        *(
            {"epoch": n, "val_loss": losses[n - 1], "val_confusion": tables[n - 1]}
            for n in range(1, 5)
        )
    )
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert check_report(document) == []
    metrics = document["metrics"]
    assert metrics["final"] == {"epoch": 4, "val_loss": 0.75, "val_confusion": [[4, 0], [0, 4]]}
    assert metrics["best"]["1"] == metrics["history"][1]
    assert metrics["best"]["1"]["val_confusion"] == [[2, 0], [0, 2]]


def test_a_first_loss_that_is_no_number_stays_the_best():
    report = told({"epoch": 1, "val_loss": math.nan}, {"epoch": 2, "val_loss": 0.5})
    assert report.best["1"]["epoch"] == 1
    assert check_report(report.to_json()) == []
    assert told({"epoch": 1, "train_loss": 0.5}).to_json()["metrics"].keys() == {"final", "history"}


def test_tables_are_only_of_numbers():
    assert check_report(told({"x": [1, math.nan], "y": [[1.5]], "z": []}).to_json()) == []
    assert check_report(told({"x": [[[1]]]}).to_json())


def test_views_show_the_figures_that_matter():
    epoch = {
        "epoch": 3, "train_loss": 0.41231, "lr": 2e-5, "val_loss": 0.3, "val_accuracy": 0.9,
        "val_precision": 0.8, "val_recall": 0.7, "val_f1": 0.75, "val_auc": 0.95,
        "val_confusion": [[1, 2], [3, 4]], "tokens_per_s": 12345.6, "flops_per_s": 1e12,
        "peak_share": 0.5,
    }  # fmt: skip
    line = (
        "epoch 3  train loss 0.4123  lr 2.00e-05  val loss 0.3000  val accuracy 0.9000  F1 0.7500"
        "  AUC 0.9500  12,346 tokens/s  50% of peak"
    )
    out = []
    view = Lines(out.append)
    view(RunStarted(name="x", seed=0, nodes=(NodeInfo(node_id="1", class_type="A", title="A"),)))
    view(events.Metric(node_id="1", values=epoch))
    assert out[1] == f"  1 A: {line}"
    assert f"  {line}" in summary(told(epoch))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "the name is empty"),
        (".", "is a folder"),
        ("sub/", "is a folder"),
        ("x" * 300, "more than 240 bytes"),
        ("~nosuchuser/x", "home directory"),
    ],
)
def test_save_paths_that_cannot_work_are_found_before_the_run(tmp_path, path, message):
    toys.CALLS.clear()
    nodes = {**GOOD, "2": ("Save", {"text": ["1", 0], "path": path})}
    with pytest.raises(UsageError) as caught:
        start(tmp_path, nodes)
    (found,) = caught.value.diagnostics
    assert (found.code, found.input) == ("unwritable_output", "path")
    assert message in found.message
    assert toys.CALLS == []
    assert not (tmp_path / "runs").exists()


def test_a_long_document_name_still_has_a_run_folder(tmp_path):
    from graphrun.report import Report, RunFolder

    folder = RunFolder.named(tmp_path, "ü" * 240 + ".json")
    assert folder.close(Report(status="success")).is_file()


def test_an_interrupted_node_is_reported_with_its_time_and_files(tmp_path):
    from graphrun.execute import Stop
    from graphrun.execute.events import Progress

    stop = Stop()

    def observer(event):
        if isinstance(event, Progress):
            stop.request()

    request = Request(toys.prompt(GOOD), out=tmp_path / "runs", min_free=0)
    report = run(request, catalog=toys.catalog(), observe=[observer], stop=stop)
    document = json.loads((report.folder / "report.json").read_text())
    assert check_report(document) == []
    assert [n["state"] for n in document["nodes"]] == ["interrupted", "pending", "pending"]


def test_files_in_comfyuis_way_are_files(tmp_path):
    report = Report(folder=tmp_path)
    ui = {
        "images": [
            {"filename": "a_00001_.png", "subfolder": "x", "type": "output"},
            {"filename": "b_00001_.png", "subfolder": "", "type": "temp"},
            {"filename": "c_00001_.png", "subfolder": "", "type": "input"},
        ],
        "text": ["a"],
    }
    report(
        events.RunStarted(
            name="n", seed=0, nodes=(events.NodeInfo(node_id="1", class_type="S", title="S"),)
        )
    )
    report(events.NodeFinished(node_id="1", seconds=0.0, peak_mb=None, ui=ui))
    wrote = [
        str(tmp_path / "outputs" / "x" / "a_00001_.png"),
        str(tmp_path / "temp" / "b_00001_.png"),
    ]
    assert report.files == wrote
    report.status = "success"
    document = report.to_json()
    assert check_report(document) == []
    assert (document["files"], document["nodes"][0]["files"]) == (wrote, wrote)
    assert [line[8:] for line in summary(report) if line.startswith("  saved ")] == wrote


def test_what_json_cannot_say_is_a_text_in_the_document():
    report = Report(
        nodes={"1": NodeReport("1", "S", "S", None, ui={"x": [math.nan, {1: math.inf}]})}
    )
    assert report.to_json()["nodes"][0]["ui"] == {"x": ["nan", {"1": "inf"}]}
    json.dumps(report.to_json(), allow_nan=False)


def test_a_report_says_what_it_ran_on(tmp_path):
    _, folder = start(tmp_path, GOOD)
    document = json.loads((folder / "report.json").read_text())
    assert check_report(document) == []
    assert {"graphrun", "torch", "pandas", "numpy"} <= document["versions"].keys()
    assert document["machine"].keys() >= {"system", "python", "cpu", "cores", "memory_mb", "gpus"}
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["memory_mb"] > 100
    assert document["git"] is None
    assert document["packs"].keys() == {"toys"}
    assert document["resources"] == []


def git(folder, *arguments):
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_state_of_the_documents_repository(tmp_path):
    inner = tmp_path / "flows"
    inner.mkdir()
    file = inner / "flow.json"
    file.write_text("{}")
    assert repository(str(file)) is None
    git(tmp_path, "init", "-q")
    path = "flows/flow.json"
    assert repository(str(file)) == {"commit": None, "dirty": True, "path": path}
    (tmp_path / "other.txt").write_text("a")
    git(tmp_path, "add", "other.txt")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(tmp_path) == commit
    assert commit_of(inner) is None
    assert repository(str(file)) == {"commit": commit, "dirty": True, "path": path}  # untracked
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "two")
    commit = git(tmp_path, "rev-parse", "HEAD")
    clean = {"commit": commit, "dirty": False, "path": path}
    assert repository(str(file)) == repository(f"{file} (workflow)") == clean
    (tmp_path / "untracked").write_text("is nothing of the commit")
    assert repository(str(file)) == clean
    (tmp_path / "other.txt").write_text("b")
    assert repository(str(file)) == {**clean, "dirty": True}


def test_a_run_notes_the_commit_of_its_document(tmp_path):
    text = json.dumps({"1": {"class_type": "Work", "inputs": {"steps": 3}}, "2": SHOWN})
    (tmp_path / "flow.json").write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "flow.json")
    git(tmp_path, "commit", "-qm", "one")
    request = Request(load(tmp_path / "flow.json"), out=tmp_path / "runs", min_free=0)
    report = run(request, catalog=toys.catalog())
    document = json.loads((report.folder / "report.json").read_text())
    assert check_report(document) == []
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert document["git"] == {"commit": commit, "dirty": False, "path": "flow.json"}


def test_no_git_is_no_problem(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    (tmp_path / "flow.json").write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository(str(tmp_path / "flow.json")) is None
    assert repository("<stdin>") is None
    assert repository("no/such\0file") is None


def test_a_report_says_where_names_led(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(checkpoint("distilbert"), "model")
    shutil.copytree(FOLDER / "reviews", "reviews")
    root = Path(__file__).parents[2]
    document = load(root / "workflows/distilbert_classification.json")
    catalog = Catalog.installed()
    settings = Settings(
        aliases={
            "distilbert-base-uncased": Alias(Path("model")),
            "imdb": Alias(Path("reviews"), text="text"),
        }
    )
    planned = plan(convert(document, catalog), catalog)
    found = recorded(planned, catalog, settings)
    assert found["packs"]["graphrun"]["distribution"] == "graphrun"
    data, model = found["resources"]
    assert (model["name"], model["source"]) == ("distilbert-base-uncased", "alias")
    assert (model["place"], model["by"]) == (str(tmp_path / "model"), "content")
    assert "files" not in model
    assert data["columns"] == {"text": "text"}
    assert data["bytes"] == sum(one.stat().st_size for one in Path("reviews").iterdir())
    report = Report(record=found, status="success")
    assert check_report(report.to_json()) == []
    tiny = recorded(planned, catalog, Settings(tiny=True))["resources"]
    assert {(one["source"], "digest" in one) for one in tiny} == {("tiny", False)}
    assert check_report(Report(record={"resources": tiny}, status="success").to_json()) == []


class Odd:
    """What packs do that nobody expects."""

    RETURN_TYPES = ()
    FUNCTION = "run"
    CATEGORY = "toys"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"kind": ("STRING", {})}}

    def run(self, kind):
        if kind == "moves":
            os.chdir("/")
        if kind == "half":
            notice("file \udcff", code="odd")
            show(text=["\ud800 and é"])
        if kind == "dumb":
            raise Dumb
        return ()


class Dumb(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize("kind", ["moves", "half", "dumb"])
def test_odd_nodes_leave_a_report(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    nodes = {"1": {"class_type": "Odd", "inputs": {"kind": kind}}}
    report = graphrun.run(nodes, packs=[{"Odd": Odd}], out=Path("runs"))
    (folder,) = (tmp_path / "runs").iterdir()
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert check_report(document) == []
    assert document["status"] == report.status == ("failed" if kind == "dumb" else "success")
    said = [one["message"] for one in document["notices"]]
    assert said == (["file \\udcff"] if kind == "half" else [])
    assert lines_of(folder / "events.jsonl")[-1]["event"] == "RunFinished"
    if kind == "dumb":
        assert "Dumb: (its text cannot be had)" in document["error"]["message"]
