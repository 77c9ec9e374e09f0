"""Where the keys of a TOML text stand: the standard library's reader does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and indices from the document's root down to a value."""

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[btnfr"\\])')
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def places(text: str) -> dict[Path, int]:
    """The line, from 1, of every table and key of a text that is valid TOML.

    What is inside of inline tables and arrays has no line of its own: see `line`.
    """
    return _Walk(text).done()


def line(found: Mapping[Path, int], path: Path) -> int:
    """The line of what is at a path, or of its closest ancestor that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return 1


@dataclass
class _Walk:
    """One pass over a text, from statement to statement."""

    text: str
    at: int = 0
    number: int = 1
    table: Path = ()
    found: dict[Path, int] = field(default_factory=dict)
    counts: dict[Path, int] = field(default_factory=dict)

    def done(self) -> dict[Path, int]:
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t\r\n\ufeff":
                self._go(self.at + 1)
            elif character == "#":
                self._go(self._line_end())
            elif character == "[":
                self._header()
            else:
                path = (*self.table, *self._keys())
                self._note(path)
                self._value()
        return self.found

    def _header(self) -> None:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path = self._within(self._keys())
        if array:
            self.counts[path] = self.counts.get(path, -1) + 1
            path = (*path, self.counts[path])
        self.table = path
        self._note(path)
        self._go(self._line_end())

    def _within(self, keys: Path) -> Path:
        """The path of a header's keys: those of arrays lead to their last table."""
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if path in self.counts and number < len(keys):
                path = (*path, self.counts[path])
        return path

    def _keys(self) -> Path:
        """The keys of a statement, up to what follows them."""
        keys: list[str | int] = []
        while match := _KEY.match(self.text, self._space()):
            keys.append(_plain(match[0]))
            self.at = match.end()
            if self.text[self._space() : self.at + 1] != ".":
                break
            self.at += 1
        return tuple(keys)

    def _value(self) -> None:
        """Over a value, which ends with its line unless brackets or quotes are open."""
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in "\"'" and (match := _STRING.match(self.text, self.at)):
                self._go(match.end())
                continue
            if character == "#":
                self._go(self._line_end())
                continue
            if character == "\n" and depth == 0:
                return
            depth += (character in "[{") - (character in "]}")
            self._go(self.at + 1)

    def _note(self, path: Path) -> None:
        """Parents that a dotted key makes stand where it does."""
        for length in range(1, len(path) + 1):
            self.found.setdefault(path[:length], self.number)

    def _space(self) -> int:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        return self.at

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _go(self, to: int) -> None:
        self.number += self.text.count("\n", self.at, to)
        self.at = to


def _plain(key: str) -> str:
    """A key without its quotes."""
    if key[0] == "'":
        return key[1:-1]
    return _ESCAPE.sub(_character, key[1:-1]) if key[0] == '"' else key


def _character(match: re.Match[str]) -> str:
    return _SHORT[match[1]] if match[1] in _SHORT else chr(int(match[1][1:], 16))
