"""The catalogue: all node kinds of all packs, by class type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from graphrun.catalog.kind import Kind
from graphrun.catalog.pack import Pack, Provider, installed
from graphrun.catalog.spec import NodeSpec
from graphrun.errors import Diagnostic, PackError

INTERFACE = Pack("comfyui", "graphrun", schemas="graphrun.schemas", folder="interface")
"""Definitions that come with graphrun, of classes that are in most files and that it cannot run."""


class Catalog(Mapping[str, NodeSpec]):
    """Specs by class type, read when asked for. Two packs with one name for a kind are an error.

    `definitions` are specs without code, such as a ComfyUI server gives: such kinds can be
    converted and checked, but not run. An installed pack's own spec comes before one of the same
    name, since what is checked must be what runs; `differences` tells where the two disagree.
    `interface` has definitions too, which come after both.

    `notes` are warnings about packs: names that two of them bring, packs that failed to load. An
    `open` catalogue is that of the machine: what it lacks may be looked for in further packs.
    """

    def __init__(
        self,
        packs: tuple[Provider, ...],
        definitions: Mapping[str, NodeSpec] | None = None,
        *,
        interface: Pack | None = None,
        notes: tuple[Diagnostic, ...] = (),
        open: bool = False,
    ) -> None:
        self._packs: dict[str, Provider] = {}
        self._specs: dict[str, NodeSpec] = {}
        self._kinds: dict[str, Kind] = {}
        self._definitions = dict(definitions or {})
        self.packs = packs
        self.interface = interface
        self._interface = frozenset(interface.names() if interface else ())
        self.notes = notes
        self.open = open
        for pack in sorted(packs, key=lambda pack: pack.foreign):
            for name in pack.names():
                self._add(name, pack)

    def _add(self, name: str, pack: Provider) -> None:
        other = self._packs.get(name, pack)
        if other is pack or other.foreign:
            self._packs[name] = pack  # between foreign packs the last one counts
        if other is pack:
            return
        message = f"{name} is brought by two packs: {other.name} and {pack.name}"
        if not pack.foreign:
            raise PackError(Diagnostic("duplicate_node", message))
        used = self._packs[name].name
        hint = f"the class of {used} is used"
        found = Diagnostic("duplicate_node", message, severity="warning", hint=hint)
        self.notes = (*self.notes, found)

    @classmethod
    def installed(cls) -> Catalog:
        return cls(installed(), interface=INTERFACE, open=True)

    def with_definitions(self, definitions: Mapping[str, NodeSpec]) -> Catalog:
        """The same packs, and specs for kinds that none of them brings."""
        both = {**self._definitions, **definitions}
        return self._with(self.packs, both, self.notes)

    def with_packs(self, packs: Iterable[Provider], notes: Iterable[Diagnostic] = ()) -> Catalog:
        """Also these packs; `notes` are warnings about packs, such as those that failed to load."""
        own = {pack.name: pack for pack in self.packs if not pack.foreign}
        packs = [pack for pack in packs if own.get(pack.name) is not pack]
        copies = {pack.name for pack in packs if not pack.foreign and pack.name in own}
        packs = [pack for pack in packs if pack.foreign or pack.name not in copies]
        notes = (*self.notes, *notes, *map(_copy, sorted(copies)))
        return self._with((*self.packs, *packs), self._definitions, notes)

    def _with(
        self,
        packs: tuple[Provider, ...],
        definitions: Mapping[str, NodeSpec],
        notes: tuple[Diagnostic, ...],
    ) -> Catalog:
        interface, open = self.interface, self.open
        return Catalog(packs, definitions, interface=interface, notes=notes, open=open)

    def pack(self, class_type: str) -> Provider:
        return self._packs[class_type]

    def kind(self, class_type: str) -> Kind:
        """The code of a class type.

        Raises:
            PackError: its module cannot be imported.
        """
        if class_type not in self._kinds:
            self._kinds[class_type] = self._packs[class_type].kind(self[class_type])
        return self._kinds[class_type]

    def runs(self, class_type: str) -> bool:
        """Whether a pack brings the code of a kind."""
        return class_type in self._packs

    def interface_only(self, class_type: str) -> bool:
        """Whether all that is known of a kind is the definition that comes with graphrun."""
        return class_type in self._interface and not self._given(class_type)

    def lacks(self, class_type: str) -> bool:
        """Whether neither a pack nor a given definition knows a kind."""
        return not self._given(class_type)

    def _given(self, class_type: object) -> bool:
        return class_type in self._packs or class_type in self._definitions

    def near(self, class_type: str) -> list[str]:
        """Up to three class types spelt alike, else with the text in them, for "did you mean"."""
        lower = {name.lower(): name for name in self}
        near = get_close_matches(class_type.lower(), lower, n=3, cutoff=0.7)
        within = [one for one in lower if len(class_type) > 2 and class_type.lower() in one]
        return [lower[one] for one in near or sorted(within, key=len)[:3]]

    def differences(self, class_types: Iterable[str]) -> Iterator[Diagnostic]:
        """Warnings for kinds whose definition is not that of the pack, which is the one used."""
        for name in dict.fromkeys(class_types):
            if name in self._definitions and name in self._packs:
                what = _difference(self[name], self._definitions[name])
                if what:
                    pack = self._packs[name].name
                    yield Diagnostic(
                        "definition_differs",
                        f"{name}: the given definition is not that of the installed pack {pack}, "
                        f"which is used: {what}",
                        severity="warning",
                        hint="values without names may be read wrongly; compare versions",
                    )

    def get(self, class_type: str, default: Any = None) -> Any:
        # Every rule asks for every node: the mixin's way costs as much as the rules.
        known = self._specs.get(class_type)
        return known if known is not None else super().get(class_type, default)

    def __getitem__(self, class_type: str) -> NodeSpec:
        known = self._specs.get(class_type)
        if known is not None:
            return known
        if not self.interface_only(class_type) and class_type not in self._packs:
            return self._definitions[class_type]
        found = self._packs.get(class_type, self.interface or INTERFACE).spec(class_type)
        if found is None:
            raise KeyError(class_type)
        self._specs[class_type] = found
        return found

    def renew(self) -> None:
        """Forget what foreign classes said of themselves: their lists of files change."""
        for class_type in tuple(self._specs):
            if class_type in self._packs and self._packs[class_type].foreign:
                del self._specs[class_type]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._packs.keys() | self._definitions.keys() | self._interface))

    def __len__(self) -> int:
        return len(self._packs.keys() | self._definitions.keys() | self._interface)

    def __contains__(self, class_type: object) -> bool:
        return self._given(class_type) or class_type in self._interface


def _copy(name: str) -> Diagnostic:
    message = f"the pack {name} is installed, and given once more; the installed one is used"
    return Diagnostic("duplicate_pack", message, severity="warning")


def _difference(own: NodeSpec, given: NodeSpec) -> str | None:
    """The first thing that makes a file mean something else: inputs, their order, or outputs."""
    mine, theirs = ([(i.name, i.type) for i in s.visible] for s in (own, given))
    if mine != theirs:
        for verb, one, other in (("has", theirs, mine), ("lacks", mine, theirs)):
            names = [f"{name} ({kind})" for name, kind in one if (name, kind) not in other]
            if names:
                return f"it {verb} the input{'s' * (len(names) > 1)} {', '.join(names)}"
        return f"its inputs are in the order {', '.join(name for name, _ in theirs)}"
    if [o.type for o in own.outputs] != [o.type for o in given.outputs]:
        return f"its outputs are {', '.join(o.type for o in given.outputs) or 'none'}"
    return None
