"""Toy node kinds and small workflows for the tests of conversion."""

import json
from typing import Any

from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec
from graphrun.convert import convert
from graphrun.documents import Prompt, Source, Workflow


def spec(class_type: str, *inputs: InputSpec, outputs: str = "", **more: Any) -> NodeSpec:
    outs = tuple(OutputSpec(t, t) for t in outputs.split())
    return NodeSpec(class_type, inputs, outs, **more)


def socket(name: str, type: str, **options: Any) -> InputSpec:
    return InputSpec(name, type, options.pop("section", "required"), options)


SPECS = {
    s.class_type: s
    for s in (
        spec("Load", socket("name", "STRING", default="a.bin"), outputs="MODEL CLIP IMAGE"),
        spec("Number", socket("value", "INT", default=3), outputs="INT"),
        spec("Fraction", socket("value", "FLOAT", default=0.5), outputs="FLOAT"),
        spec(
            "Sampler",
            socket("model", "MODEL"),
            socket("seed", "INT", default=0, min=0, max=2**64 - 1),
            socket("steps", "INT", default=20, min=1, max=10000),
            socket("cfg", "FLOAT", default=8.0, min=0.0, max=100.0, step=0.1, round=0.01),
            socket("method", "COMBO", options=["euler", "heun"]),
            outputs="IMAGE",
        ),
        spec(
            "Blend",
            socket("mask", "MASK"),
            socket("first", "IMAGE"),
            socket("second", "IMAGE"),
            socket("amount", "FLOAT", default=1.0),
            outputs="IMAGE IMAGE",
        ),
        spec(
            "Size",
            socket("width", "INT", default=512, min=16, max=8192, step=8),
            socket("count", "INT", default=1, min=1, max=64),
            outputs="INT",
        ),
        spec("Cross", socket("clip", "CLIP"), socket("model", "MODEL"), outputs="MODEL CLIP"),
        spec("Image", socket("image", "IMAGE"), outputs="IMAGE"),
        spec(
            "Text",
            socket("text", "STRING", multiline=True),
            socket("n", "INT", default=1),
            outputs="STRING",
        ),
        spec("Choices", socket("text", "STRING", dynamicPrompts=True)),
        spec(
            "Pick",
            socket("pick", "COMBO", options=["x", "y"], control_after_generate=True),
            socket("after", "STRING", default="tail"),
        ),
        spec("Empty", socket("file", "COMBO", options=[]), socket("n", "INT", default=1)),
        spec(
            "Forced",
            socket("forced", "INT", forceInput=True),
            socket("n", "INT", default=7),
            socket("words", "STRING", forceInput=True),
            socket("tail", "STRING", default="t"),
        ),
        spec("Curve", socket("curve", "CURVE"), socket("n", "INT", default=1)),
        spec(
            "Upload",
            socket("image", "COMBO", options=["a.png", "b.png"], image_upload=True),
            socket("scale", "FLOAT", default=1.0),
            outputs="IMAGE",
        ),
        spec(
            "ShowText",
            socket("text", "STRING", forceInput=True),
            outputs="STRING",
            output_node=True,
        ),
        spec(
            "Save",
            socket("images", "IMAGE"),
            socket("prefix", "STRING", default="out"),
            output_node=True,
            title="Save it",
        ),
        spec("Any", socket("value", "*"), outputs="*"),
    )
}


def slot(name: str, link: int | None = None, type: str = "INT", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "link": link, **more}


def widget(name: str, link: int | None = None, type: str = "INT") -> dict[str, Any]:
    return slot(name, link, type, widget={"name": name})


def node(id: Any, type: str, values: Any = None, inputs: Any = (), **more: Any) -> dict[str, Any]:
    found = {"id": id, "type": type, "inputs": list(inputs), **more}
    if values is not None:
        found["widgets_values"] = values
    return found


def workflow(*nodes: dict[str, Any], links: Any = (), version: Any = 0.4) -> Workflow:
    text = json.dumps({"nodes": nodes, "links": list(links), "version": version}, indent=1)
    return Workflow(json.loads(text), Source("toy.json", text))


def run(*nodes: dict[str, Any], links: Any = (), version: Any = 0.4) -> Prompt:
    return convert(workflow(*nodes, links=links, version=version), SPECS)


def inputs(prompt: Prompt, id: str) -> dict[str, Any]:
    return dict(prompt.nodes[id].inputs)


def codes(prompt: Prompt) -> list[str]:
    return [note.code for note in prompt.notes]


def definition(id: str, *nodes: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A subgraph. Links are `(id, origin, slot, target, slot)`, ends `(name, type, link ids)`."""
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    ends = {
        side: [{"name": n, "type": t, "linkIds": list(ids)} for n, t, ids in parts.get(side, ())]
        for side in ("inputs", "outputs")
    }
    return {
        "id": id,
        "name": parts.get("name", id),
        "version": 1,
        "nodes": list(nodes),
        "links": [dict(zip(keys, link, strict=True)) for link in parts.get("links", ())],
        **ends,
        **({"definitions": {"subgraphs": parts["inner"]}} if "inner" in parts else {}),
    }


def instance(id: Any, type: str, values: Any = None, inputs: Any = (), **more: Any) -> Any:
    return node(id, type, values, inputs, **more)


def load(document: dict[str, Any]) -> Workflow:
    text = json.dumps(document, indent=1)
    return Workflow(json.loads(text), Source("toy.json", text))


def with_subgraphs(
    *nodes: dict[str, Any], subgraphs: Any = (), links: Any = (), **more: Any
) -> Workflow:
    return load(
        {
            "nodes": list(nodes),
            "links": list(links),
            "version": 0.4,
            "definitions": {"subgraphs": list(subgraphs)},
            **more,
        }
    )
