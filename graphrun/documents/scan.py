"""Places in JSON text that the parser does not tell: repeated keys, and the deepest value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_IS_KEY = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")


def repeated_keys(text: str) -> Iterator[tuple[str, int, int]]:
    """Keys that an object of valid JSON has again: the key, where it stands, and its value."""
    open_ones: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            open_ones.append(set())
        elif sign in "}]":
            open_ones.pop()
        elif colon := _IS_KEY.match(text, token.end()):
            key = json.loads(sign)
            if key in open_ones[-1]:
                yield key, token.start(), colon.end()
            open_ones[-1].add(key)


def deepest(text: str) -> int:
    """Where the value that is nested deepest begins."""
    depth = most = place = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            depth += 1
            if depth > most:
                most, place = depth, token.start()
        elif token[0] in "}]":
            depth -= 1
    return place
