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
    """Named parts, a rule that calls them by name, and a function of the result."""

    def __init__(
        self, rule: Callable[..., Any], closure: Closure | None = None, **parts: nn.Module
    ) -> None:
        super().__init__()
        self.rule = rule
        for name, part in parts.items():
            self.add_module(name, part)
        self.closure = closure

    def forward(self, *inputs: Any) -> Any:
        result = self.rule(self.call, *inputs)
        return result if self.closure is None else self.call("closure", result)

    def call(self, name: str, *inputs: Any) -> Any:
        """What a part gives."""
        return apply(name, getattr(self, name), *inputs)


def _with_channel_axis(call: Any, x: Any) -> Any:
    expect("the input", x, 3, 4)
    return call("model", x.unsqueeze(1) if x.dim() == 3 else x)


def _flattened(call: Any, x: Any) -> Any:
    return call("model", apply("the input", torch.flatten, x, 1))


def _residual(call: Any, x: Any) -> Any:
    return apply("the sum", torch.add, x, call("model", x))


def _residual_with_mask(call: Any, x: Any, mask: Any) -> Any:
    return apply("the sum", torch.add, x, call("model", x, mask))


@NODES.node("PtnChainedModel")
def chained(model_a: Model, model_b: Model, closure: Closure | None = None) -> Model:
    """Two models, one after the other, and then the closure if there is one."""
    parts = {"model_a": model_a, "model_b": model_b}
    return Composite(lambda call, x: call("model_b", call("model_a", x)), closure, **parts)


@NODES.node("PtnChainedModelWithAttentionMask")
def chained_with_mask(
    model_a: Model, model_b: Model, model_a_mask_req: bool = False, model_b_mask_req: bool = False,
    *, closure: Closure | None = None,
) -> Model:  # fmt: skip
    """Two models, one after the other, called with x and a mask; then the closure.

    The flags say which of the two are given the mask. The result is itself called with x and a
    mask: a chain around it needs the flag for it, and a trainer `unpack_input`.
    """

    def rule(call: Any, x: Any, mask: Any) -> Any:
        x = call("model_a", x, mask) if model_a_mask_req else call("model_a", x)
        return call("model_b", x, mask) if model_b_mask_req else call("model_b", x)

    return Composite(rule, closure, model_a=model_a, model_b=model_b)


@NODES.node("PtnModelWithClosure")
def with_closure(model: Model, closure: Closure) -> Model:
    """A model and a function, such as an activation, of what it gives."""
    return Composite(lambda call, x: call("model", x), closure, model=model)


@NODES.table(
    {
        "PtnPreAddChannelAxis": (
            _with_channel_axis, "A model; inputs (B, H, W) become (B, 1, H, W), rank 4 stays.",
        ),
        "PtnPreFlatten": (_flattened, "A model; inputs (B, ...) become (B, N)."),
    }
)  # fmt: skip
def prepared(rule: Callable[..., Any], model: Model) -> Model:
    return Composite(rule, model=model)


@NODES.table(
    {
        "PtnResidualConnectionModel": (_residual, "A model of x whose result is added to x."),
        "PtnResidualConnectionModelWithAttentionMask": (
            _residual_with_mask, "A model of x and a mask whose result is added to x.",
        ),
    }
)  # fmt: skip
def residual(rule: Callable[..., Any], model: Model, closure: Closure | None = None) -> Model:
    """The shapes have to be equal, or to broadcast. The closure, if there is one, comes last."""
    return Composite(rule, closure, model=model)
