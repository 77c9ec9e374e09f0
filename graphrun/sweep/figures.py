"""Which member was best, by a figure of its report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from graphrun.errors import Diagnostic, UsageError

Direction = Literal["min", "max"]

USUAL = (
    "val_loss", "val_accuracy", "val_f1", "val_auc", "accuracy", "f1", "auc", "train_loss", "loss",
)  # fmt: skip
"""Figures by which members are compared if nothing else is asked for: the first that is there."""

_LOW = ("loss", "error", "perplexity", "mse", "mae", "rmse", "cer", "wer", "seconds")
_APART = frozenset({"node", "time", "epoch"})


@dataclass(frozen=True, slots=True)
class Best:
    """A figure, and whether small or large is good."""

    metric: str
    direction: Direction

    @classmethod
    def parse(cls, text: str) -> Best:
        """`val_f1`, `max:val_f1` or `min:val_f1`; without a word, losses and errors are small.

        Raises:
            UsageError: another form.
        """
        head, colon, rest = text.partition(":")
        if not colon:
            return cls.of(text)
        if head not in ("min", "max") or not rest:
            message = f"--best {text}: expected METRIC, min:METRIC or max:METRIC"
            raise UsageError(Diagnostic("bad_sweep", message))
        return cls(rest, "min" if head == "min" else "max")

    @classmethod
    def of(cls, metric: str) -> Best:
        small = any(word in metric.lower().split("_") for word in _LOW)
        return cls(metric, "min" if small else "max")

    def better(self, value: float, than: float) -> bool:
        return value < than if self.direction == "min" else value > than

    def entry(self, history: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The entry of a report's history where the figure is best, the first of equals."""
        found: Mapping[str, Any] | None = None
        for one in history:
            if is_number(one.get(self.metric)) and (
                found is None or self.better(one[self.metric], found[self.metric])
            ):
                found = one
        return found


def is_number(value: Any) -> bool:
    """Whether it can be compared: reports have texts in the place of NaN and infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def usual(histories: Sequence[Sequence[Mapping[str, Any]]]) -> Best | None:
    """What to compare by: a usual figure that a member has, else the first figure of all."""
    found = {
        name: None
        for history in histories
        for entry in history
        for name, value in entry.items()
        if name not in _APART and is_number(value)
    }
    metric = next((name for name in USUAL if name in found), next(iter(found), None))
    return Best.of(metric) if metric else None


def figures(
    history: Sequence[Mapping[str, Any]], final: Mapping[str, Any], best: Best | None
) -> dict[str, float]:
    """The numbers of the entry where a member was best, that figure first, then the newest ones."""
    entry = best.entry(history) if best else None
    found: dict[str, float] = {}
    for source in (entry or {}, final):
        for name, value in source.items():
            if name not in ("node", "time") and is_number(value):
                found.setdefault(name, value)
    if best and best.metric in found:
        found = {best.metric: found[best.metric], **found}
    return found
