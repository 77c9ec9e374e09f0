"""Conversion of random graphs with nested subgraphs: ids are only names, no node is lost.

The graphs are acyclic: every input is fed by an earlier node, by an input of its subgraph, or by
nothing. Only a GetNode may read what a later SetNode sets; rings of these are left out. All ids
differ, so that none has to be renumbered.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec
from graphrun.convert import convert, explain
from graphrun.documents import Link, Prompt, Source, Workflow
from graphrun.errors import DocumentError

Json = dict[str, Any]


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
VIRTUAL = ("Reroute", "PrimitiveNode", "Note", "SetNode", "GetNode")
TYPES = ("IMAGE", "MASK", "INT", "*")


class _Drawing:
    """One graph on its way: the root, or a definition that may contain those made before it."""

    def __init__(self, draw: st.DrawFn, number: int, inner: list[Json]) -> None:
        self.draw, self.inner = draw, {d["id"]: d for d in inner}
        self.nodes: list[Json] = []
        self.links: list[Json] = []
        self.base = 100 * number
        ends = range(draw(st.integers(0, 3))) if number else ()
        self.inputs = [
            {"name": f"in{k}", "type": draw(st.sampled_from(TYPES)), "linkIds": []} for k in ends
        ]

    def made(self, id: str) -> Json:
        for _ in range(self.draw(st.integers(1, 7))):
            self._add()
        outputs = [{"name": f"out{k}", "type": "*", "linkIds": []} for k in range(2)]
        for slot, output in enumerate(outputs):
            link = self._wire(-20, slot) if self.inputs is not None and self.base else None
            output["linkIds"] = [link] if link is not None else []
        rest = {"name": id, "inputs": self.inputs, "outputs": outputs} if self.base else {}
        return {"id": id, "nodes": self.nodes, "links": self.links, "version": 1, **rest}

    def _add(self) -> None:
        kind = self.draw(st.sampled_from([*SPECS, *VIRTUAL, *self.inner, *self.inner]))
        node: Json = {
            "id": self.base + len(self.nodes) + 1,
            "type": kind,
            "mode": self.draw(st.sampled_from([0, 0, 0, 0, 2, 4])),
            "inputs": [],
        }
        for slot, (name, widget) in enumerate(self._slots(kind)):
            held = {"widget": {"name": name}} if widget else {}
            link = self._wire(node["id"], slot)
            node["inputs"].append({"name": name, "type": "*", "link": link, **held})
        node["widgets_values"] = self._values(kind)
        outputs = [o.type for o in SPECS[kind].outputs] if kind in SPECS else ["INT"]
        outputs = ["*", "*"] if kind in self.inner else outputs
        node["outputs"] = [{"type": t} for t in outputs if kind != "Note"]
        self.nodes.append(node)

    def _slots(self, kind: str) -> list[tuple[str, bool]]:
        if kind in SPECS:
            return [(i.name, i.name in ("seed", "size")) for i in SPECS[kind].inputs]
        if kind in self.inner:
            return [(i["name"], True) for i in self.inner[kind]["inputs"]]
        return [("", False)] if kind in ("Reroute", "SetNode") else []

    def _values(self, kind: str) -> list[Any]:
        number = st.integers(0, 99)
        if kind in ("SetNode", "GetNode"):
            return [self.draw(st.sampled_from("ab"))]
        if kind in self.inner:
            return self.draw(st.lists(number, max_size=3))
        return [self.draw(number), "fixed", self.draw(number)] if kind in SPECS else [5, "fixed"]

    def _wire(self, target: int, slot: int) -> int | None:
        origins = [(n["id"], len(n["outputs"])) for n in self.nodes if n["outputs"]]
        origins += [(-10, len(self.inputs))] if self.inputs else []
        if not origins or not self.draw(st.booleans()):
            return None
        origin, count = self.draw(st.sampled_from(origins))
        number = self.draw(st.integers(0, count - 1))
        ends = {"origin_id": origin, "origin_slot": number, "target_id": target}
        self.links.append({"id": len(self.links) + 1, **ends, "target_slot": slot, "type": "*"})
        if origin == -10:
            self.inputs[number]["linkIds"].append(len(self.links))
        return len(self.links)


@st.composite
def documents(draw: st.DrawFn) -> Json:
    definitions: list[Json] = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        definitions.append(_Drawing(draw, number, definitions).made(f"subgraph {number}"))
    root = _Drawing(draw, 0, definitions).made("root")
    document = {**root, "definitions": {"subgraphs": definitions}}
    try:
        _convert(document)
    except DocumentError as error:
        if {d.code for d in error.diagnostics} != {"dependency_cycle"}:
            raise
        reject()
    return document


def _workflow(document: Json) -> Workflow:
    return Workflow(document, Source("random.json", json.dumps(document)))


def _convert(document: Json) -> Prompt:
    return convert(_workflow(document), SPECS)


def _changed(document: Json, change: Callable[[Json], Json]) -> Json:
    """The document with every graph of it changed."""
    definitions = [change(d) for d in document["definitions"]["subgraphs"]]
    return {**change(document), "definitions": {"subgraphs": definitions}}


def _paths(document: Json) -> Iterator[str]:
    """The ids of all nodes of all instances."""
    inner = {d["id"]: d for d in document["definitions"]["subgraphs"]}
    waiting = [("", document)]
    for scope, graph in waiting:
        for node in graph["nodes"]:
            yield f"{scope}{node['id']}"
            if node["type"] in inner:
                waiting.append((f"{scope}{node['id']}:", inner[node["type"]]))


def _inputs(prompt: Prompt) -> Json:
    return {node.id: dict(node.inputs) for node in prompt.nodes.values()}


@settings(max_examples=150, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_ids_are_only_names(document: Json, rng: random.Random) -> None:
    graphs = [document, *document["definitions"]["subgraphs"]]
    ids = [n["id"] for g in graphs for n in g["nodes"]]
    pool = [*(str(i) for i in range(50)), "a", "b", "x-1", "007"]
    names = dict(zip(ids, rng.sample(pool, len(ids)), strict=True)) | {-10: -10, -20: -20}

    def renamed(graph: Json) -> Json:
        nodes = [{**n, "id": names[n["id"]]} for n in graph["nodes"]]
        ends = ("origin_id", "target_id")
        links = [{**link, **{e: names[link[e]] for e in ends}} for link in graph["links"]]
        return {**graph, "nodes": nodes, "links": links}

    def path(id: str) -> str:
        return ":".join(str(names[int(part)]) for part in id.split(":"))

    before, after = _convert(document), _convert(_changed(document, renamed))
    expected = {
        path(id): {
            name: Link(path(v.node_id), v.slot) if isinstance(v, Link) else v
            for name, v in inputs.items()
        }
        for id, inputs in _inputs(before).items()
    }
    assert _inputs(after) == expected
    assert sorted(n.code for n in before.notes) == sorted(n.code for n in after.notes)


@settings(max_examples=150, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_links_does_not_matter(document: Json, rng: random.Random) -> None:
    def shuffled(graph: Json) -> Json:
        return {**graph, "links": rng.sample(graph["links"], len(graph["links"]))}

    before, after = _convert(document), _convert(_changed(document, shuffled))
    assert [n.id for n in before.nodes.values()] == [n.id for n in after.nodes.values()]
    assert before.to_json() == after.to_json()


@settings(max_examples=150, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_definitions_does_not_matter(document: Json, rng: random.Random) -> None:
    definitions = document["definitions"]["subgraphs"]
    shuffled = rng.sample(definitions, len(definitions))
    after = _convert({**document, "definitions": {"subgraphs": shuffled}})
    assert _convert(document).to_json() == after.to_json()


@settings(max_examples=150, deadline=None)
@given(documents())
def test_every_node_is_in_the_prompt_or_explained(document: Json) -> None:
    prompt = _convert(document)
    told = {d.node_id for d in explain(_workflow(document), SPECS)}
    assert set(prompt.nodes) | told >= set(_paths(document))
    assert set(prompt.nodes).isdisjoint(told)
    for node in prompt.nodes.values():
        assert set(node.paths) == set(node.inputs) >= {"seed", "size"}
        assert {link.node_id for _, link in node.links()} <= set(prompt.nodes)
