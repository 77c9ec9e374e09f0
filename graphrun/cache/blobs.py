"""Parts of values as the bytes of files, and back.

Tensors of a result are one safetensors file, arrays one file of `.npy` after `.npy`, and every
table is an Arrow file.
"""

from __future__ import annotations

import errno
import io
import json
import math
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from graphrun.cache.codecs import LONGEST_HEAD, TENSORS, Parts
from graphrun.cache.tables import table_bytes, table_of

FILE = "file"
"""The codec of files that nodes wrote: their bytes."""

MAPPED = 1 << 18
"""Bytes from which files are mapped; of smaller ones, a process may have very many."""

_CHUNK = 1 << 20
"""Bytes that are in the processor's cache when they are written, since they were just hashed.

A second thread that hashes beside is faster where a processor is idle, and slower where none is.
"""

_THREADS = 1 << 20
"""Bytes of a whole file that are worth more than one thread."""

_ALIGNED = 64
_NAMES = {code: name for name, code in TENSORS.items() if code}
_NO_RESERVE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class Writing:
    """A file that is written, with its size and digest so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        from blake3 import blake3

        self._hash = blake3()
        self.size = 0

    def reserve(self, size: int) -> None:
        """Have the disk find room for that many bytes at once: it takes less time than piece by
        piece, and a disk that is too full says so before anything is written.

        The file is at least that long then.
        """
        if not size or not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in _NO_RESERVE:
                raise

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


def content(file: IO[bytes], size: int) -> Any:
    """The bytes of a file as memory that can be written to without a change of the file."""
    if size < MAPPED:
        return bytearray(file.read())
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


def digest_of(data: Any) -> str:
    from blake3 import blake3

    threads = blake3.AUTO if len(data) >= _THREADS else 1
    return blake3(data, max_threads=threads).hexdigest()


def read(codec: str, data: Any, parts: Parts) -> None:
    """Add what a file has to `parts`. Tensors and arrays use the memory that is given."""
    match codec:
        case "safetensors":
            parts.tensors += read_tensors(data)
        case "npy":
            parts.arrays += read_arrays(data)
        case "arrow":
            parts.tables.append(table_of(data))
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
    out.reserve(8 + len(text) + start)
    out.write(len(text).to_bytes(8, "little") + text)
    for i in order:
        out.write(_bytes_of(tensors[i]))


def _bytes_of(tensor: Any) -> Any:
    import torch

    plain = tensor.resolve_conj().resolve_neg().contiguous()
    return plain.reshape(-1).view(torch.uint8).numpy()


def read_tensors(data: Any) -> list[Any]:
    """The tensors of such a file, without a copy: the file has been compared with its digest."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    known = header.pop("__metadata__")
    found = []
    for name in sorted(header, key=int):
        entry = header[name]
        kind, shape = _NAMES[entry["dtype"]], entry["shape"]
        if name in known:
            kind, shape = json.loads(known[name])
        begin, end = entry["data_offsets"]
        found.append(_tensor(data, (start + begin, start + end), kind, shape))
    return found


def _tensor(data: Any, place: tuple[int, int], kind: str, shape: list[int]) -> Any:
    import torch

    begin, end = place
    if begin == end:
        flat = torch.empty(0, dtype=torch.uint8)
    else:
        flat = torch.frombuffer(data, dtype=torch.uint8, offset=begin, count=end - begin)
    return flat.view(getattr(torch, kind)).reshape(shape)


def write_arrays(arrays: list[Any], out: Writing) -> None:
    import numpy
    from numpy.lib import format as npy

    out.reserve(sum(one.nbytes for one in arrays))
    for one in arrays:
        head = npy.header_data_from_array_1_0(one)
        npy.write_array_header_2_0(out, head)
        flat = numpy.ascontiguousarray(one.T if head["fortran_order"] else one).reshape(-1)
        if flat.nbytes:
            out.write(flat.view(numpy.uint8))


def read_arrays(data: Any) -> list[Any]:
    import numpy
    from numpy.lib import format as npy

    found = []
    start = 0
    while start < len(data):
        head = io.BytesIO(data[start : start + 2 * LONGEST_HEAD])
        if npy.read_magic(head) != (2, 0):
            raise ValueError("another version of npy")
        shape, fortran, kind = npy.read_array_header_2_0(head)
        start += head.tell()
        order: Any = "F" if fortran else "C"
        count = math.prod(shape)
        if not count * kind.itemsize:
            found.append(numpy.empty(shape, kind, order))
            continue
        flat = numpy.frombuffer(data, kind, count, start)
        start += flat.nbytes
        one = flat.reshape(shape, order=order)
        found.append(one if one.flags.aligned else one.copy("K"))
    return found
