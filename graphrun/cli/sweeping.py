"""`graphrun run FILE --sweep …`: from options to members, and what is said of them."""

from __future__ import annotations

import argparse
import json
import os
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun import children
from graphrun.cli import render
from graphrun.errors import Diagnostic, ExitCode, UsageError

if TYPE_CHECKING:
    from graphrun.cli.processes import Process
    from graphrun.request import Request
    from graphrun.session import Session
    from graphrun.sweep.checking import Checked
    from graphrun.sweep.figures import Best
    from graphrun.sweep.grid import Axis
    from graphrun.sweep.record import Entry, Record
    from graphrun.sweep.runner import Job


def perform(options: Namespace, own: Process) -> int:
    """Check all members, run them, and say what came of them; or, as a dry run, what would."""
    from graphrun.cli import outlook, reading, requests, sweep_outlook
    from graphrun.cli.quiet import surround
    from graphrun.session import Session
    from graphrun.sweep import checking, grid
    from graphrun.sweep.figures import Best

    if own.world > 1 or options.run_folder:
        what = "--run-folder" if options.run_folder else "several processes of one run"
        raise UsageError(Diagnostic("bad_sweep", f"--sweep does not go with {what}"))
    surround()
    best = Best.parse(options.best) if options.best else None
    request = requests.request_of(options)
    session = Session(
        catalog=reading.catalog(options), cache=outlook.cache_of(options), remember=False
    )
    prompt = session.convert(request.document)
    axes, wrong = grid.axes(prompt, session.catalog, options.sweep)
    seed, dry = request.settings.seed, options.dry_run
    members = grid.members(axes, options.sweep_random, seed)

    def say(one: Diagnostic) -> None:
        render.err(str(one.message))

    found = checking.check(session, request, members, wrong=wrong, dry=dry, say=say)
    if dry:
        return sweep_outlook.show(found, axes, options, checking.obstacles(session, found))
    key = checking.sweep_key(prompt, members)
    return _run(session, request, options, _Asked(prompt.name, key, axes, found, best))


class _Asked:
    """What is to be done: a sweep that was checked."""

    def __init__(
        self, file: str, key: str, axes: list[Axis], checked: list[Checked], best: Best | None
    ) -> None:
        self.file, self.key, self.axes, self.checked, self.best = file, key, axes, checked, best


def _run(session: Session, request: Request, options: Namespace, asked: _Asked) -> int:
    from graphrun.cli.stopping import interrupts
    from graphrun.execute import Stop
    from graphrun.sweep.perform import Sweep
    from graphrun.sweep.runner import LocalProcesses
    from graphrun.sweep.sharing import ordered, waits

    record, holding = _begun(request, options, asked)
    entries = {one.member.number: one for one in record.entries}
    order = ordered(asked.checked)
    todo = [one for one in order if entries[one.member.number].status == "pending"]
    commands = _Commands(record, options, order)
    sweep = Sweep(
        record,
        [entries[one.member.number] for one in order],
        waits(todo) if session.cache and not session.cache.fresh else {},
        commands.job,
        LocalProcesses(),
        options.jobs,
    )
    stop, start = Stop(), time.monotonic()
    before = record.seconds
    try:
        commands.write(request)
        with interrupts(stop, "stopping every member at its next step"):
            sweep.run(stop, _Voice(record, options))
            stop.over = True  # the record is written whatever is pressed now
    finally:
        record.seconds = before + time.monotonic() - start
        record.status = _status(record.entries)
        _page(record)
        record.write()
        holding.release()
    return _finish(record, options)


def _begun(request: Request, options: Namespace, asked: _Asked) -> tuple[Record, Any]:
    """The record of the sweep: that of an earlier start which did not come to its end, if any."""
    from graphrun.cache.holding import Holding
    from graphrun.sweep.record import Entry, Record, new_folder, recall, unfinished

    assert request.out is not None
    entries = [Entry(one.member, one.key) for one in asked.checked]
    left = None if options.fresh else unfinished(request.out, asked.key)
    folder = left[0] if left else new_folder(request.out, asked.file)
    record = Record(folder, asked.file, asked.key, asked.axes, entries, asked.best)
    record.started = time.time()
    if left is None:
        holding = Holding(folder / "lock")
        holding.try_to_take()
        return record, holding
    _, document, holding = left
    record.seconds = float(document.get("seconds", 0.0))
    with suppress(KeyError, ValueError):
        record.started = datetime.fromisoformat(document["started"]).timestamp()
    for entry in entries:
        recall(entry, document, folder)
    done = sum(one.reused for one in entries)
    if not options.quiet:
        render.err(f"goes on in {folder}: {done} of {len(entries)} members are finished")
    return record, holding


class _Commands:
    """The commands of members: they read what the sweep was checked with, whatever becomes of the
    file meanwhile."""

    def __init__(self, record: Record, options: Namespace, checked: Iterable[Checked]) -> None:
        self.record, self.options = record, options
        self.checked = {one.member.number: one for one in checked}
        self.document = record.folder / f"{_stem(record.file)}.json"

    def write(self, request: Request) -> None:
        source = request.document.source
        if source is not None:
            render.to_file(self.document, source.text)
        (self.record.folder / "params").mkdir(exist_ok=True)

    def job(self, entry: Entry, slot: int) -> Job:
        from graphrun.sweep.runner import Job, device

        number = entry.member.number
        place, checked = self.record.place(entry), self.checked[number]
        entry.folder = place.name
        params = self.record.folder / "params" / f"{number}.json"
        render.to_file(params, json.dumps(checked.parameters(), ensure_ascii=False, indent=1))
        command = [
            *children.python(),
            "run",
            *member_arguments(self.options),
            f"--params={params}",
            f"--seed={checked.request.settings.seed}",
            f"--run-folder={place}",
            "--",
            str(self.document),
            *self.options.targets,
        ]
        around = {**children.threads(self.options.jobs, os.environ), **device(slot, os.environ)}
        log = self.record.folder / "logs" / f"{place.name}.log"
        return Job(number, tuple(command), log, around)


def _stem(name: str) -> str:
    return Path(name.strip("<>")).stem.encode()[:200].decode(errors="ignore") or "prompt"


_APART = frozenset(
    {
        "overrides",
        "params",
        "seed",
        "out",
        "run_folder",
        "dry_run",
        "json",
        "sweep",
        "sweep_random",
        "jobs",
        "best",
    }
)
"""Options that a member is told in another way, or not at all."""


def member_arguments(options: Namespace) -> list[str]:
    """The options of a run again, as a command line."""
    from graphrun.cli import requests

    parser = argparse.ArgumentParser(add_help=False)
    requests.add_options(parser)
    found = []
    for action in parser._actions:
        value = getattr(options, action.dest, None)
        if not action.option_strings or action.dest in _APART or value == action.default:
            continue
        name = action.option_strings[-1]
        if isinstance(value, bool):  # the last name of a switch with two is its opposite
            both = isinstance(action, argparse.BooleanOptionalAction)
            found.append(action.option_strings[0] if both and value else name)
        else:
            found += [f"{name}={one}" for one in (value if isinstance(value, list) else [value])]
    return found


_OWN_WAY_OUT = ("  when that is mended", "  run it again")
"""What a run alone says at its end: here the sweep is what is run again."""


class _Voice:
    """What members say, with their names before it."""

    def __init__(self, record: Record, options: Namespace) -> None:
        self._axes, self._quiet = record.axes, options.quiet
        self._width = len(str(len(record.entries)))
        self._total = len(record.entries)

    def __call__(self, entry: Entry, line: str) -> None:
        failed = line.startswith("failed: ")
        if (self._quiet and not failed) or line.startswith(_OWN_WAY_OUT):
            return
        number = f"{entry.member.number:>{self._width}}/{self._total}"
        render.err(f"[{number} {entry.member.label(self._axes)}] {line}")


def _status(entries: Sequence[Entry]) -> Any:
    states = {one.status for one in entries}
    if states & {"interrupted", "pending", "running"}:
        return "interrupted"
    return "failed" if "failed" in states else "finished"


def _page(record: Record) -> None:
    """One page of all members that left a report, compared with the best one."""
    from graphrun.report.page import NAME, write

    found, winner = [one for one in record.entries if one.folder], record.winner
    found.sort(key=lambda one: one is not winner)
    folders = [record.folder / one.folder for one in found if one.folder]
    folders = [one for one in folders if (one / "report.json").is_file()]
    if not folders:
        return
    try:
        record.report = write(folders, record.folder / NAME).name
    except UsageError as error:
        render.diagnostics([replace(d, severity="warning") for d in error.diagnostics])


def _finish(record: Record, options: Namespace) -> int:
    from graphrun.sweep.table import lines

    if options.json:
        render.out_json(record.to_json())
    else:
        for line in lines(record):
            render.out(line)
    if record.status == "interrupted":
        render.err(f"  run it again to go on: {render.again()}")
        return ExitCode.INTERRUPTED
    return ExitCode.OK if record.status == "finished" else ExitCode.NODE_FAILED
