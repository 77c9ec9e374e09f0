"""A recording call for tests of nodes, and texts to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphrun.catalog.running import Alias, Settings
from graphrun.errors import Cancelled

PAIRS = [
    ("the film was great and funny", 1),
    ("the film was awful and boring", 0),
    ("loved this movie it is really good", 1),
    ("hated this movie it is really bad", 0),
    ("a very good story", 1),
    ("a very dull story", 0),
    ("great plot and fine acting", 1),
    ("awful plot and bad acting", 0),
]
WORDS = sorted({word for text, _ in PAIRS for word in text.split()})
KINDS = ("bert", "roberta", "distilbert", "albert", "electra")


@dataclass
class Recorder:
    """A call that keeps what a node says, and asks it to stop after `stop_after` steps."""

    settings: Settings = field(default_factory=Settings)
    steps: list[tuple[int, int]] = field(default_factory=list)
    figures: list[Mapping[str, Any]] = field(default_factory=list)
    metrics: list[Mapping[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    ui: dict[str, list[Any]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    stop_after: int | None = None
    kept: Any = None

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None:
        if self.stop_after is not None and step >= self.stop_after:
            raise Cancelled
        self.steps.append((step, total))
        self.figures.append(metrics)

    def metric(self, values: Mapping[str, Any]) -> None:
        self.metrics.append(values)

    def notice(self, message: str, **about: Any) -> None:
        self.notices.append({"message": message, **about})

    def show(self, ui: Mapping[str, list[Any]]) -> None:
        self.ui.update(ui)

    def cancelled(self) -> bool:
        return False

    def checkpoint(self) -> Any:
        return self.kept

    @property
    def codes(self) -> list[str]:
        return [notice["code"] for notice in self.notices]

    def set(self, **fields: Any) -> None:
        self.settings = replace(self.settings, **fields)

    def alias(self, name: str, path: Path, **fields: Any) -> None:
        self.set(aliases={**self.settings.aliases, name: Alias(path, **fields)})
