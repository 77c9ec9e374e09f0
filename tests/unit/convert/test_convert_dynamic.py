"""Definitions of nodes whose inputs come and go."""

from typing import Any

import pytest
from convert_toys import load, node, slot, socket, spec, widget

from graphrun.convert import convert
from graphrun.convert.dynamic import settle

MODE = socket(
    "mode",
    "COMFY_DYNAMICCOMBO_V3",
    options=[
        {"key": "none", "inputs": {}},
        {"key": "size", "inputs": {"required": {"w": ["INT", {"default": 4}], "pic": ["IMAGE"]}}},
        {
            "key": "grow",
            "inputs": {
                "required": {
                    "many": [
                        "COMFY_AUTOGROW_V3",
                        {"template": {"input": {"required": {"x": ["IMAGE"]}}, "prefix": "p"}},
                    ]
                }
            },
        },
    ],
)
KIND = spec("Kind", MODE, socket("tail", "INT", default=1), outputs="IMAGE")


def settled(values: Any, *slots: dict[str, Any]) -> list[tuple[str, str]]:
    found = settle(KIND, {"widgets_values": values, "inputs": list(slots)})
    return [(i.name, i.type) for i in found.inputs]


@pytest.mark.parametrize(
    ("values", "slots", "expected"),
    [
        (None, [], [("mode", "COMBO"), ("tail", "INT")]),
        (["gone", 1], [], [("mode", "COMBO"), ("tail", "INT")]),
        ([None, 1], [], [("mode", "COMBO"), ("tail", "INT")]),
        (
            ["size", 5, 1],
            [],
            [("mode", "COMBO"), ("mode.w", "INT"), ("mode.pic", "IMAGE"), ("tail", "INT")],
        ),
        (
            {"mode": "size"},
            [],
            [("mode", "COMBO"), ("mode.w", "INT"), ("mode.pic", "IMAGE"), ("tail", "INT")],
        ),
        (
            ["grow", 1],
            [slot("mode.many.p0"), slot("mode.many.p2", 1), slot("mode.many.p200", 2)],
            [
                ("mode", "COMBO"),
                ("mode.many.p0", "IMAGE"),
                ("mode.many.p1", "IMAGE"),
                ("mode.many.p2", "IMAGE"),
                ("tail", "INT"),
            ],
        ),
    ],
)
def test_a_choice_brings_its_inputs(values, slots, expected):
    assert settled(values, *slots) == expected


def test_a_plain_definition_stays_itself():
    plain = spec("Plain", socket("n", "INT"))
    assert settle(plain, {"widgets_values": [1]}) is plain


def test_a_definition_settles_by_node():
    nodes = [
        node(1, "Kind", ["size", 5, 7], [widget("mode.w"), slot("mode.pic", 1, "IMAGE")]),
        node(2, "Kind", ["none", 8]),
    ]
    document = {"nodes": nodes, "links": [[1, 2, 0, 1, 1, "IMAGE"]], "version": 0.4}
    prompt = convert(load(document), {"Kind": KIND})
    assert prompt.to_json()["1"]["inputs"] == {
        "mode": "size",
        "mode.w": 5,
        "tail": 7,
        "mode.pic": ["2", 0],
    }
    assert prompt.to_json()["2"]["inputs"] == {"mode": "none", "tail": 8}
    assert prompt.notes == ()


def test_a_made_up_length_costs_nothing():
    found = settle(KIND, {"widgets_values": {"length": 10**12, "0": "size", "1": 3}})
    assert len(found.inputs) == 4


@pytest.mark.parametrize(
    ("count", "rows"), [(2, 2), (99, 3), (-1, 1), (None, 1), ("2", 1), (True, 1)]
)
def test_rows_are_kept_within_their_bounds(count, rows):
    template = {"input": {"required": {"x": ["INT", {}]}}}
    kind = spec("R", socket("r", "COMFY_DYNAMICGROUP_V3", template=template, min=1, max=3))
    found = settle(kind, {"widgets_values": [count, 1, 2]})
    assert [i.name for i in found.inputs] == ["r", *(f"r.{k}.x" for k in range(rows))]
