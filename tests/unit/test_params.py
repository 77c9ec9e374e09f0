"""`graphrun params`, and files of parameters for `run --params`."""

import builtins
import json
import tomllib
from pathlib import Path

import pytest
import toys
from jsonschema import Draft202012Validator

from graphrun.cli.main import main
from graphrun.documents import schema
from graphrun.documents.parameters import Parameter, load_parameters
from graphrun.errors import DocumentError, Position, UsageError
from graphrun.plan import override, plan
from graphrun.plan.knobs import knobs

FLAGSHIP = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
TEXTS = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    "2": {"class_type": "CDAStringCreate", "inputs": {"data": 'a "b"\n\\'}},
    "3": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}, "_meta": {"title": "x.y"}},
    "4": {"class_type": "PandasShowText", "inputs": {"text": ["2", 0]}},
}


WIDGET = {"name": "data", "type": "STRING", "link": None, "widget": {"name": "data"}}
PROMOTED = {
    "nodes": [
        {
            "id": 2, "type": "s", "inputs": [WIDGET], "widgets_values": ["outer"],
            "outputs": [{"name": "out", "type": "STRING", "links": [5]}],
        },
        {
            "id": 3, "type": "PandasShowText",
            "inputs": [{"name": "text", "type": "STRING", "link": 5}],
        },
    ],
    "links": [[5, 2, 0, 3, 0, "STRING"]],
    "definitions": {"subgraphs": [{
        "id": "s",
        "inputs": [{"id": "a", "name": "data", "type": "STRING", "linkIds": [1]}],
        "outputs": [{"id": "b", "name": "out", "type": "STRING", "linkIds": [2]}],
        "nodes": [{
            "id": 7, "type": "CDAStringCreate", "inputs": [{**WIDGET, "link": 1}],
            "outputs": [{"name": "out", "type": "STRING", "links": [2]}],
            "widgets_values": ["inner"],
        }],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 0,
             "type": "STRING"},
            {"id": 2, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0,
             "type": "STRING"},
        ],
    }]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("texts.json").write_text(json.dumps(TEXTS))


def toy(**inputs):
    return toys.prompt({"1": ("Numbers", inputs), "2": ("Show", {"text": ["1", 0]})})


def found(prompt):
    catalog = toys.catalog()
    return {one.address: one for one in knobs(plan(prompt, catalog), catalog)}


def test_knobs_are_the_literals_of_what_will_run():
    """Links are none, nor what feeds no output; inputs without a value have their default."""
    prompt = toys.prompt(
        {
            "9": ("Text", {"text": "unneeded"}),
            "2": ("Show", {"text": ["1", 0]}),
            "1": ("Numbers", {"whole": 3, "real": 0.5, "flag": True, "mode": "slow"}),
        }
    )
    assert list(found(prompt)) == ["1.whole", "1.real", "1.flag", "1.mode", "1.extra"]
    whole = found(prompt)["1.whole"].to_json()
    assert whole == {
        "address": "1.whole", "also": ["Numbers.whole"], "node": "1", "class_type": "Numbers",
        "title": None, "input": "whole", "type": "INT", "value": 3, "given": True,
        "required": True, "default": 1, "min": 0, "max": 10,
    }  # fmt: skip
    assert found(prompt)["1.mode"].to_json()["choices"] == ["fast", "slow"]
    extra = found(prompt)["1.extra"]
    assert (extra.given, extra.value, extra.to_json()["required"]) == (False, None, False)


def test_a_name_that_two_nodes_have_is_no_address():
    nodes = {
        "1": ("Text", {"text": "a"}),
        "2": ("Text", {"text": "b"}),
        "3": ("Join", {"a": ["1", 0], "b": ["2", 0]}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    assert [one.to_json()["also"] for one in found(toys.prompt(nodes)).values()] == [[], []]


def test_params_as_json_satisfies_its_schema(capsys):
    assert main(["params", str(FLAGSHIP), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("params")).validate(document)
    rate = next(one for one in document["params"] if one["input"] == "learning_rate")
    assert rate["also"] == ["Optimizer.learning_rate", "PtoAdamW.learning_rate"]
    assert (rate["value"], rate["min"], rate["max"]) == (5e-05, 1e-10, 1)


def test_values_that_a_subgraph_promotes_are_at_the_nodes_that_get_them(capsys):
    Path("w.json").write_text(json.dumps(PROMOTED))
    assert main(["params", "w.json", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["params"]
    assert (found["address"], found["value"]) == ("2:7.data", "outer")
    assert main(["run", "w.json", "--set", "2:7.data=set", "--json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [node["ui"]["text"] for node in nodes if "text" in node["ui"]] == [["set"]]
    assert main(["__complete", "addresses", "w.json"]) == 0
    assert "2:7.data=" in capsys.readouterr().out.splitlines()


def test_what_is_printed_as_toml_gives_the_same_values(capsys):
    assert main(["params", "texts.json", "--toml"]) == 0
    text = capsys.readouterr().out
    Path("p.toml").write_text(text)
    assert tomllib.loads(text) == {"1": {"data": "hello"}, "2": {"data": 'a "b"\n\\'}}
    assert main(["run", "texts.json", "--params", "p.toml", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [n["ui"]["text"] for n in report["nodes"] if "text" in n["ui"]] == [
        ["hello"], ['a "b"\n\\'],
    ]  # fmt: skip


def test_the_table_has_addresses_values_and_ranges(capsys):
    assert main(["params", str(FLAGSHIP), "22"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "node 22 (Loss, PtnBCEWithLogitsLoss), also as Loss.reduction",
        '  22.reduction  COMBO  "mean"  mean | sum | none',
    ]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("p.toml", '# it\n1.whole = 4\nNumbers.real = 1e-1\n"1.mode" = "slow"', 2),
        ("p.toml", '[1]\nwhole = "4"\n[Numbers]\nreal = 0.1\nmode = "slow"', 2),
        ("p.toml", '"1" = {whole = 4, real = 0.1, mode = "slow"}', 1),
        ("p.yaml", "1.whole: 4\n1:\n  real: 1e-1  # a text to YAML\n  mode: slow", 1),
        ("p.yml", '1: {"whole": 4, real: .1}\nNumbers.mode: slow', 1),
        ("p.json", '{"1": {\n"whole": 4, "real": 0.1}, "Numbers.mode": "slow"}', 2),
    ],
)
def test_files_of_parameters(name, text, line):
    Path(name).write_text(text)
    settings = load_parameters(Path(name))
    changed = override(toy(whole=1), toys.catalog(), settings)
    assert changed.nodes["1"].inputs == {"whole": 4, "real": 0.1, "mode": "slow"}
    place = changed.position("1", "whole")
    assert (place.file, place.line) == (name, line)


def test_ids_of_inner_nodes_are_no_numbers_to_base_60():
    Path("p.yaml").write_text("12:34: {a: 1}\n12:35.b: 2")
    assert [one.address for one in load_parameters(Path("p.yaml"))] == ["12:34.a", "12:35.b"]


def test_set_goes_before_a_file_and_both_before_the_workflow(capsys):
    Path("p.json").write_text('{"1.data": "file", "2.data": "file"}')
    options = ["--params", "p.json", "--set", "2.data=set", "--json"]
    assert main(["run", "texts.json", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    shown = [node["ui"]["text"] for node in report["nodes"] if "text" in node["ui"]]
    assert shown == [["file"], ["set"]]
    assert report["settings"]["overrides"] == ["1.data='file'", "2.data='file'", "2.data=set"]


def test_all_wrong_addresses_are_told_with_their_places_and_what_is_near(capsys):
    Path("p.yaml").write_text("1:\n  dota: x\n8.data: y\nnonsense: 1\n")
    assert main(["run", "texts.json", "--params", "p.yaml"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "p.yaml:2:3: error[bad_setting]: node 1 (CDAStringCreate): the input dota does not exist",
        "  did you mean data?",
        "p.yaml:3:1: error[bad_setting]: no node has the id, title or class '8'",
        "  ids: 1, 2, 3, 4",
        "p.yaml:4:1: error[bad_setting]: 'nonsense' is no address",
        "  for example 27.epochs: 3",
    ]


def test_a_value_that_a_rule_refuses_is_told_with_its_place(capsys):
    prompt = override(
        toy(), toys.catalog(), [Parameter(("1", "whole"), 11, Position("p.toml", 7, 1))]
    )
    assert str(prompt.position("1", "whole")) == "p.toml:7:1"
    text = Parameter(("1.flag",), "maybe", Position("p.toml", 8, 1))
    with pytest.raises(UsageError) as caught:
        override(toy(), toys.catalog(), [text])
    assert str(caught.value) == (
        "p.toml:8:1: error[bad_setting]: flag takes true or false, not 'maybe'"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.ini", "", "known: .toml, .yaml, .yml, .json"),
        ("gone.toml", None, "it cannot be read"),
        ("p.toml", "a = ", "it is no TOML"),
        ("p.json", "[1]", "no mapping"),
        ("p.json", '{"1.a": 1, "1.a": 2}', "'1.a' is given twice"),
        ("p.yaml", "- 1", "no mapping"),
        ("p.yaml", "1.a: 1\n1.a: 2", "p.yaml:2:1: error[bad_parameters]: 1.a is given twice"),
        ("p.yaml", "1.a: !!python/object:os.system x", "it is no YAML"),
        ("p.yaml", "[1, 2]: 3", "a key is not one word"),
        ("p.yaml", "a: [", "it is no YAML"),
    ],
)
def test_what_is_no_file_of_parameters(name, text, message):
    if text is not None:
        Path(name).write_text(text)
    with pytest.raises(DocumentError, match=message.replace("[", r"\[")):
        load_parameters(Path(name))


def test_yaml_without_its_library_says_what_to_install(monkeypatch):
    Path("p.yaml").write_text("1.a: 2")
    real = builtins.__import__

    def missing(name, *rest):
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DocumentError, match=r"pip install 'graphrun\[packs\]'"):
        load_parameters(Path("p.yaml"))
