"""Muted and bypassed nodes, Reroutes, and rings of them."""

import pytest
from convert_toys import SPECS, codes, inputs, node, run, slot, spec, widget, workflow

from graphrun.convert import convert
from graphrun.convert.matching import compatible
from graphrun.documents import Link
from graphrun.errors import DocumentError

LOAD = node(1, "Load", ["one"])


def image(id, link, mode=0):
    return node(id, "Image", None, [slot("image", link, "IMAGE")], mode=mode)


def save(id, link):
    return node(id, "Save", ["out"], [slot("images", link, "IMAGE")])


def reroute(id, link, mode=0):
    return node(id, "Reroute", None, [slot("", link, "*")], outputs=[{"type": "*"}], mode=mode)


CHAIN = [[1, 1, 2, 2, 0], [2, 2, 0, 3, 0], [3, 3, 0, 4, 0]]


@pytest.mark.parametrize(
    ("middle", "kept", "origin", "noted"),
    [
        ((image(2, 1), image(3, 2)), ["1", "2", "3", "4"], Link("3", 0), []),
        ((image(2, 1, 1), image(3, 2, 3)), ["1", "2", "3", "4"], Link("3", 0), []),
        ((image(2, 1), image(3, 2, 2)), ["1", "2", "4"], None, ["lost_link"]),
        ((image(2, 1, 2), image(3, 2)), ["1", "3", "4"], Link("3", 0), ["lost_link"]),
        ((image(2, 1), image(3, 2, 4)), ["1", "2", "4"], Link("2", 0), []),
        ((image(2, 1, 4), image(3, 2, 4)), ["1", "4"], Link("1", 2), []),
        ((image(2, 1, 2), image(3, 2, 4)), ["1", "4"], None, ["lost_link"]),
        ((reroute(2, 1), reroute(3, 2)), ["1", "4"], Link("1", 2), []),
        ((reroute(2, 1), reroute(3, 2, 2)), ["1", "4"], None, ["lost_link"]),
        ((reroute(2, 1, 4), image(3, 2, 4)), ["1", "4"], Link("1", 2), []),
        ((reroute(2, None), reroute(3, 2)), ["1", "4"], Link("1", 2), []),
        ((image(2, 1), image(3, 2, 7)), ["1", "2", "3", "4"], Link("3", 0), ["unknown_mode"]),
        ((image(2, 1), image(3, 2, None)), ["1", "2", "3", "4"], Link("3", 0), []),
    ],
)
def test_chain(middle, kept, origin, noted):
    prompt = run(LOAD, *middle, save(4, 3), links=CHAIN)
    assert list(prompt.nodes) == kept
    assert inputs(prompt, "4").get("images") == origin
    assert codes(prompt) == noted


def test_widget_keeps_its_value_when_its_source_is_muted():
    links = [[1, 1, 0, 2, 0]]
    size = node(2, "Size", [64, 4], [widget("count", 1)])
    prompt = run(node(1, "Number", [9], mode=2), size, links=links)
    assert inputs(prompt, "2") == {"width": 64, "count": 4}
    assert "keeps its own value" in prompt.notes[0].message


def bypassed(kind, *slots):
    return node(2, kind, None, slots, mode=4)


MODEL, CLIP, IMAGE = (1, 0), (2, 1), (3, 2)
"""Link id and output of the loader."""


@pytest.mark.parametrize(
    ("middle", "links", "output", "consumer", "expected"),
    [
        # types cross over: the position counts only if the types fit
        (bypassed("Cross", slot("clip", 2), slot("model", 1)), [MODEL, CLIP], 0,
         node(3, "Sampler", [1, "fixed", 2, 3.0, "heun"], [slot("model", 9)]), Link("1", 0)),
        # output 0 has no input in its place that fits: the first exact type, and only it
        (bypassed("Blend", slot("mask"), slot("first"), slot("second", 3)), [IMAGE], 0,
         save(3, 9), None),
        (bypassed("Blend", slot("mask"), slot("first", 3), slot("second")), [IMAGE], 0,
         save(3, 9), Link("1", 2)),
        # a type that the node does not take
        (bypassed("Sampler", slot("model", 1)), [MODEL], 0, save(3, 9), None),
        # whoever takes anything gets the input in the output's place, else the first
        (bypassed("Cross", slot("clip", 2), slot("model", 1)), [MODEL, CLIP], 1,
         node(3, "Any", None, [slot("value", 9)]), Link("1", 0)),
        (bypassed("Image", slot("image", 3)), [IMAGE], 5,
         node(3, "Any", None, [slot("value", 9)]), Link("1", 2)),
        # an unknown kind: slots as saved, upper and lower case alike
        (node(2, "Other", [], [slot("x", 3, "image")], outputs=[{"type": "Image"}], mode=4),
         [IMAGE], 0, save(3, 9), Link("1", 2)),
        # a widget's socket may be the match, but its value does not travel
        (node(2, "Number", [5], [widget("value")], mode=4), [], 0,
         node(3, "Forced", [1, "t"], [slot("forced", 9)]), None),
    ],
)  # fmt: skip
def test_bypass(middle, links, output, consumer, expected):
    place = {slot["link"]: k for k, slot in enumerate(middle["inputs"])}
    wires = [[link, 1, origin, 2, place[link]] for link, origin in links]
    prompt = run(LOAD, middle, consumer, links=[*wires, [9, 2, output, 3, 0]])
    name = consumer["inputs"][0]["name"]
    assert inputs(prompt, "3").get(name) == expected
    assert codes(prompt) == (["lost_link"] if expected is None else [])


def test_bypass_prefers_the_exact_type_to_a_union():
    specs = {
        **SPECS,
        "Union": spec("Union", *(i for i in (
            SPECS["Any"].inputs[0], SPECS["Image"].inputs[0])), outputs="IMAGE,MASK"),
    }  # fmt: skip
    middle = node(2, "Union", None, [slot("value", 1), slot("image", 2)], mode=4)
    links = [[1, 1, 1, 2, 0], [2, 1, 2, 2, 1], [3, 2, 1, 3, 0]]
    prompt = convert(workflow(LOAD, middle, save(3, 3), links=links), specs)
    assert inputs(prompt, "3")["images"] == Link("1", 2)


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [("IMAGE", "image", True), ("INT,FLOAT", "float, STRING", True), ("*", "MODEL", True),
     ("", "MODEL", True), ("INT", "FLOAT", False)],
)  # fmt: skip
def test_compatible(one, other, fits):
    assert compatible(one, other) is compatible(other, one) is fits


def test_ring_of_reroutes_is_cut():
    links = [[1, 1, 0, 2, 0], [2, 2, 0, 1, 0], [3, 2, 0, 3, 0]]
    prompt = run(reroute(1, 2), reroute(2, 1), save(3, 3), links=links)
    assert inputs(prompt, "3") == {"prefix": "out"}
    assert codes(prompt) == ["lost_link"]


def test_ring_of_bypassed_nodes_is_an_error():
    links = [[1, 1, 0, 2, 0], [2, 2, 0, 1, 0], [3, 2, 0, 3, 0]]
    with pytest.raises(DocumentError, match="ring: 2 ← 1") as raised:
        run(image(1, 2, 4), image(2, 1, 4), save(3, 3), links=links)
    assert raised.value.diagnostics[0].code == "dependency_cycle"


@pytest.mark.parametrize("make", [image, reroute, lambda i, k: image(i, k, 4)])
def test_long_chains_with_a_consumer_at_every_node(make):
    """Ten thousand in a row, and as many that read from them: linear, and no recursion."""
    count = 10_000
    chain = [make(i, i) for i in range(2, count)]
    readers = [save(count + i, count + i) for i in range(2, count)]
    links = [[2, 1, 2, 2, 0], *([i, i - 1, 0, i, 0] for i in range(3, count))]
    links += [[count + i, i, 0, count + i, 0] for i in range(2, count)]
    document = workflow(LOAD, *chain, *readers, links=links)
    prompt = convert(document, SPECS)
    last = inputs(prompt, str(2 * count - 1))["images"]
    assert last == (Link(str(count - 1), 0) if make is image else Link("1", 2))


def test_a_wire_through_a_reroute_to_another_type_is_cut_and_told():
    way = node(2, "Reroute", None, [slot("", 1, "*")], outputs=[{"type": "IMAGE"}])
    target = node(3, "Sampler", [1, "fixed", 2, 3.0, "heun"], [slot("model", 2, "MODEL")])
    prompt = run(LOAD, way, target, links=[[1, 1, 2, 2, 0], [2, 2, 0, 3, 0]])
    assert "model" not in inputs(prompt, "3")
    assert codes(prompt) == ["lost_link"]
