"""The text a document was read from, and where in it a value stands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]
from threading import Lock

from graphrun.errors import Position

Path = tuple[str | int, ...]
"""Keys and indices from the document's root down to a value."""

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Source:
    """A document's name (a file path, or `<stdin>`) and its text."""

    name: str
    text: str = field(repr=False)
    _members: dict[int, _Members] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(self.name, line, offset - self._line_starts[line - 1] + 1)

    def locate(self, path: Sequence[str | int]) -> Position | None:
        """The place of the value at `path`, or of its closest ancestor that exists.

        Walks down one level at a time and skips the siblings before it with the C scanner. What
        was skipped is remembered, so thousands of places cost little more than one.
        """
        try:
            offset = _skip(self.text, 0)
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

    def _child(self, offset: int, step: str | int) -> int | None:
        """Offset of the member `step` of the object or array that starts at `offset`."""
        opening = self.text[offset]
        if opening not in "{[" or (opening == "{") != isinstance(step, str):
            return None
        with _WALKING:
            members = self._members.get(offset)
            if members is None:
                members = self._members[offset] = _Members(self.text, offset)
            return members.find(step)


class _Members:
    """Where the members of an object or array start, found only as far as they were asked for."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.is_object = text[offset] == "{"
        self.offsets: dict[str | int, int] = {}
        self.at = _skip(text, offset + 1)
        """The start of the next member, or of the value of the last one found: see `skipped`."""
        self.skipped = True

    def find(self, step: str | int) -> int | None:
        while step not in self.offsets and self._next():
            pass
        return self.offsets.get(step)

    def _next(self) -> bool:
        if not self.skipped:
            _, at = _DECODER.raw_decode(self.text, self.at)
            at = _skip(self.text, at)
            self.at = _skip(self.text, at + 1) if self.text[at] == "," else at
            self.skipped = True
        if self.text[self.at] in "}]":
            return False
        key: str | int = len(self.offsets)
        if self.is_object:
            key, at = scanstring(self.text, self.at + 1, True)
            self.at = _skip(self.text, _skip(self.text, at) + 1)
        self.offsets.setdefault(key, self.at)
        self.skipped = False
        return True


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


_WALKING = Lock()
"""Nodes may ask for places from threads of their own, and a walk goes on where the last stopped."""
_DECODER = json.JSONDecoder()
