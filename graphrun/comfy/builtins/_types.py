"""The values that travel between the built-in nodes, with the names of their sockets."""

from __future__ import annotations

from typing import Annotated, Any

from graphrun.catalog.markers import Options, Range, Socket, Text
from graphrun.catalog.sockets import GROWING, MATCH_TYPE

MAX_RESOLUTION = 16384
"""Largest width or height that an input takes."""

Image = Annotated[Any, Socket("IMAGE")]
Mask = Annotated[Any, Socket("MASK")]
Anything = Annotated[Any, Socket("*")]
Long = Annotated[str, Text(multiline=True)]
Extent = Annotated[int, Range(0, MAX_RESOLUTION, 1)]
Side = Annotated[int, Range(1, MAX_RESOLUTION, 1)]
Fraction = Annotated[float, Range(0.0, 1.0, 0.01)]
Matched = Annotated[Any, Socket(MATCH_TYPE)]
"""An output that has the type of what was linked to the inputs of `match`."""


def match(name: str) -> Options:
    """Inputs and outputs of one name have one type. For `Socket(MATCH_TYPE)`."""
    return Options({"template": {"template_id": name, "allowed_types": "*"}})


def growing(
    member: str,
    type: str,
    *,
    least: int,
    most: int | None = None,
    prefix: str | None = None,
    names: tuple[str, ...] = (),
    options: dict[str, Any] | None = None,
) -> tuple[Socket, Options]:
    """The markers of an input with as many members as were linked: `prefix0`…, or `names`."""
    template: dict[str, Any] = {"input": {"required": {member: [type, options or {}]}}}
    template |= {"prefix": prefix} if prefix is not None else {"names": list(names)}
    template |= {"min": least} | ({} if most is None else {"max": most})
    return Socket(GROWING), Options({"template": template})
