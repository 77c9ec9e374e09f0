"""Identity: the key under which a node's result is the same result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.documents import Link, PromptNode

TAG = "graphrun/1"
"""First element of everything hashed; raise it when the meaning of the key changes."""


def identities(
    nodes: Iterable[PromptNode], specs: Mapping[str, NodeSpec], *, seed: int
) -> dict[str, str | None]:
    """sha256 digests (hex) by node id; `nodes` must be in topological order.

    In it: class, version, literals, how the ancestors are wired, the run's seed for nodes that
    draw random numbers. Not in it: ids, titles, order, positions. None means "never the same
    again": volatile nodes, and everything behind them.
    """
    found: dict[str, str | None] = {}
    for node in nodes:
        spec = specs[node.class_type]
        inputs: dict[str, Any] = {}
        for name, value in node.inputs.items():
            inputs[name] = _reference(value, found) if isinstance(value, Link) else ["value", value]
        blocked = spec.volatile or any(i is None for i in inputs.values())
        changed = None
        drawn = seed if spec.random else None
        found[node.id] = (
            None
            if blocked
            else digest([TAG, node.class_type, spec.version, changed, drawn, inputs])
        )
    return found


def digest(value: Any) -> str:
    """sha256 of canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _reference(link: Link, found: Mapping[str, str | None]) -> list[Any] | None:
    source = found[link.node_id]
    return None if source is None else ["link", source, link.slot]
