"""A pack of toy nodes for tests of the engine: plain functions, no torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from graphrun.catalog import Catalog
from graphrun.documents import Prompt, loads
from graphrun.node import (
    Each,
    ForceInput,
    Hidden,
    InputError,
    Mutates,
    Nodes,
    Pack,
    Range,
    Resource,
    Socket,
    metric,
    notice,
    output_file,
    progress,
    settings,
    show,
)

NODES = Nodes(category="toys")
CALLS: list[tuple[str, Any]] = []
"""What was called with what, in order; tests clear it."""

Box = Annotated[list[Any], Socket("BOX")]


@NODES.node("Text", echoes="text")
def text(text: str) -> str:
    """Passes a text on."""
    CALLS.append(("Text", text))
    return text


@NODES.node("Join")
def join(a: str, b: str = "!") -> str:
    """Two texts in one."""
    CALLS.append(("Join", (a, b)))
    return a + b


@NODES.node("Where")
def where(text: str = "") -> str:
    """The folder of what runs keep."""
    CALLS.append(("Where", settings().cache))
    return text


@NODES.node("Numbers")
def numbers(
    whole: Annotated[int, Range(0, 10, tiny=2)] = 1,
    real: Annotated[float, Range(0.0, 1.0)] = 0.5,
    *,
    flag: bool = False,
    mode: Literal["fast", "slow"] = "fast",
    extra: int | None = None,
) -> str:
    """One input of every widget type."""
    return f"{whole} {real} {flag} {mode} {extra}"


@NODES.node("Split", outputs=("words", "count"))
def split(text: str) -> tuple[Each[str], int]:
    """The words of a text, one by one."""
    words = text.split()
    return words, len(words)


@NODES.node("Show", output_node=True)
def show_text(
    text: Annotated[list[str], ForceInput()],
    unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "",
    extra_pnginfo: Annotated[str, Hidden("EXTRA_PNGINFO")] = "",
) -> Each[str]:
    """Shows texts."""
    CALLS.append(("Show", (tuple(text), unique_id, extra_pnginfo)))
    show(text=text)
    return text


@NODES.node("Fail")
def fail(text: str) -> str:
    """Raises what its text asks for."""
    if text == "input":
        raise InputError("this will not do", input="text", code="not_good", hint="try another")
    raise RuntimeError(text)


@NODES.node("MakeBox", random=True)
def make_box(text: str) -> Box:
    """A value that can be changed."""
    return [text]


@NODES.node("FillBox")
def fill_box(box: Annotated[Box, Mutates()], text: str = "more") -> Box:
    """Changes its box."""
    box.append(text)
    return box


@NODES.node("ReadBox")
def read_box(box: Box) -> str:
    """The contents of a box as text."""
    CALLS.append(("ReadBox", tuple(box)))
    return ",".join(box)


@NODES.node("Work")
def work(steps: Annotated[int, Range(1, 1000)] = 3) -> str:
    """Reports progress and a figure."""
    for step in range(steps):
        CALLS.append(("Work", step))
        progress(step + 1, steps, loss=1.0 / (step + 1))
    metric(epoch=1, loss=0.25)
    notice("worked", code="worked", input="steps")
    return "done"


@NODES.node("SayOnce")
def say_once(text: str) -> str:
    """Tells something that is to be said once in a run."""
    notice("only once", once=True)
    return text


@NODES.node("Save", volatile=True)
def save(text: str, path: Annotated[str, Resource("output_file")] = "out.txt") -> str:
    """Writes a text."""
    target = output_file(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    show(files=[str(target)])
    return str(target)


@NODES.node("ReadFile", reads=True)
def read_file(path: str) -> str:
    """Reads a text that may have changed since."""
    return Path(path).read_text()


@NODES.node("Load", volatile=True)
def load(path: Annotated[str, Resource("data_file")] = "out.txt") -> str:
    """Reads a text."""
    return output_file(path).read_text()


def catalog() -> Catalog:
    """The toy pack alone."""
    return Catalog((Pack(name="toys", package="toys"),))


def prompt(nodes: dict[str, tuple[str, dict[str, Any]]]) -> Prompt:
    """A prompt from `{"1": ("Text", {"text": "a"}), ...}`."""
    import json

    document = {i: {"class_type": kind, "inputs": inputs} for i, (kind, inputs) in nodes.items()}
    found = loads(json.dumps(document, indent=1), name="toy.json")
    assert isinstance(found, Prompt)
    return found


def calls_of(name: str) -> Iterable[Any]:
    return [value for called, value in CALLS if called == name]
