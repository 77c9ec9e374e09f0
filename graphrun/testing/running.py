"""A test → its run → what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrun.catalog import Catalog, Settings
from graphrun.catalog.aliases import alias
from graphrun.documents import load
from graphrun.errors import Diagnostic, DocumentError, GraphrunError
from graphrun.plan import Plan, Setting
from graphrun.record.cache import Cache
from graphrun.report import Report
from graphrun.request import Request
from graphrun.session import Session
from graphrun.testing import budgets, expectations, failures
from graphrun.testing.expectations import Evidence
from graphrun.testing.goldens import Baseline, Golden
from graphrun.testing.model import Result, Test
from graphrun.testing.naming import Node, Nodes
from graphrun.testing.outputs import kept, outputs

_TABLES = (
    expectations.nodes,
    expectations.metrics,
    outputs,
    expectations.shows,
    expectations.files,
    expectations.notices,
)


@dataclass(frozen=True)
class Around:
    """What tests are run in, besides what their files say.

    Attributes:
        settings: what a test does not say itself: aliases, folders, device.
        catalog: in the place of the installed packs.
        cache: what tests with `cache = true` use; None: nothing.
        out: where run folders are made and stay; None: they go with the test.
    """

    settings: Settings = field(default_factory=Settings)
    catalog: Catalog | None = None
    cache: Cache | None = None
    out: Path | None = None


def run(test: Test, around: Around | None = None, *, update: bool = False) -> Result:
    """Run a test in this process, in a run folder of its own; what became of it.

    With `update`, golden values and baselines are recorded anew if the run was a success: what
    still holds stays. A run that is interrupted interrupts the test.

    Raises:
        KeyboardInterrupt: the run was stopped.
    """
    if "skip" in test.table:
        return Result(test, "skipped", reason=test.table["skip"])
    started = time.perf_counter()
    result = Result(test)
    with TemporaryDirectory(prefix="graphrun-test-", ignore_cleanup_errors=True) as folder:
        try:
            _tried(test, around or Around(), Path(folder), result, update=update)
        except DocumentError as error:
            result.outcome, result.findings = "error", list(error.diagnostics)
        except GraphrunError as error:
            result.findings += error.diagnostics
    if result.findings and result.outcome == "passed":
        result.outcome = "failed"
    result.seconds = time.perf_counter() - started
    return result


def request_of(test: Test, around: Around) -> Request:
    """What a test asks for: its words over what is around it.

    Raises:
        DocumentError: the workflow cannot be read.
    """
    table, base = test.table, test.file.parent
    own = {key: table[key] for key in ("seed", "tiny", "device", "deterministic") if key in table}
    aliases = {name: alias(value, base) for name, value in table.get("alias", {}).items()}
    settings = replace(around.settings, aliases={**around.settings.aliases, **aliases}, **own)
    if "inputs" in table:
        settings = replace(settings, inputs=base / table["inputs"])
    return Request(
        load(test.workflow),
        settings,
        overrides=[_setting(name, value) for name, value in table.get("set", {}).items()],
        targets=table.get("targets"),
        lenient=table.get("lenient", False),
        keep_going=table.get("keep_going", False),
    )


def session_of(test: Test, around: Around, cache: Cache | None = None) -> Session:
    """Packs of a test, besides those that all have; nothing is kept but in the cache.

    Raises:
        PackError: a pack is not there.
    """
    return Session(packs_of(test), catalog=around.catalog, cache=cache, remember=False)


def packs_of(test: Test) -> list[str]:
    """The packs that a test names: paths beside its file, and names of installed ones."""
    named = test.table.get("packs", ())
    beside = ((test.file.parent / name, name) for name in named)
    return [str(path) if path.exists() else name for path, name in beside]


def _setting(name: str, value: Any) -> Setting:
    """A text is read as the input's type, as on the command line."""
    return f"{name}={value}" if isinstance(value, str) else (name, value)


def _tried(test: Test, around: Around, folder: Path, result: Result, *, update: bool) -> None:
    twice = test.table.get("twice", False)
    own = Cache.at(folder / "cache") if twice else None
    cache = around.cache if test.table.get("cache") and not twice else own
    session = session_of(test, around, cache)
    request = replace(
        request_of(test, around), out=around.out or folder / "runs", tensorboard=False
    )
    golden, baseline = Golden.of(test), Baseline(test)
    try:
        for _ in range(2 if twice else 1):
            planned, cuts = session.plan(request)
            nodes = Nodes(_planned(planned), test)
            keep, wrong = kept(test.table, nodes)
            if wrong:
                result.findings += wrong
                return
            result.report = report = session.perform(replace(request, keep=keep), planned, cuts)
            if report.status == "interrupted":
                raise KeyboardInterrupt
    except DocumentError:
        raise
    except GraphrunError as error:
        result.findings += failures.refused(test, error.diagnostics)
        return
    seen = Evidence(test, report, Nodes(_ran(report, nodes), test), golden, update)
    result.findings += failures.of_run(seen)
    if report.error is not None:
        result.findings += _after_failure(seen)
        return
    result.findings += (one for table in _TABLES for one in table(seen))
    _measured(seen, baseline, result)


def _measured(seen: Evidence, baseline: Baseline, result: Result) -> None:
    """Budgets, and what is recorded: only of a run that was a success."""
    found, notes = budgets.judged(seen, baseline)
    if seen.update:
        result.changes += seen.golden.write()
        result.changes += budgets.recorded(seen, baseline)
    else:
        result.findings += found
        result.notes += notes


def _after_failure(seen: Evidence) -> Iterator[Diagnostic]:
    """What can be expected of a run that failed as it should: which nodes ran, what was said."""
    if "fails" in seen.test.table:
        for table in (expectations.nodes, expectations.shows, expectations.notices):
            yield from table(seen)


def _planned(planned: Plan) -> Iterator[Node]:
    """The nodes of the file, of which some may not be planned: those have no slots here."""
    specs = {step.node.id: step.spec for step in planned.steps}
    for node_id, node in planned.prompt.nodes.items():
        slots = tuple(one.name for one in specs[node_id].outputs) if node_id in specs else ()
        yield Node(node_id, node.title or "", node.class_type, slots)


def _ran(report: Report, nodes: Nodes) -> Sequence[Node]:
    """The nodes of the file, and of graphs that nodes built."""
    built = (one for one in report.nodes.values() if one.id not in nodes.by_id)
    return [*nodes.by_id.values(), *(Node(one.id, one.title, one.class_type) for one in built)]
