"""Problems in the forms of other programs."""

import pytest

from graphrun.diagnostics import github
from graphrun.errors import Diagnostic, Position, UsageError


def test_an_annotation_names_the_place_and_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    place = Position(str(tmp_path / "flows" / "a, b:1.json"), 7, 3)
    found = Diagnostic("bad", "100% wrong\r\nhere", hint="a way: out, at 5%", position=place)
    assert github.annotation(found) == (
        "::error file=flows/a%2C b%3A1.json,line=7,col=3,title=bad"
        "::100%25 wrong%0D%0Ahere%0Aa way: out, at 5%25"
    )


def test_annotations_have_githubs_three_levels():
    levels = [
        github.annotation(Diagnostic("c", "m", severity=severity))
        for severity in ("error", "warning", "info")
    ]
    assert levels == ["::error title=c::m", "::warning title=c::m", "::notice title=c::m"]


def test_paths_are_those_of_the_repository(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert github.relative("a/b.json") == "a/b.json"
    assert github.relative(str(tmp_path / "a" / "b.json")) == "a/b.json"
    assert github.relative("./b.json") == "b.json"
    assert github.relative(str(tmp_path.parent / "b.json")) == str(tmp_path.parent / "b.json")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    assert github.relative("b.json") == f"{tmp_path.name}/b.json"


def test_places_in_no_file_of_the_repository_have_no_line():
    inside = Diagnostic("c", "m", position=Position("a.png (workflow)", 1, 9))
    typed = Diagnostic("c", "m", position=Position("--set", 0, 0))
    piped = Diagnostic("c", "m", position=Position("<stdin>", 1, 1))
    assert github.annotation(inside) == "::error file=a.png,title=c::m"
    assert github.annotation(typed) == github.annotation(piped) == "::error title=c::m"


def test_the_summary_grows_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    github.summary("nothing")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "s.md"))
    github.summary("# one")
    github.summary("two ü\n")
    assert (tmp_path / "s.md").read_text(encoding="utf-8") == "# one\n\ntwo ü\n\n"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "absent" / "s.md"))
    with pytest.raises(UsageError, match="cannot be written"):
        github.summary("three")
    assert github.cell("a|b\n<c> & d") == "a\\|b<br>&lt;c> &amp; d"
