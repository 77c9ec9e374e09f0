"""`proxyWidgets`: values of inner widgets that an instance lists."""

import pytest
from convert_toys import SPECS, codes, definition, inputs, instance, node, widget, with_subgraphs

from graphrun.convert import convert
from graphrun.documents import Link

INNER = definition(
    "inner",
    node(11, "Size", [64, 2], [widget("width", 1), widget("count", 2)]),
    node(12, "PrimitiveNode", [3, "fixed"], outputs=[{"type": "INT"}]),
    node(13, "Number", [9]),
    node(14, "Size", [16, 1], [widget("width", 3)]),
    links=[(1, -10, 0, 11, 0), (2, 12, 0, 11, 1), (3, 13, 0, 14, 0)],
    inputs=[("width", "INT", [1])],
)


def made(listed, values):
    host = instance(1, "inner", values, [], properties={"proxyWidgets": listed})
    return convert(with_subgraphs(host, subgraphs=[INNER]), SPECS)


@pytest.mark.parametrize(
    ("listed", "values", "expected"),
    [
        ([["11", "width"]], [8], {"width": 8, "count": 3}),
        ([["-1", "width"]], [8], {"width": 8, "count": 3}),
        ([["-1", "gone"]], [8], {"width": 64, "count": 3}),
        ([["12", "value"]], [7], {"width": 64, "count": 7}),
        ([["12", "control_after_generate"]], [7], {"width": 64, "count": 3}),
        ([["11", "width", "5"]], [8], {"width": 8, "count": 3}),
        ([["11", "5: 6: width"]], [8], {"width": 8, "count": 3}),
        ([["11", "width"]], [None], {"width": 64, "count": 3}),
        ([["11", "width"]], {}, {"width": 64, "count": 3}),
        ([["99", "width"], ["11", "gone"], ["11", "$$x"]], [1, 2, 3], {"width": 64, "count": 3}),
    ],
)
def test_values_of_listed_widgets(listed, values, expected):
    assert inputs(made(listed, values), "1:11") == expected


def test_entries_that_name_nothing_are_told_but_for_previews():
    prompt = made([["99", "width"], ["11", "gone"], ["11", "$$x"]], [1, 2, 3])
    assert codes(prompt) == ["extra_values"] * 2


def test_a_null_is_told():
    assert codes(made([["11", "width"]], [None])) == ["null_value"]


@pytest.mark.parametrize("listed", ["[", "{}", [["11"]], [[11, "width"]], {"a": 1}, 5])
def test_a_malformed_list_is_left_out_as_a_whole(listed):
    prompt = made(listed, [8])
    assert inputs(prompt, "1:11")["width"] == 8  # by position, as if there were no list
    assert codes(prompt) == ["invalid_proxies"]


def test_a_wire_is_worth_more_than_a_value_that_was_listed():
    prompt = made([["14", "width"]], [8])
    assert inputs(prompt, "1:14")["width"] == Link("1:13", 0)
    assert codes(prompt) == ["extra_values"]


@pytest.mark.parametrize(
    ("listed", "values", "words"),
    [
        ([["99", "width"]], [8], "8 is left out: no widget 'width' of an inner node 99"),
        ([["11", "gone"]], [8], "no widget 'gone' of an inner node 11"),
        ([["-1", "gone"]], [8], "no widget 'gone' of an inner node -1"),
        ([["11", "width"]], [8, 9], "[9] is left out: the list of its inner widgets ends after 1"),
        ([["11", "width"]], {"width": 8}, "goes by position, but its values by name"),
        ([], {"width": 8, "gone": 9}, "1 more values than inputs that hold one: gone=9"),
        ([], [8, 9], "1 more values than inputs that hold one: 9"),
    ],
)
def test_values_without_a_place_are_told(listed, values, words):
    (note,) = made(listed, values).notes
    assert (note.code, note.node_id) == ("extra_values", "1")
    assert words in note.message
    assert note.position is not None


@pytest.mark.parametrize("name", ["$$preview", "control_after_generate"])
def test_entries_that_hold_nothing_to_send_need_no_word(name):
    assert codes(made([["11", name]], ["fixed"])) == []


def test_controls_of_seeds_that_an_instance_has_by_name_need_no_word():
    assert codes(made([], {"width": 8, "control_after_generate": "fixed"})) == []
