"""Documents as other tools write them: whole floats for ids, nulls, broken links."""

import json

import pytest
from convert_toys import SPECS, codes, node, slot, workflow

from graphrun.convert import convert
from graphrun.documents import loads
from graphrun.errors import DocumentError

NODES = (
    node(1, "Load", ["a.bin"]),
    node(2, "Image", None, [slot("image", 1, "IMAGE")]),
)
LINKS = ([1, 1, 2, 2, 0, "IMAGE"],)


def read(**changes):
    """The small workflow, with other values at the top or (with `__`) in a node."""
    document = json.loads(json.dumps(dict(workflow(*NODES, links=LINKS).data)))
    for name, value in changes.items():
        place, _, key = name.rpartition("__")
        (document["nodes"][1] if place == "node" else document)[key] = value
    return convert(loads(json.dumps(document)), SPECS)


PLAIN = read().to_json()


def test_ids_may_be_whole_floats():
    links = [[1.0, 1.0, 2.0, 2.0, 0.0, "IMAGE"]]
    inputs = [{"name": "image", "type": "IMAGE", "link": 1.0}]
    assert read(links=links).to_json() == PLAIN
    made = read(links=LINKS, node__id=2.0, node__inputs=inputs)
    assert made.to_json() == PLAIN
    assert made.notes == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": None},
        {"config": None},
        {"config": []},
        {"last_link_id": "1"},
        {"last_node_id": None},
        {"state": {"lastNodeId": None}},
        {"node__mode": None},
        {"node__inputs": [{"name": "image", "type": None, "link": 1}]},
    ],
)
def test_what_has_no_bearing_may_be_null(changes):
    made = read(**changes)
    assert (made.to_json(), made.notes) == (PLAIN, ())


def test_a_title_may_be_a_number():
    assert read(node__title=7).nodes["2"].title == "7"


@pytest.mark.parametrize("mode", [9, -1, 1.5])
def test_an_unknown_mode_is_told(mode):
    made = read(node__mode=mode)
    assert made.to_json() == PLAIN
    assert codes(made) == ["unknown_mode"]


@pytest.mark.parametrize("link", [None, [], [2, 1, 0]])
def test_broken_links_are_left_out(link):
    made = read(links=[*LINKS, link])
    assert made.to_json() == PLAIN
    assert codes(made) == ["invalid_link"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"node__title": []},
            "node 2 (Image): title: this is an array, not text or a number or null",
        ),
        (
            {"node__inputs": [{"name": None}]},
            "node 2 (Image): inputs.0.name: this is null, not text",
        ),
        ({"node__inputs": [{}]}, "node 2 (Image): inputs.0: 'name' is missing"),
        ({"node__type": 5}, "node 2: type: this is the number 5, not text"),
        ({"groups": "x"}, "groups: this is text 'x', not an array or null"),
    ],
)
def test_a_fault_is_told_in_words_of_json_and_names_the_node(changes, message):
    with pytest.raises(DocumentError) as caught:
        read(**changes)
    assert caught.value.diagnostics[0].message == message


def test_a_fault_in_a_prompt_names_the_node():
    with pytest.raises(DocumentError) as caught:
        loads('{"3": {"class_type": "KSampler", "inputs": null}}')
    found = caught.value.diagnostics[0]
    assert found.message == "node 3 (KSampler): inputs: this is null, not an object"
