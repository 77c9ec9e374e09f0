"""The prompt: ComfyUI's API format as a value, the one representation that is planned and run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from graphrun.documents.source import Path, Source
from graphrun.errors import Diagnostic, Position


class Link(NamedTuple):
    """The output `slot` of the node `node_id`; `["<node id>", <slot>]` in JSON."""

    node_id: str
    slot: int


@dataclass(frozen=True, slots=True)
class BadLink:
    """A bare list that is no link. ComfyUI takes any list for one, so the rules must see it."""

    value: list[Any]


@dataclass(frozen=True, slots=True)
class PromptNode:
    """One node to run.

    `inputs` maps a name to a `Link` or to a literal (lists are literal here, unwrapped).
    `pack` and `pack_version` are what the file says the class comes from, `changed` its own word in
    the place of what the class would say in IS_CHANGED (`is_changed` in the file). `paths` tells
    where in the document each input stands, and `path` where the node does, for positions in
    messages.
    """

    id: str
    class_type: str
    inputs: Mapping[str, Any]
    title: str | None = None
    pack: str | None = None
    pack_version: str | None = None
    changed: Any = None
    path: Path = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    _links: tuple[tuple[str, Link], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Every rule and every stage follows the links.
        links = tuple([(n, v) for n, v in self.inputs.items() if type(v) is Link])
        object.__setattr__(self, "_links", links)

    @property
    def label(self) -> str:
        """How messages call the node: id, title if it has one of its own, class."""
        # On one line: a title with line breaks must not look like a message of its own.
        own = " ".join(self.title.split()) if self.title and self.title != self.class_type else None
        return (
            f"node {self.id} ({own}, {self.class_type})"
            if own
            else (f"node {self.id} ({self.class_type})")
        )

    def links(self) -> tuple[tuple[str, Link], ...]:
        """The inputs that are links, by name."""
        return self._links

    def with_inputs(self, inputs: Mapping[str, Any]) -> PromptNode:
        return replace(self, inputs=inputs)


@dataclass(frozen=True)
class Prompt:
    """Nodes by id, in document order. `workflow` is the UI document it came from, if any.

    `settings` says, by node id and input, where a value was given that replaced the file's.
    """

    nodes: Mapping[str, PromptNode]
    source: Source | None = None
    workflow: Mapping[str, Any] | None = None
    notes: tuple[Diagnostic, ...] = ()
    settings: Mapping[tuple[str, str], Position] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.source.name if self.source else "<prompt>"

    def position(self, node_id: str | None, input: str | None = None) -> Position | None:
        given = self.settings.get((node_id or "", input or ""))
        if given is not None:
            return given
        node = self.nodes.get(node_id) if node_id is not None else None
        if node is None or self.source is None:
            return None
        return self.source.locate(node.paths.get(input, node.path) if input else node.path)

    def located(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the place in this document that it speaks of."""
        return diagnostic.at(self.position(diagnostic.node_id, diagnostic.input))

    def to_json(self) -> dict[str, Any]:
        """The API document. Lists are wrapped, since a bare list means a link."""
        return {node.id: _node_json(node) for node in self.nodes.values()}


def _node_json(node: PromptNode) -> dict[str, Any]:
    inputs = {name: write_value(value) for name, value in node.inputs.items()}
    meta = {"title": node.title} if node.title is not None else {}
    return {"inputs": inputs, "class_type": node.class_type, **({"_meta": meta} if meta else {})}


def write_value(value: Any) -> Any:
    """A value of the prompt as JSON of the API format; what `read_value` reads."""
    if isinstance(value, Link):
        return [value.node_id, value.slot]
    if isinstance(value, BadLink):
        return value.value
    return {"__value__": value} if isinstance(value, list) else value


def read_value(value: Any) -> Any:
    """A JSON value of the API format as the prompt holds it: link, unwrapped list, or literal."""
    if isinstance(value, list):
        match value:
            case [str() as node_id, int() as slot] if not isinstance(slot, bool):
                return Link(node_id, slot)
            case [str() as node_id, float() as slot] if slot.is_integer():
                return Link(node_id, int(slot))
        return BadLink(value)
    if isinstance(value, dict) and set(value) == {"__value__"}:
        return value["__value__"]
    return value
