"""What the members of a sweep would do: `--sweep … --dry-run`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphrun.cli import render
from graphrun.errors import ExitCode, GraphrunError

if TYPE_CHECKING:
    from graphrun.sweep.checking import Checked
    from graphrun.sweep.grid import Axis


def show(
    found: Sequence[Checked],
    axes: Sequence[Axis],
    options: Namespace,
    wrong: GraphrunError | None,
) -> int:
    """A dry run: the members, in the order in which they would start, and what keeps them."""
    from graphrun.sweep.sharing import ordered, shared, waits

    order = ordered(found)
    waiting = waits(order)
    rows = [(one, shared(one, waiting[one.member.number])) for one in order]
    problems = wrong.diagnostics if wrong else ()
    code = wrong.exit_code if wrong else ExitCode.OK
    if options.json:
        members = [_fields(one, others) for one, others in rows]
        told = [one.to_json() for one in problems]
        axes_told = [_axis(one, axes) for one in axes]
        render.out_json({"axes": axes_told, "members": members, "diagnostics": told})
        return code
    for one, others in rows:
        render.out(f"{one.member.number} {one.member.label(axes)}")
        for verdict in one.verdicts:
            step, by = verdict.step, others.get(verdict.step.node.id)
            action, reason = verdict.action, verdict.reason
            if by is not None:
                action, reason = "cached", f"member {by} computes it"
            if action in ("cached", "unneeded") and by is None:
                continue
            render.out(f"  {action:<7}  {step.node.id} {step.node.class_type}  {reason}")
        kept = sum(v.action == "cached" for v in one.verdicts)
        if kept:
            render.out(f"  {kept} from the cache")
    render.diagnostics(problems)
    return code


def _axis(one: Axis, axes: Sequence[Axis]) -> dict[str, Any]:
    from graphrun.sweep.grid import names

    return {"address": one.address, "name": names(axes)[one.address], "values": list(one.values)}


def _fields(one: Checked, others: dict[str, int]) -> dict[str, Any]:
    steps = [
        {
            "node": v.step.node.id,
            "class_type": v.step.node.class_type,
            "action": v.action if v.step.node.id not in others else "cached",
            "reason": v.reason,
            "member": others.get(v.step.node.id),
        }
        for v in one.verdicts
    ]
    return {"number": one.member.number, "values": dict(one.member.values), "steps": steps}
