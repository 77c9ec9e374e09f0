"""Definitions that a ComfyUI server gives: both forms, malformed ones, what they are good for."""

import json
from dataclasses import replace

import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st

import graphrun
from graphrun import api
from graphrun.catalog import Catalog, object_info
from graphrun.catalog.schema import to_object_info
from graphrun.documents import loads
from graphrun.errors import DocumentError, ExitCode, ValidationFailed

LOADER = {
    "input": {
        "required": {
            "vae": ["VAE"],
            "name": [["a.safetensors", "b.safetensors"], {"tooltip": "which"}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 100}],
        },
        "optional": {"mask": ["MASK"], "strength": ["FLOAT", {"default": 1.0}]},
        "hidden": {"unique_id": "UNIQUE_ID"},
    },
    "output": ["IMAGE", ["x", "y"]],
    "output_is_list": [False, True],
    "output_name": ["image", ""],
    "name": "Loader",
    "display_name": "Load",
    "description": "Loads.",
    "category": "in",
    "output_node": False,
}
SAVER = {
    "input": {
        "required": {
            "images": ["IMAGE", {}],
            "mode": ["COMBO", {"options": ["png", "webp"], "default": "png", "tooltip": None}],
        },
        "hidden": {"prompt": ["PROMPT"]},
    },
    "input_order": {"required": ["mode", "images", "gone"], "hidden": ["prompt"]},
    "is_input_list": True,
    "output": [],
    "output_is_list": None,
    "output_name": None,
    "display_name": None,
    "description": None,
    "output_node": True,
    "python_module": "comfy_extras.nodes_x",
}
INFO = {"Loader": LOADER, "Saver": SAVER}

NODES = {
    "1": {"class_type": "Loader", "inputs": {"vae": ["1", 0], "name": "a.safetensors", "steps": 5}},
    "2": {"class_type": "Saver", "inputs": {"images": ["1", 0], "mode": "webp"}},
}


def catalog(info=None):
    return toys.catalog().with_definitions(object_info.specs(INFO if info is None else info))


def entry(required=None, **more):
    return {"input": {"required": required or {}}, "output": ["IMAGE"], **more}


def test_the_form_of_the_first_api():
    spec = object_info.specs(INFO)["Loader"]
    assert [(i.name, i.type, i.section) for i in spec.inputs] == [
        ("vae", "VAE", "required"),
        ("name", "COMBO", "required"),
        ("steps", "INT", "required"),
        ("mask", "MASK", "optional"),
        ("strength", "FLOAT", "optional"),
        ("unique_id", "UNIQUE_ID", "hidden"),
    ]
    assert spec.input("name").options == {
        "tooltip": "which",
        "options": ["a.safetensors", "b.safetensors"],
    }
    assert spec.input("name").initial == "a.safetensors"
    assert [(o.type, o.name, o.is_list) for o in spec.outputs] == [
        ("IMAGE", "image", False),
        ("COMBO", "COMBO", True),
    ]
    assert (spec.title, spec.category, spec.description) == ("Load", "in", "Loads.")


def test_the_form_of_the_third_api():
    spec = object_info.specs(INFO)["Saver"]
    assert [(i.name, i.type) for i in spec.inputs] == [
        ("mode", "COMBO"),
        ("images", "IMAGE"),
        ("prompt", "PROMPT"),
    ]
    assert spec.input("mode").options == {"options": ["png", "webp"], "default": "png"}
    assert spec.output_node
    assert spec.input_is_list
    assert spec.outputs == ()
    assert (spec.title, spec.module) == ("Saver", "comfy_extras.nodes_x")


def test_order_is_that_of_input_order_then_that_of_the_document():
    info = {
        "input": {
            "required": {"c": ["INT"], "both": ["INT"], "a": ["INT"], "late": ["INT"]},
            "optional": {"z": ["INT"], "both": ["FLOAT"], "b": ["INT"]},
        },
        "input_order": {"required": ["a", "both", "c"], "optional": ["b", "both"]},
        "output": [],
    }
    spec = object_info.specs({"X": info})["X"]
    assert [i.name for i in spec.inputs] == ["a", "c", "b", "both", "late", "z"]
    assert spec.input("both").section == "optional"


def test_our_own_definitions_come_back_as_they_were():
    for name, spec in toys.catalog().items():
        (found,) = object_info.specs({name: to_object_info(spec)}).values()
        assert [(i.name, i.type, dict(i.options)) for i in found.inputs] == [
            (i.name, i.type, dict(i.options)) for i in spec.inputs
        ]
        assert found.outputs == spec.outputs


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (5, "is left out: it has neither inputs nor outputs"),
        ({"input": {"required": []}} | {"output": [1]}, "is left out: output 0 has no type: 1"),
        ({"input": {"required": ["a"]}}, "is left out: its required inputs are not names"),
        (entry({"a": []}), "is left out: the input a has no type: []"),
        (entry({"a": [{"x": 1}]}), "is left out: the input a has no type"),
        (entry({"a": ["INT", {"min": "low"}]}), "not all read: min of a is 'low'"),
        (entry({"a": ["INT", "x"]}), "not all read: the options of a are 'x'"),
        (entry({"a": ["COMBO", {"options": "abc"}]}), "not all read: the choices of a are no list"),
        (entry({"a": "IMAGE"}), "not all read: a is the text 'IMAGE' and is taken for its type"),
        (entry(output="IMAGE"), "not all read: output is 'IMAGE' and is taken for a list of one"),
    ],
)
def test_a_malformed_definition_is_named_and_the_others_are_read(definition, words):
    found = object_info.read({"Odd": definition, **INFO}, name="info.json")
    (note,) = found.notes
    assert (note.code, note.severity) == ("malformed_definition", "warning")
    assert note.message.startswith("info.json: the definition of Odd ")
    assert words in note.message
    assert {"Loader", "Saver"} <= found.specs.keys()
    assert ("Odd" in found.specs) == ("left out" not in words)


def test_what_holds_no_definitions(tmp_path):
    for document in ({}, [], {"1": {"class_type": "A"}}, None):
        with pytest.raises(DocumentError, match="no definitions") as caught:
            object_info.read(document)
        assert "/object_info" in caught.value.diagnostics[0].hint
    file = tmp_path / "info.json"
    with pytest.raises(DocumentError, match="no such file"):
        object_info.load(file)
    for data in (b"{", b"\xff\xfe", b"[" * 100_000):
        file.write_bytes(data)
        with pytest.raises(DocumentError, match="not JSON"):
            object_info.load(file)
    file.write_text('{"A": {"input": {"required": {"x": ["FLOAT", {"max": Infinity}]}}}}')
    assert object_info.load(file).specs["A"].input("x").options == {"max": float("inf")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["required", "optional", "hidden", "input", "output", "a", "options"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
def test_no_entry_breaks_the_reading(inputs, output, order):
    odd = {"input": inputs, "output": output, "input_order": order, "output_name": output}
    assert "Loader" in object_info.specs({"Odd": odd, **INFO})


def test_check_and_convert_need_no_code_and_running_does():
    prompt = loads(json.dumps({**NODES, "1": {**NODES["1"], "inputs": {"steps": 500}}}))
    found = api.check(prompt, catalog())
    assert {(d.code, d.input) for d in found} == {
        ("required_input_missing", "vae"),
        ("required_input_missing", "name"),
        ("value_bigger_than_max", "steps"),
    }
    nodes = [
        {"id": 1, "type": "Loader", "widgets_values": ["b.safetensors", 7, 0.5]},
        {"id": 2, "type": "Saver", "inputs": [{"name": "images", "link": 1}]},
    ]
    nodes[1]["widgets_values"] = ["webp"]
    links = [[1, 1, 0, 2, 0, "IMAGE"]]
    workflow = loads(json.dumps({"nodes": nodes, "links": links, "version": 0.4}))
    made = api.convert(workflow, catalog())
    assert made.nodes["1"].inputs == {"name": "b.safetensors", "steps": 7, "strength": 0.5}
    assert made.nodes["2"].inputs["mode"] == "webp"


def test_a_node_without_code_is_refused_before_anything_runs():
    toys.CALLS.clear()
    nodes = {
        "3": {"class_type": "Text", "inputs": {"text": "a"}},
        "4": {"class_type": "Show", "inputs": {"text": ["3", 0]}},
        "5": {"class_type": "Shower", "inputs": {"text": ["3", 0]}},
    }
    info = {"Shower": {"input": {"required": {"text": ["STRING"]}}, "output_node": True}}
    document = loads(json.dumps(nodes), name="f.json")
    known = catalog(info)
    assert api.check(document, known) == []
    with pytest.raises(ValidationFailed) as caught:
        graphrun.run(document, catalog=known)
    (found,) = caught.value.diagnostics
    assert (found.code, found.node_id) == ("missing_node_type", "5")
    assert "known from a file" in found.message
    assert found.position.file == "f.json"
    assert caught.value.exit_code is ExitCode.MISSING
    assert toys.CALLS == []
    planned, _ = api.plan(api.Request(document, targets=["4"]), known)
    assert [s.node.id for s in planned.steps] == ["3", "4"]


def test_what_a_definition_does_not_settle_is_a_warning():
    """Packs check choices themselves and bring widgets of their own in the editor."""
    inputs = {"vae": {"any": 1}, "name": "c.safetensors", "steps": 5, "extra": 1}
    nodes = {**NODES, "1": {"class_type": "Loader", "inputs": inputs}}
    found = api.check(loads(json.dumps(nodes)), catalog())
    assert {(d.code, d.severity) for d in found} == {
        ("invalid_input_type", "warning"),
        ("value_not_in_list", "warning"),
        ("unknown_input", "warning"),
    }


def test_inputs_with_members_and_widgets_of_the_editor():
    width = {"required": {"width": ["INT", {}]}}
    image = {"required": {"image": ["IMAGE", {}]}}
    info = {
        "All": entry(
            {
                "mode": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "a", "inputs": width}]}],
                "images": ["COMFY_AUTOGROW_V3", {"template": {"prefix": "image", "input": image}}],
                "colour": ["COLOR", {"default": "#ffffff"}],
                "number": ["INT,FLOAT", {"widgetType": "FLOAT", "max": 5}],
                "tags": ["COMBO", {"options": ["r", "g"], "multi_select": {}}],
                "pick": ["COMBO", {"remote": {"route": "/x"}}],
            },
            output_node=True,
        )
    }
    inputs = {
        "mode": "a",
        "mode.width": 3,
        "images.image0": ["1", 0],
        "colour": "#000000",
        "number": 1.5,
        "tags": {"__value__": ["r", "g"]},
        "pick": "anything",
    }
    known = catalog({"Source": entry(), **info})
    nodes = {"1": {"class_type": "Source"}, "2": {"class_type": "All", "inputs": inputs}}
    assert api.check(loads(json.dumps(nodes)), known) == []
    inputs |= {"number": "x", "tags": {"__value__": ["r", "b"]}, "colours": 1}
    found = api.check(loads(json.dumps(nodes)), known)
    assert {(d.code, d.input) for d in found} == {
        ("invalid_input_type", "number"),
        ("value_not_in_list", "tags"),
        ("unknown_input", "colours"),
    }


def test_an_installed_pack_comes_first_and_differences_are_told():
    own = toys.catalog()["Text"]
    other = replace(own, inputs=(*own.inputs, replace(own.inputs[0], name="new")))
    same = toys.catalog().with_definitions({"Text": own, "Join": toys.catalog()["Join"]})
    known = toys.catalog().with_definitions({"Text": other})
    assert known["Text"] == own
    assert len(known) == len(toys.catalog())
    document = loads('{"1": {"class_type": "Text", "inputs": {"text": "a"}}}')
    assert api.convert(document, same).notes == ()
    made = api.convert(api.convert(document, known), known)
    (note,) = made.notes
    assert (note.code, note.severity) == ("definition_differs", "warning")
    assert "it has the input new (STRING)" in note.message
    assert [d.code for d in api.check(made, known)][:1] == ["definition_differs"]


def test_a_catalog_with_definitions_is_a_mapping_of_all():
    known = catalog()
    assert {"Loader", "Text"} <= set(known)
    assert "Loader" in known
    assert len(known) == len(set(known)) == len(toys.catalog()) + 2
    assert (known.runs("Loader"), known.runs("Text")) == (False, True)
    assert known.near("Lodaer") == ["Loader"]
    assert "Nowhere" not in Catalog(())
