"""How modules are built and called, with errors that a user of the graph understands."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, Nodes, Range, Socket, notice

from ._torch import described, is_full

Size = Annotated[int, Range(1, 1_000_000)]
Closure = Annotated[Callable[..., Any], Socket("PTCALLABLE")]

_COMPLAINTS = (RuntimeError, TypeError, ValueError, AssertionError, IndexError)


class ModelNodes(Nodes):
    """Nodes that build modules, as a trainer needs them; torch's complaints become InputErrors."""

    def node(self, class_type: str, **flags: Any) -> Callable[..., Any]:
        if class_type.endswith("2d"):
            flags["title"] = re.sub("(?<=[a-z])(?=[A-Z2])", " ", class_type)

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def build(*args: Any, **inputs: Any) -> Any:
                with torch.inference_mode(False), warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    model = apply(f"{class_type} cannot be built", function, *args, **inputs)
                for warning in caught:
                    notice(f"{class_type}: {warning.message}", code="about_the_module")
                return model

            return super(ModelNodes, self).node(class_type, **flags)(build)

        return register


class Composite(nn.Module):
    """Named parts, called by a rule `(part, *inputs)`; the closure, if there is one, comes last."""

    def __init__(self, rule: Callable[..., Any], closure: Closure | None = None, **parts: Any):
        super().__init__()
        self.rule, self.takes = rule, signature(rule)
        for name, part in {**parts, "closure": closure}.items():
            setattr(self, name, part)

    def forward(self, *inputs: Any) -> Any:
        try:
            self.takes.bind(None, *inputs)
        except TypeError:
            names = " and ".join(list(self.takes.parameters)[1:])
            given = " and ".join(map(described, inputs)) or "nothing"
            why = f"the model takes {names}, not {given}; unpack_input parts ids and mask"
            raise TypeError(why) from None
        result = self.rule(self.part, *inputs)
        return result if self.closure is None else self.part("closure", result)

    def part(self, name: str, *inputs: Any, **options: Any) -> Any:
        """What a part gives."""
        return apply(name, getattr(self, name), *inputs, **options)


def apply(title: str, part: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
    """What a part of a model gives; an InputError with its title if it cannot."""
    try:
        return part(*inputs, **options)
    except (InputError, torch.OutOfMemoryError):
        raise
    except _COMPLAINTS as error:
        if isinstance(part, nn.Module) and is_full(error):
            raise
        why = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(part, nn.Embedding) and isinstance(error, IndexError):
            low, high = (int(end) for end in inputs[0].aminmax())
            why = f"its ids go from {low} to {high}, the table has {part.num_embeddings} rows"
        if isinstance(part, nn.Module):
            title = f"{title} ({type(part).__name__})"
        if given := [described(value) for value in inputs if isinstance(value, Tensor | tuple)]:
            title += f" cannot work with {' and '.join(given)}"
        raise InputError(f"{title}: {why}", code="cannot_compute") from error


def expect(name: str, value: Any, *ranks: int, shape: tuple[int, ...] | None = None) -> None:
    """Raises an InputError if a value is no tensor of one of the ranks, or of the shape."""
    fits = isinstance(value, Tensor) and (value.shape == shape if shape else value.dim() in ranks)
    if not fits:
        wanted = f"shape {tuple(shape)}" if shape else f"rank {' or '.join(map(str, ranks))}"
        message = f"{name} has to be a tensor of {wanted}, not {described(value)}"
        raise InputError(message, code="wrong_shape")


def ids_and_mask(inputs: Any) -> tuple[Tensor, Tensor]:
    """The two tensors of one shape that a text model is called with, as one argument."""
    if not isinstance(inputs, tuple | list) or len(inputs) != 2:
        message = f"the model takes a pair (ids, mask), not {described(inputs)}"
        raise InputError(message, code="no_mask", hint="a data set with tokens gives such pairs")
    expect("ids", inputs[0], 2)
    expect("the mask", inputs[1], shape=inputs[0].shape)
    return inputs[0], inputs[1]


def masked_mean(x: Tensor, mask: Tensor, dim: int = 1) -> Tensor:
    """Mean of x (., ., F) over an axis, weighted by mask (., .); 0 where nothing is marked."""
    expect("x", x, 3)
    expect("the mask", mask, shape=x.shape[:2])
    x = x if x.is_floating_point() else x.float()
    weight = mask.to(x.dtype).unsqueeze(-1)
    least = max(1e-9, torch.finfo(x.dtype).tiny)  # of half precision 1e-9 is 0
    return (x * weight).sum(dim) / weight.sum(dim).clamp(min=least)


def started(layer: Any, *, relu: bool) -> Any:
    """A layer whose matrices are drawn as Kaiming says if ReLU follows, otherwise as Xavier."""
    for matrix in (weight for weight in layer.parameters() if weight.dim() > 1):
        if relu:
            nn.init.kaiming_normal_(matrix, nonlinearity="relu")
        else:
            nn.init.xavier_normal_(matrix)
    return layer


def head(width: int, out: int, bias: bool) -> nn.Linear:
    """The last layer of a text model."""
    layer = nn.Linear(width, out, bias)
    nn.init.xavier_uniform_(layer.weight)
    return layer
