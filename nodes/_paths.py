"""Files that workflows name: weights and data. Looks, and reads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrun.node import MissingResource, settings

WEIGHTS = ".safetensors"

_TINY_WAY = "--tiny tries the workflow with small built-in stand-ins"


def find_weights(name: str) -> Path:
    """The file of weights that a workflow calls `name`.

    Looked for in the run's output folder, then in the working folder, each also with the suffix
    .safetensors.

    Raises:
        MissingResource: there is none; says where was looked.
    """
    with looking("file", f"weights {shown(name)}"):
        places = list(_places(name))
        found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = "".join(f"\n    {place.absolute()}" for place in places) or " nothing: no name"
        raise MissingResource.of("file", f"no weights at {name}; looked for{looked}")
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

    Raises:
        MissingResource: there is no such file; says where was looked.
    """
    with looking("file", f"data file {shown(name)}"):
        path = Path(name).expanduser()
        if path.is_file():
            return path
        if settings().tiny:
            return None
        what = "is a folder" if path.is_dir() else "does not exist"
    raise MissingResource.of(
        "file",
        f"data file {name or '(no name)'}: {path.absolute()} {what}",
        ["a relative path starts at the folder that graphrun is started in", _TINY_WAY],
    )


@contextmanager
def looking(kind: str, what: str) -> Iterator[None]:
    """Say of a name that no path can have, or a place that cannot be looked at, that it is missing.

    Raises:
        MissingResource: instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise MissingResource.of(kind, f"{what} cannot be looked for: {why}") from error
    except RuntimeError as error:  # expanduser, of a user that there is not
        message = f"{what} cannot be looked for: there is no such user's folder"
        raise MissingResource.of(kind, message) from error


def shown(name: str) -> str:
    """A name that fits into a message."""
    return name if len(name) <= 100 else f"{name[:60]}... ({len(name):,} characters)"


def _places(name: str) -> Iterator[Path]:
    path, outputs = Path(name).expanduser(), settings().outputs
    # As output_file() keeps absolute paths that it redirects.
    redirected = outputs.joinpath(*(p for p in path.parts if p not in (path.anchor, "..")))
    bases = [path, redirected] if path.is_absolute() else [outputs / path, redirected, path]
    for base in dict.fromkeys(base for base in bases if base.name):
        yield base
        if base.suffix != WEIGHTS:
            # The longer name is there only where the shorter was taken.
            yield base.with_name(base.name + WEIGHTS)
            yield base.with_suffix(WEIGHTS)
