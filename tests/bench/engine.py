"""Overhead of the engine: loading, checking, planning and running chains of nodes that do nothing.

python tests/bench/engine.py
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import toys

from graphrun.catalog import Settings
from graphrun.documents import Prompt, loads
from graphrun.execute import execute
from graphrun.plan import check, plan


def chain(length: int) -> str:
    nodes = {"0": {"class_type": "Text", "inputs": {"text": "a"}}}
    for i in range(1, length):
        nodes[str(i)] = {"class_type": "Join", "inputs": {"a": [str(i - 1), 0], "b": ""}}
    nodes["end"] = {"class_type": "Show", "inputs": {"text": [str(length - 1), 0]}}
    return json.dumps(nodes)


def timed(stage: Callable[[], object]) -> float:
    start = time.perf_counter()
    stage()
    return time.perf_counter() - start


def measure(length: int) -> list[float]:
    """Seconds for loading, checking, planning and running a chain."""
    catalog, text = toys.catalog(), chain(length)
    prompt = loads(text)
    assert isinstance(prompt, Prompt)
    planned = plan(prompt, catalog)
    return [
        timed(lambda: loads(text)),
        timed(lambda: check(prompt, catalog)),
        timed(lambda: plan(prompt, catalog)),
        timed(lambda: execute(planned, catalog, Settings())),
    ]


def main() -> None:
    measure(10)  # imports
    print(f"{'nodes':>7}  {'load':>8}  {'check':>8}  {'plan':>8}  {'run':>8}  ms   µs per node run")
    for length in (100, 1_000, 10_000):
        times = [min(column) for column in zip(*(measure(length) for _ in range(3)), strict=True)]
        cells = "  ".join(f"{t * 1e3:8.1f}" for t in times)
        print(f"{length:>7}  {cells}      {times[3] / length * 1e6:8.0f}")


if __name__ == "__main__":
    main()
