"""One node on its way: asked for lazy inputs, called, perhaps replaced by a graph, done.

A node may be visited several times: between two visits it waits for inputs that it asked for, for
its coroutines, or for the graph that it built. All that lasts from one visit to the next is here.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from functools import partial
from typing import Any

from graphrun.cache import Outputs
from graphrun.catalog.awaiting import completed
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.builder import is_link
from graphrun.catalog.kind import Kind, Returned
from graphrun.catalog.mapping import calls
from graphrun.catalog.running import CALL
from graphrun.errors import Cancelled, Diagnostic, InputError
from graphrun.execute.call import Lists, blocked, blocker, gather, merge
from graphrun.execute.expansion import add, admit
from graphrun.execute.state import NodeCall, Run
from graphrun.plan import Step
from graphrun.plan.identity import digest

_TURNS = threading.RLock()
"""Held during calls that draw on generators which all runs of the process share."""


class Visit:
    """The state of one node from its first visit to its last."""

    def __init__(self, run: Run, step: Step) -> None:
        self.run, self.step = run, step
        self.start = time.perf_counter()
        self.ui: dict[str, list[Any]] = {}
        self.words: list[dict[str, Any]] = []
        self.inputs: Lists = {}
        self._asked: frozenset[str] = frozenset()
        # Of each call: `Returned`, a coroutine with its context, or the future of a started one.
        self._results: list[Any] | None = None
        self._returned: list[Returned] | None = None

    def go_on(self) -> Outputs | None:
        """The outputs, or None: the node was put back and is to be visited again."""
        if self._results is None:
            kind = self.run.catalog.kind(self.step.spec.class_type)
            with _TURNS if kind.turns else nullcontext(), self._around(kind):
                if not self._ask(kind):
                    return None
                self._results = self._call(kind)
            if self.step.spec.asynchronous and self._in_background(kind):
                return None
        if self._returned is None:
            self._returned = self._collect()
            if self._expand(self._returned):
                return None
        outputs = merge(self._returned, self.step.spec, self.run.agenda.values)
        self._enough(outputs)
        return outputs

    def _ask(self, kind: Kind) -> bool:
        """Have the node name the lazy inputs that it wants; whether it has all of them.

        It sees those that it asked for and no others, so that a result does not depend on what
        happened to be computed, nor does a blocker count that nobody wanted.
        """
        step, agenda = self.step, self.run.agenda
        while True:
            hidden, unseen = self.run.hidden(step), step.spec.lazy - self._asked
            self.inputs, missing = gather(step.node, step.spec, agenda.values, hidden, unseen)
            new = (self._wanted(kind) & missing) - self._asked if kind.wanted is not None else None
            if not new:
                return True
            self._asked |= new
            sources = [link.node_id for name, link in step.node.links() if name in new]
            if any(name not in agenda.over or name in agenda.dead for name in sources):
                agenda.suspend(step.node.id, sources)
                return False

    def _wanted(self, kind: Kind) -> set[str]:
        """What the node asks for, over all of its calls."""
        assert kind.wanted is not None
        node = self._object(kind)
        found: set[str] = set()
        whole = self.step.spec.input_is_list
        for index, inputs in enumerate(calls(self.inputs, whole)):
            if blocker(inputs, whole) is not None:
                continue  # a call that will be skipped needs nothing more
            token = CALL.set(self._call_at(index))
            try:
                names = completed(kind.wanted(node, inputs))
            finally:
                CALL.reset(token)
            # Anything else than a list means nothing, as in ComfyUI.
            found.update(names if isinstance(names, list) else ())
        for name in found - self.inputs.keys():
            message = f"it asks for the input {name}, which is not connected"
            raise InputError(message, code="required_input_missing")
        return found

    def _call(self, kind: Kind) -> list[Any]:
        """Call once per set of inputs; coroutines are created, not yet driven."""
        spec, node = self.step.spec, self._object(kind)
        found: list[Any] = []
        for index, inputs in enumerate(calls(self.inputs, spec.input_is_list)):
            if index and self.run.stop.requested:
                raise Cancelled
            obstacle = blocker(inputs, spec.input_is_list)
            if obstacle is not None:
                self._say(obstacle)
                found.append(blocked(spec))
            elif spec.asynchronous:
                context = copy_context()
                context.run(CALL.set, self._call_at(index))
                found.append((context, context.run(kind.call, node, inputs)))
            else:
                token = CALL.set(self._call_at(index))
                try:
                    result = completed(kind.call(node, inputs))
                    found.append(kind.returned(result))
                finally:
                    CALL.reset(token)
        return found

    def _in_background(self, kind: Kind) -> bool:
        """Hand coroutines to the background; whether there are any."""
        assert self._results is not None
        places = [i for i, one in enumerate(self._results) if isinstance(one, tuple)]
        if not places:
            return False
        work: Any = [self._results[i] for i in places]
        self.run.agenda.hold(self.step.node.id)
        around = partial(self._around, kind)
        futures = self.run.background.start(self.step.node.id, work, kind.around, around)
        for place, future in zip(places, futures, strict=True):
            self._results[place] = future
        return True

    def _collect(self) -> list[Returned]:
        """What every call returned, and what it showed.

        Raises:
            Exception: what the first failed coroutine raised.
        """
        assert self._results is not None
        kind = self.run.catalog.kind(self.step.spec.class_type)
        found = []
        for index, result in enumerate(self._results):
            if not isinstance(result, Returned):
                result = kind.returned(result.result())
            for key, values in result.ui.items():
                self.ui.setdefault(key, []).extend(values)
            found.append(result)
            if result.expand is not None and len(result.values) == 0 and self.step.spec.outputs:
                message = f"call {index} gave a graph and none of its outputs"
                raise InputError(message, code="invalid_return")
        return found

    def _expand(self, results: Sequence[Returned]) -> bool:
        """Add the graphs that calls gave; whether the node has to wait for them."""
        graphs = [result for result in results if result.expand is not None]
        if not graphs:
            return False
        own = self.step.node.id
        sources: list[str] = []
        for result in graphs:
            add(self.run, self.step, result.expand)
            links = [value[0] for value in result.values if is_link(value)]
            admit(self.run, self.step, links, "its result links to")
            sources += links
        self.run.agenda.let_go(own)
        self.run.agenda.suspend(own, sources)
        return True

    def _enough(self, outputs: Outputs) -> None:
        """An output that others use and that is not there is this node's fault, not theirs."""
        if len(outputs) >= len(self.step.spec.outputs):
            return
        own = self.step.node.id
        for step in self.run.agenda.steps.values():
            for name, link in step.node.links():
                if link.node_id == own and link.slot >= len(outputs):
                    raise InputError(
                        f"it returned {len(outputs)} of its {len(self.step.spec.outputs)} outputs, "
                        f"and {step.node.label} uses output {link.slot} as {name}",
                        code="invalid_return",
                    )

    def _object(self, kind: Kind) -> Any:
        key = (self.step.node.id, self.step.spec.class_type)
        objects = self.run.objects
        if key not in objects:
            objects[key] = kind.create()
        return objects[key]

    def _say(self, obstacle: Blocker) -> None:
        """The first node that a message blocks tells it; behind it the blocker is silent."""
        if obstacle.message is not None:
            node_id = self.run.display_id(self.step.node.id)
            message = f"{self.step.node.label}: blocked: {obstacle.message}"
            self.run.notice(Diagnostic("execution_blocked", message, node_id, severity="warning"))

    def _call_at(self, index: int) -> NodeCall:
        return NodeCall(self.run, self.step, self.ui, index, self.words)

    def _around(self, kind: Kind) -> AbstractContextManager[Any]:
        return self._surrounded(kind.around) if kind.around is not None else nullcontext()

    @contextmanager
    def _surrounded(self, around: Callable[[int], AbstractContextManager[Any]]) -> Iterator[None]:
        """What a pack does around every call, which sees the run's settings."""
        token = CALL.set(self._call_at(0))
        try:
            with around(self._seed()):
                yield
        finally:
            CALL.reset(token)

    def _seed(self) -> int:
        """For the node's random numbers, from the run's seed and what the node is.

        So that results depend neither on the order of nodes nor on what was served from a store.
        """
        key = self.step.draw or self.step.identity
        if key is None:
            return int(digest(["seed", self.run.plan.seed, self.step.node.id])[:15], 16)
        # The same text by hand: this is done for every node.
        text = f'["seed",{self.run.plan.seed},"{key}"]'
        return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)
