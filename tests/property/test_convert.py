"""Conversion of random graphs: ids and the order of links are only names, no node is lost."""

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec
from graphrun.convert import convert
from graphrun.documents import Link, Prompt, Source, Workflow

TYPES = ("IMAGE", "MASK", "INT")


def _spec(name: str, sockets: str, outputs: str) -> NodeSpec:
    inputs = [InputSpec(f"{t.lower()}_{k}", t, "required", {"forceInput": t == "INT"})
              for k, t in enumerate(sockets.split())]  # fmt: skip
    inputs += [InputSpec("seed", "INT"), InputSpec("size", "INT", options={"min": 0, "max": 64})]
    return NodeSpec(name, tuple(inputs), tuple(OutputSpec(t, t) for t in outputs.split()))


SPECS = {
    s.class_type: s
    for s in (
        _spec("Source", "", "IMAGE MASK INT"),
        _spec("Filter", "MASK IMAGE IMAGE", "IMAGE IMAGE"),
        _spec("Count", "IMAGE INT", "INT"),
        _spec("Sink", "IMAGE MASK INT", ""),
    )
}
VIRTUAL = ("Reroute", "PrimitiveNode", "Note")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """An acyclic graph: every input is fed by an earlier node's output, or by nothing."""
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []
    for place in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from([*SPECS, *VIRTUAL]))
        spec = SPECS.get(kind)
        node: dict[str, Any] = {
            "id": place + 1,
            "type": kind,
            "mode": draw(st.sampled_from([0, 0, 0, 0, 2, 4])),
            "inputs": [],
        }
        names = (
            [i.name for i in spec.inputs]
            if spec
            else [
                "",
            ]
            * (kind == "Reroute")
        )
        for slot, name in enumerate(names):
            link = _wire(draw, nodes, links, place + 1, slot)
            is_widget = {"widget": {"name": name}} if name in ("seed", "size") else {}
            node["inputs"].append({"name": name, "type": "*", "link": link, **is_widget})
        if spec:
            node["widgets_values"] = [draw(st.integers(0, 99)), "fixed", draw(st.integers(0, 99))]
        elif kind == "PrimitiveNode":
            node["widgets_values"] = [draw(st.integers(0, 99)), "randomize"]
        outputs = [o.type for o in spec.outputs] if spec else ["INT"] * (kind != "Note")
        node["outputs"] = [{"type": t} for t in outputs]
        nodes.append(node)
    return {"nodes": nodes, "links": links, "version": 0.4}


def _wire(draw: st.DrawFn, nodes: list[Any], links: list[Any], target: int, slot: int) -> Any:
    origins = [n for n in nodes if n["outputs"]]
    if not origins or not draw(st.booleans()):
        return None
    origin = draw(st.sampled_from(origins))
    number = draw(st.integers(0, len(origin["outputs"]) - 1))
    links.append([len(links) + 1, origin["id"], number, target, slot, "*"])
    return len(links)


def _convert(document: dict[str, Any]) -> Prompt:
    text = json.dumps(document)
    return convert(Workflow(document, Source("random.json", text)), SPECS)


def _renamed(document: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    nodes = [{**n, "id": names[n["id"]]} for n in document["nodes"]]
    links = [[k, names[o], s, names[t], ts, ty] for k, o, s, t, ts, ty in document["links"]]
    return {**document, "nodes": nodes, "links": links}


@settings(max_examples=150, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_ids_are_only_names(document: dict[str, Any], rng: random.Random) -> None:
    ids = [n["id"] for n in document["nodes"]]
    fresh = rng.sample([*(str(i) for i in range(50)), "a", "b", "x-1", "7:8", "007"], len(ids))
    names = dict(zip(ids, fresh, strict=True))
    before, after = _convert(document), _convert(_renamed(document, names))
    as_text = {str(old): new for old, new in names.items()}
    expected = {
        as_text[node.id]: {
            name: Link(as_text[v.node_id], v.slot) if isinstance(v, Link) else v
            for name, v in node.inputs.items()
        }
        for node in before.nodes.values()
    }
    assert {node.id: dict(node.inputs) for node in after.nodes.values()} == expected
    assert sorted(n.code for n in before.notes) == sorted(n.code for n in after.notes)


@settings(max_examples=150, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_links_does_not_matter(document: dict[str, Any], rng: random.Random) -> None:
    shuffled = list(document["links"])
    rng.shuffle(shuffled)
    before, after = _convert(document), _convert({**document, "links": shuffled})
    assert list(before.nodes.values()) == list(after.nodes.values())
    assert before.to_json() == after.to_json()


@settings(max_examples=150, deadline=None)
@given(documents())
def test_every_node_that_runs_is_in_the_prompt(document: dict[str, Any]) -> None:
    prompt = _convert(document)
    running = {
        str(n["id"]) for n in document["nodes"]
        if n["type"] not in VIRTUAL and n["mode"] not in (2, 4)
    }  # fmt: skip
    assert set(prompt.nodes) == running
    for node in prompt.nodes.values():
        assert set(node.paths) == set(node.inputs) >= {"seed", "size"}
        assert {link.node_id for _, link in node.links()} <= running
