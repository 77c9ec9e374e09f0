"""The catalogue: all node kinds of all packs, by class type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from graphrun.catalog.pack import Pack, installed
from graphrun.catalog.spec import NodeSpec
from graphrun.errors import Diagnostic, PackError


class Catalog(Mapping[str, NodeSpec]):
    """Specs by class type, read when asked for. Two packs with one name for a kind are an error."""

    def __init__(self, packs: tuple[Pack, ...]) -> None:
        self._packs: dict[str, Pack] = {}
        self._specs: dict[str, NodeSpec | None] = {}
        for pack in packs:
            for name in pack.names():
                other = self._packs.setdefault(name, pack)
                if other is not pack:
                    message = f"{name} is brought by two packs: {other.name} and {pack.name}"
                    raise PackError(Diagnostic("duplicate_node", message))

    @classmethod
    def installed(cls) -> Catalog:
        return cls(installed())

    def pack(self, class_type: str) -> Pack:
        return self._packs[class_type]

    def near(self, class_type: str) -> list[str]:
        """Up to three class types spelt alike, for "did you mean"."""
        lower = {name.lower(): name for name in self._packs}
        return [lower[m] for m in get_close_matches(class_type.lower(), lower, n=3, cutoff=0.7)]

    def __getitem__(self, class_type: str) -> NodeSpec:
        if class_type not in self._packs:
            raise KeyError(class_type)
        if class_type not in self._specs:
            self._specs[class_type] = self._packs[class_type].spec(class_type)
        spec = self._specs[class_type]
        if spec is None:
            raise KeyError(class_type)
        return spec

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._packs))

    def __len__(self) -> int:
        return len(self._packs)

    def __contains__(self, class_type: object) -> bool:
        return class_type in self._packs
