"""Results shown to the user. A run is for nodes like these: what feeds them is run."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from torch._tensor_str import printoptions

from graphrun.node import Each, ForceInput, Hidden, Nodes, Range, show

from ._types import Frame, Size, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

Id = Annotated[str, Hidden("UNIQUE_ID")]
Extra = Annotated[Any, Hidden("EXTRA_PNGINFO")]
Float = Annotated[list[float], Range(sys.float_info.min, sys.float_info.max)]
Int = Annotated[list[int], Range(-1, 2**31)]


def _shown(texts: list[str], unique_id: str, extra_pnginfo: Any) -> list[str]:
    """The workflow keeps the texts too, for those who open it from a picture saved later."""
    for node in ((extra_pnginfo or {}).get("workflow") or {}).get("nodes", ()):
        if str(node.get("id")) == unique_id:
            node["widgets_values"] = texts
    show(text=texts)
    return texts


@NODES.node("PandasShowText", output_node=True)
def show_text(
    text: Annotated[list[str], ForceInput()], *, unique_id: Id = "", extra_pnginfo: Extra = ""
) -> Each[str]:
    """Shows the texts it receives, and hands them on one by one."""
    return _shown(list(text), unique_id, extra_pnginfo)


@NODES.node("PtShowText", output_node=True)
def show_tensor(tens: list[Tensor], unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a tensor, abbreviated if it has more than 100 elements. Of several, the first."""
    with printoptions(threshold=100):
        return _shown([str(tens[0])], unique_id, extra_pnginfo)


@NODES.node("PtShowSize", output_node=True)
def show_size(size: list[Size], unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a shape, such as "torch.Size([2, 3])". Of several, the first."""
    return _shown([str(size[0])], unique_id, extra_pnginfo)


@NODES.node("CDAShowFloat", output_node=True)
def show_float(
    float_scalar: Float = 0.0, unique_id: Id = "", extra_pnginfo: Extra = ""
) -> Each[str]:
    """Shows a number with all its digits. Of several, the first."""
    return _shown([str(float_scalar[0])], unique_id, extra_pnginfo)


@NODES.node("CDAShowInt", output_node=True)
def show_int(int_scalar: Int = 0, unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a whole number. Of several, the first."""
    return _shown([str(int_scalar[0])], unique_id, extra_pnginfo)


@NODES.node("PandasShowDataFrame", title="Pandas Show DataFrame", output_node=True)
def show_frame(dataframe: list[Frame], unique_id: Id = "", extra_pnginfo: Extra = "") -> Each[str]:
    """Shows a table as pandas prints it, abbreviated if it is long. Of several, the first."""
    return _shown([str(dataframe[0])], unique_id, extra_pnginfo)
