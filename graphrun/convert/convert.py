"""The pipeline: read sheets, put subgraphs in place, restore values, follow wires, export."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from graphrun.catalog.spec import NodeSpec
from graphrun.convert.expand import Flat, expand
from graphrun.convert.explain import explained
from graphrun.convert.export import Exporter
from graphrun.convert.graph import Node
from graphrun.convert.graphs import read_graphs
from graphrun.convert.groups import PREFIXES, unpack_groups
from graphrun.convert.links import Feed, SocketKey
from graphrun.convert.modes import Resolver
from graphrun.convert.notes import Notes
from graphrun.convert.order import prompt_order
from graphrun.convert.proxies import read_hosts
from graphrun.convert.sheets import Numbers, Sheet, read_sheets, renumber
from graphrun.convert.tokens import Tokens, replaces_tokens
from graphrun.convert.values import Values
from graphrun.convert.virtual import pushed
from graphrun.convert.widgets import Value
from graphrun.documents.load import Workflow
from graphrun.documents.prompt import Prompt
from graphrun.errors import Diagnostic

Specs = Mapping[str, NodeSpec]
Clock = Callable[[], datetime]
"""Local time, which a file name in the workflow can ask for."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def convert(workflow: Workflow, specs: Specs, *, clock: Clock = datetime.now) -> Prompt:
    """The prompt that the editor would send for a workflow, and notes on all that was assumed.

    Raises:
        DocumentError: two nodes have one id, a subgraph contains itself or is not defined,
            or bypassed nodes feed each other in a ring.
    """
    return _converted(workflow, specs, clock).prompt


def explain(workflow: Workflow, specs: Specs) -> tuple[Diagnostic, ...]:
    """What became of every node of the document that is not in the prompt as it stands there.

    One diagnostic of severity `info` for each, in document order: muted, bypassed, a note, a
    primitive and where its value went, a subgraph and where its nodes are. What was assumed is
    in the `notes` of the prompt.

    Raises:
        DocumentError: as `convert`.
    """
    done = _converted(workflow, specs, datetime.now)
    return tuple(explained(done.flat, done.sheets, done.pushes, workflow.source))


@dataclass(frozen=True)
class _Converted:
    prompt: Prompt
    flat: Flat
    sheets: Mapping[str, Sheet]
    pushes: Mapping[SocketKey, Value]


def _converted(workflow: Workflow, specs: Specs, clock: Clock) -> _Converted:
    notes = Notes(workflow.source)
    numbers = Numbers(workflow.data)
    sheets = renumber(read_sheets(workflow.data, notes), numbers)
    sheets = unpack_groups(sheets, specs, numbers, notes)
    flat = expand(read_graphs(sheets, specs, notes), notes)
    _refuse_undefined(flat, notes)
    values = Values(notes)
    order = prompt_order(flat)
    values.read(flat.nodes[i] for i in order)
    pushes = pushed(flat.nodes, flat.feeds, lambda node, name: values.of(node).get(name), notes)
    tokens = Tokens(flat.nodes.values(), values, clock)
    wires = _push(pushes, flat, values, tokens)
    hosts = read_hosts(flat, values, notes)
    exporter = Exporter(values, hosts, Resolver(flat, wires, hosts, notes), tokens, notes)
    prompt = {i: exporter.export(flat.nodes[i]) for i in order if flat.nodes[i].executes}
    notes.raise_errors()
    found: tuple[Diagnostic, ...] = (*workflow.notes, *notes.found)
    return _Converted(Prompt(prompt, workflow.source, workflow.data, found), flat, sheets, pushes)


def _push(
    pushes: Mapping[SocketKey, Value], flat: Flat, values: Values, tokens: Tokens
) -> Mapping[SocketKey, Feed]:
    """Put the values of primitives into widgets. Returns the wires that are left.

    All are worked out before any is set: a primitive may take its value from a widget.
    """
    for key, value in pushes.items():
        node, origin = flat.nodes[key[0]], flat.nodes[flat.feeds[key].origin]
        if isinstance(value.value, str) and replaces_tokens(origin):
            value = replace(value, value=tokens.replaced(value.value))
        values.of(node)[node.sockets[key[1]].name] = value
    return {key: feed for key, feed in flat.feeds.items() if key not in pushes}


def _refuse_undefined(flat: Flat, notes: Notes) -> None:
    def undefined(node: Node) -> bool:
        named = bool(_UUID.fullmatch(node.type)) or node.type.startswith(PREFIXES)
        return node.executes and node.spec is None and named

    for node in filter(undefined, flat.nodes.values()):
        group = next((node.type[len(p) :] for p in PREFIXES if node.type.startswith(p)), None)
        kind = f"subgraph with the id {node.type}" if group is None else f"group node {group!r}"
        message = f"node {node.id}: no {kind} is defined in this file"
        where = "the subgraph" if group is None else "the group"
        hint = f"save the workflow again where {where} is known, or delete or mute the node"
        notes.error("missing_subgraph", message, node=node.id, path=node.path, hint=hint)
    notes.raise_errors()
