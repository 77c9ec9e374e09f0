"""Sizes as people write them: 256M, 20GiB, 1.5 GB."""

from __future__ import annotations

import math
import re

_TEXT = re.compile(r"(\d+\.?\d*|\.\d+)\s*(?:([kmgt])(i?b)?|b)?", re.IGNORECASE | re.ASCII)
_UNITS = "kmgt"
_TOLD = ("B", "KiB", "MiB", "GiB", "TiB")


def parse(text: str) -> int:
    """Bytes. K, M, G, T and KiB, MiB, … are powers of 1024; KB, MB, … are powers of 1000.

    Raises:
        ValueError: another form, or a number without end.
    """
    found = _TEXT.fullmatch(text.strip())
    size = math.inf
    if found:
        number, unit, form = found.groups()
        base = 1000 if form and form.lower() == "b" else 1024
        size = float(number) * (base ** (_UNITS.index(unit.lower()) + 1) if unit else 1)
    if not size < math.inf:
        raise ValueError(f"{text!r} is not a size such as 256M or 20GiB")
    return int(size)


def told(size: int) -> str:
    """Three digits and a unit, for people."""
    number = float(size)
    unit = iter(_TOLD)
    word = next(unit)
    while number >= 1000 and word != _TOLD[-1]:
        number, word = number / 1024, next(unit)
    return f"{number:.0f} {word}" if word == "B" or number >= 100 else f"{number:.1f} {word}"
