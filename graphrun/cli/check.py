"""`graphrun check FILE...`"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from graphrun.cli import reading, render
from graphrun.errors import Diagnostic, ExitCode, GraphrunError, ValidationFailed

if TYPE_CHECKING:
    from graphrun.catalog import Catalog


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="workflow or prompt, - for stdin")
    reading.add_options(parser)
    reading.add_lenient(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def check(options: Namespace) -> int:
    """Exit code of the worst file."""
    catalog = reading.catalog(options)
    codes, documents = [ExitCode.OK], []
    for file in options.files:
        found, code, nodes = _check_file(file, options, catalog)
        codes.append(code)
        documents.append(
            {
                "file": file,
                "ok": code == ExitCode.OK,
                "nodes": nodes,
                "diagnostics": [one.to_json() for one in found],
            }
        )
        if not options.json:
            render.diagnostics(found)
            errors = sum(d.severity == "error" for d in found)
            state = f"{errors} error{'s' * (errors != 1)}" if errors else "ok"
            warnings = sum(d.severity == "warning" for d in found)
            more = f", {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
            render.out(f"{file}: {state}{more}" + (f" ({nodes} nodes)" if nodes else ""))
    if options.json:
        render.out_json(documents)
    return max(codes)


def _check_file(
    file: str, options: Namespace, catalog: Catalog
) -> tuple[list[Diagnostic], ExitCode, int]:
    from graphrun import api

    try:
        prompt = api.convert(reading.load(options, file), catalog)
    except GraphrunError as error:
        return list(error.diagnostics), error.exit_code, 0
    found = api.check(api.load(prompt, lenient=options.lenient), catalog)
    failed = any(d.severity == "error" for d in found)
    return found, ValidationFailed(found).exit_code if failed else ExitCode.OK, len(prompt.nodes)
