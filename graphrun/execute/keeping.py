"""What of a result is kept for later runs, and how it comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graphrun.cache import Kept, Outputs, Placed, Stored, is_value
from graphrun.catalog import NodeSpec
from graphrun.execute.state import Run
from graphrun.execute.visit import Visit
from graphrun.plan import Step

_OUTPUTS = "{outputs}"
"""Stands for the run's folder of outputs in what a node said."""


def is_whole(run: Run, step: Step, outputs: Kept) -> bool:
    """Whether all of a result may serve another node or run.

    A foreign class that was given an object may have changed it, so that its result is not all
    that it did: the next run's object would stay unchanged.
    """
    if None in outputs:
        return False
    if not step.spec.foreign and step.spec.storable:
        return True
    pure = all(s in run.shareable for s in step.uses if s in run.agenda.over)
    return pure and is_value(outputs, step.spec)


def kept(visit: Visit, outputs: Outputs, *, whole: bool) -> Stored | None:
    """What of a result later runs may have; None for nothing.

    Of our own classes, values are kept beside objects, which are not: the losses of a training, but
    not the model.
    """
    spec, folder = visit.step.spec, visit.run.settings.outputs
    if visit.step.passing or spec.volatile or (spec.foreign and not whole):
        return None
    files: dict[str, Path] = {}
    if spec.writes:
        found = _written(visit.ui.get("files", ()), folder)
        if found is None:
            return None
        files = found
    names = {str(path): Placed(name) for name, path in files.items()}
    values = outputs if whole else _values(outputs, spec)
    if names:
        values = tuple([v if v is None else [_named(one, names) for one in v] for v in values])
    ui = {key: [_named(one, names) for one in shown] for key, shown in visit.ui.items()}
    words = tuple([_moved(word, str(folder), _OUTPUTS) for word in visit.words])
    return Stored(values, ui if names else visit.ui, words, files)


def brought_back(stored: Stored, outputs: Path) -> Stored:
    """A result as if the node had run now: its files lie in this run's folder.

    Raises:
        OSError: a file cannot be written.
    """
    places = {}
    for name, source in stored.files.items():
        place = outputs / name
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.part")
        try:
            unfinished.write_bytes(source)
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
        places[name] = str(place)
    words = tuple([_moved(word, _OUTPUTS, str(outputs)) for word in stored.said])
    if not places:
        return stored._replace(said=words)
    values = [v if v is None else [_placed(one, places) for one in v] for v in stored.outputs]
    ui = {key: [_placed(one, places) for one in shown] for key, shown in stored.ui.items()}
    return Stored(tuple(values), ui, words)


def said_again(words: Iterable[Mapping[str, Any]], outputs: Path) -> list[Mapping[str, Any]]:
    """Figures and notices of an earlier run, as words of this one."""
    return [_moved(word, _OUTPUTS, str(outputs)) for word in words]


def _values(outputs: Outputs, spec: NodeSpec) -> Kept:
    return tuple(
        [found if ok else None for found, ok in zip(outputs, spec.storable_slots, strict=False)]
    )


def _written(shown: Iterable[Any], folder: Path) -> dict[str, Path] | None:
    """Files below the folder of outputs by their names there; None if one lies elsewhere."""
    found = {}
    for one in shown:
        path = Path(str(one))
        base = folder if path.is_relative_to(folder) else folder.resolve()
        if not path.is_relative_to(base) or not path.is_file():
            return None
        found[path.relative_to(base).as_posix()] = path
    return found


def _named(value: Any, names: Mapping[str, Placed]) -> Any:
    return names.get(value, value) if type(value) is str else value


def _placed(value: Any, places: Mapping[str, str]) -> Any:
    return places[value.name] if isinstance(value, Placed) else value


def _moved(word: Mapping[str, Any], old: str, new: str) -> Mapping[str, Any]:
    """A word with another folder in its texts; figures have none."""
    if "notice" not in word:
        return word
    return {"notice": [t.replace(old, new) if isinstance(t, str) else t for t in word["notice"]]}
