"""`graphrun cache ls | info | gc | clear [KIND] | why FILE [NODE]`, each a function `_ls`, …"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from graphrun.cache import Checkpoints, DiskStore
from graphrun.cache.place import KINDS, RESULTS, TOKENS, TRAININGS, remove, tokens
from graphrun.cli import config, render, requests, values
from graphrun.cli.examples import teach
from graphrun.cli.sizes import told
from graphrun.errors import Diagnostic, ExitCode, UsageError

_NAMES = {RESULTS: "result", TRAININGS: "training", TOKENS: "tokenised text"}


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "What runs keep for later ones: results, trainings, tokens of texts.",
        "graphrun cache why workflow.json",
        "graphrun cache ls -n 10",
        "graphrun cache gc --max-size 5GiB",
        "graphrun cache clear trainings -y",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("ls", help="list results and trainings, newest first")
    listing.add_argument(
        "-n",
        "--number",
        type=values.number,
        metavar="N",
        help="no more than this many (default all)",
    )
    counting = actions.add_parser("info", help="folder, entries, sizes and the limit")
    collecting = actions.add_parser(
        "gc", help="remove files that nothing needs, and results beyond the limit"
    )
    collecting.add_argument(
        "--max-size",
        type=values.size,
        metavar="SIZE",
        help="also the results used longest ago, until there are fewer bytes, e.g. 5GiB",
    )
    clearing = actions.add_parser(
        "clear", help="remove everything, or one kind; asks first on a terminal"
    )
    clearing.add_argument(
        "kind", nargs="?", choices=("results", "trainings", "tokens"), help="only these"
    )
    clearing.add_argument("-y", "--yes", action="store_true", help="ask nothing")
    for sub in (listing, counting, collecting, clearing):
        _add_common(sub)
    _add_why(actions)


def _add_common(parser: ArgumentParser) -> None:
    told = "the folder of the cache, if another"
    parser.add_argument("--cache-dir", type=values.folder, metavar="DIR", help=told)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_why(actions: Any) -> None:
    why = actions.add_parser("why", help="what the next run of a file would do, and why")
    requests.add_what_is_computed(why)
    teach(
        why,
        "What the next run of a file would do with its nodes, or with some, and why.",
        "graphrun cache why workflow.json",
        "graphrun cache why workflow.json 27 --set 27.epochs=3",
    )


def cache(options: Namespace) -> int:
    """One action on the cache of the command line, the environment or the configuration."""
    if options.action == "why":
        return _why(options)
    settings = config.cache(options.cache_dir)
    limit = getattr(options, "max_size", None)
    store = DiskStore(settings.folder / RESULTS, settings.max_bytes if limit is None else limit)
    try:
        document = _ACTIONS[options.action](options, settings.folder, store)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"the cache in {settings.folder} cannot be used: {reason}"
        raise UsageError(Diagnostic("bad_cache", message)) from error
    if options.json:
        render.out_json({"folder": str(settings.folder), **document})
    return ExitCode.OK


def _why(options: Namespace) -> int:
    """What the next run of a file would do with its nodes, or with some, and why."""
    from graphrun.cli import reading
    from graphrun.cli.outlook import cache_of, show
    from graphrun.session import Session

    only, options.targets = options.targets, []
    request, kept = requests.request_of(options), cache_of(options)
    session = Session(catalog=reading.catalog(options), cache=kept, remember=False)
    return show(session, request, options, only)


def _ls(options: Namespace, folder: Path, store: DiskStore) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {
            "kind": "result",
            "identity": one.identity,
            "class_type": one.class_type,
            "bytes": one.bytes,
            "used": one.used,
            "graphrun": one.graphrun,
        }
        for one in store
    ]
    rows += [
        {
            "kind": "training",
            "identity": one.key,
            "class_type": str(one.about.get("class_type", "")),
            "bytes": one.bytes,
            "used": one.when,
            "epoch": one.epoch,
            "step": one.step,
            "finished": one.finished,
        }
        for one in Checkpoints(folder / TRAININGS).listing()
    ]
    rows.sort(key=lambda row: (-row["used"], row["identity"]))
    shown = rows if options.number is None else rows[: options.number]
    if not options.json:
        if not rows:
            render.out(f"nothing is kept in {folder}")
        if shown:
            _table(shown)
        if len(shown) < len(rows):
            render.out(f"… and {len(rows) - len(shown)} more; -n {len(rows)} shows all")
    return {"entries": [{**row, "used": _instant(row["used"])} for row in shown]}


def _table(rows: Iterable[Mapping[str, Any]]) -> None:
    lines = []
    for row in rows:
        notes = _how_far(row) if row["kind"] == "training" else ""
        name = row["class_type"] or "-"
        what = f"{row['kind']} {row['identity'][:12]}"
        lines.append((what, name, told(row["bytes"]), _ago(row["used"]), notes))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for what, name, size, ago, notes in lines:
        text = f"{what:<{widths[0]}}  {name:<{widths[1]}}  {size:>{widths[2]}}  {ago:>{widths[3]}}"
        render.out(f"{text}  {notes}".rstrip())


def _how_far(row: Mapping[str, Any]) -> str:
    done = _count(row["epoch"], "epoch") + (f", {_count(row['step'], 'step')}" * bool(row["step"]))
    return f"{done}, finished" if row["finished"] else done


def _info(options: Namespace, folder: Path, store: DiskStore) -> dict[str, Any]:
    found = _sums(folder, store)
    if not options.json:
        render.out(f"folder     {folder}{'' if folder.is_dir() else ' (not there yet)'}")
        for kind, (number, size) in found.items():
            limit = f" of at most {told(store.max_bytes)}" if kind == RESULTS else ""
            render.out(f"{kind:<9}  {number:,}, {told(size)}{limit}")
    kinds = {k: {"entries": number, "bytes": size} for k, (number, size) in found.items()}
    kinds[RESULTS]["limit"] = store.max_bytes
    return kinds


def _gc(options: Namespace, folder: Path, store: DiskStore) -> dict[str, Any]:
    freed = store.gc()
    if options.max_size is not None:
        freed += Checkpoints(folder / TRAININGS).gc(max(0, options.max_size - store.info().bytes))
    if not options.json:
        render.out(f"{told(freed)} freed, {told(store.info().bytes)} of results kept in {folder}")
    return {"freed": freed}


def _clear(options: Namespace, folder: Path, store: DiskStore) -> dict[str, Any]:
    kinds = (options.kind,) if options.kind else KINDS
    before = {kind: sums for kind, sums in _sums(folder, store).items() if kind in kinds}
    what = ", ".join(_count(n, _NAMES[kind]) for kind, (n, _) in before.items() if n)
    if what and not options.yes and not _sure(f"remove {what} from {folder}?"):
        if not options.json:
            render.out("nothing was removed")
        return {"freed": 0, "removed": False}
    if RESULTS in kinds:
        store.clear()
    trainings = Checkpoints(folder / TRAININGS)
    for training in trainings.listing() if TRAININGS in kinds else ():
        trainings.remove(training.key)
    for one in tokens(folder) if TOKENS in kinds else ():
        remove(one)
    after = _sums(folder, store)
    freed = sum(size - after[kind][1] for kind, (_, size) in before.items())
    if not options.json:
        render.out(f"{what or 'nothing'} removed from {folder}, {told(freed)} freed")
    return {"freed": freed, "removed": True}


_ACTIONS: dict[str, Callable[[Namespace, Path, DiskStore], dict[str, Any]]] = {
    "ls": _ls,
    "info": _info,
    "gc": _gc,
    "clear": _clear,
}
"""By their names on the command line; each says what it has to say, and gives it for `--json`."""


def _sums(folder: Path, store: DiskStore) -> dict[str, tuple[int, int]]:
    """How many there are of each kind, and their bytes."""
    results = store.info()
    found = {RESULTS: (results.entries, results.bytes)}
    sizes = [one.bytes for one in Checkpoints(folder / TRAININGS).listing()]
    found[TRAININGS] = (len(sizes), sum(sizes))
    sizes = [one.bytes for one in tokens(folder)]
    found[TOKENS] = (len(sizes), sum(sizes))
    return found


def _sure(question: str) -> bool:
    """Ask, but only somebody who can answer: elsewhere, the command itself is the answer."""
    if not sys.stdin or not sys.stdin.isatty():
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}"


def _instant(when: float) -> str:
    return datetime.fromtimestamp(when).astimezone().isoformat(timespec="seconds")


def _ago(when: float) -> str:
    seconds = max(time.time() - when, 0)
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_count(int(seconds // size), name)} ago"
    return "just now"
