"""Values that are typed in, to be linked to several nodes."""

from __future__ import annotations

import sys
from typing import Annotated

from graphrun.catalog.markers import Control, Range, Socket
from graphrun.catalog.node import Nodes
from graphrun.comfy.builtins._types import Extent, Long, Side

NODES = Nodes(category="utilities/primitive")

_WHOLE = Range(-sys.maxsize, sys.maxsize)
_REAL = Range(-sys.maxsize, sys.maxsize, 0.1)


@NODES.node("PrimitiveInt", title="Int", echoes="value")
def whole(value: Annotated[int, _WHOLE, Control()]) -> int:
    """A whole number."""
    return value


@NODES.node("PrimitiveFloat", title="Float", echoes="value")
def real(value: Annotated[float, _REAL]) -> float:
    """A number."""
    return value


@NODES.node("PrimitiveString", title="String", echoes="value")
def line(value: str) -> str:
    """A text of one line."""
    return value


@NODES.node("PrimitiveStringMultiline", title="String (Multiline)", echoes="value")
def text(value: Long) -> str:
    """A text of several lines."""
    return value


@NODES.node("PrimitiveBoolean", title="Boolean", echoes="value")
def boolean(value: bool) -> bool:
    """True or false."""
    return value


@NODES.node("PrimitiveBoundingBox", title="Bounding Box", outputs=("BOUNDING_BOX",))
def bounding_box(
    x: Extent = 0, y: Extent = 0, width: Side = 512, height: Side = 512
) -> Annotated[dict[str, int], Socket("BOUNDING_BOX")]:
    """A rectangle in pixels, from its top left corner."""
    return {"x": x, "y": y, "width": width, "height": height}
