"""A value as a folder of its own: a manifest with what is small, and files for the tensors."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrun.cache import blobs
from graphrun.cache.codecs import Parts, decode, encode
from graphrun.cache.manifest import Blob, Damaged, Manifest, own_version

MANIFEST = "manifest"
_UNFINISHED = "tmp."


class Spoiled(Exception):
    """What is there is not what was written; the text says why."""


def begin(folder: Path) -> Path:
    """A new folder to write in, which `sweep` removes if it is left."""
    made = folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
    made.mkdir(parents=True)
    return made


def write(folder: Path, identity: str, value: Any) -> None:
    """Write a value, down to the disk.

    Raises:
        NoCodec: it would not come back exactly.
        OSError: the disk is full, or cannot be written.
    """
    parts = Parts()
    tree = encode(value, parts)
    found = [
        _file(folder / str(place), codec, fill)
        for place, (codec, fill) in enumerate(blobs.blobs(parts))
    ]
    text = Manifest(identity, own_version(), "", tuple(found), tree, None).text()
    _file(folder / MANIFEST, "", lambda out: out.write(text))
    sync(folder)


def read(folder: Path, identity: str) -> Any:
    """The value; its tensors are mapped into memory.

    Raises:
        Spoiled: a file is another than was written.
        OSError: a file cannot be read; FileNotFoundError if the folder is gone.
    """
    parts = Parts()
    try:
        manifest = Manifest.of((folder / MANIFEST).read_bytes())
        if manifest.identity != identity:
            raise Spoiled("it is that of another training")
        for place, blob in enumerate(manifest.blobs):
            blobs.read(blob.codec, _checked(folder / str(place), blob), parts)
        return decode(manifest.outputs, parts)
    except (Spoiled, ImportError, MemoryError):
        raise
    except Damaged as error:
        raise Spoiled(f"{MANIFEST} {error}") from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) and folder.is_dir():
            raise Spoiled("a file is gone") from None
        raise
    except Exception as error:  # whatever the libraries make of it
        raise Spoiled(f"{type(error).__name__}: {error}") from error


def remove(path: Path) -> None:
    """Remove a state, or a file. Whoever reads it meanwhile finds none, never half of one."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with suppress(OSError):
        gone = path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        path.rename(gone)
        path = gone
    shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what was begun and left. For who holds the folder: nobody else writes in it."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _file(path: Path, codec: str, fill: Callable[[Any], Any]) -> Blob:
    with path.open("xb") as file:
        out = blobs.Writing(file)
        fill(out)
        file.flush()
        os.fsync(file.fileno())
    return Blob(codec, out.digest, out.size)


def _checked(path: Path, blob: Blob) -> Any:
    """The bytes of a file, which are those that were written."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size != blob.size:
            raise Spoiled(f"a file has {size} bytes instead of {blob.size}")
        data = blobs.content(file, size)
    if blobs.digest_of(data) != blob.digest:
        raise Spoiled("the bytes of a file have changed")
    return data


def sync(folder: Path) -> None:
    """Make sure that the entries of a folder are on the disk."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
