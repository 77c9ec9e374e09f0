"""The code of packs: the distribution that brings it, or the digest of its files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from graphrun.catalog.pack import ENTRY_POINTS, Pack, Provider
from graphrun.sources.contents import contents, parts

_FOREIGN = "comfyui.custom_nodes"


def offered() -> dict[str, metadata.Distribution]:
    """The distributions that packs come from, by package or, of ComfyUI's, by the pack's name."""
    found = {}
    for group in (ENTRY_POINTS, _FOREIGN):
        for point in metadata.entry_points(group=group):
            if point.dist is not None:
                found[point.name if group == _FOREIGN else point.module] = point.dist
    return found


def distribution(
    pack: Provider, offered: Mapping[str, metadata.Distribution]
) -> metadata.Distribution | None:
    """The installed distribution of a pack; None if it was loaded from a path."""
    if isinstance(pack, Pack):
        return offered.get(pack.package)
    return None if getattr(pack, "folder", None) else offered.get(pack.name)


def place(pack: Provider) -> Path | None:
    """The folder or file that a pack was loaded from: its module is known by then."""
    if not isinstance(pack, Pack):
        folder = getattr(pack, "folder", None)
        return Path(folder) if folder else None
    file = getattr(sys.modules.get(pack.package), "__file__", None)
    if not isinstance(file, str):
        return None
    return Path(file).parent if Path(file).name == "__init__.py" else Path(file)


def digest(place: Path) -> str | None:
    """What the Python files of a pack hold; None without any."""
    files = {place.name: place} if place.is_file() else dict(_sources(place))
    held = contents(files) if files else None
    return held.digest if held else None


def state(pack: Provider) -> str | None:
    """What changes when a pack's code does; None for those whose classes have versions, ours.

    Others may forget to raise a version, and edit their code in place. A process goes on with the
    code that it has loaded, so that the state is that of the first time it was asked for.
    """
    if id(pack) not in _STATES:
        _STATES[id(pack)] = pack, _state(pack)
    return _STATES[id(pack)][1]


def _state(pack: Provider) -> str | None:
    if isinstance(pack, Pack) and pack.package.partition(".")[0] in _OURS:
        return None
    found = distribution(pack, offered())
    if found is not None:
        return f"{found.name} {found.version}"
    where = place(pack)
    return digest(where) if where else None


_STATES: dict[int, tuple[Provider, str | None]] = {}
"""By the id of a pack, which stays that of the pack as long as it is here."""

_OURS = frozenset({"graphrun", "graphrun_nodes"})


def _sources(folder: Path) -> Iterator[tuple[str, Path]]:
    for name, path in parts("data_folder", folder).items():
        if name.endswith(".py"):
            yield name, path
