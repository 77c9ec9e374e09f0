"""Random prompts against a small interpreter that works backwards from the outputs."""

from __future__ import annotations

from typing import Any

import comfy_toys as toys
from hypothesis import given, settings
from hypothesis import strategies as st

import graphrun
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.builder import GraphBuilder


class Mix(toys.Toy):
    """Adds; gives the sum, some numbers below it, and it again or, of multiples of 5, a blocker."""

    RETURN_TYPES = ("INT", "INT", "INT")
    OUTPUT_IS_LIST = (False, True, False)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {})}, "optional": {"b": ("INT", {})}}

    def run(self, a, b=0):
        return mix(a, b)


class Gather(toys.Toy):
    """The sum of whole lists."""

    INPUT_IS_LIST = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {}), "b": ("INT", {})}}

    def run(self, a, b):
        return (sum(a) - sum(b),)


class Either(toys.Toy):
    """One of two inputs, of which the other is not computed."""

    @classmethod
    def INPUT_TYPES(cls):
        lazy = ("INT", {"lazy": True})
        return {"required": {"c": ("INT", {}), "a": lazy, "b": lazy}}

    def check_lazy_status(self, c, a, b):
        return ["a" if c % 2 else "b"]

    def run(self, c, a, b):
        return (a if c % 2 else b,)


class Grow(toys.Toy):
    """The sum of its inputs and 1, by a graph."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {}), "b": ("INT", {})}}

    def run(self, a, b):
        graph = GraphBuilder()
        first = graph.node("Mix", a=a, b=b)
        return {
            "result": (graph.node("Mix", a=first.out(0), b=1).out(0),),
            "expand": graph.finalize(),
        }


CLASSES = {**toys.CLASSES, **{one.__name__: one for one in (Mix, Gather, Either, Grow)}}
SLOTS = {"Mix": 3, "Gather": 1, "Either": 1, "Grow": 1}


def mix(a, b):
    total = (a + b) % 50
    return total, list(range(total % 3)), Blocker() if total % 5 == 0 else total


@st.composite
def prompts(draw):
    nodes: dict[str, Any] = {}
    outputs: list[list[Any]] = []

    def value():
        if outputs and draw(st.integers(0, 3)):
            return draw(st.sampled_from(outputs))
        return draw(st.integers(0, 9))

    for number in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(sorted(SLOTS)))
        names = ["c", "a", "b"] if kind == "Either" else ["a", "b"]
        name = str(number)
        nodes[name] = {"class_type": kind, "inputs": {n: value() for n in names}}
        outputs += [[name, slot] for slot in range(SLOTS[kind])]
    for number in range(draw(st.integers(1, 3))):
        link = draw(st.sampled_from(outputs))
        nodes[f"show{number}"] = {"class_type": "Show", "inputs": {"value": link}}
    order = draw(st.permutations(list(nodes)))
    return {name: nodes[name] for name in order}


def expected(nodes):
    """What is shown, and which nodes have to be computed for it."""
    found: dict[str, Any] = {}

    def lists(node, names):
        values = {n: node["inputs"][n] for n in names}
        return {n: outputs(v[0])[v[1]] if isinstance(v, list) else [v] for n, v in values.items()}

    def mapped(inputs, call):
        """Per call the outputs of `call`, or blockers."""
        if any(not values for values in inputs.values()):
            return []
        rows = []
        for i in range(max(len(values) for values in inputs.values())):
            row = {n: v[min(i, len(v) - 1)] for n, v in inputs.items()}
            blocked = any(isinstance(v, Blocker) for v in row.values())
            rows.append(None if blocked else call(**row))
        return rows

    def outputs(name):
        if name not in found:
            found[name] = {
                "Mix": of_mix,
                "Gather": of_gather,
                "Either": of_either,
                "Grow": of_grow,
            }[nodes[name]["class_type"]](nodes[name])
        return found[name]

    def of_mix(node):
        rows = mapped(lists(node, "ab"), mix)
        first = [Blocker() if r is None else r[0] for r in rows]
        second = [v for r in rows for v in ([Blocker()] if r is None else r[1])]
        return [first, second, [Blocker() if r is None else r[2] for r in rows]]

    def of_grow(node):
        rows = mapped(lists(node, "ab"), lambda a, b: ((a + b) % 50 + 1) % 50)
        return [[Blocker() if r is None else r for r in rows]]

    def of_gather(node):
        a, b = lists(node, "ab").values()
        blocked = any(isinstance(v, Blocker) for v in (*a, *b))
        return [[Blocker() if blocked else sum(a) - sum(b)]]

    def of_either(node):
        (conditions,) = lists(node, "c").values()
        wanted = {"a" if c % 2 else "b" for c in conditions if not isinstance(c, Blocker)}
        inputs = {"c": conditions, **{n: [None] for n in "ab"}, **lists(node, wanted)}
        # A literal is there without being asked for.
        inputs |= {n: [v] for n, v in node["inputs"].items() if not isinstance(v, list)}
        rows = mapped(inputs, lambda c, a, b: (a if c % 2 else b,))
        return [[Blocker() if r is None else r[0] for r in rows]]

    shown = {}
    for name, node in nodes.items():
        if node["class_type"] == "Show":
            (values,) = lists(node, ["value"]).values()
            seen = [v for v in values if not isinstance(v, Blocker)]
            shown |= {name: {"value": seen}} if seen else {}
    return shown, set(found)


@settings(max_examples=150, deadline=None)
@given(prompts())
def test_runs_agree_with_the_interpreter(nodes):
    shown, needed = expected(nodes)
    session = graphrun.Session(packs=[CLASSES])
    report = session.run(nodes)
    assert report.status == "success", report.error
    assert report.ui == shown
    top = {name for name in (*report.ran, *report.cached) if name in nodes}
    assert {name for name in top if nodes[name]["class_type"] != "Show"} <= needed
    again = session.run(nodes)
    assert again.ran == []
    assert again.ui == shown
