"""Models made of models. Parts are kept, not copied: a part in two places has one set of weights.

Their names in the state dict are those of the inputs; a closure that is a module is a part too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ._build import Closure, Composite, ModelNodes, apply, expect
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)


def _added(x: Any, y: Any) -> Any:
    return apply("the sum", torch.add, x, y)


def _with_channel_axis(part: Any, x: Any) -> Any:
    expect("the input", x, 3, 4)
    return part("model", x.unsqueeze(1) if x.dim() == 3 else x)


@NODES.node("PtnChainedModel")
def chained(model_a: Model, model_b: Model, closure: Closure | None = None) -> Model:
    """Two models, one after the other, and then the closure if there is one."""
    parts = {"model_a": model_a, "model_b": model_b}
    return Composite(lambda part, x: part("model_b", part("model_a", x)), closure, **parts)


@NODES.node("PtnChainedModelWithAttentionMask")
def chained_with_mask(
    model_a: Model, model_b: Model, model_a_mask_req: bool = False, model_b_mask_req: bool = False,
    *, closure: Closure | None = None,
) -> Model:  # fmt: skip
    """Two models, one after the other, called with x and a mask; then the closure.

    The flags say which are given the mask. A chain around the result needs its flag for it, and a
    trainer `unpack_input`.
    """

    def rule(part: Any, x: Any, mask: Any) -> Any:
        x = part("model_a", x, mask) if model_a_mask_req else part("model_a", x)
        return part("model_b", x, mask) if model_b_mask_req else part("model_b", x)

    return Composite(rule, closure, model_a=model_a, model_b=model_b)


@NODES.node("PtnModelWithClosure")
def with_closure(model: Model, closure: Closure) -> Model:
    """A model, and then a function of what it gives, such as an activation."""
    return Composite(lambda part, x: part("model", x), closure, model=model)


@NODES.table(
    {
        "PtnPreFlatten": (
            lambda part, x: part("model", apply("the input", torch.flatten, x, 1)),
            "A model, called with its input (B, ...) as (B, N).", "closure",
        ),
        "PtnPreAddChannelAxis": (
            _with_channel_axis, "A model, called with (B, H, W) as (B, 1, H, W).", "closure",
        ),
        "PtnResidualConnectionModel": (
            lambda part, x: _added(x, part("model", x)),
            "A model whose result is added to its input; then the closure.",
        ),
        "PtnResidualConnectionModelWithAttentionMask": (
            lambda part, x, mask: _added(x, part("model", x, mask)),
            "A model of x and a mask whose result is added to x; then the closure.",
        ),
    }
)  # fmt: skip
def wrapped(rule: Callable[..., Any], model: Model, closure: Closure | None = None) -> Model:
    return Composite(rule, closure, model=model)
