"""Arguments → a verb. `graphrun FILE` is `graphrun run FILE`."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from graphrun.cli import DEVICES, processes, reading, render, sizes
from graphrun.cli.training import OPTIONS as TRAINING
from graphrun.errors import Diagnostic, ExitCode, GraphrunError

_CODES = """exit codes:
  0  ok
  1  a node failed; diff, verify: there are differences
  2  wrong usage
  3  unreadable or invalid workflow
  4  missing node, pack, model, data set or device
  130  interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] not in (*_VERBS, "-h", "--help", "--version"):
        slip = _misspelt(arguments[0])
        if slip:
            render.err(
                f"graphrun: there is no file {arguments[0]}; did you mean `graphrun {slip}`?"
            )
            return ExitCode.USAGE
        arguments.insert(0, "run")
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.verb is None:
        parser.print_help(sys.stderr)
        return ExitCode.USAGE
    render.prepare()
    with processes.speaking(options.verb):
        return _perform(options)


def _perform(options: argparse.Namespace) -> int:
    try:
        verb = getattr(import_module(f"graphrun.cli.{options.verb}"), options.verb)
        with render.results_apart():
            return int(verb(options))
    except GraphrunError as error:
        _refuse(error.diagnostics, options)
        return int(error.exit_code)
    except Exception as error:  # ours, and a defect: one line, not a page, unless asked for
        if getattr(options, "verbose", False):
            raise
        text = f"{type(error).__name__}: {error}"
        hint = "this is a defect of graphrun; run again with -v for the traceback"
        _refuse([Diagnostic("internal_error", text, hint=hint)], options)
        return ExitCode.NODE_FAILED


def _misspelt(word: str) -> str | None:
    """The verb that somebody meant by a word that is neither a verb nor a file."""
    near = get_close_matches(word, _VERBS, n=1)
    return near[0] if near and not Path(word).exists() else None


def _refuse(found: Iterable[Diagnostic], options: argparse.Namespace) -> None:
    """Problems that kept a verb from doing its work, in the form that was asked for.

    Of several processes the first says them; the first of another machine, too, as it may lack
    what this one has.
    """
    own = processes.Process.current()
    if options.verb == "run" and own.aside and own.local == 0:
        own.tell(found)
    if getattr(options, "json", False):
        document = [one.to_json() for one in found]
        render.out_json({"status": "refused", "diagnostics": document})
    else:
        render.diagnostics(found)


_VERBS = ("run", "check", "nodes", "convert", "diff", "lock", "verify", "cache")
"""Each is a function of that name in a module of that name, imported when it is asked for."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphrun",
        description="Run ComfyUI-compatible node graphs without ComfyUI.",
        epilog=f"graphrun FILE is short for graphrun run FILE.\n\n{_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    _run_options(verbs.add_parser("run", help="check, plan and run a workflow or prompt"))
    checking = verbs.add_parser("check", help="find problems; runs nothing, imports no torch")
    checking.add_argument(
        "files", nargs="+", metavar="FILE", help="workflow or prompt, - for stdin"
    )
    converting = verbs.add_parser("convert", help="print a workflow as an API prompt")
    converting.add_argument(
        "file", metavar="FILE", help="workflow, or a media file with one in it, - for stdin"
    )
    converting.add_argument("-o", "--output", type=Path, help="write to this file instead")
    converting.add_argument(
        "--explain", action="store_true", help="tell on stderr what became of the workflow's parts"
    )
    comparing = verbs.add_parser("diff", help="what differs, apart from ids, places and titles")
    for name in ("a", "b"):
        comparing.add_argument(name, metavar=name.upper(), help="workflow or prompt, - for stdin")
    listing = verbs.add_parser("nodes", help="list node classes, show one, export their schemas")
    _nodes_options(listing)
    locking = verbs.add_parser("lock", help="write down what a workflow needs; runs nothing")
    verifying = verbs.add_parser("verify", help="compare this machine with a lock; runs nothing")
    _lock_options(locking, verifying)
    _cache_options(verbs.add_parser("cache", help="what is kept of runs for later ones"))
    for sub in (checking, converting, comparing, locking, verifying):
        reading.add_options(sub)
    for sub in (checking, locking, verifying):
        reading.add_lenient(sub)
    for sub in (checking, comparing, listing, verifying):
        sub.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _lock_options(locking: argparse.ArgumentParser, verifying: argparse.ArgumentParser) -> None:
    for sub in (locking, verifying):
        sub.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
        reading.add_places(sub)
    locking.add_argument(
        "-o", "--output", metavar="LOCK", help="where to (FILE.lock.json), - for stdout"
    )
    verifying.add_argument("--lock", type=Path, metavar="LOCK", help="the lock (FILE.lock.json)")


def _nodes_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("ls", "show", "export"), default="ls")
    parser.add_argument(
        "name", nargs="?", help="part of a class to list, class to show, or folder to export to"
    )
    parser.add_argument("--category", metavar="PART", help="only classes of these categories")
    parser.add_argument(
        "--format",
        choices=("text", "md"),
        default="text",
        help="md: Markdown; of export, a page per class and an index",
    )
    reading.add_packs(parser)


def _cache_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("ls", help="list results and trainings, newest first")
    listing.add_argument(
        "-n", "--number", type=_number, metavar="N", help="no more than this many (default all)"
    )
    counting = actions.add_parser("info", help="folder, entries, sizes and the limit")
    collecting = actions.add_parser(
        "gc", help="remove files that nothing needs, and results beyond the limit"
    )
    collecting.add_argument(
        "--max-size",
        type=_size,
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
    why = actions.add_parser("why", help="what the next run of a file would do, and why")
    _run_options(why)
    for sub in (listing, counting, collecting, clearing):
        sub.add_argument(
            "--cache-dir", type=_folder, metavar="DIR", help="the folder of the cache, if another"
        )
        sub.add_argument("--json", action="store_true", help="print JSON")


def _size(text: str) -> int:
    try:
        return sizes.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def _seed(text: str) -> int:
    if text == "random":
        return secrets.randbelow(1 << 53)  # JSON readers may know no larger whole numbers
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, and not random") from None


def _folder(text: str) -> Path:
    if not text:  # an unset variable of a shell: not the working folder
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


_RUN_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--set",),
        {
            "dest": "overrides",
            "action": "append",
            "default": [],
            "metavar": "NODE.INPUT=VALUE",
            "help": "change a value; NODE is an id, a title or a class (repeatable)",
        },
    ),
    (
        ("--seed",),
        {
            "type": _seed,
            "metavar": "NUMBER",
            "help": "seed of everything random (default 0); `random` draws one and says it",
        },
    ),
    (("--device",), {"choices": DEVICES, "help": "where to compute (default auto)"}),
    (
        ("--tiny",),
        {
            "action": "store_true",
            "help": "try the workflow in seconds: small stand-ins for models and data, few epochs",
        },
    ),
    (("--out",), {"type": Path, "metavar": "DIR", "help": "folder for run folders (default runs)"}),
    (
        ("--allow-path",),
        {
            "type": Path,
            "action": "append",
            "default": [],
            "metavar": "DIR",
            "help": "let nodes write below this folder (repeatable)",
        },
    ),
    (
        ("--min-free",),
        {
            "type": _size,
            "metavar": "SIZE",
            "help": "refuse to start with less disk space than this, e.g. 2G (default 256M)",
        },
    ),
    (
        ("--keep-going",),
        {
            "action": "store_true",
            "help": "after a failure run everything that does not need the node; also run what is "
            "right of a file that has errors",
        },
    ),
    (
        ("--dry-run",),
        {
            "action": "store_true",
            "help": "show what would run, what is there already, and why; runs nothing",
        },
    ),
    (("--no-cache",), {"action": "store_true", "help": "neither use nor keep results"}),
    (
        ("--fresh",),
        {"action": "store_true", "help": "start over: nothing of earlier runs is used"},
    ),
    (("--cache-dir",), {"type": _folder, "metavar": "DIR", "help": "keep results here"}),
    *TRAINING,
    (("--json",), {"action": "store_true", "help": "print the report as JSON on stdout"}),
    (("-q", "--quiet"), {"action": "store_true", "help": "only problems and the end"}),
    (
        ("-v", "--verbose"),
        {"action": "store_true", "help": "also tracebacks and the libraries' messages"},
    ),
)


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    told = "run only what these ids need"
    parser.add_argument("targets", nargs="*", default=[], metavar="NODE", help=told)
    for names, options in _RUN_OPTIONS:
        parser.add_argument(*names, **options)
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


class _Version(argparse.Action):
    """Reads the version only when asked: looking it up costs as much as parsing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"graphrun {version('graphrun')}")
        parser.exit()
