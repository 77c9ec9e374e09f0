"""`graphrun lock FILE [-o LOCK]`"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from graphrun.cli import reading, render
from graphrun.cli.examples import teach
from graphrun.errors import ExitCode

_TOLD = (
    ("classes", "class", "classes"),
    ("packs", "pack", "packs"),
    ("resources", "model or file", "models or files"),
    ("packages", "package", "packages"),
)


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Write down what a workflow needs, with versions and digests. Runs nothing.",
        "graphrun lock workflow.json",
        "graphrun lock workflow.json --alias imdb=data/reviews -o ci.lock.json",
    )
    read_as_run(parser)
    parser.add_argument(
        "-o", "--output", metavar="LOCK", help="where to (NAME.lock.json), - for stdout"
    )


def read_as_run(parser: ArgumentParser) -> None:
    """A file, and whatever a run of it would count."""
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


def lock(options: Namespace) -> int:
    """Write the lock; what it cannot fix goes to stderr."""
    from graphrun.record.lock import locked

    document = reading.load(options, options.file)
    found, loose = locked(document, *reading.planned(options, document))
    render.diagnostics(loose)
    text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True)
    target = options.output or str(beside(options.file) or "-")
    if target == "-":
        render.out(text)
        return ExitCode.OK
    render.to_file(Path(target), text + "\n")
    told = ", ".join(_count(len(found[key]), *words) for key, *words in _TOLD)
    render.out(f"{target}: {told}")
    return ExitCode.OK


def beside(file: str) -> Path | None:
    """The lock of a file, where none is named; None for standard input."""
    from graphrun.record.lock import SUFFIX

    return None if file == "-" else Path(file).with_suffix(SUFFIX)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
