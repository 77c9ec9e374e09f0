"""How long conversion takes: large graphs, many instances, deep nesting.

python tests/bench/convert.py
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "convert"))

from convert_toys import SPECS, definition, instance, node, slot, widget

from graphrun.convert import convert, explain
from graphrun.documents import Workflow, loads


def chain(length: int) -> dict[str, Any]:
    """Samplers and images in turn, each with reroutes, muted and bypassed nodes among them."""
    nodes = [node(1, "Load", ["a"])]
    links = []
    for id in range(2, length + 1):
        kind = ("Image", "Blend", "Reroute", "Save")[id % 4]
        name = {"Image": "image", "Blend": "first", "Reroute": "", "Save": "images"}[kind]
        links.append([id, id - 1 if kind != "Image" else max(id - 2, 1), 0, id, 0, "IMAGE"])
        values = {"Blend": [0.5], "Save": ["out"]}.get(kind)
        sockets = [slot(name, id, "IMAGE"), *([widget("amount")] if kind == "Blend" else [])]
        mode = 4 if id % 20 == 1 and kind == "Blend" else 0
        nodes.append(node(id, kind, values, sockets, mode=mode))
    return {"nodes": nodes, "links": links, "version": 0.4, "last_node_id": length}


def nested(levels: int) -> dict[str, Any]:
    """One node inside of `levels` subgraphs, its width promoted through all of them."""
    definitions = []
    for level in range(levels):
        inner = instance(1, f"level-{level + 1}", [], [widget("width", 1)])
        if level == levels - 1:
            inner = node(1, "Size", [512, 1], [widget("width", 1), widget("count")])
        definitions.append(
            definition(
                f"level-{level}", inner,
                links=[(1, -10, 0, 1, 0), (2, 1, 0, -20, 0)],
                inputs=[("width", "INT", [1])], outputs=[("INT", "INT", [2])],
            )
        )  # fmt: skip
    root = [instance(1, "level-0", [64], [widget("width")])]
    return {"nodes": root, "links": [], "version": 0.4, "definitions": {"subgraphs": definitions}}


def instances(count: int, size: int) -> dict[str, Any]:
    """`count` instances of one subgraph of `size` nodes."""
    inner = chain(size)
    made = definition("many", *inner["nodes"], links=[tuple(link[:5]) for link in inner["links"]])
    nodes = [instance(100_000 + k, "many", []) for k in range(count)]
    return {"nodes": nodes, "links": [], "version": 0.4, "definitions": {"subgraphs": [made]}}


def measure(document: dict[str, Any]) -> tuple[float, float, int]:
    workflow = loads(json.dumps(document), name="bench.json")
    assert isinstance(workflow, Workflow)
    best, told = float("inf"), float("inf")
    for _ in range(3):
        start = time.process_time()
        prompt = convert(workflow, SPECS)
        best = min(best, time.process_time() - start)
        start = time.process_time()
        explain(workflow, SPECS)
        told = min(told, time.process_time() - start)
    return best, told, len(prompt.nodes)


def main() -> None:
    cases = {
        "1,000 nodes": chain(1_000),
        "10,000 nodes": chain(10_000),
        "200 nested levels": nested(200),
        "100 instances of 100 nodes": instances(100, 100),
    }
    print(f"{'':28}  {'in the prompt':>13}  {'convert':>8}  {'explain':>8}  ms of CPU")
    for name, document in cases.items():
        seconds, told, count = measure(document)
        print(f"{name:28}  {count:>13,}  {seconds * 1e3:8.1f}  {told * 1e3:8.1f}")


if __name__ == "__main__":
    main()
