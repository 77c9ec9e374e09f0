"""Options of `run` for sweeps."""

from __future__ import annotations

import argparse
from typing import Any


def _jobs(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of members")
    return int(text)


OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--sweep",),
        {
            "action": "append",
            "default": [],
            "metavar": "NODE.INPUT=VALUE,…",
            "help": "run with each of these values, and with all combinations of several --sweep; "
            "also a JSON list, A..B:N, A..B:logN, and seed=1,2,3 (repeatable)",
        },
    ),
    (
        ("--sweep-random",),
        {
            "type": _jobs,
            "metavar": "N",
            "help": "only N of the combinations, drawn at random by --seed",
        },
    ),
    (
        ("-j", "--jobs"),
        {"type": _jobs, "default": 1, "metavar": "N", "help": "members of a sweep at once"},
    ),
    (
        ("--best",),
        {
            "metavar": "METRIC",
            "help": "figure that tells which member of a sweep is best, as val_f1 or max:val_f1 "
            "(default the lowest val_loss, else the highest val_accuracy, …)",
        },
    ),
)
"""Names, and what argparse is told of them."""
