"""Batches on their way through a model, and what to say of those that do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset

from graphrun.node import InputError

from .._around import NO_WAY
from .._torch import described, is_full
from .packed import Packed

# These broadcast what differs in shape, and so compare every row with every other.
_BY_ELEMENT = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.KLDivLoss)
BY_CLASS = (nn.CrossEntropyLoss, nn.NLLLoss)
# What torch says, and the way out.
_WAYS = {
    "target dtype": "labels of classes are int64",
    "input batch_size": "the model's first size has to be that of a row of x",
}
_REFUSALS = RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError


def on(device: torch.device, value: Any) -> Any:
    """A tensor, texts, or those of a list, on a device; a tuple becomes a list."""
    if isinstance(value, Tensor | Packed):
        return value.to(device, non_blocking=True)
    if isinstance(value, list | tuple):
        return [on(device, part) for part in value]
    return value


def batches(name: str, loader: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs (x, y) that a loader gives.

    Raises:
        InputError: rows differ in shape and cannot be one batch, an item cannot be read, or a batch
            is something else.
    """
    try:
        for batch in loader:
            match batch:
                case [x, Tensor() as y]:
                    yield x, y
                case _:
                    message = f"{name} has to give x and a tensor y, not {described(batch)[:100]}"
                    raise InputError(message, code="batch_not_pair")
    except InputError as error:  # from a worker with its traceback as text
        message = str(error).rpartition("InputError: ")[2]
        raise InputError(message, input=name, code=error.code) from error
    except RuntimeError as error:
        if not re.search("equal size|not resizable", str(error)):
            raise
        message = f"{name}: rows of different shapes cannot be put into one batch"
        hint = "texts need padding and truncation to one length, pictures a resize"
        raise InputError(message, input=name, code="unequal_rows", hint=hint) from error


@contextmanager
def blaming(name: str, x: Any, y: Any = None) -> Iterator[list[Any]]:
    """Errors of torch become ones that show the batch, and what was appended to the list."""
    answers: list[Any] = []
    try:
        yield answers
    except (InputError, torch.OutOfMemoryError):
        raise
    except _REFUSALS as error:
        if NO_WAY in str(error) or is_full(error):
            raise
        shown = f"x is {described(x)}" + (f", y is {described(y)}" if y is not None else "")
        shown += "".join(f", the model answers {described(answer)}" for answer in answers)
        message = f"{name}: {shown}; these do not fit: {str(error).strip()}"
        hint = next((way for said, way in _WAYS.items() if said in message), None)
        raise InputError(message, input=name, code="batch_does_not_fit", hint=hint) from error


def without_gradients(model: nn.Module) -> AbstractContextManager[Any]:
    """Inference mode, unless somebody looks at what passes through the model, or it is not whole.

    What is made in inference mode cannot be trained with, as weights that a first batch shapes.
    """
    looked_at = any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    lazy = any(nn.parameter.is_lazy(one) for one in model.parameters())
    return torch.no_grad() if looked_at or lazy else torch.inference_mode()


def classify(model: nn.Module, x: Any, y: Tensor, *, unpack: bool = False) -> tuple[Tensor, Tensor]:
    """Output (N, 1) and target (N, 1) of a batch; labels of another rank are left alone."""
    output = model(*x) if unpack and isinstance(x, list) else model(x)
    return output, y.unsqueeze(1).float() if y.dim() == 1 else y


def last_step(model: nn.Module, x: Any, y: Tensor) -> tuple[Tensor, Tensor]:
    """As `classify`; of a target (N, steps, F) the last step."""
    return classify(model, x, y[:, -1] if y.dim() == 3 else y)


def with_state(h_0: Tensor, x: Any) -> list[Any]:
    """A batch x (N, steps, features) and where its rows start, (N, layers, H); see `recur`.

    Of `h_0`, (layers, N, H) or (layers, 1, H) for all rows, a smaller batch has the first rows.
    """
    state = h_0.expand(-1, len(x), -1) if h_0.shape[1] == 1 else h_0[:, : len(x)]
    return [x, state.transpose(0, 1)]


def recur(model: nn.Module, x: Any, y: Tensor, *, mean: bool) -> tuple[Tensor, Tensor]:
    """Output (N, H) of a bare recurrent layer for x (N, steps, features), and the target.

    x may have a state beside it.
    """
    x, *states = x if isinstance(x, list) else [x]
    sequence = model(x, *(_state(model, state.to(x)) for state in states))[0]
    if mean:
        valid = (x != 0).any(-1, keepdim=True)  # (N, steps, 1)
        output = (sequence * valid).sum(1) / valid.sum(1).clamp(min=1)
    else:
        output = sequence[:, -1]
    if y.dim() == 3:
        y = torch.cat([y[:, -1]] * (2 if model.bidirectional else 1), dim=-1)
    if output.shape != y.shape:
        raise ValueError(f"the target's last step {described(y)} is not as {described(output)}")
    return output, y


def _state(model: nn.Module, rows: Tensor) -> Any:
    # A copy, as tensors made in inference mode cannot be kept for gradients.
    state = rows.transpose(0, 1).clone(memory_format=torch.contiguous_format)
    if isinstance(model, nn.LSTM):
        return state, state.new_zeros(*state.shape[:2], model.hidden_size)
    return state


def paired(loss: nn.Module, output: Any, target: Tensor) -> tuple[Tensor, Tensor]:
    """Output and target, if a loss can compare them without repeating rows of one of them."""
    kind = type(loss).__name__
    if not isinstance(output, Tensor):
        message = f"the model answers with a {described(output)}, and {kind} takes one tensor"
        hint = "PtTrainRNNModel with linear_head off trains bare recurrent layers"
        raise InputError(message, input="model", code="answer_not_tensor", hint=hint)
    if isinstance(loss, _BY_ELEMENT) and output.shape != target.shape:
        raise ValueError(f"{kind} needs targets of the shape {tuple(output.shape)}")
    return output, target


def check_classes(
    loss: nn.Module, output: Any, y: Tensor, *, place: tuple[str, DataLoader[Any], int]
) -> None:
    """Refuse labels without an output of their own, which would end a GPU's process.

    `place` is the loader's name, the loader and the number of the batch, from 0.
    """
    fits = isinstance(loss, BY_CLASS) and isinstance(output, Tensor) and output.dim() > 1
    if not fits or not isinstance(y, Tensor) or y.is_floating_point() or y.shape == output.shape:
        return
    classes, (name, loader, number) = output.shape[1], place
    odd = ((y < 0) | (y >= classes)) & (y != loss.ignore_index)
    if odd.any():
        index = tuple(odd.nonzero()[0].tolist())
        message = f"{name} has the label {y[index]} in {_row(loader, number, index, y[index])}; "
        message += f"the model has {classes} outputs, so labels are 0 to {classes - 1}"
        raise InputError(message, input=name, code="label_out_of_range")


def _row(loader: DataLoader[Any], number: int, index: tuple[int, ...], value: Any) -> str:
    """Where a label is: in the data set, from 0, if the order of the loader lets us know."""
    if isinstance(loader.dataset, TensorDataset):
        return f"row {int((loader.dataset.tensors[-1] == value).nonzero()[0][0])}"
    if isinstance(loader.sampler, SequentialSampler) and loader.batch_size:
        return f"row {number * loader.batch_size + index[0]}"
    return f"row {index[0]} of batch {number}"
