"""Group nodes, beyond what the conformance cases show."""

import pytest
from convert_toys import SPECS, codes, inputs, load, node, slot, widget

from graphrun.convert import convert, explain
from graphrun.documents import Link
from graphrun.errors import DocumentError


def inner(type, values, slots=(), outputs=(), **more):
    found = node(0, type, values, slots, outputs=[{"name": o, "type": o} for o in outputs], **more)
    del found["id"]
    return found


def document(*nodes, groups, links=(), last=None):
    return load(
        {
            "nodes": list(nodes),
            "links": list(links),
            "version": 0.4,
            "last_node_id": last or max(n["id"] for n in nodes),
            "extra": {"groupNodes": groups},
        }
    )


PAIR = {
    "nodes": [
        inner("Load", ["a"], outputs=["MODEL", "CLIP", "IMAGE"]),
        inner("Image", None, [slot("image", None, "IMAGE")], ["IMAGE"]),
        inner("Blend", [0.1], [slot("mask"), slot("first"), slot("second")], ["IMAGE", "IMAGE"]),
    ],
    "links": [[0, 2, 1, 0, 1, "IMAGE"], [1, 0, 2, 1, 2, "IMAGE"]],
    "external": [],
}


def test_inputs_are_those_that_nothing_feeds_inside():
    group = node(
        2, "workflow>Pair", ["b", 0.5], [slot("mask", 1, "MASK"), slot("second", 2, "IMAGE")]
    )
    links = [[1, 1, 1, 2, 0], [2, 1, 2, 2, 1]]
    workflow = document(node(1, "Load", ["c"]), group, links=links, groups={"Pair": PAIR})
    prompt = convert(workflow, SPECS)
    assert inputs(prompt, "6:3") == {"name": "b"}
    assert inputs(prompt, "6:4") == {"image": Link("6:3", 2)}
    assert inputs(prompt, "6:5") == {
        "amount": 0.5,
        "mask": Link("1", 1),
        "first": Link("6:4", 0),
        "second": Link("1", 2),
    }
    (told,) = explain(workflow, SPECS)
    assert "is the group node 2 of the file, inlined as 3 nodes 6:…" in told.message


def test_two_group_nodes_are_numbered_in_turn_and_the_mode_is_told_to_be_lost():
    groups = {"One": {"nodes": [inner("Number", [1], outputs=["INT"])]}}
    workflow = document(
        node(1, "workflow>One", [5]), node(2, "workflow/One", [6], mode=2), groups=groups
    )
    prompt = convert(workflow, SPECS)
    assert {i: inputs(prompt, i) for i in prompt.nodes} == {
        "4:3": {"value": 5},
        "6:5": {"value": 6},
    }
    assert codes(prompt) == ["lost_mode"]


def test_a_group_inside_of_a_group():
    groups = {
        "Outer": {"nodes": [inner("workflow>Inner", [7]), inner("Number", [1])]},
        "Inner": {"nodes": [inner("Number", [2])]},
    }
    prompt = convert(document(node(1, "workflow>Outer", [8, 9]), groups=groups), SPECS)
    assert {i: inputs(prompt, i) for i in prompt.nodes} == {
        "4:6:5": {"value": 8},
        "4:3": {"value": 9},
    }


def test_a_group_that_contains_itself_is_refused():
    groups = {"A": {"nodes": [inner("workflow>A", [])]}}
    with pytest.raises(DocumentError, match="the group 'A' contains itself: A → A"):
        convert(document(node(1, "workflow>A"), groups=groups), SPECS)


def test_a_group_that_the_file_does_not_define_is_refused():
    workflow = document(node(1, "workflow>Gone"), groups={"A": {"nodes": []}})
    with pytest.raises(DocumentError, match="no group node 'Gone'"):
        convert(workflow, SPECS)


def test_a_primitive_of_a_group_takes_its_values_in_turn():
    groups = {
        "P": {
            "nodes": [
                inner("PrimitiveNode", [1, "fixed"], outputs=["INT"]),
                inner("Size", [64, 1], [widget("count")]),
            ],
            "links": [[0, 0, 1, 1, 1, "INT"]],
        }
    }
    prompt = convert(document(node(1, "workflow>P", [5, "fixed", 32]), groups=groups), SPECS)
    assert inputs(prompt, "4:3") == {"width": 32, "count": 5}
    assert codes(prompt) == []


def test_an_inner_link_to_another_socket_than_the_file_lists_is_told():
    nodes = [inner("Number", [1], outputs=["INT"]), inner("Size", [8, 1], [widget("count")])]
    groups = {"P": {"nodes": nodes, "links": [[0, 0, 1, 0, 1, "INT"]]}}
    prompt = convert(document(node(1, "workflow>P"), groups=groups), SPECS)
    assert inputs(prompt, "4:3")["width"] == Link("4:2", 0)
    assert "slot_disagrees" in codes(prompt)
