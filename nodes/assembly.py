"""Models made of models. Parts are kept, not copied: a part in two places has one set of weights.

Their names in the state dict are `model`, `model_a`, `model_b`, and `closure` if it is a module.
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
    """Named parts, and a function that ends the forward pass; a module is a part of its own."""

    def __init__(self, closure: Closure | None = None, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.closure = closure

    def of(self, name: str, *inputs: Any) -> Any:
        """What a part gives."""
        return apply(name, getattr(self, name), *inputs)

    def ended(self, x: Any) -> Any:
        """The closure's result, or x where there is none."""
        return x if self.closure is None else self.of("closure", x)


class Chained(Composite):
    """`model_b` after `model_a`."""

    def forward(self, x: Any) -> Any:
        return self.ended(self.of("model_b", self.of("model_a", x)))


class ChainedWithMask(Composite):
    """`model_b` after `model_a`; those in `masked` are given the mask too."""

    masked: frozenset[str] = frozenset()

    def forward(self, x: Any, mask: Any) -> Any:
        for name in ("model_a", "model_b"):
            x = self.of(name, x, mask) if name in self.masked else self.of(name, x)
        return self.ended(x)


class Ended(Composite):
    """A model and its closure."""

    def forward(self, x: Any) -> Any:
        return self.ended(self.of("model", x))


class Flattened(Ended):
    """A model of all axes but the first as one."""

    def forward(self, x: Any) -> Any:
        return super().forward(apply("flattening", torch.flatten, x, 1))


class WithChannelAxis(Ended):
    """A model of pictures, each with a channel axis."""

    def forward(self, x: Any) -> Any:
        expect("the input", x, 3, 4)
        return super().forward(x.unsqueeze(1) if x.dim() == 3 else x)


class Residual(Composite):
    """What is given and what the model makes of it, added."""

    def forward(self, x: Any) -> Any:
        return self.ended(apply("the sum", torch.add, x, self.of("model", x)))


class ResidualWithMask(Composite):
    """As `Residual`, for a model with a mask."""

    def forward(self, x: Any, mask: Any) -> Any:
        return self.ended(apply("the sum", torch.add, x, self.of("model", x, mask)))


@NODES.node("PtnChainedModel")
def chained(model_a: Model, model_b: Model, closure: Closure | None = None) -> Model:
    """Two models, one after the other, and then the closure if there is one."""
    return Chained(closure, model_a=model_a, model_b=model_b)


@NODES.node("PtnChainedModelWithAttentionMask")
def chained_with_mask(
    model_a: Model, model_b: Model, model_a_mask_req: bool = False, model_b_mask_req: bool = False,
    *, closure: Closure | None = None,
) -> Model:  # fmt: skip
    """Two models, one after the other, called with x and a mask; then the closure.

    The flags say which of the two are given the mask. The result is itself called with x and a
    mask: a chain around it needs the flag for it, and a trainer `unpack_input`.
    """
    model = ChainedWithMask(closure, model_a=model_a, model_b=model_b)
    flags = {"model_a": model_a_mask_req, "model_b": model_b_mask_req}
    model.masked = frozenset(name for name, wanted in flags.items() if wanted)
    return model


@NODES.node("PtnModelWithClosure")
def with_closure(model: Model, closure: Closure) -> Model:
    """A model and a function, such as an activation, of what it gives."""
    return Ended(closure, model=model)


@NODES.table(
    {
        "PtnPreAddChannelAxis": (
            WithChannelAxis,
            "A model whose input (B, H, W) becomes (B, 1, H, W); one of rank 4 stays.",
        ),
        "PtnPreFlatten": (Flattened, "A model whose input (B, ...) becomes (B, N)."),
    }
)
def prepared(kind: type[Composite], model: Model) -> Model:
    return kind(model=model)


@NODES.table(
    {
        "PtnResidualConnectionModel": (Residual, "A model of x whose result is added to x."),
        "PtnResidualConnectionModelWithAttentionMask": (
            ResidualWithMask,
            "A model of x and a mask whose result is added to x.",
        ),
    }
)
def residual(kind: type[Composite], model: Model, closure: Closure | None = None) -> Model:
    """The shapes have to be equal, or to broadcast. The closure, if there is one, comes last."""
    return kind(closure, model=model)
