"""Overhead of the engine: loading, checking, planning and running chains of nodes that do nothing.

    python tests/bench/engine.py
"""

from __future__ import annotations

import json
import sys
import time
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


def main() -> None:
    catalog = toys.catalog()
    print(f"{'nodes':>7}  {'load':>8}  {'check':>8}  {'plan':>8}  {'run':>8}   ms; µs per node in ()")
    for length in (100, 1_000, 10_000):
        text, times = chain(length), []
        start = time.perf_counter()
        prompt = loads(text)
        assert isinstance(prompt, Prompt)
        for stage in (
            lambda: None,
            lambda: check(prompt, catalog),
            lambda: plan(prompt, catalog),
            lambda: execute(plan(prompt, catalog), catalog, Settings()),
        ):
            stage()
            times.append(time.perf_counter() - start)
            start = time.perf_counter()
        times[3] -= times[2]
        cells = (f"{t * 1e3:8.1f}" for t in times)
        print(f"{length:>7}  {'  '.join(cells)}   ({times[3] / length * 1e6:.0f})")


if __name__ == "__main__":
    main()
