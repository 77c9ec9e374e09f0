"""What the store on disk adds to bare files, and what it saves, side by side in one run.

python tests/bench/store.py            # 256 MiB of weights, 1,000 trivial nodes
python tests/bench/store.py 64 200     # 64 MiB, 200 nodes

Weights: `put` and `get` next to `save_file` and `load_file` of safetensors; of all, the least of
several times. `get, first` compares every byte with the digest, once a process; the reader that
reads every byte is what that is compared to. Nodes: a session that computes all, one that finds
all on disk, and one that finds all in memory.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import torch
from comfy_toys import catalog
from safetensors.torch import load_file, save_file

from graphrun import DiskStore, Session
from graphrun.cache import Stored

ROUNDS = 5
SHOWN = 50


def least(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def weights(mebibytes: int, folder: Path) -> None:
    state = {f"layer{i}": torch.randn(1 << 18) for i in range(mebibytes)}
    bare, store = folder / "bare.safetensors", DiskStore(folder / "weights")

    def every_byte() -> float:
        return float(sum(one.view(torch.int64).sum() for one in load_file(bare).values()))

    rows = [
        ("put", least(lambda: store.put("w", Stored(([state],), {}))),
         "save_file", least(lambda: save_file(state, bare))),
        ("get, first", least(lambda: DiskStore(store.path).get("w")),
         "load_file and every byte", least(every_byte)),
        ("get, again", least(lambda: store.get("w")),
         "load_file", least(lambda: load_file(bare))),
    ]  # fmt: skip
    assert store.why_not("w") is None
    print(f"{mebibytes} MiB of weights")
    for ours, mine, theirs, other in rows:
        print(
            f"  {ours:12}{mine * 1e3:9.1f} ms   {mine / other:6.2f} x {theirs} ({other * 1e3:.1f})"
        )


def document(count: int) -> dict[str, Any]:
    """Chains, all of which are shown, so that a run has to look for every result."""
    nodes: dict[str, Any] = {"0": {"class_type": "Number", "inputs": {"value": 1}}}
    for i in range(1, count):
        inputs = {"a": [str(i - 1), 0], "b": 1}
        nodes[str(i)] = {"class_type": "Add", "inputs": inputs}
    for i in range(0, count, SHOWN):
        nodes[f"show{i}"] = {"class_type": "Show", "inputs": {"value": [str(i), 0]}}
    return nodes


def nodes(count: int, folder: Path) -> None:
    prompt, numbers = document(count), iter(range(1000))

    def run(store: DiskStore | None) -> Callable[[], Any]:
        return lambda: Session(catalog=catalog(), store=store, remember=False).run(prompt)

    bare = least(run(None))
    cold = least(lambda: run(DiskStore(folder / f"nodes{next(numbers)}"))())
    again = least(lambda: run(DiskStore(folder / "nodes0"))())
    session = Session(catalog=catalog())
    session.run(prompt)
    memory = least(lambda: session.run(prompt))
    print(f"{len(prompt)} trivial nodes")
    print(f"  no store          {bare * 1e3:9.1f} ms")
    for name, seconds in (("disk, empty", cold), ("disk, all there", again), ("memory", memory)):
        print(f"  {name:18}{seconds * 1e3:9.1f} ms   {seconds / bare:6.2f} x no store")


if __name__ == "__main__":
    sizes = [int(one) for one in sys.argv[1:]] or [256, 1000]
    with tempfile.TemporaryDirectory() as path:
        weights(sizes[0], Path(path))
        nodes(sizes[1], Path(path))
