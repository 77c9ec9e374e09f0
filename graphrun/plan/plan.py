"""Prompt → Plan: which nodes run, in which order, under which identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphrun.catalog import Catalog, NodeSpec
from graphrun.documents import Prompt, PromptNode
from graphrun.errors import Diagnostic, UsageError, ValidationFailed
from graphrun.plan.identity import identities
from graphrun.plan.rules import check
from graphrun.plan.sharing import files_in_order, readers_first, same_files
from graphrun.plan.static import ResourceUse, ancestors, outputs, resources

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Step:
    """One node to run, with its spec and identity (None if it has none)."""

    node: PromptNode
    spec: NodeSpec
    identity: str | None


@dataclass(frozen=True)
class Plan:
    """Steps in the order of execution. `warnings` are what the rules found that is no error.

    `resources` are the names to look for before the run: files that the run itself writes first
    are not among them.
    """

    prompt: Prompt
    steps: tuple[Step, ...]
    seed: int
    warnings: tuple[Diagnostic, ...] = ()
    resources: tuple[ResourceUse, ...] = ()


def plan(
    prompt: Prompt, specs: Mapping[str, NodeSpec], *, targets: Sequence[str] = (), seed: int = 0
) -> Plan:
    """Check a prompt, keep what its outputs (or `targets`) need, and put it in order.

    Raises:
        ValidationFailed: the prompt breaks rules, or needs a node of which only the definition is
            known; all problems are listed.
        UsageError: a target does not exist.
    """
    problems = check(prompt, specs)
    if any(p.severity == "error" for p in problems):
        raise ValidationFailed(problems)
    roots = _roots(prompt, specs, targets)
    needed = ancestors(prompt, roots)
    missing = [prompt.located(d) for d in _without_code(prompt, specs, needed)]
    if missing:
        raise ValidationFailed(missing)
    graph = _graph(prompt, needed)
    used = tuple(resources(prompt, specs, graph))
    served = set(files_in_order(graph, used))
    shared = [*readers_first(graph, prompt, specs), *same_files(prompt, used)]
    nodes = [_typed(node, specs[node.class_type]) for node in _ordered(graph, prompt)]
    keys = identities(nodes, specs, seed=seed)
    steps = tuple(Step(n, specs[n.class_type], keys[n.id]) for n in nodes)
    warnings = (*problems, *(prompt.located(w) for w in shared))
    return Plan(prompt, steps, seed, warnings, tuple(use for use in used if use not in served))


def _roots(prompt: Prompt, specs: Mapping[str, NodeSpec], targets: Sequence[str]) -> list[str]:
    unknown = [t for t in targets if t not in prompt.nodes]
    if unknown:
        hint = f"outputs: {', '.join(outputs(prompt, specs))}"
        message = f"no node has the id {', '.join(map(repr, unknown))}"
        raise UsageError(Diagnostic("unknown_target", message, hint=hint))
    return list(targets) or outputs(prompt, specs)


def _without_code(
    prompt: Prompt, specs: Mapping[str, NodeSpec], needed: set[str]
) -> Iterator[Diagnostic]:
    """Nodes that can be converted and checked, but not run."""
    for node in prompt.nodes.values():
        if node.id in needed and isinstance(specs, Catalog) and not specs.runs(node.class_type):
            yield Diagnostic(
                "missing_node_type",
                f"{node.label}: the definition of {node.class_type!r} is known from a file, but "
                "no installed pack brings its code",
                node.id,
                hint=f"install a graphrun pack with the class {node.class_type}; `graphrun nodes` "
                "lists what there is",
            )


def _graph(prompt: Prompt, needed: set[str]) -> nx.DiGraph[str]:
    """Edges from producer to consumer, nodes in document order."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(node_id for node_id in prompt.nodes if node_id in needed)
    graph.add_edges_from(
        (link.node_id, node_id) for node_id in graph for _, link in prompt.nodes[node_id].links()
    )
    return graph


def _ordered(graph: nx.DiGraph[str], prompt: Prompt) -> Iterable[PromptNode]:
    """Topological, and among ready nodes the order of the document, so that runs repeat."""
    import networkx as nx

    place = {node_id: index for index, node_id in enumerate(prompt.nodes)}
    return [
        prompt.nodes[i] for i in nx.lexicographical_topological_sort(graph, key=place.__getitem__)
    ]


def _typed(node: PromptNode, spec: NodeSpec) -> PromptNode:
    """Numbers as the spec's type: JSON writes 2 for 2.0 and the other way round."""
    values: dict[str, Any] = {}
    for wanted in spec.inputs:
        value = node.inputs.get(wanted.name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            convert = {"INT": int, "FLOAT": float}.get(wanted.type)
            if convert:
                values[wanted.name] = convert(value)
    return node.with_inputs({**node.inputs, **values})
