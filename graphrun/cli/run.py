"""`graphrun run FILE`"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrun.cli import config, outlook, processes, reading, render, requests
from graphrun.cli.examples import teach
from graphrun.cli.quiet import folded, surround
from graphrun.cli.stopping import interrupts
from graphrun.errors import Diagnostic, ExitCode, GraphrunError, UsageError

if TYPE_CHECKING:
    from graphrun.cli.processes import Process
    from graphrun.execute import Observer
    from graphrun.execute.events import NodeFailed
    from graphrun.plan import Plan, ResourceUse
    from graphrun.report import Report

_NAMED = ("model", "tokenizer", "dataset", "picture_set")
"""Kinds of resources that have names rather than paths."""


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "Check, plan and run a workflow or an API prompt. `graphrun FILE` is the same.",
        "graphrun workflow.json --tiny",
        "graphrun run workflow.json --set 27.epochs=3 --alias imdb=data/reviews",
        "graphrun run workflow.json --dry-run",
        "graphrun run workflow.json --sweep 21.learning_rate=1e-5,3e-5 --sweep seed=1,2 -j 2",
    )
    requests.add_options(parser)


def run(options: Namespace) -> int:
    own = processes.Process.current()
    others = {"--json": options.json, "--dry-run": options.dry_run, "--sweep": options.sweep}
    other = next((name for name, given in others.items() if given), None)
    if options.events and other:
        raise UsageError(Diagnostic("bad_usage", f"graphrun run: either --events or {other}"))
    if options.sweep:
        from graphrun.cli import sweeping

        return sweeping.perform(options, own)
    if options.best or options.jobs != 1 or options.sweep_random:
        told = "--best" if options.best else "--sweep-random" if options.sweep_random else "--jobs"
        raise UsageError(
            Diagnostic("bad_sweep", f"{told} is about sweeps, and there is no --sweep")
        )
    with processes.placed(options, own) as placed:
        return _run(placed, own)


def _run(options: Namespace, own: Process) -> int:
    from graphrun.execute import Stop
    from graphrun.session import Session

    surround()
    request = requests.request_of(options)
    cache = outlook.cache_of(options, aside=own.aside)
    session = Session(catalog=reading.catalog(options), cache=cache, remember=False)
    if options.dry_run:
        return outlook.show(session, request, options)
    planned, cuts = session.plan(request)
    _unused_aliases(planned, options)
    for line in () if options.quiet or options.json or options.events else cuts:
        render.err(f"--tiny  {line}")
    stop, view = Stop(), [_view(options)]
    if options.events:
        from graphrun.report.event_lines import EventLines

        view.append(EventLines(render.out_line))
    with interrupts(stop):
        with folded():
            report = session.perform(request, planned, cuts, observe=view, stop=stop)
        own.tell(one.diagnostic for one in report.failures if own.aside)
        _finish(report, options, kept=cache is not None)
    return _exit_code(report)


def _unused_aliases(planned: Plan, options: Namespace) -> None:
    """An alias for a name that nothing asks for is a slip of the pen more often than not."""
    asked = {use.name.rpartition("/")[2] for use in planned.resources if use.kind in _NAMED}
    for alias in config.parse_aliases(options.alias):
        if not any(_asks(use, alias) for use in planned.resources):
            known = ", ".join(sorted(asked)) or "none"
            message = f"--alias {alias}: no node is known to ask for this name; asked for: {known}"
            render.diagnostics([Diagnostic("unused_alias", message, severity="warning")])


def _asks(use: ResourceUse, alias: str) -> bool:
    """Whether an alias may be of what a node names: of the name, or of a folder that it lies in."""
    if use.kind == "vectors":  # which are named by their dimension
        return alias.endswith(f"-{use.name}")
    if use.kind in _NAMED and use.name.rpartition("/")[2] == alias.rpartition("/")[2]:
        return True
    paths = (use.name, use.beside.get("root"))
    return any(isinstance(p, str) and Path(p).is_relative_to(alias) for p in paths)


def _view(options: Namespace) -> Observer:
    """Drawn on a terminal, lines elsewhere; on stderr, since stdout may be the report."""
    from graphrun.report import Lines

    if options.quiet or not render.drawable(sys.stderr):
        return Lines(render.err, notices_only=options.quiet, libraries=options.verbose)
    from rich.console import Console

    from graphrun.report.live import Live

    return Live(Console(stderr=True), libraries=options.verbose)


def _finish(report: Report, options: Namespace, *, kept: bool) -> None:
    from graphrun.report import summary

    for failure in report.failures:
        _failure(failure, options)
    for node_id, by in report.blocked.items():
        render.err(f"blocked: node {node_id} ({report.nodes[node_id].class_type}) needs node {by}")
    if report.failures:
        render.err(f"  when that is mended, run it again: {render.again()}")
    elif report.status == "interrupted":
        what = "to go on" if kept else "to start over"
        render.err(f"  run it again {what}: {render.again()}")
    if options.json:
        render.out_json(report.to_json())
        return
    if options.events:  # the last of them says how it ended
        return
    for line in summary(report):
        render.out(line)


def _failure(failure: NodeFailed, options: Namespace) -> None:
    """What a node refuses by itself says enough; what it trips over needs its surroundings."""
    render.diagnostics([failure.diagnostic])
    unexpected = failure.diagnostic.code == "node_failed"
    if failure.inputs and (unexpected or options.verbose):
        given = ", ".join(f"{k}: {v}" for k, v in failure.inputs.items())
        render.err(f"  it was given {given}")
    if options.verbose:
        render.err(failure.full_traceback)
    elif unexpected:
        render.err(failure.traceback.rstrip())


def _exit_code(report: Report) -> int:
    if report.status == "interrupted":
        return ExitCode.INTERRUPTED
    if report.error:
        code = GraphrunError(report.error.diagnostic).exit_code
        return ExitCode.MISSING if code is ExitCode.MISSING else ExitCode.NODE_FAILED
    # With --keep-going: outputs that were left out because of errors in the file.
    left_out = any(one.severity == "error" for one in report.notices)
    return ExitCode.INVALID if left_out else ExitCode.OK
