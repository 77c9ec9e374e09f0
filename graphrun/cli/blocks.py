"""Blocks that a page is made of, as plain text for a terminal and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

WIDTH = 100
_BULLET = textwrap.TextWrapper(
    WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
)


@dataclass(frozen=True, slots=True)
class Title:
    """A heading; the first of a page is that of the page."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, with `names` in backticks."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short texts."""

    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with a heading each."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be copied."""

    text: str
    language: str = "json"


Block = Title | Prose | Points | Table | Code


def plain(blocks: Iterable[Block]) -> Iterator[str]:
    """The blocks as lines for a terminal."""
    before: Block | None = None
    for block in blocks:
        if before is not None and not isinstance(before, Title):
            yield ""
        yield from _plain(block, first=before is None)
        before = block


def _plain(block: Block, *, first: bool) -> Iterator[str]:
    match block:
        case Title(text):
            yield text if first else f"{text}:"
        case Prose(text):
            yield text
        case Points(points):
            for point in points:
                yield from _BULLET.wrap(point.replace("`", ""))
        case Table(heads, rows):
            lines = (heads, *rows)
            widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
            for line in lines:
                cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                yield f"  {'  '.join(cells)}".rstrip()
        case Code(text):
            yield text


def markdown(blocks: Iterable[Block], known: Collection[str]) -> str:
    """The blocks as a document; names of `known` classes in backticks are links to their pages."""
    found = list(blocks)
    own = found[0].text if found and isinstance(found[0], Title) else ""
    return "\n".join(_markdown(block, _linker(known, own)) for block in found)


def _markdown(block: Block, linked: Callable[[str], str]) -> str:
    match block:
        case Title(text, level):
            return f"{'#' * level} {text}\n"
        case Prose(text):
            return f"{linked(text)}\n"
        case Points(points):
            return "".join(f"- {linked(point)}\n" for point in points)
        case Code(text, language):
            return f"```{language}\n{text}\n```\n"
        case Table(heads, rows):
            lines = (heads, tuple("---" for _ in heads), *rows)
            cells = ((linked(cell).replace("|", "\\|") for cell in row) for row in lines)
            return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _linker(known: Collection[str], own: str) -> Callable[[str], str]:
    def link(found: re.Match[str]) -> str:
        name = found.group(1)
        linked = name in known and name != own
        return f"[{name}]({name}.md)" if linked else found.group()

    def text(given: str) -> str:
        parts = re.split(r"(`[^`\n]+`)", given)
        safe = (part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
        return re.sub(r"`([^`\n]+)`", link, "".join(safe))

    return text
