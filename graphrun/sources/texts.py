"""Texts typed into fields: numbers, shapes, axes, dicts. Nothing is evaluated.

Python's literals and JSON's three constants are read. Every error is an `InputError` that shows
the text and where in it the trouble starts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from graphrun.errors import InputError

_CONSTANTS = {"true": True, "false": False, "null": None}
_LITERALS = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.UnaryOp)
_WHOLE = re.compile(r"[+-]?\d+(_\d+)*")


def literal(
    text: str, input: str, what: str = "a literal", example: str = "[2, 3]", **error: Any
) -> Any:
    """The number, text, list, tuple or dict that a text stands for, as Python or as JSON.

    Raises:
        InputError: the text is neither; `what` says what it should have been.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
        # JSON's three constants are names in Python; all else in JSON is a Python literal.
        return ast.literal_eval(_Constants().visit(tree))
    except SyntaxError as problem:
        place = problem.lineno or 1, problem.offset or 1
        why = problem.msg if text.strip() else "it is blank"
        raise unreadable(text, input, what, example, why=why, place=place, **error) from None
    except (ValueError, TypeError, RecursionError, MemoryError):
        place = _first_odd(text.strip())
        raise unreadable(
            text, input, what, example, why="not a literal", place=place, **error
        ) from None


def number(text: str, input: str, *, blank: float | None = None) -> int | float:
    """A number: an int if it is written as one. A blank text is `blank`, if that is given.

    Raises:
        InputError: it is no number.
    """
    stripped = text.strip()
    if not stripped and blank is not None:
        return blank
    try:
        return int(stripped) if _WHOLE.fullmatch(stripped) else float(stripped)
    except ValueError:
        raise unreadable(
            text, input, "a number", "0.5", why="it is blank" * (not stripped)
        ) from None


def size(text: str, input: str, *, least: int | None = 0) -> tuple[int, ...]:
    """A shape, such as `[2, 3]` or `2, 3`; `[]` is that of a single number.

    Raises:
        InputError: it is no list of whole numbers, or one is below `least`.
    """
    what = "a list of sizes"
    found = literal(text, input, what)
    if not isinstance(found, list | tuple):
        raise unreadable(text, input, what, f"[{found}]", why="brackets are missing")
    for value in found:
        if type(value) is not int or (least is not None and value < least):
            why = f"{value!r} is no whole number" + f" of {least} or more" * (least is not None)
            raise unreadable(text, input, what, "[2, 3]", why=why)
    return tuple(found)


def dims(text: str, input: str, *, example: str = "-1 or [0, 1]") -> int | tuple[int, ...] | None:
    """Axes, or one number an axis: an int stays an int, a list is a tuple, blank is None.

    Raises:
        InputError: it is neither a whole number nor a list of them.
    """
    if not text.strip():
        return None
    what = "a whole number or a list of them"
    found = literal(text, input, what, example)
    many = tuple(found) if isinstance(found, list | tuple) else (found,)
    for value in many:
        if type(value) is not int:
            raise unreadable(text, input, what, example, why=f"{value!r} is no whole number")
    return many if isinstance(found, list | tuple) else many[0]


def sizes(text: str, input: str, *counts: int, least: int = 1, blank: int = -1) -> tuple[int, ...]:
    """Whole numbers, so many as one of `counts` if there are any; `blank` for a blank text."""
    found = dims(text, input, example="[3, 5]")
    found = blank if found is None else found
    many = found if isinstance(found, tuple) else (found,)
    if min(many, default=-1) < least or (counts and len(many) not in counts):
        numbers = f"{' or '.join(map(str, counts)) or 'some'} whole numbers"
        example = [3, 5] if not counts or 2 in counts else [3] * max(counts)
        raise unreadable(text, input, f"{numbers}, each {least} or more", str(example))
    return many


def pair(text: str, input: str, **options: int) -> tuple[int, ...]:
    """Whole numbers for height and width, from one or two."""
    return (sizes(text, input, 1, 2, **options) * 2)[:2]


def options(text: str, input: str) -> dict[str, Any]:
    """A dict with texts as keys; {} for a blank text.

    Raises:
        InputError: the text is something else.
    """
    if not text.strip():
        return {}
    what, example = "a dict of options", 'it as {"num_workers": 2, "drop_last": true}'
    found = literal(text, input, what, example, code="invalid_parameters")
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        why = "not a dict with option names as keys"
        raise unreadable(
            text, input, what, example, why=why, place=(1, 1), code="invalid_parameters"
        )
    return found


def unreadable(
    text: str,
    input: str,
    what: str,
    example: str,
    *,
    why: str = "",
    place: tuple[int, int] | None = None,
    code: str = "invalid_text",
) -> InputError:
    """The error for a text that does not say what it should; `place` is (line, column), from 1."""
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    reason = f": {why}" if why else ""
    if place is not None:
        before = text[: len(text) - len(text.lstrip())]
        line, column = place
        if line == 1:
            column += len(before) - (before.rfind("\n") + 1)
        reason += f" at line {line + before.count(chr(10))}, column {column}"
    message = f"{shown!r} is not {what}{reason}"
    return InputError(message, input=input, code=code, hint=f"write {example}")


def instead_of(name: object, known: Iterable[object]) -> str:
    """A hint at what names there are, the nearest one first."""
    texts = [str(one) for one in known]
    lower = {text.lower(): text for text in texts}
    near = [lower[one] for one in get_close_matches(str(name).lower(), lower, n=1)]
    listed = ", ".join(texts[:30]) + ", ..." * (len(texts) > 30)
    return "".join(f"did you mean {one}? " for one in near) + f"there are {listed}"


class _Constants(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _CONSTANTS:
            return ast.copy_location(ast.Constant(_CONSTANTS[node.id]), node)
        return node


def _first_odd(stripped: str) -> tuple[int, int]:
    """Line and column, from 1, of the first part that is no literal."""
    try:
        tree = _Constants().visit(ast.parse(stripped, mode="eval"))
    except (ValueError, RecursionError, MemoryError):
        return 1, 1
    odd = [n for n in ast.walk(tree) if isinstance(n, ast.expr) and not isinstance(n, _LITERALS)]
    return min([(n.lineno, n.col_offset + 1) for n in odd], default=(1, 1))
