"""A layout in layers, from left to right, for graphs that nobody has drawn.

A node's layer is the longest way to it; what needs nothing stands right before what needs it.
Within a layer nodes are ordered by the mean place of their neighbours, which untangles most wires,
and then moved towards them as far as there is room. Graphs much wider than high are cut into rows,
as text is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Sizes = Mapping[str, tuple[float, float]]
"""Width and height by id."""

ACROSS = 90.0
"""Between two layers."""

DOWN = 26.0
"""Between two nodes of a layer."""

BETWEEN = 90.0
"""Between two rows of layers."""

SWEEPS = 6

WIDEST = 3.0
"""Width over height from which a layout is cut into rows."""


def layout(sizes: Sizes, edges: Iterable[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """The corner of every node. `edges` lead from source to target, each once."""
    above: dict[str, list[str]] = {name: [] for name in sizes}
    below: dict[str, list[str]] = {name: [] for name in sizes}
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    layers = _ordered(_layers(above, below), above, below)
    tops = _tops(layers, sizes, above, below)
    return _rows(layers, sizes, tops)


def _layers(above: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> list[list[str]]:
    depth = dict.fromkeys(above, 0)
    missing = {name: len(sources) for name, sources in above.items()}
    ready = [name for name, count in missing.items() if not count]
    for name in ready:  # grows while it is walked
        for target in below[name]:
            depth[target] = max(depth[target], depth[name] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for name in reversed(ready):
        if below[name]:
            nearest = min(depth[target] for target in below[name]) - 1
            depth[name] = nearest if not above[name] else depth[name]
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in above:
        layers[depth[name]].append(name)
    return [layer for layer in layers if layer]


def _ordered(
    layers: list[list[str]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]
) -> list[list[str]]:
    """Layers whose nodes stand near their neighbours."""
    place = {name: float(i) for layer in layers for i, name in enumerate(layer)}
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            middle = {name: _mean([place[n] for n in near[name]], place[name]) for name in layer}
            layer.sort(key=middle.__getitem__)
            scale = 1 / max(len(layer), 1)
            place.update({name: (i + 0.5) * scale for i, name in enumerate(layer)})
    return layers


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _tops(
    layers: list[list[str]],
    sizes: Sizes,
    above: Mapping[str, list[str]],
    below: Mapping[str, list[str]],
) -> dict[str, float]:
    """The upper edge of every node: near the middle of its neighbours, in the layer's order."""
    tops: dict[str, float] = {}
    for layer in layers:
        at = -sum(sizes[name][1] + DOWN for name in layer) / 2
        for name in layer:
            tops[name] = at
            at += sizes[name][1] + DOWN
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_wanted(name, near[name], sizes, tops) for name in layer]
            heights = [sizes[name][1] for name in layer]
            tops.update(zip(layer, _apart(wanted, heights), strict=True))
    return tops


def _wanted(name: str, near: list[str], sizes: Sizes, tops: Mapping[str, float]) -> float:
    own = sizes[name][1] / 2
    middles = [tops[other] + sizes[other][1] / 2 for other in near]
    return _mean(middles, tops[name] + own) - own


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Places in the same order that do not overlap, with the least squared distance to the wanted.

    Nodes that would overlap are joined to a block, which lies at the mean of what its nodes want.
    """
    blocks: list[list[float]] = []  # [sum of offsets wanted, number of nodes, height]
    for want, height in zip(wanted, heights, strict=True):
        blocks.append([want, 1, height + DOWN])
        while len(blocks) > 1 and _start(blocks[-2]) + blocks[-2][2] > _start(blocks[-1]):
            total, count, tall = blocks.pop()
            last = blocks[-1]
            last[0] += total - last[2] * count
            last[1] += count
            last[2] += tall
    found: list[float] = []
    for block in blocks:
        at, taken = _start(block), int(block[1])
        for height in heights[len(found) : len(found) + taken]:
            found.append(at)
            at += height + DOWN
    return found


def _start(block: Sequence[float]) -> float:
    return block[0] / block[1]


def _rows(
    layers: list[list[str]], sizes: Sizes, tops: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Layers from left to right, in rows if that would be much wider than high."""
    widths = [max(sizes[name][0] for name in layer) + ACROSS for layer in layers]
    ends = {name: tops[name] + sizes[name][1] for name in tops}
    tall = max(ends.values(), default=0) - min(tops.values(), default=0) + BETWEEN
    total = sum(widths)
    limit = total if total <= WIDEST * tall else max((total * tall * WIDEST / 2) ** 0.5, 1200.0)
    found: dict[str, tuple[float, float]] = {}
    down, start = 0.0, 0
    while start < len(layers):
        stop, x = start, 0.0
        while stop < len(layers) and (stop == start or x + widths[stop] <= limit + 1):
            x += widths[stop]
            stop += 1
        row = [name for layer in layers[start:stop] for name in layer]
        top, x = min(tops[name] for name in row), 0.0
        for layer, width in zip(layers[start:stop], widths[start:stop], strict=True):
            found.update({name: (x, down + tops[name] - top) for name in layer})
            x += width
        down += max(ends[name] for name in row) - top + BETWEEN
        start = stop
    return found
