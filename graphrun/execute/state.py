"""The state of one run: what is still needed, who is told, and whether to stop."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphrun.cache import Checkpoint, Checkpoints, Store, Stored
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import CALL
from graphrun.documents import Link
from graphrun.errors import Cancelled, Diagnostic, NodeError, Severity
from graphrun.execute.agenda import Agenda
from graphrun.execute.background import Background
from graphrun.execute.dynamic import DynamicPrompt
from graphrun.execute.events import Event, Metric, Notice, Observer, Progress
from graphrun.plan import Plan, Step


class Stop:
    """A request to stop, set from a signal handler or another thread.

    `over` says that the run has ended and only its report is being written.
    """

    def __init__(self) -> None:
        self.requested = False
        self.over = False

    def request(self) -> None:
        self.requested = True


Objects = dict[tuple[str, str], Any]
"""The objects of nodes, by id and class; a session keeps them over its runs."""


@dataclass
class Run:
    """One execution: its agenda, and the observers that still listen."""

    plan: Plan
    catalog: Catalog
    settings: Settings
    observers: list[Observer]
    stop: Stop
    store: Store | None = None
    objects: Objects = field(default_factory=dict)
    keep: Collection[str] = ()
    keep_going: bool = False
    served: dict[str, Stored] = field(default_factory=dict)
    unneeded: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """What nodes said in an earlier run whose results nothing needs in this one."""
    firsts: dict[str, str] = field(default_factory=dict)
    shareable: dict[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    """Nodes whose outputs may be handed to nodes that do the same, and what they showed."""
    astray: set[str] = field(default_factory=set)
    """Nodes whose results are not those that were planned: a file was changed meanwhile."""
    failures: list[NodeError] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    checkpoints: Checkpoints | None = None
    kept: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    """Where calls keep how far they are, by node and number of the call."""

    def __post_init__(self) -> None:
        self.agenda = Agenda(self.served.__contains__)
        self.background = Background()
        self._telling = threading.RLock()  # coroutines speak from a thread of their own

    @cached_property
    def prompt_json(self) -> dict[str, Any]:
        """The prompt with its literals as they are used, for nodes that ask for it."""
        return self.plan.prompt.to_json()

    @cached_property
    def dynamic(self) -> DynamicPrompt:
        return DynamicPrompt(self.prompt_json)

    @cached_property
    def pnginfo(self) -> dict[str, Any] | None:
        workflow = self.plan.prompt.workflow
        return {"workflow": workflow} if workflow is not None else None

    def serve(self, steps: Sequence[Step], roots: Collection[str]) -> None:
        """Look for results of these nodes from before the run, as far as something needs them.

        `roots` are needed with all of their outputs; of the others, those that feed a node which
        will run. Of nodes that nothing needs, what they said is looked for: to the report they are
        as much a part of the run as those that are served.
        """
        if self.store is None:
            return
        wanted: defaultdict[str, set[int]] = defaultdict(set)
        for step in reversed(steps):
            name = step.node.id
            whole, slots = name in roots, wanted.get(name, set())
            if step.identity and not step.passing:
                if not (whole or slots or step.spec.shows_anyway):
                    self._glance(step)
                    continue
                if self._fetch(step, None if whole or not slots else slots):
                    continue
            if whole or slots:
                for _, link in step.node.links():
                    wanted[link.node_id].add(link.slot)

    def _fetch(self, step: Step, slots: Collection[int] | None) -> bool:
        """Look for a result that has these outputs, None for all."""
        assert self.store is not None
        stored = self._ask(step, self.store.get, step.identity)
        if stored is None or not _has(stored, step, slots):
            return False
        self.served[step.node.id] = stored
        return True

    def _glance(self, step: Step) -> None:
        assert self.store is not None
        said = self._ask(step, self.store.glance, step.identity)
        if said is not None:
            self.unneeded[step.node.id] = said

    def demand(self, links: Iterable[Link]) -> None:
        """Have outputs that a graph links to which came later: served ones may lack them."""
        for link in links:
            stored = self.served.get(link.node_id)
            values = self.agenda.values.get(link.node_id)
            if stored is not None and not _present(stored.outputs, link.slot):
                del self.served[link.node_id]
            if values is not None and not _present(values, link.slot):
                del self.agenda.values[link.node_id]  # it is over, and runs again when entered

    def is_astray(self, step: Step) -> bool:
        """Whether a node, or one above it, read something else than was there when it was planned.

        Nothing of it is kept: its identity is that of the file that was there before.
        """
        return step.node.id in self.astray or not self.astray.isdisjoint(step.uses)

    def look_back(self, step: Step) -> None:
        """Find out whether a node that has run is astray."""
        if self.is_astray(step):
            self.astray.add(step.node.id)
        elif not self.plan.is_up_to_date(step.node):
            self.astray.add(step.node.id)
            message = "what it reads was changed during the run: its result is not kept"
            self.say(step, [{"notice": ["changed_meanwhile", message, None, "warning", None]}])

    def put(self, step: Step, stored: Stored) -> None:
        """Hand a result to the store."""
        if self.store is not None and step.identity:
            self._ask(step, self.store.put, step.identity, stored)

    def _ask(self, step: Step, store: Callable[..., Any], *about: Any) -> Any:
        """Ask the store; what it has to say is said to the run, as a word of the node."""
        if not getattr(self.store, "speaks", False):
            return store(*about)
        token = CALL.set(NodeCall(self, step, {}))
        try:
            return store(*about)
        finally:
            CALL.reset(token)

    def checkpoint(self, step: Step, index: int) -> Checkpoint | None:
        """Where a call keeps how far it is; the same object from its first visit to its last."""
        own = step.lineage or step.identity
        if self.checkpoints is None or own is None or step.passing or self.is_astray(step):
            return None
        call = step.node.id, index
        if call not in self.kept:
            about = {"class_type": step.spec.class_type, "title": step.node.title}
            key = f"{own}/{index}" if index else own
            self.kept[call] = self.checkpoints.at(key, about)
        return self.kept[call]

    def hidden(self, step: Step) -> Mapping[str, Any]:
        """Values of the hidden inputs that a node declares, by token."""
        if not step.spec.hidden:
            return {}
        known: dict[str, Callable[[], Any]] = {
            "UNIQUE_ID": lambda: step.node.id,
            "PROMPT": lambda: self.prompt_json,
            "DYNPROMPT": lambda: self.dynamic,
            "EXTRA_PNGINFO": lambda: self.pnginfo,
            "AUTH_TOKEN_COMFY_ORG": lambda: None,
            "API_KEY_COMFY_ORG": lambda: None,
            "COMFY_USAGE_SOURCE": lambda: None,
        }
        return {one.type: known[one.type]() for one in step.spec.hidden if one.type in known}

    def display_id(self, node_id: str) -> str:
        """The id of the file's node that an added node belongs to; of others, their own."""
        if node_id in self.plan.prompt.nodes:
            return node_id
        return self.dynamic.get_real_node_id(node_id)

    def tell(self, event: Event) -> None:
        """Hand an event to every observer. One that raises is told nothing more.

        A view whose terminal has gone, or a log on a full disk, must not cost a training.
        """
        with self._telling:
            for observer in tuple(self.observers):
                try:
                    observer(event)
                except Exception as error:
                    self.observers.remove(observer)
                    name = getattr(observer, "__name__", type(observer).__name__)
                    message = f"{name} stopped listening: {type(error).__name__}: {error}"
                    lost = Diagnostic("observer_failed", message, severity="warning")
                    self.tell(Notice(diagnostic=lost))

    def say(self, step: Step, words: Iterable[Mapping[str, Any]]) -> None:
        """Figures and notices of a node, as it says them or as it said them in an earlier run."""
        for word in words:
            if "metric" in word:
                self.tell(Metric(node_id=step.node.id, values=word["metric"]))
            else:
                code, message, input, severity, hint = word["notice"]
                node_id = self.display_id(step.node.id)
                self.notice(Diagnostic(code, message, node_id, input, severity, hint))

    def notice(self, diagnostic: Diagnostic) -> None:
        self.tell(Notice(diagnostic=self.plan.prompt.located(diagnostic)))


def _has(stored: Stored, step: Step, slots: Collection[int] | None) -> bool:
    """Whether a result has these outputs, None for all."""
    outputs = stored.outputs
    if slots is None:
        slots = range(len(step.spec.outputs))
    return all(_present(outputs, slot) for slot in slots)


def _present(outputs: Sequence[Any], slot: int) -> bool:
    """A slot beyond the outputs is a mistake, which is told where it is used."""
    return slot >= len(outputs) or outputs[slot] is not None


@dataclass(slots=True)
class NodeCall:
    """The engine's side of a running node (`catalog.running.Call`)."""

    run: Run
    step: Step
    ui: dict[str, list[Any]]
    index: int = 0
    words: list[dict[str, Any]] = field(default_factory=list)
    """What the node said that is said again when its result is served."""
    builders: int = 0

    @property
    def settings(self) -> Settings:
        return self.run.settings

    @property
    def said(self) -> set[str]:
        return self.run.said

    @property
    def node_id(self) -> str:
        return self.step.node.id

    def next_builder(self) -> int:
        self.builders += 1
        return self.builders - 1

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None:
        if self.run.stop.requested:
            raise Cancelled
        node_id = self.step.node.id
        self.run.tell(Progress(node_id=node_id, step=step, total=total, metrics=metrics))

    def metric(self, values: Mapping[str, Any]) -> None:
        self._say({"metric": dict(values)})

    def notice(
        self, message: str, *, code: str, input: str | None, severity: Severity, hint: str | None
    ) -> None:
        self._say({"notice": [code, message, input, severity, hint]})

    def _say(self, word: dict[str, Any]) -> None:
        self.words.append(word)
        self.run.say(self.step, [word])

    def show(self, ui: Mapping[str, list[Any]]) -> None:
        for key, values in ui.items():
            self.ui.setdefault(key, []).extend(values)

    @property
    def class_type(self) -> str:
        return self.step.node.class_type

    def cancelled(self) -> bool:
        return self.run.stop.requested

    def checkpoint(self) -> Checkpoint | None:
        return self.run.checkpoint(self.step, self.index)
