"""Files made of boxes: MP4, MOV, M4V (`keys` and `ilst`) and AVIF, HEIF (an Exif item)."""

from __future__ import annotations

from collections.abc import Iterator

from graphrun.documents.media.entries import Entry
from graphrun.documents.media.exif import read_exif
from graphrun.documents.media.span import LIMIT, BrokenMedia, Budget, Span, text

IMAGE_BRANDS = frozenset(
    {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
)


def read_video(span: Span) -> Iterator[Entry]:
    """Entries of `moov/udta/meta` and `moov/meta`, where the value of a document starts at `{`."""
    for kind, box in _boxes(span):
        if kind != b"moov":
            continue
        for inner, child in _boxes(box):
            if inner == b"udta":
                yield from (e for k, b in _boxes(child) if k == b"meta" for e in _tags(b))
            elif inner == b"meta":
                yield from _tags(child)


def read_image(span: Span) -> Iterator[Entry]:
    """The Exif items of the `meta` box, wherever in the file they lie."""
    file, budget = span.elsewhere(0), Budget()
    metas = [box for kind, box in _boxes(span) if kind == b"meta"]
    for meta in metas:
        meta.skip(4, "box 'meta'")
        children = {k: b for k, b in _boxes(meta) if k in (b"iinf", b"iloc", b"idat")}
        if b"iinf" not in children or b"iloc" not in children:
            continue
        items = set(_exif_items(children[b"iinf"]))
        for item, method, extents in _locations(children[b"iloc"]):
            if item in items:
                if sum(length for _, length in extents) > LIMIT:
                    raise BrokenMedia("the Exif item has too many bytes for a text")
                data = b"".join(_extent(file, children, method, e) for e in extents)
                skipped = 4 + int.from_bytes(data[:4], "big")
                yield from read_exif(data[skipped:], "the Exif item", budget)


def _boxes(span: Span) -> Iterator[tuple[bytes, Span]]:
    while span.left:
        if span.left < 8 and not any(span.take(span.left, "padding")):
            return  # QuickTime ends a list of boxes with zeros
        start = span.at
        size = span.number(4, f"the size of the box at byte {start}")
        kind = span.take(4, f"the name of the box at byte {start}")
        what = f"box {kind.decode('latin-1')!r} at byte {start}"
        if size == 1:
            size = span.number(8, what)
        elif size == 0:
            size = span.at - start + span.left
        yield kind, span.part(size - (span.at - start), what)


def _tags(meta: Span) -> Iterator[Entry]:
    head = meta.elsewhere(meta.at).take(min(8, meta.left), "box 'meta'")
    if head[4:] != b"hdlr":  # MP4 has a version here, QuickTime has not
        meta.skip(min(4, meta.left), "box 'meta'")
    keys: list[str] = []
    for kind, box in _boxes(meta):
        if kind == b"keys":
            keys = list(_keys(box))
        elif kind == b"ilst":
            yield from _values(box, keys)


def _keys(box: Span) -> Iterator[str]:
    box.skip(4, "box 'keys'")
    for _ in range(box.number(4, "box 'keys'")):
        size = box.number(4, "a key")
        yield text(box.part(size - 4, "a key").rest("a key")[4:])


def _values(box: Span, keys: list[str]) -> Iterator[Entry]:
    for kind, item in _boxes(box):
        index = int.from_bytes(kind, "big")
        key = keys[index - 1] if 0 < index <= len(keys) else kind.decode("latin-1")
        for inner, data in _boxes(item):
            if inner == b"data":
                data.skip(8, f"the value of {key}")
                value = text(data.rest(f"the value of {key}"))
                name = key.rpartition(".")[2]
                yield name, value[max(value.find("{"), 0) :]


def _exif_items(box: Span) -> Iterator[int]:
    version = box.number(4, "box 'iinf'") >> 24
    box.skip(4 if version else 2, "box 'iinf'")
    for kind, entry in _boxes(box):
        if kind == b"infe":
            version = entry.number(4, "box 'infe'") >> 24
            if version >= 2:
                item = entry.number(4 if version == 3 else 2, "box 'infe'")
                entry.skip(2, "box 'infe'")
                if entry.take(4, "box 'infe'") == b"Exif":
                    yield item


def _locations(box: Span) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Item, construction method, and extents as offset and length."""
    what = "box 'iloc'"
    version = box.number(4, what) >> 24
    sizes = box.number(2, what)
    offset_size, length_size, base_size, index_size = (sizes >> s & 15 for s in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(box.number(wide, what)):
        item = box.number(wide, what)
        method = box.number(2, what) & 15 if version in (1, 2) else 0
        box.skip(2, what)
        base = box.number(base_size, what)
        extents = []
        for _ in range(box.number(2, what)):
            box.skip(index_size if version in (1, 2) else 0, what)
            offset = base + box.number(offset_size, what)
            extents.append((offset, box.number(length_size, what)))
        yield item, method, extents


def _extent(file: Span, children: dict[bytes, Span], method: int, extent: tuple[int, int]) -> bytes:
    offset, length = extent
    if method == 1 and b"idat" in children:
        file = children[b"idat"]
    elif method != 0:
        raise BrokenMedia("the Exif item is stored in a way that is not known")
    place = file.elsewhere(file.at)
    place.skip(offset, "the Exif item")
    return place.take(length or place.left, "the Exif item")
