"""`graphrun convert FILE`"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from graphrun.cli import reading, render
from graphrun.cli.examples import teach
from graphrun.errors import Diagnostic, ExitCode


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Print a workflow as an API prompt: what a server would be sent.",
        "graphrun convert workflow.json -o prompt.json",
        "graphrun convert picture.png --prefer prompt",
        "graphrun convert workflow.json --explain > prompt.json",
    )
    parser.add_argument(
        "file", metavar="FILE", help="workflow, or a media file with one in it, - for stdin"
    )
    parser.add_argument("-o", "--output", type=Path, help="write to this file instead")
    parser.add_argument(
        "--explain", action="store_true", help="tell on stderr what became of the workflow's parts"
    )
    reading.add_options(parser)


def convert(options: Namespace) -> int:
    """Print the API prompt; what was assumed goes to stderr."""
    from graphrun import api

    document, catalog = reading.load(options, options.file), reading.catalog(options)
    prompt = api.convert(document, catalog)
    if options.explain:
        _explain([*api.explain(document, catalog), *prompt.notes])
    else:
        render.diagnostics(prompt.notes)
    if options.output:
        text = json.dumps(prompt.to_json(), indent=2, ensure_ascii=False)
        render.to_file(options.output, text + "\n")
    else:
        render.out_json(prompt.to_json())
    return ExitCode.OK


def _explain(notes: Iterable[Diagnostic]) -> None:
    """What became of the workflow's parts and what was assumed, those of one kind together."""
    groups: dict[str, list[Diagnostic]] = {}
    for note in notes:
        groups.setdefault(note.code, []).append(note)
    for code, members in groups.items():
        render.err(f"{code} ({len(members)})")
        for note in members:
            place = f"{note.position}: " if note.position else ""
            render.err(f"  {place}{note.message}")
            if note.hint:
                render.err(f"    {note.hint}")
    if not groups:
        render.err("every node is in the prompt as it stands; nothing was assumed")
