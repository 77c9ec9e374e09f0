"""The stages of the flow, joined: what the command line and Python callers use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphrun.cache import Store
from graphrun.catalog import Catalog, Settings
from graphrun.convert import convert as _convert
from graphrun.convert import explain as _explain
from graphrun.documents import Prompt, Workflow
from graphrun.documents import load as load
from graphrun.errors import Cancelled, Diagnostic, NodeError, UsageError
from graphrun.execute import MIN_FREE, Observer, Stop, execute, preflight, unwritable
from graphrun.plan import Difference, Plan, override, shrink
from graphrun.plan import check as _check
from graphrun.plan import diff as _diff
from graphrun.plan import plan as _plan
from graphrun.report import Report, RunFolder

Document = Workflow | Prompt


@dataclass(frozen=True)
class Request:
    """What to run, and how.

    `overrides` are settings such as `27.epochs=3`; `out` is the folder that run folders are made
    in (None: no run folder, outputs go to `settings.outputs`); `min_free` bytes must be free
    wherever the run will write.
    """

    document: Document
    settings: Settings = field(default_factory=Settings)
    overrides: Sequence[str] = ()
    targets: Sequence[str] = ()
    out: Path | None = None
    min_free: int = MIN_FREE


def convert(document: Document, catalog: Catalog | None = None) -> Prompt:
    """The prompt of a document: a workflow is converted, a prompt is taken as it is.

    Its notes say what was assumed, and where a given definition is not that of a pack.
    """
    catalog = catalog or Catalog.installed()
    prompt = document if isinstance(document, Prompt) else _convert(document, catalog)
    used = (node.class_type for node in prompt.nodes.values())
    new = [d for d in catalog.differences(used) if d not in prompt.notes]
    return replace(prompt, notes=(*prompt.notes, *new)) if new else prompt


def explain(document: Document, catalog: Catalog | None = None) -> tuple[Diagnostic, ...]:
    """What became of every node that is not in the prompt as it stands in the document."""
    if isinstance(document, Prompt):
        return ()
    return _explain(document, catalog or Catalog.installed())


def check(document: Document, catalog: Catalog | None = None) -> list[Diagnostic]:
    """Every problem of a document, in document order. Executes nothing and imports no node code."""
    catalog = catalog or Catalog.installed()
    return _check(convert(document, catalog), catalog)


def diff(a: Document, b: Document, catalog: Catalog | None = None) -> list[Difference]:
    """What differs between two documents, leaving out ids, positions, titles and order."""
    catalog = catalog or Catalog.installed()
    return _diff(convert(a, catalog), convert(b, catalog))


def plan(request: Request, catalog: Catalog | None = None) -> tuple[Plan, list[str]]:
    """The plan for a request, and what `--tiny` cut, one line each.

    Raises:
        ValidationFailed: the prompt breaks rules.
        UsageError: an override or target that cannot be followed.
    """
    catalog = catalog or Catalog.installed()
    prompt = convert(request.document, catalog)
    cuts: list[str] = []
    if request.settings.tiny:
        prompt, cuts = shrink(prompt, catalog)
    prompt = override(prompt, catalog, request.overrides)
    return _plan(prompt, catalog, targets=request.targets, seed=request.settings.seed), cuts


def run(
    request: Request | Document,
    *,
    catalog: Catalog | None = None,
    observers: Iterable[Observer] = (),
    store: Store | None = None,
    stop: Stop | None = None,
) -> Report:
    """Run a document; the report (its `folder` is where the run left its files).

    A node that fails or a stop is in the report (`status`, `error`), not an exception: what ran
    before it is still worth reading.

    Raises:
        ValidationFailed, UsageError, MissingResource: nothing ran and nothing was written.
    """
    if isinstance(request, Workflow | Prompt):
        request = Request(request)
    catalog = catalog or Catalog.installed()
    planned, cuts = plan(request, catalog)
    settings, out = request.settings, request.out
    # Before the folder exists, relative outputs are tried where it will be made.
    expected = replace(settings, outputs=out / "(this run)") if out is not None else settings
    if out is not None:
        _writable(out, request.min_free)
    preflight(planned, catalog, expected, min_free=request.min_free)
    folder = RunFolder.named(out, planned.prompt.name) if out is not None else None
    if folder:
        settings = replace(settings, outputs=folder.outputs)
    report = Report(settings=_described(request, cuts), folder=folder.path if folder else None)
    told: list[Observer] = [report, *observers]
    if folder:
        told.insert(1, folder)
    try:
        execute(planned, catalog, settings, observers=told, store=store, stop=stop)
    except (NodeError, Cancelled, KeyboardInterrupt):
        pass  # the report says so
    finally:
        if folder:
            folder.close(report)
    return report


def _writable(out: Path, min_free: int) -> None:
    problem = unwritable(out, min_free)
    if problem:
        raise UsageError(
            Diagnostic("unwritable_output", problem, hint="--out DIR puts the run folder elsewhere")
        )


def _described(request: Request, cuts: list[str]) -> dict[str, Any]:
    settings = request.settings
    return {
        "device": settings.device,
        "tiny": settings.tiny,
        "cuts": cuts,
        "aliases": {name: str(alias.path) for name, alias in settings.aliases.items()},
        "overrides": list(request.overrides),
        "targets": list(request.targets),
    }
