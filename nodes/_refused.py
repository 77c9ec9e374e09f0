"""What torch says of tensors it cannot work with, as errors that show the tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from graphrun.node import InputError


@contextmanager
def refusals(what: str, input: str, code: str, **tensors: Tensor) -> Iterator[None]:
    """Around a call: its errors become one about `input`, with shapes and dtypes of `tensors`."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError, RuntimeError, LookupError, AttributeError) as problem:
        shown = ", ".join(f"{name} {describe(tensor)}" for name, tensor in tensors.items())
        message = f"{what} cannot work with {shown}: {reason(problem)}"
        raise InputError(message, input=input, code=code) from problem


def describe(tensor: Tensor) -> str:
    """`of shape [2, 3], float32`."""
    return f"of shape {list(tensor.shape)}, {str(tensor.dtype).removeprefix('torch.')}"


def reason(problem: Exception) -> str:
    """What an error of torch says, in one line."""
    return " ".join(str(problem).split())[:300] or type(problem).__name__
