"""Ctrl-C in the middle of a training."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FLAGSHIP = Path(__file__).parents[2] / "workflows/distilbert_classification.json"


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to it in time")


def training(folder):
    """Whether the training node has made progress."""
    logs = [p.read_text() for p in folder.glob("runs/*/events.jsonl")]
    return any('"Progress", ' in log and '"node_id": "27"' in log for log in logs)


def test_the_weights_so_far_are_saved_and_the_run_exits_with_130(tmp_path):
    """The signal goes to the whole process group, loader processes included, as in a terminal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "graphrun", str(FLAGSHIP), "--tiny", "--set", "27.epochs=50"],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: training(tmp_path))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "the weights so far are in" in err
    assert out.startswith("interrupted in")
    (folder,) = tmp_path.glob("runs/*")
    report = json.loads((folder / "report.json").read_text())
    assert report["status"] == "interrupted"
    assert {n["id"]: n["state"] for n in report["nodes"]}["28"] == "pending"
    from safetensors.torch import load_file

    weights = load_file(folder / "outputs/interrupted.safetensors")
    assert "linear.weight" in weights
    assert any(name.startswith("llm_model.") for name in weights)
