"""What `graphrun test` shows of its results."""

from __future__ import annotations

import textwrap
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphrun.cli import render

if TYPE_CHECKING:
    from graphrun.testing import Result, Test

_WORDS = ("passed", "failed", "error", "skipped")
"""Outcomes in the order in which they are counted."""


def listed(tests: Sequence[Test], *, as_json: bool) -> None:
    """The tests, a line each."""
    if as_json:
        entries = [
            {"id": t.id, "file": str(t.file), "line": t.line, "name": t.name, "tags": [*t.tags]}
            for t in tests
        ]
        render.out_json({"tests": entries})
        return
    for test in tests:
        tags = f"  [{', '.join(test.tags)}]" if test.tags else ""
        render.out(f"{test.id}{tags}")


def line(result: Result, options: Namespace) -> None:
    """A line of a result, and below it what is not as expected, or what was recorded."""
    say = render.err if options.json else render.out
    time = f"  {_seconds(result.seconds)}" if result.outcome != "skipped" else ""
    why = f"  {result.reason}" if result.reason else ""
    say(f"{result.outcome:<7}  {result.test.id}{time}{why}")
    for text in (*map(str, (*result.findings, *result.notes)), *result.changes):
        say(textwrap.indent(text, "  "))
    if options.github:
        from graphrun.diagnostics.github import annotation

        for one in (*result.findings, *result.notes):
            say(annotation(one))


def finish(
    tests: Sequence[Test],
    results: Sequence[Result],
    options: Namespace,
    *,
    started: float,
    seconds: float,
) -> None:
    """The end of all tests: counts and seconds, and the forms that were asked for."""
    from graphrun.testing.model import document

    say = render.err if options.json else render.out
    if not tests:
        say(f"no test depends on what was changed since {options.changed_since}")
    else:
        say(_summary(tests, results, seconds))
    if options.junit:
        from graphrun.testing.junit import junit

        render.to_file(options.junit, junit(results, started))
    if options.github:
        from graphrun.diagnostics.github import summary

        summary("\n".join(_markdown(results, _summary(tests, results, seconds))))
    if options.json:
        render.out_json(document(results, seconds))


def _summary(tests: Sequence[Test], results: Sequence[Result], seconds: float) -> str:
    from graphrun.testing.model import counts

    number = counts(results)
    plural = "s" if number["error"] > 1 else ""
    parts = [f"{number[w]} {w}{plural * (w == 'error')}" for w in _WORDS if number[w]]
    if len(results) < len(tests):
        parts.append(f"{len(tests) - len(results)} not run")
    if number["not_measured"]:
        parts.append(f"{number['not_measured']} not measured")
    return f"{', '.join(parts) or 'nothing ran'} in {_seconds(seconds)}"


def _markdown(results: Sequence[Result], summary: str) -> Iterator[str]:
    from graphrun.diagnostics.github import cell

    yield f"### graphrun test: {summary}\n"
    yield "| test | outcome | seconds | |"
    yield "| --- | --- | --- | --- |"
    for one in results:
        said = "\n".join(found.message for found in (*one.findings, *one.notes))
        row = (one.test.id, one.outcome, f"{one.seconds:.1f}", said or one.reason or "")
        yield f"| {' | '.join(cell(text) for text in row)} |"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"
