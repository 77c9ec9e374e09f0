"""The checks that classes bring themselves: VALIDATE_INPUTS and validate_inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphrun.catalog import Catalog, NodeSpec
from graphrun.catalog.awaiting import completed
from graphrun.catalog.mapping import calls
from graphrun.catalog.sockets import own
from graphrun.documents import BadLink, Link, Prompt, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.static import spec_of

Specs = Mapping[str, NodeSpec]


def own_checks(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """What the classes' own functions object to. They run, which is the pack's code."""
    if not isinstance(specs, Catalog):
        return
    for node in prompt.nodes.values():
        spec = spec_of(node, specs)
        if spec and spec.own_checks and specs.runs(node.class_type):
            yield from _verdicts(node, spec, specs, prompt)


def _verdicts(
    node: PromptNode, spec: NodeSpec, specs: Catalog, prompt: Prompt
) -> Iterator[Diagnostic]:
    validate = specs.kind(node.class_type).validate
    given = _given(node, spec)
    every = "*" in spec.own_checks
    named = {name: v for name, v in given.items() if every or name in spec.own_checks}
    inputs = {name: [value] for name, value in named.items()}
    if "input_types" in spec.own_checks:
        inputs["input_types"] = [_types(node, spec, specs, prompt)]
    if validate is None:
        return
    try:
        answers = [completed(validate(one)) for one in calls(inputs, spec.input_is_list)]
    except (Exception, SystemExit) as error:
        text = f"{node.label}: its own check failed: {type(error).__name__}: {error}"
        yield Diagnostic("exception_during_validation", text, node.id)
        return
    for answer in answers:
        if answer is True:
            continue
        said = f": {answer}" if isinstance(answer, str) and answer else ""
        # A verdict speaks of every input that it was given; without any, of the node.
        for name in named or (None,):
            place = f" {name}" if name else " its inputs"
            yield Diagnostic(
                "custom_validation_failed",
                f"{node.label}: the node does not accept{place}{said}",
                node.id,
                name,
            )


def _given(node: PromptNode, spec: NodeSpec) -> dict[str, Any]:
    """Declared literals, None for every link, and what hidden inputs hold before a run."""
    found: dict[str, Any] = {}
    declared = {one.name for one in spec.visible}
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            found[name] = None
        elif (name in declared or spec.any_input) and not isinstance(value, BadLink):
            found[name] = value
    return found | hidden_before(node, spec)


def hidden_before(node: PromptNode, spec: NodeSpec) -> dict[str, Any]:
    """Hidden inputs as checks and IS_CHANGED see them: only the id is known yet."""
    known = {"UNIQUE_ID": node.id, "PROMPT": {}}
    return {one.name: known.get(one.type) for one in spec.hidden if one.type in _TOKENS}


_TOKENS = frozenset(
    {
        "UNIQUE_ID",
        "PROMPT",
        "DYNPROMPT",
        "EXTRA_PNGINFO",
        "AUTH_TOKEN_COMFY_ORG",
        "API_KEY_COMFY_ORG",
        "COMFY_USAGE_SOURCE",
    }
)


def _types(node: PromptNode, spec: NodeSpec, specs: Catalog, prompt: Prompt) -> dict[str, str]:
    """The types of linked outputs, by declared input."""
    found = {}
    for name, link in node.links():
        source = prompt.nodes.get(link.node_id)
        given = specs.get(source.class_type) if source else None
        if spec.input(name) and given and 0 <= link.slot < len(given.outputs):
            found[name] = own(given.outputs[link.slot].type)
    return found
