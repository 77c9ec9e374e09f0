"""PNG: text chunks."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from graphrun.documents.media.entries import DOCUMENTS, PARAMETERS, Entry
from graphrun.documents.media.span import BrokenMedia, Span, inflate, text

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_FAULTS = 4
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"comf")


def read(span: Span) -> Iterator[Entry]:
    """Every text of the chunks `tEXt`, `zTXt`, `iTXt` and `comf`; the other chunks are skipped.

    Damage to a text that is no document is a fault of the span; to another one, an error.
    """
    span.skip(len(SIGNATURE), "the signature")
    kind = b""
    while kind != b"IEND":
        start = span.at
        length = span.number(4, "the length of a chunk")
        kind = span.take(4, "the name of a chunk")
        what = f"chunk {kind.decode('latin-1')!r} at byte {start}"
        if kind not in _TEXTS:
            span.skip(length + 4, what)
            continue
        body = span.take(length, what)
        checksum = span.number(4, f"the checksum of {what}")
        try:
            if zlib.crc32(kind + body) != checksum:
                raise BrokenMedia(f"{what} is damaged: its checksum is wrong")
            yield _entry(kind, body, what)
        except BrokenMedia as error:
            name = body.partition(b"\0")[0].decode("latin-1").strip().lower()
            if name in (*DOCUMENTS, PARAMETERS) or len(span.faults) == _MOST_FAULTS:
                raise
            span.faults.append(str(error))


def _entry(kind: bytes, body: bytes, what: str) -> Entry:
    key, _, value = body.partition(b"\0")
    if kind == b"zTXt":
        value = inflate(value[1:], what)
    elif kind == b"iTXt":
        packed = value[:1] == b"\1"
        _language, _, rest = value[2:].partition(b"\0")
        _translated, _, value = rest.partition(b"\0")
        value = inflate(value, what) if packed else value
    return key.decode("latin-1"), text(value)
