"""What a prompt must satisfy. A rule is one generator of diagnostics, and one line below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graphrun.catalog import NodeSpec
from graphrun.documents import Prompt
from graphrun.errors import Diagnostic
from graphrun.plan.rules import data, graph, own, resources, values
from graphrun.plan.rules.advice import ADVICE
from graphrun.plan.rules.coerce import coerced
from graphrun.plan.static import ancestors, outputs

RULES = (
    graph.not_empty,
    graph.known_classes,
    graph.interface_only,
    graph.has_outputs,
    graph.linked_nodes_exist,
    graph.slots_exist,
    graph.link_types,
    graph.no_cycle,
    values.required_inputs,
    values.known_inputs,
    values.literal_values,
    own.own_checks,
    resources.tokenizer_matches_model,
    data.same_split,
)


def check(
    prompt: Prompt,
    specs: Mapping[str, NodeSpec],
    *,
    targets: Sequence[str] = (),
    lenient: bool = False,
) -> list[Diagnostic]:
    """Every problem of a prompt in one pass, in document order, with its place.

    Problems of nodes that feed no output (or no target) are warnings, since those nodes do not
    run. An unknown class stays an error anywhere: it might have been the output. Advice comes
    besides; with targets there is none, as then most nodes are not meant to run.
    """
    prompt, found = checked(prompt, specs, targets=targets, lenient=lenient)
    notes, found = found[: len(prompt.notes)], found[len(prompt.notes) :]
    told = {one.node_id for one in found}  # also that a node does not run
    advice = [one for rule in ADVICE for one in rule(prompt, specs)] if not targets else []
    fresh = [one for one in advice if one.code != "unused_node" or one.node_id not in told]
    return [*notes, *_ordered(prompt, [*found, *map(prompt.located, fresh)])]


def checked(
    prompt: Prompt,
    specs: Mapping[str, NodeSpec],
    *,
    targets: Sequence[str] = (),
    lenient: bool = False,
) -> tuple[Prompt, list[Diagnostic]]:
    """The prompt with its literals as their types have them, and all that `check` finds."""
    prompt, notes = coerced(prompt, specs, lenient=lenient)
    needed = ancestors(prompt, targets or outputs(prompt, specs))
    found = notes
    for rule in RULES:
        if rule is graph.has_outputs and targets:
            continue
        for problem in rule(prompt, specs):
            idle = needed and problem.node_id is not None and problem.node_id not in needed
            if idle and problem.code != "missing_node_type":
                message = f"{problem.message} (it feeds no output and does not run)"
                problem = replace(problem, severity="warning", message=message)
            elif lenient and problem.code == "unknown_input":
                problem = replace(problem, severity="warning")
            found.append(prompt.located(problem))
    return prompt, [*prompt.notes, *_ordered(prompt, found)]


def _ordered(prompt: Prompt, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """In the order of the document; what speaks of no node comes first."""
    order = {node_id: index for index, node_id in enumerate(prompt.nodes)}
    return sorted(found, key=lambda d: order.get(d.node_id or "", -1))
