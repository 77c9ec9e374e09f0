"""What a node is to the conversion: most run, some exist only in the editor."""

from __future__ import annotations

from collections.abc import Mapping

REAL = "real"
NOTE = "note"
REROUTE = "reroute"
PRIMITIVE = "primitive"
SETTER = "setter"
GETTER = "getter"
PANEL = "panel"
SUBGRAPH = "subgraph"

REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})

_PANELS = (
    "Bookmark",
    "Fast Actions Button",
    "Fast Bypasser",
    "Fast Groups Bypasser",
    "Fast Groups Muter",
    "Fast Muter",
    "Label",
    "Mute / Bypass Relay",
    "Mute / Bypass Repeater",
    "Node Collector",
    "Random Unmuter",
)
"""Of rgthree: they set the modes of other nodes, and the file has those modes."""

VIRTUAL: Mapping[str, str] = {
    "Note": NOTE,
    "MarkdownNote": NOTE,
    "PrimitiveNode": PRIMITIVE,
    "SetNode": SETTER,  # KJNodes and diffus3
    "GetNode": GETTER,
    **dict.fromkeys(REROUTES, REROUTE),
    **{f"{name} (rgthree)": PANEL for name in _PANELS},
}
"""Nodes that exist only in the editor, by type. No server knows their classes."""
