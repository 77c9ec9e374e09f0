"""The execution contract, point by point: small prompts of toy nodes, and what a run of them gives.

A case is `{about, section, verdict, packs, prompt, expect}`, or `runs` of a prompt and what is
expected of it, in one session. `contract.py` writes docs/comfyui.md from the same files.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import contract  # noqa: E402
import toybox  # noqa: E402

import graphrun  # noqa: E402
from graphrun.errors import GraphrunError  # noqa: E402
from graphrun.execute import events  # noqa: E402

PACKS = HERE / "packs"
CASES = contract.cases()

OF_A_CASE = {"about", "section", "verdict", "reason", "packs", "told", "runs"}
OF_A_RUN = {"prompt", "chain", "world", "targets", "options", "expect"}
OPTIONS = {"lenient", "keep_going", "seed"}


class Outcome:
    """One run in figures; a refusal is an outcome too."""

    def __init__(self, session: graphrun.Session, run: dict[str, Any]) -> None:
        expect = run["expect"]
        toybox.CALLS.clear()
        toybox.WORLD.update(run.get("world", {}))
        self.told: list[events.Event] = []
        self.report, self.refusal = None, None
        try:
            self.report = session.run(
                prompt(run),
                targets=run.get("targets"),
                keep=[i for i in expect.get("outputs", {}) if i in prompt(run)],
                observe=self.told.append,
                **run.get("options", {}),
            )
        except GraphrunError as error:
            self.refusal = error
        self.calls = json.loads(json.dumps(toybox.CALLS))

    def problems(self) -> list[Any]:
        return [d for d in self.refusal.diagnostics if d.severity == "error"]

    def notices(self) -> list[Any]:
        return [d for d in self.report.notices if d.severity != "info"]


def prompt(run: dict[str, Any]) -> dict[str, Any]:
    """The prompt of a run; `chain` stands for a number, as many additions of 1, and a display."""
    if "prompt" in run:
        return run["prompt"]
    length = run["chain"]
    nodes = {"0": {"class_type": "Number", "inputs": {"value": 0}}}
    for i in range(1, length + 1):
        nodes[str(i)] = {"class_type": "Add", "inputs": {"a": [str(i - 1), 0], "b": 1}}
    nodes["end"] = {"class_type": "Show", "inputs": {"value": [str(length), 0]}}
    return nodes


def _calls_of(outcome: Outcome, expected: dict[str, Any]) -> dict[str, Any]:
    return {name: [i for n, i in outcome.calls if n == name] for name in expected}


def _outputs(outcome: Outcome, expected: dict[str, Any]) -> dict[str, Any]:
    found = {name: toybox.plain(outcome.report.outputs[name]) for name in expected}
    assert all(isinstance(slot, list) for slots in found.values() for slot in slots)
    return found


def _error(outcome: Outcome, expected: dict[str, Any]) -> dict[str, Any]:
    """The first failure; of its message, the part that the case has."""
    found = outcome.report.error.diagnostic
    part = expected.get("message", "")
    message = part if part in found.message else found.message
    values = {"code": found.code, "node": found.node_id, "message": message}
    return {name: values[name] for name in expected}


def _told(outcome: Outcome, expected: list[Any]) -> list[Any]:
    """Warnings with their node, and a part of the message where the case has one."""
    found = [[notice.code, notice.node_id, notice.message] for notice in outcome.notices()]
    for one, wanted in zip(found, expected, strict=False):
        if len(wanted) < 3 or wanted[2] in one[2]:
            one[2:] = wanted[2:]
    return found


def _progress(outcome: Outcome, expected: list[Any]) -> list[Any]:
    return [[e.node_id, e.step, e.total] for e in outcome.told if isinstance(e, events.Progress)]


def _invalid(outcome: Outcome, expected: list[Any]) -> list[Any]:
    assert isinstance(outcome.refusal, graphrun.ValidationFailed)
    return sorted([[d.code, d.node_id, d.input] for d in outcome.problems()], key=str)


def _display(outcome: Outcome, expected: dict[str, Any]) -> dict[str, Any]:
    return {i: outcome.report.nodes[i].display_id for i in expected}


def _events(kind: type) -> Callable[[Outcome, Any], list[str]]:
    return lambda outcome, _: [e.node_id for e in outcome.told if isinstance(e, kind)]


def _says(outcome: Outcome, expected: str) -> str:
    return expected if expected in str(outcome.refusal) else str(outcome.refusal)


def _refused(outcome: Outcome, expected: list[Any]) -> list[Any]:
    assert isinstance(outcome.refusal, GraphrunError)
    return sorted({d.code for d in outcome.problems()})


FOUND: dict[str, Callable[[Outcome, Any], Any]] = {
    "outputs": _outputs,
    "ui": lambda o, _: toybox.plain(o.report.ui),
    "ran": lambda o, _: o.report.ran,
    "ran_set": lambda o, _: sorted(o.report.ran),
    "calls": lambda o, _: o.calls,
    "calls_of": _calls_of,
    "cached": lambda o, _: o.report.cached,
    "error": _error,
    "started": _events(events.NodeStarted),
    "finished": _events(events.NodeFinished),
    "invalid": _invalid,
    "refused": _refused,
    "says": _says,
    "warnings": _told,
    "blocked": lambda o, _: o.report.blocked,
    "status": lambda o, _: o.report.status,
    "progress": _progress,
    "display": _display,
    "inputs": lambda o, _: dict(o.report.error.inputs),
}
"""How to read off an outcome what a case may expect."""

OF_REFUSALS = {"invalid", "refused", "says"}


@pytest.fixture(autouse=True)
def _fresh_world() -> Iterator[None]:
    toybox.WORLD.clear()
    yield
    toybox.CALLS.clear()
    toybox.WORLD.clear()


@pytest.mark.parametrize("case", CASES, ids=contract.name)
def test_the_engine_does_what_the_case_says(case: dict[str, Any]) -> None:
    _well_formed(case)
    session = graphrun.Session(packs=[PACKS / name for name in case["packs"]])
    if "told" in case:
        found = [n for n in session.catalog.notes if n.severity != "info"]
        assert [n.code for n in found] == [code for code, _ in case["told"]]
        assert all(part in n.message for n, (_, part) in zip(found, case["told"], strict=True))
    for run in contract.runs(case):
        _check(Outcome(session, run), run["expect"])


def _check(outcome: Outcome, expect: dict[str, Any]) -> None:
    refused = OF_REFUSALS & expect.keys()
    if not refused and outcome.refusal is not None:
        raise outcome.refusal
    assert bool(refused) == (outcome.refusal is not None)
    if not refused and "status" not in expect:
        wanted = "failed" if "error" in expect else "success"
        assert outcome.report.status == wanted, outcome.report.error
    found = {key: FOUND[key](outcome, value) for key, value in expect.items()}
    for key in ("invalid", "ran_set"):
        if key in expect:
            expect = {**expect, key: sorted(expect[key], key=str)}
    assert found == expect


def _well_formed(case: dict[str, Any]) -> None:
    """A case that is misspelt, or that nothing could contradict, is no case."""
    assert set(case) <= OF_A_CASE | OF_A_RUN
    assert ("runs" in case) != ("expect" in case)
    assert case["verdict"] in contract.VERDICTS
    assert ("reason" in case) == (case["verdict"] != "same"), "a deviation has a reason"
    for run in contract.runs(case):
        assert set(run) <= OF_A_RUN
        assert ("prompt" in run) != ("chain" in run)
        assert set(run.get("options", {})) <= OPTIONS
        assert set(run["expect"]) <= FOUND.keys()
        assert run["expect"], "nothing is expected"
        refused = OF_REFUSALS & run["expect"].keys()
        assert not refused or refused == run["expect"].keys()


def test_every_section_has_cases() -> None:
    sections = {case["section"] for case in CASES}
    assert sections == set(contract.SECTIONS)


def test_no_point_is_made_twice() -> None:
    counted = Counter(case["about"] for case in CASES)
    assert [about for about, times in counted.items() if times > 1] == []


def test_the_document_is_what_the_cases_say() -> None:
    assert contract.DOCUMENT.read_text("utf-8") == contract.document(CASES)
