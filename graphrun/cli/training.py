"""Options of `run` for trainings."""

from __future__ import annotations

import argparse
import math
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from graphrun.cli import PRECISIONS


def _pieces(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pieces")
    return int(text)


def _norm(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no norm, which is above 0")
    return found


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if (found := float(text)) >= 0:  # not so for nan
            return found
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")


OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--precision",),
        {"choices": PRECISIONS, "help": "what numbers to compute in (default auto)"},
    ),
    (
        ("--literal",),
        {
            "action": BooleanOptionalAction,
            "help": "train on texts as the file says: padded, and tokenized again in every epoch",
        },
    ),
    (
        ("--grad-accum",),
        {
            "type": _pieces,
            "metavar": "N",
            "help": "compute each batch in N pieces, which need less memory, for the same step",
        },
    ),
    (
        ("--clip-grad",),
        {"type": _norm, "metavar": "NORM", "help": "cut the gradients of a step to this norm"},
    ),
    (
        ("--gradient-checkpointing",),
        {
            "action": BooleanOptionalAction,
            "help": "compute layers of encoders again for gradients, which needs less memory",
        },
    ),
    (
        ("--checkpoint-every",),
        {
            "type": _seconds,
            "metavar": "SECONDS",
            "help": "keep how far a training is this often, besides every epoch (default 300; 0 is "
            "after every batch)",
        },
    ),
    (
        ("--deterministic",),
        {
            "action": BooleanOptionalAction,
            "help": "use only operations that give the same bits each time, and fail at others",
        },
    ),
)
"""Names, and what argparse is told of them; none has a default, so that a configuration counts."""

USUAL: dict[str, Any] = {
    "literal": False,
    "grad-accum": 1,
    "clip-grad": None,
    "gradient-checkpointing": False,
    "deterministic": False,
    "checkpoint-every": None,
}
"""What holds for these options where neither the command line nor a configuration says more."""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **{name: (_is_flag, "true or false") for name, usual in USUAL.items() if usual is False},
    "grad-accum": (
        lambda value: type(value) is int and value > 0,
        "a number of pieces, from 1 on",
    ),
    "clip-grad": (
        lambda value: _is_number(value) and 0 < value < math.inf,
        "a norm, which is above 0",
    ),
    "checkpoint-every": (lambda value: _is_number(value) and value >= 0, "a number of seconds"),
}
"""What a configuration may say of them: whether a value is one, and what it has to be."""


def chosen(options: Namespace, configured: Mapping[str, Any], name: str) -> Any:
    """What the command line says, else the configuration, else what is usual."""
    given = getattr(options, name.replace("-", "_"))
    return given if given is not None else configured.get(name, USUAL[name])
