"""Identity: the key under which a node's result is the same result."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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

INPUTS = 5
"""Where the inputs stand in what is hashed."""

Notes = list[Diagnostic]
Source = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Key:
    """The identity of a node, its lineage, and what its random numbers come from.

    The lineage is the identity without the inputs that only say how far to go (`Extends`), for
    nodes that have such: what one of them did, the other can go on with. `draw`, of nodes that draw
    random numbers, is the lineage as far as the prompt tells it: on another device, or with another
    version of a library, the numbers are the same.
    """

    identity: str | None = None
    lineage: str | None = None
    draw: str | None = None


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
    surroundings: Mapping[str, Any] | None = None,
) -> dict[str, Key]:
    """sha256 digests (hex) by node id; `nodes` must be in topological order.

    In it: class, version, literals, how the ancestors are wired, the run's seed for nodes that
    draw random numbers, what a foreign class says in IS_CHANGED, and what `surroundings` has for
    the node's id: contents of files, versions, the device. Not in it: ids, titles, order,
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

    drawing = _above(nodes, {node.id for node in nodes if kinds[node.id].random})
    facts = _Facts(nodes, kinds, tokens, surroundings or {}, seed, source, drawing)
    found = facts.keys({})
    ranks = _ranks(nodes, kinds, found)
    return facts.keys(ranks) if ranks else found


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the keys of a graph's nodes are made of."""

    nodes: Sequence[PromptNode]
    kinds: Mapping[str, NodeSpec]
    changed: Mapping[str, Any]
    around: Mapping[str, Any]
    seed: int
    source: Source
    drawing: frozenset[str]
    """Nodes that draw random numbers, and all above them."""

    def keys(self, ranks: Mapping[str, int]) -> dict[str, Key]:
        found: dict[str, Key] = {}
        plain: dict[str, str | None] = {}

        def above(name: str) -> str | None:
            return found[name].identity if name in found else self.source(name)

        def above_plain(name: str) -> str | None:
            return plain[name] if name in plain else above(name)

        for node in self.nodes:
            spec, changed = self.kinds[node.id], self.changed.get(node.id)
            around, rank = self.around.get(node.id), ranks.get(node.id, 0)
            parts = ingredients(node, spec, above, changed=changed, seed=self.seed, around=around)
            key = found[node.id] = _key(parts, spec, rank)
            if node.id in self.drawing and key.identity is not None:
                bare = ingredients(node, spec, above_plain, changed=changed, seed=self.seed)
                draw = _key(bare, spec, rank)
                plain[node.id] = draw.identity
                if spec.random:
                    found[node.id] = replace(key, draw=draw.lineage or draw.identity)
        return found


def _above(nodes: Sequence[PromptNode], names: set[str]) -> frozenset[str]:
    """These nodes and all above them."""
    found = set(names)
    for node in reversed(nodes):
        if node.id in found:
            found.update(link.node_id for _, link in node.links())
    return frozenset(found)


def _ranks(
    nodes: Sequence[PromptNode], kinds: Mapping[str, NodeSpec], keys: Mapping[str, Key]
) -> dict[str, int]:
    """The number of each node among the random ones of one identity, where that is not 0.

    What a node feeds is told by classes and names of inputs: a literal further down changes
    nothing here.
    """
    alike = defaultdict(list)
    for node in nodes:
        if kinds[node.id].random and keys[node.id].identity is not None:
            alike[keys[node.id].identity].append(node.id)
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


def ingredients(
    node: PromptNode,
    spec: NodeSpec,
    source: Source,
    *,
    changed: Any,
    seed: int,
    around: Any = None,
) -> list[Any] | None:
    """What the identity of a node is the digest of, given those of its sources; None without one.

    A list of the tag, class, version, changed token, seed, inputs, and what else there is.
    """
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
    if around:
        parts.append({"around": around})
    return parts


def _key(parts: list[Any] | None, spec: NodeSpec, rank: int) -> Key:
    if parts is None:
        return Key()
    if rank:
        parts = [*parts, ["rank", rank]]
    try:
        found = digest(parts)
    except (TypeError, ValueError):  # live objects in a graph that a node built, or a NaN
        return Key()
    if not spec.extending:
        return Key(found)
    kept = {name: value for name, value in parts[INPUTS].items() if name not in spec.extending}
    return Key(found, digest([*parts[:INPUTS], kept, *parts[INPUTS + 1 :]]))


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
