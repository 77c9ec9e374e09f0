"""Start-up time of the verbs that must be fast, beside a bare interpreter.

python tests/bench/startup.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKFLOW = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "graphrun --help": [sys.executable, "-m", "graphrun", "--help"],
    "graphrun check": [sys.executable, "-m", "graphrun", "check", str(WORKFLOW)],
    "graphrun convert": [sys.executable, "-m", "graphrun", "convert", str(WORKFLOW)],
    "graphrun nodes": [sys.executable, "-m", "graphrun", "nodes"],
    "graphrun, names not found": [sys.executable, "-m", "graphrun", str(WORKFLOW)],
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}


def seconds(command: list[str]) -> float:
    """Of a process in an empty folder, with no model or data set within reach."""
    with tempfile.TemporaryDirectory() as folder:
        offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": folder}
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **offline}, capture_output=True, check=False
        )
        found = time.perf_counter() - start
    if done.returncode not in (0, 4):
        raise RuntimeError(done.stderr.decode())
    return found


def main(rounds: int = 7) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    bare = min(times["python -c pass"])
    for name, found in times.items():
        best, middle = min(found), statistics.median(found)
        print(
            f"{name:<26} best {best * 1e3:6.0f} ms  median {middle * 1e3:6.0f} ms  "
            f"{best / bare:5.1f} × bare"
        )


if __name__ == "__main__":
    main()
