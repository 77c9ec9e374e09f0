"""Texts as the editor exports them: text boxes, comments and `{a|b}` choices."""

from __future__ import annotations

import re
from typing import Any

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TOKEN = re.compile(r"\\[{}|]|[{}|]|[^\\{}|]+|\\")


def text_box(value: Any) -> Any:
    """A text box holds text, whatever the file has: what JavaScript makes of the value.

    That of an object is of no use to anybody, but it is what the editor sends.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return "[object Object]"
    return ",".join(text_box(part) for part in value) if isinstance(value, list) else value


def dynamic_prompt(text: str) -> str:
    """The text without comments, every `{a|b}` replaced by its first choice.

    The editor draws a choice at random; here one document always gives one prompt.
    """
    frames: list[_Choice] = [_Choice(True)]
    for token in _TOKEN.findall(_COMMENT.sub("", text)):
        top = frames[-1]
        if token == "{":
            frames.append(_Choice())
        elif token == "}" and len(frames) > 1:
            frames.pop()
            frames[-1].add(top.text)
        elif token == "|" and not top.outermost:
            top.chosen = True
        else:
            top.add(token[1:] if len(token) == 2 and token[0] == "\\" else token)
    while len(frames) > 1:  # an opening brace that nothing closes
        top = frames.pop()
        frames[-1].add(top.text)
    return frames[0].text


class _Choice:
    """One level of braces: what its first alternative comes to."""

    def __init__(self, outermost: bool = False) -> None:
        self.outermost, self.chosen = outermost, False
        self.parts: list[str] = []

    def add(self, text: str) -> None:
        if not self.chosen:
            self.parts.append(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)
