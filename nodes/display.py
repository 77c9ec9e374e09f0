"""Results shown to the user."""

from __future__ import annotations

from typing import Annotated

from graphrun.node import Each, ForceInput, Hidden, Nodes, show

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
