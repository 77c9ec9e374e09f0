"""The parsers of the command line as values: verbs, options, and what those take."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = ("DIR",)
_FILES = ("FILE", "PATH", "LOCK", "RUN", "A", "B", "FOLDER")
_ADDRESSES = ("overrides", "sweep")


@dataclass(frozen=True, slots=True)
class Value:
    """What an option or a place takes: `words`, or a `kind`: file, folder, address, node, any."""

    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """The names of an option, what it says, and its value, None for a switch."""

    names: tuple[str, ...]
    about: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, or one with its action: `cache ls`. `places` is what stands without an option, and
    `end` the end of its help."""

    name: str
    about: str
    options: tuple[Option, ...]
    places: tuple[Value, ...]
    end: str = ""


def verbs() -> list[Verb]:
    """All verbs, as their parsers have them."""
    from graphrun.cli.main import VERBS, parser

    return list(_read(parser(VERBS), "", ""))


def _read(parser: ArgumentParser, name: str, about: str) -> Iterator[Verb]:
    """A parser and those of its actions, outermost first."""
    options, places, inner = [], [], []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            inner += [(sub, one, helps.get(one, "")) for one, sub in action.choices.items()]
        elif action.option_strings and action.help != argparse.SUPPRESS:
            about_it = " ".join((action.help or "").split())
            options.append(Option(tuple(action.option_strings), about_it, _value(action)))
        elif not action.option_strings:
            places.append(_value(action) or Value("any"))
    yield Verb(name, about, tuple(options), tuple(places), parser.epilog or "")
    for sub, one, told in inner:
        yield from _read(sub, f"{name} {one}".strip(), told)


def _value(action: argparse.Action) -> Value | None:
    if action.nargs == 0:
        return None
    if action.choices:
        return Value("words", tuple(map(str, action.choices)))
    if action.dest in _ADDRESSES:
        return Value("address")
    if action.metavar == "NODE" or action.dest == "targets":
        return Value("node")
    if action.metavar in _FOLDERS:
        return Value("folder")
    if action.metavar in _FILES or action.type is Path:
        return Value("file")
    return Value("any")
