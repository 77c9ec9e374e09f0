"""A drawing as an SVG file of its own: light or dark as the system is, without script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from graphrun.report.drawing.drawing import HEAD, ROW, Box, Drawing, Group, Wire, hue

LETTER = 7.2
"""Width of a letter of a title, in pixels; fonts differ, so this is on the large side."""

_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: #1b1c20 }
.page { fill: #ffffff } .box { fill: #ffffff; stroke: #c9cac6 } .head { fill: #e7ebfa }
.title { font-weight: 600 } .mark, .row, .class { fill: #595c66; font-size: 12px }
.group rect { fill: #2f4fc7; fill-opacity: .05; stroke: #2f4fc7; stroke-opacity: .3 }
.group text { fill: #595c66; font-weight: 600 }
.wire { fill: none; stroke-width: 2 } .dot { fill: #ffffff; stroke: #595c66; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text, .value { fill: #e9eaee } .page { fill: #131417 } .head { fill: #29304a }
  .box { fill: #1b1d21; stroke: #44474f } .mark, .row, .class, .group text { fill: #a4a8b4 }
  .group rect { fill: #9db1ff; stroke: #9db1ff } .dot { fill: #1b1d21; stroke: #a4a8b4 }
}
.value { fill: inherit }
"""


def svg(drawing: Drawing, marks: Mapping[str, str], title: str) -> str:
    """The file; `marks` are short words at the right of a box's head, by id."""
    return "\n".join(_lines(drawing, marks, title)) + "\n"


def _lines(drawing: Drawing, marks: Mapping[str, str], title: str) -> Iterator[str]:
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">'
    )
    yield f"<title>{_text(title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="page" width="{width}" height="{height}" rx="12"/>'
    yield from (_group(group) for group in drawing.groups if group.width)
    yield from map(_wire, drawing.wires)
    for box in drawing.boxes:
        yield from _box(box, marks.get(box.id, ""))
    yield "</svg>"


def _group(group: Group) -> str:
    return (
        f'<g class="group"><rect x="{group.x}" y="{group.y}" width="{group.width}" '
        f'height="{group.height}" rx="10"/>'
        f'<text x="{group.x + 14}" y="{group.y + 22}">{_text(group.title)}</text></g>'
    )


def _wire(wire: Wire) -> str:
    told = f"{wire.type}: {wire.source} → {wire.target} {wire.input}"
    return (
        f'<path class="wire" stroke="hsl({hue(wire.type)},50%,45%)" d="{wire.path}">'
        f"<title>{_text(told)}</title></path>"
    )


def _box(box: Box, mark: str) -> Iterator[str]:
    width, head = box.width, HEAD - 4
    room = int((width - 24) / LETTER)
    yield f'<g transform="translate({box.x} {box.y})">'
    yield f"<title>{_text(f'{box.id} {box.title} ({box.class_type})')}</title>"
    yield f'<rect class="box" width="{width}" height="{box.height}" rx="8"/>'
    path = f"M.5 {head}V8A7.5 7.5 0 0 1 8 .5H{width - 8}A7.5 7.5 0 0 1 {width - 0.5} 8V{head}Z"
    yield f'<path class="head" d="{path}"/>'
    yield f'<text class="title" x="10" y="20">{_cut(box.title, room - len(mark) - 1)}</text>'
    yield f'<text class="mark" x="{width - 10}" y="20" text-anchor="end">{_text(mark)}</text>'
    half = room // 2
    for index, name in enumerate(box.inputs):
        y = _baseline(index)
        yield f'<circle class="dot" cx="0" cy="{y - 4}" r="4"/>'
        short = half if index < len(box.outputs) else room
        yield f'<text class="row" x="12" y="{y}">{_cut(name, short)}</text>'
    for index, slot in enumerate(box.outputs):
        y, right = _baseline(index), width - 12
        yield f'<circle class="dot" cx="{width}" cy="{y - 4}" r="4"/>'
        shown = f'y="{y}" text-anchor="end">{_cut(slot.name, half)}'
        yield f'<text class="row" x="{right}" {shown}</text>'
    first = max(len(box.inputs), len(box.outputs))
    for index, (name, value) in enumerate(box.values):
        shown = _cut(value, max(room - min(len(name), half) - 2, 4))
        yield (
            f'<text class="row" x="12" y="{_baseline(first + index)}">{_cut(name, half)}: '
            f'<tspan class="value">{shown}</tspan></text>'
        )
    yield "</g>"


def _baseline(index: int) -> float:
    return HEAD + (index + 0.5) * ROW + 4


def _cut(text: str, most: int) -> str:
    most = max(most, 2)
    return _text(text if len(text) <= most else f"{text[: most - 1]}…")


def _text(text: str) -> str:
    """XML has no control characters, not even as escapes, and no halves of characters."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return escape(shown)
