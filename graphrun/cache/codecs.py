"""Values as JSON and parts, and back: exactly, or not at all.

JSON has None, booleans, texts, lists, and the numbers that it writes exactly. Whatever else is an
object with one key, its kind: `{"tuple": [...]}`. Tensors, arrays and tables are parts; JSON has
their place among those.
"""

from __future__ import annotations

import base64
import math
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphrun.cache.memory import Placed
from graphrun.catalog.blocking import Blocker

DEEPEST = 100
"""Collections in each other; a list that has itself in it is deeper than any."""

LONGEST_HEAD = 8_000
"""Characters; NumPy reads no heads of `.npy` files that are much longer."""

TENSORS = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
    # Not every version of safetensors reads these: their bytes are kept, and their kind by name.
    "complex32": "",
    "complex64": "",
    "complex128": "",
    "float8_e4m3fn": "",
    "float8_e4m3fnuz": "",
    "float8_e5m2": "",
    "float8_e5m2fnuz": "",
    "float8_e8m0fnu": "",
}
"""Kinds of tensors, and what safetensors calls them."""

_SMALL = 1 << 53
"""Integers below are JSON numbers for any reader."""


class NoCodec(Exception):
    """A value that would not come back exactly as it was; the text says why."""


@dataclass(slots=True)
class Parts:
    """What of a value is kept beside the JSON. An object that is there twice is one part."""

    tensors: list[Any] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)

    def place(self, among: list[Any], value: Any) -> int:
        if id(value) not in self.places:
            self.places[id(value)] = len(among)
            among.append(value)
        return self.places[id(value)]


def encode(value: Any, parts: Parts, depth: int = 0) -> Any:
    """The JSON of a value; what is large goes to `parts`.

    Kinds are exact: a subclass of dict may be more than its items.

    Raises:
        NoCodec: for this value, or one in it.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind in _SCALARS:
        return _SCALARS[kind](value)
    if depth == DEEPEST:
        raise NoCodec(f"more than {DEEPEST} collections in each other")
    below = depth + 1
    if kind is list:
        return [encode(one, parts, below) for one in value]
    if kind is tuple:
        return {"tuple": [encode(one, parts, below) for one in value]}
    if kind is dict or (kind is OrderedDict and not vars(value)):
        pairs = [[encode(k, parts, below), encode(v, parts, below)] for k, v in value.items()]
        return {"dict" if kind is dict else "ordered": pairs}
    return _part(value, parts)


def decode(tree: Any, parts: Parts) -> Any:
    """The value of what `encode` gave, of new objects alone, but for the parts."""
    if isinstance(tree, list):
        return [decode(one, parts) for one in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, body),) = tree.items()
    match kind:
        case "tuple":
            return tuple([decode(one, parts) for one in body])
        case "dict":
            return {decode(k, parts): decode(v, parts) for k, v in body}
        case "ordered":
            return OrderedDict((decode(k, parts), decode(v, parts)) for k, v in body)
        case "tensor":
            return parts.tensors[body]
        case "array":
            return parts.arrays[body]
        case "scalar":
            return parts.arrays[body][()]
        case "table":
            return parts.tables[body]
    return _KINDS[kind](body)


def _part(value: Any, parts: Parts) -> Any:
    kind = type(value)
    match kind.__module__.partition(".")[0], kind.__name__:
        case "torch", "Tensor":
            return {"tensor": parts.place(parts.tensors, _plain_tensor(value))}
        case "torch", "Size":
            return {"size": [int(one) for one in value]}
        case "numpy", "ndarray":
            return {"array": parts.place(parts.arrays, _plain_array(value))}
        case "pandas", "DataFrame":
            return {"table": parts.place(parts.tables, value)}
        case "numpy", _ if hasattr(value, "dtype") and hasattr(value, "item"):
            import numpy

            if isinstance(value, numpy.generic):
                parts.arrays.append(_plain_array(numpy.asarray(value)))
                return {"scalar": len(parts.arrays) - 1}
    raise NoCodec(f"no exact form for {kind.__module__}.{kind.__qualname__}")


def _plain_tensor(tensor: Any) -> Any:
    """A tensor that is nothing but its numbers, in memory that the processor has."""
    import torch

    if tensor.device.type != "cpu":
        raise NoCodec(f"a tensor on {tensor.device}")
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise NoCodec("a sparse or quantized tensor")
    if vars(tensor) or any(name is not None for name in getattr(tensor, "names", ())):
        raise NoCodec("a tensor with attributes or names of its own")
    if tensor.requires_grad:
        raise NoCodec("a tensor that has a gradient")
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in TENSORS:
        raise NoCodec(f"a tensor of {tensor.dtype}")
    return tensor


def _plain_array(array: Any) -> Any:
    """An array whose kind the head of a `.npy` file names in full."""
    from numpy.lib import format as npy

    kind = array.dtype
    exact = False
    if not kind.hasobject and not kind.metadata:
        try:
            words = npy.dtype_to_descr(kind)
            same = npy.descr_to_dtype(words)
            aligned = same.isalignedstruct == kind.isalignedstruct
            exact = same == kind and aligned and len(repr(words)) <= LONGEST_HEAD
        except (TypeError, ValueError):
            exact = False
    if not exact:
        raise NoCodec(f"an array of {kind}")
    return array


def _integer(value: int) -> Any:
    # Decimal digits are limited by the interpreter, hexadecimal ones are not.
    return value if -_SMALL < value < _SMALL else {"int": hex(value)}


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {"float": struct.pack(">d", value).hex()}


def _text(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:  # two halves of a character would come back as the character
        return {"halves": base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    return value


def _size(body: list[int]) -> Any:
    import torch

    return torch.Size(body)


def _loose_float(body: Any) -> float:
    return body if isinstance(body, float) else float(_KINDS["float"](body["float"]))


_SCALARS: dict[type, Callable[[Any], Any]] = {
    int: _integer,
    float: _float,
    str: _text,
    bytes: lambda value: {"bytes": base64.b64encode(value).decode()},
    complex: lambda value: {"complex": [_float(value.real), _float(value.imag)]},
    Blocker: lambda value: {"blocker": None if value.message is None else _text(value.message)},
    Placed: lambda value: {"placed": _text(value.name)},
}

_KINDS: dict[str, Callable[[Any], Any]] = {
    "int": lambda body: int(body, 16),
    "float": lambda body: struct.unpack(">d", bytes.fromhex(body))[0],
    "halves": lambda body: base64.b64decode(body).decode("utf-8", "surrogatepass"),
    "bytes": lambda body: base64.b64decode(body, validate=True),
    "complex": lambda body: complex(_loose_float(body[0]), _loose_float(body[1])),
    "blocker": lambda body: Blocker(decode(body, Parts())),
    "placed": lambda body: Placed(decode(body, Parts())),
    "size": _size,
}
