"""Random graphs and edits: what a store gives changes nothing but what has to run."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import random_graphs as toys
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import graphrun
from graphrun.cache import DiskStore
from graphrun.catalog import Settings
from graphrun.documents import loads
from graphrun.plan import plan
from graphrun.record.cache import Cache

CATALOG = toys.catalog()
STEADY = tuple(kind for kind in toys.LINKED if kind not in ("Look", "Act", "Write", "Read"))
"""Kinds whose results depend on the prompt and the seed alone."""
VALUES = ("Number", "Add", "MakeDict", "Length", "Draw", "Say", "Either")


def document(nodes):
    return loads(json.dumps(nodes), name="graph.json")


def keys(nodes, seed=0):
    return {one.node.id: one.identity for one in plan(document(nodes), CATALOG, seed=seed).steps}


def edited(nodes, name, **inputs):
    node = nodes[name]
    return {**nodes, name: {**node, "inputs": {**node["inputs"], **inputs}}}


def some_literal(nodes):
    """Node, input and value of every literal number."""
    return [
        (name, key, value)
        for name, node in nodes.items()
        for key, value in node["inputs"].items()
        if type(value) is int
    ]


def outcome(report, without=()):
    """All that a run gives: what was shown, files, figures and notices.

    Figures and notices of some nodes may be left out.
    """
    assert report.status == "success", report.error
    left = sorted((p.name, p.read_bytes()) for p in report.left.rglob("*"))
    shown = {
        name: {
            key: [str(v).replace(str(report.left), "") for v in value] for key, value in ui.items()
        }
        for name, ui in report.ui.items()
    }
    told = [one for one in report.metrics if one["node"] not in without]
    figures = sorted(json.dumps({**one, "time": 0}, sort_keys=True) for one in told)
    notices = sorted(
        (n.node_id, n.message)
        for n in report.notices
        if n.code == "said" and n.node_id not in without
    )
    return shown, left, figures, notices


def run(nodes, here, store=None, *, seed=0, session=None):
    """A run in a session of its own, if none is given; with the files that it left."""
    session = session or graphrun.Session(catalog=CATALOG, store=store, remember=False)
    outputs = Path(mkdtemp(dir=here))
    report = session.run(nodes, settings=Settings(outputs=outputs, seed=seed))
    report.left = outputs
    return report


class Folder(TemporaryDirectory[str]):
    """An empty working folder with the files that nodes read."""

    def __enter__(self):
        self._before = Path.cwd()
        here = Path(super().__enter__())
        os.chdir(here)
        for number, name in enumerate(toys.FILES):
            (here / name).write_text(str(number + 10))
        return here

    def __exit__(self, *about):
        os.chdir(self._before)
        super().__exit__(*about)


@settings(max_examples=40, deadline=None)
@given(toys.graphs(STEADY), st.data())
def test_a_literal_is_in_its_node_and_what_is_behind_it(nodes, data):
    before = keys(nodes)
    places = [one for one in some_literal(nodes) if one[0] in before]
    assume(places)
    name, key, value = data.draw(st.sampled_from(places))
    after = keys(edited(nodes, name, **{key: value + 1000}))
    assert {one for one in before if before[one] != after[one]} == {
        one for one in toys.descendants(nodes, name) if one in before
    }


@settings(max_examples=40, deadline=None)
@given(toys.graphs(STEADY), st.data())
def test_ids_titles_and_order_are_in_no_identity(nodes, data):
    before = keys(nodes)
    numbers = data.draw(st.permutations(range(500, 500 + len(nodes))))
    names = {old: str(new) for old, new in zip(nodes, numbers, strict=True)}
    moved = {}
    for name in data.draw(st.permutations(list(nodes))):
        inputs = {
            key: [names[value[0]], value[1]] if isinstance(value, list) else value
            for key, value in nodes[name]["inputs"].items()
        }
        turned = dict(reversed(inputs.items()))
        moved[names[name]] = {**nodes[name], "inputs": turned, "_meta": {"title": f"T{name}"}}
    after = keys(moved)
    assert {names[old]: key for old, key in before.items()} == after
    with Folder() as here:
        store = here / "store"
        first = run(nodes, here, DiskStore(store))
        again = run(moved, here, DiskStore(store))
        assert {names[old]: shown for old, shown in first.ui.items()} == again.ui
        kinds = {nodes[old]["class_type"] for old in before}
        if kinds <= {*VALUES, "Show"}:
            assert again.ran == []


@settings(max_examples=40, deadline=None)
@given(toys.graphs(VALUES), st.data())
def test_a_changed_literal_runs_what_is_behind_it_and_nothing_else(nodes, data):
    before = keys(nodes)
    places = [one for one in some_literal(nodes) if one[0] in before]
    assume(places)
    name, key, value = data.draw(st.sampled_from(places))
    after = edited(nodes, name, **{key: value + 2})
    with Folder() as here:
        store = here / "store"
        first = run(nodes, here, DiskStore(store))
        again = run(after, here, DiskStore(store))
        alone = run(after, here)
        assert outcome(again) == outcome(alone)
        behind = toys.descendants(nodes, name)
        # What ran in neither was not asked for, and of two that do the same one runs.
        asked = {one for one in first.ran if one in alone.ran}
        assert asked & behind == set(again.ran) & asked
        assert set(again.ran) <= behind | (set(alone.ran) - set(first.ran))


@settings(max_examples=40, deadline=None)
@given(toys.graphs(), st.integers(0, 3))
def test_what_is_behind_a_volatile_node_always_runs_and_nothing_else_has_to(nodes, seed):
    volatile = {name for name, node in nodes.items() if node["class_type"] == "Act"}
    poisoned = set().union(*(toys.descendants(nodes, name) for name in volatile))
    assert {name for name, key in keys(nodes, seed).items() if key is None} == {
        name for name in keys(nodes) if name in poisoned
    }
    with Folder() as here:
        store = here / "store"
        first = run(nodes, here, DiskStore(store), seed=seed)
        again = run(nodes, here, DiskStore(store), seed=seed)
        assert outcome(first) == outcome(again)
        assert {name for name in first.ran if name in poisoned} == {
            name for name in again.ran if name in poisoned
        }


@st.composite
def edits(draw, nodes):
    """Another graph, or another world, after one edit."""
    kind = draw(st.sampled_from(["literal", "literal", "file", "seed", "evict", "show", "nothing"]))
    if kind == "literal":
        places = some_literal(nodes)
        if places:
            name, key, _ = draw(st.sampled_from(places))
            if key != "salt":
                other = draw(st.integers(0, 9))
                return "graph", edited(nodes, name, **{key: other})
    if kind == "show":
        shows = [name for name, node in nodes.items() if node["class_type"] == "Show"]
        given = [
            [name, slot]
            for name, node in nodes.items()
            for slot, type in enumerate(toys.GIVEN.get(node["class_type"], ()))
            if type != "STRING"
        ]
        if given:
            other = edited(nodes, draw(st.sampled_from(shows)), value=draw(st.sampled_from(given)))
            return "graph", other
    if kind == "file":
        return "file", (draw(st.sampled_from(toys.FILES)), draw(st.integers(10, 99)))
    if kind == "seed":
        return "seed", draw(st.integers(0, 2))
    if kind == "evict":
        return "evict", draw(st.integers(0, 1000))
    return "nothing", None


def apply(edit, nodes, seed, store):
    what, value = edit
    if what == "graph":
        return value, seed
    if what == "file":
        Path(value[0]).write_text(str(value[1]))
    if what == "seed":
        return nodes, value
    if what == "evict":
        some = random.Random(value)
        for path in sorted(store.rglob("*")):
            if path.is_file() and some.random() < 0.3:
                path.unlink()
    return nodes, seed


def test_counted_nodes_are_all_used():
    assert set(toys.LINKED) | {"Show"} == set(toys.NODES)


@settings(max_examples=40, deadline=None)
@given(toys.graphs(most=14), st.data())
def test_a_run_with_a_store_gives_what_a_run_without_gives(nodes, data):
    seed, removed = 0, False
    with Folder() as here:
        store = here / "store"
        for number in range(data.draw(st.integers(2, 4))):
            if number:
                edit = data.draw(edits(nodes))
                nodes, seed = apply(edit, nodes, seed, store)
                removed |= edit[0] == "evict"
            kept = run(nodes, here, DiskStore(store), seed=seed)
            # What a node said is gone with its result, if nothing asks for the node any more.
            silent = {i for i, one in kept.nodes.items() if removed and one.state == "pending"}
            alone = run(nodes, here, seed=seed)
            assert outcome(kept, silent) == outcome(alone, silent)


@settings(max_examples=40, deadline=None)
@given(toys.graphs(most=14), st.data())
def test_runs_of_one_session_give_what_runs_of_their_own_give(nodes, data):
    seed = 0
    session = graphrun.Session(catalog=CATALOG)
    with Folder() as here:
        for number in range(data.draw(st.integers(2, 4))):
            if number:
                nodes, seed = apply(data.draw(edits(nodes)), nodes, seed, here / "store")
            kept = run(nodes, here, seed=seed, session=session)
            assert outcome(kept) == outcome(run(nodes, here, seed=seed))


@settings(max_examples=40, deadline=None)
@given(toys.graphs(most=14), st.data())
def test_verdicts_are_what_a_run_then_does(nodes, data):
    from graphrun.record.outlook import outlook
    from graphrun.request import Request

    seed = 0
    with Folder() as here:
        for number in range(data.draw(st.integers(1, 3))):
            if number:
                nodes, seed = apply(data.draw(edits(nodes)), nodes, seed, here / "cache")
            cache = Cache.at(here / "cache")
            session = graphrun.Session(catalog=CATALOG, cache=cache, remember=False)
            request = Request.of(
                document(nodes), settings=Settings(outputs=Path(mkdtemp(dir=here)), seed=seed)
            )
            planned, cuts = session.plan(request)
            said = {
                one.step.node.id: one.action
                for one in outlook(planned, CATALOG, request.settings, cache)
            }
            report = session.perform(request, planned, cuts)
            assert report.status == "success", report.error
            lazy = lazily(nodes)
            done = {name: doing(report.nodes[name].state) for name in said}
            assert {n: a for n, a in said.items() if n not in lazy} == {
                n: a for n, a in done.items() if n not in lazy
            }


def doing(state: str) -> str:
    return {"finished": "run", "cached": "cached", "pending": "unneeded"}[state]


def lazily(nodes: dict[str, Any]) -> set[str]:
    """Nodes that may not be asked for: which ones is known when the run asks."""
    found: set[str] = set()
    waiting = [
        node["inputs"][key][0]
        for node in nodes.values()
        if node["class_type"] == "Either"
        for key in ("a", "b")
        if isinstance(node["inputs"][key], list)
    ]
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [v[0] for v in nodes[name]["inputs"].values() if isinstance(v, list)]
    return found


def test_a_result_is_not_served_without_the_change_that_others_see():
    """Node 4 has the object itself, which node 2 has changed by then, and what came of that."""
    nodes = {
        "1": {"class_type": "MakeBox", "inputs": {"value": 1}},
        "2": {"class_type": "Fill", "inputs": {"box": ["1", 0], "value": 5}},
        "3": {"class_type": "Add", "inputs": {"a": ["2", 1], "b": 1}},
        "4": {"class_type": "Sum", "inputs": {"box": ["1", 0], "also": ["3", 0]}},
        "5": {"class_type": "Show", "inputs": {"value": ["4", 0]}},
    }
    with Folder() as here:
        for b in (1, 2, 3):
            for store in (DiskStore(here / "store"), None):
                report = run(edited(nodes, "3", b=b), here, store)
                assert report.ui == {"5": {"value": [12 + b]}}
