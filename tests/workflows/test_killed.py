"""Trainings whose process is killed without a warning, again and again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import graphrun
from graphrun.cache import Checkpoints
from graphrun.execute import Stop
from graphrun.execute.events import Progress

SERVER = Path(__file__).parents[1] / "support/training_server.py"
KILLS = 50


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def document(epochs):
    """Rows in an order of their own in every epoch, dropout, and a rate that changes."""
    sizes = {"input_size": 3, "hidden_size": 8, "num_layers": 2, "linear_output_size": 1}
    rest = {"bias": True, "batch_first": True, "bidirectional": False, "linear_bias": True}
    how = {"use_gpu": False, "early_stopping": False, "early_stopping_rounds": 1}
    how |= {"output_best_val_model": True, "classification_metrics": True}
    return {
        "1": node("PtRandn", size="[64, 4, 3]", data_type="float32"),
        "2": node("PtRandInt", min_value=0, max_value=2, size="[64]", data_type="int64"),
        "3": node("PtDataLoaderFromTensors", x=["1", 0], y=["2", 0], batch_size=4, shuffle=True),
        "4": node("PtDataLoaderFromTensors", x=["1", 0], y=["2", 0], batch_size=16, shuffle=False),
        "5": node("PtnGRULinear", **sizes, **rest, dropout=0.3),
        "6": node("PtoAdam", model=["5", 0], learning_rate=0.01, beta1=0.9, beta2=0.999),
        "7": node("PtnBCEWithLogitsLoss", reduction="mean"),
        "10": node(
            "PtoLrSchedulerCosineAnnealing", optimizer=["6", 0], num_epochs=9, minimum_lr=0.0
        ),
        "8": node(
            "PtTrainRNNModel",
            model=["5", 0],
            linear_head=True,
            train_loader=["3", 0],
            optimizer=["6", 0],
            loss_function=["7", 0],
            epochs=epochs,
            **how,
            use_valid_token_mean=True,
            scheduler=["10", 0],
            val_loader=["4", 0],
        ),
        "9": node("PtSaveModel", model=["8", 0], model_path=""),
    }


class Server:
    """Processes that train, one after the other."""

    def __init__(self, folder, epochs):
        self.folder = folder
        (folder / "prompt.json").write_text(json.dumps(document(epochs)))
        command = [sys.executable, str(SERVER), str(folder), str(folder / "prompt.json")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipes)

    def start(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def status(self):
        return int(self.process.stdout.readline())

    def weights(self, name):
        return (self.folder / name / "model.safetensors").read_bytes()

    def said(self, name):
        return json.loads((self.folder / f"{name}.said").read_text())


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path, epochs=9)
    yield made
    made.process.stdin.close()
    made.process.wait(60)


def newest(folder):
    return max((path.name for path in folder.glob("end.kept/v1/*/0*")), default="")


def test_a_training_comes_to_the_same_end_however_often_it_is_killed(server):
    """At a random moment after it has come a little further, be it while it is saving."""
    kills, draw = 0, random.Random(4)
    while True:
        before, start = newest(server.folder), time.monotonic()
        process = server.start("end")
        while newest(server.folder) == before and time.monotonic() - start < 20:
            time.sleep(0.001)
        time.sleep(draw.random() * 0.02)
        if kills < KILLS:
            with suppress(ProcessLookupError):  # it came to its end meanwhile
                os.kill(process, signal.SIGKILL)
        status = server.status()
        if status == 0:
            break
        assert status == -signal.SIGKILL
        kills += 1
    assert kills >= KILLS // 2  # all of them where this process is not kept waiting
    assert "training_continued" in server.said("end")
    assert not list(server.folder.glob("end.kept/v1/*/tmp.*"))
    server.start("whole")
    assert server.status() == 0
    assert server.said("whole") == []
    assert server.weights("end") == server.weights("whole")
    server.start("whole")
    assert server.status() == 0
    assert server.said("whole") == ["training_finished"]
    assert server.weights("end") == server.weights("whole")


def figures(report):
    return [{**one, "time": None, "samples_per_s": None} for one in report.metrics]


def kept_run(folder, stop_after=None):
    """A run in a session of its own; it may be asked to stop after some steps."""
    stop = Stop()

    def watch(event):
        if isinstance(event, Progress) and event.step == stop_after:
            stop.request()

    session = graphrun.Session(checkpoints=Checkpoints(folder / "kept"))
    return session.run(document(4), targets=["8"], observe=watch, stop=stop)


def test_a_stopped_run_goes_on_and_a_finished_training_needs_no_loader(here):
    stopped = kept_run(here, 30)
    assert stopped.status == "interrupted"
    again = kept_run(here)
    assert [one.code for one in again.notices] == ["training_continued"]
    assert again.notices[0].node_id == "8"
    assert again.notices[0].message == "continuing the training from epoch 2, batch 12 of 16"
    whole = kept_run(here / "other")
    finished = kept_run(here)
    assert sorted(whole.ran, key=int) == ["1", "2", "3", "4", "5", "6", "7", "8", "10"]
    assert sorted(finished.ran, key=int) == ["5", "6", "7", "8", "10"]
    assert [one.code for one in finished.notices] == ["training_finished"]
    for report in (again, finished):
        for slot in (1, 2):
            assert (report.outputs["8"][slot][0] == whole.outputs["8"][slot][0]).all()
        weights, expected = (r.outputs["8"][0][0].state_dict() for r in (report, whole))
        assert all((weights[name] == expected[name]).all() for name in expected)
        assert figures(report) == figures(whole)
