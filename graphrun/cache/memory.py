"""Results of this process, by identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Outputs = tuple[list[Any], ...]
"""Per output slot the list of values, one for each call of the node."""

Stored = tuple[Outputs, Mapping[str, list[Any]]]
"""Outputs and what the node showed."""


class Store(Protocol):
    """Where results are kept. Only storable nodes (`NodeSpec.storable`) come here."""

    def get(self, identity: str) -> Stored | None: ...
    def put(self, identity: str, stored: Stored) -> None: ...


class MemoryStore:
    """Keeps everything it is given; hand one to several runs to share results between them."""

    def __init__(self) -> None:
        self._found: dict[str, Stored] = {}

    def get(self, identity: str) -> Stored | None:
        return self._found.get(identity)

    def put(self, identity: str, stored: Stored) -> None:
        self._found[identity] = stored

    def __len__(self) -> int:
        return len(self._found)
