"""Plots of tables, as pictures. They need the extra `plots`."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Annotated, Any

import torch

from graphrun.node import InputError, MissingResource, Nodes, Socket, Text, notice
from graphrun.sources.texts import instead_of

from ._types import Frame

NODES = Nodes(category="Data Analysis", spaced=True)


@NODES.table({"SNSLine": ("lineplot", "Lines through the rows.")}, title="SNS Line Plot")
@NODES.table({"SNSScatter": ("scatterplot", "A point for every row.")}, title="SNS Scatter Plot")
def plot(
    kind: str, dataframe: Frame, x_column_name: Annotated[str, Text(example="0")] = "",
    y_column_name: Annotated[str, Text(example="1")] = "", title: str = "", *,
    x_axis_label: str = "", y_axis_label: str = "", legend_label: str = "",
    x_tick_as_int: bool = False, style: str = "", palette: str = "",
) -> Annotated[torch.Tensor, Socket("IMAGE")]:  # fmt: skip
    """The picture is 640 wide and 480 high: (1, 480, 640, 3), float32 from 0 to 1.

    `y_column_name` and `legend_label` may name several series, with commas between. Labels that
    are numbers are written as such. `style` is one of seaborn's (whitegrid, darkgrid, white, dark,
    ticks), `palette` one of its palettes or a colour map of matplotlib.

    Raises:
        MissingResource: matplotlib or seaborn is not installed.
        InputError: the table is empty or has no such column, or seaborn cannot draw it.
    """
    if dataframe.empty:
        raise InputError("the table is empty", input="dataframe", code="empty_frame")
    x = _label(dataframe, x_column_name, "x_column_name", float)
    ys = [_label(dataframe, y, "y_column_name") for y in y_column_name.split(",")]
    labels = [text.strip() for text in legend_label.split(",")]
    if len(labels) > len(ys):
        message = f"{len(labels)} legend labels for {len(ys)} series; the rest is left out"
        notice(message, code="unused_label", input="legend_label")
    seaborn, canvas, ticks = _libraries()
    # The band around several y for one x is drawn at random.
    options = {"seed": 0} if kind == "lineplot" else {}
    try:
        with seaborn.axes_style(style or None), seaborn.color_palette(palette or None):
            axes = canvas.figure.subplots()
            for y, label in zip(ys, labels + [None] * len(ys), strict=False):
                values = {"x": dataframe[x].to_numpy(), "y": dataframe[y].to_numpy()}
                getattr(seaborn, kind)(**values, label=label or None, ax=axes, **options)
            axes.set(title=title, xlabel=x_axis_label.strip() or str(x), ylabel=y_axis_label)
            if x_tick_as_int:
                axes.xaxis.set_major_locator(ticks(integer=True))
            canvas.draw()
    except (ValueError, TypeError) as error:
        at = next((i for i in ("style", "palette") if i in str(error)), "dataframe")
        raise InputError(f"cannot be drawn: {error}", input=at, code="cannot_draw") from error
    pixels = torch.frombuffer(canvas.buffer_rgba(), dtype=torch.uint8)
    return pixels.reshape(1, 480, 640, 4)[..., :3] / 255


def _libraries() -> tuple[Any, Any, Any]:
    """Seaborn, a canvas that pyplot does not know of, and matplotlib's ticks."""
    try:
        import seaborn
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        ways = ["pip install 'graphrun[plots]'"]
        raise MissingResource.of("pack", f"plots need seaborn: {error}", ways) from None
    return seaborn, FigureCanvasAgg(Figure(figsize=(6.4, 4.8), dpi=100)), MaxNLocator


def _label(frame: Any, name: str, input: str, *more: type) -> Hashable:
    """The label of the one column that is called `name`, as a text or as a number."""
    for kind in (str, str.strip, int, *more):
        with suppress(ValueError):
            if list(frame.columns).count(label := kind(name)) == 1:
                return label
    message, hint = f"no column is {name.strip()!r}, or several", instead_of(name, frame.columns)
    raise InputError(message, input=input, code="missing_column", hint=hint)
