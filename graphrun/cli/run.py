"""`graphrun run FILE`"""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import config, reading, render
from graphrun.cli.quiet import folded
from graphrun.errors import Diagnostic, ExitCode, GraphrunError

if TYPE_CHECKING:
    from graphrun.api import Request
    from graphrun.catalog import Catalog
    from graphrun.execute import Observer, Stop
    from graphrun.plan import Plan
    from graphrun.report import Report


def run(options: Namespace) -> int:
    from graphrun import api
    from graphrun.execute import Stop

    request, catalog = _request(options), reading.catalog(options)
    if options.dry_run:
        return _dry_run(request, catalog, options)
    planned, cuts = api.plan(request, catalog)
    _unused_aliases(planned, options)
    for line in () if options.quiet or options.json else cuts:
        render.err(f"--tiny  {line}")
    stop, view = Stop(), _view(options)
    with _interrupts(stop):
        with folded():
            report = api.run(request, catalog=catalog, observers=[view], stop=stop)
        _finish(report, options)
    return _exit_code(report)


def _unused_aliases(planned: Plan, options: Namespace) -> None:
    """An alias for a name that nothing asks for is a slip of the pen more often than not."""
    named = ("model", "tokenizer", "dataset")
    asked = {use.name.rpartition("/")[2] for use in planned.resources if use.kind in named}
    for name in config.parse_aliases(options.alias):
        if name.rpartition("/")[2] not in asked:
            known = ", ".join(sorted(asked)) or "none"
            message = f"--alias {name}: no node is known to ask for this name; asked for: {known}"
            render.diagnostics([Diagnostic("unused_alias", message, severity="warning")])


def _request(options: Namespace) -> Request:
    """The command line over the configuration file over the defaults."""
    from graphrun import api
    from graphrun.catalog import Settings
    from graphrun.execute import MIN_FREE

    found = config.read(Path.cwd())
    given = config.parse_aliases(options.alias)
    settings = Settings(
        seed=options.seed if options.seed is not None else found.get("seed", 0),
        device=options.device or found.get("device", "auto"),
        tiny=options.tiny,
        aliases={**found.get("alias", {}), **given},
        allow_paths=tuple(
            Path(path).expanduser() for path in (*options.allow_path, *found.get("allow-path", []))
        ),
    )
    return api.Request(
        reading.load(options, options.file),
        settings,
        overrides=options.overrides,
        targets=options.targets,
        out=(options.out or Path(found.get("out", "runs"))).expanduser(),
        min_free=MIN_FREE if options.min_free is None else options.min_free,
    )


def _dry_run(request: Request, catalog: Catalog, options: Namespace) -> int:
    from graphrun import api

    planned, cuts = api.plan(request, catalog)
    steps = [
        {
            "node": s.node.id,
            "class_type": s.node.class_type,
            "title": s.node.title,
            "identity": s.identity,
            "action": "run",
        }
        for s in planned.steps
    ]
    if options.json:
        warnings = [one.to_json() for one in planned.warnings]
        render.out_json({"seed": planned.seed, "steps": steps, "diagnostics": warnings})
        return ExitCode.OK
    render.diagnostics(planned.warnings)
    for line in cuts:
        render.out(f"--tiny  {line}")
    for step in planned.steps:
        key = step.identity[:12] if step.identity else "-"
        render.out(f"run  {step.node.id:>4}  {key:<12}  {step.node.class_type}")
    return ExitCode.OK


def _view(options: Namespace) -> Observer:
    """Drawn on a terminal, lines elsewhere; on stderr, since stdout may be the report."""
    from graphrun.report import Lines

    if options.quiet or not render.drawable(sys.stderr):
        return Lines(render.err, notices_only=options.quiet, libraries=options.verbose)
    from rich.console import Console

    from graphrun.report.live import Live

    return Live(Console(stderr=True), libraries=options.verbose)


def _finish(report: Report, options: Namespace) -> None:
    from graphrun.report import summary

    if report.error:
        render.diagnostics([report.error.diagnostic])
        # What a node refuses by itself says enough; what it trips over needs its surroundings.
        unexpected = report.error.diagnostic.code == "node_failed"
        if report.error.inputs and (unexpected or options.verbose):
            given = ", ".join(f"{k}: {v}" for k, v in report.error.inputs.items())
            render.err(f"  it was given {given}")
        if options.verbose:
            render.err(report.error.traceback)
    if options.json:
        render.out_json(report.to_json())
        return
    for line in summary(report):
        render.out(line)


def _exit_code(report: Report) -> int:
    if report.status == "interrupted":
        return ExitCode.INTERRUPTED
    if report.error:
        code = GraphrunError(report.error.diagnostic).exit_code
        return ExitCode.MISSING if code is ExitCode.MISSING else ExitCode.NODE_FAILED
    return ExitCode.OK


@contextmanager
def _interrupts(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop at its next step; the second ends it at once.

    So do the signals with which schedulers and closing terminals end a process. While the report
    is written they are ignored.
    """

    def ask(number: int, frame: Any) -> None:
        if stop.over:
            return
        if stop.requested:
            stop.over = True
            raise KeyboardInterrupt
        stop.request()
        render.err("stopping at the next step; Ctrl-C again ends the run at once")

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {one: signal.signal(one, ask) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
