"""All members of a sweep are looked at before any of them runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from graphrun.documents import Prompt
from graphrun.errors import (
    Diagnostic,
    GraphrunError,
    MissingResource,
    UsageError,
    ValidationFailed,
)
from graphrun.execute import Stop
from graphrun.plan import Plan, Step
from graphrun.record.outlook import Verdict, outlook
from graphrun.request import Request
from graphrun.session import Session, ready
from graphrun.sweep.grid import Member


@dataclass(frozen=True)
class Checked:
    """A member that can run: its plan, and what would become of each node.

    The `key` is a digest of all identities: members of one key give the same results.
    """

    member: Member
    request: Request
    plan: Plan
    verdicts: tuple[Verdict, ...]
    key: str

    @cached_property
    def doing(self) -> dict[str, Verdict]:
        """By id, the nodes that would run or go on."""
        return {v.step.node.id: v for v in self.verdicts if v.action in ("run", "resumed")}

    @cached_property
    def steps(self) -> dict[str, Step]:
        return {step.node.id: step for step in self.plan.steps}

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Every value that is not the file's, as a file of parameters has it."""
        found: dict[str, dict[str, Any]] = {}
        for node_id, name in self.given:
            found.setdefault(node_id, {})[name] = self.given[node_id, name]
        return found

    @property
    def given(self) -> Mapping[tuple[str, str], Any]:
        prompt = self.plan.prompt
        return {key: prompt.nodes[key[0]].inputs[key[1]] for key in prompt.settings}


def request_for(request: Request, member: Member) -> Request:
    """The request of one member: the sweep's with its values, which go before all others."""
    found = replace(request, overrides=[*request.overrides, *member.settings])
    if member.seed is not None:
        found = replace(found, settings=replace(found.settings, seed=member.seed))
    return found


def check(
    session: Session,
    request: Request,
    members: Iterable[Member],
    *,
    wrong: Iterable[Diagnostic] = (),
    dry: bool = False,
    say: Callable[[Diagnostic], None] = lambda one: None,
) -> list[Checked]:
    """Plan every member, look for what it needs, and then download what the hub has.

    A `dry` check leaves what is missing to `obstacles`, as the verdicts tell of it too.

    Args:
        wrong: what is already known to be wrong with the values.

    Raises:
        GraphrunError: members that cannot run; the problems of all of them, each told once.
    """
    problems = _Problems(wrong)
    planned = []
    for member in members:
        own = request_for(request, member)
        with problems.collected():
            plan, _ = session.plan(own)
            if not dry:
                ready(plan, session.catalog, own)
            planned.append((member, own, plan))
    problems.end()
    found = []
    for member, own, plan in planned:
        if not dry:
            with problems.collected():
                plan = session.complete(own, plan, [lambda event: _notice(event, say)], Stop())
        verdicts = tuple(outlook(plan, session.catalog, own.settings, session.cache))
        found.append(Checked(member, own, plan, verdicts, key_of(plan)))
    problems.end()
    return found


def obstacles(session: Session, checked: Iterable[Checked]) -> GraphrunError | None:
    """What keeps members of a dry check from running here, each once."""
    problems = _Problems(())
    for one in checked:
        with problems.collected():
            ready(one.plan, session.catalog, one.request)
    try:
        problems.end()
    except GraphrunError as error:
        return error
    return None


class _Problems:
    """What is wrong with members, each once, and as which kind of error it is raised."""

    def __init__(self, wrong: Iterable[Diagnostic]) -> None:
        self._found = {str(one): one for one in wrong}
        self._kinds: set[type[GraphrunError]] = {UsageError} if self._found else set()

    @contextmanager
    def collected(self) -> Iterator[None]:
        try:
            yield
        except GraphrunError as error:
            self._kinds.add(type(error))
            self._found |= {str(one): one for one in error.diagnostics if self._is_new(one)}

    def _is_new(self, one: Diagnostic) -> bool:
        return str(one) not in self._found

    def end(self) -> None:
        """Raise what was found, if anything was."""
        order: tuple[type[GraphrunError], ...] = (UsageError, ValidationFailed, MissingResource)
        if self._found:
            kind = next((one for one in order if one in self._kinds), GraphrunError)
            raise kind(self._found.values())


def _notice(event: Any, say: Callable[[Diagnostic], None]) -> None:
    found = getattr(event, "diagnostic", None)
    if found is not None:
        say(found)


def key_of(plan: Plan) -> str:
    """A digest of what a plan computes: of the identities of its nodes and their literals."""
    parts = [[s.node.id, s.identity, s.node.class_type, _literals(s)] for s in plan.steps]
    return _digest([plan.seed, plan.roots, parts])


def sweep_key(prompt: Prompt, members: Iterable[Member]) -> str:
    """A digest of what was asked for, by which the same command finds what it left."""
    return _digest([prompt.to_json(), [[dict(one.values), one.seed] for one in members]])


def _literals(step: Step) -> dict[str, str]:
    return {name: repr(value) for name, value in step.node.inputs.items()}


def _digest(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
