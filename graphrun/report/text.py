"""The words and numbers of a run, shared by the plain and the live view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphrun.errors import Diagnostic
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
    "lr": "lr {:.2e}",
    "samples_per_s": "{:,.0f} samples/s",
    "tokens_per_s": "{:,.0f} tokens/s",
}


def figures(values: Mapping[str, float]) -> str:
    """`epoch 1  train loss 0.4210  val accuracy 0.8820`."""
    known = _FORMATS.get
    return "  ".join(
        known(n, f"{n.replace('_', ' ')} {{:.4g}}").format(v) for n, v in values.items()
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
    told = diagnostic.code in ("notice", "stand_in", "interrupted")
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
