"""What a run would do with each node, and why: `run --dry-run` and `cache why`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import config, render
from graphrun.cli.training import chosen
from graphrun.errors import Diagnostic, ExitCode, GraphrunError, UsageError

if TYPE_CHECKING:
    from graphrun.plan import Plan
    from graphrun.record.cache import Cache
    from graphrun.record.outlook import Verdict
    from graphrun.request import Request
    from graphrun.session import Session


def cache_of(options: Namespace, *, aside: bool = False) -> Cache | None:
    """The cache that a run uses: as the command line says, else the configuration.

    It is only read from where another process does the same `aside`.

    Raises:
        UsageError: the configuration cannot be read.
    """
    if options.no_cache:
        return None
    settings = config.cache(options.cache_dir)
    if not settings.enabled and options.cache_dir is None:
        return None
    from graphrun.record.cache import Cache

    every = chosen(options, config.read(Path.cwd()), "checkpoint-every")
    fresh = options.fresh
    if aside:
        return Cache.aside(settings.folder, fresh=fresh)
    return Cache.at(settings.folder, max_bytes=settings.max_bytes, every=every, fresh=fresh)


def show(session: Session, request: Request, options: Namespace, only: Sequence[str] = ()) -> int:
    """Print a verdict for every node of a request's plan, or for the ids in `only`.

    Raises:
        GraphrunError: as a run would before anything runs, but for names that lead nowhere.
        UsageError: there is no such node.
    """
    from graphrun.record.outlook import outlook

    planned, cuts = session.plan(request)
    verdicts = outlook(planned, session.catalog, request.settings, session.cache)
    unknown = [name for name in only if name not in {one.step.node.id for one in verdicts}]
    if unknown:
        ids = ", ".join(one.step.node.id for one in verdicts)
        message = f"no node of the plan has the id {', '.join(map(repr, unknown))}"
        raise UsageError(Diagnostic("unknown_target", message, hint=f"ids: {ids}"))
    shown = [one for one in verdicts if not only or one.step.node.id in only]
    wrong, code = _obstacles(planned, session, request) if options.dry_run else ((), ExitCode.OK)
    if options.json:
        told = [one.to_json() for one in (*planned.warnings, *wrong)]
        steps = [_fields(one) for one in shown]
        render.out_json({"seed": planned.seed, "steps": steps, "diagnostics": told})
        return code
    render.diagnostics(planned.warnings)
    for line in cuts:
        render.out(f"--tiny  {line}")
    _table(shown)
    render.diagnostics(wrong)
    return code


def _obstacles(
    planned: Plan, session: Session, request: Request
) -> tuple[Sequence[Diagnostic], ExitCode]:
    """What a run would refuse before it begins, and the code that it would end with."""
    from graphrun.session import ready

    try:
        ready(planned, session.catalog, request)
    except GraphrunError as error:
        return error.diagnostics, error.exit_code
    return (), ExitCode.OK


def _fields(verdict: Verdict) -> dict[str, Any]:
    step = verdict.step
    return {
        "node": step.node.id,
        "class_type": step.node.class_type,
        "title": step.node.title,
        "identity": step.identity,
        "action": verdict.action,
        "reason": verdict.reason,
    }


def _table(verdicts: Sequence[Verdict]) -> None:
    rows = [(v.action, v.step.node.id, v.step.node.class_type, v.reason) for v in verdicts]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
    for action, node_id, class_type, reason in rows:
        left = f"{action:<{widths[0]}}  {node_id:>{widths[1]}}  {class_type:<{widths[2]}}"
        render.out(f"{left}  {reason}")
