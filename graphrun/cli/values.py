"""Values on the command line: what argparse makes of their texts."""

from __future__ import annotations

import secrets
from argparse import ArgumentTypeError
from pathlib import Path

from graphrun.cli import sizes


def size(text: str) -> int:
    try:
        return sizes.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def number(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def processes(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no number of processes")
    return int(text)


def seed(text: str) -> int:
    if text == "random":
        return secrets.randbelow(1 << 53)  # JSON readers may know no larger whole numbers
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no whole number, and not random") from None


def folder(text: str) -> Path:
    if not text:  # an unset variable of a shell: not the working folder
        raise ArgumentTypeError("it is empty")
    return Path(text)
