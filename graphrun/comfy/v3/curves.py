"""Curves and ranges that the editor lets be drawn, as functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import hypot, log2
from typing import Any

CurvePoint = tuple[float, float]


class CurveInput(ABC):
    """A function on numbers between 0 and 1."""

    @property
    @abstractmethod
    def points(self) -> list[CurvePoint]:
        """The points that it goes through."""

    @abstractmethod
    def interp(self, x: float) -> float:
        """Its value at x."""

    def interp_array(self, xs: Any) -> Any:
        """Its values, as an array of numpy."""
        import numpy as np

        return np.array([self.interp(float(x)) for x in xs], dtype=np.float64)

    def to_lut(self, size: int = 256) -> Any:
        """Its values at `size` places from 0 to 1, as an array of numpy."""
        import numpy as np

        return self.interp_array(np.linspace(0.0, 1.0, size))

    @staticmethod
    def from_raw(data: Any) -> CurveInput:
        """A curve from a widget's value: points, alone or with the way they are joined.

        Raises:
            ValueError: the way is neither `linear` nor `monotone_cubic`.
        """
        if isinstance(data, CurveInput):
            return data
        way = "monotone_cubic"
        if isinstance(data, dict):
            data, way = data["points"], data.get("interpolation", way)
        curves = {"linear": LinearCurve, "monotone_cubic": MonotoneCubicCurve}
        if way not in curves:
            raise ValueError(f"points can be joined by {' or '.join(curves)}, not by {way!r}")
        return curves[way](data)


class LinearCurve(CurveInput):
    """Straight lines between points; flat before the first and after the last one."""

    def __init__(self, control_points: Iterable[Sequence[float]]) -> None:
        self._points = sorted(((float(x), float(y)) for x, y in control_points), key=_first)
        self._xs = [x for x, _ in self._points]

    @property
    def points(self) -> list[CurvePoint]:
        return list(self._points)

    def interp(self, x: float) -> float:
        if not self._points:
            return 0.0
        if x <= self._xs[0] or len(self._points) == 1:
            return self._points[0][1]
        if x >= self._xs[-1]:
            return self._points[-1][1]
        after = bisect_right(self._xs, x)
        return self._between(after - 1, x)

    def _between(self, i: int, x: float) -> float:
        (x0, y0), (x1, y1) = self._points[i : i + 2]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._points})"


class MonotoneCubicCurve(LinearCurve):
    """Smooth between points, and never beyond two neighbours (Fritsch and Carlson's method)."""

    def __init__(self, control_points: Iterable[Sequence[float]]) -> None:
        super().__init__(control_points)
        rises = [(y1 - y0) / (x1 - x0) if x1 > x0 else 0.0 for (x0, y0), (x1, y1) in self._pairs()]
        self._slopes = _slopes(rises)

    def _pairs(self) -> Iterable[tuple[CurvePoint, CurvePoint]]:
        return pairwise(self._points)

    def _between(self, i: int, x: float) -> float:
        (x0, y0), (x1, y1) = self._points[i : i + 2]
        width, (m0, m1) = x1 - x0, self._slopes[i : i + 2]
        t = (x - x0) / width
        back = 1 - t
        # The cubic with these ends and slopes, written as Bernstein polynomials.
        inner = back * (y0 + width * m0 / 3) + t * (y1 - width * m1 / 3)
        return back**3 * y0 + 3 * back * t * inner + t**3 * y1


def _first(point: CurvePoint) -> float:
    return point[0]


def _slopes(rises: list[float]) -> list[float]:
    """The slope at each point: level at turning points, and bounded by the rises beside it."""
    if not rises:
        return [0.0]
    middle = [(a + b) / 2 if a * b > 0 else 0.0 for a, b in pairwise(rises)]
    slopes = [rises[0], *middle, rises[-1]]
    for i, rise in enumerate(rises):
        if rise == 0:
            slopes[i] = slopes[i + 1] = 0.0
            continue
        length = hypot(slopes[i] / rise, slopes[i + 1] / rise)
        if length > 3:
            slopes[i], slopes[i + 1] = slopes[i] * 3 / length, slopes[i + 1] * 3 / length
    return slopes


class RangeInput:
    """Levels: what lies between two ends becomes 0 to 1, with the middle moved by a gamma."""

    def __init__(self, min_val: float, max_val: float, midpoint: float | None = None) -> None:
        self.min_val, self.max_val, self.midpoint = min_val, max_val, midpoint

    @staticmethod
    def from_raw(data: Any) -> RangeInput:
        """A range from a widget's value."""
        if isinstance(data, RangeInput):
            return data
        if not isinstance(data, dict):
            raise TypeError(f"a range is a dictionary of min and max, not {data!r:.60}")
        middle = data.get("midpoint")
        ends = float(data.get("min", 0.0)), float(data.get("max", 1.0))
        return RangeInput(*ends, None if middle is None else float(middle))

    def to_lut(self, size: int = 256) -> Any:
        """The levels of `size` values from 0 to 1, as an array of numpy."""
        import numpy as np

        values = np.linspace(0.0, 1.0, size)
        width = self.max_val - self.min_val
        if abs(width) < 1e-10:
            return (values >= self.min_val).astype(np.float64)
        levels = np.clip((values - self.min_val) / width, 0.0, 1.0)
        if self.midpoint is None or self.midpoint <= 0:
            return levels
        return levels ** (1 / max(-log2(self.midpoint), 0.001))

    def __repr__(self) -> str:
        return f"RangeInput({self.min_val}, {self.max_val}, {self.midpoint})"
