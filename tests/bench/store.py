"""What the store on disk adds to bare files, and what it saves, side by side in one run.

python tests/bench/store.py            # 256 MiB of weights, 1,000 trivial nodes
python tests/bench/store.py 64 200     # 64 MiB, 200 nodes

Weights: `put` and `get` next to `save_file` and `load_file` of safetensors; of all, the least of
several rounds in which they take turns. `get, first` compares every byte with the digest, once a
process; `load_file` reads nothing but the header, so that a reader of every byte is beside it too.
Nodes: a session that computes all, one that finds all on disk, and one that finds all in memory;
then the processor time of a fresh process that finds all on disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from comfy_toys import catalog

from graphrun import DiskStore, Session
from graphrun.cache import Stored

IMPORTED = time.process_time()

ROUNDS = 7
SHOWN = 50


@dataclass(order=True)
class Took:
    """Seconds on the clock, and of processor time in all threads."""

    wall: float
    cpu: float

    def __add__(self, other: Took) -> Took:
        return Took(self.wall + other.wall, self.cpu + other.cpu)

    def __str__(self) -> str:
        return f"{self.wall * 1e3:.1f} ms, {self.cpu * 1e3:.1f} of cpu"


def least(*calls: Callable[[], Any]) -> list[Took]:
    """What each took, the least of several rounds in which they take turns."""
    times: list[list[Took]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, found in zip(calls, times, strict=True):
            start, cpu = time.perf_counter(), time.process_time()
            call()
            found.append(Took(time.perf_counter() - start, time.process_time() - cpu))
    return [Took(min(t.wall for t in found), min(t.cpu for t in found)) for found in times]


def weights(mebibytes: int, folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    state = {f"layer{i}": torch.randn(1 << 18) for i in range(mebibytes)}
    bare, store = folder / "bare.safetensors", DiskStore(folder / "weights")

    kept = DiskStore(folder / "kept")
    kept.put("w", Stored(([state],), {}))

    def every_byte() -> float:
        return float(sum(one.view(torch.int64).sum() for one in load_file(bare).values()))

    ours = {
        "put": lambda: store.put("w", Stored(([state],), {})),
        "get, first": lambda: DiskStore(kept.path).get("w"),
        "get, again": lambda: kept.get("w"),
    }
    theirs = {
        "save_file": lambda: save_file(state, bare),
        "load_file": lambda: load_file(bare),
        "load_file and every byte": every_byte,
    }
    took = dict(zip((*ours, *theirs), least(*ours.values(), *theirs.values()), strict=True))
    assert store.why_not("w") is None
    print(f"{mebibytes} MiB of weights")
    for mine, other in (
        (("put",), ("save_file",)),
        (("get, first",), ("load_file and every byte",)),
        (("get, first",), ("load_file",)),
        (("get, again",), ("load_file",)),
        (("put", "get, first"), ("save_file", "load_file")),
        (("put", "get, first"), ("save_file", "load_file and every byte")),
    ):
        a, b = (sum((took[name] for name in names), Took(0, 0)) for names in (mine, other))
        print(f"  {' + '.join(mine)}: {a}")
        print(f"    {b.wall / a.wall:.0%} of the speed of {' + '.join(other)}: {b}")


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

    bare, cold, again = least(
        run(None),
        lambda: run(DiskStore(folder / f"nodes{next(numbers)}"))(),
        lambda: run(DiskStore(folder / "nodes0"))(),
    )
    session = Session(catalog=catalog())
    session.run(prompt)
    (memory,) = least(lambda: session.run(prompt))
    print(f"{len(prompt)} trivial nodes")
    print(f"  no store: {bare}")
    for name, took in (("disk, empty", cold), ("disk, all there", again), ("memory", memory)):
        print(f"  {name}: {took}; {took.wall / bare.wall:.2f} x no store")


def fresh(count: int, folder: Path) -> None:
    """Processor seconds of a process that finds all nodes on disk, and of its parts."""
    rounds = []
    for _ in range(ROUNDS):
        command = [sys.executable, __file__, "again", str(count), str(folder / "nodes0")]
        rounds.append(json.loads(subprocess.check_output(command, text=True)))
    found = min(rounds, key=lambda one: float(one["all"]))
    print(f"{count} trivial nodes again, in a process of its own: seconds of processor time")
    for name, seconds in found.items():
        print(f"  {name:34}{seconds:6.3f}")


def again(count: int, folder: str) -> None:
    """The process that `fresh` starts; nothing in it imports torch."""
    session = Session(catalog=catalog(), store=DiskStore(folder), remember=False)
    report = session.run(document(count))
    done = time.process_time()
    if report.ran or "torch" in sys.modules:
        raise RuntimeError(f"{len(report.ran)} nodes ran, or torch was imported")
    parts = {"all": done, "interpreter and imports": IMPORTED, "the run": done - IMPORTED}
    print(json.dumps(parts))


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["again"]:
        again(int(arguments[1]), arguments[2])
        return
    sizes = [int(one) for one in arguments] or [256, 1000]
    with tempfile.TemporaryDirectory() as path:
        weights(sizes[0], Path(path))
        nodes(sizes[1], Path(path))
        fresh(sizes[1], Path(path))


if __name__ == "__main__":
    main(sys.argv[1:])
