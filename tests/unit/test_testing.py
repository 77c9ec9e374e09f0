"""Tests of workflows: every expectation when it holds and when it does not."""

import json
from pathlib import Path

import pytest
import toy_tests
from jsonschema import Draft202012Validator

from graphrun.cli import DEVICES
from graphrun.cli.main import main
from graphrun.documents import schema
from graphrun.errors import DocumentError
from graphrun.testing import collect, run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy_tests.room(tmp_path)
    return tmp_path


def write(text, name="flow"):
    """A test file, with the pack that its workflow needs."""
    Path(f"{name}.test.toml").write_text(f'packs = ["pack.py"]\n{text}\n')


def tried(text, *, update=False):
    """The result of the only test of a file."""
    write(f"[test.one]\n{text}")
    (test,) = collect(["."])
    return run(test, update=update)


def told(result):
    """Codes, lines and messages of the findings."""
    found = [one for one in result.findings if one.position]
    return [(one.code, one.position.line, one.message) for one in found]


HOLDS = [
    'nodes.ran = ["1", "My Learn", "Show"]',
    'nodes.must_run = ["2"]',
    'targets = ["1"]\nnodes.must_not_run = ["3"]\nnodes.states = { 1 = "finished", 2 = "pending" }',
    "metrics.loss = 0.25",
    "metrics.loss = { value = 0.26, rtol = 0.05 }",
    "metrics.loss = { min = 0.2, max = 0.3, falls = true }",
    "metrics.accuracy = { rises = true }",
    'metrics."2.epoch" = 4',
    "outputs.1 = 4",
    'outputs."My Learn.told" = "learned"',
    'outputs."2.0" = { value = 0.2500001, atol = 1e-6, type = "float", count = 1 }',
    'outputs.2 = { digest = "sha256:%s" }',
    'shows.3 = "0.25"',
    'shows.Show = { contains = "25", matches = "^0" }',
    'files = ["shown.txt"]',
    'files = ["outputs/*.txt"]',
    'notices.expected = ["learned", "was learned"]',
    'notices = { forbidden = ["nothing of it"] }',
    'set = { "1.value" = 2 }\nmetrics.epoch = 2',
    'set = { "Number.value" = "3" }\nmetrics.epoch = 3',
    'fails = { code = "value_bigger_than_max", node = "1" }\nset = { "1.value" = 101 }',
    'twice = true\nnodes.states = { 1 = "cached", 2 = "cached" }',
]


@pytest.mark.parametrize("text", HOLDS)
def test_what_holds_passes(text):
    if "%s" in text:
        import hashlib

        text = text.replace("%s", hashlib.sha256(b"0.25").hexdigest())
    result = tried(text)
    assert result.message == ""
    assert result.outcome == "passed"
    if result.report is not None:
        assert not result.report.folder.exists()


FAILS = [
    (
        'nodes.ran = ["1", "2"]',
        "other_nodes",
        "ran, but were not expected to: 3 (My Show, Show)",
    ),
    (
        'targets = ["2"]\nnodes.ran = ["1"]',
        "other_nodes",
        "ran, but were not expected to: 2 (My Learn, Learn)",
    ),
    ('nodes.must_not_run = ["Learn"]', "other_nodes", "ran, but must not: 2 (My Learn, Learn)"),
    (
        'nodes.states = { 2 = "cached" }',
        "other_state",
        "node 2 (My Learn, Learn): expected cached, found finished",
    ),
    ('nodes.must_run = ["9"]', "unknown_node", "no node of the run has the id, title or class '9'"),
    ("metrics.loss = 0.5", "other_metric", "loss: expected 0.5, found 0.25 (off by 0.25, "),
    ("metrics.loss = { min = 0.5 }", "other_metric", "expected at least 0.5, found 0.25"),
    ("metrics.loss = { max = 0.1 }", "other_metric", "at most 0.1, found 0.25 (0.15 more)"),
    ("metrics.loss = { rises = true }", "other_metric", "to rise, went from 1.0 to 0.25"),
    ("metrics.accuracy = { falls = true }", "other_metric", "to fall, went from 0.0 to 0.75"),
    ("metrics.los = { max = 1 }", "unknown_metric", "the run has no figure 'los'"),
    ("outputs.1 = 5", "other_output", "output INT: expected 5, found 4 (off by 1)"),
    (
        "outputs.2 = { value = 0.3, rtol = 0.1 }",
        "other_output",
        "expected 0.3, found 0.25 (off by 0.05, rtol 0.1, atol 0)",
    ),
    ('outputs."2.1" = "lost"', "other_output", 'expected "lost", found "learned"'),
    ("outputs.1 = true", "other_output", "expected true, found 4"),
    ('outputs.1 = { type = "str" }', "other_output", "expected type str, found int"),
    (
        "outputs.1 = { shape = [4] }",
        "other_output",
        "expected shape [4], found int, which has none",
    ),
    ("outputs.1 = { count = 2 }", "other_output", "expected 2 values, found 1"),
    ('outputs."My Lern" = 1', "unknown_node", "no node of the run"),
    ('outputs."2.lost" = 1', "unknown_output", "node 2 (My Learn, Learn) has no output 'lost'"),
    ('outputs."2.7" = 1', "unknown_output", "gave no output 7 but 2 of them; it is finished"),
    ("outputs.1 = { golden = true }", "other_output", "nothing is recorded; `graphrun test"),
    ("metrics.loss = { golden = true }", "other_metric", "nothing is recorded; `graphrun test"),
    ('shows.3 = "0.2"', "other_text", 'expected "0.2"; it showed "0.25"'),
    ('shows.1 = { contains = "x" }', "other_text", "it showed no text"),
    ('shows.1 = { contains = "" }', "other_text", "it showed no text"),
    ('shows.1 = { matches = ".*" }', "other_text", "it showed no text"),
    ('shows.1 = ""', "other_text", "it showed no text"),
    ('shows.3 = { matches = "^1" }', "other_text", "expected a match of '^1'"),
    ('files = ["other.txt", "shown.txt"]', "missing_output_file", "no file 'other.txt'"),
    ('files = ["*.txt", "shown.txt"]', "missing_output_file", "no file '*.txt'"),
    ("files = []", "other_files", "written, but not expected: shown.txt"),
    (
        'notices.expected = ["forgotten"]',
        "missing_notice",
        "said 'forgotten'; codes: pack_loaded, learned",
    ),
    ('notices.forbidden = ["learned"]', "unwanted_notice", "'learned' was said: it was learned"),
    ('set = { "1.value" = 101 }', "refused", "refused: value_bigger_than_max of node 1"),
    ('set = { "1.valu" = 1 }', "refused", "the run was refused: bad_setting"),
    ('fails = { code = "node_failed" }', "other_failure", "found: the run was a success"),
]


@pytest.mark.parametrize(("text", "code", "message"), FAILS)
def test_what_does_not_hold_fails(text, code, message):
    result = tried(text)
    assert result.outcome == "failed"
    found = told(result)[0]
    assert found[0] == code
    assert message in found[2]
    assert result.findings[0].position.file == "flow.test.toml"
    assert found[1] >= 2


def test_a_finding_has_the_line_of_what_it_is_about():
    result = tried("seed = 3\n\n[test.one.metrics]\n# a comment\nloss = 9\naccuracy = { min = 2 }")
    assert [line for _, line, _ in told(result)] == [7, 8]


def test_a_failure_that_is_not_expected_is_told_with_its_place(here):
    nodes = {
        **toy_tests.FLOW,
        "4": ("Fail", {"value": ["1", 0]}),
        "5": ("Show", {"value": ["4", 0]}),
    }
    toy_tests.workflow(here / "flow.json", nodes)
    result = tried('metrics.loss = 0.25\nnodes.ran = ["1"]')
    assert [one.code for one in result.findings] == ["run_failed", "node_failed"]
    first, second = result.findings
    assert first.message == "the run failed at node 4 (My Fail, Fail)"
    assert "ValueError: no 4" in first.hint
    assert str(second.position).startswith("flow.json:")


@pytest.mark.parametrize(
    ("fails", "outcome"),
    [
        ('{ code = "node_failed" }', "passed"),
        ('{ code = "node_failed", node = "My Fail", message = "no 4" }', "passed"),
        ('{ code = "node_failed", node = "1" }', "failed"),
        ('{ code = "node_failed", message = "yes" }', "failed"),
        ('{ code = "out_of_memory" }', "failed"),
    ],
)
def test_failures_can_be_expected(here, fails, outcome):
    toy_tests.workflow(here / "flow.json", {**toy_tests.FLOW, "3": ("Fail", {"value": ["1", 0]})})
    result = tried(f'targets = ["3"]\nfails = {fails}\nnodes.ran = ["1"]')
    assert result.outcome == outcome
    if outcome == "failed":
        assert result.findings[0].code == "other_failure"
        assert "found: node_failed of node 3" in result.findings[0].message


def test_of_a_run_that_was_refused_no_nodes_can_be_expected():
    text = 'set = { "1.value" = 101 }\nfails = { code = "value_bigger_than_max" }'
    assert tried(text).outcome == "passed"
    result = tried(f'{text}\nnodes.ran = ["1"]')
    assert "nodes: the run was refused before it started" in result.message


def test_the_schema_is_one_and_knows_the_devices_of_the_command_line():
    Draft202012Validator.check_schema(schema("test"))
    Draft202012Validator.check_schema(schema("test-report"))
    assert schema("test")["$defs"]["options"]["properties"]["device"]["enum"] == [*DEVICES]


def test_what_is_said_of_a_failed_run_counts_too(here):
    toy_tests.workflow(here / "flow.json", {**toy_tests.FLOW, "3": ("Fail", {"value": ["1", 0]})})
    result = tried('targets = ["3"]\nfails = { code = "node_failed" }\nnodes.must_run = ["3"]')
    assert told(result)[0][2].startswith("expected to run, but did not: 3 (My Fail, Fail) (failed)")


def test_goldens_are_recorded_compared_and_shown_when_they_change(here):
    expected = (
        "metrics.loss = { golden = true, rtol = 0.1 }\n"
        'outputs.1 = { golden = true }\noutputs."2.told" = { golden = true }'
    )
    first = tried(expected, update=True)
    assert first.outcome == "passed"
    assert first.changes == [
        "metrics.loss: (nothing) → 0.25",
        "outputs.1: (nothing) → 4",
        'outputs.2.told: (nothing) → "learned"',
    ]
    assert tried(expected).outcome == "passed"
    assert tried(expected, update=True).changes == []
    changed = f'set = {{ "1.value" = 5 }}\n{expected}'
    result = tried(changed)
    assert [one.code for one in result.findings] == ["other_metric", "other_output"]
    assert "recorded 0.25, found 0.2 (off by 0.05, rtol 0.1, atol 0)" in result.message
    assert "recorded 4, found 5 (off by 1)" in result.message
    assert tried(changed, update=True).changes == ["metrics.loss: 0.25 → 0.2", "outputs.1: 4 → 5"]
    assert tried(changed).outcome == "passed"
    document = json.loads((here / "flow.test.golden").read_text())
    assert document["tests"]["one"]["metrics"] == {"loss": 0.2}


def test_what_still_holds_within_its_tolerance_is_not_rewritten(here):
    tried("metrics.loss = { golden = true, rtol = 0.5 }", update=True)
    before = (here / "flow.test.golden").read_text()
    loose = 'set = { "1.value" = 5 }\nmetrics.loss = { golden = true, rtol = 0.5 }'
    assert tried(loose, update=True).changes == []
    assert (here / "flow.test.golden").read_text() == before


def test_a_run_that_failed_records_nothing(here):
    tried("outputs.1 = { golden = true }", update=True)
    before = (here / "flow.test.golden").read_text()
    toy_tests.workflow(here / "flow.json", {**toy_tests.FLOW, "3": ("Fail", {"value": ["1", 0]})})
    text = 'set = { "1.value" = 9 }\ntargets = ["3"]\noutputs.1 = { golden = true }'
    result = tried(text, update=True)
    assert (result.outcome, result.changes) == ("failed", [])
    assert (here / "flow.test.golden").read_text() == before


def test_tensors_are_compared_by_form_statistics_or_numbers(here):
    toy_tests.workflow(
        here / "flow.json",
        {"1": ("Tensor", {"rows": 8, "by": 7.0}), "2": ("Show", {"value": ["1", 0]})},
    )
    shape = 'outputs.1 = { shape = [8, 10], dtype = "float32", golden = GOLD }'
    for gold in ("true", '"values"'):
        text = shape.replace("GOLD", gold)
        assert tried(text, update=True).outcome == "passed"
        assert tried(text).outcome == "passed"
        result = tried(f'set = {{ "1.by" = 7.001 }}\n{text}')
        assert result.outcome == "failed"
        words = (
            "at statistics.mean" if gold == "true" else "79 of 80 numbers differ, most at [7, 9]"
        )
        assert words in result.message
    result = tried(shape.replace("[8, 10]", "[8, 11]").replace("GOLD", "true"))
    assert "expected shape [8, 11], found [8, 10]" in result.message
    assert (here / "flow.test.golden.safetensors").is_file()


def test_of_no_values_no_form_can_be_expected(here):
    toy_tests.workflow(here / "flow.json", {"1": ("Nothing", {})})
    assert tried("outputs.1 = { count = 0, value = [] }").outcome == "passed"
    result = tried('outputs.1 = { shape = [2], dtype = "float32" }')
    assert [one[0] for one in told(result)] == ["other_output", "other_output"]
    assert "expected shape [2], found no values" in result.message


@pytest.mark.parametrize(
    "held",
    [
        '{"outputs": {"1": 3}}',
        '{"outputs": {"1": [3]}}',
        '{"outputs": {"1": [{"type": "Tensor", "shape": 3}]}}',
        '{"metrics": {"loss": "high"}}',
        '{"metrics": 3}',
    ],
)
def test_recorded_values_of_another_form_are_told(here, held):
    (here / "flow.test.golden").write_text(f'{{"format": 1, "tests": {{"one": {held}}}}}')
    result = tried("metrics.loss = { golden = true }\noutputs.1 = { golden = true }")
    assert (result.outcome, [f.code for f in result.findings]) == ("error", ["invalid_golden"])
    assert "what it has of one is of another form" in result.message


def test_what_is_not_a_number_is_no_less_than_a_bound(here):
    toy_tests.workflow(here / "flow.json", {"1": ("Strange", {})})
    result = tried("metrics.loss = { min = 0 }\nmetrics.size = { max = 3 }")
    assert [one[2] for one in told(result)] == [
        "loss: expected at least 0, found nan",
        "size: expected at most 3, found 4 (1 more)",
    ]


def test_marks_that_windows_writes_are_read(here):
    (here / "flow.test.toml").write_bytes(
        b'\xef\xbb\xbfpacks = ["pack.py"]\r\n[test.one]\r\nmetrics.loss = 1\r\n'
    )
    (test,) = collect(["."])
    assert told(run(test))[0][1] == 3


def test_an_object_can_only_be_known_by_its_type(here):
    toy_tests.workflow(
        here / "flow.json", {"1": ("Object", {}), "2": ("Show", {"value": ["1", 0]})}
    )
    assert tried('outputs.1 = { type = "Object" }').outcome == "passed"
    result = tried("outputs.1 = { golden = true }", update=True)
    assert 'no value cannot be recorded; `type = "Object"` can be expected' in result.message


def test_the_folder_of_the_users_cache_is_not_used_unless_a_test_says_so(here):
    from graphrun.record.cache import Cache
    from graphrun.testing import Around

    around = Around(cache=Cache.at(here / "cache"))
    write('[test.one]\nnodes.ran = ["1", "2", "3"]\n[test.two]\ncache = true\nnodes.ran = ["3"]')
    one, two = collect(["."])
    assert run(one, around).outcome == "passed"
    assert not (here / "cache").exists()
    run(two, around)  # fills it
    assert run(one, around).outcome == "passed"
    assert "ran, but were not" not in run(two, around).message


def test_options_above_the_tests_hold_for_those_that_do_not_have_them():
    write(
        'workflow = "flow.json"\nset = { "1.value" = 2 }\n[test.two]\nmetrics.epoch = 2\n'
        '[test.three]\nset = { "1.value" = 3 }\nmetrics.epoch = 3',
        "other",
    )
    tests = collect(["other.test.toml"])
    assert [test.id for test in tests] == ["other.test.toml::two", "other.test.toml::three"]
    assert [run(test).message for test in tests] == ["", ""]


BROKEN = [
    ("[test.one", 2, "this is not TOML: "),
    (
        "[test.one]\nmetrics.loss = { mni = 1 }",
        3,
        "one.metrics.loss.mni: there is no such key\n  did you mean min?",
    ),
    ("[test.one]\n\nmetrcs = 1", 4, "one.metrcs: there is no such key\n  did you mean metrics?"),
    ('[test.one]\nseed = "x"', 3, "one.seed: this takes a whole number, not 'x'"),
    ('[test.one]\nnodes.states = { 1 = "cache" }', 3, "did you mean cached?"),
    ("[test.one]\nfails = {}", 3, "one.fails: code is missing"),
    (
        "[test.one]\nmetrics.loss = { max = 1, rtol = 1 }",
        3,
        "a tolerance is of a value or a golden",
    ),
    ("[test.one]\noutputs.1 = { value = 1, golden = true }", 3, "two expectations of one thing"),
    ('[test.one]\nshows.1 = { matches = "(" }', 3, "matches is no regular expression"),
    ('alias = { imdb = { pth = "x" } }\n[test.one]', 2, "unknown option pth"),
    (
        '[test.one]\nfails = { code = "x" }\nfiles = []',
        4,
        "one.files: a run that is to fail has none",
    ),
    ("[test]", 2, "test: this is empty"),
    ("seed = 1", 1, "file: test is missing"),
]


@pytest.mark.parametrize(("text", "line", "message"), BROKEN)
def test_what_is_wrong_with_a_file_is_told_with_its_line(text, line, message):
    write(text)
    with pytest.raises(DocumentError) as caught:
        collect(["."])
    (found,) = caught.value.diagnostics
    assert f"flow.test.toml:{line}:" in str(found)
    assert message in str(found)


def test_a_workflow_that_cannot_be_read_is_an_error(here):
    (here / "flow.json").write_text("{")
    result = tried("")
    assert result.outcome == "error"
    assert result.findings[0].code == "invalid_json"
    (here / "flow.json").unlink()
    assert tried("").findings[0].code == "unreadable_file"


def test_the_report_follows_its_schema(here, capfd):
    write('[test.one]\nmetrics.loss = 1\n[test.two]\n[test.three]\nskip = "not today"')
    assert main(["test", "--json"]) == 1
    out, err = capfd.readouterr()
    document = json.loads(out)
    found = Draft202012Validator(schema("test-report")).iter_errors(document)
    assert [error.message for error in found] == []
    assert document["counts"] == {
        "passed": 1, "failed": 1, "error": 0, "skipped": 1, "not_measured": 0
    }  # fmt: skip
    assert [one["outcome"] for one in document["tests"]] == ["failed", "passed", "skipped"]
    assert document["tests"][0]["findings"][0]["position"] == "flow.test.toml:3:1"
    assert "1 passed, 1 failed, 1 skipped in" in err
