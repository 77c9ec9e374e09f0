"""What a file is, told from its first bytes and not from its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graphrun.documents.media import audio, boxes, exif, matroska, models, png
from graphrun.documents.media.entries import Entry
from graphrun.documents.media.span import Span


@dataclass(frozen=True)
class Kind:
    """A kind of file. `read` gives its entries; None if none of the kind can hold a document.

    `open_ended`: what comes behind a document that was read in full has no bearing on it.
    """

    name: str
    read: Callable[[Span], Iterator[Entry]] | None = None
    open_ended: bool = False


_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (png.SIGNATURE, Kind("PNG image", png.read, open_ended=True)),
    (b"\xff\xd8\xff", Kind("JPEG image", exif.read_jpeg)),
    (b"fLaC", Kind("FLAC audio", audio.read_flac)),
    (b"OggS", Kind("Ogg audio", audio.read_ogg)),
    (b"ID3", Kind("MP3 audio", audio.read_mp3)),
    (matroska.SIGNATURE, Kind("WebM video", matroska.read)),
    (b"glTF", Kind("GLB model", models.read_glb)),
    (b"GIF8", Kind("GIF image")),
    (b"II*\0", Kind("TIFF image")),
    (b"MM\0*", Kind("TIFF image")),
    (b"%PDF-", Kind("PDF document")),
    (b"PK\3\4", Kind("ZIP archive")),
    (b"\x1f\x8b", Kind("gzip archive")),
    (b"7z\xbc\xaf\x27\x1c", Kind("7z archive")),
    (b"GGUF", Kind("GGUF model")),
)
_RIFF = {
    b"WEBP": Kind("WebP image", exif.read_webp),
    b"WAVE": Kind("WAV audio"),
    b"AVI ": Kind("AVI video"),
}
_IMAGE = Kind("AVIF image", boxes.read_image)
_VIDEO = Kind("MP4 video", boxes.read_video)
_SVG = Kind("SVG image", models.read_svg)
_SAFETENSORS = Kind("safetensors file", models.read_safetensors)
_MP3 = Kind("MP3 audio", audio.read_mp3)

_VIDEO_STARTS = (b"moov", b"mdat", b"wide", b"free", b"skip")
_BEFORE_SVG = ((b"<?xml", b"?>"), (b"<!--", b"-->"), (b"<!DOCTYPE", b">"))

CARRIERS = (
    "PNG, WebP, JPEG, AVIF, SVG, FLAC, Ogg, Opus, MP3, MP4, MOV, WebM, GLB, safetensors and latent"
)
"""Kinds of files that can hold a document, for messages."""


def kind(head: bytes) -> Kind | None:
    """The kind of a file that begins with `head`; None if it is no media file that is known."""
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _IMAGE if head[8:12] in boxes.IMAGE_BRANDS else _VIDEO
    if head[4:8] in _VIDEO_STARTS:
        return _VIDEO
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= models.HEADER_LIMIT:
        return _SAFETENSORS
    if head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xfa", b"\xf3", b"\xf2"):
        return _MP3
    return _SVG if _is_svg(head.removeprefix(b"\xef\xbb\xbf")) else None


def _is_svg(head: bytes) -> bool:
    """Whether the first element is `svg`, behind a declaration, comments and a document type."""
    head = head.lstrip()
    while head.startswith(b"<") and not head.startswith(b"<svg"):
        end = next((end for start, end in _BEFORE_SVG if head.startswith(start)), None)
        if end is None:
            return False
        head = head.partition(end)[2].lstrip()
    return head[:5] in (b"<svg ", b"<svg>", b"<svg\n", b"<svg\t", b"<svg\r")
