"""Files that workflows name: weights and data. Looks, and reads nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from graphrun.catalog.running import settings
from graphrun.errors import MissingResource
from graphrun.sources.looking import looking, shown

WEIGHTS = ".safetensors"

_PIECES = (".model", ".spm")
"""Suffixes of SentencePiece models."""

_TINY_WAY = "--tiny tries the workflow with small built-in stand-ins"


def find_weights(name: str) -> Path | None:
    """The file of weights that a workflow calls `name`; None if `--tiny` goes on without.

    Looked for in the run's output folder, where an alias leads, then in the working folder, then
    in the models folder, each also with the suffix .safetensors.

    Raises:
        MissingResource: there is none; says where was looked.
    """
    with looking("file", f"weights {shown(name)}"):
        places = list(dict.fromkeys(_places(name)))
        found = next((place for place in places if place.is_file()), None)
    if found is None and not settings().tiny:
        looked = "".join(f"\n    {place.absolute()}"[:300] for place in places) or " no name"
        message = f"no weights at {name}; looked for{looked}"
        ways = ["--set PtLoadModel.model_path=FILE loads another file", _alias_way(name), _TINY_WAY]
        raise MissingResource.of("file", message, ways)
    return found


def newer_beside(found: Path) -> Path | None:
    """Safetensors that PtSaveModel would write for the name of a file, if they are newer."""
    if found.suffix == WEIGHTS:
        return None
    beside = (found.with_name(found.name + WEIGHTS), found.with_suffix(WEIGHTS))
    age = found.stat().st_mtime
    return next((p for p in beside if p.is_file() and p.stat().st_mtime > age), None)


def find_data_file(name: str) -> Path | None:
    """The data file that a workflow calls `name`; None if `--tiny` stands in for it.

    An alias of the name, or of a folder that the name begins with, comes first, then the name
    itself (relative ones from the working folder), then the run's input folder, and for a
    SentencePiece model the folder sentencepiece among the models.

    Raises:
        MissingResource: there is no such file; says where was looked.
    """
    return _find_data("file", name)


def find_data_folder(name: str) -> Path | None:
    """The folder of data that a workflow calls `name`, looked for as `find_data_file` does.

    Raises:
        MissingResource: there is no such folder; says where was looked.
    """
    return _find_data("folder", name)


def _find_data(kind: str, name: str) -> Path | None:
    with looking("file", f"data {kind} {shown(name)}"):
        places = list(data_places(name))
        for place in places:
            if place.is_file() if kind == "file" else place.is_dir():
                return place
        if settings().tiny:
            return None
        what = "is a folder" if places[0].is_dir() else "does not exist"
        what = "is a file" if places[0].is_file() else what
    listed = "".join(f"\n    {place.absolute()}" for place in places[1:])
    also = f", and there is none in{listed}" if listed else ""
    pieces = Path(name).suffix in _PIECES
    raise MissingResource.of(
        "file",
        f"data {kind} {name or '(no name)'}: {places[0].absolute()} {what}{also}",
        [
            "a relative path starts at the folder that graphrun is started in",
            *["T5 checkpoints, such as google-t5/t5-small, come with a spiece.model"] * pieces,
            _alias_way(name, folder=kind == "folder"),
            _TINY_WAY,
        ],
    )


def data_places(name: str) -> Iterator[Path]:
    """Where data of that name may be: an alias's place, the path itself, the input folder."""
    path = Path(name).expanduser()
    yield from _aliased(name, path)
    yield path
    if not path.is_absolute() and path.name:
        yield settings().inputs / path
        if path.suffix in _PIECES:
            yield settings().models / "sentencepiece" / path


def _aliased(name: str, path: Path) -> Iterator[Path]:
    """Where aliases of the name, or of folders that it begins with, lead; the longest first."""
    for start in (path, *path.parents):
        for spelling in {str(start), f"{start}{os.sep}", *[name] * (start == path)}:
            alias = settings().aliases.get(spelling)
            if alias:
                yield alias.path / path.relative_to(start)


def _alias_way(name: str, *, folder: bool = False) -> str:
    """How to say where a path leads. Folders hold what the next message may ask for, too."""
    path = Path(name)
    start = path if folder or path.parent == Path() else path.parent
    return f"--alias {start if path.name else 'NAME'}=PATH says where it is"


def _places(name: str) -> Iterator[Path]:
    path, outputs = Path(name).expanduser(), settings().outputs
    # As output_file() keeps absolute paths that it redirects. What this run wrote comes first.
    redirected = outputs.joinpath(*(p for p in path.parts if p not in (path.anchor, "..")))
    bases = [path] if path.is_absolute() else [outputs / path, path, settings().models / path]
    bases = [redirected, *_aliased(name, path), *bases]
    for base in dict.fromkeys(base for base in bases if base.name):
        yield base
        if base.suffix != WEIGHTS:
            # The longer name is there only where the shorter was taken.
            yield base.with_name(base.name + WEIGHTS)
            yield base.with_suffix(WEIGHTS)
