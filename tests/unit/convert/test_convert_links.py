"""The link table against the slots: names beat numbers, nothing is lost in silence."""

import pytest
from convert_toys import SPECS, codes, inputs, load, node, run, slot, widget, workflow

from graphrun.convert import convert
from graphrun.documents import Link
from graphrun.errors import DocumentError

LOADS = (node(1, "Load", ["one"]), node(2, "Load", ["two"]))
ONE, TWO = Link("1", 2), Link("2", 2)


def save(*slots):
    return node(3, "Save", ["out"], slots)


def blend(*links):
    names = ("mask", "first", "second")
    return node(3, "Blend", [1.0], [slot(n, k, "IMAGE") for n, k in zip(names, links, strict=True)])


@pytest.mark.parametrize(
    ("target", "links", "expected", "noted"),
    [
        (save(slot("images", 1)), [[1, 1, 2, 3, 0, "IMAGE"]], {"images": ONE}, []),
        (save(), [[1, 1, 2, 3, 0, "IMAGE"]], {"images": ONE}, []),
        (save(slot("images")), [[1, 1, 2, 3, 0, "IMAGE"]], {"images": ONE}, []),
        (save(slot("images", 1)), [[1, 1, "2", 3, "0", "IMAGE"]], {"images": ONE}, []),
        (save(slot("images", 1)), [[1, "1", 2.0, "3", 0]], {"images": ONE}, []),
        # two records aim at one input: the named one wins, else the first
        (save(slot("images", 2)), [[1, 1, 2, 3, 0], [2, 2, 2, 3, 0]], {"images": TWO},
         ["lost_link"]),
        (save(slot("images")), [[1, 1, 2, 3, 0], [2, 2, 2, 3, 0]], {"images": ONE}, ["lost_link"]),
        (save(slot("images", 1)), [[1, 1, 2, 3, 0], [1, 1, 2, 3, 0]], {"images": ONE}, []),
        # the slot number and the input that names the link disagree
        (blend(None, None, 1), [[1, 1, 2, 3, 1]], {"second": ONE}, ["slot_disagrees"]),
        (blend(None, 1, 2), [[1, 1, 2, 3, 1], [2, 2, 2, 3, 1]], {"first": ONE, "second": TWO},
         ["slot_disagrees"]),
        # one link, two inputs that name it
        (blend(None, 1, 1), [[1, 1, 2, 3, 2]], {"second": ONE}, ["lost_link"]),
        (node(3, "Blend", [1.0], [slot("second", 1), slot("first"), slot("mask", 1)]),
         [[1, 1, 2, 3, 2]], {"second": ONE}, ["lost_link"]),
        # a record that no input names, and one that is named, with one number
        (blend(None, 1, None), [[2, 2, 2, 3, 2], [1, 1, 2, 3, 2]], {"first": ONE},
         ["slot_disagrees", "lost_link"]),
        # the input's number counts slots as the file lists them
        (node(3, "Blend", [1.0], [slot("second"), slot("first")]), [[1, 1, 2, 3, 0]],
         {"second": ONE}, ["slot_disagrees"]),
        # an input that names a link the table does not have
        (save(slot("images", 9)), [], {}, ["lost_link"]),
        # a plain input that is no longer defined stays, for the check to name
        (save(slot("picture", 1)), [[1, 1, 2, 3, 0]], {"picture": ONE}, []),
        # a widget's that is gone goes
        (save(widget("size", 1)), [[1, 1, 2, 3, 0]], {}, ["lost_link"]),
        (save(), [[1, 1, 2, 3, 7]], {}, ["lost_link"]),
        # an output that is not there, and an origin that is not: the check names them
        (save(slot("images", 1)), [[1, 1, 8, 3, 0]], {"images": Link("1", 8)}, []),
        (save(slot("images", 1)), [[1, 77, 0, 3, 0]], {"images": Link("77", 0)},
         ["missing_origin"]),
        (save(slot("images", 1)), [[1, 1, 2, 3, 0], [2, 1, 2, 99, 0]], {"images": ONE},
         ["lost_link"]),
        # records that are none
        (save(slot("images", 1)), [None, [1, 1, 2, 3, 0], [2, 1], [3, 1, None, 3, 0], {"id": 4}],
         {"images": ONE}, ["invalid_link"] * 4),
        (save(slot("images", 1)),
         [{"id": 1, "origin_id": 1, "origin_slot": 2, "target_id": 3, "target_slot": 0}],
         {"images": ONE}, []),
    ],
)  # fmt: skip
def test_link_table(target, links, expected, noted):
    prompt = run(*LOADS, target, links=links)
    found = {name: v for name, v in inputs(prompt, "3").items() if isinstance(v, Link)}
    assert found == expected
    assert codes(prompt) == noted


def test_link_through_a_missing_origin_is_kept_behind_a_reroute():
    reroute = node(2, "Reroute", None, [slot("", 1, "*")], outputs=[{"type": "*"}])
    prompt = run(reroute, save(slot("images", 2)), links=[[1, 77, 1, 2, 0], [2, 2, 0, 3, 0]])
    assert inputs(prompt, "3")["images"] == Link("77", 1)


def test_two_nodes_with_one_id_are_an_error():
    with pytest.raises(DocumentError) as raised:
        run(node(1, "Load", ["a"]), node("1", "Save", ["b"]))
    [problem] = raised.value.diagnostics
    assert problem.code == "duplicate_node_id"
    assert problem.position is not None


def test_links_of_another_version_are_kept_and_told():
    links = [[1, 1, 2, 3, 0, "IMAGE"]]
    prompt = run(*LOADS, save(slot("images", 1)), links=links, version=0.3)
    assert inputs(prompt, "3")["images"] == ONE
    assert codes(prompt) == ["unusual_version"]


def test_prompt_carries_source_workflow_title_and_pack():
    document = workflow(
        node(1, "Load", ["a"], title="Mine", properties={"cnr_id": "toys"}),
        node(2, "Save", ["b"], properties={"aux_id": "me/toys"}),
        node(3, "Load", ["c"], title="", properties=None),
    )
    prompt = convert(document, SPECS)
    assert prompt.source is document.source
    assert prompt.workflow is document.data
    assert [n.title for n in prompt.nodes.values()] == ["Mine", "Save it", "Load"]
    assert [n.pack for n in prompt.nodes.values()] == ["toys", "me/toys", None]


def test_a_link_from_a_node_that_is_not_there_is_told_with_its_place():
    (note,) = run(
        node(3, "Save", ["out"], [slot("images", 1, "IMAGE")]), links=[[1, 77, 0, 3, 0]]
    ).notes
    assert (note.code, note.node_id, note.input) == ("missing_origin", "3", "images")
    assert "no node 77" in note.message
    assert note.position is not None


def everywhere(**change):
    row = {"downstream": 3, "downstream_slot": 0, "upstream": 1, "upstream_slot": 2, **change}
    nodes = [*LOADS, save(slot("images", None, "IMAGE"))]
    document = {"nodes": nodes, "links": [], "version": 0.4, "extra": {"ue_links": [row]}}
    return convert(load(document), SPECS)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"downstream_slot": "0", "upstream_slot": "2"},
        {"downstream": "3", "upstream": "1", "upstream_slot": 2.0},
    ],
)
def test_links_that_use_everywhere_stored_may_be_written_as_text(change):
    prompt = everywhere(**change)
    assert inputs(prompt, "3")["images"] == ONE
    assert codes(prompt) == ["assumed_link"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"downstream": 9}, "there is no node 9"),
        ({"upstream": 9}, "there is no node 9"),
        ({"downstream_slot": 5}, "node 3 (Save) has no input number 5"),
        ({"downstream_slot": None}, "it does not say what it links"),
        ({"upstream_slot": -1}, "it does not say what it links"),
        ({"upstream_slot": True}, "it does not say what it links"),
    ],
)
def test_links_that_use_everywhere_stored_are_not_lost_in_silence(change, words):
    (note,) = everywhere(**change).notes
    assert note.code == "lost_link"
    assert words in note.message
    assert note.position is not None
