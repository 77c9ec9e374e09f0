"""`graphrun verify FILE [--lock LOCK]`"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from graphrun.cli import reading, render
from graphrun.cli.examples import teach
from graphrun.cli.lock import beside, read_as_run
from graphrun.errors import MISSING, Diagnostic, ExitCode, UsageError


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Compare this machine with a lock. Runs nothing.",
        "graphrun verify workflow.json",
        "graphrun verify workflow.json --lock ci.lock.json --json",
    )
    read_as_run(parser)
    parser.add_argument("--lock", type=Path, metavar="LOCK", help="the lock (NAME.lock.json)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def verify(options: Namespace) -> int:
    """Tell what differs from the lock; 4 if something is missing, 1 if something is another."""
    from graphrun.record.lock import read_lock
    from graphrun.record.verify import differences

    path = options.lock or beside(options.file)
    if path is None:
        raise UsageError(Diagnostic("bad_usage", "graphrun verify -: --lock LOCK says which lock"))
    lock = read_lock(path)
    document = reading.load(options, options.file)
    found = differences(lock, document, *reading.planned(options, document))
    wrong = [one for one in found if one.severity == "error"]
    if options.json:
        render.out_json({"same": not wrong, "differences": [one.to_json() for one in found]})
    else:
        render.diagnostics(found)
        count = f"{len(wrong)} difference{'s' * (len(wrong) != 1)}" if wrong else "as locked"
        render.out(f"{options.file}: {count} ({path})")
    if any(one.code in MISSING for one in wrong):
        return ExitCode.MISSING
    return ExitCode.DIFFERENT if wrong else ExitCode.OK
