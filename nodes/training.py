"""Training nodes: what differs is the loss, and how a batch becomes an output and its target."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

import torch
from torch import nn
from torch.optim import Adam, AdamW
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import TensorDataset

from graphrun.node import Cancelled, InputError, Mutates, Nodes, Range, notice, output_file, show

from ._batches import described
from ._device import pick_device
from ._fit import Forward, Job, fit, move_state
from ._types import Loader, Loss, Model, Optimizer, Scheduler, Tensor
from ._weights import save_weights

NODES = Nodes(category="Training", spaced=True)

Changed = Annotated[Model, Mutates()]
ChangedOptimizer = Annotated[Optimizer, Mutates()]
ChangedScheduler = Annotated[Scheduler, Mutates()]
Epochs = Annotated[int, Range(1, 1_000_000, tiny=5)]
TextEpochs = Annotated[int, Range(1, 1_000_000, tiny=2)]
Rounds = Annotated[int, Range(1, 1000)]
Trained = tuple[Model, Tensor, Tensor]
F = TypeVar("F", bound=Callable[..., Any])

OUTPUTS = ("Model", "train loss", "val loss")
INTERRUPTED = "interrupted.safetensors"
_BINARY_LOSSES = (nn.BCEWithLogitsLoss, nn.BCELoss)
_LOOP = """
Losses are means over the rows of the data set, one float32 an epoch, of shape (epochs,); without
`val_loader` the second is of shape (0,). After each epoch the model is validated, then a scheduler
is stepped. `early_stopping` ends the training after `early_stopping_rounds` epochs without a lower
validation loss, and `output_best_val_model` puts the weights of the lowest one back. `use_gpu`
computes on a GPU if there is one; the model comes back on the CPU, in evaluation mode if there was
a validation. When the run is interrupted the weights so far are written to
interrupted.safetensors.

Raises:
    InputError: a loader gives no batches, the model cannot take one, labels do not fit the loss,
        the loss is not one number, the optimizer or the scheduler was made for something else, or
        a scheduler that reduces on plateau comes without `val_loader`.
"""


class _Loop(NamedTuple):
    """The inputs that all trainers have."""

    epochs: int
    use_gpu: bool
    early_stopping: bool
    early_stopping_rounds: int
    output_best_val_model: bool


def _trainer(function: F) -> F:
    """Add what all trainers do to the description."""
    function.__doc__ = f"{inspect.getdoc(function)}\n{_LOOP}"
    return function


@NODES.table(
    {
        "PtTrainClassificationModel": (
            nn.CrossEntropyLoss,
            "Trains a classifier with the cross entropy of its outputs, one a class.\n\n"
            "Labels are int64 of shape (N,), the numbers of the classes.",
        ),
        "PtTrainRegressionModel": (
            nn.MSELoss,
            "Trains a model with the mean square of its errors.\n\n"
            "Targets have the shape of the outputs, for one output (N, 1).",
        ),
    },
    outputs=OUTPUTS,
    random=True,
)
@_trainer
def train_plain(
    loss: type[nn.Module],
    model: Changed,
    train_loader: Loader,
    *,
    optimizer: ChangedOptimizer,
    epochs: Epochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    val_loader: Loader | None = None,
) -> Trained:
    """The learning rate stays as it is."""
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    return _train(model, optimizer, loss(), (train_loader, val_loader), loop)


@NODES.node("PtTrainClassificationModelLr", outputs=OUTPUTS, random=True)
@_trainer
def train_classifier_with_scheduler(
    model: Changed,
    train_loader: Loader,
    *,
    optimizer: ChangedOptimizer,
    scheduler: ChangedScheduler,
    epochs: Epochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    val_loader: Loader | None = None,
) -> Trained:
    """Trains a classifier as PtTrainClassificationModel does, with a learning rate that changes."""
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    loaders = train_loader, val_loader
    return _train(model, optimizer, nn.CrossEntropyLoss(), loaders, loop, scheduler=scheduler)


@NODES.node("PtTrainModel", outputs=OUTPUTS, random=True)
@_trainer
def train_model(
    model: Changed,
    train_loader: Loader,
    *,
    optimizer: ChangedOptimizer,
    loss_function: Loss,
    epochs: Epochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    scheduler: ChangedScheduler | None = None,
    val_loader: Loader | None = None,
) -> Trained:
    """Trains a model with any loss; outputs and targets go to it as they are."""
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    loaders = train_loader, val_loader
    return _train(model, optimizer, loss_function, loaders, loop, scheduler=scheduler)


@NODES.node("PtTrainClassificationTransformerModel", outputs=OUTPUTS, random=True)
@_trainer
def train_transformer_classifier(
    model: Changed,
    train_loader: Loader,
    *,
    optimizer: ChangedOptimizer,
    loss_function: Loss,
    epochs: TextEpochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    classification_metrics: bool = True,
    scheduler: ChangedScheduler | None = None,
    val_loader: Loader | None = None,
    unpack_input: bool | None = False,
) -> Trained:
    """Trains a binary text classifier and gives it back with its losses.

    A batch is (x, y); x is a tensor or a list such as [ids, mask], handed to the model as one
    argument or, with `unpack_input`, as several. Labels of shape (N,) become floats of shape
    (N, 1). `classification_metrics` adds the validation accuracy (sigmoid of the output above
    0.5) to the run's metrics.
    """
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    return _train(
        model, optimizer, loss_function, (train_loader, val_loader), loop, scheduler=scheduler,
        forward=partial(classify, unpack=bool(unpack_input)), accuracy=classification_metrics,
    )  # fmt: skip


@NODES.node("PtTrainFineTuneClassificationTransformerModel", outputs=OUTPUTS, random=True)
@_trainer
def fine_tune_classifier(
    model: Changed,
    train_loader: Loader,
    *,
    optimizer: ChangedOptimizer,
    loss_function: Loss,
    epochs: TextEpochs = 2,
    freeze_pretrained_module_epochs: Annotated[int, Range(1, 1_000_000, tiny=1)] = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    classification_metrics: bool = True,
    val_loader: Loader | None = None,
) -> Trained:
    """Trains the head of a pretrained text classifier first, then all of it.

    The encoder is frozen for `freeze_pretrained_module_epochs` epochs. Then a new Adam or AdamW,
    whichever the given one is, takes over its rate, betas, eps and weight decay, with a fifth of
    the rate for the encoder; it starts without moments and without amsgrad. If there are no more
    epochs, the encoder stays frozen. Batches are as for PtTrainClassificationTransformerModel.
    """
    freeze = freeze_pretrained_module_epochs
    if not all(
        isinstance(getattr(model, part, None), nn.Module) for part in ("llm_model", "linear")
    ):
        message = f"{type(model).__name__} has no pretrained encoder with a head to train first"
        hint = "PtnHfFineTunedClassificationModel makes such models"
        raise InputError(message, input="model", code="no_pretrained_encoder", hint=hint)
    if epochs > freeze and not isinstance(optimizer, Adam):
        message = f"the encoder is trained on with Adam or AdamW, not {type(optimizer).__name__}"
        raise InputError(message, input="optimizer", code="optimizer_not_adam")
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    return _train(
        model, optimizer, loss_function, (train_loader, val_loader), loop, forward=classify,
        accuracy=classification_metrics, begin=partial(freeze_or_thaw, freeze),
    )  # fmt: skip


@NODES.node("PtTrainRNNModel", outputs=OUTPUTS, random=True)
@_trainer
def train_recurrent(
    model: Changed,
    linear_head: bool = True,
    *,
    train_loader: Loader,
    optimizer: ChangedOptimizer,
    loss_function: Loss,
    epochs: TextEpochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Rounds = 10,
    output_best_val_model: bool = True,
    classification_metrics: bool = False,
    use_valid_token_mean: bool = True,
    scheduler: ChangedScheduler | None = None,
    val_loader: Loader | None = None,
    h_0: Tensor | None = None,
) -> Trained:
    """Trains a recurrent model, with a head or bare.

    With `linear_head` the model answers with the output; targets of shape (N,) become floats of
    shape (N, 1), and of (N, steps, F) the last step is taken. A bare RNN, GRU or LSTM takes
    (N, steps, features); its output is the mean over the steps whose features are not all 0, or
    without `use_valid_token_mean` the last step, and the target's last step has to be of the same
    shape; it is taken twice if the layers go in both directions. `h_0` of shape (layers, N, H), or
    (layers, 1, H) for all rows, is where bare layers start, in every batch; a smaller last batch
    uses the first rows. `classification_metrics` is as for PtTrainClassificationTransformerModel.
    """
    forward: Forward = last_step
    if linear_head and h_0 is not None:
        message = "h_0 is where bare recurrent layers start; a model with a head does not take it"
        raise InputError(message, input="h_0", code="unused_state", hint="turn linear_head off")
    if not linear_head:
        if not hasattr(model, "bidirectional") or not getattr(model, "batch_first", True):
            message = f"{type(model).__name__} is no recurrent layer whose first axis are the rows"
            hint = "set batch_first, or linear_head for a model with a head"
            raise InputError(message, input="model", code="not_recurrent", hint=hint)
        forward = partial(recur, mean=use_valid_token_mean, h_0=h_0)
    loop = _Loop(epochs, use_gpu, early_stopping, early_stopping_rounds, output_best_val_model)
    return _train(
        model, optimizer, loss_function, (train_loader, val_loader), loop, scheduler=scheduler,
        forward=forward, accuracy=classification_metrics,
    )  # fmt: skip


def plain(model: nn.Module, x: Any, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's answer, and the target as it is."""
    return model(x), y


def classify(
    model: nn.Module, x: Any, y: torch.Tensor, *, unpack: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output (N, 1) and target (N, 1) of a batch; labels of another rank are left alone."""
    output = model(*x) if unpack and isinstance(x, list) else model(x)
    return output, y.unsqueeze(1).float() if y.dim() == 1 else y


def last_step(model: nn.Module, x: Any, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `classify`; of a target (N, steps, F) the last step."""
    return classify(model, x, y[:, -1] if y.dim() == 3 else y)


def recur(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, *, mean: bool, h_0: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output (N, H) of a bare recurrent layer for x (N, steps, features), and the target."""
    sequence = model(x, *() if h_0 is None else (_state(model, h_0.to(x), len(x)),))[0]
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


def _state(model: nn.Module, h_0: torch.Tensor, rows: int) -> Any:
    state = h_0.expand(-1, rows, -1) if h_0.shape[1] == 1 else h_0[:, :rows]
    state = state.contiguous()
    if isinstance(model, nn.LSTM):
        return state, state.new_zeros(*state.shape[:2], model.hidden_size)
    return state


def freeze_or_thaw(freeze: int, job: Job, epoch: int) -> None:
    """Keep the encoder as it is for some epochs; then train it too, with a new optimizer."""
    body: Any = job.model.llm_model
    if epoch < freeze:
        body.requires_grad_(False)
    elif epoch == freeze:
        body.requires_grad_(True)
        old, head = job.optimizer, job.model.linear
        kind = AdamW if isinstance(old, AdamW) else Adam  # torch's AdamW is an Adam too
        kept = {name: old.defaults[name] for name in ("lr", "betas", "eps", "weight_decay")}
        groups = [
            {"params": body.parameters(), "lr": kept["lr"] * 0.2},
            {"params": head.parameters()},
        ]
        move_state(old, torch.device("cpu"))
        with torch.enable_grad():
            job.optimizer = kind(groups, **kept)


def _train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: nn.Module,
    loaders: tuple[Any, Any],
    loop: _Loop,
    *,
    forward: Forward = plain,
    scheduler: Any = None,
    accuracy: bool = False,
    begin: Callable[[Job, int], None] | None = None,
) -> Trained:
    _check_owners(model, optimizer, scheduler)
    if isinstance(scheduler, ReduceLROnPlateau) and loaders[1] is None:
        raise InputError(
            "a scheduler that reduces on plateau needs the validation loss: connect val_loader",
            input="scheduler",
            code="missing_val_loader",
        )
    for name, loader in zip(("train_loader", "val_loader"), loaders, strict=True):
        _check_loader(name, loader, loss)
    job = Job(
        model=model,
        optimizer=optimizer,
        loss=loss,
        forward=forward,
        train=loaders[0],
        val=loaders[1],
        scheduler=scheduler,
        epochs=loop.epochs,
        device=pick_device(loop.use_gpu),
        patience=loop.early_stopping_rounds if loop.early_stopping else None,
        keep_best=loop.output_best_val_model,
        accuracy=accuracy,
        begin=begin,
    )
    try:
        history = fit(job)
    except Cancelled:
        path = save_weights(model, output_file(INTERRUPTED))
        notice(f"the weights so far are in {path}", code="interrupted")
        show(files=[str(path)])
        raise
    train_loss = torch.tensor(history.train, dtype=torch.float32)
    return model, train_loss, torch.tensor(history.val, dtype=torch.float32)


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
    if not isinstance(loss_function, _BINARY_LOSSES):
        return
    odd, rows, first = _odd_labels(loader.dataset)
    if odd:
        others = f" (and {len(odd) - 1} other values)" if len(odd) > 1 else ""
        raise InputError(
            f"labels have to be 0 or 1 for {type(loss_function).__name__}; "
            f"{name} has {odd[0]} in {rows} rows{others}, the first is row {first}",
            input=name,
            code="label_not_binary",
        )


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
