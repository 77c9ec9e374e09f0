"""What a run refuses before it starts, `check --preflight` refuses, with the same codes."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutations

from graphrun.cli.main import main


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


NUMBERS = {
    "1": node("PrimitiveInt", value=5),
    "2": node("PrimitiveFloat", value=0.5),
    "3": node("PrimitiveString", value="a"),
    "4": node("StringConcatenate", string_a=["3", 0], string_b="b", delimiter=", "),
    "5": node("PreviewAny", source=["4", 0]),
    "6": node("PreviewAny", source=["1", 0]),
}
FILES = {
    "1": node("CDAStringCreate", data="here.csv"),
    "2": node("PandasLoadCSVWithIndex", file_path=["1", 0], index_col=0),
    "3": node("PreviewAny", source=["1", 0]),
    "4": node("PreviewAny", source=["3", 0]),
}
LACKING = {
    **NUMBERS,
    "7": node("PandasLoadCSVWithIndex", file_path="absent.csv", index_col=0),
    "8": node("PandasShowDataFrame", dataframe=["7", 0]),
    "9": node("CheckpointLoaderSimple", ckpt_name="model.safetensors"),
}
BASES = (NUMBERS, FILES, LACKING)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.csv").write_text("a,b\n1,2\n")
    return tmp_path


@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(BASES), st.integers(0, 3), st.integers(0, 9999), st.booleans())
def test_check_refuses_what_run_refuses(folder, capsys, base, mistakes, seed, lenient):
    document = copy.deepcopy(base)
    for number in range(mistakes):
        (mutation,) = mutations(document, 1, seed + number)
        document = mutation.document
        if any(not isinstance(one.get("inputs"), dict) for one in document.values()):
            break  # what follows needs inputs
        if not document:
            break
    Path("p.json").write_text(json.dumps(document))
    options = ["--lenient"] * lenient
    capsys.readouterr()
    ran = main(["run", "p.json", "--json", "--no-cache", "-q", *options])
    report = json.loads(capsys.readouterr().out)
    checked = main(["check", "p.json", "--json", "--preflight", *options])
    (entry,) = json.loads(capsys.readouterr().out)
    found = {one["code"] for one in entry["diagnostics"] if one["severity"] == "error"}
    if report.get("status") != "refused":
        assert (checked, found) == (0, set())
        return
    refused = {one["code"] for one in report["diagnostics"] if one["severity"] == "error"}
    assert refused <= found
    assert checked == ran
    places = {one.get("position") for one in report["diagnostics"] if one["severity"] == "error"}
    assert places <= {one.get("position") for one in entry["diagnostics"]}
