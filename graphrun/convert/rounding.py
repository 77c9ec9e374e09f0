"""What a number widget makes of a number that is pushed into it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from graphrun.catalog.spec import InputSpec
from graphrun.convert.places import kind
from graphrun.convert.text import text_box

_IGNORED = frozenset(
    {
        "default",
        "tooltip",
        "min",
        "max",
        "step",
        "control_after_generate",
        "multiline",
        "dynamicPrompts",
    }
)

_BLANK = " \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_EDGES = re.compile(f"^[{_BLANK}]+|[{_BLANK}]+$")
"""What JavaScript takes for blank at the ends of a number."""

_BASED = re.compile(r"0([xX][0-9a-fA-F]{1,250}|[oO][0-7]{1,300}|[bB][01]{1,1000})", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,300}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", re.ASCII)

_EXACT = Context(prec=1200)
"""Enough digits for the largest float with as many decimals as the smallest step shows."""


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def merged_range(specs: list[InputSpec]) -> tuple[float, float]:
    """The range that all widgets share which can be set together with the first one.

    A widget that differs in other options, or would leave no number at all, does not count.
    """
    low, high = -math.inf, math.inf
    for spec in specs:
        options = spec.options
        least = max(low, options.get("min", -math.inf))
        most = min(high, options.get("max", math.inf))
        if _rest(spec) == _rest(specs[0]) and least <= most:
            low, high = least, most
    return low, high


def _rest(spec: InputSpec) -> tuple[str, Mapping[str, Any]]:
    return kind(spec), {k: v for k, v in spec.options.items() if k not in _IGNORED}


def clamp(value: int | float, low: float, high: float) -> int | float:
    """`value` within the bounds; an integer stays exact."""
    return low if value < low else high if value > high else value


def rounded(spec: InputSpec, value: Any) -> Any:
    """The value as the widget holds it once it was set; None where a number box gets no number."""
    if kind(spec) not in ("INT", "FLOAT"):
        return value
    number = as_number(value)
    if number is None or (isinstance(number, float) and not math.isfinite(number)):
        return number
    return _integer(spec.options, number) if kind(spec) == "INT" else _float(spec.options, number)


def as_number(value: Any) -> int | float | None:
    """What JavaScript reads as a number: text with one, nothing as 0; None if it is no number."""
    if isinstance(value, list):  # read as the text of its members, joined by commas
        return as_number(text_box(value))
    if value is None or isinstance(value, bool):
        return int(bool(value))
    if isinstance(value, str):
        return _read(_EDGES.sub("", value))
    return value if isinstance(value, int | float) else None


def _read(text: str) -> int | float | None:
    if not text or _BASED.fullmatch(text):
        return int(text or "0", 0)
    if _NUMBER.fullmatch(text) is None:
        return None
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _integer(options: Mapping[str, Any], value: int | float) -> int:
    """Rounded half up to the grid of `step`, which starts at `min`. Not clamped."""
    if isinstance(value, float):
        value = math.floor(value + 0.5)
    step, least = options.get("step", 1), options.get("min", 0)
    if not isinstance(step, int) or step <= 1:
        return value
    shift = int(least) % step if math.isfinite(least) else 0
    return (2 * (value - shift) + step) // (2 * step) * step + shift


def _float(options: Mapping[str, Any], number: int | float) -> int | float:
    """Rounded to the unit, then to the digits that `step` shows, then clamped."""
    least, most = options.get("min", 0), options.get("max", 2048)
    try:
        value = float(number)
    except OverflowError:  # more than a float holds, so beyond any bound that there is
        return clamp(number, least, most)
    digits = max(0, -math.floor(math.log10(options.get("step") or 0.5)))
    unit = options.get("round") or (10.0**-digits if digits else None)
    if not unit:
        return value
    units = value / unit + 0.5
    if math.isfinite(units):  # otherwise the unit is finer than the value can be told apart
        value = math.floor(units) * unit
    shown = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _EXACT)
    return float(clamp(float(shown), least, most))
