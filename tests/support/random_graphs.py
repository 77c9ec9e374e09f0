"""Toy nodes of every kind that results on disk treat differently, and random graphs of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from hypothesis import strategies as st

from graphrun.catalog import Catalog
from graphrun.node import (
    Lazy,
    Mutates,
    Nodes,
    Pack,
    Resource,
    Socket,
    metric,
    notice,
    output_file,
    show,
)

NODES = Nodes(category="toys")

Box = Annotated[list[int], Socket("BOX")]
"""An object: it is changed in place, and never kept."""

Dict = Annotated[dict[str, int], Socket("PYDICT")]

LINKED = {
    "Number": (),
    "Add": (("a", "INT"), ("b", "INT")),
    "MakeBox": (("value", "INT"),),
    "Both": (("value", "INT"),),
    "Fill": (("box", "BOX"),),
    "Sum": (("box", "BOX"), ("also", "INT")),
    "MakeDict": (("value", "INT"),),
    "Change": (("found", "PYDICT"),),
    "Length": (("found", "PYDICT"), ("also", "INT")),
    "Draw": (("most", "INT"),),
    "Look": (("also", "INT"),),
    "Act": (("value", "INT"),),
    "Write": (("value", "INT"),),
    "Read": (("path", "STRING"),),
    "Say": (("value", "INT"),),
    "Either": (("which", "INT"), ("a", "INT"), ("b", "INT")),
}
"""The inputs of each kind that may be links."""

GIVEN = {
    **dict.fromkeys(LINKED, ("INT",)),
    "MakeBox": ("BOX",),
    "Both": ("BOX", "INT"),
    "Fill": ("BOX", "INT"),
    "MakeDict": ("PYDICT",),
    "Change": ("PYDICT", "INT"),
    "Write": ("STRING",),
}

RANDOM = frozenset({"Draw", "Both"})
CHANGING = frozenset({"Fill", "Change"})
FILES = ("one.txt", "two.txt")


@NODES.node("Number")
def number(value: int = 0) -> int:
    """Passes a number on."""
    return value


@NODES.node("Add")
def add(a: int, b: int = 1) -> int:
    """The sum, below 1000."""
    return (a + b) % 1000


@NODES.node("MakeBox")
def make_box(value: int) -> Box:
    """An object."""
    return [value]


@NODES.node("Both", random=True)
def both(value: int, salt: int = 0) -> tuple[Box, int]:
    """An object of random numbers, and a number."""
    return [value, random.randrange(1000)], (value * 2) % 1000


@NODES.node("Fill")
def fill(box: Annotated[Box, Mutates()], value: int = 1) -> tuple[Box, int]:
    """Changes its object, and gives what is in it."""
    box.append(value)
    return box, sum(box) % 1000


@NODES.node("Sum")
def sum_of(box: Box, also: int = 0) -> int:
    """What is in an object."""
    return (sum(box) + also) % 1000


@NODES.node("MakeDict")
def make_dict(value: int) -> Dict:
    """A value that could be changed."""
    return {"a": value}


@NODES.node("Change")
def change(found: Annotated[Dict, Mutates()], value: int = 1) -> tuple[Dict, int]:
    """Changes its value in place, as nobody should."""
    found[f"b{len(found)}"] = value
    return found, sum(found.values()) % 1000


@NODES.node("Length")
def length(found: Dict, also: int = 0) -> int:
    """What is in a value."""
    return (sum(found.values()) + also) % 1000


@NODES.node("Draw", random=True)
def draw_number(most: int, salt: int = 0) -> int:
    """A random number."""
    return random.randrange(1000) + most % 7


@NODES.node("Look", reads=True)
def look(path: Annotated[str, Resource("data_file")], also: int = 0) -> int:
    """What is in a file."""
    return (int(Path(path).read_text()) + also) % 1000


@NODES.node("Act", volatile=True)
def act(value: int) -> int:
    """Is always done."""
    return (value + 1) % 1000


@NODES.node("Write", writes=True)
def write(value: int, path: Annotated[str, Resource("output_file")]) -> str:
    """Leaves a file."""
    target = output_file(path)
    target.write_text(str(value))
    show(files=[str(target)])
    metric(written=value)
    return str(target)


@NODES.node("Read")
def read(path: str) -> int:
    """What is in a file that was written in this run."""
    return int(Path(path).read_text())


@NODES.node("Say")
def say(value: int) -> int:
    """Says its number."""
    metric(value=value)
    notice(f"it is {value}", code="said")
    return value


def _wanted(which: int, a: int | None, b: int | None) -> list[str]:
    return ["a" if which % 2 else "b"]


@NODES.node("Either", wanted=_wanted)
def either(which: int, a: Annotated[int, Lazy()], b: Annotated[int, Lazy()]) -> int:
    """One of two inputs, of which the other is not computed."""
    return a if which % 2 else b


@NODES.node("Show", output_node=True)
def show_value(value: Annotated[Any, Socket("*")]) -> tuple[()]:
    """Shows what it is given."""
    show(value=[value if isinstance(value, int) else json.dumps(value)])
    return ()


@contextmanager
def around(seed: int) -> Iterator[None]:
    """Random numbers from the node's seed."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def catalog() -> Catalog:
    """These nodes alone."""
    hooks = {"data_file": "graphrun.sources.paths:find_data_file"}
    pack = Pack("random_graphs", "random_graphs", resources=hooks, around=":around")
    return Catalog((pack,))


@st.composite
def graphs(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(LINKED), most: int = 12) -> Any:
    """A prompt of such nodes; random ones differ, so that none is told from another by its place.

    An object is changed by one node at most: of two, the plan keeps nothing.
    """
    nodes: dict[str, Any] = {}
    given: dict[str, list[list[Any]]] = {}
    changed: set[tuple[str, int]] = set()

    def value(type: str) -> Any:
        links = given.get(type, [])
        if type == "INT" and not (links and draw(st.integers(0, 4))):
            return draw(st.integers(0, 9))
        return draw(st.sampled_from(links))

    for number in range(draw(st.integers(2, most))):
        able = [k for k in kinds if all(t == "INT" or given.get(t) for _, t in LINKED[k])]
        kind = draw(st.sampled_from(able))
        inputs = {name: value(type) for name, type in LINKED[kind]}
        if kind in CHANGING:
            link = tuple(inputs[LINKED[kind][0][0]])
            if link in changed:
                continue
            changed.add(link)
        name = str(number + 1)
        inputs |= literals(draw, kind, name)
        nodes[name] = {"class_type": kind, "inputs": inputs}
        for slot, type in enumerate(GIVEN[kind]):
            given.setdefault(type, []).append([name, slot])
    links = [link for type, found in given.items() if type != "STRING" for link in found]
    links += list(given.get("STRING", [])) if not links else []
    for number in range(draw(st.integers(1, 3))):
        nodes[str(100 + number)] = {
            "class_type": "Show",
            "inputs": {"value": draw(st.sampled_from(links))},
        }
    return nodes


def literals(draw: st.DrawFn, kind: str, name: str) -> dict[str, Any]:
    if kind in ("Number", *CHANGING):
        return {"value": draw(st.integers(0, 9))}
    if kind in RANDOM:
        return {"salt": int(name)}
    if kind == "Look":
        return {"path": draw(st.sampled_from(FILES))}
    if kind == "Write":
        return {"path": f"{name}.txt"}
    return {}


def descendants(nodes: dict[str, Any], name: str) -> set[str]:
    """A node and all behind it."""
    found = {name}
    while True:
        more = {
            one
            for one, node in nodes.items()
            if any(isinstance(v, list) and v[0] in found for v in node["inputs"].values())
        }
        if more <= found:
            return found
        found |= more
