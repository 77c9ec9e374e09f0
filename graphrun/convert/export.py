"""One node of the flat graph → one entry of the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrun.convert.dynamic import saved_values
from graphrun.convert.graph import Node
from graphrun.convert.hosts import Hosts
from graphrun.convert.modes import Given, Lost, Resolver
from graphrun.convert.notes import Notes
from graphrun.convert.tokens import Tokens, has_tokens
from graphrun.convert.values import Values
from graphrun.convert.widgets import Value, exported
from graphrun.documents.prompt import Link, PromptNode
from graphrun.documents.source import Path


@dataclass
class _Draft:
    """The inputs of an entry while it is put together; `own` are the values yet to be exported."""

    inputs: dict[str, Any]
    paths: dict[str, Path]
    own: dict[str, Value]

    def replace(self, name: str, value: Any, path: Path) -> None:
        self.inputs[name], self.paths[name] = value, path
        self.own.pop(name, None)


@dataclass(frozen=True)
class Exporter:
    """Turns nodes into entries of the prompt."""

    values: Values
    hosts: Hosts
    resolver: Resolver
    tokens: Tokens
    notes: Notes

    def export(self, node: Node) -> PromptNode:
        """Widget values in widget order, a link in place of its widget's, then other links."""
        own = dict(self.values.of(node))
        paths = {name: value.path for name, value in own.items()}
        draft = _Draft({name: value.value for name, value in own.items()}, paths, own)
        self._proxied(node, draft)
        self._wired(node, draft)
        draft.inputs.update(self._exported(node, draft.own))
        self._assumed(node, draft.own)
        return PromptNode(
            node.id,
            node.type,
            draft.inputs,
            title=node.title,
            pack=node.pack,
            pack_version=node.pack_version,
            path=node.path,
            paths=draft.paths,
        )

    def _proxied(self, node: Node, draft: _Draft) -> None:
        """Values that an instance holds for widgets inside of it, without an input for them."""
        if not self.hosts.inner:
            return
        for name in list(draft.own):
            value = self.hosts.inner.get((node.id, name))
            if value is not None:
                draft.replace(name, value.value, value.path)

    def _wired(self, node: Node, draft: _Draft) -> None:
        for index, socket in enumerate(node.sockets):
            found = self.resolver.resolve(node, index)
            if isinstance(found, Lost):
                self._lost(node, index, found, fallback=socket.name in draft.inputs)
            elif isinstance(found, Given):
                draft.replace(socket.name, found.value.value, found.value.path)
            elif found is not None:
                path = self.resolver.feeds[node.id, index].path
                draft.replace(socket.name, found, path)
                if found.node_id not in self.resolver.flat.nodes:
                    self._without_origin(node, socket.name, found, path)

    def _without_origin(self, node: Node, name: str, link: Link, path: Path) -> None:
        message = (
            f"{node.label}: the file has no node {link.node_id}, but a link from it to {name!r}; "
            "the link is kept as it is"
        )
        self.notes.warn("missing_origin", message, node=node.id, input=name, path=path)

    def _exported(self, node: Node, values: Mapping[str, Value]) -> dict[str, Any]:
        specs = {i.name: i for i in node.spec.inputs} if node.spec else {}
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name in specs:
                found[name] = exported(node, specs[name], value, self.notes)
            if has_tokens(node, name) and isinstance(value.value, str):
                found[name] = self._named(node, name, value)
        return found

    def _named(self, node: Node, name: str, value: Value) -> str:
        text = self.tokens.replaced(value.value)
        if text != value.value:
            message = f"{node.label}: {name!r} is {text!r}, its tokens as they are at this time"
            self.notes.warn("replaced_tokens", message, node=node.id, input=name, path=value.path)
        return text

    def _lost(self, node: Node, index: int, lost: Lost, *, fallback: bool) -> None:
        name = node.sockets[index].name
        path = self.resolver.feeds[node.id, index].path
        own = "; it keeps its own value" if fallback else ""
        message = f"{node.label}: {name!r} gets nothing: {lost.reason}{own}"
        self.notes.warn("lost_link", message, node=node.id, input=name, path=path)

    def _assumed(self, node: Node, values: Mapping[str, Value]) -> None:
        # An optional input that is absent means its default; only required ones are assumptions.
        required = (
            {i.name for i in node.spec.inputs if i.section == "required"} if node.spec else ()
        )
        names = [
            f"{name}={value.value!r:.40}"
            for name, value in values.items()
            if value.assumed and name in required
        ]
        if names:
            message = f"{node.label}: the file has no value for some widgets; the defaults are " + (
                f"used: {', '.join(names)}"
            )
            path = (*node.path, saved_values(node.data)[0])
            self.notes.warn("default_used", message, node=node.id, path=path)
