"""Inputs that come and go, in prompts: what they bring is checked like any other input."""

import pytest

from graphrun.catalog import Catalog, object_info
from graphrun.documents import read
from graphrun.plan import check

NUMBER = ["INT", {"min": 0, "max": 9}]
DEFINITIONS = {
    "Give": {"input": {"required": {}}, "output": ["INT"]},
    "Take": {
        "input": {
            "required": {
                "mode": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "one", "inputs": {"required": {"size": NUMBER}}},
                            {"key": "two", "inputs": {"optional": {"text": ["STRING", {}]}}},
                        ]
                    },
                ],
                "values": [
                    "COMFY_AUTOGROW_V3",
                    {
                        "template": {
                            "input": {"required": {"v": ["INT", {"forceInput": True}]}},
                            "prefix": "v",
                            "min": 1,
                            "max": 3,
                        }
                    },
                ],
            },
            "optional": {
                "plug": [
                    "COMFY_DYNAMICSLOT_V3",
                    {"slotType": "INT", "inputs": {"required": {"gain": NUMBER}}},
                ],
                "rows": [
                    "COMFY_DYNAMICGROUP_V3",
                    {"template": {"required": {"x": NUMBER}}, "max": 5},
                ],
            },
        },
        "output": [],
        "output_node": True,
    },
}
GOOD = {"mode": "one", "mode.size": 3, "values.v0": ["1", 0]}


def problems(**changes):
    inputs = {**GOOD, **{name.replace("__", "."): value for name, value in changes.items()}}
    inputs = {name: value for name, value in inputs.items() if value is not None}
    document = {
        "1": {"class_type": "Give", "inputs": {}},
        "2": {"class_type": "Take", "inputs": inputs},
    }
    catalog = Catalog((), object_info.specs(DEFINITIONS))
    return [(d.code, d.input) for d in check(read(document), catalog) if d.node_id == "2"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"mode": "two", "mode__size": None}, []),
        ({"mode": "two", "mode__text": "a"}, [("unknown_input", "mode.size")]),
        ({"mode__size": 10}, [("value_bigger_than_max", "mode.size")]),
        ({"mode__size": None}, [("required_input_missing", "mode.size")]),
        ({"mode": "three", "mode__size": None}, [("value_not_in_list", "mode")]),
        ({"values__v0": None}, [("required_input_missing", "values.v0")]),
        ({"values__v2": ["1", 0]}, []),
        ({"values__v3": ["1", 0]}, [("unknown_input", "values.v3")]),
        ({"plug": ["1", 0], "plug__gain": 2}, []),
        ({"plug": ["1", 0]}, [("required_input_missing", "plug.gain")]),
        ({"rows__0__x": 1, "rows__1__x": 2}, []),
        ({"rows__0__x": 1, "rows__1__x": 12}, [("value_bigger_than_max", "rows.1.x")]),
    ],
)
def test_what_inputs_bring(changes, found):
    assert problems(**changes) == found
