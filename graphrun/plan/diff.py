"""What differs between two prompts, leaving out what means nothing: ids, titles, order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphrun.documents import Link, Prompt, PromptNode
from graphrun.plan.matching import Side, canonical, match, same_ids

ABSENT = object()
"""The value of an input that a node does not have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A node that only one prompt has, or an input that differs between two that are the same.

    `kind` is `link` where either side has a link. `before` and `after` are a literal, a `Link`
    (with the ids of its own side) or `ABSENT`.
    """

    kind: Literal["only_a", "only_b", "value", "link"]
    a: PromptNode | None = None
    b: PromptNode | None = None
    input: str | None = None
    before: Any = ABSENT
    after: Any = ABSENT


def diff(a: Prompt, b: Prompt) -> list[Difference]:
    """The differences, in the order of `a`, then what only `b` has. Empty if the two are the same.

    Nodes are matched by class, literals and wiring; ids only decide between equals. A link differs
    when it comes from a node that is not the match of the other's, or from another output. The
    differences from `b` to `a` are the same ones, mirrored.
    """
    # One and the same order for both directions, since guesses depend on it.
    swapped = _text(b) < _text(a)
    sides = (Side(b), Side(a)) if swapped else (Side(a), Side(b))
    pairs = match(sides)
    found = list(_differences(sides[0].nodes, sides[1].nodes, pairs))
    if found:
        known = match(sides, same_ids(sides))
        if len(list(_differences(sides[0].nodes, sides[1].nodes, known))) <= len(found):
            pairs = known
    if swapped:
        pairs = {theirs: mine for mine, theirs in pairs.items()}
    return list(_differences(a.nodes, b.nodes, pairs))


def _text(prompt: Prompt) -> str:
    return canonical(list(prompt.to_json().items()))


def _differences(
    a: Mapping[str, PromptNode], b: Mapping[str, PromptNode], pairs: Mapping[str, str]
) -> Iterator[Difference]:
    for node in a.values():
        if node.id not in pairs:
            yield Difference("only_a", a=node)
            continue
        other = b[pairs[node.id]]
        for name in dict.fromkeys((*node.inputs, *other.inputs)):
            before, after = node.inputs.get(name, ABSENT), other.inputs.get(name, ABSENT)
            if not _equal(_translated(before, a, pairs), after, b):
                linked = isinstance(before, Link) or isinstance(after, Link)
                kind: Literal["link", "value"] = "link" if linked else "value"
                yield Difference(kind, node, other, name, before, after)
    matched = set(pairs.values())
    yield from (Difference("only_b", b=node) for node in b.values() if node.id not in matched)


def _translated(value: Any, a: Mapping[str, PromptNode], pairs: Mapping[str, str]) -> Any:
    """A link with the other side's id; None stands for a node that the other side has not."""
    if isinstance(value, Link) and value.node_id in a:
        return pairs.get(value.node_id), value.slot
    return value


def _equal(translated: Any, after: Any, b: Mapping[str, PromptNode]) -> bool:
    if translated is ABSENT or after is ABSENT:
        return translated is after
    if isinstance(translated, Link) and isinstance(after, Link):  # both may lead nowhere
        return after.node_id not in b and translated.slot == after.slot
    if isinstance(translated, tuple) or isinstance(after, Link):
        return isinstance(after, Link) and translated == (after.node_id, after.slot)
    return canonical(translated) == canonical(after)
