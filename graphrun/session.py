"""Sessions: runs of one process that share packs, results and node objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from graphrun.cache import MemoryStore, Store
from graphrun.catalog import Catalog, Settings
from graphrun.convert import convert as _convert
from graphrun.documents import Prompt, Workflow
from graphrun.documents import load as load_file
from graphrun.documents import read as read_document
from graphrun.errors import Cancelled, Diagnostic, NodeError, UsageError
from graphrun.execute import MIN_FREE, Observer, Stop, execute, preflight, unwritable
from graphrun.plan import Plan, Setting, override, shrink
from graphrun.plan import check as _check
from graphrun.plan import plan as _plan
from graphrun.report import Report, RunFolder

if TYPE_CHECKING:
    from graphrun.comfy.loading import PackSource

Document = Workflow | Prompt


class Options(TypedDict, total=False):
    """What a run may be asked for; see `Request`, whose fields these are, and `seed`."""

    settings: Settings
    overrides: Sequence[Setting]
    targets: Sequence[str]
    keep: Sequence[str]
    keep_going: bool
    lenient: bool
    out: Path | None
    min_free: int
    seed: int


@dataclass(frozen=True)
class Request:
    """What to run, and how. Immutable: `set` gives another one.

    Attributes:
        document: a workflow or a prompt.
        settings: seed, device, folders, aliases.
        overrides: settings such as `"27.epochs=3"`, or pairs such as `("27.epochs", 3)`.
        targets: ids of nodes to run for, in the place of the document's outputs.
        keep: ids of further nodes whose outputs stay readable when the run is over.
        keep_going: have everything run that does not need a node that failed, or that is wrong.
        lenient: convert literals as ComfyUI does, whatever is lost by it.
        out: the folder that run folders are made in. None: no run folder, and outputs go to
            `settings.outputs`.
        min_free: bytes that must be free wherever the run will write.
    """

    document: Document
    settings: Settings = field(default_factory=Settings)
    overrides: Sequence[Setting] = ()
    targets: Sequence[str] = ()
    keep: Sequence[str] = ()
    keep_going: bool = False
    lenient: bool = False
    out: Path | None = None
    min_free: int = MIN_FREE

    @classmethod
    def of(
        cls,
        document: Request | Document | Mapping[str, Any] | str | Path,
        **options: Unpack[Options],
    ) -> Request:
        """A request for a document, given as itself, as JSON in memory, or as a path.

        Raises:
            DocumentError: it cannot be read, or is no workflow and no prompt.
            TypeError: an option that does not exist.
        """
        match document:
            case Request():
                request = document
            case str() | Path():
                request = cls(load_file(document))
            case Mapping():
                request = cls(read_document(document))
            case _:
                request = cls(document)
        given: dict[str, Any] = dict(options)
        if "seed" in given:
            settings = given.get("settings", request.settings)
            given["settings"] = replace(settings, seed=given.pop("seed"))
        unknown = given.keys() - {one.name for one in fields(cls)}
        if unknown:
            raise TypeError(f"unknown option {', '.join(sorted(unknown))}")
        return replace(request, **given)

    def set(self, address: str | Mapping[str, Any], value: Any = None) -> Request:
        """Another request with a value changed: `.set("27.epochs", 3)`, or several as a mapping.

        The address is a node's id, title or class, a dot, and the input.
        """
        pairs = address.items() if isinstance(address, Mapping) else [(address, value)]
        return replace(self, overrides=(*self.overrides, *pairs))

    def run(
        self,
        *,
        packs: Iterable[PackSource] = (),
        observe: Observer | Sequence[Observer] = (),
        **options: Unpack[Options],
    ) -> Report:
        """Run it in a session of its own; see `Session.run`."""
        return Session(packs).run(self, observe=observe, **options)


Runnable = Request | Document | Mapping[str, Any] | str | Path
"""A request, a document, a document as JSON in memory, or the path of one."""


class Session:
    """Packs, and the results and node objects that runs leave for later ones.

    A result that is a value (numbers, texts, tensors, …) is served to a later run in the place of
    the same node; an object of a class stays with its node id as long as prompts have the node.
    Without `remember`, and no store given, results are let go with their last consumer.

        session = graphrun.Session(packs=["my_nodes"])
        report = session.run(prompt)
        report = session.run(prompt)  # report.ran is empty
    """

    def __init__(
        self,
        packs: Iterable[PackSource] = (),
        *,
        catalog: Catalog | None = None,
        store: Store | None = None,
        remember: bool = True,
    ) -> None:
        self.catalog = catalog or Catalog.installed()
        self.store = MemoryStore() if store is None and remember else store
        self.objects: dict[tuple[str, str], Any] = {}
        self._reserve: Callable[[], None] | None = self._load_reserve if catalog is None else None
        packs = list(packs)
        if packs:
            from graphrun.comfy import loading

            self.catalog = self.catalog.with_packs(*loading.load(packs))

    def convert(self, document: Document) -> Prompt:
        """The prompt of a document: a workflow is converted, a prompt is taken as it is.

        Its notes say what was assumed, and where a given definition is not that of a pack.
        """
        prompt = self._converted(document)
        missing = any(node.class_type not in self.catalog for node in prompt.nodes.values())
        if missing and self._reserve:
            self._reserve()
            prompt = self._converted(document)
        used = (node.class_type for node in prompt.nodes.values())
        new = [d for d in self.catalog.differences(used) if d not in prompt.notes]
        return replace(prompt, notes=(*prompt.notes, *new)) if new else prompt

    def check(self, document: Document | Request) -> list[Diagnostic]:
        """Every problem of a document, in document order. Executes nothing of our own nodes."""
        request = Request.of(document)
        prompt = override(self.convert(request.document), self.catalog, request.overrides)
        return _check(prompt, self.catalog, targets=request.targets, lenient=request.lenient)

    def plan(self, request: Request) -> tuple[Plan, list[str]]:
        """The plan for a request, and what `--tiny` cut, one line each.

        Raises:
            ValidationFailed: the prompt breaks rules.
            UsageError: an override or target that cannot be followed.
        """
        prompt = self.convert(request.document)
        cuts: list[str] = []
        if request.settings.tiny:
            prompt, cuts = shrink(prompt, self.catalog)
        prompt = override(prompt, self.catalog, request.overrides)
        planned = _plan(
            prompt,
            self.catalog,
            targets=request.targets,
            seed=request.settings.seed,
            lenient=request.lenient,
            keep_going=request.keep_going,
        )
        return planned, cuts

    def run(
        self,
        document: Runnable,
        *,
        observe: Observer | Sequence[Observer] = (),
        stop: Stop | None = None,
        **options: Unpack[Options],
    ) -> Report:
        """Run a document; the report (its `folder` is where the run left its files).

        A node that fails or a stop is in the report (`status`, `error`), not an exception: what
        ran before it is still worth reading. `observe` is called with every event.

        Raises:
            DocumentError, ValidationFailed, UsageError, MissingResource: nothing ran and nothing
                was written.
        """
        request = Request.of(document, **options)
        return self.perform(request, *self.plan(request), observe=observe, stop=stop)

    def perform(
        self,
        request: Request,
        planned: Plan,
        cuts: list[str],
        *,
        observe: Observer | Sequence[Observer] = (),
        stop: Stop | None = None,
    ) -> Report:
        """The second half of `run`, for callers that looked at the plan first."""
        settings, out = request.settings, request.out
        if out is not None:
            _writable(out, request.min_free)
        preflight(planned, self.catalog, _expected(request), min_free=request.min_free)
        folder = RunFolder.named(out, planned.prompt.name) if out is not None else None
        if folder:
            settings = replace(settings, outputs=folder.outputs, temporary=folder.temporary)
        report = Report(settings=_described(request, cuts), folder=folder.path if folder else None)
        told: list[Observer] = [report, *([folder] if folder else [])]
        told += [observe] if callable(observe) else observe
        try:
            report.outputs = execute(
                planned,
                self.catalog,
                settings,
                observers=told,
                store=self.store,
                stop=stop,
                objects=self.objects,
                keep={*planned.roots, *request.keep},
                keep_going=request.keep_going,
            )
        except (NodeError, Cancelled, KeyboardInterrupt):
            pass  # the report says so
        finally:
            self._forget_objects(planned.prompt)
            if folder:
                folder.close(report)
        return report

    def _converted(self, document: Document) -> Prompt:
        return document if isinstance(document, Prompt) else _convert(document, self.catalog)

    def _load_reserve(self) -> None:
        """Load the packs that distributions declare for ComfyUI: a class is missing without."""
        from graphrun.comfy import loading

        self._reserve = None
        self.catalog = self.catalog.with_packs(*loading.reserve())

    def _forget_objects(self, prompt: Prompt) -> None:
        for node_id, class_type in tuple(self.objects):
            node = prompt.nodes.get(node_id)
            if node is None or node.class_type != class_type:
                self.objects.pop((node_id, class_type), None)


def _expected(request: Request) -> Settings:
    """Before the run folder exists, relative outputs are tried where it will be made."""
    if request.out is None:
        return request.settings
    return replace(request.settings, outputs=request.out / "(this run)")


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
        "overrides": [s if isinstance(s, str) else f"{s[0]}={s[1]!r}" for s in request.overrides],
        "targets": list(request.targets),
    }
