"""Widget values: by position, by name, defaults, controls, dummies, nulls."""

import pytest
from convert_toys import SPECS, codes, inputs, node, run, slot, socket, spec, widget, workflow

from graphrun.convert import convert

SEED = {"seed": 42, "steps": 12, "cfg": 6.5, "method": "heun"}


@pytest.mark.parametrize(
    ("kind", "values", "expected", "noted"),
    [
        ("Sampler", [42, "fixed", 12, 6.5, "heun"], SEED, []),
        ("Sampler", [42, "fixed", 12, 6.5], {**SEED, "method": "euler"}, ["default_used"]),
        (
            "Sampler",
            None,
            {"seed": 0, "steps": 20, "cfg": 8.0, "method": "euler"},
            ["default_used"],
        ),
        ("Sampler", [42, "fixed", 12, 6.5, "heun", "more", 1], SEED, ["extra_values"]),
        ("Sampler", [42, 12, 6.5, "heun"], SEED, ["shifted_values"]),
        ("Number", [5, "randomize"], {"value": 5}, ["extra_values"]),
        ("Size", [64, "randomize", 8], {"width": 64, "count": 8}, ["shifted_values"]),
        ("Sampler", [42, "fixed", 12, 6.5, None], {**SEED, "method": "euler"}, ["null_value"]),
        ("Sampler", [2**64 - 1, "fixed", 12, 6.5, "heun"], {**SEED, "seed": 2**64 - 1}, []),
        (
            "Sampler",
            ["17", "fixed", 7.5, 6.5, "HEUN"],
            {"seed": "17", "steps": 7.5, "cfg": 6.5, "method": "HEUN"},
            [],
        ),
        ("Text", [None, None], {"text": "", "n": None}, ["null_value"]),
        ("Text", [12, 3], {"text": "12", "n": 3}, ["fitted_value"]),
        ("Text", [["5", 0], 3], {"text": "5,0", "n": 3}, ["fitted_value"]),
        ("Text", [{"a": 1}, 3], {"text": "[object Object]", "n": 3}, ["fitted_value"]),
        ("Pick", ["y", "randomize", "", "kept"], {"pick": "y", "after": "kept"}, []),
        ("Empty", None, {"n": 1}, ["default_used"]),
        ("Upload", ["b.png", 2.5, "image"], {"image": "b.png", "scale": 2.5}, []),
        ("Upload", ["b.png", 2.5], {"image": "b.png", "scale": 2.5}, []),
        ("ShowText", ["", ""], {}, []),
        (
            "Curve",
            [{"points": []}, 2],
            {"curve": {"__type__": "CURVE", "__value__": {"points": []}}, "n": 2},
            [],
        ),
        ("Curve", [None, 2], {"curve": None, "n": 2}, []),
        ("Curve", [1, 2], {"curve": {"__type__": "CURVE", "__value__": 1}, "n": 2}, []),
    ],
)
def test_values_by_position(kind, values, expected, noted):
    prompt = run(node(1, kind, values))
    assert inputs(prompt, "1") == expected
    assert list(prompt.nodes["1"].inputs) == list(expected)
    assert codes(prompt) == noted


@pytest.mark.parametrize(
    "values",
    [[70, "new"], [0, 70, "", "new"]],
    ids=["today: sockets have no value", "before 1.16: a dummy for every forced input"],
)
def test_forced_inputs(values):
    assert inputs(run(node(1, "Forced", values)), "1") == {"n": 70, "tail": "new"}


def test_values_by_name_are_used_and_told():
    prompt = run(node(1, "Size", {"count": 4, "width": 64, "videopreview": {}}))
    assert inputs(prompt, "1") == {"width": 64, "count": 4}
    assert codes(prompt) == ["named_values", "extra_values"]
    assert prompt.nodes["1"].paths["count"] == ("nodes", 0, "widgets_values", "count")


def test_values_in_an_indexed_object_are_positional():
    prompt = run(node(1, "Size", {"0": 64, "1": 4, "length": 2}))
    assert inputs(prompt, "1") == {"width": 64, "count": 4}
    assert prompt.nodes["1"].paths["count"] == ("nodes", 0, "widgets_values", "1")
    assert codes(prompt) == []


def test_named_copy_counts_only_without_positional_values():
    named = {"width": 1, "count": 2, "control_after_generate": "fixed"}
    both = run(node(1, "Size", [64, 4], widgets_values_named=named))
    alone = run(node(1, "Size", widgets_values_named=named))
    assert inputs(both, "1") == {"width": 64, "count": 4}
    assert inputs(alone, "1") == {"width": 1, "count": 2}
    assert codes(alone) == ["named_values"]


def test_converted_widget_keeps_its_place():
    sampler = node(2, "Sampler", [42, "fixed", 12, 6.5, "heun"], [widget("steps", 1)])
    prompt = run(node(1, "Number", [9]), sampler, links=[[1, 1, 0, 2, 0, "INT"]])
    assert list(inputs(prompt, "2").items()) == [
        ("seed", 42), ("steps", ("1", 0)), ("cfg", 6.5), ("method", "heun")
    ]  # fmt: skip


def test_paths_lead_to_the_value_in_the_document():
    sampler = node(
        2, "Sampler", [42, "fixed", 12, 6.5], [slot("model", 1, "MODEL"), widget("cfg", 2)]
    )
    prompt = run(
        node(1, "Load", ["b"]),
        node(3, "Fraction", [1.5]),
        sampler,
        links=[[1, 1, 0, 2, 0, "MODEL"], [2, 3, 0, 2, 1, "FLOAT"]],
    )
    at = ("nodes", 2)
    assert dict(prompt.nodes["2"].paths) == {
        "seed": (*at, "widgets_values", 0),
        "steps": (*at, "widgets_values", 2),
        "cfg": (*at, "inputs", 1),
        "method": at,
        "model": (*at, "inputs", 0),
    }
    assert prompt.nodes["2"].path == at


def test_display_node_may_keep_the_text_it_showed():
    link = [[1, 1, 0, 2, 0, "STRING"]]
    links = [slot("images"), widget("prefix", 1, "STRING")]
    shown = run(node(1, "Load"), node(2, "Save", ["out", "shown"], links), links=link)
    assert "extra_values" not in codes(shown)
    assert codes(run(node(2, "Save", ["out", "shown"]))) == ["extra_values"]


def test_default_is_not_told_when_a_link_replaces_it():
    size = node(2, "Size", [64], [widget("count", 1)])
    prompt = run(node(1, "Number", [9]), size, links=[[1, 1, 0, 2, 0, "INT"]])
    assert codes(prompt) == []


def test_choices_in_a_text_are_made_and_told():
    text = "a {red|{deep|pale} blue} car // note\n/* gone */on \\{road\\} | http://x"
    prompt = run(node(1, "Choices", [text]))
    assert inputs(prompt, "1") == {"text": "a red car \non {road} | http:"}
    assert codes(prompt) == ["dynamic_prompt"]


def test_notes_have_a_position():
    note = run(node(1, "Size", [64])).notes[0]
    assert (note.node_id, note.severity) == ("1", "warning")
    assert str(note.position).startswith("toy.json:7:22")


def test_every_note_of_a_large_file_has_a_position():
    prompt = run(*(node(i, "Size", [8, 1, "x" * 600]) for i in range(1500)))
    assert len(prompt.notes) >= 1500
    assert all(note.position for note in prompt.notes)


@pytest.mark.parametrize(("values", "line"), [([8], '"widgets_values": ['), (None, "{")])
def test_missing_required_values_are_told_where_the_values_stand(values, line):
    document = workflow(node(1, "Size", values))
    (note,) = convert(document, SPECS).notes
    assert note.code == "default_used"
    assert document.source.text.splitlines()[note.position.line - 1].strip() == line


def test_null_in_a_list_of_choices_is_an_empty_list():
    kinds = {"Tags": spec("Tags", socket("tags", "COMBO", options=["r", "g"], multi_select={}))}
    prompt = convert(workflow(node(1, "Tags", [None])), kinds)
    assert prompt.nodes["1"].inputs == {"tags": []}
    assert codes(prompt) == ["null_value"]


def test_a_surplus_value_is_no_dummy_unless_the_controls_fit():
    pick = socket("pick", "COMBO", options=["x", "y"], control_after_generate=True)
    force = socket("label", "INT", forceInput=True)
    kinds = {"Pick": spec("Pick", force, pick, socket("n", "INT"))}
    for values in (["x", "randomize", "", 3, "more"], [None, "x", "randomize", "", 3]):
        prompt = convert(workflow(node(1, "Pick", values)), kinds)
        assert prompt.nodes["1"].inputs == {"pick": "x", "n": 3}
