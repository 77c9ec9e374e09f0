"""Graphs that nodes build while they run, made part of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from graphrun.documents import BadLink, PromptNode
from graphrun.documents.prompt import read_value
from graphrun.errors import Diagnostic, InputError
from graphrun.execute.events import NodeInfo, NodesAdded
from graphrun.execute.state import Run
from graphrun.plan import Step
from graphrun.plan.identity import identities
from graphrun.plan.plan import told_passing, twins
from graphrun.plan.static import ancestors, spec_of
from graphrun.plan.world import World


def add(run: Run, parent: Step, graph: Any) -> None:
    """Make a graph in API form part of the run; its output nodes are scheduled at once.

    Raises:
        InputError: it is not such a graph, has a class that no pack brings, or links to nothing.
    """
    nodes = _nodes(graph)
    for node in nodes:
        info = dict(graph[node.id])
        display = info.get("override_display_id")
        run.dynamic.add_ephemeral_node(node.id, info, parent.node.id, display)
    inside = {node.id for node in nodes}
    outside = [link for n in nodes for _, link in n.links() if link.node_id not in inside]
    run.demand(outside)
    admit(run, parent, [link.node_id for link in outside], "the graph it built links to")
    steps = _steps(run, nodes)
    _schedule(run, parent, steps)
    run.agenda.enter(step.node.id for step in steps if step.spec.output_node)


def admit(run: Run, parent: Step, names: Iterable[str], what: str) -> None:
    """Have the nodes that are linked to in the run, also those of the file that nothing needed.

    Raises:
        InputError: a node that is nowhere; `what` begins the sentence about it.
    """
    prompt, known = run.plan.prompt, run.agenda.steps
    new = [name for name in names if name not in known]
    for name in new:
        if name not in prompt.nodes:
            message = f"{what} node {name}, which does not exist"
            raise InputError(message, code="bad_linked_input")
    if new:
        nodes = [prompt.nodes[name] for name in ancestors(prompt, new) if name not in known]
        _schedule(run, parent, _steps(run, _ordered({node.id: node for node in nodes})))


def _schedule(run: Run, parent: Step, steps: list[Step]) -> None:
    infos = tuple(_info(run, step) for step in steps)
    run.tell(NodesAdded(node_id=parent.node.id, nodes=infos))
    run.serve(steps, {step.node.id for step in steps})
    run.agenda.add(twins(steps, run.firsts))


def _nodes(graph: Any) -> list[PromptNode]:
    if not isinstance(graph, Mapping):
        raise _malformed(f"a {type(graph).__name__}, not nodes by id")
    nodes = {}
    for node_id, node in graph.items():
        inputs = node.get("inputs", {}) if isinstance(node, Mapping) else None
        kind = node.get("class_type") if isinstance(node, Mapping) else None
        if not isinstance(node_id, str) or not isinstance(kind, str):
            raise _malformed(f"node {node_id} has no class_type, or an id that is no text")
        if not isinstance(inputs, Mapping):
            raise _malformed(f"the inputs of node {node_id} are no mapping")
        values = {name: _value(value) for name, value in inputs.items()}
        nodes[node_id] = PromptNode(node_id, kind, values, changed=node.get("is_changed"))
    return _ordered(nodes)


def _ordered(nodes: Mapping[str, PromptNode]) -> list[PromptNode]:
    """Sources before consumers. Where there is no such order, the nodes are found waiting."""
    feeds = {
        name: [link.node_id for _, link in node.links() if link.node_id in nodes]
        for name, node in nodes.items()
    }
    try:
        return [nodes[name] for name in TopologicalSorter(feeds).static_order()]
    except CycleError:
        return list(nodes.values())


def _steps(run: Run, nodes: list[PromptNode]) -> list[Step]:
    """Added nodes are not validated: only a class that nobody brings is refused."""
    catalog, known = run.catalog, run.agenda.steps
    notes: list[Diagnostic] = []
    kinds = {}
    for node in nodes:
        spec = spec_of(node, catalog)
        if spec is None or not catalog.runs(node.class_type):
            message = f"the graph it built has the class {node.class_type!r}, which no pack brings"
            raise InputError(message, code="missing_node_type")
        kinds[node.id] = spec
    world = World(catalog, run.settings)
    around, unknown = world.surroundings(nodes, ())
    keys = identities(
        nodes,
        catalog,
        seed=run.plan.seed,
        notes=notes,
        source=lambda name: known[name].identity if name in known else None,
        surroundings=around,
    )
    for note in notes:
        run.notice(note)
    steps = (Step.of(node, kinds[node.id], keys[node.id]) for node in nodes)
    return list(told_passing(steps, unknown, _leads_on(known)))


def _leads_on(known: Mapping[str, Step]) -> Callable[[str], bool]:
    """Whether what is behind a known step is passing."""
    return lambda name: name in known and (known[name].passing or known[name].spec.writes)


def _info(run: Run, step: Step) -> NodeInfo:
    node_id, display_id = step.node.id, run.dynamic.get_display_node_id(step.node.id)
    return NodeInfo(
        node_id=node_id,
        class_type=step.spec.class_type,
        title=step.node.title or step.spec.title,
        identity=step.identity,
        display_id=display_id if display_id != node_id else None,
    )


def _value(value: Any) -> Any:
    """Links are exactly `[id, number]`; every other list is a value, and values may be objects."""
    if isinstance(value, list):
        found = read_value(value)
        return value if isinstance(found, BadLink) else found
    return read_value(value) if isinstance(value, dict) else value


def _malformed(what: str) -> InputError:
    return InputError(f"the graph it returned under `expand` is {what}", code="invalid_return")
