"""A path, standard input or bytes → the text of a document."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from graphrun.documents.source import Source
from graphrun.errors import Diagnostic, DocumentError, Position

if TYPE_CHECKING:
    from graphrun.documents.media import Kind, Prefer

HEAD = 1 << 16
"""Bytes that decide what a file is, and whether the rest is worth reading."""

_SPACE = " \t\r\n"
_OPENS = re.compile(r"[ \t\r\n]*(?:\{[ \t\r\n]*(?:[\"}]|$)|$)")
_MARGIN = 64
"""Characters before the cut at which an error may come from the cut itself."""


@dataclass(frozen=True)
class Opened:
    """A document's text. `other` is the second document of a media file that has two."""

    source: Source
    other: Source | None = None
    notes: tuple[Diagnostic, ...] = ()


def open_file(path: str | Path, prefer: Prefer) -> Opened:
    """The text in a file, or on standard input if `path` is `-`.

    A file that can be neither JSON nor a media file is refused after its first `HEAD` bytes.

    Raises:
        DocumentError: the file cannot be read, cannot be a document, or is a media file without
            one.
    """
    if str(path) == "-":
        return _from_stream(sys.stdin.buffer, "<stdin>", prefer)
    try:
        with Path(path).open("rb") as file:
            return _from_stream(file, str(path), prefer)
    except OSError as error:
        raise DocumentError(_unreadable(Path(path), error)) from error


def open_data(data: bytes | str, name: str, prefer: Prefer) -> Opened:
    """As `open_file`, from bytes or text."""
    if isinstance(data, str):
        if not data.lstrip().startswith("<"):
            return Opened(Source(name, data))
        data = data.encode("utf-8", errors="surrogatepass")
    return _from_stream(io.BytesIO(data), name, prefer)


def _from_stream(file: BinaryIO, name: str, prefer: Prefer) -> Opened:
    head = file.read(HEAD)
    kind = _media_kind(head)
    if kind is not None:
        if not file.seekable():
            file = io.BytesIO(head + file.read())
        return _from_media(file, kind, name, prefer)
    _refuse_wide(head, name)
    if len(head) == HEAD:
        _refuse_early(head, name)
    return Opened(Source(name, _decode(head + file.read(), name)))


def _media_kind(head: bytes) -> Kind | None:
    if head[:1] == b"{" and b"\0" not in head[:8]:
        return None  # no media file begins like this, and most documents do
    from graphrun.documents import media

    return media.kind(head)


def _from_media(file: BinaryIO, kind: Kind, name: str, prefer: Prefer) -> Opened:
    from graphrun.documents import media

    found = media.embedded(file, kind, name, prefer)
    sources = {key: Source(f"{name} ({key})", text) for key, text in found.texts.items()}
    key = prefer if prefer in sources else next(iter(sources))
    other = next((source for other, source in sources.items() if other != key), None)
    return Opened(sources[key], other, found.notes)


def _refuse_early(head: bytes, name: str) -> None:
    """Raise if a file that begins like this cannot be a document, however it goes on."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        text = _decode(head, name)
    if not _OPENS.match(text):
        begins = text.strip()[:30]
        message = f"{name}: not JSON: a workflow starts with an object, this with {begins!r}"
        raise DocumentError(Diagnostic("invalid_json", message))
    try:
        _, end = json.JSONDecoder().raw_decode(text, len(text) - len(text.lstrip(_SPACE)))
        rest = text[end:].lstrip(_SPACE)
        if rest:
            raise json.JSONDecodeError("Extra data", text, len(text) - len(rest))
    except json.JSONDecodeError as error:
        if error.pos < len(text) - _MARGIN and not error.msg.startswith("Unterminated string"):
            raise DocumentError(not_json(error.msg, Source(name, text), error.pos)) from error
    except (ValueError, RecursionError):
        return  # reading all of it tells


def not_json(reason: str, source: Source, offset: int) -> Diagnostic:
    """What is said of text that is not JSON, with the place where it stops being so."""
    ends = not source.text[offset:].strip()
    hint = "the text ends too early; is the file complete?" if ends else None
    position = source.position(offset)
    return Diagnostic("invalid_json", f"not JSON: {reason.lower()}", hint=hint, position=position)


def _refuse_wide(head: bytes, name: str) -> None:
    """Raise if the text has two or four bytes per character, as some editors save it."""
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (
        head[:1] + head[2:3] == b"\0\0" or head[1:2] + head[3:4] == b"\0\0"
    )
    if wide and (b"{\0" in head[:8] or b"\0{" in head[:8]):
        wider = b"\0\0\0" in head[:8]
        message = f"{name}: this is {'UTF-32' if wider else 'UTF-16'} text, not UTF-8"
        raise DocumentError(Diagnostic("invalid_encoding", message, hint="save it as UTF-8"))


def _place(data: bytes, offset: int, name: str) -> Position | None:
    """Line and column of a byte, unless the bytes are no text at all."""
    before = data[:offset]
    if b"\0" in data[:HEAD]:
        return None
    start = before.rfind(b"\n") + 1
    column = len(before[start:].decode("utf-8-sig" if start == 0 else "utf-8")) + 1
    return Position(name, before.count(b"\n") + 1, column)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a byte order mark, the offsets count behind it.
        start = error.start + 3 * data.startswith(codecs.BOM_UTF8)
        place = _place(data, start, name)
        message = f"not UTF-8 text (byte {data[start]:#04x} at offset {start})"
        message = message if place else f"{name}: {message}"
        hint = (
            "graphrun reads workflow JSON, saved as UTF-8, and media files with workflows in them"
        )
        raise DocumentError(
            Diagnostic("invalid_encoding", message, hint=hint, position=place)
        ) from error


def _unreadable(path: Path, error: OSError) -> Diagnostic:
    hint = None
    if isinstance(error, FileNotFoundError):
        near = _near(path)
        hint = "did you mean " + " or ".join(map(str, near)) + "?" if near else None
        if path.is_symlink():
            hint = f"it is a link to {path.readlink()}, which does not exist"
        elif not path.parent.is_dir():
            hint = f"there is no folder {path.parent}"
    reason = error.strerror or type(error).__name__
    return Diagnostic("unreadable_file", f"{path}: {reason.lower()}", hint=hint)


def _near(path: Path) -> list[Path]:
    """Up to three files of the same folder with much the same name; the ending may differ."""
    try:
        others = [p for p in path.parent.iterdir() if p.name != path.name and p.is_file()]
    except OSError:
        return []
    stems = {p.stem.lower() for p in others}
    near = get_close_matches(path.stem.lower(), stems, n=3, cutoff=0.75)
    found = [p for stem in near for p in sorted(others) if p.stem.lower() == stem]
    return sorted(found, key=lambda p: p.suffix.lower() != path.suffix.lower())[:3]
