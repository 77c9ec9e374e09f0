"""Rules about the models and data that nodes name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from graphrun.catalog import NodeSpec
from graphrun.documents import Prompt
from graphrun.errors import Diagnostic
from graphrun.plan.static import ResourceUse, ancestors, resources

Specs = Mapping[str, NodeSpec]


def tokenizer_matches_model(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Token ids of one vocabulary mean nothing to a model that was trained with another.

    Only where exactly one model meets the tokenizer, in the node that changes the model: with
    several models in the graph it cannot be told which of them the texts are for.
    """
    uses = defaultdict(list)
    for use in resources(prompt, specs, prompt.nodes):
        uses[use.kind].append(use)
    if not uses["tokenizer"] or not uses["model"]:
        return
    said = set()
    for node in prompt.nodes.values():
        spec = specs.get(node.class_type)
        if spec is None or not any(i.mutates for i in spec.inputs):
            continue
        above = ancestors(prompt, [node.id])
        models = [use for use in uses["model"] if use.user in above]
        for use in uses["tokenizer"]:
            differs = (
                use.user in above
                and len(models) == 1
                and not same_vocabulary(use.name, models[0].name)
            )
            if differs and (use.user, models[0].user) not in said:
                said.add((use.user, models[0].user))
                yield _mismatch(prompt, use, models[0])


def same_vocabulary(tokenizer: str, model: str) -> bool:
    """Whether two names may be of one vocabulary, as far as names tell.

    Those of one model with and without its organization are the same. A model that was trained
    from another one keeps its vocabulary and, as a rule, begins with its name; so do those that
    were distilled from it, which put that word before the name.
    """
    one, other = (name.strip("/").lower().split("/") for name in (tokenizer, model))
    if len(one) == len(other) and len(one) > 1 and one[-1] == other[-1]:
        return one == other
    short, long = sorted(
        (one[-1].removeprefix("distil"), other[-1].removeprefix("distil")), key=len
    )
    return long == short or long.startswith(f"{short}-")


def _mismatch(prompt: Prompt, tokenizer: ResourceUse, model: ResourceUse) -> Diagnostic:
    return Diagnostic(
        "tokenizer_mismatch",
        f"{prompt.nodes[tokenizer.user].label} encodes with {tokenizer.name!r}, but "
        f"{prompt.nodes[model.user].label} is {model.name!r}: token numbers of one vocabulary "
        "mean nothing to the other",
        tokenizer.node_id,
        tokenizer.input,
        severity="warning",
        hint="use one name for both, for instance from one text constant",
    )
