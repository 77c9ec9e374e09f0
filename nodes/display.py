"""Results shown to the user."""

from __future__ import annotations

from typing import Annotated

from torch._tensor_str import printoptions

from graphrun.node import Each, ForceInput, Hidden, Nodes, show

from ._types import Size, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

UniqueId = Annotated[str, Hidden("UNIQUE_ID")]
ExtraInfo = Annotated[str, Hidden("EXTRA_PNGINFO")]


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


@NODES.node("PtShowText", output_node=True)
def show_tensor(
    tens: list[Tensor], *, unique_id: UniqueId = "", extra_pnginfo: ExtraInfo = ""
) -> Each[str]:
    """Shows the first tensor it receives, abbreviated if it has more than 100 elements."""
    with printoptions(threshold=100):
        return show_text([str(one) for one in tens[:1]])


@NODES.node("PtShowSize", output_node=True)
def show_size(
    size: list[Size], *, unique_id: UniqueId = "", extra_pnginfo: ExtraInfo = ""
) -> Each[str]:
    """Shows the first shape it receives, such as "torch.Size([2, 3])"."""
    return show_text([str(one) for one in size[:1]])
