"""Options of `run` for trainings."""

from __future__ import annotations

import argparse
import math
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
            "action": "store_true",
            "help": "train on texts as the file says: padded, and tokenized again in every epoch",
        },
    ),
    (
        ("--grad-accum",),
        {
            "type": _pieces,
            "default": 1,
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
            "action": "store_true",
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
            "action": "store_true",
            "help": "use only operations that give the same bits each time, and fail at others",
        },
    ),
)
"""Names, and what argparse is told of them."""
