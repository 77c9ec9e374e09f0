"""A training of a small table that the command line runs in seconds, and its processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def document(epochs, learning_rate=0.002):
    """A table made of random numbers, a network with its own order in every epoch, and weights."""
    how = {"use_gpu": False, "early_stopping": False, "early_stopping_rounds": 10}
    return {
        "1": node("PtRandn", size="[256, 4]", data_type="float32"),
        "2": node("PtRandInt", min_value=0, max_value=3, size="[256]", data_type="int64"),
        "3": node("PtDataLoaderFromTensors", x=["1", 0], y=["2", 0], batch_size=8, shuffle=True),
        "4": node("PtDataLoaderFromTensors", x=["1", 0], y=["2", 0], batch_size=64, shuffle=False),
        "5": node("PtnLinearModel", dim_list="[4, 32, 3]", bias_list="[True, True]", num_layers=2),
        "6": node("PtoAdam", model=["5", 0], learning_rate=learning_rate, beta1=0.9, beta2=0.999),
        "8": node(
            "PtTrainClassificationModel",
            model=["5", 0],
            train_loader=["3", 0],
            optimizer=["6", 0],
            epochs=epochs,
            output_best_val_model=True,
            val_loader=["4", 0],
            **how,
        ),
        "9": node("PtSaveModel", model=["8", 0], model_path="net.safetensors"),
        "10": node("PandasShowText", text=["9", 0]),
        "11": node(
            "PtEvaluateClassificationModel", model=["8", 0], data_loader=["4", 0], use_gpu=False
        ),
        "12": node("CDAShowFloat", float_scalar=["11", 0]),
        "13": node("PtShowText", tens=["8", 1]),
    }


CALL = """
import json, sys
from graphrun.cli.main import main
code = main(sys.argv[1:])
libraries = sorted({"torch", "transformers"} & sys.modules.keys())
print(json.dumps({"libraries": libraries}), file=sys.stderr)
sys.exit(code)
"""


def start(folder, *options, cache, **variables):
    """A process of the command line that runs `net.json` of a folder."""
    command = [sys.executable, "-c", CALL, "run", "net.json", "--json", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    surroundings = {**os.environ, "GRAPHRUN_CACHE": str(cache), "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen(command, cwd=folder, env=surroundings, **pipes)


class Ended:
    """What a process left: its code, its report, its weights, and the libraries it imported."""

    def __init__(self, process, folder):
        out, self.err = process.communicate(timeout=300)
        self.code = process.returncode
        self.report = json.loads(out) if out.startswith("{") else {}
        last = self.err.rstrip().rpartition("\n")[2]
        self.libraries = json.loads(last)["libraries"] if last.startswith('{"libraries"') else None
        found = [folder / path for path in self.report.get("files", [])]
        self.weights = found[0].read_bytes() if found and found[0].is_file() else None

    @property
    def ran(self):
        return [one["id"] for one in self.report["nodes"] if one["state"] == "finished"]

    @property
    def said(self):
        return {one["code"]: one["message"] for one in self.report["notices"]}

    @property
    def losses(self):
        history = self.report["metrics"]["history"]
        return [one["train_loss"] for one in history if "train_loss" in one]

    @property
    def shown(self):
        return {n["id"]: n["ui"] for n in self.report["nodes"] if n["id"] in ("12", "13")}


def ended(folder, *options, cache):
    found = Ended(start(folder, *options, cache=cache), folder)
    assert found.code == 0, found.err
    return found


def states(cache):
    """The folders of states of all trainings in a cache."""
    return sorted(path for path in Path(cache).glob("trainings/v1/*/0*"))


def wait_for_states(cache, process, count=1):
    """Until a training was kept so many times, or its process is over."""
    while newest(cache) < count and process.poll() is None:
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()


def newest(cache):
    return max((int(path.name.partition(".")[0]) for path in states(cache)), default=0)
