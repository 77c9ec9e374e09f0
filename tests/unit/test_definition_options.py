"""Options that a server should not give: what cannot be used is left out and told."""

import json

import pytest

from graphrun import api
from graphrun.catalog import Catalog, object_info
from graphrun.documents import loads

CHOICE, GROWING = "COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3"
ROWS, MATCH = "COMFY_DYNAMICGROUP_V3", "COMFY_MATCHTYPE_V3"
IMAGES = {"required": {"i": ["IMAGE", {}]}}


def converted(kind, options, value=5):
    """What a node with one input of a kind becomes, and what is said of its definition."""
    info = {"A": {"input": {"required": {"n": [kind, options], "other": ["INT"]}}, "output": []}}
    found = object_info.read(info)
    assert found.specs["A"].input("other")
    drives = kind in ("INT", "FLOAT")
    name = "n" if drives else "n.p0"
    slot = {"name": name, "type": kind, "link": 1 if drives else None}
    node = {"id": 1, "type": "A", "inputs": [slot], "widgets_values": [value, 1, 2]}
    driver = {"id": 2, "type": "PrimitiveNode", "outputs": [{"type": kind}]}
    nodes = [node | {"inputs": [slot | {"widget": {"name": "n"}}]}] if drives else [node]
    nodes += [driver | {"widgets_values": [value]}] if drives else []
    links = [[1, 2, 0, 1, 0, kind]] if drives else []
    document = {"nodes": nodes, "links": links, "version": 0.4}
    made = api.convert(
        loads(json.dumps(document)), Catalog.installed().with_definitions(found.specs)
    )
    return made.nodes["1"].inputs, [n.message for n in found.notes]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("INT", {"step": "8"}, "A is not all read: step of n is '8'"),
        ("INT", {"step": 0}, "step of n is 0"),
        ("FLOAT", {"step": -1}, "step of n is -1"),
        ("FLOAT", {"step": float("inf")}, "step of n is inf"),
        ("FLOAT", {"max": float("-inf")}, "max of n is -inf"),
        ("FLOAT", {"min": 10**400}, "min of n is 1000"),
        ("FLOAT", {"round": "0.01"}, "round of n is '0.01'"),
        ("FLOAT", {"round": True}, "round of n is True"),
        ("FLOAT", {"round": [1]}, "round of n is [1]"),
    ],
)
def test_numbers_that_are_none(kind, options, words):
    inputs, notes = converted(kind, options)
    assert inputs["n"] == 5
    assert words in notes[0]


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({"step": 1e-10, "max": 1e30}, 1e20, 1e20),
        ({"step": 0.001, "max": 1e30}, 1e26, 1e26),
        ({"step": 1e-320, "max": 1e30}, 1.5, 1.5),
        ({"round": 1e-9, "max": 1e308}, 1e308, 1e308),
        ({"round": False, "step": 0.1}, 1.26, 1.3),
        ({}, 10**400, 2048),
    ],
)
def test_large_numbers_are_rounded(options, value, expected):
    inputs, notes = converted("FLOAT", options, value)
    assert (inputs["n"], notes) == (expected, [])


def test_open_ends_are_kept():
    assert converted("INT", {"min": float("-inf"), "step": 8}, 21)[0]["n"] == 24
    assert converted("FLOAT", {"max": float("inf")}, 1e9)[0]["n"] == 1e9


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CHOICE, {"options": "abc"}),
        (CHOICE, {"options": ["a"]}),
        (CHOICE, {"options": [{"inputs": {}}]}),
        (CHOICE, {"options": [{"key": "a", "inputs": [1]}]}),
        (CHOICE, {"options": [{"key": "a", "inputs": {"required": {"x": []}}}]}),
        (CHOICE, {"options": [{"key": "a", "inputs": {"required": {"x": [5]}}}]}),
        (GROWING, {"template": "x"}),
        (GROWING, {"template": {"input": IMAGES, "prefix": "p", "min": "a"}}),
        (GROWING, {"template": {"input": IMAGES, "prefix": 5}}),
        (GROWING, {"template": {"input": IMAGES, "names": 5}}),
        (GROWING, {"template": {"input": []}}),
        (GROWING, {"template": {"input": {"required": {"i": 5}}, "prefix": "p"}}),
        (ROWS, {"template": [1], "min": 2}),
        (ROWS, {"template": {"required": [1]}, "min": 2}),
        (MATCH, {"template": {"allowed_types": [1, None]}}),
    ],
)
def test_templates_without_the_shape_of_their_type(kind, options):
    inputs, notes = converted(kind, options)
    assert "other" in inputs
    assert "of n: " in notes[0]
    assert "so what it brings is left out" in notes[0]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CHOICE, {"options": [{"key": "a", "inputs": {"required": {"x": None}}}]}),
        (CHOICE, {"options": None}),
        (GROWING, {"template": None}),
        (GROWING, {"template": {"input": IMAGES, "prefix": None, "min": None, "max": None}}),
        (ROWS, {"min": None, "template": {"input": {"required": {"x": ["INT", None]}}}}),
        (MATCH, {"template": {"allowed_types": None}}),
    ],
)
def test_null_is_absent(kind, options):
    assert converted(kind, options)[1] == []


def test_members_are_not_more_than_a_hundred():
    template = {"input": {"required": {"x": ["INT"]}}, "prefix": "p"}
    inputs, notes = converted(ROWS, {"min": 300_000, "template": template})
    assert sum(name.startswith("n.") for name in inputs) == 100
    assert "more than 100 members" in notes[0]
    _, notes = converted(GROWING, {"template": {**template, "min": 3e6, "max": float("inf")}})
    assert "min of n is 3000000.0, more than 100 members; max of n is inf" in notes[0]


def test_what_is_nested_is_checked_too():
    inner = {"required": {"size": ["FLOAT", {"round": "x"}], "grow": [GROWING, {"template": 1}]}}
    _, notes = converted(CHOICE, {"options": [{"key": "a", "inputs": inner}]}, "a")
    assert "round of n.a.size is 'x'; template of n.a.grow: the template is 1" in notes[0]
    deep = {}
    for _ in range(200):
        deep = {"required": {"x": [CHOICE, {"options": [{"key": "a", "inputs": deep}]}]}}
    assert converted(CHOICE, {"options": [{"key": "a", "inputs": deep}]}, "a")
