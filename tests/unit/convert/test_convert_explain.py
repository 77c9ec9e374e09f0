"""What is told of nodes that are not in the prompt as they stand in the document."""

import pytest
from convert_toys import SPECS, definition, instance, load, node, slot, widget, with_subgraphs

from graphrun.convert import convert, explain

INNER = definition(
    "inner",
    node(21, "Number", [3]),
    node(22, "Note", ["a"]),
    node(1, "Size", [8, 1]),
    name="Inner",
)


def told(*nodes, links=(), subgraphs=(), **more):
    workflow = with_subgraphs(*nodes, links=links, subgraphs=subgraphs, **more)
    return [(d.code, d.node_id, d.message) for d in explain(workflow, SPECS)]


def test_nodes_that_run_are_not_told():
    assert told(node(1, "Load", ["a"])) == []


@pytest.mark.parametrize(
    ("type", "mode", "code", "words"),
    [
        ("Load", 2, "muted", "node 1 (Load) is muted: what it feeds gets nothing"),
        ("Image", 4, "bypassed", "node 1 (Image) is bypassed: what it feeds gets an input of it"),
        ("Note", 0, "note", "node 1 (Note) is a note"),
        ("Reroute", 0, "reroute", "node 1 (Reroute) is a reroute: its links lead on"),
        ("Reroute", 2, "muted", "node 1 (Reroute) is muted: what it feeds gets nothing"),
        ("Reroute", 4, "bypassed", "is bypassed: what it feeds gets an input of it instead"),
        ("Label (rgthree)", 0, "panel", "sets the modes of other nodes in the editor"),
        ("SetNode", 0, "setter", "names the wire 'x'"),
        ("SetNode", 2, "setter", "names the wire 'x'; that it is muted matters only to what its"),
        ("SetNode", 4, "setter", "names the wire 'x'; that it is bypassed matters only to what"),
        ("GetNode", 0, "getter", "stands for the wire 'x', which no SetNode names"),
        ("GetNode", 2, "muted", "is muted: what it feeds gets nothing"),
        ("GetNode", 4, "bypassed", "no connected input of the type to pass on"),
        ("PrimitiveNode", 0, "primitive", "is wired to no widget"),
        ("NotInstalled", 2, "muted", "is muted"),
    ],
)
def test_each_kind_is_told_with_its_reason(type, mode, code, words):
    ((found, id, message),) = told(node(1, type, ["x"], mode=mode))
    assert (found, id) == (code, "1")
    assert words in message


def test_a_primitive_is_told_with_where_its_value_went():
    nodes = [
        node(9, "PrimitiveNode", [64], outputs=[{"type": "INT"}]),
        node(1, "Size", [512, 1], [widget("width", 1)]),
        node(2, "Size", [512, 1], [widget("width", 2)]),
    ]
    ((code, _, message),) = told(*nodes, links=[[1, 9, 0, 1, 0], [2, 9, 0, 2, 0]])
    assert code == "primitive"
    assert message.endswith("is put into 'width' of node 1 (64), 'width' of node 2 (64)")


def test_subgraphs_are_told_with_what_became_of_each_inner_node():
    found = told(
        instance(1, "inner"), instance(2, "inner", mode=2), subgraphs=[INNER], last_node_id=22
    )
    assert [(code, id) for code, id, _ in found] == [
        ("inlined", "1"),
        ("note", "1:22"),
        ("renumbered", "1:23"),
        ("muted", "2"),
        ("inside_muted", "2:21"),
        ("inside_muted", "2:22"),
        ("renumbered", "2:23"),
        ("inside_muted", "2:23"),
    ]
    messages = [message for _, _, message in found]
    assert messages[0] == "node 1 (subgraph Inner) is inlined as 2 nodes 1:…"
    assert messages[2] == "node 1:23 (Size) has the id 1 in the file, as another node has"
    assert messages[4] == (
        "node 2:21 (Number) is left out with node 2 (subgraph Inner), which is muted"
    )


def test_subgraphs_that_nothing_uses_are_told_node_by_node():
    found = told(node(5, "Load", ["a"]), subgraphs=[INNER])
    assert [(code, id) for code, id, _ in found] == [
        ("unused", "21"),
        ("unused", "22"),
        ("unused", "1"),
    ]
    assert found[0][2] == "node 21 (Number) belongs to the subgraph 'Inner', which is not used"


def test_an_explanation_has_a_position_and_reads_as_one_line():
    workflow = load({"nodes": [node(1, "Note", ["a"])], "links": [], "version": 0.4})
    (found,) = explain(workflow, SPECS)
    assert found.severity == "info"
    assert str(found) == "toy.json:3:3: info[note]: node 1 (Note) is a note"


def test_an_explanation_is_no_note_of_the_prompt():
    workflow = with_subgraphs(instance(1, "inner"), node(2, "Note"), subgraphs=[INNER])
    assert convert(workflow, SPECS).notes == ()


def test_a_wire_of_a_getter_without_setter_is_told_by_the_prompt():
    workflow = with_subgraphs(
        node(1, "GetNode", ["x"]),
        node(2, "Image", None, [slot("image", 1, "IMAGE")]),
        links=[[1, 1, 0, 2, 0]],
    )
    (note,) = convert(workflow, SPECS).notes
    assert (
        "gets nothing: no SetNode has the name 'x', which node 1 (GetNode) asks for" in note.message
    )


def test_a_getter_that_finds_its_setter_is_told_so():
    found = told(node(1, "SetNode", ["x"]), node(2, "GetNode", ["x"]))
    assert [message for _, _, message in found] == [
        "node 1 (SetNode) names the wire 'x'",
        "node 2 (GetNode) stands for the wire 'x'",
    ]


@pytest.mark.parametrize(
    ("slots", "links", "words"),
    [
        ([slot("image", 2, "IMAGE")], [[2, 3, 2, 1, 0]], "gets an input of it instead"),
        ([slot("image", None, "IMAGE")], [], "no connected input of the type to pass on"),
    ],
)
def test_a_bypassed_node_is_told_with_whether_it_passes_anything(slots, links, words):
    nodes = [
        node(3, "Load", ["a"]),
        node(1, "Image", None, slots, mode=4),
        node(2, "Save", ["out"], [slot("images", 1, "IMAGE")]),
    ]
    ((code, id, message),) = told(*nodes, links=[[1, 1, 0, 2, 0], *links])
    assert (code, id) == ("bypassed", "1")
    assert words in message


def test_nodes_of_a_second_definition_with_the_same_id_are_told():
    again = definition("inner", node(31, "Load", ["a"]), name="Other")
    found = told(instance(1, "inner"), subgraphs=[INNER, again])
    assert found[-1] == (
        "unused",
        "31",
        "node 31 (Load) is in a second subgraph with the id inner, 'Other', which is left out",
    )


def test_an_empty_document_is_told_as_empty():
    assert told() == [("empty", None, "this document has no nodes, so its prompt is empty")]
