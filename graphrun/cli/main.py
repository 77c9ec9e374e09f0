"""Arguments → a verb. `graphrun FILE` is `graphrun run FILE`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from graphrun.cli import processes, render
from graphrun.errors import Diagnostic, ExitCode, GraphrunError

_CODES = """exit codes:
  0  ok
  1  a node failed; diff, verify: there are differences; test: a test failed
  2  wrong usage; test: no tests
  3  unreadable or invalid workflow; check --strict: warnings
  4  missing node, pack, model, data set or device
  130  interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["__complete"]:  # asked by shells while somebody types
        return int(_module("completing").main(arguments[1:]))
    if arguments and arguments[0] not in (*VERBS, "-h", "--help", "--version"):
        slip = _misspelt(arguments[0])
        if slip:
            render.err(
                f"graphrun: there is no file {arguments[0]}; did you mean `graphrun {slip}`?"
            )
            return ExitCode.USAGE
        arguments.insert(0, "run")
    known = parser(arguments[:1])
    options, rest = known.parse_known_args(arguments)
    if rest:
        names = not any(one.startswith("-") for one in rest)
        hint = "; the names of files and nodes stand together, not apart by options" * names
        known.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    if options.verb is None:
        known.print_help(sys.stderr)
        return ExitCode.USAGE
    render.prepare()
    with processes.speaking(options.verb):
        return _perform(options)


def _perform(options: argparse.Namespace) -> int:
    try:
        verb = getattr(_module(options.verb), options.verb)
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
        if isinstance(error, ModuleNotFoundError):
            hint = "`graphrun doctor` says what is missing of the installation"
        _refuse([Diagnostic("internal_error", text, hint=hint)], options)
        return ExitCode.NODE_FAILED


def _misspelt(word: str) -> str | None:
    """The verb that somebody meant by a word that is neither a verb nor a file."""
    near = get_close_matches(word, VERBS, n=1)
    return near[0] if near and not Path(word).exists() else None


def _refuse(found: Iterable[Diagnostic], options: argparse.Namespace) -> None:
    """Problems that kept a verb from doing its work, in the form that was asked for.

    Of several processes the first says them; the first of another machine, too, as it may lack
    what this one has.
    """
    own = processes.Process.current()
    if options.verb == "run" and own.aside and own.local == 0:
        own.tell(found)
    form = "json" if getattr(options, "json", False) else getattr(options, "format", None)
    if form == "json":
        render.out_json(_refusal(found))
    elif getattr(options, "events", False):
        render.out_line(json.dumps(_refusal(found), ensure_ascii=False))
        render.diagnostics(found)
    elif form == "github":
        from graphrun.diagnostics.github import annotation

        for one in found:
            render.out(annotation(one))
    else:
        render.diagnostics(found)


def _refusal(found: Iterable[Diagnostic]) -> dict[str, Any]:
    """As schemas/refused.schema.json has it."""
    return {"status": "refused", "diagnostics": [one.to_json() for one in found]}


VERBS = {
    "run": "check, plan and run a workflow or prompt",
    "check": "find problems; runs nothing, imports no torch",
    "explain": "what the code of a problem means, and the way out",
    "test": "run the tests of workflows, which lie beside them",
    "convert": "print a workflow as an API prompt",
    "params": "list the values of a file as --set addresses them",
    "plan": "what would run, in order; also as a picture or a flowchart",
    "diff": "what differs, apart from ids, places and titles",
    "report": "write a run as one HTML page, or compare several",
    "nodes": "list node classes, show one, export their schemas",
    "lock": "write down what a workflow needs; runs nothing",
    "verify": "compare this machine with a lock; runs nothing",
    "doctor": "look at the installation, and say what is wrong",
    "completion": "print a script by which a shell completes what is typed",
    "cache": "what is kept of runs for later ones",
}
"""Each is a function of that name in a module of that name, which also has its `arguments`."""


def parser(verbs: Iterable[str]) -> argparse.ArgumentParser:
    """The command line; only these verbs have their arguments, whose modules are imported."""
    found = argparse.ArgumentParser(
        prog="graphrun",
        description="Run ComfyUI-compatible node graphs without ComfyUI.",
        epilog=f"graphrun FILE is short for graphrun run FILE.\n\n{_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("--version", action=_Version, nargs=0, help="show the version")
    choices = found.add_subparsers(dest="verb", metavar="VERB")
    for verb, told in VERBS.items():
        sub = choices.add_parser(verb, help=told)
        if verb in verbs:
            _module(verb).arguments(sub)
    return found


def _module(verb: str) -> Any:
    return import_module(f"graphrun.cli.{verb}")


class _Version(argparse.Action):
    """Reads the version only when asked: looking it up costs as much as parsing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"graphrun {version('graphrun')}")
        parser.exit()
