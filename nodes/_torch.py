"""Nodes that hand their inputs to torch, and what becomes of torch's refusals."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

import torch

from graphrun.node import InputError, Nodes, Range, Text, notice

from ._types import Tensor

Axis = Annotated[int, Range(-10, 10)]
# What inputs of these names are in every row, texts with an example. All others are tensors.
_LONG = {"data": "[[1.0, 2.0], [3.0, 4.0]]", "index": "[[0, 1]]", "new_axes": "[1, 0]"}
_LONG |= {"new_shape": "[4, 1]", "size": "[2, 3]"}
_SHORT = {"end": "5", "equation": "ij->ji", "steps": "5", "value": "1.5"}
_INPUTS: dict[str, Any] = {
    **{name: Annotated[str, Text(multiline=True, example=text)] for name, text in _LONG.items()},
    **{name: Annotated[str, Text(example=text)] for name, text in _SHORT.items()},
    **dict.fromkeys(("start", "step"), str),
    **dict.fromkeys(("height", "width"), Annotated[int, Range(1, 16384)]),
    "dim": Axis,
}
_SHAPES = "PtReshape, PtUnsqueeze and PtPermute change shapes"
_DTYPES = "PtToFloat32, PtToInt64 and the like convert tensors"
_TEXTS = ("new_shape", "new_axes", "index", "equation")
# What torch says, and what follows: code, hint, and inputs that may be at fault.
_WAYS = (
    (re.compile("(?i)dtype|implemented|bool ?tensor|scalartype"), "invalid_dtype", _DTYPES, ()),
    (re.compile("^Dimension"), "invalid_shape", _SHAPES, ("dim",)),
    (re.compile("(?i)size|shape|dim|matrix|operand|vector|3D"), "invalid_shape", _SHAPES, _TEXTS),
    (re.compile(""), "invalid_value", None, _TEXTS),
)
_REFUSALS = (RuntimeError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


def is_full(error: BaseException) -> bool:
    """Whether an error says that memory is full. torch has one for GPUs, and words on a CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = ("can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(words in str(error) for words in said)


def described(value: Any) -> str:
    """Type and shape: `float32 (8, 3)`."""
    if hasattr(value, "shape"):
        return f"{value.dtype} {tuple(value.shape)}".removeprefix("torch.")
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {' and '.join(map(described, value)) or 'nothing'}"
    return type(value).__name__


def refusals(what: str, input: str, call: Callable[[], Any], **tensors: torch.Tensor) -> Any:
    """What a call gives; its errors become one about `input`, with dtypes and shapes of tensors."""
    try:
        return call()
    except InputError:
        raise
    except _REFUSALS as problem:
        why = " ".join(str(problem).split())[:300] or "there is no such function"
        shown = ", ".join(f"{name} {described(value)}" for name, value in tensors.items())
        what += f" for {shown}" * bool(shown)
        raise InputError(f"{what}: {why}", input=input, code="cannot_compute") from problem


class TensorNodes(Nodes):
    """Nodes whose refusals by torch are InputErrors that show all inputs, and warnings notices."""

    def node(self, class_type: str, **flags: Any) -> Callable[..., Any]:
        register = super().node(class_type, **flags)
        return lambda function: register(_told(function)) and function

    def rows(self, rows: Mapping[str, tuple[Any, ...]], **flags: Any) -> None:
        """Register expressions: a row is a sentence, a lambda, and types of inputs and "return"."""
        for class_type, (about, function, *more) in rows.items():
            types = _INPUTS | (more[0] if more else {})
            names = (*inspect.signature(function).parameters, "return")
            function.__annotations__ = {name: types.get(name, Tensor) for name in names}
            function.__doc__ = about
            self.node(class_type, **flags)(function)


def named(about: str, names: str) -> dict[str, tuple[Any, str]]:
    """Rows of a table: PtBitwiseAnd is torch.bitwise_and; another name comes after an =."""
    found = {}
    for kind, _, name in (entry.partition("=") for entry in names.split()):
        name = name or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.removeprefix("Pt")).lower()
        found[kind] = getattr(torch, name), about.format(f"torch.{name}")
    return found


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*args: Any, **given: Any) -> Any:
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                result = function(*args, **given)
        except (InputError, torch.OutOfMemoryError):
            raise
        except _REFUSALS as problem:
            bound = inspect.signature(function).bind(*args, **given)
            bound.apply_defaults()
            reason = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
            raise _refused(reason.partition("\n")[0], bound.arguments) from problem
        for warning in said:
            notice(str(warning.message).partition(" (Triggered")[0], code="torch_warning")
        return result

    return wrapped


def _refused(reason: str, given: Mapping[str, Any]) -> InputError:
    code, hint, places = next(way[1:] for way in _WAYS if way[0].search(reason))
    if not any(isinstance(value, torch.Tensor) for value in given.values()):
        code, hint = "invalid_value", None
    quoted = (name for name, value in given.items() if f"'{value}'" in reason)
    place = next((name for name in (*quoted, *places) if name in given), next(iter(given)))
    message = ", ".join(f"{name} {_shown(value)}" for name, value in given.items())
    return InputError(f"{message}: {reason}", input=place, code=code, hint=hint)


def _shown(value: Any) -> str:
    text = described(value) if hasattr(value, "shape") else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
