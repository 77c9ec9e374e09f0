"""What `check` found of files, told in the forms that people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphrun.cli import render
from graphrun.errors import Diagnostic, ExitCode

FORMATS = ("text", "json", "sarif", "github")


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems of one file that are to be told; `known` are those that a baseline has."""

    file: str
    found: tuple[Diagnostic, ...]
    code: ExitCode
    nodes: int = 0
    known: int = 0

    @property
    def verdict(self) -> str:
        counts = {
            word: sum(one.severity == word for one in self.found) for word in ("error", "warning")
        }
        told = [f"{n} {word}{'s' * (n != 1)}" for word, n in counts.items() if n]
        if not counts["error"]:
            told.insert(0, "ok" if self.code == ExitCode.OK else "failed")
        told += [f"{self.known} known"] * bool(self.known)
        return ", ".join(told) + (f" ({self.nodes} nodes)" if self.nodes else "")


def tell(files: Sequence[Findings], form: str) -> None:
    {"text": _text, "json": _json, "sarif": _sarif, "github": _github}[form](files)


def _text(files: Sequence[Findings]) -> None:
    for one in files:
        render.diagnostics(one.found)
        render.out(f"{one.file}: {one.verdict}")


def _json(files: Sequence[Findings]) -> None:
    render.out_json(
        [
            {
                "file": one.file,
                "ok": one.code == ExitCode.OK,
                "nodes": one.nodes,
                "known": one.known,
                "diagnostics": [found.to_json() for found in one.found],
            }
            for one in files
        ]
    )


def _sarif(files: Sequence[Findings]) -> None:
    from importlib.metadata import version

    from graphrun.diagnostics import sarif

    render.out_json(sarif.log({one.file: one.found for one in files}, version("graphrun")))


def _github(files: Sequence[Findings]) -> None:
    from graphrun.diagnostics import github

    for one in files:
        for found in one.found:
            render.out(github.annotation(found))
        render.out(f"{one.file}: {one.verdict}")
    github.summary("\n".join(["### graphrun check", "", *_overview(files)]))


def _overview(files: Sequence[Findings]) -> list[str]:
    """Tables for the page of a job: a row a file, and a row a problem."""
    from graphrun.diagnostics.github import cell

    lines = ["| file | result |", "| --- | --- |"]
    lines += [f"| {cell(one.file)} | {one.verdict} |" for one in files]
    problems = [found for one in files for found in one.found]
    if problems:
        lines += ["", "| place | problem | what |", "| --- | --- | --- |"]
        for one in problems:
            place = str(one.position) if one.position else ""
            lines.append(f"| {cell(place)} | {one.severity} `{one.code}` | {cell(one.message)} |")
    return lines
