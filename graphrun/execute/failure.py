"""A failed node as a diagnostic: who, where in the file, with what inputs, at which lines."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

from graphrun.errors import Diagnostic, GraphrunError, InputError, NodeError, PackError
from graphrun.execute.call import summaries
from graphrun.execute.events import NodeFailed
from graphrun.execute.state import Run
from graphrun.execute.visit import Visit


def blame(run: Run, visit: Visit, error: BaseException, seconds: float) -> NodeError:
    """Tell of a node that raised, and give the exception for it.

    A node of a graph that another built is named together with the file's node it belongs to.
    """
    found = run.plan.prompt.located(_diagnostic(run, visit, error))
    given = summaries(visit.inputs)
    run.tell(
        NodeFailed(
            node_id=visit.step.node.id,
            seconds=seconds,
            diagnostic=found,
            inputs=given,
            traceback=own_frames(error, _folder(run, visit)),
            full_traceback="".join(traceback.format_exception(error)),
        )
    )
    failed = NodeError(found, class_type=visit.step.spec.class_type, inputs=given)
    failed.__cause__ = error
    return failed


def own_frames(error: BaseException, folder: str | None) -> str:
    """The traceback without the engine above the pack's code and the libraries below it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if folder and Path(f.filename).is_relative_to(folder)]
    lines = traceback.format_exception_only(error)
    if own:
        lines = ["Traceback (most recent call last):\n", *traceback.format_list(own), *lines]
    return "".join(lines)


def _diagnostic(run: Run, visit: Visit, error: BaseException) -> Diagnostic:
    node = visit.step.node
    label, node_id = node.label, run.display_id(node.id)
    if node_id != node.id:
        label = f"{run.plan.prompt.nodes[node_id].label}, in its {node.label}"
    absent = isinstance(error, ImportError | PackError)
    known = _explained(run, visit, error) if absent else None
    if known is not None:
        return replace(known, message=f"{label}: {known.message}", node_id=node_id)
    if isinstance(error, InputError):
        return Diagnostic(error.code, f"{label}: {error}", node_id, error.input, hint=error.hint)
    if isinstance(error, GraphrunError):
        first = error.diagnostics[0]
        return replace(first, message=f"{label}: {first.message}", node_id=node_id)
    name, said = type(error).__name__, _said(error)
    return Diagnostic("node_failed", f"{label}: {name}{said and ': '}{said}", node_id)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of a pack, whose own text fails
        return "(its text cannot be had)"


def _explained(run: Run, visit: Visit, error: BaseException) -> Diagnostic | None:
    """What of ComfyUI, or which library, is not there, with the name of the pack that needs it."""
    from graphrun.comfy import explaining

    pack = run.catalog.pack(visit.step.spec.class_type)
    found: Diagnostic | None = explaining.explain(error, pack.name)
    return found


def _folder(run: Run, visit: Visit) -> str | None:
    try:
        return run.catalog.kind(visit.step.spec.class_type).folder
    except GraphrunError:  # the code could not be had, which is what failed
        return None


def circular(run: Run) -> tuple[str, NodeError]:
    """Tell of nodes that wait for each other, which only graphs that nodes build can lead to.

    Gives the id of the one to blame, and the exception for it.
    """
    waits = run.agenda.waiting()
    path: list[str] = [next(iter(waits))]
    while path[-1] not in path[:-1]:
        path.append(waits[path[-1]][0])
    cycle = path[path.index(path[-1]) :]
    guilty = next((n for n in cycle if n not in run.plan.prompt.nodes), cycle[0])
    node_id = run.display_id(guilty)
    names = " → ".join(f"{n} ({run.agenda.steps[n].spec.class_type})" for n in reversed(cycle))
    found = Diagnostic(
        "dependency_cycle",
        f"{run.plan.prompt.nodes[node_id].label}: these nodes wait for each other: {names}",
        node_id,
        hint="a graph that the node built links back to what waits for it",
    )
    found = run.plan.prompt.located(found)
    run.tell(NodeFailed(node_id=node_id, seconds=0.0, diagnostic=found, inputs={}, traceback=""))
    return node_id, NodeError(found, class_type=run.plan.prompt.nodes[node_id].class_type)
