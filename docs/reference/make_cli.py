"""Writes cli.md, the reference of the command line, from its parsers."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from graphrun.cli.main import VERBS, parser

PAGE = Path(__file__).with_name("cli.md")
_HEAD = """# Command line

Written by `docs/reference/make_cli.py` from the parsers; `graphrun VERB --help` prints the same.
`graphrun FILE` is short for `graphrun run FILE`. FILE is a workflow or a prompt, also one inside of
a media file, or `-` for standard input. The [exit codes](exit-codes.md) have a page of their own.
"""


def page() -> str:
    """The text of the page."""
    (verbs,) = _choices(parser(VERBS))
    lines = [_HEAD]
    lines += [f"- [{name}](#graphrun-{name}): {told}" for name, told in VERBS.items()]
    for name, told in VERBS.items():
        lines += _section(f"graphrun {name}", told, verbs.choices[name])
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, told: str, known: argparse.ArgumentParser) -> Iterator[str]:
    yield f"\n{'###' if name.count(' ') > 1 else '##'} {name}\n"
    yield f"{told[0].upper()}{told[1:]}."
    for inner in _choices(known):
        for choice in inner._choices_actions:
            words = f"{name} {choice.dest}"
            yield from _section(words, choice.help or "", inner.choices[choice.dest])
        return
    placed = [_placed(one) for one in known._get_positional_actions()]
    yield f"\n```\n{' '.join([name, *placed, '[OPTION …]'])}\n```"
    yield "\n| argument | meaning |\n| --- | --- |"
    yield from _rows(known)
    if known.epilog:
        yield f"\n```\n{known.epilog}\n```"


def _choices(known: argparse.ArgumentParser) -> list["argparse._SubParsersAction"]:
    return [one for one in known._actions if isinstance(one, argparse._SubParsersAction)]


def _rows(known: argparse.ArgumentParser) -> Iterator[str]:
    """A row of a table for every argument that help shows."""
    for one in known._actions:
        if one.help != argparse.SUPPRESS and not isinstance(one, argparse._HelpAction):
            yield f"| {_names(one)} | {_told(one)} |"


def _placed(action: argparse.Action) -> str:
    word = _word(action)
    forms = {"?": f"[{word}]", "*": f"[{word} …]", "+": f"{word} [{word} …]"}
    return forms.get(str(action.nargs), word)


def _word(action: argparse.Action) -> str:
    """What stands for the value of an argument."""
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _names(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 or not action.option_strings else f" {_word(action)}"
    names = action.option_strings or [_word(action)]
    return _cell(", ".join(f"`{name}{value}`" for name in names))


def _told(action: argparse.Action) -> str:
    told = action.help or ""
    if action.option_strings and type(action.default) in (str, int) and "(default" not in told:
        told = f"{told} (default {action.default})"
    return _cell(told.strip())


def _cell(text: str) -> str:
    return text.replace("%%", "%").replace("<", "&lt;").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
