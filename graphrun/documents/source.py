"""The text a document was read from, and where in it a value stands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]

from graphrun.errors import Position

Path = tuple[str | int, ...]
"""Keys and indices from the document's root down to a value."""

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Source:
    """A document's name (a file path, or `<stdin>`) and its text."""

    name: str
    text: str = field(repr=False)

    def position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(self.name, line, offset - self._line_starts[line - 1] + 1)

    def locate(self, path: Sequence[str | int]) -> Position | None:
        """The place of the value at `path`, or of its closest ancestor that exists.

        Walks down one level at a time and skips the siblings before it with the C scanner,
        so the cost is that of reading the text once, and only errors pay it.
        """
        try:
            offset = self._skip(0)
            for step in path:
                inner = self._child(offset, step)
                if inner is None:
                    break
                offset = inner
        except (ValueError, IndexError, StopIteration):
            return None
        return self.position(offset)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def _skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def _child(self, offset: int, step: str | int) -> int | None:
        """Offset of the member `step` of the object or array that starts at `offset`."""
        opening = self.text[offset]
        if opening not in "{[" or (opening == "{") != isinstance(step, str):
            return None
        at, index = self._skip(offset + 1), 0
        while self.text[at] not in "}]":
            key: str | int = index
            if opening == "{":
                key, at = scanstring(self.text, at + 1, True)
                at = self._skip(self._skip(at) + 1)
            if key == step:
                return at
            _, at = _DECODER.raw_decode(self.text, at)
            at = self._skip(at)
            if self.text[at] == ",":
                at = self._skip(at + 1)
            index += 1
        return None


_DECODER = json.JSONDecoder()
