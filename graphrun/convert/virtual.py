"""PrimitiveNode: a value that the editor writes into the widgets wired to it.

Notes have no effect, and Reroutes are passed while links are followed (`modes`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from graphrun.catalog.sockets import CHOICE
from graphrun.catalog.spec import InputSpec
from graphrun.convert.dynamic import saved_values
from graphrun.convert.graph import Node
from graphrun.convert.links import Feed, SocketKey, link_order
from graphrun.convert.notes import Notes
from graphrun.convert.places import initial, is_widget, kind
from graphrun.convert.roles import PRIMITIVE, REAL, SUBGRAPH
from graphrun.convert.rounding import clamp, is_number, merged_range, rounded
from graphrun.convert.widgets import Value, settled

_MOST = 2048
"""The largest number of a widget that has no bounds of its own."""

Current = Callable[[Node, str], Value | None]
"""What a widget of a node holds by itself."""


def pushed(
    nodes: Mapping[str, Node], feeds: Mapping[SocketKey, Feed], current: Current, notes: Notes
) -> dict[SocketKey, Value]:
    """The values that primitives put into widgets, by socket; their own mode does not matter."""
    wires: dict[str, list[tuple[SocketKey, Feed]]] = defaultdict(list)
    for socket, feed in feeds.items():
        if feed.slot == 0 and feed.origin in nodes and nodes[feed.origin].role == PRIMITIVE:
            wires[feed.origin].append((socket, feed))
    values: dict[SocketKey, Value] = {}
    for origin, targets in wires.items():
        targets.sort(key=lambda target: link_order(target[1].link))
        sockets = [socket for socket, _ in targets]
        values.update(_push(nodes[origin], nodes, sockets, current=current, notes=notes))
    return values


def _push(
    primitive: Node,
    nodes: Mapping[str, Node],
    sockets: Sequence[SocketKey],
    *,
    current: Current,
    notes: Notes,
) -> Iterator[tuple[SocketKey, Value]]:
    """One value into all widgets; none at all unless the first wire leads to what could be one."""
    # The outputs of a subgraph are no nodes, nor are they widgets.
    widgets = {
        socket: nodes[socket[0]].widget_spec(socket[1]) if socket[0] in nodes else None
        for socket in sockets
    }
    first = widgets[sockets[0]]
    if first is None:
        first = _pretended(nodes, sockets[0])
        fallback = Value(initial(first), primitive.path) if first else None
    else:
        fallback = current(nodes[sockets[0][0]], first.name)
    if first is None:
        return
    value = _own(primitive, first) or fallback
    if primitive.outputs[:1] == (CHOICE,):
        _tell_unchosen(primitive, notes)
    if value is None:
        return
    low, high = merged_range([first, *(spec for spec in widgets.values() if spec)])
    for socket, spec in widgets.items():
        if spec is not None:
            result = _fitted(first, value.value, low=low, high=high)
            result = settled(spec, rounded(spec, result))
            if result != value.value:
                _tell(primitive, nodes[socket[0]], spec.name, value, result, notes=notes)
            yield socket, Value(result, value.path)


def _tell_unchosen(primitive: Node, notes: Notes) -> None:
    """A choice decides which inputs its node has, and those are read before values are pushed."""
    key, values = saved_values(primitive.data)
    if values:
        message = f"{primitive.label}: its value does not change the choice that it is wired to"
        hint = "set the choice on the node itself"
        path = (*primitive.path, key)
        notes.warn("value_left_out", message, node=primitive.id, path=path, hint=hint)


def _pretended(nodes: Mapping[str, Node], key: SocketKey) -> InputSpec | None:
    """The widget that a primitive takes a plain socket of a value's type to have."""
    node = nodes.get(key[0])
    socket = node.sockets[key[1]] if node is not None and node.role in (REAL, SUBGRAPH) else None
    if socket is None or socket.widget:
        return None
    spec = InputSpec(socket.name, socket.type, options={"min": 0, "max": _MOST})
    return spec if is_widget(spec) else None


def _own(primitive: Node, first: InputSpec) -> Value | None:
    """The saved value, if it was saved for this type of widget."""
    key, values = saved_values(primitive.data)
    type = primitive.outputs[0] if primitive.outputs else None
    if not isinstance(values, list) or not values or type != first.type:
        return None
    return Value(values[0], (*primitive.path, key, 0))


def _fitted(first: InputSpec, value: Any, *, low: float, high: float) -> Any:
    numeric = kind(first) in ("INT", "FLOAT") and is_number(value)
    return clamp(value, low, high) if numeric else value


def _tell(
    primitive: Node, node: Node, name: str, value: Value, result: Any, *, notes: Notes
) -> None:
    message = (
        f"{node.label}: {name!r} is {result!r}, "
        f"fitted to the widget from the {value.value!r} of {primitive.label}"
    )
    notes.warn("fitted_value", message, node=node.id, input=name, path=value.path)
