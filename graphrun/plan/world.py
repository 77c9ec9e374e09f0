"""What results depend on besides the prompt: contents of files, versions, the device.

Looks and reads; imports no library of models. What cannot be told before the run is told to be so,
and nothing behind it is served to another run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphrun.catalog import Catalog, NodeSpec, Settings
from graphrun.catalog.running import CALL, Silent
from graphrun.documents import Link, Prompt, PromptNode
from graphrun.errors import Diagnostic, MissingResource
from graphrun.plan import code
from graphrun.plan.libraries import device_class, minor_version, precision_class
from graphrun.plan.static import ResourceUse, spec_of
from graphrun.sources.contents import contents, parts, plain
from graphrun.sources.digests import Digests
from graphrun.sources.names import Found

UNREAD = frozenset({"output_file", "device"})
"""Kinds of resources that nothing is read of."""

WAYS = ("deterministic", "literal", "grad_accum", "clip_grad", "gradient_checkpointing")
"""Settings that change what is computed on a device, be it in the last bits."""

LONGEST_NAME = 1024
"""Characters of a literal that is looked at as the name of a file."""

_USUAL = Settings()


@dataclass(frozen=True)
class World:
    """This machine, as far as a plan asks it: where names lead, and what is there."""

    catalog: Catalog
    settings: Settings = field(default_factory=Settings)
    digests: Digests = field(default_factory=Digests)

    def led(self, uses: Iterable[ResourceUse], prompt: Prompt) -> Iterator[tuple[ResourceUse, Any]]:
        """Where each name leads, as its pack's hook says; a `Diagnostic` where that is nowhere."""
        for use in uses:
            pack = self.catalog.pack(prompt.nodes[use.user].class_type)
            token = CALL.set(Silent(self.settings))
            try:
                found = pack.look_for(use.kind, use.name, use.beside)
            except MissingResource as error:
                found = error.diagnostics[0]
                if use.kind != "device":
                    found = replace(found, node_id=use.node_id, input=use.input)
                found = prompt.located(found)
            finally:
                CALL.reset(token)
            yield use, found

    def surroundings(
        self, nodes: Iterable[PromptNode], led: Iterable[tuple[ResourceUse, Any]]
    ) -> tuple[dict[str, Any], set[str]]:
        """By node id what its result depends on besides the prompt; and who cannot be told.

        Those read something whose contents are not known before the run.
        """
        read: dict[str, dict[str, Any]] = {}
        for use, found in led:
            if use.kind not in UNREAD:
                read.setdefault(use.user, {})[use.socket] = self._token(use.kind, found)
        around: dict[str, Any] = {}
        unknown: set[str] = set()
        shared: dict[str, Mapping[str, Any]] = {}
        for node in nodes:
            spec = spec_of(node, self.catalog)
            if spec is None:
                continue
            if node.class_type not in shared:
                shared[node.class_type] = self._of_class(spec)
            tokens = read.get(node.id, {})
            if spec.foreign:
                tokens, known = self._named(node, spec)
            else:
                known = not spec.reads or _all_told(node, spec, tokens)
            # Outputs of foreign classes act on the folder of their run, which they do not tell.
            if not known or (spec.foreign and spec.output_node and self.settings.new_folder):
                unknown.add(node.id)
            found = dict(shared[node.class_type])
            if tokens:
                found["read"] = tokens
            found |= self._device(node, spec)
            if found:
                around[node.id] = found
        return around, unknown

    def is_as(
        self,
        node: PromptNode,
        led: Iterable[tuple[ResourceUse, Any]],
        around: Mapping[str, Any],
    ) -> bool:
        """Whether what a node has read is still what it was when its run was planned."""
        before = around.get(node.id, {})
        if "read" not in before:
            return True
        uses = [(use, found) for use, found in led if use.user == node.id]
        now, _ = self.surroundings([node], uses)
        return bool(now.get(node.id) == before)

    def _token(self, kind: str, found: Any) -> Any:
        """What stands for the contents of a resource; None if they cannot be told."""
        if found is None:
            return ["tiny"] if self.settings.tiny else None
        if isinstance(found, Found):
            if found.source == "tiny":
                return ["tiny", found.id]
            names = [found.text, found.label, list(found.labels), dict(found.splits)]
        elif isinstance(found, Path) or _are_paths(found):
            names = []
        else:
            return None
        held = contents(parts(kind, found), digests=self.digests)
        return [held.digest, names] if held is not None and held.count else None

    def _of_class(self, spec: NodeSpec) -> Mapping[str, Any]:
        """Versions of what the class is made with."""
        pack = self.catalog.pack(spec.class_type)
        kinds = ("", *(i.resource for i in spec.inputs if i.resource))
        names = {name for kind in kinds for name in pack.depends.get(kind, ())}
        found: dict[str, Any] = {n: v for n in sorted(names) if (v := minor_version(n))}
        state = code.state(pack)
        return {**found, "code": state} if state else found

    def _device(self, node: PromptNode, spec: NodeSpec) -> Mapping[str, Any]:
        """What a node with a switch for the device will compute on, and in which way."""
        switch = self.catalog.pack(spec.class_type).device_switch
        if not switch or spec.input(switch) is None:
            return {}
        asked = node.inputs.get(switch, False)
        device = device_class(self.settings.device, asked is not False)
        found: dict[str, Any] = {"device": device}
        if precision := precision_class(self.settings.precision, device):
            found["precision"] = precision
        for name in WAYS:
            value, usual = getattr(self.settings, name), getattr(_USUAL, name)
            if value != usual:
                found[name] = "yes" if value is True else value
        return found

    def _named(self, node: PromptNode, spec: NodeSpec) -> tuple[dict[str, Any], bool]:
        """Files that literals of a foreign node name, and whether these are all it can name.

        A class that has a word for the world of its own is believed. A folder is too much to read.
        """
        found: dict[str, Any] = {}
        if spec.watches:
            return found, True
        for name, value in node.inputs.items():
            if isinstance(value, Link) or type(value) is not str:
                continue
            if not 0 < len(value) <= LONGEST_NAME:
                continue
            # Not Path, which is slow, and refuses some texts.
            for place in (value, self.settings.inputs / value):
                if os.path.isfile(place):  # noqa: PTH113
                    held = contents({plain(value): Path(place)}, digests=self.digests)
                    found[name] = held.digest if held else None
                # A word may happen to be the name of a folder, but not of one for inputs.
                elif (place != value or os.sep in value) and os.path.isdir(place):  # noqa: PTH112
                    return found, False
        return found, None not in found.values()


def _are_paths(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, Path) for one in found)


def _all_told(node: PromptNode, spec: NodeSpec, tokens: Mapping[str, Any]) -> bool:
    """Whether the contents of everything that a node reads are known."""
    named = [i.name for i in spec.inputs if i.resource and i.resource not in UNREAD]
    set_ones = [name for name in named if name in node.inputs]
    return bool(set_ones) and all(tokens.get(name) is not None for name in set_ones)


def missing(led: Iterable[tuple[ResourceUse, Any]]) -> Iterator[Diagnostic]:
    """What this machine cannot provide, each once."""
    said = set()
    for use, found in led:
        key = use.kind.replace("tokenizer", "model"), use.name
        if isinstance(found, Diagnostic) and (*key, found.message) not in said:
            said.add((*key, found.message))
            yield found
