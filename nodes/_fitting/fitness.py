"""Whether what a training is given fits together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import TensorDataset

from graphrun.node import InputError, notice

_BATCH_NORMS = nn.modules.batchnorm._BatchNorm
_NORMS = nn.modules.batchnorm._NormBase
_BINARY_LOSSES = (nn.BCEWithLogitsLoss, nn.BCELoss)


def check_owners(
    model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: LRScheduler | None
) -> None:
    """An optimizer of another model trains nothing, and says nothing."""
    own = {id(parameter) for parameter in model.parameters()}
    held = (p for group in optimizer.param_groups for p in group["params"])
    if not any(id(parameter) in own for parameter in held):
        message = "the optimizer was made for another model"
        raise InputError(message, input="optimizer", code="optimizer_of_other_model")
    if scheduler is not None and scheduler.optimizer is not optimizer:
        message = "the scheduler was made for another optimizer"
        raise InputError(message, input="scheduler", code="scheduler_of_other_optimizer")


def check_loader(name: str, loader: Any, loss_function: nn.Module) -> None:
    """Refuse a loader of no batches, and labels that a loss for two classes does not know."""
    if loader is None:
        return
    if not len(loader):
        message = f"{name} gives no batches of {loader.batch_size} rows"
        if name == "train_loader":
            hint = "lower batch_size, or leave out drop_last"
            raise InputError(message, input=name, code="no_batches", hint=hint)
        notice(f"{message}: no validation", code="no_batches", input=name)
    if not len(loader) or not isinstance(loss_function, _BINARY_LOSSES):
        return
    odd, rows, first = _odd_labels(loader.dataset)
    if odd:
        others = f" (and {len(odd) - 1} other values)" if len(odd) > 1 else ""
        message = f"labels have to be 0 or 1 for {type(loss_function).__name__}; {name} has "
        message += f"{odd[0]} in {rows} rows{others}, the first is row {first}"
        raise InputError(message, input=name, code="label_not_binary")


def _odd_labels(dataset: Any) -> tuple[list[Any], int, int]:
    """Labels outside of 0 to 1, how many rows have the first, and where; of known data sets."""
    if hasattr(dataset, "label_values"):
        odd = [value for value in dataset.label_values() if value not in (0, 1)]
        return odd, *(dataset.label_rows(odd[0]) if odd else (0, 0))
    if not isinstance(dataset, TensorDataset):
        return [], 0, 0
    labels = dataset.tensors[-1]
    found = labels[(labels < 0) | (labels > 1)].unique().tolist()
    rows = (labels == found[0]).nonzero()[:, 0].unique() if found else []
    return found, len(rows), int(rows[0]) if found else 0


@contextmanager
def normalizing(model: nn.Module, name: str, number: int, rows: int) -> Iterator[None]:
    """Say it in words where batch normalization is to be trained with one row.

    The batch has the `number`, from 0, and so many `rows`.

    Raises:
        InputError: a layer refuses the only row that it was given.
    """
    try:
        yield
    except (ValueError, InputError) as error:
        layers = _layers(model, _BATCH_NORMS)
        if "more than 1 value per channel" not in str(error) or not layers:
            raise
        message = f"{name}: batch {number + 1} has one row"
        hint = '{"drop_last": true} in the parameters of the loader leaves a small last batch out; '
        hint += "otherwise another batch_size, of 2 or more"
        if rows > 1:
            message = f"{name}: batch {number + 1} of {rows} rows is computed one row at a time"
            hint = "fewer pieces (--grad-accum), fewer processes, or a larger batch_size"
        message += f", and batch normalization ({layers}) learns from several"
        raise InputError(message, input=name, code="batch_of_one_row", hint=hint) from error


def tell_of_statistics(model: nn.Module) -> None:
    """Say once which layers make something else of a batch that is computed in pieces."""
    if layers := _layers(model, _BATCH_NORMS):
        message = f"batch normalization ({layers}) sees the rows of a piece: "
    elif layers := _layers(model, _NORMS):
        message = f"the running means of {layers} are of pieces: "
    else:
        return
    message += "results differ from those of whole batches"
    hint = "a smaller batch_size without --grad-accum has whole batches computed"
    notice(message, code="statistics_by_piece", hint=hint, once=True)


def _layers(model: nn.Module, kind: type[nn.Module]) -> str:
    """The names of a model's layers whose statistics a training changes, the first ones of many."""
    found = [
        name or type(layer).__name__
        for name, layer in model.named_modules()
        if isinstance(layer, kind) and layer.training
        if isinstance(layer, _BATCH_NORMS) or getattr(layer, "track_running_stats", False)
    ]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more
