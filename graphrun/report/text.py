"""The words and numbers of a run, shared by the plain and the live view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.execute.events import RunStarted
from graphrun.report.report import Report

LIBRARY = "library_warning"
"""Code of notices that hold what a library said; the views show them only when asked."""

_FORMATS = {
    "epoch": "epoch {:.0f}",
    "loss": "loss {:.4f}",
    "accuracy": "accuracy {:.4f}",
    "train_loss": "train loss {:.4f}",
    "val_loss": "val loss {:.4f}",
    "val_accuracy": "val accuracy {:.4f}",
    "val_f1": "F1 {:.4f}",
    "val_auc": "AUC {:.4f}",
    "precision": "precision {:.4f}",
    "recall": "recall {:.4f}",
    "f1": "F1 {:.4f}",
    "auc": "AUC {:.4f}",
    "lr": "lr {:.2e}",
    "samples_per_s": "{:,.0f} samples/s",
    "tokens_per_s": "{:,.0f} tokens/s",
    "peak_share": "{:.0%} of peak",
}
_IN_FILES = frozenset({"val_precision", "val_recall", "flops_per_s"})
"""Figures that are only in files, so that those of an epoch fit a line."""


def figures(values: Mapping[str, Any]) -> str:
    """`epoch 1  train loss 0.4210  val accuracy 0.8820`. Tables are only in files."""
    shown = {
        name: value
        for name, value in values.items()
        if name not in _IN_FILES and isinstance(value, int | float)
    }
    return "  ".join(
        _FORMATS[n].format(v) if n in _FORMATS else f"{n.replace('_', ' ')} {v:.4g}"
        for n, v in shown.items()
    )


def printable(text: str, *, lines: bool = True) -> str:
    """Titles come from files: control characters in them must not steer the terminal.

    Without `lines`, line breaks are escaped too, for what belongs on one line.
    """
    return "".join(c if c.isprintable() or (lines and c == "\n") else ascii(c)[1:-1] for c in text)


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def notice(diagnostic: Diagnostic) -> str:
    """One line and, where there is one, the hint below it."""
    told = diagnostic.code in ("notice", "stand_in", "interrupted", "downloading")
    place = f"{diagnostic.position}: " if diagnostic.position and not told else ""
    word = "" if told else f"{diagnostic.severity}: "
    hint = f"\n    {diagnostic.hint}" if diagnostic.hint else ""
    return f"{place}{word}{diagnostic.message}{hint}"


def summary(report: Report) -> Iterator[str]:
    """The end of a run: figures, files, time per node."""
    words = {"success": "done", "failed": "failed", "interrupted": "interrupted", None: "?"}
    peak = f", peak memory {report.peak_mb:,.0f} MiB" if report.peak_mb else ""
    yield f"{words[report.status]} in {duration(report.seconds)}{peak}"
    if report.final:
        yield f"  {figures(report.final)}"
    for path in report.files:
        yield f"  saved {path}"
    shown = [t for texts in report.texts.values() for t in texts if t not in report.files]
    for text in shown:
        yield "  " + text.replace("\n", "\n  ")
    slow = sorted(report.nodes.values(), key=lambda n: -n.seconds)[:5]
    times = [f"{n.title} {duration(n.seconds)}" for n in slow if n.seconds >= 0.05]
    if times:
        yield f"  time: {', '.join(times)}"
    if report.folder:
        yield f"  run folder {report.folder}"


def what_begins(event: RunStarted) -> str:
    """The size of a run, and its seed."""
    number = len(event.nodes)
    return f"{number} node{'s' * (number != 1)}, seed {event.seed}"
