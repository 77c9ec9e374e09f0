"""Kind: the code behind a class type, as the engine calls it.

The seam between the engine and the protocols that nodes are written in. A typed function, a
ComfyUI class of the first API and one of the third all come down to this; `execute` knows no other
shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

Inputs = Mapping[str, Any]
"""Values by parameter name: for one call, or (INPUT_IS_LIST) lists of values."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What one call gave.

    `values` has one entry per output. `ui` is what it showed, lists by key. `expand` is a graph in
    API form that takes the node's place; items of `values` may then be links into it.
    """

    values: Sequence[Any] = ()
    ui: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    expand: Mapping[str, Any] | None = None


def _no_object() -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """How the engine calls a node of one class.

    `call`, `wanted`, `changed` and `validate` may return an awaitable instead of their result.

    Attributes:
        call: the node's object and the inputs of one call → whatever the node returns.
        returned: what the node returned → `Returned`.
        create: makes the object that is kept for a node id over the runs of a session.
        wanted: the object and the inputs, None for lazy ones that are not there yet → names of
            those to compute (`check_lazy_status`). None: lazy inputs are never computed.
        changed: literals, None for links → a token that is part of the identity, NaN for "never
            the same" (`IS_CHANGED`). None: the class has no such function.
        validate: literals, None for links, and with `input_types` in the spec's `own_checks` the
            types of linked outputs → True, or what is wrong (`VALIDATE_INPUTS`).
        around: a context manager for every call, given the seed of the node's random numbers.
        turns: whether calls take turns with those of other runs in this process, because they
            draw on generators that all threads share.
        folder: where the code is, to tell its frames in a traceback from others.
    """

    call: Callable[[Any, Inputs], Any]
    returned: Callable[[Any], Returned]
    create: Callable[[], Any] = _no_object
    wanted: Callable[[Any, Inputs], Any] | None = None
    changed: Callable[[Inputs], Any] | None = None
    validate: Callable[[Inputs], Any] | None = None
    around: Callable[[int], AbstractContextManager[Any]] | None = None
    turns: bool = False
    folder: str | None = None
