"""What torch says of tensors it cannot work with, as errors that show the tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from graphrun.node import InputError

_ERRORS = (ValueError, TypeError, RuntimeError, LookupError, AttributeError)


def refusals(what: str, input: str, call: Callable[[], Any], **tensors: Tensor) -> Any:
    """What a call gives; its errors become one about `input`, with dtypes and shapes of tensors."""
    try:
        return call()
    except InputError:
        raise
    except _ERRORS as problem:
        shown = [f"{k} {str(t.dtype)[6:]} {list(t.shape)}" for k, t in tensors.items()]
        place = f"{what} for {', '.join(shown)}" if shown else what
        why = " ".join(str(problem).split())[:300] or "there is no such function"
        raise InputError(f"{place}: {why}", input=input, code="cannot_compute") from problem
