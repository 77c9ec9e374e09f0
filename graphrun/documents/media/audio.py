"""FLAC, Ogg (Vorbis, Opus) and MP3."""

from __future__ import annotations

import io
from collections.abc import Iterator

from graphrun.documents.media.entries import Entry
from graphrun.documents.media.span import LIMIT, BrokenMedia, Span, text

_VORBIS_COMMENT = 4
_COMMENT_HEADERS = (b"\x03vorbis", b"OpusTags", b"\x81theora")
_OGG_FLAC = b"\x7fFLAC"
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def read_flac(span: Span) -> Iterator[Entry]:
    """Vorbis comments of the metadata blocks."""
    span.skip(4, "the signature")
    last = False
    while not last:
        start = span.at
        head = span.number(1, "a metadata block")
        last = bool(head & 0x80)
        what = f"metadata block {head & 0x7F} at byte {start}"
        block = span.part(span.number(3, what), what)
        if head & 0x7F == _VORBIS_COMMENT:
            yield from _comments(block)


def read_ogg(span: Span) -> Iterator[Entry]:
    """Comments are the second packet of a stream. Streams begin together, before any data."""
    packets: dict[int, list[bytes]] = {}
    done: set[int] = set()
    total = 0
    while span.left and (not packets or done != packets.keys()):
        serial, parts = _page(span)
        total += sum(map(len, parts))
        if total > LIMIT:
            raise BrokenMedia("the comments have too many bytes for a text")
        if serial in done:
            continue
        found = packets.setdefault(serial, [b""])
        found[-1] += parts[0]
        found += parts[1:]
        if len(found) > 2:
            done.add(serial)
            yield from _ogg_comments(found[0], found[1])
    if not packets or done != packets.keys():
        raise BrokenMedia(f"the stream ends at byte {span.at}, before its comments do", cut=True)


def _page(span: Span) -> tuple[int, list[bytes]]:
    """The stream's number and the packets of a page; the last one goes on in the next page."""
    start = span.at
    what = f"the page at byte {start}"
    if span.take(4, what) != b"OggS":
        raise BrokenMedia(f"at byte {start} there is no page")
    span.skip(10, what)
    serial = span.number(4, what)
    span.skip(8, what)
    parts = [b""]
    pieces = span.take(span.number(1, what), what)
    body = io.BytesIO(span.take(sum(pieces), what))
    for length in pieces:
        parts[-1] += body.read(length)
        if length < 255:
            parts.append(b"")
    return serial, parts


def _ogg_comments(first: bytes, second: bytes) -> Iterator[Entry]:
    if first.startswith(_OGG_FLAC):
        yield from _comments(Span.of(second[4:]))
    for header in _COMMENT_HEADERS:
        if second.startswith(header):
            yield from _comments(Span.of(second[len(header) :]))


def _comments(span: Span) -> Iterator[Entry]:
    what = "the comments"
    span.skip(span.number(4, what, "little"), what)
    for _ in range(span.number(4, what, "little")):
        comment = text(span.take(span.number(4, what, "little"), "a comment"))
        key, separator, value = comment.partition("=")
        if separator:
            yield key, value


def read_mp3(span: Span) -> Iterator[Entry]:
    """Texts with a name of their own in the ID3 tag at the start (versions 2.2 to 2.4)."""
    if span.take(3, "the signature") != b"ID3":
        return
    version, _, flags = span.take(3, "the ID3 tag")
    body = span.part(_syncsafe(span.take(4, "the ID3 tag")), "the ID3 tag")
    if flags & 0x80 and version < 4:
        body = Span.of(_synchronised(body.rest("the ID3 tag")))
    if flags & 0x40 and version >= 3:
        length = body.take(4, "the extended header")
        size = _syncsafe(length) - 4 if version >= 4 else int.from_bytes(length, "big")
        body.skip(size, "the extended header")
    yield from _frames(body, version)


def _frames(body: Span, version: int) -> Iterator[Entry]:
    names, sizes = (3, 3) if version == 2 else (4, 4)
    while body.left > names:
        start = body.at
        name = body.take(names, "a frame")
        if not name.strip(b"\0"):
            return  # padding
        size = body.take(sizes, "a frame")
        flags = body.number(2, "a frame") if version > 2 else 0
        length = _syncsafe(size) if version >= 4 else int.from_bytes(size, "big")
        what = f"frame {name.decode('latin-1')!r} at byte {start}"
        frame = body.part(length, what)
        if name not in (b"TXXX", b"TXX", b"COMM", b"COM"):
            continue
        data = frame.rest(what)
        if version >= 4 and flags & 0x01:
            data = data[4:]  # its length once more
        if version >= 4 and flags & 0x02:
            data = _synchronised(data)
        yield from _text_frame(name, data)


def _text_frame(name: bytes, data: bytes) -> Iterator[Entry]:
    """An encoding, for comments a language, a name, NUL, the text."""
    encoding, rest = data[:1], data[4:] if name.startswith(b"COM") else data[1:]
    code = encoding[0] if encoding and encoding[0] < len(_ENCODINGS) else 0
    found = text(rest) if code in (0, 3) else rest.decode(_ENCODINGS[code], errors="replace")
    key, separator, value = found.partition("\0")
    if separator:
        value = value.lstrip("\ufeff")
        yield ("comment" if name.startswith(b"COM") else key), value.partition("\0")[0]


def _syncsafe(data: bytes) -> int:
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number


def _synchronised(data: bytes) -> bytes:
    return data.replace(b"\xff\0", b"\xff")
