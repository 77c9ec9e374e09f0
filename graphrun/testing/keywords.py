"""`-k EXPRESSION`: words joined by `and`, `or`, `not` and brackets, as pytest has them."""

from __future__ import annotations

import re
from collections.abc import Callable

from graphrun.errors import Diagnostic, UsageError
from graphrun.testing.model import Test

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")

Condition = Callable[[Test], bool]


def condition(expression: str) -> Condition:
    """What an expression says of a test: a word is part of its file's name, its name or a tag.

    Capitals do not count. `not` binds more than `and`, and that more than `or`.

    Raises:
        UsageError: it cannot be understood.
    """
    parser = _Parser(expression)
    found = parser.either()
    if parser.tokens:
        parser.fail(f"{parser.tokens[0]!r} was not expected")
    return found


class _Parser:
    """Recursive descent; `tokens` are those that are left."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = _TOKEN.findall(expression)

    def either(self) -> Condition:
        parts = [self.both()]
        while self._take("or"):
            parts.append(self.both())
        return lambda test: any(part(test) for part in parts)

    def both(self) -> Condition:
        parts = [self.one()]
        while self._take("and"):
            parts.append(self.one())
        return lambda test: all(part(test) for part in parts)

    def one(self) -> Condition:
        if self._take("not"):
            inner = self.one()
            return lambda test: not inner(test)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                self.fail("a bracket is not closed")
            return inner
        if not self.tokens or self.tokens[0] in ("and", "or", ")"):
            self.fail("a word is missing")
        word = self.tokens.pop(0).lower()
        return lambda test: any(word in name for name in _names(test))

    def _take(self, token: str) -> bool:
        found = bool(self.tokens) and self.tokens[0] == token
        if found:
            self.tokens.pop(0)
        return found

    def fail(self, reason: str) -> None:
        message = f"-k {self.expression!r}: {reason}"
        hint = "for example -k 'learns and not slow'"
        raise UsageError(Diagnostic("bad_usage", message, hint=hint))


def _names(test: Test) -> list[str]:
    return [name.lower() for name in (test.file.name, test.name, *test.tags)]
