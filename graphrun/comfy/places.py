"""The folders that ComfyUI's nodes read and write, and the names of files in them.

A name leads into one folder of the run and never out of it, whatever a workflow says.
"""

from __future__ import annotations

import os
import random
import re
import string
import time
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from graphrun.catalog.running import CALL
from graphrun.errors import InputError, MissingResource

KINDS = ("input", "output", "temp")
PICTURES = frozenset(
    {"avif", "bmp", "gif", "ico", "jpeg", "jpg", "jfif", "jp2", "png", "tif", "tiff", "webp"}
)
"""Endings of the files that an input folder offers as pictures."""

_ANNOTATED = re.compile(r"(.*)\[(input|output|temp)\]", re.DOTALL)


def folder(kind: str) -> Path:
    """The folder of the current run that ComfyUI calls `input`, `output` or `temp`."""
    settings = CALL.get().settings
    chosen = {"input": settings.inputs, "output": settings.outputs, "temp": settings.temporary}
    return _absolute(chosen[kind])


def annotated(name: str) -> tuple[str, str | None]:
    """`cat.png [output]` is `cat.png` in the folder `output`; without a folder, None."""
    found = _ANNOTATED.fullmatch(name)
    return (found[1].removesuffix(" "), found[2]) if found else (name, None)


def existing(name: str, kind: str = "input", *, input: str = "image") -> Path:
    """The file that a node's `input` names; `kind` is the folder where the name has none.

    Raises:
        InputError: the name leads out of the folder.
        MissingResource: there is no such file.
    """
    plain, own = annotated(name)
    kind = own or kind
    root = folder(kind)
    path = _inside(root, plain)
    if path is None:
        raise InputError(
            f"{name!r} is not in the {kind} folder {root}",
            input=input,
            code="outside_folder",
            hint=f"copy the file into {root} and give its name there",
        )
    if path.is_file():
        return path
    near = get_close_matches(plain, files(kind), n=3, cutoff=0.5)
    ways = [f"did you mean {' or '.join(near)}?"] if near else []
    message = f"there is no file {plain!r} in the {kind} folder {root}"
    raise MissingResource.of("file", message, [*ways, f"put it into {root}"])


def files(kind: str, *, pictures: bool = False) -> list[str]:
    """Names of the files that lie directly in a folder, sorted; of pictures only, if so asked."""
    root = folder(kind)
    if not root.is_dir():
        return []
    found = sorted(entry.name for entry in root.iterdir() if entry.is_file())
    if not pictures:
        return found
    return [name for name in found if name.rpartition(".")[2].lower() in PICTURES]


@dataclass(frozen=True, slots=True)
class Numbered:
    """Where a batch of files goes: `folder/name_00001_.png` and up, starting with `counter`.

    `subfolder` is the folder's path below that of the run, `prefix` what was asked for with its
    tokens replaced.
    """

    folder: Path
    name: str
    counter: int
    subfolder: str
    prefix: str


def numbered(prefix: str, root: Path, width: int = 0, height: int = 0) -> Numbered:
    """A place for files that overwrites none of the same name; the folder is made.

    Raises:
        InputError: the prefix leads out of `root`.
    """
    filled = _filled(prefix, width, height)
    subfolder, name = os.path.split(os.path.normpath(filled))
    path = _inside(root, subfolder)
    if path is None:
        raise InputError(
            f"{prefix!r} leads out of the folder {root}",
            input="filename_prefix",
            code="outside_folder",
            hint="give a prefix without '..' that does not start with '/'",
        )
    path.mkdir(parents=True, exist_ok=True)
    start = os.path.normcase(f"{name}_")
    taken = [os.path.normcase(entry.name) for entry in path.iterdir()]
    rests = [entry.removeprefix(start) for entry in taken if entry.startswith(start)]
    numbers = [int(n) for rest in rests if (n := rest.partition("_")[0]).isdecimal()]
    return Numbered(path, name, max(numbers, default=0) + 1, subfolder, filled)


def preview_ending() -> str:
    """What tells the files of one node's previews from those of another's."""
    return "_temp_" + "".join(random.SystemRandom().choices(string.ascii_lowercase, k=5))


def _filled(prefix: str, width: int, height: int) -> str:
    now = time.localtime()
    tokens = {
        "width": str(width),
        "height": str(height),
        "year": str(now.tm_year),
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    return re.sub(r"%(\w+?)%", lambda found: tokens.get(found[1], found[0]), prefix)


def _inside(root: Path, name: str) -> Path | None:
    """The path of a name below `root`, or None; links of the file system are followed."""
    path = _absolute(root / name)
    try:
        below = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return None
    return path if below and path.is_relative_to(root) else None


def _absolute(path: Path) -> Path:
    """Without `..` and without following links, so that messages show the names that were given."""
    return Path(os.path.normpath(path.absolute()))
