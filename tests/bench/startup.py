"""Start-up time of the verbs that must be fast, beside a bare interpreter.

python tests/bench/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

WORKFLOW = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "graphrun --help": [sys.executable, "-m", "graphrun", "--help"],
    "graphrun check": [sys.executable, "-m", "graphrun", "check", str(WORKFLOW)],
    "graphrun convert": [sys.executable, "-m", "graphrun", "convert", str(WORKFLOW)],
    "graphrun nodes": [sys.executable, "-m", "graphrun", "nodes"],
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


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
