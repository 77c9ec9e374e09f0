"""A sweep as lines of text: a row a member, the best one marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphrun.report.text import duration
from graphrun.sweep.figures import figures
from graphrun.sweep.grid import names, told
from graphrun.sweep.record import Entry, Record

MOST = 5
"""Figures of a table."""


def lines(record: Record) -> Iterator[str]:
    """Knobs, status, time and figures of every member, then what went wrong and where it all is."""
    best, winner = record.best, record.winner
    own = {one.member.number: figures(one.history, one.final, best) for one in record.entries}
    shown = list(dict.fromkeys(name for found in own.values() for name in found))[:MOST]
    heads = ("", "#", *names(record.axes).values(), "status", "time", *shown)
    rows = [
        (
            "*" if one is winner else "",
            str(one.member.number),
            *(told(one.member.values[axis.address]) for axis in record.axes),
            one.status,
            duration(one.seconds) if one.seconds else "",
            *(_number(own[one.member.number].get(name)) for name in shown),
        )
        for one in record.entries
    ]
    yield from _aligned([heads, *rows], len(record.axes) + 3)
    for one in record.entries:
        if one.error:
            yield f"{one.member.number} failed: {one.error}"
    yield _end(record, winner)
    yield f"  sweep folder {record.folder}"
    if record.report:
        yield f"  report {record.folder / record.report}"


def _aligned(rows: Sequence[Sequence[str]], texts: int) -> Iterator[str]:
    """Columns as wide as they need; numbers stand to the right, from the column `texts` on."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{text:<{width}}" if index < texts and index != 1 else f"{text:>{width}}"
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _end(record: Record, winner: Entry | None) -> str:
    count = {s: sum(one.status == s for one in record.entries) for s in ("finished", "failed")}
    failed = f", {count['failed']} failed" if count["failed"] else ""
    text = f"{count['finished']} of {len(record.entries)} finished{failed}"
    text = f"{text} in {duration(record.seconds)}"
    if winner is None or record.best is None:
        return f"{text}{_unknown(record)}"
    place = record.folder / (winner.folder or "")
    word = "lowest" if record.best.direction == "min" else "highest"
    return f"{text}; {word} {record.best.metric}: member {winner.member.number}, {place}"


def _unknown(record: Record) -> str:
    """That the figure of `--best` is none of those that there are, or says nothing."""
    asked = record.asked
    if asked is None or not any(one.status == "finished" for one in record.entries):
        return ""
    own = (figures(one.history, one.final, None) for one in record.entries)
    known = ", ".join(dict.fromkeys(name for found in own for name in found))
    return f"; no member has a number for --best {asked.metric}; figures: {known or 'none'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
