"""What torch says of tensors it cannot work with, as errors that show the tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from graphrun.node import InputError


@contextmanager
def refusals(
    what: str, *, input: str, code: str, hint: str | None = None, **tensors: Tensor
) -> Iterator[None]:
    """Around a call: its errors become one about `input`, with shapes and dtypes of `tensors`."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError, RuntimeError, LookupError, AttributeError) as problem:
        shown = ", ".join(f"{name} {describe(tensor)}" for name, tensor in tensors.items())
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise InputError(
            f"{what} cannot work with {shown}: {reason[:300]}", input=input, code=code, hint=hint
        ) from problem


def describe(tensor: Tensor) -> str:
    """`of shape [2, 3], float32`."""
    return f"of shape {list(tensor.shape)}, {str(tensor.dtype).removeprefix('torch.')}"
