"""What a test expects of a run: one generator of findings for each of its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.report import LIBRARY, Report
from graphrun.testing.comparing import Tolerance, difference
from graphrun.testing.goldens import Golden
from graphrun.testing.model import Test
from graphrun.testing.naming import Nodes, Unnamed
from graphrun.testing.values import shown

NOTHING = "nothing is recorded"


@dataclass(frozen=True)
class Evidence:
    """A run that was finished, and what it is compared with; `update` records golden values."""

    test: Test
    report: Report
    nodes: Nodes
    golden: Golden
    update: bool = False

    def state(self, node_id: str) -> str:
        """How a node ended; one that is not in the plan is pending: nothing asked for it."""
        node = self.report.nodes.get(node_id)
        return node.state if node else "pending"

    def recorded(self, kind: str, key: str, compare: Callable[[Any], str | None]) -> str | None:
        """The difference of what is recorded to what was found; None if it still holds.

        With `update` what still holds stays, and the caller records what does not.
        """
        held = self.golden.get(kind, key)
        found = None if held is None else compare(held)
        if held is not None and found is None:
            self.golden.put(kind, key, held)
        return NOTHING if held is None else found


def nodes(seen: Evidence) -> Iterator[Diagnostic]:
    """Which nodes were computed, and how nodes ended."""
    table, ran = seen.test.table.get("nodes", {}), seen.report.ran
    for key in ("ran", "must_run", "must_not_run"):
        if key in table:
            expected = yield from _ids(table[key], seen, "nodes", key)
            yield from _ran(key, expected, ran, seen)
    for name, state in table.get("states", {}).items():
        path = ("nodes", "states", name)
        for node_id in (yield from _ids([name], seen, *path)):
            found = seen.state(node_id)
            if found != state:
                label = seen.nodes[node_id].label
                message = f"{label}: expected {state}, found {found}"
                yield seen.test.finding("other_state", message, *path)


def _ids(
    names: Sequence[str], seen: Evidence, *path: str
) -> Generator[Diagnostic, None, list[str]]:
    """The ids that names lead to; findings for those that lead nowhere."""
    found = []
    for name in names:
        try:
            found.append(seen.nodes.named(name, *path).id)
        except Unnamed as unnamed:
            yield unnamed.finding
    return found


def _ran(
    key: str, expected: Sequence[str], ran: Sequence[str], seen: Evidence
) -> Iterator[Diagnostic]:
    said = []
    missing = [one for one in expected if one not in ran]
    surplus = [one for one in ran if one not in expected]
    if key != "must_not_run" and missing:
        states = (f"{seen.nodes[i].label} ({seen.state(i)})" for i in missing)
        said.append(f"expected to run, but did not: {', '.join(states).replace('node ', '')}")
    if key == "ran" and surplus:
        said.append(f"ran, but were not expected to: {seen.nodes.labels(surplus)}")
    if key == "must_not_run" and (wrong := [one for one in expected if one in ran]):
        said.append(f"ran, but must not: {seen.nodes.labels(wrong)}")
    for message in said:
        yield seen.test.finding("other_nodes", message, "nodes", key)


def metrics(seen: Evidence) -> Iterator[Diagnostic]:
    """Final figures: bounds, values, and their way from the first to the last."""
    for name, wanted in seen.test.table.get("metrics", {}).items():
        series = _series(name, seen.report)
        path = ("metrics", name)
        if not series:
            known = ", ".join(seen.report.final) or "none"
            message, hint = f"the run has no figure {name!r}", f"figures: {known}"
            yield seen.test.finding("unknown_metric", message, *path, hint=hint)
            continue
        table = wanted if isinstance(wanted, Mapping) else {"value": wanted}
        for said in _figure(name, table, series, seen):
            yield seen.test.finding("other_metric", f"{name}: {said}", *path)


def _series(name: str, report: Report) -> list[Any]:
    """The values of a figure in their order; of one node if the name begins with its id."""
    plain = [entry[name] for entry in report.metrics if name in entry]
    node_id, dot, figure = name.rpartition(".")
    if plain or not dot:
        return plain
    return [e[figure] for e in report.metrics if e["node"] == node_id and figure in e]


def _figure(
    name: str, wanted: Mapping[str, Any], series: Sequence[Any], seen: Evidence
) -> Iterator[str]:
    last = series[-1]
    if not isinstance(last, int | float):
        yield f"it is no number but {shown(last)}"
        return
    # What is not a number is not within bounds either.
    if "min" in wanted and not last >= wanted["min"]:
        yield f"expected at least {wanted['min']}, found {last!r}{_by(wanted['min'], last, 'less')}"
    if "max" in wanted and not last <= wanted["max"]:
        yield f"expected at most {wanted['max']}, found {last!r}{_by(last, wanted['max'], 'more')}"
    if "falls" in wanted and not last < series[0]:
        yield f"expected to fall, went from {series[0]!r} to {last!r}"
    if "rises" in wanted and not last > series[0]:
        yield f"expected to rise, went from {series[0]!r} to {last!r}"
    if "value" in wanted:
        found = difference(wanted["value"], float(last), Tolerance.of(wanted))
        yield from filter(None, [found])
    if "golden" in wanted:
        tolerance = Tolerance.of(wanted, golden=True)
        found = seen.recorded(
            "metrics", name, lambda held: difference(held, float(last), tolerance)
        )
        if found and seen.update:
            seen.golden.put("metrics", name, last)
        elif found:
            yield in_golden(found)


def _by(more: float, less: float, word: str) -> str:
    """How far a figure is out of its bound, where that is a number."""
    try:
        return "" if more != more or less != less else f" ({more - less:.3g} {word})"
    except OverflowError:  # a bound that is larger than any float
        return ""


def in_golden(said: str) -> str:
    """A difference to what is recorded, as a message has it."""
    if said == NOTHING:
        return f"{said}; `graphrun test --update` records it"
    return said.replace("expected", "recorded", 1)


def shows(seen: Evidence) -> Iterator[Diagnostic]:
    """Texts that nodes showed."""
    texts = seen.report.texts
    for name, wanted in seen.test.table.get("shows", {}).items():
        table = wanted if isinstance(wanted, Mapping) else {"text": wanted}
        for node_id in (yield from _ids([name], seen, "shows", name)):
            found, label = "\n".join(texts.get(node_id, ())), seen.nodes[node_id].label
            for said in _text(table, found, shown_any=node_id in texts):
                yield seen.test.finding("other_text", f"{label}: {said}", "shows", name)


def _text(wanted: Mapping[str, Any], found: str, *, shown_any: bool) -> Iterator[str]:
    there = f"it showed {shown(found)}" if shown_any else "it showed no text"
    if "text" in wanted and (found != wanted["text"] or not shown_any):
        yield f"expected {shown(wanted['text'])}; {there}"
    if "contains" in wanted and (wanted["contains"] not in found or not shown_any):
        yield f"expected a text with {wanted['contains']!r}; {there}"
    if "matches" in wanted and not (shown_any and re.search(wanted["matches"], found)):
        yield f"expected a match of {wanted['matches']!r}; {there}"


def files(seen: Evidence) -> Iterator[Diagnostic]:
    """Files that nodes wrote."""
    wanted = seen.test.table.get("files")
    if wanted is None:
        return
    left = [PurePath(path) for path in seen.report.files]
    # Names before patterns, which would take their files.
    for pattern in sorted(wanted, key=lambda one: any(sign in one for sign in "*?[")):
        depth = len(PurePath(pattern).parts)
        fitting = [p for p in left if fnmatchcase("/".join(p.parts[-depth:]), pattern)]
        if fitting:
            left.remove(fitting[0])
        else:
            names = ", ".join(PurePath(p).name for p in seen.report.files) or "nothing"
            message = f"no file {pattern!r} was written; written: {names}"
            yield seen.test.finding("missing_output_file", message, "files")
    if left:
        message = f"written, but not expected: {', '.join(path.name for path in left)}"
        yield seen.test.finding("other_files", message, "files")


def notices(seen: Evidence) -> Iterator[Diagnostic]:
    """What was said in the run, but for the words of libraries."""
    table, said = seen.test.table.get("notices", {}), seen.report.notices
    for wanted in table.get("expected", ()):
        if not any(_says(one, wanted) for one in said):
            codes = ", ".join(dict.fromkeys(one.code for one in said)) or "none"
            message = f"nothing said {wanted!r}; codes: {codes}"
            yield seen.test.finding("missing_notice", message, "notices", "expected")
    for unwanted in table.get("forbidden", ()):
        for one in said:
            if _says(one, unwanted):
                message = f"{unwanted!r} was said: {one.message}"
                yield seen.test.finding("unwanted_notice", message, "notices", "forbidden")
    if table.get("warnings") is False:
        for one in said:
            expected = any(_says(one, wanted) for wanted in table.get("expected", ()))
            if one.severity == "warning" and one.code != LIBRARY and not expected:
                message = f"a warning that was not expected: [{one.code}] {one.message}"
                yield seen.test.finding("unwanted_notice", message, "notices", "warnings")


def _says(one: Diagnostic, words: str) -> bool:
    return one.code == words or words in one.message
