"""`graphrun explain [CODE]`"""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphrun.cli import render
from graphrun.cli.examples import teach
from graphrun.errors import Diagnostic, ExitCode, UsageError

if TYPE_CHECKING:
    from graphrun.diagnostics.table import Code

_WIDTH = 100
_PARTS = (("Meaning", "means"), ("Why", "why"), ("Way out", "fix"))


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "What the code of a problem means, why it comes, and the way out.",
        "graphrun explain missing_model",
        "graphrun explain",
    )
    told = "a code, as in error[CODE]; without one, all are listed by topic"
    parser.add_argument("code", nargs="?", metavar="CODE", help=told)
    parser.add_argument(
        "--format",
        choices=("text", "json", "md"),
        default="text",
        help="md: all codes as one page of Markdown",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="print JSON"
    )


def explain(options: Namespace) -> int:
    """Print what a code means; without one all codes, a line each."""
    from graphrun.diagnostics import table

    name = _bare(options.code) if options.code else None
    if name is not None and name not in table.codes():
        near = table.near(name)
        guess = f"did you mean {' or '.join(near)}? " if near else ""
        hint = f"{guess}`graphrun explain` lists all; packs may use codes of their own, which they "
        message = f"graphrun has no code {name!r}"
        raise UsageError(Diagnostic("unknown_code", message, hint=f"{hint}explain themselves"))
    found = [table.codes()[name]] if name else list(table.codes().values())
    if options.format == "json":
        render.out_json({"codes": [one.to_json() for one in found]})
    elif options.format == "md":
        render.out("\n".join(_page()))
    else:
        render.out("\n".join(_told(found[0]) if name else _listed()))
    return ExitCode.OK


def _bare(text: str) -> str:
    """The code of a message, if the whole `error[code]` was copied."""
    return text.strip().rpartition("[")[2].partition("]")[0]


def _told(one: Code) -> Iterator[str]:
    yield f"{one.name} ({' or '.join(one.severities)}): {one.title}"
    for title, part in _PARTS:
        yield ""
        yield from textwrap.wrap(
            getattr(one, part),
            _WIDTH,
            initial_indent=f"  {title:<9}",
            subsequent_indent=" " * 11,
            break_long_words=False,
            break_on_hyphens=False,
        )
    yield ""
    yield f"  Example  {one.example}"


def _listed() -> Iterator[str]:
    from graphrun.diagnostics import table

    width = max(len(name) for name in table.codes())
    for topic, found in table.topics().items():
        yield f"{topic} ({len(found)})"
        for one in found:
            yield f"  {one.name:<{width}}  {'/'.join(one.severities):<13}  {one.title}"
    yield "graphrun explain CODE tells more; packs may use codes of their own"


def _page() -> Iterator[str]:
    """The table as docs/errors.md has it."""
    from graphrun.diagnostics import table

    known = table.codes()
    yield "# Errors, warnings and notices"
    yield ""
    yield "Every problem has a code, which stays the same when its words change: `error[CODE]` on a"
    yield "terminal, `code` in JSON. `graphrun explain CODE` prints what stands here. Packs may use"
    yield "codes of their own. This page is made from the table in `graphrun/diagnostics/codes/`;"
    yield "`make docs` writes it anew."
    yield ""
    yield "## In the first hour"
    yield ""
    for name in table.FIRST_HOUR:
        one = known[name]
        yield f"- [{name}](#{name}): {one.title[0].lower()}{one.title[1:]}. {one.fix}"
    for topic, found in table.topics().items():
        yield ""
        yield f"## {topic}"
        for one in found:
            yield from _section(one)


def _section(one: Code) -> Iterator[str]:
    yield ""
    yield f"### {one.name}"
    yield ""
    yield f"**{one.title}** ({' or '.join(one.severities)})"
    yield ""
    yield f"{one.means} {one.why}"
    yield ""
    yield f"*Way out:* {one.fix}"
    yield ""
    yield "```"
    yield one.example
    yield "```"
