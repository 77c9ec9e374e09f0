"""Classes that graphrun knows by their definition and cannot run."""

import json
from pathlib import Path

import pytest

import graphrun
from graphrun import api
from graphrun.catalog import Catalog
from graphrun.catalog.schema import from_schema, to_schema
from graphrun.cli.main import main
from graphrun.documents import loads
from graphrun.errors import ExitCode, ValidationFailed

FILES = sorted((Path(__file__).parents[2] / "schemas/interface").glob("*.json"))
NOISE = {"seed": 7, "steps": 3, "cfg": 8.0, "denoise": 1.0}
CHOICES = {"sampler_name": "euler", "scheduler": "normal"}
NODES = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "any.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
    "4": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 512, "batch_size": 1},
    },
    "5": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["1", 0],
            "positive": ["2", 0],
            "negative": ["3", 0],
            "latent_image": ["4", 0],
            **NOISE,
            **CHOICES,
        },
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}},
}
PACK = """
class Zeros:
    @classmethod
    def INPUT_TYPES(cls):
        size = ("INT", {"default": 64})
        return {"required": {"width": size, "height": size, "batch_size": ("INT",)}}
    RETURN_TYPES = ("LATENT",)
    FUNCTION = "zeros"
    def zeros(self, **sizes):
        return (sizes,)

class Tell:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"latent": ("LATENT",)}}
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "tell"
    def tell(self, latent):
        return {"ui": {"text": [str(latent["width"])]}}

NODE_CLASS_MAPPINGS = {"EmptyLatentImage": Zeros, "Tell": Tell}
"""


def changed(node, **inputs):
    return {**NODES, node: {**NODES[node], "inputs": {**NODES[node]["inputs"], **inputs}}}


def errors(found):
    return [(d.code, d.node_id, d.input) for d in found if d.code != "interface_only"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_definitions_are_written_as_those_of_code_are(path):
    schema = json.loads(path.read_text("utf-8"))
    assert path.stem == from_schema(schema).class_type
    assert to_schema(from_schema(schema)) == schema


def test_a_graph_of_them_is_right_and_it_is_told_once_a_class_that_it_does_not_run():
    found = graphrun.check(loads(json.dumps(NODES)))
    assert [(d.code, d.node_id) for d in found] == [("interface_only", i) for i in "12456"]
    assert {d.severity for d in found} == {"warning"}


@pytest.mark.parametrize(
    ("node", "inputs", "expected"),
    [
        ("5", {"steps": 0}, ("value_smaller_than_min", "5", "steps")),
        ("5", {"seed": 2**64}, ("value_bigger_than_max", "5", "seed")),
        ("5", {"model": ["1", 1]}, ("return_type_mismatch", "5", "model")),
        ("5", {"sampler_name": "eller"}, ("value_not_in_list", "5", "sampler_name")),
        ("6", {"vae": ["1", 3]}, ("slot_out_of_range", "6", "vae")),
        ("4", {"width": 8}, ("value_smaller_than_min", "4", "width")),
        ("2", {"text": 5}, ("invalid_input_type", "2", "text")),
    ],
)
def test_types_links_and_ranges_are_checked(node, inputs, expected):
    assert errors(graphrun.check(loads(json.dumps(changed(node, **inputs))))) == [expected]


def test_running_them_is_refused_with_one_error_a_class():
    with pytest.raises(ValidationFailed) as caught:
        graphrun.run(loads(json.dumps(NODES), name="f.json"))
    assert caught.value.exit_code is ExitCode.MISSING
    found = {d.node_id: d for d in caught.value.diagnostics}
    assert list(found) == ["1", "2", "4", "5", "6"]
    assert {d.code for d in found.values()} == {"missing_node_type"}
    assert "2 (CLIPTextEncode) (also 3): graphrun knows what CLIPTextEncode" in found["2"].message
    assert "--pack DIR" in found["5"].hint
    assert "ComfyUI" in found["5"].hint
    assert found["5"].position.file == "f.json"


def test_a_pack_that_brings_the_class_is_what_counts(tmp_path):
    (tmp_path / "latents.py").write_text(PACK)
    nodes = {"4": NODES["4"], "5": {"class_type": "Tell", "inputs": {"latent": ["4", 0]}}}
    session = graphrun.Session([tmp_path / "latents.py"])
    document = loads(json.dumps(nodes))
    assert session.check(document) == []
    assert session.run(document).ui["5"] == {"text": ["512"]}
    # Nothing is said about the definition that is not needed, which has other bounds.
    assert not session.catalog.interface_only("EmptyLatentImage")
    assert session.catalog["EmptyLatentImage"].module == "custom_nodes.latents"


def test_a_given_definition_comes_before_the_one_that_is_shipped():
    info = {"KSampler": {"input": {"required": {"strength": ["FLOAT"]}}, "output": ["LATENT"]}}
    from graphrun.catalog import object_info

    known = Catalog.installed().with_definitions(object_info.specs(info))
    assert [one.name for one in known["KSampler"].inputs] == ["strength"]
    assert not known.interface_only("KSampler")
    assert known.interface_only("VAEDecode")


def test_a_catalogue_of_some_packs_has_none_of_them():
    assert "KSampler" not in Catalog(Catalog.installed().packs)


def test_workflow_files_are_converted_with_them():
    nodes = [
        {"id": 5, "type": "KSampler", "widgets_values": [7, "fixed", 3, 8, "euler", "normal", 1]},
        {"id": 8, "type": "Note", "widgets_values": ["remember"]},
        {"id": 9, "type": "MarkdownNote", "widgets_values": ["# remember"]},
    ]
    prompt = api.convert(loads(json.dumps({"nodes": nodes, "links": [], "version": 0.4})))
    assert list(prompt.nodes) == ["5"]
    assert prompt.nodes["5"].inputs == {**NOISE, **CHOICES}


def test_a_note_as_a_target_has_nothing_to_run():
    note = {"1": {"class_type": "Note", "inputs": {}}}
    with pytest.raises(ValidationFailed, match="Note is a note of the editor"):
        graphrun.run(loads(json.dumps(note)), targets=["1"])


def test_a_class_of_them_is_shown_as_such(capsys):
    assert main(["nodes", "show", "KSampler"]) == 0
    assert "interface only" in capsys.readouterr().out
    assert main(["nodes", "ls", "KSam"]) == 0
    assert "KSampler" in capsys.readouterr().out
