"""What Python callers use: the stages of the flow, each for a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from graphrun.catalog import Catalog
from graphrun.convert import explain as _explain
from graphrun.documents import Prompt
from graphrun.errors import Diagnostic
from graphrun.execute import Observer, Stop
from graphrun.plan import Difference, Plan
from graphrun.plan import diff as _diff
from graphrun.report import Report
from graphrun.request import Document, Options, Request, Runnable
from graphrun.session import Loaded, Session

if TYPE_CHECKING:
    from graphrun.cache import Store
    from graphrun.comfy.loading import PackSource


def load(document: Runnable, **options: Unpack[Options]) -> Loaded:
    """A file, or JSON in memory, as a request that can be changed and run.

        graphrun.load("workflow.json").set("27.epochs", 3).run()

    Raises:
        DocumentError: it cannot be read, or is neither a workflow nor a prompt.
    """
    return Loaded.of(document, **options)


def run(
    document: Runnable,
    *,
    packs: Iterable[PackSource] = (),
    observe: Observer | Sequence[Observer] = (),
    catalog: Catalog | None = None,
    store: Store | None = None,
    stop: Stop | None = None,
    **options: Unpack[Options],
) -> Report:
    """Run a document: a path, a prompt as a dict, a request. Nothing is kept for a later run.

    Args:
        packs: node packs besides the installed ones: folders, files, modules, or classes by name.
            Loading a pack runs its code.
        observe: called with every event of the run (`graphrun.execute.events`).
        catalog: in the place of the installed packs.
        store: results of earlier runs; see `Session` for runs that share them.
        stop: lets another thread end the run.
        options: see `Request`; `seed` besides.

    Returns:
        The report: `outputs` by node id and slot, `ui`, `ran`, `cached`, `status`, `error`.

    Raises:
        DocumentError, ValidationFailed, UsageError, PackError, MissingResource: nothing ran.
    """
    session = Session(packs, catalog=catalog, store=store, remember=False)
    return session.run(document, observe=observe, stop=stop, **options)


def convert(document: Request | Document, catalog: Catalog | None = None) -> Prompt:
    """The prompt of a document: a workflow is converted, a prompt is taken as it is."""
    return Session(catalog=catalog).convert(Request.of(document).document)


def explain(document: Request | Document, catalog: Catalog | None = None) -> tuple[Diagnostic, ...]:
    """What became of every node that is not in the prompt as it stands in the document."""
    found = Request.of(document).document
    return () if isinstance(found, Prompt) else _explain(found, catalog or Catalog.installed())


def check(document: Request | Document, catalog: Catalog | None = None) -> list[Diagnostic]:
    """Every problem of a document, in document order. Executes nothing and imports no node code."""
    return Session(catalog=catalog).check(document)


def diff(
    a: Request | Document, b: Request | Document, catalog: Catalog | None = None
) -> list[Difference]:
    """What differs between two documents, leaving out ids, positions, titles and order."""
    session = Session(catalog=catalog)
    return _diff(*(session.convert(Request.of(one).document) for one in (a, b)))


def plan(request: Request | Document, catalog: Catalog | None = None) -> tuple[Plan, list[str]]:
    """The plan for a request, and what `--tiny` cut, one line each.

    Raises:
        ValidationFailed: the prompt breaks rules.
        UsageError: an override or target that cannot be followed.
    """
    return Session(catalog=catalog).plan(Request.of(request))
