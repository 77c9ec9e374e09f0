"""Training nodes."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from graphrun.node import Cancelled, InputError, Mutates, Nodes, Range, notice, output_file, show

from ._device import pick_device
from ._fit import Job, fit
from ._types import Loader, Loss, Model, Optimizer, Scheduler, Tensor
from ._weights import save_weights

NODES = Nodes(category="Training", spaced=True)

_BINARY_LOSSES = (nn.BCEWithLogitsLoss, nn.BCELoss)
INTERRUPTED = "interrupted.safetensors"


@NODES.node(
    "PtTrainClassificationTransformerModel",
    outputs=("Model", "train loss", "val loss"),
    random=True,
)
def train_transformer_classifier(
    model: Annotated[Model, Mutates()],
    train_loader: Loader,
    *,
    optimizer: Annotated[Optimizer, Mutates()],
    loss_function: Loss,
    epochs: Annotated[int, Range(1, 1_000_000, tiny=2)] = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Annotated[int, Range(1, 1000)] = 10,
    output_best_val_model: bool = True,
    classification_metrics: bool = True,
    scheduler: Annotated[Scheduler, Mutates()] | None = None,
    val_loader: Loader | None = None,
    unpack_input: bool | None = False,
) -> tuple[Model, Tensor, Tensor]:
    """Trains a binary text classifier and gives it back with its losses.

    A batch is (x, y); x is a tensor or a list such as [ids, mask], handed to the model as one
    argument or, with `unpack_input`, as several. Labels of shape (N,) become floats of shape
    (N, 1). Losses are means over the rows of the data set, one float32 an epoch, of shape
    (epochs,); without `val_loader` the second is of shape (0,).

    After each epoch the model is validated and the scheduler stepped. `early_stopping` ends the
    training after `early_stopping_rounds` epochs without a lower validation loss, and
    `output_best_val_model` puts the weights of the lowest one back. `classification_metrics` adds
    the validation accuracy (sigmoid of the output above 0.5) to the run's metrics. `use_gpu`
    computes on a GPU if there is one; the model comes back on the CPU.

    When the run is interrupted the weights so far are written to interrupted.safetensors.

    Raises:
        InputError: a loader gives no batches, labels do not fit the loss, the loss is not one
            number, the optimizer or the scheduler was made for something else, or a scheduler
            that reduces on plateau comes without `val_loader`.
    """
    _check_owners(model, optimizer, scheduler)
    if isinstance(scheduler, ReduceLROnPlateau) and val_loader is None:
        raise InputError(
            "a scheduler that reduces on plateau needs the validation loss: connect val_loader",
            input="scheduler",
            code="missing_val_loader",
        )
    for name, loader in (("train_loader", train_loader), ("val_loader", val_loader)):
        _check_loader(name, loader, loss_function)
    job = Job(
        model=model,
        optimizer=optimizer,
        loss=loss_function,
        forward=partial(classify, unpack=bool(unpack_input)),
        train=train_loader,
        val=val_loader,
        scheduler=scheduler,
        epochs=epochs,
        device=pick_device(use_gpu),
        patience=early_stopping_rounds if early_stopping else None,
        keep_best=output_best_val_model,
        accuracy=classification_metrics,
    )
    return _trained(job)


def classify(
    model: nn.Module, x: Any, y: torch.Tensor, *, unpack: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output (N, 1) and target (N, 1) of a batch; labels of another rank are left alone."""
    output = model(*x) if unpack and isinstance(x, list) else model(x)
    return output, y.unsqueeze(1).float() if y.dim() == 1 else y


def _trained(job: Job) -> tuple[Model, Tensor, Tensor]:
    try:
        history = fit(job)
    except Cancelled:
        path = save_weights(job.model, output_file(INTERRUPTED))
        notice(f"the weights so far are in {path}", code="interrupted")
        show(files=[str(path)])
        raise
    train_loss = torch.tensor(history.train, dtype=torch.float32)
    return job.model, train_loss, torch.tensor(history.val, dtype=torch.float32)


def _check_owners(
    model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: Scheduler | None
) -> None:
    """An optimizer of another model trains nothing, and says nothing."""
    own = {id(parameter) for parameter in model.parameters()}
    held = (p for group in optimizer.param_groups for p in group["params"])
    if not any(id(parameter) in own for parameter in held):
        raise InputError(
            "the optimizer was made for another model",
            input="optimizer",
            code="optimizer_of_other_model",
        )
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise InputError(
            "the scheduler was made for another optimizer",
            input="scheduler",
            code="scheduler_of_other_optimizer",
        )


def _check_loader(name: str, loader: Any, loss_function: nn.Module) -> None:
    if loader is None:
        return
    if not len(loader):
        raise InputError(f"{name} gives no batches", input=name, code="no_batches")
    dataset = loader.dataset
    if not isinstance(loss_function, _BINARY_LOSSES) or not hasattr(dataset, "label_values"):
        return
    odd = [value for value in dataset.label_values() if value not in (0, 1)]
    if odd:
        rows, first = dataset.label_rows(odd[0])
        others = f" (and {len(odd) - 1} other values)" if len(odd) > 1 else ""
        raise InputError(
            f"labels have to be 0 or 1 for {type(loss_function).__name__}; "
            f"{name} has {odd[0]} in {rows} rows{others}, the first is row {first}",
            input=name,
            code="label_not_binary",
        )
