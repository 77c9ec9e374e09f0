"""Runs that fail, and tests that expect them to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.testing.expectations import Evidence
from graphrun.testing.model import Test


def refused(test: Test, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings about a run that did not start, for reasons that have no node of a report."""
    errors = [one for one in found if one.severity == "error"]
    wanted = test.table.get("fails")
    if wanted is None:
        return [test.finding("refused", f"the run was refused: {_codes(errors)}"), *errors]
    if any(_fits(wanted, one, {str(one.node_id)}) for one in errors):
        message = "the run was refused before it started, so there is nothing to compare"
        untold = [key for key in ("nodes", "shows", "notices") if key in test.table]
        return [test.finding("refused", f"{key}: {message}", key) for key in untold]
    return [_other(test, wanted, errors), *errors]


def of_run(seen: Evidence) -> Iterator[Diagnostic]:
    """Findings about how a run ended: as a success, unless the test expects a failure."""
    test, wanted = seen.test, seen.test.table.get("fails")
    errors = [one.diagnostic for one in seen.report.failures]
    if wanted is None:
        for failure in seen.report.failures:
            label = seen.nodes[failure.node_id].label
            yield test.finding("run_failed", f"the run failed at {label}", hint=_shown(failure))
            yield failure.diagnostic
        # With `keep_going`: outputs that were left out because of errors in the file.
        yield from (one for one in seen.report.notices if one.severity == "error")
        return
    left_out = [one for one in seen.report.notices if one.severity == "error"]
    for one in (*errors, *left_out):
        node = seen.nodes[str(one.node_id)]
        if _fits(wanted, one, {node.id, node.title, node.class_type}):
            return
    yield _other(test, wanted, [*errors, *left_out])
    yield from (*errors, *left_out)


def _fits(wanted: Mapping[str, Any], found: Diagnostic, names: set[str]) -> bool:
    node = wanted.get("node")
    return (
        found.code == wanted["code"]
        and (node is None or node in names or f"node {found.node_id} ({node}" in found.message)
        and wanted.get("message", "") in found.message
    )


def _other(test: Test, wanted: Mapping[str, Any], found: list[Diagnostic]) -> Diagnostic:
    expected = wanted["code"]
    if "node" in wanted:
        expected += f" of node {wanted['node']}"
    if "message" in wanted:
        expected += f" with {wanted['message']!r}"
    said = _codes(found) if found else "the run was a success"
    return test.finding("other_failure", f"expected {expected}; found: {said}", "fails")


def _codes(found: Iterable[Diagnostic]) -> str:
    each = (f"{one.code} of node {one.node_id}" if one.node_id else one.code for one in found)
    return ", ".join(dict.fromkeys(each))


def _shown(failure: Any) -> str | None:
    """What the node was given, and its own lines of the traceback, if the error is unforeseen."""
    if failure.diagnostic.code != "node_failed":
        return None
    given = ", ".join(f"{k}: {v}" for k, v in failure.inputs.items())
    trace = failure.traceback.rstrip().replace("\n", "\n  ")
    return "\n  ".join(filter(None, [f"it was given {given}" if given else "", trace])) or None
