"""What the engine adds to a bare loop over a networkx graph and a dict, side by side in one run.

python tests/bench/engine.py            # all shapes at 1k, 10k and 100k nodes
python tests/bench/engine.py chain 1000

Nodes are trivial classes of ComfyUI's API. `bare` builds a graph, sorts it and calls the same
classes; `cold` is a whole run from a prompt in memory, `cached` the same prompt again in the
session, `check` the rules alone. Memory is the peak above that of the imports, bare / whole run.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import networkx as nx
from comfy_toys import Add, Number, Show, catalog

from graphrun.documents import read
from graphrun.plan import check
from graphrun.session import Session

CLASSES = {"Number": Number, "Add": Add, "Show": Show}
SIZES = (1_000, 10_000, 100_000)
Document = dict[str, dict[str, Any]]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def chain(count: int) -> Document:
    nodes = {"0": node("Number", value=1)}
    nodes |= {str(i): node("Add", a=[str(i - 1), 0], b=1) for i in range(1, count - 1)}
    return {**nodes, "end": node("Show", value=[str(count - 2), 0])}


def fan_out(count: int) -> Document:
    """One number, read by all; every tenth node is shown."""
    nodes = {"0": node("Number", value=1)}
    for i in range(1, count):
        shown = i % 10 == 0
        source = [str(i - 1 if shown else 0), 0]
        nodes[str(i)] = node("Show", value=source) if shown else node("Add", a=source, b=i)
    return nodes


def layered(count: int) -> Document:
    """Layers of 50; every node adds two random ones of the layer before."""
    draw = random.Random(0)
    nodes = {str(i): node("Number", value=i) for i in range(50)}
    for i in range(50, count - 50):
        first = (i // 50 - 1) * 50
        a, b = (str(draw.randrange(first, first + 50)) for _ in range(2))
        nodes[str(i)] = node("Add", a=[a, 0], b=[b, 0])
    last = list(nodes)[-50:]
    return nodes | {f"end{i}": node("Show", value=[one, 0]) for i, one in enumerate(last)}


SHAPES: dict[str, Callable[[int], Document]] = {
    "chain": chain,
    "fan-out": fan_out,
    "layered": layered,
}


def bare(document: Document) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(document)
    for name, entry in document.items():
        for value in entry["inputs"].values():
            if isinstance(value, list):
                graph.add_edge(value[0], name)
    results: dict[str, Any] = {}
    for name in nx.topological_sort(graph):
        entry = document[name]
        inputs = {
            key: results[value[0]][value[1]] if isinstance(value, list) else value
            for key, value in entry["inputs"].items()
        }
        results[name] = CLASSES[entry["class_type"]]().run(**inputs)


def timed(stage: Callable[[], object]) -> float:
    start = time.perf_counter()
    stage()
    return time.perf_counter() - start


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(shape: str, count: int) -> dict[str, float]:
    """Seconds, and MiB above the imports."""
    document = SHAPES[shape](count)
    warm_up = chain(10)
    bare(warm_up)
    Session(catalog=catalog()).run(warm_up)
    prompt, packs, session = read(document), catalog(), Session(catalog=catalog())
    before = peak()
    times = {"bare": min(timed(lambda: bare(document)) for _ in range(3))}
    bare_memory = peak() - before
    times["check"] = min(timed(lambda: check(prompt, packs)) for _ in range(2))
    times["cold"] = min(timed(lambda: Session(catalog=packs).run(document)) for _ in range(2))
    session.run(document)
    times["cached"] = min(timed(lambda: session.run(document)) for _ in range(3))
    return {**times, "bare_memory": bare_memory, "memory": peak() - before}


def row(shape: str, count: int, found: dict[str, float]) -> str:
    each = 1e6 / count
    overhead = (found["cold"] - found["bare"]) * each
    ratios = (found[name] / found["bare"] for name in ("cold", "cached", "check"))
    cells = "  ".join(f"{ratio:7.1f}" for ratio in ratios)
    memory = f"{found['bare_memory']:6.0f} / {found['memory']:.0f}"
    return (
        f"{shape:>8} {count:>8}  {found['bare'] * each:9.1f}  {cells}  {overhead:11.1f}"
        f"  {found['cached'] * 1e3:9.1f}  {memory}"
    )


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    print("   shape    nodes  bare µs/n     cold   cached    check  overhead µs  cached ms  MiB")
    for shape in SHAPES:
        for count in SIZES:
            command = [sys.executable, __file__, shape, str(count)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            print(row(shape, count, json.loads(told)), flush=True)


if __name__ == "__main__":
    main()
