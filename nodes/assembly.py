"""Models made of models. Parts are kept, not copied: a part in two places has one set of weights.

Their names in the state dict are those of the inputs; a closure that is a module is a part too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import nn

from graphrun.node import Socket

from ._build import ModelNodes, apply, expect
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Closure = Annotated[Callable[..., Any], Socket("PTCALLABLE")]


class Composite(nn.Module):
    """Named parts, called by a rule; the closure, if there is one, comes last."""

    def __init__(
        self, rule: Callable[..., Any], closure: Closure | None = None, **parts: nn.Module
    ) -> None:
        super().__init__()
        self.rule = rule
        for name, part in {**parts, "closure": closure}.items():
            setattr(self, name, part)

    def forward(self, *inputs: Any) -> Any:
        result = self.rule(self.part, *inputs)
        return result if self.closure is None else self.part("closure", result)

    def part(self, name: str, *inputs: Any) -> Any:
        """What a part gives."""
        return apply(name, getattr(self, name), *inputs)


def _with_channel_axis(part: Any, x: Any) -> Any:
    expect("the input", x, 3, 4)
    return part("model", x.unsqueeze(1) if x.dim() == 3 else x)


def _flattened(part: Any, x: Any) -> Any:
    return part("model", apply("the input", torch.flatten, x, 1))


def _residual(part: Any, x: Any) -> Any:
    return apply("the sum", torch.add, x, part("model", x))


def _residual_with_mask(part: Any, x: Any, mask: Any) -> Any:
    return apply("the sum", torch.add, x, part("model", x, mask))


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
    """A model and a function, such as an activation, of what it gives."""
    return Composite(lambda part, x: part("model", x), closure, model=model)


RESIDUAL = "A model whose result is added to its input x"


@NODES.table(
    {
        "PtnPreFlatten": (_flattened, "A model; inputs (B, ...) become (B, N).", "closure"),
        "PtnPreAddChannelAxis": (
            _with_channel_axis, "A model; inputs (B, H, W) become (B, 1, H, W).", "closure",
        ),
        "PtnResidualConnectionModel": (_residual, f"{RESIDUAL}; then the closure."),
        "PtnResidualConnectionModelWithAttentionMask": (
            _residual_with_mask, f"{RESIDUAL}, called with x and a mask; then the closure.",
        ),
    }
)  # fmt: skip
def wrapped(rule: Callable[..., Any], model: Model, closure: Closure | None = None) -> Model:
    return Composite(rule, closure, model=model)
