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


@NODES.node("CDAShowFloat", output_node=True)
def show_float(
    float_scalar: Annotated[list[float], Range(sys.float_info.min, sys.float_info.max)] = 0.0,
    *,
    unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "",
    extra_pnginfo: Annotated[str, Hidden("EXTRA_PNGINFO")] = "",
) -> Each[str]:
    """Shows a number with all its digits. Of several, the first."""
    return _first(float_scalar)


@NODES.node("CDAShowInt", output_node=True)
def show_int(
    int_scalar: Annotated[list[int], Range(-1, 2**31)] = 0,
    *,
    unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "",
    extra_pnginfo: Annotated[str, Hidden("EXTRA_PNGINFO")] = "",
) -> Each[str]:
    """Shows a whole number. Of several, the first."""
    return _first(int_scalar)


@NODES.node("PandasShowDataFrame", title="Pandas Show DataFrame", output_node=True)
def show_frame(
    dataframe: list[Annotated[Any, Socket("DATAFRAME")]],
    *,
    unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "",
    extra_pnginfo: Annotated[str, Hidden("EXTRA_PNGINFO")] = "",
) -> Each[str]:
    """Shows a table as pandas prints it: many rows and columns are abbreviated.

    Of several tables, the first.
    """
    return _first(dataframe)


def _first(values: list[Any]) -> list[str]:
    text = [str(values[0])]
    show(text=text)
    return text
