"""`graphrun diff A B`"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphrun.cli import reading, render
from graphrun.cli.examples import teach
from graphrun.documents import Link, Prompt, PromptNode
from graphrun.documents.prompt import write_value
from graphrun.errors import Diagnostic, ExitCode, UsageError

if TYPE_CHECKING:
    from graphrun.plan.diff import Difference


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "What two files compute differently. Ids, places, titles and order do not count.",
        "graphrun diff before.json after.json",
        "git show HEAD:workflow.json | graphrun diff - workflow.json",
        "graphrun diff workflow.json picture.png --json",
    )
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="workflow or prompt, - for stdin")
    reading.add_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def diff(options: Namespace) -> int:
    """Print what differs; 1 if anything does, 0 if the two are the same."""
    from graphrun import api

    if options.a == options.b == "-":
        raise UsageError(Diagnostic("bad_usage", "graphrun diff: only one of the two can be -"))
    catalog = reading.catalog(options)
    a, b = (api.convert(reading.load(options, f), catalog) for f in (options.a, options.b))
    found = api.diff(a, b, catalog)
    if options.json:
        render.out_json({"same": not found, "differences": [_as_json(d) for d in found]})
    else:
        render.diagnostics((*a.notes, *b.notes))
        for difference in found:
            render.out(_line(difference, a, b))
    return ExitCode.DIFFERENT if found else ExitCode.OK


def _line(difference: Difference, a: Prompt, b: Prompt) -> str:
    one, other = difference.a, difference.b
    if one is None or other is None:
        return f"{'-' if other is None else '+'} {_name(one or other)}"
    before, after = _apart(_shown(difference.before, a), _shown(difference.after, b))
    ids = one.id if one.id == other.id else f"{one.id} → {other.id}"
    return f"~ {ids} {_label(one)}: {difference.input} {before} → {after}"


WIDTH = 80
"""Characters shown of a value."""


def _name(node: PromptNode | None) -> str:
    return f"{node.id} {_label(node)}" if node else ""


def _label(node: PromptNode) -> str:
    own = f" ({node.title})" if node.title and node.title != node.class_type else ""
    return f"{node.class_type}{own}"


def _shown(value: Any, prompt: Prompt) -> str:
    from graphrun.plan.diff import ABSENT

    if value is ABSENT:
        return "(absent)"
    if isinstance(value, Link):
        node = prompt.nodes.get(value.node_id)
        return f"output {value.slot} of {value.node_id}" + (f" {node.class_type}" if node else "")
    return json.dumps(write_value(value), ensure_ascii=False)


def _apart(before: str, after: str) -> tuple[str, str]:
    """Two values cut to what can be read, around the first place where they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, first - 30) if max(len(before), len(after)) > WIDTH else 0
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    end = start + WIDTH
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def _as_json(difference: Difference) -> dict[str, Any]:
    return dict(_fields(difference))


def _fields(difference: Difference) -> Iterator[tuple[str, Any]]:
    """Values as in a prompt; an input that a node does not have has no value here."""
    from graphrun.plan.diff import ABSENT

    yield "kind", difference.kind
    for side, node in (("a", difference.a), ("b", difference.b)):
        if node:
            yield side, {"node": node.id, "class_type": node.class_type, "title": node.title}
    if difference.input is not None:
        yield "input", difference.input
    for key, value in (("before", difference.before), ("after", difference.after)):
        if value is not ABSENT:
            yield key, write_value(value)
