"""The table of codes: complete, stable, and what `graphrun explain` and docs/errors.md show."""

import json
import re
from pathlib import Path

import codes_used
import pytest

from graphrun.cli.main import main
from graphrun.diagnostics import table
from graphrun.errors import MISSING

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "codes.txt"


def test_every_code_of_the_table_is_used():
    spelt_out = codes_used.constants() | codes_used.used().keys()
    put_together = {"invalid_workflow", "invalid_prompt", "inside_muted", "inside_bypassed"}
    assert table.codes().keys() - spelt_out == put_together


def test_codes_are_stable():
    """Clients rely on them: one that goes, or gets another name, is a decision."""
    assert table.codes().keys() >= MISSING
    assert sorted(table.codes()) == GOLDEN.read_text().split()


def test_every_entry_says_all_of_it():
    for name, one in table.codes().items():
        texts = (one.title, one.means, one.why, one.fix, one.example)
        assert all(text.strip() for text in texts), name
        assert all(text.endswith((".", "?")) for text in (one.means, one.why, one.fix)), name
        assert not one.title.endswith("."), name
        assert set(one.severities) <= {"error", "warning", "info"}, name
        severity = re.search(rf"(\w+)\[{name}\]: ", one.example)
        assert severity, f"the example of {name} has another code"
        assert severity[1] in one.severities, name
    assert set(table.FIRST_HOUR) <= table.codes().keys()


def test_classes_of_examples_exist():
    known = {path.stem for folder in ("nodes", "core") for path in ROOT.glob(f"schemas/{folder}/*")}
    ours = re.compile(r"\b(?:Pt[a-z]*[A-Z]|Pandas[A-Z]|SNS)\w*")
    for one in table.codes().values():
        text = f"{one.means} {one.why} {one.fix} {one.example}"
        assert set(ours.findall(text)) <= known | {"PtFul"}, one.name


def test_the_page_of_errors_is_that_of_the_table(capsys):
    assert main(["explain", "--format", "md"]) == 0
    page = capsys.readouterr().out
    assert page == (ROOT / "docs" / "errors.md").read_text("utf-8")
    assert all(f"\n### {name}\n" in page for name in table.codes())


@pytest.mark.parametrize("asked", ["missing_model", "error[missing_model]"])
def test_explain_tells_one_code(capsys, asked):
    assert main(["explain", asked]) == 0
    shown = capsys.readouterr().out
    one = table.codes()["missing_model"]
    words = " ".join(shown.split())
    for part in (one.title, one.means, one.why, one.fix, one.example):
        assert part in words


def test_explain_lists_all_by_topic(capsys):
    assert main(["explain"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in table.codes())
    assert main(["explain", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["codes"]
    assert [one["code"] for one in listed] == [*table.codes()]


def test_a_misspelt_code_is_told_with_its_neighbours(capsys):
    assert main(["explain", "mising-model"]) == 2
    said = capsys.readouterr().err
    assert "error[unknown_code]" in said
    assert "missing_model" in said
    assert "packs may use codes of their own" in said
