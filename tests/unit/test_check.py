"""`graphrun check`: exit codes, forms for programs, known problems, and what a run would refuse."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphrun.cli.main import main
from graphrun.diagnostics import sarif, table
from graphrun.errors import Diagnostic, Position

GOOD = {
    "1": {"class_type": "PrimitiveInt", "inputs": {"value": 5}},
    "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
}
WARNED = {**GOOD, "3": {"class_type": "PrimitiveInt", "inputs": {"value": 6}}}
WRONG = {**GOOD, "1": {"class_type": "PrimitiveInt", "inputs": {"value": 2.5}}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    for name, document in (("good", GOOD), ("warned", WARNED), ("wrong", WRONG)):
        Path(f"{name}.json").write_text(json.dumps(document, indent=1))
    return tmp_path


def check(capsys, *arguments):
    """Exit code, stdout and stderr."""
    code = main(["check", *map(str, arguments)])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_strict_fails_for_warnings(capsys):
    assert check(capsys, "warned.json")[0] == 0
    code, out, err = check(capsys, "warned.json", "--strict")
    assert (code, out) == (3, "warned.json: failed, 1 warning (3 nodes)\n")
    assert "warning[unused_node]" in err
    assert check(capsys, "good.json", "--strict")[0] == 0
    assert check(capsys, "wrong.json", "--strict")[0] == 3


def test_known_problems_are_counted_and_new_ones_shown(capsys):
    both = ("warned.json", "wrong.json")
    code, out, err = check(capsys, *both, "--write-baseline", "known.json")
    assert (code, out, err) == (0, "", "known.json: 2 known problems\n")
    code, out, err = check(capsys, *both, "--baseline", "known.json", "--strict")
    assert (code, err) == (0, "")
    assert out == "warned.json: ok, 1 known (3 nodes)\nwrong.json: ok, 1 known (2 nodes)\n"
    # Moved to other lines, with another value, the problem is the same one; a second one is new.
    worse = {"0": WRONG["1"], **WRONG, "1": {**WRONG["1"], "inputs": {"value": 7.5, "odd": 1}}}
    Path("wrong.json").write_text(json.dumps(worse, indent=4))
    code, out, err = check(capsys, "wrong.json", "--baseline", "known.json")
    assert code == 3
    assert "unknown_input" in err
    assert "7.5" not in err
    assert "1 known" in out


def test_entries_without_a_problem_are_told(capsys):
    check(capsys, "wrong.json", "--write-baseline", "known.json")
    Path("wrong.json").write_text(json.dumps(GOOD))
    code, _, err = check(capsys, "wrong.json", "--baseline", "known.json", "--strict")
    assert code == 0
    assert "info[stale_baseline]: known.json: invalid_input_type of node 1 (value)" in err
    # Nothing is said of files that are not checked.
    assert check(capsys, "good.json", "--baseline", "known.json")[2] == ""


def test_a_baseline_names_files_from_its_own_folder(capsys, monkeypatch):
    Path("kept").mkdir()
    check(capsys, "wrong.json", "--write-baseline", "kept/known.json")
    assert list(json.loads(Path("kept/known.json").read_text())["problems"]) == ["../wrong.json"]
    monkeypatch.chdir("kept")
    assert check(capsys, "../wrong.json", "--baseline", "known.json")[0] == 0


def test_what_keeps_a_file_from_being_read_can_be_known(capsys):
    Path("broken.json").write_text("{")
    check(capsys, "broken.json", "--write-baseline", "known.json")
    code, out, _ = check(capsys, "broken.json", "--baseline", "known.json")
    assert (code, out) == (0, "broken.json: ok, 1 known\n")


@pytest.mark.parametrize(
    "text", [None, "no", "[]", '{"format": 2, "problems": {}}', '{"format": 1}']
)
def test_a_baseline_that_is_none(capsys, text):
    if text is not None:
        Path("known.json").write_text(text)
    code, _, err = check(capsys, "good.json", "--baseline", "known.json")
    assert code == 2
    assert "error[invalid_baseline]" in err


def test_sarif_has_rules_places_and_levels(capsys, tmp_path):
    Path("a b").mkdir()
    Path("a b/warned.json").write_text(Path("warned.json").read_text())
    code, out, err = check(
        capsys, "wrong.json", tmp_path / "a b" / "warned.json", "--format", "sarif"
    )
    assert (code, err) == (3, "")
    (run,) = json.loads(out)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["invalid_input_type", "unused_node"]
    assert rules[0]["helpUri"] == "docs/errors.md#invalid_input_type"
    assert rules[0]["shortDescription"]["text"] == table.codes()["invalid_input_type"].title
    one, other = run["results"]
    assert (one["level"], other["level"]) == ("error", "warning")
    assert [rules[result["ruleIndex"]]["id"] for result in (one, other)] == [
        one["ruleId"],
        other["ruleId"],
    ]
    (place,) = one["locations"]
    line = json.dumps(WRONG, indent=1).splitlines().index('   "value": 2.5') + 1
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "wrong.json", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line, "startColumn": 13},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "1.value"
    assert other["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "a%20b/warned.json"
    )


def test_sarif_of_codes_of_packs_and_of_values_that_stand_in_no_file():
    own = Diagnostic("pack_code", "m", position=Position("--set", 0, 0))
    (run,) = sarif.log({"a.json": [own]}, "1")["runs"]
    assert run["tool"]["driver"]["rules"] == [{"id": "pack_code"}]
    (place,) = run["results"][0]["locations"]
    assert "region" not in place["physicalLocation"]


def test_github_gets_annotations_and_a_summary(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    code, out, err = check(capsys, "wrong.json", "good.json", "--format", "github")
    assert (code, err) == (3, "")
    first, *rest = out.splitlines()
    assert first.startswith("::error file=wrong.json,line=5,col=13,title=invalid_input_type::node")
    assert rest == ["wrong.json: 1 error (2 nodes)", "good.json: ok (2 nodes)"]
    page = Path("summary.md").read_text("utf-8")
    assert "| wrong.json | 1 error (2 nodes) |" in page
    assert "| wrong.json:5:13 | error `invalid_input_type` | node 1" in page


def test_what_refuses_the_check_itself_is_an_annotation_too(capsys):
    code, out, _ = check(capsys, "good.json", "--format", "github", "--baseline", "absent.json")
    assert code == 2
    assert out.startswith("::error title=invalid_baseline::")


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        ((), None, 0),
        (("--set", "1.value=2.5"), "bad_setting", 2),
        (("--set", "9.value=2"), "bad_setting", 2),
        (("--out", "/proc/none"), "unwritable_output", 2),
        (("--min-free", "1000000G"), "unwritable_output", 2),
    ],
)
def test_preflight_refuses_what_a_run_refuses(capsys, arguments, code, exit_code):
    checked, _, said = check(capsys, "good.json", "--preflight", *arguments)
    ran = main(["run", "good.json", "--no-cache", *arguments])
    err = capsys.readouterr().err
    assert checked == ran == exit_code
    assert code is None or (f"error[{code}]" in said and f"error[{code}]" in err)


CSV = {"file_path": "t.csv", "index_col": 0}


def test_preflight_looks_for_what_names_lead_to(capsys):
    graph = {
        "1": {"class_type": "PandasLoadCSVWithIndex", "inputs": CSV},
        "2": {"class_type": "PandasShowDataFrame", "inputs": {"dataframe": ["1", 0]}},
    }
    Path("t.json").write_text(json.dumps(graph))
    assert check(capsys, "t.json")[0] == 0
    code, _, err = check(capsys, "t.json", "--preflight")
    assert code == 4
    assert "error[missing_file]" in err
    Path("elsewhere.csv").write_text("a,b\n1,2\n")
    assert check(capsys, "t.json", "--preflight", "--alias", "t.csv=elsewhere.csv")[0] == 0


def test_preflight_does_not_need_torch():
    """Names are looked up by files: a machine that only checks has no need of more."""
    workflow = Path(__file__).parents[2] / "workflows" / "distilbert_classification.json"
    code = (
        "import sys\nfor name in ('torch', 'transformers', 'datasets'): sys.modules[name] = None\n"
        "from graphrun.cli.main import main\n"
        f"sys.exit(main(['check', {str(workflow)!r}, '--preflight', '--tiny']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_preflight_refuses_classes_that_only_a_definition_is_known_of(capsys):
    graph = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a"}}}
    graph["2"] = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    Path("d.json").write_text(json.dumps(graph))
    code, _, err = check(capsys, "d.json")
    assert code == 0
    assert "warning[interface_only]" in err
    code, _, err = check(capsys, "d.json", "--preflight")
    assert code == main(["run", "d.json"]) == 4
    assert "error[missing_node_type]" in err
