"""Plots of tables, as pictures. They need the extra `plots`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import torch

from graphrun.node import InputError, MissingResource, Nodes, Socket, notice

from .tables import Frame, known_labels

NODES = Nodes(category="Data Analysis", spaced=True)

Image = Annotated[torch.Tensor, Socket("IMAGE")]


@NODES.table({"SNSLine": ("lineplot", "Lines through the rows.")}, title="SNS Line Plot")
@NODES.table({"SNSScatter": ("scatterplot", "A point for every row.")}, title="SNS Scatter Plot")
def plot(
    how: str,
    dataframe: Frame,
    x_column_name: str = "",
    y_column_name: str = "",
    title: str = "",
    *,
    x_axis_label: str = "",
    y_axis_label: str = "",
    legend_label: str = "",
    x_tick_as_int: bool = False,
    style: str = "",
    palette: str = "",
) -> Image:
    """The picture is 640 wide and 480 high: (1, 480, 640, 3), float32 from 0 to 1.

    `y_column_name` and `legend_label` may name several series, with commas between. A name that
    is no label as a text is looked for as a number. A blank `x_axis_label` is the column's name.
    `style` is one of seaborn's (darkgrid, whitegrid, dark, white, ticks), `palette` one of its
    palettes or matplotlib's colour maps.

    Raises:
        MissingResource: matplotlib or seaborn is not installed.
        InputError: the table has no rows or no such column, or seaborn cannot draw it.
    """
    if dataframe.empty:
        raise InputError("the table has no rows", input="dataframe", code="empty_frame")
    x = _label(dataframe, x_column_name, "x_column_name")
    ys = [_label(dataframe, name, "y_column_name") for name in y_column_name.split(",")]
    legend = [text.strip() for text in legend_label.split(",")]
    if len(legend) > len(ys):
        message = f"{len(legend)} legend labels and {len(ys)} series; the rest is left out"
        notice(message, code="unused_label", input="legend_label")
    legend += [""] * len(ys)

    def fill(seaborn: Any, axes: Any) -> None:
        more = {"seed": 0} if how == "lineplot" else {}  # of the band around several y for one x
        for y, text in zip(ys, legend, strict=False):
            values = {"x": dataframe[x].to_numpy(), "y": dataframe[y].to_numpy()}
            getattr(seaborn, how)(**values, ax=axes, label=text or None, **more)
        axes.set(title=title, xlabel=x_axis_label.strip() or str(x), ylabel=y_axis_label)

    return _picture(fill, style.strip(), palette.strip(), x_tick_as_int)


def _picture(
    fill: Callable[[Any, Any], None], style: str, palette: str, whole: bool
) -> torch.Tensor:
    """What `fill` draws. Nothing of pyplot is used, and no setting outlasts the call."""
    try:
        import seaborn
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        message = f"plots need matplotlib and seaborn: {error}"
        raise MissingResource.of("pack", message, ["pip install 'graphrun[plots]'"]) from None
    canvas = FigureCanvasAgg(Figure(figsize=(6.4, 4.8), dpi=100))
    with _trying("style"):
        styled = seaborn.axes_style(style or None)
    with _trying("palette"):
        coloured = seaborn.color_palette(palette or None)
    with styled, coloured, _trying("dataframe"):
        axes = canvas.figure.subplots()
        fill(seaborn, axes)
        if whole:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        canvas.draw()
    pixels = torch.frombuffer(canvas.buffer_rgba(), dtype=torch.uint8)
    return pixels.reshape(1, 480, 640, 4)[..., :3] / 255


@contextmanager
def _trying(input: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        message = f"seaborn cannot draw this {input}: {error}"
        raise InputError(message, input=input, code="cannot_draw") from error


def _label(frame: Any, name: str, input: str) -> Hashable:
    """The label of a column that is called `name`, as a text or as a number."""
    for kind in (str, int, float) if input == "x_column_name" else (str, int):
        try:
            label = kind(name.strip())
        except ValueError:
            continue
        if label in frame.columns:
            break
    else:
        message = f"the table has no column {name.strip()!r}"
        hint = known_labels(name, frame.columns)
        raise InputError(message, input=input, code="missing_column", hint=hint)
    if frame[label].ndim > 1:
        message = f"the table has several columns called {label!r}"
        hint = "reset_labels of PandasHorizontalConcat numbers them"
        raise InputError(message, input=input, code="missing_column", hint=hint)
    return label
