"""Files of a run for its page: linked, and small pictures in the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrun.report.page.links import link
from graphrun.report.page.reading import Run

TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
}
"""Pictures that browsers show, by the end of their names. None of them runs a script there."""

LIMIT = 300_000
"""Bytes of a picture that is taken as it is; larger ones are made smaller."""

LARGEST = 50_000_000
"""Bytes of a picture that is opened at all."""

PIXELS = 50_000_000
"""Pixels of a picture that is read; Pillow warns of more."""

SIDE = 1024
"""Pixels of the longer side of a picture that was made smaller."""

MOST = 64
"""Pictures of a page; the others are linked."""


class Embedding:
    """What the page of a run has of its files, `beside` being the folder of the page."""

    def __init__(self, run: Run, beside: Path) -> None:
        self.run, self.beside = run, beside
        self._left = MOST

    def to_json(self) -> dict[str, Any]:
        """`files` by the path that the report has: link, bytes, and the picture if it is one."""
        paths = dict.fromkeys([*self.run.report["files"], *self._shown()])
        found = {path: self._file(path) for path in paths}
        own = ("report.json", "prompt.json", "workflow.json", "metrics.jsonl", "events.jsonl")
        kept = [name for name in own if (self.run.folder / name).is_file()]
        links = {name: link(self.run.folder / name, self.beside) for name in kept}
        return {"files": found, "links": links}

    def _shown(self) -> list[str]:
        return [path for node in self.run.report["nodes"] for path in node.get("files", [])]

    def _file(self, path: str) -> dict[str, Any]:
        place = self._place(path)
        try:
            size = place.stat().st_size
        except OSError:
            return {"missing": True}
        found: dict[str, Any] = {"href": link(place, self.beside), "bytes": size}
        if place.is_dir():
            return {"href": found["href"]}
        picture = self._picture(place, size)
        return {**found, **picture} if picture else found

    def _place(self, path: str) -> Path:
        """Where a file is now: run folders are moved, and looked at elsewhere."""
        there, was = Path(path), self.run.report.get("folder")
        if not there.exists() and was and there.absolute().is_relative_to(Path(was).absolute()):
            return self.run.folder / there.absolute().relative_to(Path(was).absolute())
        return there

    def _picture(self, place: Path, size: int) -> Mapping[str, Any] | None:
        kind = TYPES.get(place.suffix.lower())
        if kind is None or size > LARGEST or not self._left:
            return None
        try:
            if size <= LIMIT:
                data = place.read_bytes()
            elif kind != "image/svg+xml":
                data, kind = _smaller(place)
            else:
                return None
        except (OSError, ValueError, SyntaxError):  # Pillow has all three for damaged files
            return None
        self._left -= 1
        return {"picture": f"data:{kind};base64,{base64.b64encode(data).decode()}"}


def _smaller(place: Path) -> tuple[bytes, str]:
    """A large picture at a size for looking at, and its type."""
    from PIL import Image

    with Image.open(place) as picture:
        if picture.width * picture.height > PIXELS:
            raise ValueError(f"{picture.width} × {picture.height} pixels")
        picture.thumbnail((SIDE, SIDE))
        shown = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=85)
    return buffer.getvalue(), "image/webp"
