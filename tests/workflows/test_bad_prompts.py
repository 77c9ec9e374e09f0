"""Files that are wrong: message, code, place, exit code, and nothing half-written."""

import copy
import json
import re
from pathlib import Path

import pytest

from graphrun.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def flagship():
    """The flagship as an API prompt."""
    from graphrun import api

    return api.convert(api.load(ROOT / "workflows/distilbert_classification.json")).to_json()


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Run a document or text; its code, message and the source line it points at."""
    monkeypatch.chdir(tmp_path)

    def run(document, exit_code):
        text = document if isinstance(document, str) else json.dumps(document, indent=1)
        Path("bad.json").write_text(text)
        assert main(["bad.json", "--tiny"]) == exit_code
        assert main(["check", "bad.json"]) == exit_code
        err = capsys.readouterr().err
        assert "Traceback" not in err
        assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.json"]
        assert main(["run", "bad.json", "--tiny", "--json"]) == exit_code
        found = json.loads(capsys.readouterr().out)["diagnostics"]
        errors = [d for d in found if d["severity"] == "error"]
        assert len(errors) == 1, errors
        (error,) = errors
        assert f"error[{error['code']}]: {error['message']}" in err
        line = ""
        if "position" in error:
            name, number, _ = error["position"].rsplit(":", 2)
            assert name == "bad.json"
            line = text.splitlines()[int(number) - 1]
        return error, line

    return run


def changed(prompt, node_id, **inputs):
    found = copy.deepcopy(prompt)
    found[node_id]["inputs"].update(inputs)
    return found


@pytest.mark.parametrize(
    ("node_id", "input", "value", "code", "message"),
    [
        ("27", "model", ["99", 0], "bad_linked_input", "node 99, which does not exist"),
        ("27", "model", ["20", 3], "slot_out_of_range", "output 3 of node 20"),
        ("27", "model", ["21", 0], "return_type_mismatch", "takes PTMODEL.*gives PTOPTIMIZER"),
        ("27", "model", "bert", "invalid_input_type", "takes a link of type PTMODEL"),
        ("27", "epochz", 3, "unknown_input", "no input 'epochz'"),
        ("22", "reduction", "maen", "value_not_in_list", 'reduction is "maen"'),
        ("27", "use_gpu", "false", "invalid_input_type", 'takes true or false, not "false"'),
        ("27", "epochs", 2.7, "invalid_input_type", "takes a whole number, not 2.7"),
        ("27", "epochs", 0, "value_smaller_than_min", "epochs is 0, below its minimum 1"),
        ("21", "learning_rate", 3, "value_bigger_than_max", "above its maximum 1"),
        ("14", "batch_size", [1, 2, 3], "bad_linked_input", "not a link"),
    ],
)
def test_a_wrong_input_is_named_with_its_place(
    flagship, refused, node_id, input, value, code, message
):
    error, line = refused(changed(flagship, node_id, **{input: value}), 3)
    assert (error["code"], error["node"], error["input"]) == (code, node_id, input)
    assert re.search(message, error["message"])
    assert f'"{input}"' in line
    assert error["hint"]


def test_a_truncated_file(flagship, refused):
    text = json.dumps(flagship, indent=1)[:400]
    error, _ = refused(text, 3)
    assert error["code"] == "invalid_json"
    assert error["position"].startswith("bad.json:")
    assert error["position"].split(":")[1] == str(len(text.splitlines()))


def test_something_that_is_no_workflow(refused):
    error, line = refused({"name": "graphrun", "version": "1.0"}, 3)
    assert error["code"] == "not_a_workflow"
    assert "keys 'name', 'version'" in error["message"]
    assert "class_type" in error["hint"]
    assert line == "{"


def test_an_unknown_class_gives_near_ones_and_the_pack_the_file_names(flagship, refused):
    prompt = copy.deepcopy(flagship)
    prompt["21"]["class_type"] = "PtoAdmaW"
    prompt["21"]["_meta"]["cnr_id"] = "some-optimizers"
    error, line = refused(prompt, 4)
    assert (error["code"], error["node"]) == ("missing_node_type", "21")
    assert "did you mean PtoAdamW" in error["hint"]
    assert "the pack some-optimizers" in error["hint"]
    assert line.strip().startswith('"21"')


def test_a_missing_required_input(flagship, refused):
    prompt = copy.deepcopy(flagship)
    del prompt["27"]["inputs"]["loss_function"]
    error, line = refused(prompt, 3)
    assert (error["code"], error["input"]) == ("required_input_missing", "loss_function")
    assert "PTLOSS" in error["hint"]
    assert line.strip().startswith('"27"')


def test_a_cycle_is_shown_as_a_path(flagship, refused):
    error, line = refused(changed(flagship, "20", model_name=["29", 0]), 3)
    assert error["code"] == "dependency_cycle"
    for node_id in ("20", "27", "28", "29"):
        assert f"{node_id} (" in error["message"]
    assert "[" in line


def test_no_output_node(flagship, refused):
    prompt = {k: v for k, v in flagship.items() if k != "29"}
    error, _ = refused(prompt, 3)
    assert error["code"] == "prompt_no_outputs"
    assert "PandasShowText" in error["hint"]


@pytest.mark.parametrize("text", ["{}", '{"nodes": [], "links": [], "version": 0.4}'])
def test_an_empty_graph(refused, text):
    error, _ = refused(text, 3)
    assert error["code"] == "empty_prompt"


def test_several_problems_are_reported_together(flagship, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    prompt = changed(flagship, "27", epochs=2.7, use_gpu="false")
    Path("bad.json").write_text(json.dumps(prompt, indent=1))
    assert main(["bad.json"]) == 3
    err = capsys.readouterr().err
    assert err.count("error[invalid_input_type]") == 2


def test_a_widget_value_of_a_workflow_is_found_in_its_list(tmp_path, monkeypatch, capsys):
    text = (ROOT / "workflows/distilbert_classification.json").read_text()
    document = json.loads(text)
    for node in document["nodes"]:
        if node["id"] == 27:
            node["widgets_values"][0] = 2.7
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text(json.dumps(document, indent=1))
    assert main(["bad.json"]) == 3
    place = capsys.readouterr().err.split(": error")[0]
    line = Path("bad.json").read_text().splitlines()[int(place.split(":")[1]) - 1]
    assert line.strip() == "2.7,"
