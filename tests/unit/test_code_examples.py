"""Examples of the table of codes are what is printed, where a small file is enough to see it."""

import json
from pathlib import Path

import pytest

from graphrun.cli.main import main
from graphrun.diagnostics import table


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


SHOW = node("PtShowText", tens=["2", 0])
ONES = node("PtOnes", size="[2]", data_type="float32")
NUMBER = {"1": node("PrimitiveInt", value=5), "2": node("PreviewAny", source=["1", 0])}

TEXTS = {
    "invalid_json": '{"1": {"class_type": "PrimitiveInt" "inputs": {}}}',
    "duplicate_key": '{"3": {"class_type": "A", "inputs": {}}, "3": {"class_type": "A"}}',
    "not_json_number": json.dumps({"1": node("PreviewAny", source=float("nan"))}),
    "not_a_workflow": '{"a": 1, "b": 2}',
    "invalid_workflow": '{"nodes": [{"id": 3, "type": 5}], "links": []}',
    "invalid_prompt": '{"1": {"class_type": "PrimitiveInt", "inputs": []}}',
    "empty_prompt": '{"nodes": [], "links": []}',
}

GRAPHS = {
    "missing_node_type": {"1": node("PtFul"), "2": SHOW},
    "interface_only": {
        "4": node("CheckpointLoaderSimple", ckpt_name="model.safetensors"),
        "5": node("PreviewAny", source=["4", 0]),
    },
    "prompt_no_outputs": {"1": NUMBER["1"]},
    "bad_linked_input": {"4": node("PtAbs", tens_a=["9", 0])},
    "slot_out_of_range": {"1": ONES, "2": node("PtAbs", tens_a=["1", 3]), "3": SHOW},
    "return_type_mismatch": {"1": NUMBER["1"], "2": node("PtAbs", tens_a=["1", 0]), "3": SHOW},
    "dependency_cycle": {
        "1": node("PtAbs", tens_a=["2", 0]),
        "2": node("PtAbs", tens_a=["1", 0]),
        "3": SHOW,
    },
    "required_input_missing": {"2": node("PtAbs"), "3": SHOW},
    "unknown_input": {**NUMBER, "1": node("PrimitiveInt", value=5, valve=6)},
    "invalid_input_type": {**NUMBER, "1": node("PrimitiveInt", value=2.7)},
    "value_not_in_list": {
        "1": node("PtOnes", size="[2]", data_type="floot32"),
        "2": node("PtAbs", tens_a=["1", 0]),
        "3": SHOW,
    },
    "value_bigger_than_max": {"2": node("CDAShowInt", int_scalar=2**40)},
    "value_smaller_than_min": {"2": node("CDAShowInt", int_scalar=-5)},
    "unused_node": {**NUMBER, "7": ONES},
    "deprecated_class": {**NUMBER, "3": node("ImageBatch")},
    "experimental_class": {**NUMBER, "3": node("ComfySwitchNode")},
    "path_elsewhere": {**NUMBER, "3": node("PandasLoadCSVWithIndex", file_path=r"C:\iris.csv")},
}

COMMANDS = {
    "unreadable_file": ("check", "flow.json"),
    "coerced_input": ("check", "float.json", "--lenient"),
    "bad_usage": ("diff", "-", "-"),
    "bad_setting": ("check", "prompt.json", "--set", "1.value=two"),
    "bad_alias": ("check", "prompt.json", "--alias", "imdb"),
    "unknown_target": ("run", "prompt.json", "99"),
    "no_such_class": ("nodes", "ls", "imge"),
    "unknown_code": ("explain", "mising_model"),
    "unknown_pack": ("check", "prompt.json", "--pack", "packs/mine"),
    "not_object_info": ("check", "prompt.json", "--object-info", "prompt.json"),
    "invalid_baseline": ("check", "prompt.json", "--baseline", "float.json"),
    "no_embedded_workflow": ("check", "picture.png"),
    "unused_alias": ("run", "prompt.json", "--no-cache", "--alias", "imdb=."),
}


def first_line(capsys, code, *command):
    """The first line of what is said of a code."""
    capsys.readouterr()
    main([*command])
    said = capsys.readouterr().err
    (line,) = [one for one in said.splitlines() if f"[{code}]: " in one][:1] or [said]
    return line


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("prompt.json").write_text(json.dumps(NUMBER))
    Path("float.json").write_text(json.dumps(GRAPHS["invalid_input_type"]))


@pytest.mark.parametrize("code", [*TEXTS, *GRAPHS])
def test_examples_of_files(capsys, code):
    text = TEXTS[code] if code in TEXTS else json.dumps(GRAPHS[code], indent=1)
    Path("prompt.json").write_text(text)
    assert first_line(capsys, code, "check", "prompt.json") == table.codes()[code].example


@pytest.mark.parametrize("code", COMMANDS)
def test_examples_of_commands(capsys, code):
    if code == "no_embedded_workflow":
        from PIL import Image

        Image.new("RGB", (4, 4)).save("picture.png")
    assert first_line(capsys, code, *COMMANDS[code]) == table.codes()[code].example
