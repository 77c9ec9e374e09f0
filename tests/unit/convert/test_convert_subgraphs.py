"""Subgraphs: ids, ends, values of instances, and what is refused."""

import json

import pytest
from convert_toys import (
    SPECS,
    codes,
    definition,
    inputs,
    instance,
    node,
    slot,
    widget,
    with_subgraphs,
)

from graphrun.convert import convert
from graphrun.documents import Link, Source, Workflow, loads
from graphrun.errors import DocumentError

SIZE = definition(
    "size",
    node(11, "Size", [64, 2], [widget("width", 1), widget("count")]),
    links=[(1, -10, 0, 11, 0), (2, 11, 0, -20, 0)],
    inputs=[("width", "INT", [1])],
    outputs=[("INT", "INT", [2])],
)
IMAGE = definition(
    "image",
    node(12, "Image", None, [slot("image", 1, "IMAGE")]),
    links=[(1, -10, 0, 12, 0), (2, 12, 0, -20, 0)],
    inputs=[("image", "IMAGE", [1])],
    outputs=[("IMAGE", "IMAGE", [2])],
)


def made(*nodes, **parts):
    return convert(with_subgraphs(*nodes, **parts), SPECS)


def refused(*nodes, **parts):
    with pytest.raises(DocumentError) as caught:
        made(*nodes, **parts)
    return caught.value.diagnostics


def test_values_and_wires_have_a_place_in_the_document():
    prompt = made(
        instance(1, "size", [32], [widget("width")]),
        instance(2, "size", [32], [widget("width", 5)]),
        links=[[5, 1, 0, 2, 0, "INT"]],
        subgraphs=[SIZE],
    )
    assert inputs(prompt, "1:11") == {"width": 32, "count": 2}
    assert inputs(prompt, "2:11") == {"width": Link("1:11", 0), "count": 2}
    first = prompt.nodes["1:11"]
    assert first.path == ("definitions", "subgraphs", 0, "nodes", 0)
    assert first.paths["width"] == ("nodes", 0, "widgets_values", 0)
    assert codes(prompt) == []


def test_a_value_inside_is_missing_once_for_all_instances():
    lacking = {**SIZE, "nodes": [{**SIZE["nodes"][0], "widgets_values": [64, 2, "odd"]}]}
    prompt = made(
        *(instance(k, "size", [32], [widget("width")]) for k in (1, 2)), subgraphs=[lacking]
    )
    assert codes(prompt) == ["extra_values"]


def test_more_values_than_promoted_inputs_are_told():
    prompt = made(instance(1, "size", [32, 5], [widget("width")]), subgraphs=[SIZE])
    assert codes(prompt) == ["extra_values"]
    assert "the inputs that hold one are width" in prompt.notes[0].hint


def test_values_by_name():
    prompt = made(instance(1, "size", {"width": 8, "gone": 1}), subgraphs=[SIZE])
    assert inputs(prompt, "1:11")["width"] == 8


def test_an_input_that_the_subgraph_lost_is_told():
    prompt = made(
        node(2, "Load", ["a"]),
        instance(1, "size", [32], [widget("width"), slot("ghost", 5)]),
        links=[[5, 2, 0, 1, 1, "IMAGE"]],
        subgraphs=[SIZE],
    )
    assert inputs(prompt, "1:11")["width"] == 32
    assert set(codes(prompt)) == {"lost_link"}


def test_muted_source_outside_leaves_the_inner_value():
    prompt = made(
        node(2, "Number", [9], mode=2),
        instance(1, "size", [32], [widget("width", 5)]),
        links=[[5, 2, 0, 1, 0, "INT"]],
        subgraphs=[SIZE],
    )
    assert inputs(prompt, "1:11")["width"] == 64
    assert "it keeps its own value" in prompt.notes[0].message


def test_a_link_to_a_missing_node_inside_stays_for_the_check():
    lost = {**IMAGE, "links": [dict(IMAGE["links"][0], origin_id=99), IMAGE["links"][1]]}
    prompt = made(instance(1, "image"), subgraphs=[lost])
    assert inputs(prompt, "1:12") == {"image": Link("1:99", 0)}


@pytest.mark.parametrize("slot", [-1, 5, 10**18])
def test_a_wire_from_an_input_that_the_subgraph_does_not_have(slot):
    lost = {**SIZE, "links": [dict(SIZE["links"][0], origin_slot=slot), SIZE["links"][1]]}
    prompt = made(instance(1, "size", [32], [widget("width")]), subgraphs=[lost])
    assert inputs(prompt, "1:11") == {"width": 64, "count": 2}
    assert {"lost_link"} <= set(codes(prompt)) <= {"lost_link", "invalid_link", "extra_values"}


def test_duplicate_definitions_are_told_and_the_first_is_used():
    other = definition("size", node(11, "Number", [1]))
    prompt = made(instance(1, "size"), subgraphs=[SIZE, other])
    assert prompt.nodes["1:11"].class_type == "Size"
    assert codes(prompt) == ["duplicate_subgraph"]


@pytest.mark.parametrize("mode", [0, 2, 4])
def test_a_subgraph_that_contains_itself_is_refused_with_the_way(mode):
    a = definition("a", instance(11, "b"), name="A")
    b = definition("b", instance(12, "a", mode=mode), name="B")
    (found,) = refused(instance(1, "a"), subgraphs=[a, b])
    assert (found.code, found.node_id) == ("recursive_subgraph", "12")
    assert found.message.endswith("the subgraph 'A' contains itself: A → B → A")
    assert found.position is not None


def test_a_subgraph_that_contains_itself_does_no_harm_unused():
    assert list(made(node(1, "Load", ["a"]), subgraphs=[definition("a", instance(1, "a"))]).nodes)


def test_an_unknown_subgraph_is_refused_by_name_unless_muted():
    id = "e7522d1d-b2d9-5d82-b03d-4487de42aea4"
    (found,) = refused(instance(1, id), node(2, "Load", ["a"]))
    assert (found.code, found.node_id) == ("missing_subgraph", "1")
    assert "node 1: no subgraph" in found.message
    assert list(made(instance(1, id, mode=2), node(2, "Load", ["a"])).nodes) == ["2"]


@pytest.mark.parametrize("id", [11, -10])
def test_ids_that_mean_two_things_inside_are_refused(id):
    twice = definition("twice", node(11, "Load"), node(id, "Number"))
    assert [d.code for d in refused(instance(1, "twice"), subgraphs=[twice])] == [
        "duplicate_node_id"
    ]


def test_ids_are_renumbered_from_the_counter_of_either_format():
    parts = {"subgraphs": [definition("a", node(1, "Load"), node("x", "Load"))]}
    assert list(made(instance(1, "a"), last_node_id=7, **parts).nodes) == ["1:8", "1:x"]
    assert list(made(instance(1, "a"), state={"lastNodeId": 5}, **parts).nodes) == ["1:6", "1:x"]
    assert list(made(instance(1, "a"), **parts).nodes) == ["1:2", "1:x"]
    for last in (None, "7", "x"):
        prompt = made(instance(1, "a"), last_node_id=last, **parts)
        assert list(prompt.nodes) == ["1:2", "1:x"]


def test_a_fresh_id_may_take_one_of_a_later_definition():
    a, b = definition("a", node(1, "Load")), definition("b", node(2, "Load"))
    prompt = made(instance(1, "a"), instance(9, "b"), subgraphs=[a, b], last_node_id=1)
    assert list(prompt.nodes) == ["1:2", "9:3"]


def test_documents_that_multiply_are_refused():
    levels = [
        definition(f"l{k}", instance(1, f"l{k + 1}"), instance(2, f"l{k + 1}")) for k in range(80)
    ]
    levels.append(definition("l80", node(1, "Load")))
    (found,) = refused(instance(1, "l0"), subgraphs=levels)
    assert found.code == "too_many_nodes"


def nested(levels):
    """Definitions inside of definitions, a value promoted through all of them."""
    inner = {**SIZE, "id": f"l{levels - 1}"}
    for k in reversed(range(levels - 1)):
        inner = definition(
            f"l{k}", instance(11, f"l{k + 1}", [], [widget("width", 1)]),
            links=[(1, -10, 0, 11, 0), (2, 11, 0, -20, 0)],
            inputs=[("width", "INT", [1])], outputs=[("INT", "INT", [2])], inner=[inner],
        )  # fmt: skip
    return inner


def test_two_hundred_levels_of_definitions():
    document = {
        "nodes": [
            instance(1, "l0", [48], [widget("width")]),
            node(2, "Size", [1, 1], [widget("width", 1)]),
        ],
        "links": [[1, 1, 0, 2, 0, "INT"]],
        "definitions": {"subgraphs": [nested(200)]},
        "version": 0.4,
    }
    read = loads(json.dumps(document))
    assert isinstance(read, Workflow)
    prompt = convert(read, SPECS)
    inner = next(id for id in prompt.nodes if id != "2")
    assert inner.count(":") == 200
    assert inputs(prompt, inner)["width"] == 48
    assert inputs(prompt, "2")["width"] == Link(inner, 0)


def test_ten_thousand_nodes_in_a_row():
    row = [node(1, "Load", ["a"])]
    row += [node(k, "Reroute", None, [slot("", k, "*")]) for k in range(2, 10_000)]
    row.append(node(10_000, "Image", None, [slot("image", 10_000, "IMAGE")]))
    links = [[k, k - 1, 2 * (k == 2), k, 0, "*"] for k in range(2, 10_001)]
    document = {"nodes": row, "links": links, "version": 0.4}
    prompt = convert(Workflow(document, Source("row.json", "{}")), SPECS)
    assert inputs(prompt, "10000") == {"image": Link("1", 2)}
