"""What is expected and what was found: where the two differ, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.testing.values import shown, summary, tensor


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far numbers may lie apart: `atol` plus `rtol` times what is expected."""

    rtol: float = 0.0
    atol: float = 0.0

    @classmethod
    def of(cls, table: Mapping[str, Any], *, golden: bool = False) -> Tolerance:
        """What a table says; without a word values are exact, and golden ones nearly so."""
        if "rtol" in table or "atol" in table:
            return cls(table.get("rtol", 0.0), table.get("atol", 0.0))
        return cls(1e-5, 1e-8) if golden else cls()

    def allows(self, expected: float, found: float) -> bool:
        if math.isnan(expected) or math.isnan(found):
            return math.isnan(expected) and math.isnan(found)
        if math.isinf(expected) or math.isinf(found):
            return expected == found
        return abs(found - expected) <= self.atol + self.rtol * abs(expected)

    def __str__(self) -> str:
        return f"rtol {self.rtol:g}, atol {self.atol:g}"


def difference(expected: Any, found: Any, tolerance: Tolerance, place: str = "") -> str | None:
    """The first difference of two values of JSON in words; None if there is none.

    Whole numbers, texts and booleans are compared exactly; NaN is NaN.
    """
    at = f" at {place}" if place else ""
    expected, found = _number(expected, found), _number(found, expected)
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        if len(expected) != len(found):
            return f"expected {len(expected)} entries{at}, found {len(found)}"
        pairs = ((f"{place}[{i}]", *p) for i, p in enumerate(zip(expected, found, strict=True)))
        return next((d for p, e, f in pairs if (d := difference(e, f, tolerance, p))), None)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if expected.keys() != found.keys():
            return f"expected the keys {', '.join(expected)}{at}, found {', '.join(found)}"
        pairs = ((f"{place}.{k}".lstrip("."), e, found[k]) for k, e in expected.items())
        return next((d for p, e, f in pairs if (d := difference(e, f, tolerance, p))), None)
    if _is_number(expected) and _is_number(found):
        return _numbers(expected, found, tolerance, at)
    same = type(expected) is type(found) and expected == found
    return None if same else f"expected {shown(expected)}{at}, found {shown(found)}"


def _numbers(expected: float, found: float, tolerance: Tolerance, at: str) -> str | None:
    whole = isinstance(expected, int) and isinstance(found, int)
    try:
        if expected == found or (not whole and tolerance.allows(expected, found)):
            return None
        off = abs(found - expected)
    except OverflowError:  # a whole number that is larger than any float
        return f"expected {shown(expected)}{at}, found {shown(found)}"
    if whole:
        return f"expected {expected}{at}, found {found} (off by {off})"
    return f"expected {expected!r}{at}, found {found!r} (off by {off:.3g}, {tolerance})"


def descriptions(
    expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: Tolerance
) -> str | None:
    """The difference of two descriptions: of their form first, then of their numbers."""
    for key in ("type", "shape", "dtype", "columns"):
        if expected.get(key) != found.get(key):
            return f"expected {summary(expected)}, found {summary(found)}" + (
                f": columns {found.get(key)}, not {expected.get(key)}" if key == "columns" else ""
            )
    if expected.get("digest") == found.get("digest"):
        return None
    for key in ("value", "values"):
        if key in expected and key in found:
            return difference(expected[key], found[key], tolerance, key if key[-1] == "s" else "")
    if "statistics" not in expected or "statistics" not in found:
        return f"expected {expected.get('digest')}, found {found.get('digest')}"
    said = difference(expected["statistics"], found["statistics"], tolerance, "statistics")
    return said or _exactly(expected, found)


def _exactly(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """The difference of what has the same statistics, where no tolerance is meant."""
    if "exact" in expected and "exact" in found and expected["exact"] != found["exact"]:
        return "columns of texts or whole numbers are other ones, with the same means"
    if expected.get("dtype", "float").startswith(("int", "uint", "bool")):
        return "whole numbers are other ones, with the same statistics"
    return None


def tensors(expected: Any, value: Any, tolerance: Tolerance) -> str | None:
    """The difference of a tensor and what was found, number by number."""
    import torch

    found = tensor(value)
    if found is None or (found.shape, found.dtype) != (expected.shape, expected.dtype):
        return f"expected {shown(expected)}, found {shown(value)}"
    exact = not (expected.is_floating_point() or expected.is_complex())
    near = (
        expected == found
        if exact
        else torch.isclose(
            found, expected, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True
        )
    )
    if bool(near.all()):
        return None
    before, after = expected.reshape(-1), found.reshape(-1)
    apart = (after - before).abs() if expected.is_complex() else _apart(after, before)
    worst = int(apart.masked_fill(near.reshape(-1), 0.0).nan_to_num(math.inf).argmax())
    place: list[int] = []
    rest = worst
    for size in reversed(expected.shape):
        place.insert(0, rest % size)
        rest //= size
    return (
        f"{int((~near).sum())} of {near.numel()} numbers differ, most at {place}: expected "
        f"{before[worst].item()!r}, found {after[worst].item()!r} "
        f"(off by {apart[worst].item():.3g}, {tolerance})"
    )


def _apart(one: Any, other: Any) -> Any:
    """How far real numbers, whole ones too, lie apart."""
    return (one.double() - other.double()).abs()


def _number(value: Any, other: Any) -> Any:
    """A number that JSON cannot hold, written as a text, where the other side is a number."""
    if isinstance(value, str) and _is_number(other) and value in ("nan", "inf", "-inf"):
        return float(value)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
