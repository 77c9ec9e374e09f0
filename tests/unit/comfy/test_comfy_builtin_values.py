"""Built-in nodes for values, texts, logic and formulas, as graphs run them."""

import pytest

import graphrun
from graphrun.catalog import Catalog
from graphrun.comfy.builtins import PACK


@pytest.fixture(scope="module")
def session():
    return graphrun.Session(catalog=Catalog((PACK,)))


def value(session, class_type, inputs, slot=0):
    """What an output of one node is, as PreviewAny shows it."""
    report = session.run(
        {
            "1": {"class_type": class_type, "inputs": inputs},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", slot]}},
        }
    )
    assert report.status == "success", report.error
    return report.outputs["2"][0][0]


@pytest.mark.parametrize(
    ("class_type", "inputs", "expected"),
    [
        ("PrimitiveInt", {"value": 7}, "7"),
        ("PrimitiveString", {"value": "a"}, "a"),
        ("StringConcatenate", {"string_a": "a", "string_b": "b", "delimiter": "-"}, "a-b"),
        ("StringSubstring", {"string": "abcd", "start": 1, "end": -1}, "bc"),
        ("StringLength", {"string": "abc"}, "3"),
        ("CaseConverter", {"string": "ab cd", "mode": "Title Case"}, "Ab Cd"),
        ("StringTrim", {"string": " a ", "mode": "Left"}, "a "),
        ("StringReplace", {"string": "aab", "find": "a", "replace": "c"}, "ccb"),
        ("StringContains", {"string": "Ab", "substring": "a", "case_sensitive": False}, "True"),
        (
            "StringCompare",
            {"string_a": "Ab", "string_b": "a", "mode": "Starts With", "case_sensitive": True},
            "False",
        ),
        ("JsonExtractString", {"json_string": '{"a": 5}', "key": "a"}, "5"),
        ("JsonExtractString", {"json_string": "no json", "key": "a"}, ""),
        ("ComfyNotNode", {"value": 0}, "True"),
        ("ComfyAndNode", {"values.value0": 1, "values.value1": ""}, "False"),
        ("ComfyOrNode", {"values.value0": 1, "values.value1": ""}, "True"),
    ],
)
def test_results(session, class_type, inputs, expected):
    assert value(session, class_type, inputs) == expected


@pytest.mark.parametrize(("slot", "expected"), [(0, "7.5"), (1, "7"), (2, "True")])
def test_a_formula_of_linked_numbers(session, slot, expected):
    inputs = {"expression": "a * 2 + b", "values.a": ["3", 0], "values.b": ["5", 0]}
    report = session.run(
        {
            "3": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
            "4": {"class_type": "PrimitiveString", "inputs": {"value": "1.5"}},
            "5": {"class_type": "ComfyNumberConvert", "inputs": {"value": ["4", 0]}},
            "1": {"class_type": "ComfyMathExpression", "inputs": inputs},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", slot]}},
        }
    )
    assert report.outputs["2"] == ([expected],)


@pytest.mark.parametrize(("switch", "ran"), [(True, "4"), (False, "3")])
def test_a_switch_computes_one_branch_only(switch, ran):
    session = graphrun.Session(catalog=Catalog((PACK,)))
    report = session.run(
        {
            "3": {"class_type": "StringLength", "inputs": {"string": "abc"}},
            "4": {"class_type": "StringLength", "inputs": {"string": "abcd"}},
            "1": {
                "class_type": "ComfySwitchNode",
                "inputs": {"switch": switch, "on_false": ["3", 0], "on_true": ["4", 0]},
            },
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        }
    )
    assert sorted(report.ran) == sorted(["1", "2", ran])
    assert report.outputs["2"] == ([ran],)


def test_a_number_that_is_none(session):
    report = session.run(
        {
            "3": {"class_type": "PrimitiveString", "inputs": {"value": "seven"}},
            "1": {"class_type": "ComfyNumberConvert", "inputs": {"value": ["3", 0]}},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        }
    )
    assert report.status == "failed"
    assert "'seven' is not a finite number" in str(report.error)
