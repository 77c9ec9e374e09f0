"""Parts of values as the bytes of files, and back.

Tensors of a result are one safetensors file, arrays one file of `.npy` after `.npy`, and every
table is an Arrow file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from graphrun.cache.codecs import TENSORS, Parts
from graphrun.cache.tables import table_bytes, table_of

FILE = "file"
"""The codec of files that nodes wrote: their bytes."""

_CHUNK = 1 << 22
_ALIGNED = 64


class Writing:
    """A file that is written, with its size and digest so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        view = memoryview(data)
        if not view.nbytes:
            return 0
        view = view.cast("B")
        for start in range(0, len(view), _CHUNK):
            piece = view[start : start + _CHUNK]
            self._hash.update(piece)
            self._file.write(piece)
        self.size += len(view)
        return len(view)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def nbytes(parts: Parts) -> int:
    """Bytes that tensors and arrays will take; of tables, that is known when they are written."""
    sizes: list[int] = [one.numel() * one.element_size() for one in parts.tensors]
    return sum(sizes) + sum(int(one.nbytes) for one in parts.arrays)


def blobs(parts: Parts) -> Iterator[tuple[str, Any]]:
    """The files of a value: the codec, and what writes the bytes to a `Writing`."""
    if parts.tensors:
        yield "safetensors", lambda out: write_tensors(parts.tensors, out)
    if parts.arrays:
        yield "npy", lambda out: write_arrays(parts.arrays, out)
    for table in parts.tables:
        data = table_bytes(table)
        yield "arrow", lambda out, data=data: out.write(data)


def copies(files: Mapping[str, Path]) -> Iterator[tuple[str, Any]]:
    """Files that a node wrote, as `blobs` gives those of values."""
    for path in files.values():
        yield FILE, lambda out, path=path: copy(path, out)


def copy(path: Path, out: Writing) -> None:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            out.write(piece)


def read(codec: str, path: Path, parts: Parts) -> None:
    """Add what a file has to `parts`. Tensors are mapped: their pages are read when used."""
    match codec:
        case "safetensors":
            parts.tensors += read_tensors(path)
        case "npy":
            parts.arrays += read_arrays(path)
        case "arrow":
            parts.tables.append(table_of(path.read_bytes()))
        case _:
            raise ValueError(f"unknown codec {codec}")


def write_tensors(tensors: list[Any], out: Writing) -> None:
    """One safetensors file. Larger kinds come first, so that every tensor lies aligned."""
    order = sorted(range(len(tensors)), key=lambda i: -tensors[i].element_size())
    header: dict[str, Any] = {"__metadata__": {}}
    start = 0
    for i in order:
        one = tensors[i]
        name = str(one.dtype).removeprefix("torch.")
        end = start + one.numel() * one.element_size()
        shape = list(one.shape)
        if not TENSORS[name]:
            header["__metadata__"][str(i)] = json.dumps([name, shape])
            shape = [end - start]
        entry = {"dtype": TENSORS[name] or "U8", "shape": shape, "data_offsets": [start, end]}
        header[str(i)] = entry
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % _ALIGNED)
    out.write(len(text).to_bytes(8, "little") + text)
    for i in order:
        out.write(_bytes_of(tensors[i]))


def _bytes_of(tensor: Any) -> Any:
    import torch

    plain = tensor.resolve_conj().resolve_neg().contiguous()
    return plain.reshape(-1).view(torch.uint8).numpy()


def read_tensors(path: Path) -> list[Any]:
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        known = file.metadata() or {}
        names = sorted(file.keys(), key=int)
        found = {name: file.get_tensor(name) for name in names}
    for name, text in known.items():
        kind, shape = json.loads(text)
        found[name] = found[name].view(getattr(torch, kind)).reshape(shape)
    return [found[name] for name in names]


def write_arrays(arrays: list[Any], out: Writing) -> None:
    import numpy
    from numpy.lib import format as npy

    for one in arrays:
        head = npy.header_data_from_array_1_0(one)
        npy.write_array_header_2_0(out, head)
        flat = numpy.ascontiguousarray(one.T if head["fortran_order"] else one).reshape(-1)
        if flat.nbytes:
            out.write(flat.view(numpy.uint8))


def read_arrays(path: Path) -> list[Any]:
    from numpy.lib import format as npy

    found = []
    end = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < end:
            found.append(npy.read_array(file))
    return found
