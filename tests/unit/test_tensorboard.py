"""Curves for TensorBoard, read by TensorBoard."""

import subprocess
import sys

import pytest
import toys

from graphrun.api import Request, run
from graphrun.execute.events import Metric, NodeInfo, Progress, RunFinished, RunStarted
from graphrun.report.tensorboard import TensorBoard, installed

pytest.importorskip("tensorboard")

NODES = {"1": ("Work", {"steps": 3}), "2": ("Show", {"text": ["1", 0]})}
END = RunFinished(status="success", seconds=1.0, peak_mb=None)
NODE = NodeInfo(node_id="7", class_type="Train", title="Fine/tuning")


def curves(folder):
    """By name, the points (step, value) of each curve."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]
    }


def started(folder):
    board = TensorBoard(folder)
    board(RunStarted(name="x", seed=0, nodes=(NODE,)))
    return board


def test_a_run_leaves_curves_in_its_folder(tmp_path):
    report = run(Request(toys.prompt(NODES), out=tmp_path, min_free=0), catalog=toys.catalog())
    found = curves(report.folder / "tensorboard")
    assert found == {"1 Work/loss": [(1, 0.25)], "1 Work/loss by step": [(1, 1.0)]}


def test_a_run_leaves_no_curves_if_that_is_not_wanted(tmp_path):
    request = Request(toys.prompt(NODES), out=tmp_path, min_free=0, tensorboard=False)
    assert not (run(request, catalog=toys.catalog()).folder / "tensorboard").exists()


def test_figures_of_epochs_are_curves_and_tables_are_not(tmp_path):
    board = started(tmp_path)
    for epoch in (1, 2):
        values = {"epoch": epoch, "val_f1": epoch / 4, "val_confusion": [[1, 2], [3, 4]]}
        board(Metric(node_id="7", values=values))
    # What was told is in the file before the end of the run.
    assert curves(tmp_path) == {"7 Fine_tuning/val_f1": [(1, 0.25), (2, 0.5)]}
    board(END)
    assert curves(tmp_path) == {"7 Fine_tuning/val_f1": [(1, 0.25), (2, 0.5)]}
    assert len(list(tmp_path.iterdir())) == 1


def test_figures_without_an_epoch_are_numbered(tmp_path):
    board = started(tmp_path)
    for values in ({"a": 1}, {"a": 2.0}, {"step": 40, "a": 3}, {"epoch": float("nan"), "a": 4}):
        board(Metric(node_id="7", values=values))
    board(END)
    assert curves(tmp_path)["7 Fine_tuning/a"] == [(1, 1), (2, 2), (40, 3), (4, 4)]


def test_progress_is_thinned_out(tmp_path):
    board = started(tmp_path)
    for step in range(100):
        figures = {"loss": 1.0} if step % 2 else {}
        board(Progress(node_id="7", step=step, total=100, metrics=figures, time=1e9 + step * 0.1))
    board(END)
    steps = [step for step, _ in curves(tmp_path)["7 Fine_tuning/loss by step"]]
    assert steps[:2] == [1, 11]
    assert len(steps) == 10


def test_nothing_is_made_where_nothing_is_told(tmp_path):
    board = started(tmp_path / "curves")
    board(Metric(node_id="7", values={"epoch": 1, "val_confusion": [[1]]}))
    board(END)
    assert not (tmp_path / "curves").exists()


def test_curves_that_cannot_be_written_cost_no_run(tmp_path):
    def obstruct(event):
        if isinstance(event, RunStarted):
            (folder,) = tmp_path.iterdir()
            (folder / "tensorboard").write_text("a file")

    request = Request(toys.prompt(NODES), out=tmp_path, min_free=0)
    report = run(request, catalog=toys.catalog(), observe=[obstruct])
    assert report.status == "success"
    assert report.final == {"epoch": 1, "loss": 0.25}
    lost = [one.message for one in report.notices if one.code == "observer_failed"]
    assert len(lost) == 1
    assert lost[0].startswith("TensorBoard stopped listening: FileExistsError")


def test_a_file_is_closed_when_a_figure_cannot_be_written(tmp_path):
    board = started(tmp_path)
    board(Metric(node_id="7", values={"a": 1.0}))
    with pytest.raises(KeyError):
        board(Metric(node_id="unknown", values={"a": 1.0}))
    assert curves(tmp_path) == {"7 Fine_tuning/a": [(1, 1.0)]}


def test_a_folder_called_tensorboard_is_not_tensorboard(tmp_path, monkeypatch):
    assert installed()
    (tmp_path / "tensorboard").mkdir()
    monkeypatch.delitem(sys.modules, "tensorboard", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert not installed()


def test_writing_curves_does_not_need_torch(tmp_path):
    script = (
        "import sys\n"
        "from graphrun.execute.events import Metric, NodeInfo, RunFinished, RunStarted\n"
        "from graphrun.report.tensorboard import TensorBoard\n"
        "board = TensorBoard(__import__('pathlib').Path(sys.argv[1]))\n"
        "nodes = (NodeInfo(node_id='1', class_type='A', title='A'),)\n"
        "board(RunStarted(name='x', seed=0, nodes=nodes))\n"
        "assert 'tensorboard' not in sys.modules\n"
        "board(Metric(node_id='1', values={'epoch': 1, 'a': 0.5}))\n"
        "board(RunFinished(status='success', seconds=1.0, peak_mb=None))\n"
        "print(sorted({'torch', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert curves(tmp_path) == {"1 A/a": [(1, 0.5)]}
