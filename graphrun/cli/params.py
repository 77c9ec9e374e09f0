"""`graphrun params FILE`"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from graphrun.cli import reading, render
from graphrun.cli.examples import teach
from graphrun.errors import ExitCode

if TYPE_CHECKING:
    from graphrun.plan.knobs import Knob

_LONGEST = 48
"""Characters of a value in the table."""


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "List the values of the nodes that would run, as --set addresses them. Runs nothing.",
        "graphrun params workflow.json",
        "graphrun params workflow.json --json",
        "graphrun params workflow.json --toml > params.toml",
        "graphrun run workflow.json --params params.toml",
    )
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    told = "only what these ids need"
    parser.add_argument("targets", nargs="*", default=[], metavar="NODE", help=told)
    reading.add_options(parser)
    reading.add_lenient(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--toml", action="store_true", help="print a file that `graphrun run --params` takes"
    )


def params(options: Namespace) -> int:
    """The inputs of a file that have values, as `--set` addresses them."""
    from graphrun.plan import plan
    from graphrun.plan.knobs import knobs
    from graphrun.session import Session

    document = reading.load(options, options.file)
    session = Session(catalog=reading.catalog(options), remember=False)
    prompt = session.convert(document)
    planned = plan(prompt, session.catalog, targets=options.targets, lenient=options.lenient)
    found = list(knobs(planned, session.catalog))
    if options.json:
        entries = [one.to_json() for one in found]
        render.out_json({"file": prompt.name, "params": entries})
        return ExitCode.OK
    lines = _toml(found, prompt.name) if options.toml else _table(found)
    for line in lines:
        render.out(line)
    return ExitCode.OK


def _table(found: Sequence[Knob]) -> Iterator[str]:
    if not found:
        yield "no node that would run has a value to set"
    rows = {one.address: (one.address, one.input.type, _value(one), _told(one)) for one in found}
    widths = [max(map(len, column)) for column in zip(*rows.values(), strict=True)]
    for _, group in groupby(found, key=lambda one: one.node.id):
        own = list(group)
        yield _heading(own[0])
        for one in own:
            cells = zip(rows[one.address], widths, strict=True)
            yield f"  {'  '.join(f'{text:<{width}}' for text, width in cells)}".rstrip()


def _heading(first: Knob) -> str:
    also = [f"{name}.{first.input.name}" for name in first.names[1:]]
    return f"{first.node.label}{f', also as {also[0]}' if also else ''}"


def _value(one: Knob) -> str:
    text = json.dumps(one.value, ensure_ascii=False, default=str)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return text if one.given else f"({text})"


def _told(one: Knob) -> str:
    """Range or choices, default, and whether the input may be left out."""
    options = one.input.options
    parts = []
    if one.input.type == "COMBO":
        parts.append(_listed([str(choice) for choice in one.input.choices]))
    low, high = options.get("min"), options.get("max")
    if low is not None or high is not None:
        parts.append(f"{'' if low is None else low} … {'' if high is None else high}".strip())
    if "default" in options and options["default"] != one.value:
        parts.append(f"default {json.dumps(options['default'], ensure_ascii=False, default=str)}")
    if one.input.section != "required":
        parts.append("optional")
    return "; ".join(parts)


def _listed(names: Sequence[str]) -> str:
    text = " | ".join(names)
    return text if len(text) <= _LONGEST else f"one of {len(names)}: {text[: _LONGEST - 12]}…"


def _toml(found: Sequence[Knob], name: str) -> Iterator[str]:
    yield f"# The values of {' '.join(name.split())}, for `graphrun run FILE --params THIS`."
    for node_id, group in groupby(found, key=lambda one: one.node.id):
        own = list(group)
        yield ""
        yield f"[{_text(node_id)}]  # {own[0].node.label}"
        for one in own:
            line = f"{_text(one.input.name)} = {_written(one.value)}"
            told = _told(one)
            line = f"{line}  # {told}" if told else line
            # What the file leaves to the node stays with it, and TOML has no word for nothing.
            yield line if one.given and one.value is not None else f"# {line}"


def _written(value: Any) -> str:
    """A value as TOML has it, on one line."""
    match value:
        case None:
            return '""'
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return f"{{{', '.join(f'{_text(k)} = {_written(v)}' for k, v in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_written, value))}]"
    return str(value)


def _text(key: str) -> str:
    """A key, bare where TOML allows."""
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _written(key)
