"""What torch says of tensors it cannot work with, as errors that show the tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from graphrun.node import InputError


def refusals(what: str, input: str, call: Callable[[], Any], **tensors: Tensor) -> Any:
    """What a call gives; its errors become one about `input`, with dtypes and shapes of tensors."""
    try:
        return call()
    except InputError:
        raise
    except (ValueError, TypeError, RuntimeError, LookupError, AttributeError) as problem:
        why = " ".join(str(problem).split())[:300] or "there is no such function"
        shown = [f"{k} {str(t.dtype)[6:]} {list(t.shape)}" for k, t in tensors.items()]
        what += f" for {', '.join(shown)}" * bool(shown)
        raise InputError(f"{what}: {why}", input=input, code="cannot_compute") from problem
