"""Results shown to the user."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from graphrun.node import Each, ForceInput, Hidden, Nodes, Range, Socket, show

NODES = Nodes(category="Data Analysis", spaced=True)


@NODES.node("PandasShowText", output_node=True)
def show_text(
    text: Annotated[list[str], ForceInput()],
    *,
    unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "",
    extra_pnginfo: Annotated[str, Hidden("EXTRA_PNGINFO")] = "",
) -> Each[str]:
    """Shows the texts it receives, and hands them on one by one.

    A run is for nodes like this one: it and everything that feeds it is run.
    """
    show(text=list(text))
    return text


Id = Annotated[str, Hidden("UNIQUE_ID")]
Extra = Annotated[str, Hidden("EXTRA_PNGINFO")]
Float = Annotated[list[float], Range(sys.float_info.min, sys.float_info.max)]
Int = Annotated[list[int], Range(-1, 2**31)]
Frame = Annotated[Any, Socket("DATAFRAME")]  # without importing pandas


@NODES.node("CDAShowFloat", output_node=True)
def show_float(
    float_scalar: Float = 0.0, unique_id: Id = "", extra_pnginfo: Extra = ""
) -> Each[str]:
    """Shows a number with all its digits. Of several, the first."""
    return _first(float_scalar)


@NODES.node("CDAShowInt", output_node=True)
def show_int(int_scalar: Int = 0, unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a whole number. Of several, the first."""
    return _first(int_scalar)


@NODES.node("PandasShowDataFrame", title="Pandas Show DataFrame", output_node=True)
def show_frame(dataframe: list[Frame], unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a table as pandas prints it, abbreviated if it is long. Of several, the first."""
    return _first(dataframe)


def _first(values: list[Any]) -> list[str]:
    text = [str(values[0])]
    show(text=text)
    return text
