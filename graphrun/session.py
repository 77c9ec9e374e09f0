"""Sessions: runs of one process that share packs, results and node objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from graphrun.cache import Checkpoints, MemoryStore, Store
from graphrun.catalog import Catalog, NodeSpec, Settings
from graphrun.catalog.pack import Provider
from graphrun.catalog.running import CALL, Silent
from graphrun.convert import convert as _convert
from graphrun.documents import Prompt
from graphrun.errors import Cancelled, Diagnostic, NodeError, UsageError
from graphrun.execute import (
    Observer,
    Stop,
    execute,
    fetch,
    preflight,
    set_aside,
    uncollected,
    unwritable,
)
from graphrun.execute.events import Notice
from graphrun.plan import Plan, code, override, shrink
from graphrun.plan import check as _check
from graphrun.plan import plan as _plan
from graphrun.plan.identity import changed
from graphrun.plan.world import World
from graphrun.record.cache import Cache
from graphrun.report import Report, RunFolder, observers
from graphrun.request import Document, Options, Request, Runnable
from graphrun.sources.digests import Digests

if TYPE_CHECKING:
    from graphrun.comfy.loading import PackSource


class Session:
    """Packs, and the results and node objects that runs leave for later ones.

    A result that is a value (numbers, texts, tensors, …) is served to a later run in the place of
    the same node; an object of a class stays with its node id as long as prompts have the node.
    Without `remember`, and no store given, results are let go with their last consumer. A `cache`
    keeps results, and how far trainings are, for other processes too.

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
        cache: Cache | None = None,
        checkpoints: Checkpoints | None = None,
        remember: bool = True,
    ) -> None:
        self.cache = cache
        self.digests = cache.digests if cache else Digests()
        store = cache.store if cache and store is None else store
        self.catalog = catalog or Catalog.installed()
        self.store = MemoryStore() if store is None and remember else store
        self.checkpoints = cache.checkpoints if cache and checkpoints is None else checkpoints
        self.objects: dict[tuple[str, str], Any] = {}
        self._last: tuple[Any, Plan] | None = None
        self._unsaid: list[Diagnostic] = []
        packs = list(packs)
        if packs:
            from graphrun.comfy import loading

            self._add(*loading.load(packs))

    def convert(self, document: Document) -> Prompt:
        """The prompt of a document: a workflow is converted, a prompt is taken as it is.

        Its notes say what was assumed, and where a given definition is not that of a pack.
        """
        prompt = self._converted(document)
        missing = any(self.catalog.lacks(node.class_type) for node in prompt.nodes.values())
        if missing and self.catalog.open:
            self._load_reserve()
            prompt = self._converted(document)
        used = (node.class_type for node in prompt.nodes.values())
        new = [d for d in self.catalog.differences(used) if d not in prompt.notes]
        return replace(prompt, notes=(*prompt.notes, *new)) if new else prompt

    def check(self, document: Document | Request) -> list[Diagnostic]:
        """Every problem of a document, in document order. Executes nothing of our own nodes."""
        request = Request.of(document)
        prompt = override(self.convert(request.document), self.catalog, request.overrides)
        targets = _targets(request)
        with _folders(request.settings):
            return _check(prompt, self.catalog, targets=targets, lenient=request.lenient)

    def plan(self, request: Request) -> tuple[Plan, list[str]]:
        """The plan for a request, and what `--tiny` cut, one line each.

        Raises:
            ValidationFailed: the prompt breaks rules.
            UsageError: an override or target that cannot be followed.
        """
        self.catalog.renew()
        settings = replace(request.settings, new_folder=request.out is not None)
        with uncollected(), _folders(settings):
            prompt = override(self.convert(request.document), self.catalog, request.overrides)
            cuts: list[str] = []
            if settings.tiny:
                prompt, cuts = shrink(prompt, self.catalog)
            return self._plan(prompt, request), cuts

    def _plan(self, prompt: Prompt, request: Request) -> Plan:
        """A plan; the last one again if it was for the same, and the world looks the same."""
        options: dict[str, Any] = {
            "targets": _targets(request),
            "seed": request.settings.seed,
            "lenient": request.lenient,
            "keep_going": request.keep_going,
        }
        kinds = {node.class_type for node in prompt.nodes.values()}
        specs = {name: self.catalog[name] for name in kinds if name in self.catalog}
        question = (prompt.nodes, specs, options, self._tokens(prompt, specs), prompt.source)
        expected = replace(request.expected, new_folder=request.out is not None)
        world = World(self.catalog, expected, self.digests)
        if self._last is not None and self._last[0] == question and _same(self._last[1], world):
            return self._last[1]
        planned = _plan(prompt, self.catalog, world=world, **options)
        # Foreign classes are asked once a run, and each time; checks of their own likewise.
        asked = any(s.own_checks or (s.watches and s.foreign) for s in specs.values())
        self._last = None if asked else (question, planned)
        return planned

    def _tokens(self, prompt: Prompt, specs: Mapping[str, NodeSpec]) -> list[Any]:
        """How the world looks to our own classes, and what conversion noted."""
        watching = {name for name, s in specs.items() if s.watches and not s.foreign}
        nodes = [node for node in prompt.nodes.values() if node.class_type in watching]
        found = [changed(n, specs[n.class_type], self.catalog, []) for n in nodes]
        return [*found, prompt.notes]

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
        with uncollected():
            request = Request.of(document, **options)
            planned, cuts = self.plan(request)
        return self.perform(request, planned, cuts, observe=observe, stop=stop)

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
        stop, observe = stop or Stop(), [observe] if callable(observe) else [*observe]
        planned = self.complete(request, planned, observe, stop)
        folder, settings = self._folder(request, planned.prompt.name)
        report = self._begun(request, planned, cuts, folder)
        watching = observers(folder, tensorboard=request.tensorboard)
        try:
            with set_aside():
                report.outputs = execute(
                    planned,
                    self.catalog,
                    settings,
                    observers=[report, *watching, *observe],
                    store=self.store,
                    stop=stop,
                    objects=self.objects,
                    keep={*planned.roots, *request.keep},
                    keep_going=request.keep_going,
                    checkpoints=self.checkpoints,
                )
        except (NodeError, Cancelled, KeyboardInterrupt):
            pass  # the report says so
        finally:
            self._forget_objects(planned.prompt)
            if self.cache is not None:
                self.cache.history.write(planned, {*report.ran, *report.cached})
            if folder:
                folder.close(report)
        return report

    def complete(
        self, request: Request, planned: Plan, observers: list[Observer], stop: Stop
    ) -> Plan:
        """A plan that can run: what it needs is here, and known; what the hub has is downloaded."""

        def say(found: Diagnostic) -> None:
            self._unsaid.append(found)
            for one in observers:
                with suppress(Exception):  # one that fails is told of, and let go, by the run
                    one(Notice(diagnostic=found))

        ready(planned, self.catalog, request)
        if fetch(planned, request.expected, say, stop):
            planned, _ = self.plan(request)
            ready(planned, self.catalog, request)
        return planned

    def _folder(self, request: Request, name: str) -> tuple[RunFolder | None, Settings]:
        """The run's folder, if it is to have one, and the settings of the run."""
        settings, own = request.settings, request.folder
        if self.cache is not None and settings.cache is None:
            settings = replace(settings, cache=self.cache.folder)
        if request.out is None:
            return None, settings
        folder = RunFolder(own) if own else RunFolder.named(request.out, name)
        outputs = folder.outputs.absolute()  # as nodes tell the paths of what they wrote
        return folder, replace(settings, outputs=outputs, temporary=folder.temporary)

    def _begun(
        self, request: Request, planned: Plan, cuts: list[str], folder: RunFolder | None
    ) -> Report:
        """A report with what is known before the run; what it depends on if it leaves a folder."""
        report = Report(settings=request.described(cuts), folder=folder.path if folder else None)
        report.notices, self._unsaid = self._unsaid, []
        if folder:
            from graphrun.record.record import recorded

            report.record = recorded(planned, self.catalog, request.expected)
            report.notices += folder.keep(planned.prompt, request.document)
        return report

    def _converted(self, document: Document) -> Prompt:
        return document if isinstance(document, Prompt) else _convert(document, self.catalog)

    def _load_reserve(self) -> None:
        """Load the packs that distributions declare for ComfyUI: a class is missing without."""
        from graphrun.comfy import loading

        self._add(*loading.reserve())
        self.catalog.open = False

    def _add(self, packs: Sequence[Provider], notes: Sequence[Diagnostic]) -> None:
        before = self.catalog.notes
        for pack in packs:
            code.state(pack)  # before anybody edits what was loaded
        self.catalog = self.catalog.with_packs(packs, notes)
        self._unsaid += [note for note in self.catalog.notes if note not in before]

    def _forget_objects(self, prompt: Prompt) -> None:
        for node_id, class_type in tuple(self.objects):
            node = prompt.nodes.get(node_id)
            if node is None or node.class_type != class_type:
                self.objects.pop((node_id, class_type), None)


@contextmanager
def _folders(settings: Settings) -> Iterator[None]:
    """Checks of the nodes' own see the folders of the run that they are for."""
    token = CALL.set(Silent(settings))
    try:
        yield
    finally:
        CALL.reset(token)


@dataclass(frozen=True)
class Loaded(Request):
    """A request that can run itself: what `graphrun.load` gives."""

    def run(
        self,
        *,
        packs: Iterable[PackSource] = (),
        observe: Observer | Sequence[Observer] = (),
        **options: Unpack[Options],
    ) -> Report:
        """Run it in a session of its own; see `Session.run`."""
        return Session(packs, remember=False).run(self, observe=observe, **options)


def _targets(request: Request) -> tuple[str, ...]:
    """The targets, none for the document's outputs. An empty list was hardly meant to be all."""
    if request.targets is not None and not request.targets:
        message = "the list of targets is empty, so there is nothing to run"
        hint = "leave `targets` out to run for the outputs of the document"
        raise UsageError(Diagnostic("prompt_no_outputs", message, hint=hint))
    return tuple(request.targets or ())


def _same(planned: Plan, world: World) -> bool:
    """Whether the world is as it was when the plan was made."""
    led = tuple(world.led(planned.resources, planned.prompt))
    around, _ = world.surroundings((step.node for step in planned.steps), led)
    return led == planned.led and around == planned.around


def ready(planned: Plan, catalog: Catalog, request: Request) -> None:
    """Raise what keeps a plan from running on this machine (see `preflight`)."""
    problem = unwritable(request.out, request.min_free) if request.out is not None else None
    if problem:
        hint = "--out DIR puts the run folder elsewhere"
        raise UsageError(Diagnostic("unwritable_output", problem, hint=hint))
    preflight(planned, catalog, request.expected, min_free=request.min_free)
