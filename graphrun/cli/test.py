"""`graphrun test [PATHS]`"""

from __future__ import annotations

import argparse
import signal
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import config, outcomes, reading, render, values
from graphrun.errors import Diagnostic, ExitCode, UsageError

if TYPE_CHECKING:
    from graphrun.testing import Around, Result, Test

_EPILOG = """examples:
  graphrun test                              all tests below this folder
  graphrun test workflows -k 'text and not slow' -x
  graphrun test workflows/flow.test.toml::learns --update
  graphrun test --changed-since origin/main -n 4 --junit tests.xml
  graphrun test --init workflows/flow.json   writes flow.test.toml

exit codes:
  0  all passed       1  some failed       2  wrong usage, or no tests
  3  a test file or a workflow cannot be read"""

_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("-k",),
        {
            "dest": "expression",
            "metavar": "EXPRESSION",
            "help": "only tests whose name, file or tags have these words; `and`, `or`, `not`, ( )",
        },
    ),
    (("-x",), {"dest": "first", "action": "store_true", "help": "stop at the first failure"}),
    (("--lf",), {"action": "store_true", "help": "only tests that failed when they ran last"}),
    (
        ("--changed-since",),
        {
            "metavar": "REF",
            "help": "only tests whose files, packs or data were changed since a commit, by git",
        },
    ),
    (
        ("-n",),
        {
            "dest": "number",
            "type": values.processes,
            "default": 1,
            "metavar": "N",
            "help": "run N tests at once, each in a process of its own",
        },
    ),
    (("--list",), {"action": "store_true", "help": "show the tests and run none"}),
    (
        ("--update",),
        {
            "action": "store_true",
            "help": "record golden values and baselines anew, and show what changes",
        },
    ),
    (
        ("--init",),
        {
            "type": Path,
            "metavar": "FILE|RUN",
            "help": "write a test file for a workflow, or from a finished run's folder",
        },
    ),
    (("--out",), {"type": Path, "metavar": "DIR", "help": "keep the run folders here"}),
    (("--json",), {"action": "store_true", "help": "print JSON on stdout"}),
    (("--junit",), {"type": Path, "metavar": "FILE", "help": "write JUnit XML"}),
    (
        ("--github",),
        {
            "action": "store_true",
            "help": "annotations of GitHub Actions for failures, and the summary of the job",
        },
    ),
    (
        ("--cache-dir",),
        {"type": values.folder, "metavar": "DIR", "help": "the cache of tests that use it"},
    ),
    (("--here",), {"action": "store_true", "help": argparse.SUPPRESS}),
)


def arguments(parser: ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    told = "test files, workflows beside them, folders, or FILE::NAME (default: this folder)"
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help=told)
    for names, options in _OPTIONS:
        parser.add_argument(*names, **options)
    reading.add_packs(parser)
    reading.add_places(parser)


def test(options: Namespace) -> int:
    """Run tests of workflows; the exit code of the worst."""
    from graphrun import testing

    around = surroundings(options)
    if options.init:
        from graphrun.testing.skeleton import skeleton

        render.out(f"wrote {skeleton(options.init, around, options.packs)}")
        return ExitCode.OK
    _possible(options)
    tests = _chosen(testing.collect(options.paths), options, around)
    if options.list:
        outcomes.listed(tests, as_json=options.json)
        return ExitCode.OK
    return _performed(tests, options, around)


def surroundings(options: Namespace) -> Around:
    """What tests are run in: the command line over the configuration.

    Raises:
        UsageError: the configuration cannot be read.
        PackError: a pack is not there.
    """
    from graphrun.record.cache import Cache
    from graphrun.testing import Around

    found, place = config.read(Path.cwd()), config.cache(options.cache_dir)
    settings = replace(
        reading.settings(options),
        device=found.get("device", "auto"),
        precision=found.get("precision", "auto"),
    )
    cache = Cache.at(place.folder, max_bytes=place.max_bytes) if place.enabled else None
    return Around(settings, reading.catalog(options), cache, options.out)


def _possible(options: Namespace) -> None:
    """What is to be found out before tests run for an hour."""
    if options.update and options.number > 1:
        message = "--update writes files that tests share; leave -n out"
        raise UsageError(Diagnostic("bad_usage", message))
    if options.junit and not options.junit.absolute().parent.is_dir():
        message = f"--junit {options.junit}: there is no folder {options.junit.parent}"
        raise UsageError(Diagnostic("unwritable_output", message))


def _chosen(tests: list[Test], options: Namespace, around: Around) -> list[Test]:
    """The tests that are asked for; none only if nothing that they depend on was changed."""
    from graphrun.testing.keywords import condition

    fits = condition(options.expression) if options.expression else None
    found = [test for test in tests if fits is None or fits(test)]
    if not found:
        where = ", ".join(map(str, options.paths))
        message = f"no tests found in {where}"
        hint = "a test file is called NAME.test.toml; `graphrun test --init FILE` writes one"
        if fits is not None and tests:
            message = f"none of {len(tests)} tests fits -k {options.expression!r}"
            hint = "`graphrun test --list` shows their names"
        raise UsageError(Diagnostic("no_tests", message, hint=hint))
    if options.lf:
        failed = _memory(options).only(found)
        if not failed:
            render.err("--lf: none of these failed when it ran last; all of them run")
        found = failed or found
    if options.changed_since is not None:
        from graphrun.testing.changes import changed_since

        found = changed_since(options.changed_since, found, around)
    return found


def _performed(tests: Sequence[Test], options: Namespace, around: Around) -> int:
    results: list[Result] = []
    started, clock, stopped = time.time(), time.perf_counter(), False
    try:
        with _terminated():
            for result in _results(tests, options, around):
                results.append(result)
                outcomes.line(result, options)
                if options.first and not result.ok:
                    break
    except KeyboardInterrupt:
        stopped = True
    if not options.here:
        _memory(options).note(results)
    outcomes.finish(tests, results, options, started=started, seconds=time.perf_counter() - clock)
    if stopped:
        return ExitCode.INTERRUPTED
    if any(one.outcome == "error" for one in results):
        return ExitCode.INVALID
    return ExitCode.OK if all(one.ok for one in results) else ExitCode.NODE_FAILED


def _results(tests: Sequence[Test], options: Namespace, around: Around) -> Iterator[Result]:
    """Results in the order of the tests; those that are measured have a process of their own."""
    from graphrun.testing.budgets import has_budget
    from graphrun.testing.workers import Workers

    workers = Workers(_handed_on(options), options.number)
    if options.number > 1:
        yield from workers.each(tests)
        return
    for test in tests:
        if has_budget(test) and not options.here:
            yield workers.one(test)
        else:
            yield _here(test, around, update=options.update)


def _here(test: Test, around: Around, *, update: bool) -> Result:
    from graphrun.cli.quiet import folded
    from graphrun.testing import Result, run

    try:
        with folded():
            return run(test, around, update=update)
    except Exception as error:  # a defect, which is no reason to leave the other tests out
        text = f"{type(error).__name__}: {error}"
        found = test.finding("internal_error", text, hint="this is a defect of graphrun")
        return Result(test, "error", findings=[found])


def _handed_on(options: Namespace) -> list[str]:
    """Options that hold for every test, for the command line of another process."""
    found = [f"--alias={alias}" for alias in options.alias]
    found += [f"--pack={pack}" for pack in options.packs]
    for name in ("input_directory", "models_directory", "cache_dir", "out"):
        value = getattr(options, name)
        if value is not None:
            found.append(f"--{name.replace('_', '-')}={value}")
    return [*found, "--update"] if options.update else found


def _memory(options: Namespace) -> Any:
    from graphrun.testing.remembering import LastFailed

    return LastFailed(config.cache(options.cache_dir).folder, Path.cwd())


@contextmanager
def _terminated() -> Iterator[None]:
    """Be ended by SIGTERM as by Ctrl-C, so that folders and processes of tests go too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
