"""WebM and Matroska: the tags."""

from __future__ import annotations

from collections.abc import Iterator

from graphrun.documents.media.entries import Entry
from graphrun.documents.media.span import BrokenMedia, Span, text

SIGNATURE = b"\x1a\x45\xdf\xa3"
_SEGMENT, _TAGS, _TAG, _SIMPLE_TAG = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487


def read(span: Span) -> Iterator[Entry]:
    """Simple tags with a name and a text."""
    for name, element in _elements(span):
        if name == _SEGMENT:
            yield from (e for n, tags in _elements(element) if n == _TAGS for e in _tags(tags))


def _tags(tags: Span) -> Iterator[Entry]:
    """Tags may hold tags; what is inside comes out beside."""
    waiting = [tags]
    while waiting:
        key = value = None
        for name, element in _elements(waiting.pop()):
            if name in (_TAG, _SIMPLE_TAG):
                waiting.append(element)
            elif name == _NAME:
                key = text(element.rest("a tag's name")).rstrip("\0")
            elif name == _STRING:
                value = text(element.rest("a tag's text"))
        if key is not None and value is not None:
            yield key, value


def _elements(span: Span) -> Iterator[tuple[int, Span]]:
    """One after the other. Recorders leave sizes open; such an element's children come beside."""
    while span.left:
        start = span.at
        what = f"the element at byte {start}"
        name, _ = _variable(span, 4, what)
        size, open_ended = _variable(span, 8, what)
        if not open_ended:
            yield name, span.part(size, f"element {name:#x} at byte {start}")
        elif name == _SEGMENT:
            yield name, span.part(span.left, what)


def _variable(span: Span, longest: int, what: str) -> tuple[int, bool]:
    first = span.number(1, what)
    length = 9 - first.bit_length()
    if length > longest:
        raise BrokenMedia(f"{what} has no valid head")
    rest = span.number(length - 1, what) if length > 1 else 0
    value = first << 8 * (length - 1) | rest
    if longest == 8:
        value &= (1 << 7 * length) - 1
        return value, value == (1 << 7 * length) - 1
    return value, False
