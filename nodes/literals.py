"""Constants typed into a text field."""

from __future__ import annotations

from typing import Annotated, Any

from graphrun.node import InputError, Nodes, Socket, Text
from graphrun.sources.texts import literal

NODES = Nodes(category="Data Analysis", spaced=True)


@NODES.node("CDAStringCreate", echoes="data")
def create_string(data: Annotated[str, Text(example="a text")]) -> str:
    """A one-line text, handed on as it is.

    Use it to say one name once and feed it to several nodes.
    """
    return data


@NODES.node("CDAIntCreate")
def create_int(data: Annotated[str, Text(example="7")]) -> int:
    """A whole number from a text field.

    Blanks around it, a sign and underscores between digits are fine.

    Raises:
        InputError: the text is not a whole number.
    """
    try:
        return int(data)
    except ValueError:
        message = f"{data!r} is not a whole number"
        raise InputError(message, input="data", code="invalid_number") from None


@NODES.node("PyStringToDict")
def create_dict(
    data: Annotated[str, Text(multiline=True, example='{0: "cat", 1: "dog"}')],
) -> Annotated[Any, Socket("PYDICT")]:
    """A dict from its text in Python or JSON: `{0: "cat", 1: "dog"}`. Other literals pass too.

    Raises:
        InputError: the text is no literal.
    """
    return literal(data, "data", "a dict", '{0: "cat", 1: "dog"}')
