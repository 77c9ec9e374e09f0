"""Toy classes of ComfyUI's first API, for tests of the engine."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import Any

from graphrun.catalog import Catalog
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.builder import GraphBuilder
from graphrun.comfy.pack import ForeignPack

CALLS: list[tuple[str, Any]] = []
"""What was called with what; tests clear it."""
MEETING = threading.Barrier(2, timeout=20)


class Toy:
    RETURN_TYPES: Any = ("INT",)
    FUNCTION = "run"
    CATEGORY = "toys"


class Number(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0, "min": -100, "max": 100})}}

    def run(self, value):
        CALLS.append(("Number", value))
        return (value,)


class Add(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {}), "b": ("INT", {})}}

    def run(self, a, b):
        CALLS.append(("Add", (a, b)))
        return (a + b,)


class Numbers(Toy):
    """One to `count`, one by one."""

    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"count": ("INT", {})}}

    def run(self, count):
        return (list(range(1, count + 1)),)


class Show(Toy):
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*", {})}}

    def run(self, value):
        CALLS.append(("Show", value))
        return {"ui": {"value": [value]}}


class Choose(Toy):
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        lazy = ("*", {"lazy": True})
        return {"required": {"first": ("BOOLEAN", {}), "a": lazy, "b": lazy}}

    def check_lazy_status(self, first, a, b):
        return ["a" if first else "b"]

    def run(self, first, a, b):
        return (a if first else b,)


class Slow(Toy):
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seconds": ("FLOAT", {}), "value": ("*", {})}}

    async def run(self, seconds, value):
        CALLS.append(("Slow begins", value))
        await asyncio.sleep(seconds)
        CALLS.append(("Slow ends", value))
        return (value,)


class Meet(Toy):
    """Ends only when another one is at work at the same time."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    async def run(self, value):
        await asyncio.get_running_loop().run_in_executor(None, MEETING.wait)
        return (value,)


class Sum(Toy):
    """1 + 2 + … + n, by graphs within graphs."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"n": ("INT", {})}}

    def run(self, n):
        CALLS.append(("Sum", n))
        if n <= 1:
            return (n,)
        graph = GraphBuilder()
        rest = graph.node("Sum", n=n - 1)
        total = graph.node("Add", a=n, b=rest.out(0))
        return {"result": (total.out(0),), "expand": graph.finalize()}


class Own(Toy):
    """A graph that waits for the node that built it."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "hidden": {"me": "UNIQUE_ID"}}

    def run(self, me):
        graph = GraphBuilder()
        return {"result": (graph.node("Add", a=[me, 0], b=1).out(0),), "expand": graph.finalize()}


class Stop(Toy):
    """Blocks what is larger than `most`."""

    RETURN_TYPES = ("INT", "INT")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {}), "most": ("INT", {})}}

    def run(self, value, most):
        return (value, Blocker(f"{value} is too much") if value > most else value)


class Fail(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    def run(self, value):
        raise ValueError(f"no {value}")


class Model(Toy):
    """An object that somebody may change."""

    RETURN_TYPES = ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    def run(self, value):
        CALLS.append(("Model", value))
        return (Toy(),)


class Counter(Toy):
    """Counts its calls in the object that it is."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    @classmethod
    def IS_CHANGED(cls, value):
        return float("nan")

    def run(self, value):
        self.calls = getattr(self, "calls", 0) + 1
        return (self.calls,)


class Draw(Toy):
    RETURN_TYPES = ("FLOAT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"of": ("INT", {})}}

    def run(self, of):
        return (sum(random.random() for _ in range(of)),)


CLASSES = {
    one.__name__: one
    for one in (
        Number, Add, Numbers, Show, Choose, Slow, Meet, Sum, Own, Stop, Fail, Model, Counter, Draw
    )
}  # fmt: skip


def catalog() -> Catalog:
    return Catalog((ForeignPack("toys", CLASSES),))


def prompt(nodes: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """API JSON from `{"1": ("Number", {"value": 1}), …}`."""
    return {i: {"class_type": kind, "inputs": inputs} for i, (kind, inputs) in nodes.items()}
