"""Files that have JSON of their own: GLB, SVG, and safetensors (also called .latent)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import unescape

from graphrun.documents.media.entries import Entry, parsed, within
from graphrun.documents.media.span import LIMIT, BrokenMedia, Span, text

HEADER_LIMIT = 100_000_000
"""Bytes of the longest header that safetensors files may have."""

_GLB_JSON = b"JSON"


def read_glb(span: Span) -> Iterator[Entry]:
    """`asset.extras` of the first JSON chunk."""
    span.skip(8, "the signature")
    length = span.number(4, "the length", "little")
    span.at = 0
    inside = span.part(length, "the file")
    inside.skip(12, "the signature")
    while inside.left:
        size = inside.number(4, "the length of a chunk", "little")
        kind = inside.take(4, "the name of a chunk")
        chunk = inside.part(size, f"chunk {kind.decode('latin-1')!r}")
        if kind == _GLB_JSON:
            document = parsed(text(chunk.rest("the JSON chunk")), "the JSON chunk")
            yield from within(_get(document, "asset", "extras"))
            return


def read_svg(span: Span) -> Iterator[Entry]:
    """The text of `<metadata>`, JSON with both documents. Looked for as text: XML can be a bomb."""
    found = text(span.take(min(span.left, LIMIT), "the text"))
    if span.left == 0 and "</svg" not in found:
        raise BrokenMedia(f"the text ends at byte {span.end}, before </svg>", cut=True)
    start = found.find("<metadata")
    while start >= 0:
        start = found.find(">", start) + 1
        end = found.find("</metadata", start)
        if not start or end < 0:
            return
        inner = found[start:end].strip()
        if inner.startswith("<![CDATA["):
            inner = inner[len("<![CDATA[") :].partition("]]>")[0]
        else:
            inner = unescape(inner, {"&quot;": '"', "&apos;": "'"})
        if inner.lstrip().startswith("{"):
            yield from within(parsed(inner, "the metadata"))
        start = found.find("<metadata", end)


def read_safetensors(span: Span) -> Iterator[Entry]:
    """`__metadata__` of the header."""
    length = span.number(8, "the header's length", "little")
    header = span.part(length, "the header")
    document = parsed(text(b"".join(_pieces(header))), "the header")
    needed = max((_end(tensor) for tensor in _values(document)), default=0)
    span.skip(needed, "the tensors' data")
    yield from within(_get(document, "__metadata__"))


def _pieces(span: Span) -> Iterator[bytes]:
    while span.left:
        yield span.take(min(span.left, LIMIT), "the header")


def _values(document: Any) -> list[Any]:
    return list(document.values()) if isinstance(document, dict) else []


def _end(tensor: Any) -> int:
    offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and isinstance(offsets[1], int):
        return max(offsets[1], 0)
    return 0


def _get(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
