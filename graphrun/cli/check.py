"""`graphrun check FILE...`"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrun.cli import reading, render, requests
from graphrun.cli.findings import FORMATS, Findings, tell
from graphrun.errors import MISSING, Diagnostic, ExitCode, GraphrunError, ValidationFailed

if TYPE_CHECKING:
    from graphrun.diagnostics.baseline import Baseline
    from graphrun.request import Request
    from graphrun.session import Session

_EPILOG = """examples:
  graphrun check workflows/*.json --strict --format github
  graphrun check flow.json --preflight --alias imdb=data/reviews
  graphrun check *.json --write-baseline known.json; graphrun check *.json --baseline known.json"""


def arguments(parser: ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("files", nargs="+", metavar="FILE", help="workflow or prompt, - for stdin")
    parser.add_argument("--strict", action="store_true", help="warnings fail the check, too")
    parser.add_argument(
        "--preflight",
        action="store_true",
        help="also refuse what a run here would refuse before it starts: models, data sets and "
        "devices that cannot be had, folders that cannot be written to",
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="known problems, which are only counted"
    )
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="write what is found as known problems"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="sarif: SARIF 2.1.0; github: annotations and a summary for GitHub Actions",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="print JSON"
    )
    requests.add_what_is_run(parser)


def check(options: Namespace) -> int:
    """Exit code of the worst file."""
    from graphrun.session import Session

    known = _baseline(options.baseline)
    session = Session(catalog=reading.catalog(options), remember=False)
    files = [_checked(file, options, session) for file in options.files]
    if options.write_baseline:
        return _write(options.write_baseline, files)
    if known is not None:
        files = [_without(known, one) for one in files]
    if options.strict:
        files = [_strict(one) for one in files]
    tell(files, options.format)
    return max(one.code for one in files)


def _checked(file: str, options: Namespace, session: Session) -> Findings:
    """All that is wrong with one file, be it what keeps it from being read."""
    try:
        request = requests.request_of(Namespace(**{**vars(options), "file": file}))
        prompt = session.convert(request.document)
        request = replace(request, document=prompt)
        found = session.check(request)
    except GraphrunError as error:
        return Findings(file, error.diagnostics, error.exit_code)
    nodes = len(prompt.nodes)
    failed = any(one.severity == "error" for one in found)
    code = ValidationFailed(found).exit_code if failed else ExitCode.OK
    new: Sequence[Diagnostic] = ()
    if options.preflight:
        try:
            new = _unready(request, session)
        except GraphrunError as error:
            new, code = error.diagnostics, error.exit_code
    return Findings(file, (*found, *(one for one in new if one not in found)), code, nodes)


def _unready(request: Request, session: Session) -> Sequence[Diagnostic]:
    """What a plan of the file warns of.

    Raises:
        GraphrunError: what a run of it would refuse before anything runs.
    """
    from graphrun.session import ready

    planned, _ = session.plan(request)
    ready(planned, session.catalog, request)
    return planned.warnings


def _baseline(path: Path | None) -> Baseline | None:
    if path is None:
        return None
    from graphrun.diagnostics.baseline import Baseline

    return Baseline.read(path)


def _without(known: Baseline, one: Findings) -> Findings:
    """What is new of a file, with a word of every entry for which there is no problem any more."""
    new = known.new(one.file, one.found)
    stale = known.stale(one.file, one.found)
    errors = [found for found in new if found.severity == "error"]
    code = one.code
    if not errors:
        code = ExitCode.OK
    elif all(found.code in MISSING for found in errors):
        code = ExitCode.MISSING
    elif code == ExitCode.MISSING:
        code = ExitCode.INVALID
    return replace(one, found=(*new, *stale), code=code, known=len(one.found) - len(new))


def _strict(one: Findings) -> Findings:
    warned = any(found.severity == "warning" for found in one.found)
    return replace(one, code=ExitCode.INVALID) if warned and one.code == ExitCode.OK else one


def _write(path: Path, files: Iterable[Findings]) -> int:
    from graphrun.diagnostics.baseline import Baseline

    found = Baseline.of(path, {one.file: one.found for one in files})
    render.to_file(path, found.text())
    render.err(f"{path}: {len(found)} known problem{'s' * (len(found) != 1)}")
    return ExitCode.OK
