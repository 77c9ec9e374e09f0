"""The models, data sets and files that a plan names: where each led, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from graphrun.catalog import Catalog, Settings
from graphrun.errors import Diagnostic
from graphrun.plan import Plan, ResourceUse
from graphrun.plan.world import UNREAD, World
from graphrun.sources.contents import Contents, contents, parts, plain, revision
from graphrun.sources.names import Found

Led = Found | Path | list[Path] | None
"""Where a name leads; None where its pack does not say, or `--tiny` stands in."""


@dataclass(frozen=True, slots=True)
class Used:
    """One name, however many nodes use it; `use` is the first of these uses.

    `source` is alias, folder, file, cache, hub or tiny, or None where the pack does not say.
    `contents` is None for what is not on this machine or cannot be read. `columns` are an alias's
    names of columns, classes and splits.
    """

    kind: str
    use: ResourceUse
    source: str | None
    place: str | None
    contents: Contents | None
    revision: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.use.name

    @property
    def label(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.name}"

    def _absolute(self) -> str | None:
        """Paths as they are without the working folder; what is no path as it is."""
        if self.place is None or self.source in ("hub", "tiny"):
            return self.place
        return plain(str(Path(self.place).absolute()))

    def to_json(self, *, place: bool = False) -> dict[str, Any]:
        """With `place` as a report has it, where it led; without, as a lock, its single files."""
        held = self.contents.to_json() if self.contents else {}
        fields = {
            "kind": self.kind,
            "name": self.name,
            "source": self.source,
            "place": self._absolute() if place else None,
            "revision": self.revision,
            **held,
            "files": None if place else held.get("files"),
            "columns": dict(self.columns) or None,
        }
        return {key: value for key, value in fields.items() if value is not None}


def resources(
    plan: Plan, catalog: Catalog, settings: Settings
) -> tuple[list[Used], dict[tuple[str, str], Diagnostic]]:
    """What the plan's names lead to, by kind and name, and the names that lead nowhere."""
    found: dict[tuple[str, str], list[tuple[ResourceUse, Led]]] = {}
    missing: dict[tuple[str, str], Diagnostic] = {}
    world = World(catalog, settings)
    all_led = plan.led if plan.led is not None else world.led(plan.resources, plan.prompt)
    for use, led in all_led:
        if use.kind in UNREAD:
            continue
        key = use.kind.replace("tokenizer", "model"), use.name
        if isinstance(led, Diagnostic):
            missing.setdefault(key, led)
        else:
            found.setdefault(key, []).append((use, _known(led)))
    used = [
        _used(kind, led, settings) for (kind, _), led in sorted(found.items(), key=itemgetter(0))
    ]
    return used, missing


def _known(led: Any) -> Led:
    """What a hook gave, if it is something that can be looked at: packs may give anything."""
    several = isinstance(led, list) and led and all(isinstance(one, Path) for one in led)
    return led if several or isinstance(led, Found | Path) else None


def _used(kind: str, led: list[tuple[ResourceUse, Led]], settings: Settings) -> Used:
    """One name that nodes may use in several ways, as two splits of a set."""
    use, first = led[0]
    files: dict[str, Path] = {}
    for _, one in led:
        if one is not None:
            files |= parts(kind, one)
    held = contents(files) if files else None
    if isinstance(first, Found):
        columns = dict(_columns(first))
        return Used(kind, use, first.source, first.id, held, revision(first), columns)
    if first is None:
        return Used(kind, use, "tiny" if settings.tiny else None, None, None)
    place = first if isinstance(first, Path) else next(iter(first)).parent
    source = "alias" if _aliased(place, settings) else "folder" if place.is_dir() else "file"
    return Used(kind, use, source, str(place), held)


def _aliased(place: Path, settings: Settings) -> bool:
    """Whether it lies where an alias leads."""
    return any(place.is_relative_to(alias.path) for alias in settings.aliases.values())


def _columns(found: Found) -> Iterator[tuple[str, Any]]:
    fields = {"text": found.text, "label": found.label, "labels": list(found.labels)}
    yield from ((k, v) for k, v in {**fields, "splits": dict(found.splits)}.items() if v)
