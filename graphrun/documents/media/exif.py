"""EXIF, and the images that carry it in chunks: JPEG and WebP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from graphrun.documents.media.entries import Entry, keyed, promises
from graphrun.documents.media.span import BrokenMedia, Budget, Span, text

_ASCII, _UNDEFINED = 2, 7
_SUB_IFD, _USER_COMMENT = 0x8769, 0x9286
_HEAD = 20
"""Bytes of a tag that tell whether it is worth reading."""
_PREFIX = b"Exif\0\0"
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""JPEG markers without a length."""


def read_jpeg(span: Span) -> Iterator[Entry]:
    """The EXIF segment and the comments. Reading stops where the image data begins."""
    span.skip(2, "the start marker")
    budget = Budget()
    while True:
        start = span.at
        if span.number(1, "a segment's marker") != 0xFF:
            raise BrokenMedia(f"at byte {start} there is no segment")
        marker = 0xFF
        while marker == 0xFF:  # padding
            marker = span.number(1, "a segment's marker")
        if marker in (0xD9, 0xDA):
            return
        if marker in _ALONE:
            continue
        what = f"segment {marker:#04x} at byte {start}"
        body = span.part(span.number(2, what) - 2, what)
        if marker == 0xE1 and body.left >= 6:
            data = body.rest(what)
            if data.startswith(_PREFIX):
                yield from read_exif(data, what, budget)
        elif marker == 0xFE:
            yield from keyed(text(body.rest(what)))


def read_webp(span: Span) -> Iterator[Entry]:
    """The `EXIF` chunk; the others are skipped."""
    span.skip(4, "the signature")
    budget = Budget()
    inside = span.part(span.number(4, "the length", "little"), "the RIFF container")
    inside.skip(4, "the kind")
    while inside.left:
        start = inside.at
        kind = inside.take(4, "the name of a chunk")
        length = inside.number(4, "the length of a chunk", "little")
        what = f"chunk {kind.decode('latin-1')!r} at byte {start}"
        body = inside.part(length, what)
        if length % 2 and inside.left:
            inside.skip(1, what)
        if kind == b"EXIF":
            yield from read_exif(body.rest(what), what, budget)


def read_exif(data: bytes, what: str, budget: Budget) -> Iterator[Entry]:
    """Texts such as `workflow:{…}` in any ASCII tag of the first directory, and the user comment.

    Raises:
        BrokenMedia: a length or offset leads out of the data, or `budget` is spent.
    """
    data = data.removeprefix(_PREFIX)
    span = Span.of(data)
    orders: dict[bytes, Literal["big", "little"]] = {b"II*\0": "little", b"MM\0*": "big"}
    order = orders.get(data[:4])
    if order is None:
        raise BrokenMedia(f"{what}: the EXIF data does not start as such")
    first = int.from_bytes(data[4:8], order)
    inner = None
    for tag, place, count in _directory(span.elsewhere(first), order, what):
        if tag == _SUB_IFD:
            inner = place.number(4, what, order)
        elif promises(span.elsewhere(place.at).take(min(count, _HEAD), what)):
            budget.spend(count)
            yield from keyed(text(place.take(count, what).rstrip(b"\0")))
    if inner is None:
        return
    for tag, place, count in _directory(span.elsewhere(inner), order, what):
        if tag == _USER_COMMENT:
            budget.spend(count)
            yield from keyed(_comment(place.take(count, what), order))


def _directory(
    span: Span, order: Literal["big", "little"], what: str
) -> Iterator[tuple[int, Span, int]]:
    """Tags, where their values begin and how long they are, if these are texts or lead to some."""
    for _ in range(span.number(2, f"{what}: an EXIF directory", order)):
        entry = span.part(12, f"{what}: an EXIF entry")
        tag, kind, count = (entry.number(n, what, order) for n in (2, 2, 4))
        if tag == _SUB_IFD:
            yield tag, entry, 4
        elif kind == _ASCII or (kind == _UNDEFINED and tag == _USER_COMMENT):
            inside = entry if count <= 4 else span.elsewhere(entry.number(4, what, order))
            inside.elsewhere(inside.at).skip(count, f"{what}: EXIF tag {tag:#06x}")
            yield tag, inside, count


def _comment(value: bytes, order: Literal["big", "little"]) -> str:
    """A user comment begins with eight bytes that name its encoding."""
    name, rest = value[:8].rstrip(b"\0 "), value[8:]
    if name == b"UNICODE":
        utf16 = "utf-16-le" if order == "little" else "utf-16-be"
        return rest.decode(utf16, errors="replace")
    return text(rest if name in (b"ASCII", b"") else value).strip("\0")
