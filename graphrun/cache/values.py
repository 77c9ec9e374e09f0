"""Which results are values: nothing changes them, so that they may serve several nodes and runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.catalog.blocking import Blocker
from graphrun.catalog.sockets import ANY, MATCH_TYPE

MOST = 10_000
"""Parts of a result that are looked at; a larger one is not taken for a value."""

_PLAIN = (type(None), bool, int, float, complex, str, bytes, Blocker)
_ARRAYS = frozenset({("torch", "Tensor"), ("numpy", "ndarray")})


def is_value(outputs: Any, spec: NodeSpec) -> bool:
    """Whether a result is made of values alone, judged by what it is.

    Only for classes whose types do not tell: those written for ComfyUI, and any-type outputs.
    Numbers, texts, arrays and tensors are values, and lists and dicts of them; a model, or any
    other object, is not, since somebody may change it.
    """
    if not spec.foreign and all(o.type not in (ANY, MATCH_TYPE) for o in spec.outputs):
        return False
    left = MOST
    waiting: list[Any] = [outputs]
    while waiting:
        value = waiting.pop()
        left -= 1
        if left < 0:
            return False
        if isinstance(value, _PLAIN):
            continue
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif not _is_array(value):
            return False
    return True


def _is_array(value: Any) -> bool:
    kind = type(value)
    known = (kind.__module__, kind.__name__) in _ARRAYS
    return known and not getattr(value, "requires_grad", False)
