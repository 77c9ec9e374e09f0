"""Kinds of nodes that nobody knows: kept, with as much as the file tells."""

import pytest
from convert_toys import codes, inputs, node, run, slot, widget

from graphrun.documents import Link
from graphrun.errors import DocumentError

SLOTS = [slot("image", None, "IMAGE"), widget("seed"), widget("mode", None, "COMBO")]


@pytest.mark.parametrize(
    ("values", "slots", "expected", "noted"),
    [
        ([5, "x"], SLOTS, {"seed": 5, "mode": "x"}, ["guessed_inputs"]),
        ([5, "fixed", "x"], SLOTS, {"seed": 5, "mode": "x"}, ["guessed_inputs"]),
        ([5, "fixed"], SLOTS, {"seed": 5, "mode": "fixed"}, ["guessed_inputs"]),
        (
            [5, "randomize", 3],
            [widget("seed"), widget("n")],
            {"seed": 5, "n": 3},
            ["guessed_inputs"],
        ),
        ([5, True, 3], [widget("seed"), widget("n")], {"seed": 5, "n": 3}, ["guessed_inputs"]),
        (
            ["a.png", "image"],
            [widget("file", None, "COMBO")],
            {"file": "a.png"},
            ["guessed_inputs"],
        ),
        ([1, 2, 3], SLOTS, {}, ["extra_values"]),
        ([1], SLOTS, {}, ["extra_values"]),
        ([1], [slot("x")], {}, ["extra_values"]),
        ({"named": 4, "upload": "image"}, [], {"named": 4}, ["guessed_inputs"]),
        (None, [], {}, []),
        ([], SLOTS, {}, []),
    ],
)
def test_values(values, slots, expected, noted):
    prompt = run(node(1, "Other", values, slots))
    assert inputs(prompt, "1") == expected
    assert codes(prompt) == ["unknown_class", *noted]
    assert all("--object-info FILE" in note.hint for note in prompt.notes)
    assert (prompt.nodes["1"].class_type, prompt.nodes["1"].title) == ("Other", "Other")


def test_named_copy_beats_guessing():
    named = {"seed": 1, "control_after_generate": "fixed", "mode": "y"}
    prompt = run(node(1, "Other", [5, "x"], SLOTS, widgets_values_named=named))
    assert inputs(prompt, "1") == {"seed": 1, "mode": "y"}


def test_links_are_kept_by_name():
    other = node(2, "Other", [5], [slot("IMAGE", 1, "IMAGE"), widget("n", 2)])
    prompt = run(node(1, "Load", ["a"]), other, links=[[1, 1, 2, 2, 0], [2, 1, 0, 2, 1]])
    assert inputs(prompt, "2") == {"IMAGE": Link("1", 2), "n": Link("1", 0)}


@pytest.mark.parametrize("type", ["workflow>Gone", "workflow/Gone"])
def test_a_group_node_that_is_not_defined_is_refused(type):
    with pytest.raises(DocumentError, match="no group node 'Gone' is defined") as caught:
        run(node(1, type))
    assert [d.code for d in caught.value.diagnostics] == ["missing_subgraph"]
    assert caught.value.diagnostics[0].position is not None
