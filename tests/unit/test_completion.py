"""`graphrun completion`: scripts for shells, tried in those that are there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graphrun.cli import grammar
from graphrun.cli.main import VERBS, main

FLAGSHIP = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
PROMPT = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
}

BASH = """
source ./script.bash
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1}
    local split=${1//=/ = }
    COMP_WORDS=(${split//:/ : })
    [[ $1 == *[[:space:]] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _graphrun
    echo "${COMPREPLY[*]}"
}
while IFS= read -r line; do complete_line "$line"; done
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch, capsys):
    """A folder with the scripts, a prompt, and a `graphrun` on the path."""
    monkeypatch.chdir(tmp_path)
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        Path(f"script.{shell}").write_text(capsys.readouterr().out)
    Path("p.json").write_text(json.dumps(PROMPT))
    program = tmp_path / "bin/graphrun"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m graphrun "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def shell(*command, given=""):
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


CASES = {
    "graphrun ch": "check",
    "graphrun p.json --swe": "--sweep --sweep-random",
    "graphrun run p.json --device ": "auto cpu cuda mps",
    "graphrun p.json --set 1.": "1.data=",
    "graphrun p.json --sweep CDA": "CDAStringCreate.data=",
    "graphrun cache ": "ls info gc clear why",
    "graphrun cache why p.json --prec": "--precision",
    "graphrun completion z": "zsh",
    "graphrun run p.j": "p.json",
    "graphrun run p.json --tiny --out b": "bin",
}


def test_bash_completes_verbs_options_choices_files_and_addresses():
    lines = {**CASES, "graphrun run p.json --device=c": "cpu cuda", "graphrun p.json --set=1.": ""}
    lines["graphrun p.json --set=1."] = "1.data="
    told = shell("bash", "-c", BASH, given="".join(f"{line}\n" for line in lines))
    assert dict(zip(lines, told.splitlines(), strict=True)) == lines


def test_fish_completes_the_same():
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    lines = [line for line in CASES if "--out" not in line and not line.endswith("p.j")]
    commands = "; ".join(f"complete -C '{line}'; echo @@" for line in lines)
    told = shell("fish", "-N", "-c", f"source script.fish; {commands}")
    found = [
        {line.split("\t")[0] for line in part.split("\n") if line}
        for part in told.split("@@\n")[: len(lines)]
    ]
    assert found == [set(CASES[line].split()) for line in lines]


def test_zsh_takes_its_script():
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh here")
    shell("zsh", "-n", "script.zsh")


def test_every_verb_and_option_is_in_every_script():
    found = grammar.verbs()
    assert [one.name for one in found if one.name and " " not in one.name] == list(VERBS)
    assert "cache why" in [one.name for one in found]
    for kind in ("bash", "zsh", "fish"):
        text = Path(f"script.{kind}").read_text()
        for verb in found[1:]:  # after the command line itself
            for option in verb.options:
                name = option.names[-1]
                assert (f"-l {name[2:]}" if kind == "fish" else name) in text


def answers(capsys, kind, *words):
    assert main(["__complete", kind, *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_addresses_of_a_workflow_are_those_of_set(capsys):
    found = answers(capsys, "addresses", "run", str(FLAGSHIP), "--set")
    assert "21.learning_rate=" in found
    assert "PtoAdamW.learning_rate=" in found
    assert "21.model=" not in found  # a link
    assert "PtDataLoader.batch_size=" not in found  # of two nodes
    main(["params", str(FLAGSHIP), "--json"])
    known = {one["address"] for one in json.loads(capsys.readouterr().out)["params"]}
    assert {address[:-1] for address in found if address[0].isdigit()} == known


def test_addresses_of_nodes_in_subgraphs_have_paths(capsys):
    inner = {"id": 7, "type": "CDAStringCreate", "widgets_values": ["a"], "inputs": []}
    document = {
        "nodes": [{"id": 3, "type": "s-1"}],
        "definitions": {"subgraphs": [{"id": "s-1", "nodes": [inner]}]},
    }
    Path("w.json").write_text(json.dumps(document))
    assert answers(capsys, "addresses", "w.json") == ["3:7.data=", "CDAStringCreate.data="]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"nodes": [3, {}]}', "[" * 99999])
def test_files_that_are_none_give_no_answer_and_no_error(text, capsys):
    Path("x.json").write_text(text)
    assert answers(capsys, "addresses", "x.json", "gone.json") == []
    assert answers(capsys, "ids", "x.json", "p.json") == ["1", "2"]
    assert answers(capsys, "ids") == []
