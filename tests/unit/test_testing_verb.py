"""`graphrun test` and the plugin of pytest: which tests run, how, and what is told of them."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import toy_tests

from graphrun.cli.main import main
from graphrun.testing import collect

THREE = """
packs = ["pack.py"]

[test.learns]
tags = ["slow"]
metrics.loss = 0.25

[test.counts]
tags = ["fast"]
outputs.1 = LIMIT

[test.shows]
shows.3 = "0.25"
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.chdir(folder)
    toy_tests.room(folder)
    three()
    return folder


def three(limit=4, name="flow"):
    Path(f"{name}.test.toml").write_text(THREE.replace("LIMIT", str(limit)))


def told(capfd, *options):
    """Exit code, stdout and stderr."""
    code = main(["test", *options])
    return code, *capfd.readouterr()


def names(out):
    """The tests that have a line, in order, by outcome."""
    words = ("passed", "failed", "error", "skipped")
    lines = [line.split() for line in out.splitlines() if line.startswith(words) and "::" in line]
    return [(first, second.partition("::")[2]) for first, second, *_ in lines]


def test_all_is_told_in_lines_and_counted(capfd):
    three(limit=5)
    code, out, _ = told(capfd)
    assert code == 1
    assert names(out) == [("passed", "learns"), ("failed", "counts"), ("passed", "shows")]
    assert "flow.test.toml:10:1: error[other_output]: node 1 (My Number, Number)" in out
    assert "expected 5, found 4 (off by 1)" in out
    assert "2 passed, 1 failed in " in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("learns", ["learns"]),
        ("not learns", ["counts", "shows"]),
        ("LEARNS or counts", ["learns", "counts"]),
        ("flow and not (learns or shows)", ["counts"]),
        ("slow", ["learns"]),
    ],
)
def test_k_picks_by_words(capfd, expression, expected):
    code, out, _ = told(capfd, "--list", "-k", expression)
    assert code == 0
    assert [line.partition("::")[2].split()[0] for line in out.splitlines()] == expected


@pytest.mark.parametrize("expression", ["a and", "(a", "not", "a b", "or a", ")"])
def test_k_that_cannot_be_understood_is_wrong_usage(capfd, expression):
    code, _, err = told(capfd, "-k", expression)
    assert code == 2
    assert "error[bad_usage]: -k" in err


@pytest.mark.parametrize(
    ("paths", "word"),
    [
        (["-k", "nothing"], "none of 3 tests fits -k 'nothing'"),
        (["empty"], "no tests found in empty"),
        (["flow.test.toml::lerns"], "did you mean learns?"),
        (["flov.test.toml"], "did you mean flow.test.toml?"),
        (["other.json"], "there is no file or folder other.json"),
        (["pack.py"], "pack.py has no tests"),
        (["-n", "2", "--update"], "leave -n out"),
        (["--junit", "nowhere/x.xml"], "there is no folder nowhere"),
        (["--changed-since", "HEAD"], "is in no repository of git"),
    ],
)
def test_what_finds_no_tests_is_wrong_usage(here, capfd, monkeypatch, paths, word):
    (here / "empty").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.parent))
    code, _, err = told(capfd, *paths)
    assert code == 2
    assert word in err


def test_paths_are_files_workflows_folders_and_single_tests(here, capfd):
    (here / "below/deep").mkdir(parents=True)
    text = THREE.replace("pack.py", "../../pack.py").replace("LIMIT", "4")
    (here / "below/deep/other.test.toml").write_text(f'workflow = "../../flow.json"\n{text}')
    ids = [test.id for test in collect(["flow.json", "below", "flow.test.toml::shows"])]
    assert ids[:3] == [f"flow.test.toml::{name}" for name in ("learns", "counts", "shows")]
    assert ids[3:] == [
        f"below/deep/other.test.toml::{name}" for name in ("learns", "counts", "shows")
    ]
    assert told(capfd, "below", "-k", "shows")[0] == 0


def test_a_broken_test_file_keeps_all_from_running(here, capfd):
    (here / "bad.test.toml").write_text("[test.x]\nmetrik = 1")
    code, out, err = told(capfd)
    assert (code, out) == (3, "")
    assert "bad.test.toml:2:1: error[invalid_test]: x.metrik: there is no such key" in err


def test_a_workflow_that_cannot_be_read_is_an_error_of_its_tests(here, capfd):
    (here / "flow.json").write_text("[")
    code, out, _ = told(capfd)
    assert code == 3
    assert {outcome for outcome, _ in names(out)} == {"error"}
    assert "3 errors in" in out


def test_x_stops_at_the_first_failure(capfd):
    Path("flow.test.toml").write_text(THREE.replace("LIMIT", "5"))
    code, out, _ = told(capfd, "-x")
    assert code == 1
    assert names(out) == [("passed", "learns"), ("failed", "counts")]
    assert "1 passed, 1 failed, 1 not run" in out


def test_lf_runs_what_failed_last_time(capfd):
    three(limit=5)
    assert told(capfd)[0] == 1
    three(limit=4)
    assert told(capfd, "-k", "learns")[0] == 0  # says nothing of the others
    code, out, _ = told(capfd, "--lf")
    assert (code, names(out)) == (0, [("passed", "counts")])
    code, out, err = told(capfd, "--lf")
    assert code == 0
    assert len(names(out)) == 3
    assert "none of these failed when it ran last" in err


def test_two_at_once_are_told_in_order_and_a_crash_is_one_failure(here, capfd):
    toy_tests.workflow(
        here / "crash.json", {"1": ("Crash", {}), "2": ("Show", {"value": ["1", 0]})}
    )
    (here / "crash.test.toml").write_text('packs = ["pack.py"]\n[test.ends]\nfiles = []')
    code, out, _ = told(capfd, "-n", "2", "crash.json", "flow.test.toml::learns")
    assert code == 3
    assert names(out) == [("error", "ends"), ("passed", "learns")]
    assert (
        "error[test_crashed]: the process of the test ended without a result (exit code 7)" in out
    )


def test_a_budget_is_judged_only_against_a_baseline_of_this_machine(here, capfd):
    text = 'packs = ["pack.py"]\n[test.fast]\nbudget = { seconds = 1000, peak_mb = 1.5 }\n'
    (here / "flow.test.toml").write_text(text)
    code, out, _ = told(capfd)
    assert code == 0
    assert "warning[not_measured]: seconds: this machine has no baseline" in out
    assert "1 passed, 1 not measured in" in out
    code, out, _ = told(capfd, "--update")
    assert code == 0
    assert "budget.seconds: (nothing) → " in out
    assert "budget.peak_mb: (nothing) → " in out
    assert "not measured" not in out
    (here / "flow.test.toml").write_text(text.replace("1.5", "0.5"))
    code, out, _ = told(capfd)
    assert code == 1
    assert "error[over_budget]: peak_mb: expected at most " in out
    assert "not measured" not in out
    (machine,) = json.loads((here / "flow.test.baseline").read_text())["machines"].values()
    assert machine["fast"].keys() == {"seconds", "peak_mb"}


def git(*arguments):
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    subprocess.run(
        ["git", *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, **dict.fromkeys(names, "me")},
    )


def commit():
    git("add", "-A")
    git("commit", "-qm", "change")


def picked(capfd):
    code, out, _ = told(capfd, "--changed-since", "start", "--list")
    assert code == 0
    return sorted({line.partition(".")[0] for line in out.splitlines()})


def test_changes_pick_the_tests_that_depend_on_them(here, capfd):
    three(name="other")
    toy_tests.workflow(here / "other.json", toy_tests.FLOW)
    named = {
        "1": ("PrimitiveString", {"value": "words.txt"}),
        "2": ("PreviewAny", {"source": ["1", 0]}),
    }
    toy_tests.workflow(here / "reads.json", named)
    (here / "reads.test.toml").write_text("[test.reads]\n")
    (here / "words.txt").write_text("words")
    git("init", "-q")
    commit()
    git("tag", "start")
    assert picked(capfd) == []
    assert told(capfd, "--changed-since", "start")[:2] == (
        0,
        "no test depends on what was changed since start\n",
    )
    three(limit=5)
    assert picked(capfd) == ["flow"]  # not committed
    commit()
    (here / "other.json").write_text((here / "other.json").read_text() + "\n")
    commit()
    assert picked(capfd) == ["flow", "other"]
    (here / "words.txt").write_text("others")
    assert picked(capfd) == ["flow", "other", "reads"]
    git("reset", "-q", "--hard", "start")
    (here / "other.test.golden").write_text('{"format": 1, "tests": {}}')  # unknown to git
    assert picked(capfd) == ["other"]
    (here / "other.test.golden").unlink()
    (here / "pack.py").write_text(toy_tests.PACK + "\n")
    assert picked(capfd) == ["flow", "other"]
    code, _, err = told(capfd, "--changed-since", "end")
    assert code == 2
    assert "git knows no such commit" in err


def test_junit_has_a_suite_a_file_and_a_case_a_test(here, capfd):
    three(limit=5)
    three(name="broken")
    (here / "broken.json").write_text("\x1b")
    with Path("flow.test.toml").open("a") as file:
        file.write('\n[test.later]\nskip = "not now"\n')
    assert told(capfd, "--junit", "tests.xml")[0] == 3
    root = ET.parse("tests.xml").getroot()
    assert root.tag == "testsuites"
    assert [root.get(k) for k in ("tests", "failures", "errors", "skipped")] == [
        "7",
        "1",
        "3",
        None,
    ]
    broken, flow = root.findall("testsuite")
    assert [suite.get("name") for suite in (broken, flow)] == ["broken.test.toml", "flow.test.toml"]
    assert (broken.get("errors"), flow.get("skipped")) == ("3", "1")
    for suite in (broken, flow):
        assert suite.attrib.keys() >= {
            "tests",
            "failures",
            "errors",
            "skipped",
            "time",
            "timestamp",
        }
        for case in suite.iter("testcase"):
            assert case.attrib.keys() == {"classname", "name", "file", "line", "time"}
            assert float(case.get("time")) >= 0
    kinds = {case.get("name"): [one.tag for one in case] for case in flow}
    assert kinds == {"learns": [], "counts": ["failure"], "shows": [], "later": ["skipped"]}
    failure = flow.find("testcase/failure")
    assert failure.get("type") == "other_output"
    assert "flow.test.toml:10:1: error[other_output]" in failure.text


def test_github_has_annotations_and_a_summary(here, capfd, monkeypatch):
    three(limit=5)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    code, out, _ = told(capfd, "--github")
    assert code == 1
    (line,) = (line for line in out.splitlines() if line.startswith("::"))
    assert line.startswith("::error file=flow.test.toml,line=10,col=1,title=other_output::node 1 (")
    page = (here / "summary.md").read_text()
    assert "### graphrun test: 2 passed, 1 failed" in page
    assert "| flow.test.toml::counts | failed |" in page


def test_init_of_a_workflow_passes_and_overwrites_nothing(here, capfd):
    plain = {"1": ("PrimitiveInt", {"value": 3}), "2": ("PreviewAny", {"source": ["1", 0]})}
    toy_tests.workflow(here / "plain.json", plain)
    assert told(capfd, "--init", "plain.json")[:2] == (0, "wrote plain.test.toml\n")
    (test,) = collect(["plain.json"])
    assert test.table["nodes"] == {"ran": ["1", "2"]}
    assert told(capfd, "plain.json")[0] == 0
    before = (here / "plain.test.toml").read_text()
    code, _, err = told(capfd, "--init", "plain.json")
    assert code == 2
    assert "plain.test.toml is there already" in err
    assert (here / "plain.test.toml").read_text() == before


def test_init_of_a_run_expects_what_it_did(here, capfd):
    Path("flow.test.toml").unlink()
    run = ["run", "flow.json", "--pack", "pack.py", "--no-cache", "--seed", "3"]
    assert main([*run, "--set", "1.value=5"]) == 0
    (folder,) = (here / "runs").iterdir()
    assert told(capfd, "--init", str(folder), "--pack", "pack.py")[0] == 0
    (test,) = collect(["."])
    assert test.table["nodes"]["ran"] == ["1", "2", "3"]
    assert test.table["set"] == {"1.value": 5}
    assert test.table["seed"] == 3
    assert test.table["files"] == ["shown.txt"]
    assert test.table["metrics"] == {
        "epoch": 5,
        "loss": {"value": 0.2, "rtol": 0.05},
        "accuracy": {"value": 0.8, "rtol": 0.05},
    }
    assert test.table["packs"] == ["pack.py"]
    assert told(capfd)[0] == 0


def test_init_of_a_run_passes_whatever_its_figures_and_files_are(here, capfd):
    Path("flow.test.toml").unlink()
    shape = {"width": 8, "height": 8, "batch_size": 1, "color": 0}
    nodes = {
        "1": ("EmptyImage", shape),
        "2": ("PreviewImage", {"images": ["1", 0]}),
        "3": ("PreviewImage", {"images": ["1", 0]}),
        "4": ("Strange", {}),
    }
    toy_tests.workflow(here / "flow.json", nodes)
    (here / "elsewhere").mkdir()
    run = ["run", str(here / "flow.json"), "--pack", "pack.py", "--no-cache", "--keep-going"]
    assert main([*run, "--out", "elsewhere"]) == 0
    (folder,) = (here / "elsewhere").iterdir()
    assert told(capfd, "--init", str(folder), "--pack", str(here / "pack.py"))[0] == 0
    (test,) = collect(["."])
    preview = "ComfyUI_temp_?????_00001_.png"
    assert sorted(test.table["files"]) == [preview, preview, "a[[]1].txt"]
    assert test.table["metrics"] == {"size": 4}
    assert told(capfd)[0] == 0


def test_init_of_a_run_from_the_cache_expects_what_runs_without_one(here, capfd):
    plain = {"1": ("PrimitiveInt", {"value": 3}), "2": ("PreviewAny", {"source": ["1", 0]})}
    toy_tests.workflow(here / "plain.json", plain)
    for _ in range(2):
        assert main(["plain.json", "--cache-dir", "kept"]) == 0
    assert told(capfd, "--init", str(max((here / "runs").iterdir())))[0] == 0
    (test,) = collect(["plain.json"])
    assert test.table["nodes"] == {"must_run": ["1", "2"]}
    assert told(capfd, "plain.json")[0] == 0


def test_init_of_a_run_knows_its_options_and_columns(here, capfd):
    """The report has an alias's columns where a node used it, which takes a training."""
    Path("flow.test.toml").unlink()
    run = ["run", "flow.json", "--pack", "pack.py", "--run-folder", "it", "--alias", "imdb=data"]
    assert main([*run, "--device", "cpu", "--deterministic"]) == 0
    report = json.loads(Path("it/report.json").read_text())
    columns = {"text": "a text", "labels": ["n", 'p"'], "splits": {"test": "dev.tsv"}}
    report["resources"] = [{"name": "imdb", "source": "alias", "columns": columns}]
    Path("it/report.json").write_text(json.dumps(report))
    assert told(capfd, "--init", "it", "--pack", "pack.py")[0] == 0
    (test,) = collect(["."])
    assert test.table["alias"] == {"imdb": {"path": "data", **columns}}
    assert (test.table["device"], test.table["deterministic"]) == ("cpu", True)
    assert told(capfd)[0] == 0


def test_init_of_an_interrupted_run_is_refused(here, capfd):
    assert main(["run", "flow.json", "--pack", "pack.py", "--run-folder", "it"]) == 0
    report = json.loads(Path("it/report.json").read_text())
    Path("it/report.json").write_text(json.dumps({**report, "status": "interrupted"}))
    code, _, err = told(capfd, "--init", "it")
    assert (code, "it was interrupted" in err) == (2, True)


def test_pytest_collects_test_files(here):
    three(limit=5)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "graphrun.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "--strict-markers", "-q", "-k", "flow", "-m", "slow or fast", "."],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed, 1 deselected" in done.stdout
    assert "flow.test.toml:10:1: error[other_output]: node 1 (My Number, Number)" in done.stdout
    assert "expected 5, found 4 (off by 1)" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_plugin_is_light():
    program = (
        "import pytest, sys; before = set(sys.modules); import graphrun.pytest_plugin\n"
        "print(sorted(m for m in set(sys.modules) - before if m.startswith('graphrun')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['graphrun', 'graphrun.pytest_plugin']"
