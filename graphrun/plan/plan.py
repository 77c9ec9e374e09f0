"""Prompt → Plan: which nodes run, in which order, under which identity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphrun.catalog import Catalog, NodeSpec
from graphrun.documents import Prompt, PromptNode
from graphrun.errors import Diagnostic, UsageError, ValidationFailed
from graphrun.plan.identity import Key, identities
from graphrun.plan.rules import checked
from graphrun.plan.rules.graph import without_code
from graphrun.plan.sharing import files_in_order, readers_first, rivals, same_files
from graphrun.plan.static import ResourceUse, ancestors, outputs, resources, spec_of

if TYPE_CHECKING:
    import networkx as nx

    from graphrun.plan.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """One node that may run, with its spec and identity (None if it has none).

    `uses` are the nodes that its inputs link to, once each, and `needs` those of them that it
    cannot begin without: all but the ones behind lazy inputs. `after` are nodes that it only has
    to wait for; `twin`, one of them, is an earlier node of the same identity. What a `passing` step
    gives may be something else in another run: it depends on what cannot be told before the run.
    The `lineage` is the identity without what only says how far to go, None where nothing does, and
    random numbers come from `draw` (see `Key`).
    """

    node: PromptNode
    spec: NodeSpec
    identity: str | None
    uses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    twin: str | None = None
    passing: bool = False
    lineage: str | None = None
    draw: str | None = None

    @classmethod
    def of(cls, node: PromptNode, spec: NodeSpec, key: Key) -> Step:
        links = node.links()
        uses = tuple(dict.fromkeys([link.node_id for _, link in links]))
        if not spec.lazy:
            return cls(node, spec, key.identity, uses, uses, lineage=key.lineage, draw=key.draw)
        at_once = [link.node_id for name, link in links if name not in spec.lazy]
        needs = tuple(dict.fromkeys(at_once))
        return cls(node, spec, key.identity, uses, needs, lineage=key.lineage, draw=key.draw)


def twins(steps: Iterable[Step], firsts: dict[str, str] | None = None) -> Iterator[Step]:
    """The steps, those that do the same as an earlier one with its id; `firsts` remembers them."""
    firsts = {} if firsts is None else firsts
    for step in steps:
        key, name = step.identity, step.node.id
        first = firsts.setdefault(key, name) if key else name
        if first != name:
            step = replace(step, twin=first, after=(*step.after, first))
        yield step


def told_passing(
    steps: Iterable[Step],
    unknown: Collection[str],
    known: Callable[[str], bool] = lambda name: False,
) -> Iterator[Step]:
    """The steps in their order, the `unknown` ones and all behind them told to be passing.

    So is what is behind nodes that write files: their paths are in a folder that only this run has.
    `known` tells it of steps that are not among these.
    """
    found: dict[str, bool] = {}
    for step in steps:
        above = (found[name] if name in found else known(name) for name in step.uses)
        passing = step.node.id in unknown or any(above)
        found[step.node.id] = passing or step.spec.writes
        yield replace(step, passing=True) if passing else step


@dataclass(frozen=True)
class Plan:
    """What may run, in an order in which it can, and the nodes that the run is for.

    `warnings` are what the rules found that is no error. `refused` are errors of outputs that are
    left out because others can run. `resources` are the names to look for before the run: files
    that the run itself writes first are not among them. `led` says where each of them leads, and
    `around` what results depend on besides the prompt, by node id; None and empty for a plan that
    was made without a `World`, which is `world`.
    """

    prompt: Prompt
    steps: tuple[Step, ...]
    roots: tuple[str, ...]
    seed: int
    warnings: tuple[Diagnostic, ...] = ()
    resources: tuple[ResourceUse, ...] = ()
    refused: tuple[Diagnostic, ...] = ()
    led: tuple[tuple[ResourceUse, Any], ...] | None = None
    around: Mapping[str, Any] = field(default_factory=dict)
    world: World | None = field(default=None, compare=False, repr=False)

    def is_up_to_date(self, node: PromptNode) -> bool:
        """Whether what a node has read is still what it was when this was planned."""
        return self.world is None or self.world.is_as(node, self.led or (), self.around)


def plan(
    prompt: Prompt,
    specs: Mapping[str, NodeSpec],
    *,
    targets: Sequence[str] = (),
    seed: int = 0,
    lenient: bool = False,
    keep_going: bool = False,
    world: World | None = None,
) -> Plan:
    """Check a prompt, keep what its outputs (or `targets`) need, and put it in order.

    With `keep_going`, outputs that the errors do not touch are planned without the others. Without
    a `world`, nothing is known of the files that nodes read.

    Raises:
        ValidationFailed: the prompt breaks rules, or needs a node of which only the definition is
            known; all problems are listed.
        UsageError: a target does not exist.
    """
    _known_targets(prompt, specs, targets)
    prompt, problems = checked(prompt, specs, targets=targets, lenient=lenient)
    wrong = [p for p in problems if p.severity == "error"]
    roots = list(targets) or outputs(prompt, specs)
    if wrong:
        roots = _untouched(prompt, specs, roots, wrong) if keep_going else []
    needed = ancestors(prompt, roots)
    missing = [prompt.located(d) for d in _without_code(prompt, specs, needed)]
    if missing or (wrong and not roots):
        raise ValidationFailed(missing or problems)
    graph = _graph(prompt, needed)
    steps, facts = _steps(graph, prompt, specs, seed=seed, world=world)
    warnings = [p for p in problems if p.severity != "error"]
    warnings += [prompt.located(one) for one in facts.pop("notes")]
    left_out, told = tuple(wrong), tuple(warnings)
    return Plan(
        prompt, steps, tuple(roots), seed, told, refused=left_out, world=world, **facts
    )  # fmt: skip


def _steps(
    graph: nx.DiGraph[str],
    prompt: Prompt,
    specs: Mapping[str, NodeSpec],
    *,
    seed: int,
    world: World | None,
) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The steps in order, and what was found out on the way: fields of `Plan`, and `notes`."""
    links = graph.number_of_edges()
    used = tuple(resources(prompt, specs, graph))
    served = set(files_in_order(graph, used))
    unknown = rivals(graph, prompt, specs)
    notes = [*readers_first(graph, prompt, specs), *same_files(prompt, used)]
    nodes = _ordered(graph, prompt, specs)
    used = tuple(use for use in used if use not in served)
    led, around = None, dict[str, Any]()
    if world is not None:
        led = tuple(world.led(used, prompt))
        around, untold = world.surroundings(nodes, led)
        unknown |= untold
    else:
        unknown |= {node.id for node in nodes if specs[node.class_type].reads}
    keys = identities(nodes, specs, seed=seed, notes=notes, surroundings=around)
    plain = (Step.of(n, spec_of(n, specs) or specs[n.class_type], keys[n.id]) for n in nodes)
    steps = list(told_passing(plain, unknown))
    if graph.number_of_edges() > links:
        steps = [_waiting(step, graph) for step in steps]
    return tuple(steps), {"resources": used, "led": led, "around": around, "notes": notes}


def _waiting(step: Step, graph: nx.DiGraph[str]) -> Step:
    """The step with what it waits for besides its links."""
    extra = [one for one in graph.predecessors(step.node.id) if one not in step.uses]
    return replace(step, after=(*step.after, *extra)) if extra else step


def _untouched(
    prompt: Prompt, specs: Mapping[str, NodeSpec], roots: Sequence[str], wrong: list[Diagnostic]
) -> list[str]:
    """The roots that no error is above of. A class that is missing anywhere refuses the prompt."""
    if any(p.node_id is None or p.code == "missing_node_type" for p in wrong):
        return []
    faulty = {p.node_id for p in wrong}
    return [root for root in roots if not faulty & ancestors(prompt, [root])]


def _known_targets(prompt: Prompt, specs: Mapping[str, NodeSpec], targets: Sequence[str]) -> None:
    unknown = [t for t in targets if t not in prompt.nodes]
    if unknown:
        hint = f"outputs: {', '.join(outputs(prompt, specs))}"
        message = f"no node has the id {', '.join(map(repr, unknown))}"
        raise UsageError(Diagnostic("unknown_target", message, hint=hint))


def _without_code(
    prompt: Prompt, specs: Mapping[str, NodeSpec], needed: set[str]
) -> Iterator[Diagnostic]:
    """Classes of nodes that can be converted and checked, but not run, at the first of each."""
    if not isinstance(specs, Catalog):
        return
    lacking: dict[str, list[PromptNode]] = {}
    for node in prompt.nodes.values():
        if node.id in needed and not specs.runs(node.class_type):
            lacking.setdefault(node.class_type, []).append(node)
    for class_type, nodes in lacking.items():
        others = f" (also {', '.join(one.id for one in nodes[1:])})" if nodes[1:] else ""
        what, hint = without_code(class_type, specs)
        message = f"{nodes[0].label}{others}: {what}"
        yield Diagnostic("missing_node_type", message, nodes[0].id, hint=hint)


def _graph(prompt: Prompt, needed: set[str]) -> nx.DiGraph[str]:
    """Edges from producer to consumer, nodes in document order."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(node_id for node_id in prompt.nodes if node_id in needed)
    graph.add_edges_from(
        (link.node_id, node_id) for node_id in graph for _, link in prompt.nodes[node_id].links()
    )
    return graph


def _ordered(
    graph: nx.DiGraph[str], prompt: Prompt, specs: Mapping[str, NodeSpec]
) -> list[PromptNode]:
    """Topological. Among ready nodes outputs and coroutines come first, so that results are seen
    early and waiting overlaps with work; else the order of the document, so that runs repeat.
    """
    import networkx as nx

    place = {}
    for index, (node_id, node) in enumerate(prompt.nodes.items()):
        if node_id in graph:
            spec = specs[node.class_type]
            place[node_id] = (not (spec.output_node or spec.asynchronous), index)
    return [
        prompt.nodes[i] for i in nx.lexicographical_topological_sort(graph, key=place.__getitem__)
    ]
