"""What counts as a difference, and which nodes are taken for the same."""

import json
import re

import pytest

from graphrun.documents import Link, loads
from graphrun.plan import diff
from graphrun.plan.diff import ABSENT


def node(kind, title=None, **inputs):
    meta = {"_meta": {"title": title}} if title else {}
    return {"class_type": kind, "inputs": inputs, **meta}


CHAIN = {
    "1": node("Model", name="a"),
    "2": node("Data", name="b"),
    "3": node("Train", "Fine-tuning", model=["1", 0], data=["2", 1], epochs=2),
    "4": node("Save", model=["3", 0], path="out"),
}


def prompt(nodes):
    return loads(json.dumps(nodes))


def told(a, b):
    return [
        (d.kind, d.a and d.a.id, d.b and d.b.id, d.input, d.before, d.after)
        for d in diff(prompt(a), prompt(b))
    ]


def changed(nodes, at, **inputs):
    new = {**nodes[at]["inputs"], **inputs}
    return {**nodes, at: {**nodes[at], "inputs": {k: v for k, v in new.items() if v is not ...}}}


def test_ids_titles_and_order_are_no_difference():
    other = {
        "x": node("Save", "Away", path="out", model=["y", 0]),
        "y": node("Train", epochs=2.0, data=["v", 1], model=["w", 0]),
        "v": node("Data", name="b"),
        "w": node("Model", name="a"),
    }
    assert told(CHAIN, CHAIN) == []
    assert told(CHAIN, other) == []


def test_a_value_a_link_and_an_absent_input():
    assert told(CHAIN, changed(CHAIN, "3", epochs=3)) == [("value", "3", "3", "epochs", 2, 3)]
    assert told(CHAIN, changed(CHAIN, "3", epochs=...)) == [
        ("value", "3", "3", "epochs", 2, ABSENT)
    ]
    assert told(CHAIN, changed(CHAIN, "3", data=["2", 0])) == [
        ("link", "3", "3", "data", Link("2", 1), Link("2", 0))
    ]
    assert told(CHAIN, changed(CHAIN, "3", epochs=["2", 0])) == [
        ("link", "3", "3", "epochs", 2, Link("2", 0))
    ]
    assert told(CHAIN, changed(CHAIN, "4", new=None)) == [("value", "4", "4", "new", ABSENT, None)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (2, 2.0, True),
        (1, True, False),
        ("1", 1, False),
        (None, False, False),
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1}, True),
        ({"__value__": [1, 2]}, {"__value__": [2, 1]}, False),
        ([1, 2, 3], {"__value__": [1, 2, 3]}, False),
        (2**60, 2**60 + 1, False),
        ("é", "e", False),
    ],
)
def test_values_are_compared_as_json(one, other, same):
    found = told({"1": node("A", x=one)}, {"2": node("A", x=other)})
    assert found == [] if same else [d[0] for d in found] == ["value"]


def test_nodes_that_only_one_has():
    shorter = {k: v for k, v in CHAIN.items() if k != "4"}
    assert [d[:2] for d in told(CHAIN, shorter)] == [("only_a", "4")]
    assert [d[:3] for d in told(shorter, CHAIN)] == [("only_b", None, "4")]
    other = {**CHAIN, "1": node("OtherModel", name="a")}
    assert [d[:4] for d in told(CHAIN, other)] == [
        ("only_a", "1", None, None),
        ("link", "3", "3", "model"),
        ("only_b", None, "1", None),
    ]


def test_the_same_change_elsewhere_is_found_where_it_is():
    """Two equal branches into one node, told apart by what is behind them."""
    nodes = {
        "1": node("Text", text="same"),
        "2": node("Text", text="same"),
        "3": node("Upper", text=["1", 0]),
        "4": node("Lower", text=["2", 0]),
    }
    other = {
        "1": node("Text", text="new"),
        "2": node("Text", text="same"),
        "3": node("Lower", text=["1", 0]),
        "4": node("Upper", text=["2", 0]),
    }
    assert told(nodes, other) == [("value", "2", "1", "text", "same", "new")]


def test_swapped_links_are_two_differences():
    nodes = {
        "1": node("Text", text="a"),
        "2": node("Text", text="b"),
        "3": node("Join", a=["1", 0], b=["2", 0]),
    }
    found = told(nodes, changed(nodes, "3", a=["2", 0], b=["1", 0]))
    assert len(found) == 2


def test_ids_decide_between_equals():
    nodes = {str(i): node("Text", text="a") for i in range(5)}
    assert told(nodes, changed(nodes, "3", text="b")) == [("value", "3", "3", "text", "a", "b")]


def test_a_node_in_between_is_an_addition_and_a_link():
    other = {**CHAIN, "5": node("Wrap", model=["1", 0])}
    other = changed(other, "3", model=["5", 0])
    assert [d[:4] for d in told(CHAIN, other)] == [
        ("link", "3", "3", "model"),
        ("only_b", None, "5", None),
    ]


def test_prompts_that_cannot_run_can_be_compared():
    ring = {
        "1": node("A", x=["3", 0]),
        "2": node("B", x=["1", 0]),
        "3": node("C", x=["2", 0], y=["gone", 0], z=[1, 2, 3]),
        "4": node("D", x=["3", 0]),
        "5": node("A", x=["5", 0]),
    }
    other = {
        "z": node("A", x=["z", 0]),
        "d": node("D", x=["c", 0]),
        "c": node("C", x=["b", 0], y=["nowhere", 0], z=[1, 2, 3]),
        "b": node("B", x=["a", 0]),
        "a": node("A", x=["c", 0]),
    }
    assert told(ring, other) == []
    assert [d[0] for d in told(ring, changed(other, "c", y=["nowhere", 1]))] == ["link"]
    assert told({}, {}) == []


def test_long_and_wide_prompts():
    size = 4000
    chain = {str(i): node("A", x=[str(i - 1), 0] if i else "start", n=i % 3) for i in range(size)}
    wide = {str(i): node("B", x=["0", 0], n=1) if i else node("A") for i in range(size)}
    for nodes in (chain, wide):
        text = json.dumps(dict(reversed(nodes.items())))
        moved = json.loads(re.sub(r'"(\d+)"', r'"n\1"', text))
        assert told(nodes, moved) == []
        assert len(told(nodes, changed(moved, f"n{size // 2}", n="new"))) == 1
