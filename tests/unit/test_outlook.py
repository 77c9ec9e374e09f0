"""Reasons of a dry run: the change that they name is the one that was made."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import random_graphs as toys

import graphrun
from graphrun.catalog import Catalog, Settings
from graphrun.documents import loads
from graphrun.node import Extends, Nodes, Pack
from graphrun.plan.world import World
from graphrun.record.cache import Cache
from graphrun.record.outlook import outlook
from graphrun.request import Request

NODES = {
    "1": ("Number", {"value": 2}),
    "2": ("Look", {"path": "a.txt", "also": ["1", 0]}),
    "3": ("Draw", {"most": ["2", 0], "salt": 0}),
    "4": ("Both", {"value": 3, "salt": 1}),
    "5": ("Sum", {"box": ["4", 0], "also": ["3", 0]}),
    "6": ("Show", {"value": ["5", 0]}),
    "7": ("Act", {"value": ["1", 0]}),
    "8": ("Show", {"value": ["7", 0]}),
    "9": ("Write", {"value": ["1", 0], "path": "out.txt"}),
    "10": ("Read", {"path": ["9", 0]}),
    "11": ("Show", {"value": ["10", 0]}),
}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("11")


def document(**changes):
    nodes = {name: {"class_type": k, "inputs": dict(i)} for name, (k, i) in NODES.items()}
    for place, value in changes.items():
        _, name, key = place.split("_")
        nodes[name]["inputs"][key] = value
    return loads(json.dumps(nodes), name="graph.json")


def asked(found, *, seed=0, fresh=False, cached=True, catalog=None, run=False):
    catalog = catalog or toys.catalog()
    cache = Cache.at(Path("cache"), fresh=fresh) if cached else None
    session = graphrun.Session(catalog=catalog, cache=cache, remember=False)
    request = Request.of(found, settings=Settings(seed=seed, outputs=Path.cwd()))
    planned, cuts = session.plan(request)
    said = outlook(planned, catalog, request.settings, cache)
    if run:
        report = session.perform(request, planned, cuts)
        assert report.status == "success", report.error
    return {one.step.node.id: (one.action, one.reason) for one in said}


STEADY = {
    "7": ("run", "never stored: it acts on the world"),
    "8": ("run", "upstream 7 never gives the same"),
    "9": ("cached", "its result is in the store"),
    "10": ("run", "upstream 9 writes files for this run"),
    "11": ("run", "upstream 10 depends on what is only known when it runs"),
}


def test_of_what_was_run_before_nothing_runs_but_what_always_does():
    first = asked(document(), run=True)
    assert first["1"] == ("run", "no earlier run of this file is known")
    again = asked(document())
    assert {name: again[name] for name in STEADY} == STEADY
    assert again["6"] == ("cached", "its result is in the store")
    assert again["5"] == ("cached", "its result is in the store, and nothing needs it")
    assert again["4"] == ("cached", "its result is in the store, and nothing needs it")


def test_reasons_name_the_change():
    asked(document(), run=True)

    one = asked(document(at_1_value=3))
    assert one["1"] == ("run", "input value changed 2 → 3")
    assert one["2"] == ("run", "upstream 1 changed")
    assert one["3"] == ("run", "upstream 2 changed")
    assert one["5"] == ("run", "upstream 3 changed")
    assert one["4"] == ("run", "never stored: mutable (BOX)")

    link = asked(document(at_5_also=["4", 1]))
    assert link["5"] == ("run", "input also changed node 3 output 0 → node 4 output 1")
    assert link["4"][0] == "run"

    seed = asked(document(), seed=1)
    assert seed["3"] == ("run", "seed 0 → 1")
    assert seed["5"] == ("run", "upstream 4 changed; upstream 3 changed")
    assert seed["2"] == ("cached", "its result is in the store")

    Path("a.txt").write_text("22")
    told = asked(document())
    assert told["2"] == ("run", "contents of what path names changed")
    assert told["3"] == ("run", "upstream 2 changed")
    assert told["1"] == ("cached", "its result is in the store")


def test_a_run_without_a_cache_and_one_that_begins_anew():
    asked(document(), run=True)
    assert set(asked(document(), cached=False).values()) == {
        ("run", "nothing is kept (--no-cache)")
    }
    anew = asked(document(), fresh=True)
    assert {action for action, _ in anew.values()} == {"run"}
    assert anew["1"] == ("run", "begins anew (--fresh)")


def test_a_class_with_a_new_version_or_new_code():
    asked(document(), run=True)
    newer = Nodes(category="toys")
    for name, spec in toys.NODES.specs.items():
        version = 2 if name == "Number" else spec.version
        newer.specs[name] = spec.__class__(
            **{
                key: getattr(spec, key)
                for key in spec.__dataclass_fields__
                if spec.__dataclass_fields__[key].init and key != "version"
            },
            version=version,
        )
    (pack,) = toys.catalog().packs
    changed = Pack(pack.name, pack.package, resources=pack.resources, around=pack.around)
    changed.__dict__["_specs"] = newer.specs
    found = asked(document(), catalog=Catalog((changed,)))
    assert found["1"] == ("run", "class version 1 → 2")


def test_two_that_do_the_same():
    nodes = {
        "1": {"class_type": "Number", "inputs": {"value": 2}},
        "2": {"class_type": "Number", "inputs": {"value": 2}},
        "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
        "4": {"class_type": "Show", "inputs": {"value": ["3", 0]}},
    }
    found = asked(loads(json.dumps(nodes), name="two.json"))
    assert found["1"][0] == "run"
    assert found["2"] == ("cached", "node 1 does the same")


def trainer():
    """A class whose larger values go on from where smaller ones ended."""
    nodes = Nodes(category="toys")

    @nodes.node("Train")
    def train(epochs: Annotated[int, Extends()] = 1) -> int:
        return epochs

    (pack,) = toys.catalog().packs
    found = Pack(pack.name, pack.package, resources=pack.resources, around=pack.around)
    both = Nodes(category="toys")
    both.specs.update({**toys.NODES.specs, **nodes.specs})
    found.__dict__["_specs"] = both.specs
    return Catalog((found,))


def trained(epochs, *, fresh=False):
    nodes = {
        "1": {"class_type": "Train", "inputs": {"epochs": epochs}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }
    catalog, cache = trainer(), Cache.at(Path("cache"), fresh=fresh)
    session = graphrun.Session(catalog=catalog, cache=cache, remember=False)
    request = Request.of(loads(json.dumps(nodes), name="train.json"))
    planned, _ = session.plan(request)
    first = outlook(planned, catalog, request.settings, cache)[0]
    return first.step.lineage, (first.action, first.reason)


def test_what_becomes_of_a_training_is_what_the_run_would_do():
    lineage, _ = trained(5)
    kept = Cache.at(Path("cache")).checkpoints.at(lineage)
    kept.take()
    for epoch in (4, 5):
        kept.save(epoch, 0, {"epoch": epoch}, finished=epoch == 5)
    kept.release()
    assert trained(5)[1] == ("resumed", "it was finished before: its result is loaded")
    assert trained(7)[1] == ("resumed", "goes on after 5 epochs, if it had not stopped early")
    assert trained(4)[1] == ("resumed", "goes on after 4 epochs")
    assert trained(3)[1] == ("run", "starts over: it was kept after 4 epochs, not after 3")
    assert trained(7, fresh=True)[1] == ("run", "begins anew (--fresh)")


def test_of_objects_nothing_is_said_to_be_in_the_store():
    nodes = {
        "1": {"class_type": "MakeBox", "inputs": {"value": 2}},
        "2": {"class_type": "Sum", "inputs": {"box": ["1", 0], "also": 0}},
        "3": {"class_type": "Show", "inputs": {"value": ["2", 0]}},
    }
    asked(loads(json.dumps(nodes), name="box.json"), run=True)
    found = asked(loads(json.dumps(nodes), name="box.json"))
    assert found["1"] == ("cached", "nothing needs it")
    assert found["2"] == ("cached", "its result is in the store, and nothing needs it")


def test_a_folder_of_inputs_that_a_foreign_class_is_given_is_not_known(tmp_path):
    (tmp_path / "input" / "clips").mkdir(parents=True)
    spec = SimpleNamespace(watches=False)
    world = World(Catalog(()), Settings(inputs=tmp_path / "input"))
    for name, known in (("clips", False), ("input", True), ("none", True)):
        node = SimpleNamespace(inputs={"name": name})
        assert world._named(node, spec) == ({}, known)
