"""Prompt → Drawing: boxes, wires and groups with their places, for every picture of a graph."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from graphrun.documents import Link, Prompt, PromptNode
from graphrun.documents.prompt import write_value
from graphrun.report.drawing import layers
from graphrun.report.drawing.placed import Frame, frames, instances, placed

HEAD = 34
"""Height of a box's head, with title and class."""

ROW = 18
"""Height of a row of a box: a socket or a value."""

WIDTH = 230
"""Width of a box that no file says the width of."""

VALUES = 4
"""Values that a box of our own layout has room for."""

MARGIN = 40


class Slot(NamedTuple):
    """An output: what it is called and its socket type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node: its corner, its size, the inputs that are linked, its outputs, and its values.

    `inputs` and `outputs` are rows from the top, side by side; `values` follow, as many as
    there is room for.
    """

    id: str
    class_type: str
    title: str
    x: float
    y: float
    width: float
    height: float
    inputs: tuple[str, ...] = ()
    outputs: tuple[Slot, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    def row(self, index: int) -> float:
        """Middle of a row."""
        return self.y + HEAD + (index + 0.5) * ROW


@dataclass(frozen=True, slots=True)
class Wire:
    """A link between two sockets; `path` is what SVG calls so."""

    source: str
    slot: int
    target: str
    input: str
    type: str
    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """A frame of the drawing, and the ids of the boxes in it (the innermost frame has them).

    Subgraphs that are no frame, since other nodes lie between theirs, have no size.
    """

    title: str
    x: float
    y: float
    width: float
    height: float
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Everything from (0, 0) to (width, height). `own` tells a layout of ours from the file's."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    groups: tuple[Group, ...]
    width: float
    height: float
    own: bool

    def to_json(self) -> dict[str, Any]:
        wires = [{**asdict(wire), "hue": hue(wire.type)} for wire in self.wires]
        boxes = [{**asdict(b), "outputs": [slot.name for slot in b.outputs]} for b in self.boxes]
        groups = [asdict(group) for group in self.groups]
        sizes = {"width": self.width, "height": self.height, "head": HEAD, "row": ROW}
        return {"boxes": boxes, "wires": wires, "groups": groups, **sizes, "own": self.own}


def draw(
    prompt: Prompt,
    workflow: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Sequence[Slot]] | None = None,
) -> Drawing:
    """Where everything lies: as in the workflow if that places every node, else in layers.

    `outputs` has the outputs of nodes, by id, as far as they are known.
    """
    known = outputs or {}
    used = _slots(prompt)
    boxes = [
        _box(node, known.get(node.id, ()), used.get(node.id, 0)) for node in prompt.nodes.values()
    ]
    places = placed(workflow or {}, prompt.nodes)
    if places:
        boxes = [_fitted(box, places[box.id]) for box in boxes]
    else:
        sizes = {box.id: (box.width, box.height) for box in boxes}
        found = layers.layout(sizes, _edges(prompt))
        boxes = [replace(box, x=found[box.id][0], y=found[box.id][1]) for box in boxes]
    framed = frames(workflow or {}) if places else []
    drawing = _bounded(boxes, prompt, framed, own=not places)
    return (
        drawing if places else replace(drawing, groups=_inner(drawing, instances(workflow or {})))
    )


def hue(name: str) -> int:
    """The hue, in degrees, of a socket type: the same in every picture."""
    return zlib.crc32(name.encode()) * 137 % 360


def _slots(prompt: Prompt) -> dict[str, int]:
    """How many outputs of each node something reads, counting those before."""
    found: dict[str, int] = {}
    for node in prompt.nodes.values():
        for _, link in node.links():
            found[link.node_id] = max(found.get(link.node_id, 0), link.slot + 1)
    return found


def _edges(prompt: Prompt) -> list[tuple[str, str]]:
    pairs = ((link.node_id, node.id) for node in prompt.nodes.values() for _, link in node.links())
    return [pair for pair in dict.fromkeys(pairs) if pair[0] in prompt.nodes]


def _box(node: PromptNode, known: Sequence[Slot], used: int) -> Box:
    linked = tuple(name for name, _ in node.links())
    named = (*known, *(Slot("", "*") for _ in range(used - len(known))))
    given = [(name, _text(v)) for name, v in node.inputs.items() if not isinstance(v, Link)]
    values = tuple(given[:VALUES])
    rows = max(len(linked), len(named)) + len(values)
    title = " ".join((node.title or node.class_type).split())
    height = HEAD + rows * ROW + 8
    return Box(node.id, node.class_type, title, 0, 0, WIDTH, height, linked, named, tuple(given))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(write_value(value), default=str)
    text = " ".join(text[:200].split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _fitted(box: Box, frame: Frame) -> Box:
    """A box at the place that the file has for it; its head lies above that place."""
    sockets = max(len(box.inputs), len(box.outputs))
    height = max(frame.height + HEAD, HEAD + sockets * ROW + 8)
    width = max(frame.width, 120)
    return replace(box, x=frame.x, y=frame.y - HEAD, width=width, height=height)


def _bounded(
    boxes: Iterable[Box], prompt: Prompt, framed: Sequence[Frame], *, own: bool
) -> Drawing:
    """The drawing moved to where it begins at (0, 0), with its wires."""
    boxes = [_trimmed(box) for box in boxes]
    spans = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes]
    spans += [(f.x, f.y, f.x + f.width, f.y + f.height) for f in framed if _inside(f, boxes)]
    spans = spans or [(0, 0, 0, 0)]
    left, top = min(s[0] for s in spans) - MARGIN, min(s[1] for s in spans) - MARGIN
    width = max(s[2] for s in spans) - left + MARGIN
    height = max(s[3] for s in spans) - top + MARGIN
    moved = tuple(replace(b, x=round(b.x - left, 1), y=round(b.y - top, 1)) for b in boxes)
    shifted = [replace(f, x=round(f.x - left, 1), y=round(f.y - top, 1)) for f in framed]
    return Drawing(moved, _wires(moved, prompt), _groups(moved, shifted), width, height, own)


def _trimmed(box: Box) -> Box:
    """The box with the values that it has room for."""
    sockets = max(len(box.inputs), len(box.outputs))
    room = int((box.height - HEAD - 8) // ROW) - sockets
    return replace(box, values=box.values[: max(room, 0)])


def _inside(frame: Frame, boxes: Iterable[Box]) -> list[str]:
    """Ids of the boxes whose middle lies in a frame."""
    right, bottom = frame.x + frame.width, frame.y + frame.height
    return [
        box.id
        for box in boxes
        if frame.x <= box.x + box.width / 2 <= right and frame.y <= box.y + box.height / 2 <= bottom
    ]


def _groups(boxes: Sequence[Box], framed: Sequence[Frame]) -> tuple[Group, ...]:
    """Frames that hold something, the largest first; a box belongs to the smallest around it."""
    owner: dict[str, int] = {}
    order = sorted(framed, key=lambda f: -f.width * f.height)
    held = [_inside(frame, boxes) for frame in order]
    for index, ids in enumerate(held):
        owner.update(dict.fromkeys(ids, index))
    return tuple(
        Group(f.title, f.x, f.y, f.width, f.height, tuple(i for i in held[n] if owner[i] == n))
        for n, f in enumerate(order)
        if held[n]
    )


def _inner(drawing: Drawing, titles: Mapping[str, str]) -> tuple[Group, ...]:
    """The nodes of each subgraph as a group, with a frame where that holds nothing else."""
    members: dict[str, list[Box]] = {}
    for box in drawing.boxes:
        owner, inside, _ = box.id.partition(":")
        if inside:
            members.setdefault(owner, []).append(box)
    found = []
    for owner, boxes in members.items():
        left, top = min(b.x for b in boxes) - 16, min(b.y for b in boxes) - 32
        right = max(b.x + b.width for b in boxes) + 16
        frame = Frame(left, top, right - left, max(b.y + b.height for b in boxes) + 16 - top)
        ids = tuple(box.id for box in boxes)
        title = titles.get(owner, f"Subgraph {owner}")
        alone = len(_inside(frame, drawing.boxes)) == len(ids) and top >= 0
        size = (frame.width, frame.height) if alone else (0.0, 0.0)
        found.append(Group(title, left, top, *size, nodes=ids))
    return tuple(found)


def _wires(boxes: Sequence[Box], prompt: Prompt) -> tuple[Wire, ...]:
    by_id = {box.id: box for box in boxes}
    found = []
    for box in boxes:
        for index, (name, link) in enumerate(prompt.nodes[box.id].links()):
            source = by_id.get(link.node_id)
            if source is not None:
                start = source.x + source.width, source.row(link.slot)
                kind = source.outputs[link.slot].type
                path = _curve(start, (box.x, box.row(index)))
                found.append(Wire(source.id, link.slot, box.id, name, kind, path))
    return tuple(found)


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A curve that leaves to the right and comes in from the left."""
    (x1, y1), (x2, y2) = start, end
    reach = max(abs(x2 - x1) / 2, min(abs(y2 - y1) / 2, 60), 20)
    reach = min(reach, 160 if x2 < x1 else 400)
    return (
        f"M{x1:.1f} {y1:.1f}C{x1 + reach:.1f} {y1:.1f} {x2 - reach:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    )
