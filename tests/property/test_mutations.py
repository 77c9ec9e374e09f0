"""A mistake anywhere in a workflow is told at its place, or makes no difference.

1,000 random mutations of the workflows, as the editor saves them and as prompts. `check` never
fails on one. What it says nothing of converts to the same prompt, or is a graph that runs: with
nodes that only look at what they are given, and for workflows that need nothing, as it is. What
texts mean to a node, such as the degrees of freedom of a distribution, only that node knows: it
tells it when it runs.
"""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from mutations import mutations
from stub_kinds import StubCatalog

from graphrun.catalog import Catalog, Settings
from graphrun.catalog.catalog import INTERFACE
from graphrun.catalog.pack import installed
from graphrun.documents import loads
from graphrun.documents.source import Source
from graphrun.errors import GraphrunError
from graphrun.execute import execute
from graphrun.plan import plan
from graphrun.session import Session

WORKFLOWS = sorted((Path(__file__).parents[2] / "workflows").glob("*.json"))
EACH = 50
SESSION = Session(catalog=Catalog.installed(), remember=False)
STUBS = StubCatalog(installed(), interface=INTERFACE)
CHEAP = {"custom_loss", "distributions"}
"""Workflows that are run as they are: no data, no model, a second each."""


def document(path, form):
    if form == "workflow":
        return json.loads(path.read_text())
    prompt = SESSION.convert(loads(path.read_text())).to_json()
    for node in prompt.values():
        node.pop("_meta", None)
    return prompt


def outcome(mutation, text):
    """What became of a mutation, and its prompt if it has one."""
    prompt = None
    try:
        prompt = SESSION.convert(loads(text, name="mutated"))
        found = SESSION.check(prompt)
    except GraphrunError as error:
        found = error.diagnostics
    return found, prompt


def at_its_place(found, mutation, text):
    """Whether a problem speaks of the mutated node or of a neighbour, or stands in its lines."""
    if found.code == "dependency_cycle":  # which link of a ring is the wrong one, nobody can tell
        return any(f" {one} (" in found.message for one in mutation.touched)
    if found.node_id is not None:
        return found.node_id in mutation.touched
    if found.position is not None and mutation.path:
        part = mutation.document
        for step in mutation.path:
            part = part[step]
        first = Source("mutated", text).locate(mutation.path).line
        return 0 <= found.position.line - first <= json.dumps(part, indent=1).count("\n")
    # Without an output there is no node to speak of.
    named = {f"node {one}" for one in mutation.touched}
    words = found.message.replace(",", " ").replace(":", " ")
    return found.code == "prompt_no_outputs" or any(f"{name} " in words for name in named)


def runs(prompt):
    """The prompt with nodes that look at what they are given, and do nothing else."""
    planned = plan(prompt, STUBS)
    execute(planned, STUBS, Settings())


@pytest.mark.parametrize("form", ["workflow", "prompt"])
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_mistake_is_told_at_its_place_or_makes_no_difference(path, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    original = document(path, form)
    before = SESSION.convert(loads(json.dumps(original))).to_json()
    tally = Counter()
    silent = []
    for mutation in mutations(original, EACH, seed=len(path.stem)):
        text = json.dumps(mutation.document, indent=1)
        found, prompt = outcome(mutation, text)
        if any(at_its_place(one, mutation, text) for one in found):
            tally["told"] += 1
        elif prompt is not None and prompt.to_json() == before:
            tally["same prompt"] += 1
        else:
            assert prompt is not None, (mutation.name, mutation.touched, found)
            assert not [one for one in found if one.severity == "error"], mutation.name
            runs(prompt)
            tally["runs"] += 1
            silent.append(mutation)
    assert sum(tally.values()) == EACH
    assert tally["told"] >= EACH / 2, tally
    assert tally["runs"] <= EACH / 5, tally
    if path.stem in CHEAP and silent:
        mutation = random.Random(0).choice(silent)
        report = SESSION.run(mutation.document)
        told = report.error.diagnostic if report.error else None
        assert told is None or (told.node_id in mutation.touched and told.code != "node_failed")


def test_the_stub_nodes_refuse_what_they_are_not_made_for():
    """Without the rules before it, a graph with a wrong value or link does not run."""
    good = {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": 1}},
        "2": {"class_type": "CDAShowInt", "inputs": {"int_scalar": ["1", 0]}},
    }
    runs(loads(json.dumps(good)))
    for kind, inputs in (
        ("PrimitiveInt", {"value": "one"}),
        ("PrimitiveString", {"value": "a"}),
        ("PtOnes", {"size": "[1]", "data_type": "float32"}),
    ):
        wrong = {**good, "1": {"class_type": kind, "inputs": inputs}}
        planned = plan(loads(json.dumps(good)), STUBS)
        nodes = loads(json.dumps(wrong)).nodes
        steps = [
            type(step)(nodes[step.node.id], STUBS[nodes[step.node.id].class_type], None, step.uses)
            for step in planned.steps
        ]
        forced = type(planned)(loads(json.dumps(wrong)), tuple(steps), planned.roots, 0)
        with pytest.raises(GraphrunError, match="AssertionError"):
            execute(forced, STUBS, Settings())
