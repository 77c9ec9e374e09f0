"""What the verbs print for programs is what schemas/ says of it."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphrun.cli.main import main
from graphrun.documents import schema
from graphrun.execute import events

ROOT = Path(__file__).parents[2]
PROMPT = {
    "1": {"class_type": "PrimitiveInt", "inputs": {"value": 5}},
    "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
}
PACK = """
from typing import Annotated
from graphrun.node import Nodes, Pack, InputError, metric, notice, progress

NODES = Nodes(category="toys")

class Talk:
    OUTPUT_NODE, RETURN_TYPES, FUNCTION = True, ("INT",), "talk"
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"fails": ("BOOLEAN", {"default": False})}}
    def talk(self, fails):
        progress(1, 2)
        metric(loss=0.5, confusion=[[1, 0], [0, float("nan")]], epoch=1)
        notice("a word", code="notice", input="fails")
        if fails:
            raise ValueError("as asked")
        return {"ui": {"text": ["said"]}, "result": (1,)}

NODE_CLASS_MAPPINGS = {"Talk": Talk}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(PROMPT))
    return tmp_path


def printed(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main([*map(str, arguments)]) == code
    return json.loads(capsys.readouterr().out)


def valid(name, document):
    problems = [f"{e.json_path}: {e.message}" for e in validator(name).iter_errors(document)]
    assert problems == []


def validator(name):
    Draft202012Validator.check_schema(schema(name))
    return Draft202012Validator(schema(name))


def with_value(value):
    changed = json.loads(json.dumps(PROMPT))
    changed["1"]["inputs"]["value"] = value
    return changed


def test_every_schema_is_one_and_is_named_after_its_file():
    paths = sorted(ROOT.glob("schemas/*.schema.json"))
    assert len(paths) > 12
    for path in paths:
        document = json.loads(path.read_text("utf-8"))
        Draft202012Validator.check_schema(document)
        assert document["$id"] == f"urn:graphrun:schema:{path.name.partition('.')[0]}"


def test_a_diagnostic_is_the_same_everywhere():
    names = ("check", "refused", "verify", "outlook")
    forms = {json.dumps(schema(name)["$defs"]["diagnostic"]) for name in names}
    assert len(forms) == 1


def test_check(capsys, tmp_path):
    Path("q.json").write_text(json.dumps(with_value(2.5)))
    Path("broken.json").write_text("{")
    document = printed(capsys, "check", "p.json", "q.json", "broken.json", "--json", code=3)
    valid("check", document)
    assert [one["ok"] for one in document] == [True, False, False]
    assert main(["check", "q.json", "p.json", "--write-baseline", "known.json"]) == 0
    valid("baseline", json.loads(Path("known.json").read_text()))
    document = printed(capsys, "check", "q.json", "--baseline", "known.json", "--json")
    valid("check", document)
    assert (document[0]["known"], document[0]["diagnostics"]) == (1, [])


def test_diff(capsys):
    Path("q.json").write_text(json.dumps({**with_value(6), "3": PROMPT["1"]}))
    document = printed(capsys, "diff", "p.json", "q.json", "--json", code=1)
    valid("diff", document)
    assert {one["kind"] for one in document["differences"]} == {"value", "only_b"}
    valid("diff", printed(capsys, "diff", "p.json", "p.json", "--json"))


def test_verify(capsys):
    assert main(["lock", "p.json"]) == 0
    valid("verify", printed(capsys, "verify", "p.json", "--json"))
    Path("p.json").write_text(json.dumps(with_value(6)))
    document = printed(capsys, "verify", "p.json", "--json", code=1)
    valid("verify", document)
    assert not document["same"]


def test_outlook(capsys):
    document = printed(capsys, "run", "p.json", "--dry-run", "--json", "--cache-dir", "c")
    valid("outlook", document)
    assert [one["action"] for one in document["steps"]] == ["run", "run"]
    valid("outlook", printed(capsys, "cache", "why", "p.json", "--json", "--cache-dir", "c"))


def test_cache(capsys):
    assert main(["run", "p.json", "--cache-dir", "c"]) == 0
    found = {
        action: printed(capsys, "cache", action, "--json", "--cache-dir", "c")
        for action in ("ls", "info", "gc", "clear")
    }
    for document in found.values():
        valid("cache", document)
    assert found["ls"]["entries"]
    assert found["clear"]["removed"]


def test_nodes(capsys):
    valid("nodes", printed(capsys, "nodes", "ls", "Linear", "--json"))
    valid("nodes", printed(capsys, "nodes", "show", "PtoAdamW", "--json"))
    valid("nodes", printed(capsys, "nodes", "export", "out", "--category", "Loss", "--json"))


def test_explain(capsys):
    valid("explain", printed(capsys, "explain", "--json"))
    valid("explain", printed(capsys, "explain", "missing_model", "--json"))


def test_refused(capsys):
    Path("q.json").write_text(json.dumps({"1": {"class_type": "Unheard", "inputs": {}}}))
    valid("refused", printed(capsys, "run", "q.json", "--json", code=4))
    valid("refused", printed(capsys, "diff", "p.json", "absent.json", "--json", code=3))
    valid("refused", printed(capsys, "explain", "unheard", "--json", code=2))
    # With --events it is one line.
    assert main(["run", "q.json", "--events"]) == 4
    (line,) = capsys.readouterr().out.splitlines()
    valid("refused", json.loads(line))


def test_events_are_those_of_the_run_folder(capsys):
    Path("talk.py").write_text(PACK)
    graph = {
        "1": {"class_type": "Talk", "inputs": {"fails": False}},
        "2": {"class_type": "Talk", "inputs": {"fails": True}},
    }
    Path("t.json").write_text(json.dumps(graph))
    capsys.readouterr()
    assert main(["run", "t.json", "--pack", "talk.py", "--events", "--no-cache"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (kept,) = Path("runs").glob("*/events.jsonl")
    assert lines == kept.read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    check = validator("event")
    for event in told:
        assert [f"{e.json_path}: {e.message}" for e in check.iter_errors(event)] == []
    kinds = {event["event"] for event in told}
    assert {"Metric", "Notice", "Progress", "NodeFinished", "NodeFailed", "RunFinished"} <= kinds


def test_every_kind_of_event_has_its_form():
    kinds = {
        name
        for name, one in vars(events).items()
        if isinstance(one, type) and issubclass(one, events.Event) and one is not events.Event
    }
    named = {re.sub(".*/", "", one["$ref"]) for one in schema("event")["oneOf"]}
    assert named == kinds


@pytest.mark.parametrize("other", ["--json", "--dry-run"])
def test_events_are_the_only_thing_on_stdout(capsys, other):
    assert main(["run", "p.json", "--events", other]) == 2
    assert "either --events or" in capsys.readouterr().out + capsys.readouterr().err
