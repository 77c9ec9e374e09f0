"""Time and memory of runs, in relation to what they needed on this machine before."""

from __future__ import annotations

from dataclasses import replace

from graphrun.errors import Diagnostic
from graphrun.testing.expectations import Evidence
from graphrun.testing.goldens import Baseline
from graphrun.testing.model import Test

FIGURES = {"seconds": "s", "peak_mb": "MiB"}
"""What a budget may be of, and its unit."""


def has_budget(test: Test) -> bool:
    """Whether a test is measured, and so needs a process of its own: what ran before it would
    count, be it libraries that are imported already or memory that was used once."""
    return "budget" in test.table


def judged(seen: Evidence, baseline: Baseline) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Findings about what a run needed, and notes about what could not be judged."""
    found, notes = [], []
    measured = _measured(seen)
    for name, ratio in seen.test.table.get("budget", {}).items():
        held, value, unit = baseline.held.get(name), measured[name], FIGURES[name]
        path = ("budget", name)
        if held is None or value is None:
            reason = (
                "this system does not tell" if value is None else "this machine has no baseline"
            )
            hint = None if value is None else "`graphrun test --update` records one"
            note = seen.test.finding("not_measured", f"{name}: {reason}", *path, hint=hint)
            notes.append(_as_warning(note))
        elif value > held * ratio:
            message = (
                f"{name}: expected at most {held * ratio:.4g} {unit} ({ratio:g} times the "
                f"{held:.4g} {unit} recorded), found {value:.4g} {unit} ({value / held:.2f} times)"
            )
            found.append(seen.test.finding("over_budget", message, *path))
    return found, notes


def recorded(seen: Evidence, baseline: Baseline) -> list[str]:
    """Record what a run needed as this machine's baseline; what changed."""
    measured, wanted = _measured(seen), seen.test.table.get("budget", {})
    figures = {name: value for name in wanted if (value := measured[name]) is not None}
    return baseline.write(figures) if figures else []


def _measured(seen: Evidence) -> dict[str, float | None]:
    peak = seen.report.peak_mb
    return {
        "seconds": round(seen.report.seconds, 3),
        "peak_mb": None if peak is None else round(peak, 1),
    }


def _as_warning(found: Diagnostic) -> Diagnostic:
    return replace(found, severity="warning")
