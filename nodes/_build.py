"""How modules are built and called, with errors that a user of the graph understands."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, Nodes, Range, notice

from ._parse import dims, unreadable

Size = Annotated[int, Range(1, 1_000_000)]
Share = Annotated[float, Range(0, 1, 0.001)]

_COMPLAINTS = (RuntimeError, TypeError, ValueError, AssertionError, IndexError)


class ModelNodes(Nodes):
    """Nodes that build modules: with gradients, and torch's complaints are InputErrors."""

    def node(self, class_type: str, **flags: Any) -> Callable[..., Any]:
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(function)
            def build(*args: Any, **inputs: Any) -> Any:
                with _building(class_type):
                    return function(*args, **inputs)

            return super(ModelNodes, self).node(class_type, **flags)(build)

        return register


@contextmanager
def _building(class_type: str) -> Iterator[None]:
    with torch.enable_grad(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except InputError:
            raise
        except _COMPLAINTS as error:
            message = f"{class_type} cannot be built: {_first_line(error)}"
            raise InputError(message, code="cannot_build") from error
    for warning in caught:
        notice(f"{class_type}: {warning.message}", code="about_the_module")


def apply(name: str, part: Callable[..., Any], *inputs: Any) -> Any:
    """What a part of a model gives.

    Raises:
        InputError: it cannot work with its inputs; the message has the part and their shapes.
    """
    try:
        return part(*inputs)
    except (InputError, torch.OutOfMemoryError):
        raise
    except _COMPLAINTS as error:
        kind = getattr(part, "__name__", type(part).__name__)
        why = _first_line(error)
        if isinstance(part, nn.Embedding) and isinstance(error, IndexError):
            low, high = (int(end) for end in inputs[0].aminmax())
            why = f"its ids go from {low} to {high}, the table has {part.num_embeddings} rows"
        given = " and ".join(map(described, inputs))
        message = f"{name} ({kind}) cannot work with {given}: {why}"
        raise InputError(message, code="model_input") from error


def expect(name: str, value: Any, *ranks: int) -> None:
    """Raises an InputError if a value is no tensor of one of the ranks."""
    if not isinstance(value, Tensor) or value.dim() not in ranks:
        wanted = " or ".join(map(str, ranks))
        message = f"{name} has to be a tensor of rank {wanted}, not {described(value)}"
        raise InputError(message, code="wrong_rank")


def ids_and_mask(inputs: Any) -> tuple[Tensor, Tensor]:
    """The two tensors of one shape that a text model is called with, as one argument."""
    if not isinstance(inputs, tuple | list) or len(inputs) != 2:
        message = f"the model is called with a pair (ids, mask), not with {described(inputs)}"
        raise InputError(message, code="no_mask")
    ids, mask = inputs
    expect("ids", ids, 2)
    mask_fits(mask, ids.shape)
    return ids, mask


def masked_mean(x: Tensor, mask: Tensor, dim: int = 1) -> Tensor:
    """Mean of x (., ., F) over an axis, weighted by mask (., .); 0 where nothing is marked."""
    expect("x", x, 3)
    mask_fits(mask, x.shape[:2])
    x = x if x.is_floating_point() else x.float()
    weight = mask.to(x.dtype).unsqueeze(-1)
    least = max(1e-9, torch.finfo(x.dtype).tiny)  # of half precision 1e-9 is 0
    return (x * weight).sum(dim) / weight.sum(dim).clamp(min=least)


def pair(text: str, input: str, *, blank: int | None = 0, least: int = 1) -> Any:
    """One whole number, or two for height and width; `blank` for a blank text."""
    found = dims(text, input, example="3 or [3, 5]")
    found = blank if found is None else found
    many = found if isinstance(found, tuple) else (found,)
    if found is not None and (len(many) not in (1, 2) or min(many) < least):
        what = f"one whole number or two, each {least} or more"
        raise unreadable(text, input, what, "3 or [3, 5]")
    return many[0] if len(many) == 1 else many


def sizes(text: str, input: str, count: int | None = None) -> tuple[int, ...]:
    """A list of whole numbers of 1 or more, `count` of them if that is given."""
    found = dims(text, input, example="[3, 28, 28]")
    many = found if isinstance(found, tuple) else () if found is None else (found,)
    if min(many, default=0) < 1 or len(many) != (count or len(many)):
        what = f"a list of {count or 'sizes'}{' sizes' if count else ''}, each 1 or more"
        raise unreadable(text, input, what, "[3, 28, 28]")
    return many


def described(value: Any) -> str:
    """A value's type and shape in a few words."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of {', '.join(map(described, value)) or 'nothing'}"
    return type(value).__name__


def mask_fits(mask: Any, shape: torch.Size) -> None:
    """Raises an InputError if a mask is no tensor of a shape."""
    if not isinstance(mask, Tensor) or mask.shape != shape:
        message = f"the mask has to be a tensor of shape {tuple(shape)}, not {described(mask)}"
        raise InputError(message, code="mask_does_not_fit")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
