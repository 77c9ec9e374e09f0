"""Nodes that hand their inputs to torch, and what becomes of torch's refusals."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import torch

from graphrun.node import InputError, Nodes, notice

_REFUSALS = (RuntimeError, IndexError, TypeError, ValueError, OverflowError)
_DTYPE = re.compile(r"dtype|implemented for|bool tensors|ScalarType")
_TEXTS = ("new_shape", "new_axes", "index", "equation")


class TensorNodes(Nodes):
    """Nodes whose errors of torch are InputErrors that show every input, with shape and dtype.

    What torch warns of is a notice.
    """

    def node(self, class_type: str, **flags: Any) -> Callable[..., Any]:
        register = super().node(class_type, **flags)
        return lambda function: register(_told(function)) and function


def rows(about: str, names: str) -> dict[str, tuple[Any, str]]:
    """Rows of a table: PtBitwiseAnd is torch.bitwise_and; another name comes after an =."""
    found = {}
    for entry in names.split():
        kind, _, name = entry.partition("=")
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
            bound = inspect.signature(function).bind(*args, **given).arguments
            raise _refused(str(problem).partition("\n")[0], bound) from problem
        for warning in said:
            notice(str(warning.message).partition(" (Triggered")[0], code="torch_warning")
        return result

    return wrapped


def _refused(reason: str, given: Mapping[str, Any]) -> InputError:
    shown = ", ".join(f"{name} {_shown(value)}" for name, value in given.items())
    if _DTYPE.search(reason):
        code, hint = "invalid_dtype", "PtToFloat32, PtToInt64 and the like convert tensors"
    else:
        code, hint = "invalid_shape", "PtReshape, PtUnsqueeze and PtPermute change shapes"
    names = ("dim",) if reason.startswith("Dimension") else () if "dtype" in code else _TEXTS
    place = next((name for name in names if name in given), next(iter(given)))
    tensors = any(isinstance(value, torch.Tensor) for value in given.values())
    code, hint = (code, hint) if tensors else ("invalid_value", None)
    return InputError(f"{shown}: {reason}", input=place, code=code, hint=hint)


def _shown(value: Any) -> str:
    if not hasattr(value, "shape"):
        return repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}..."
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
