"""Identity: the key under which a node's result is the same result."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphrun.catalog import Catalog, NodeSpec
from graphrun.catalog.awaiting import completed
from graphrun.catalog.mapping import calls
from graphrun.documents import BadLink, Link, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.rules.own import hidden_before
from graphrun.plan.static import spec_of

TAG = "graphrun/1"
"""First element of everything hashed; raise it when the meaning of the key changes."""

Notes = list[Diagnostic]
Source = Callable[[str], str | None]

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def identities(
    nodes: Sequence[PromptNode],
    specs: Mapping[str, NodeSpec],
    *,
    seed: int,
    notes: Notes,
    source: Source = lambda node_id: None,
) -> dict[str, str | None]:
    """sha256 digests (hex) by node id; `nodes` must be in topological order.

    In it: class, version, literals, how the ancestors are wired, the run's seed for nodes that
    draw random numbers, what a foreign class says in IS_CHANGED. Not in it: ids, titles, order,
    positions. None means "never the same again": volatile nodes, and everything behind them.

    Nodes that draw random numbers and are alike are numbered, so that each draws its own: by what
    they feed, then by their order. `source` gives the identities of nodes that are not among these.
    """
    kinds: dict[str, NodeSpec] = {}
    for node in nodes:
        spec = spec_of(node, specs)
        assert spec is not None, "nodes of unknown classes are not planned"
        kinds[node.id] = spec
    tokens = {
        node.id: changed(node, kinds[node.id], specs, notes)
        for node in nodes
        if kinds[node.id].watches
    }

    def keys(ranks: Mapping[str, int]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}

        def above(name: str) -> str | None:
            return found[name] if name in found else source(name)

        for node in nodes:
            found[node.id] = identity(
                node,
                kinds[node.id],
                above,
                changed=tokens.get(node.id),
                seed=seed,
                rank=ranks.get(node.id, 0),
            )
        return found

    found = keys({})
    ranks = _ranks(nodes, kinds, found)
    return keys(ranks) if ranks else found


def _ranks(
    nodes: Sequence[PromptNode], kinds: Mapping[str, NodeSpec], keys: Mapping[str, str | None]
) -> dict[str, int]:
    """The number of each node among the random ones of one identity, where that is not 0.

    What a node feeds is told by classes and names of inputs: a literal further down changes
    nothing here.
    """
    alike = defaultdict(list)
    for node in nodes:
        if kinds[node.id].random and keys[node.id] is not None:
            alike[keys[node.id]].append(node.id)
    groups = [names for names in alike.values() if len(names) > 1]
    if not groups:
        return {}
    feeds: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    roles: dict[str, str] = {}
    for node in reversed(nodes):
        roles[node.id] = digest([node.class_type, sorted(feeds[node.id])])
        for name, link in node.links():
            feeds[link.node_id].append((name, link.slot, roles[node.id]))
    ranked = (sorted(names, key=roles.__getitem__) for names in groups)
    return {name: rank for names in ranked for rank, name in enumerate(names) if rank}


def identity(
    node: PromptNode,
    spec: NodeSpec,
    source: Source,
    *,
    changed: Any,
    seed: int,
    rank: int = 0,
) -> str | None:
    """The identity of one node, given those of its sources."""
    if spec.volatile:
        return None
    inputs: dict[str, Any] = {}
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            key = source(value.node_id)
            if key is None:
                return None
            inputs[name] = ["link", key, value.slot]
        else:
            inputs[name] = ["value", value]
    drawn = seed if spec.random else None
    parts: list[Any] = [TAG, node.class_type, spec.version, changed, drawn, inputs]
    if spec.foreign and _own_id(spec):
        parts.append(node.id)
    if rank:
        parts.append(["rank", rank])
    try:
        return digest(parts)
    except (TypeError, ValueError):  # live objects in a graph that a node built, or a NaN
        return None


def changed(
    node: PromptNode, spec: NodeSpec, specs: Mapping[str, NodeSpec], notes: Notes
) -> list[Any] | None:
    """What the class says in IS_CHANGED, a value for each call; None if it has no such function.

    It sees literals, None for links, and the node's id. If it fails, the node always runs, which
    is told in `notes`.
    """
    ask = specs.kind(spec.class_type).changed if isinstance(specs, Catalog) else None
    if ask is None:
        return None
    if node.changed is not None:
        return [node.changed]
    declared = {one.name for one in spec.visible}
    inputs: dict[str, Any] = {
        name: [None if isinstance(value, Link) else value]
        for name, value in node.inputs.items()
        if isinstance(value, Link) or name in declared or spec.any_input
        if not isinstance(value, BadLink)
    }
    inputs |= {name: [value] for name, value in hidden_before(node, spec).items()}
    try:
        return [completed(ask(one)) for one in calls(inputs, spec.input_is_list)]
    except (Exception, SystemExit) as error:
        text = f"{type(error).__name__}: {error}"
        message = f"{node.label}: its IS_CHANGED failed, so it runs every time: {text}"
        notes.append(Diagnostic("is_changed_failed", message, node.id, severity="warning"))
        return [math.nan]


def digest(value: Any) -> str:
    """sha256 of canonical JSON: sorted keys, no spaces, UTF-8.

    Raises:
        TypeError, ValueError: there is something in it that JSON cannot say.
    """
    return hashlib.sha256(_encode(value).encode()).hexdigest()


def _own_id(spec: NodeSpec) -> bool:
    return spec.not_idempotent or any(one.type == "UNIQUE_ID" for one in spec.hidden)
