"""Training nodes: one loop; what differs is the loss, and how a batch becomes output and target."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, get_type_hints

import torch
from torch import nn
from torch.optim import Adam, AdamW
from torch.optim.lr_scheduler import ReduceLROnPlateau

from graphrun.node import (
    Cancelled,
    Extends,
    InputError,
    Lazy,
    Mutates,
    Nodes,
    Range,
    notice,
    output_file,
    show,
)

from ._device import pick_device
from ._fitting.batches import classify, last_step, recur, with_state
from ._fitting.fitness import check_loader, check_owners
from ._fitting.job import Forward, Job
from ._fitting.loop import fit, move_state
from ._fitting.resuming import wanted
from ._torch import described
from ._types import Loader, Loss, Model, Optimizer, Scheduler, Tensor
from ._weights import save_weights

NODES = Nodes(category="Training", spaced=True)

Epochs = Annotated[int, Range(1, 1_000_000, tiny=5), Extends()]
TextEpochs = Annotated[int, Range(1, 1_000_000, tiny=2), Extends()]
INTERRUPTED = "interrupted.safetensors"
_START = "model train_loader optimizer"
_LOOP = "use_gpu early_stopping early_stopping_rounds output_best_val_model"


def train(
    model: Annotated[Model, Mutates()],
    train_loader: Annotated[Loader, Lazy()],
    *,
    optimizer: Annotated[Optimizer, Mutates()],
    loss_function: Loss,
    epochs: Epochs = 1,
    use_gpu: bool = False,
    early_stopping: bool = False,
    early_stopping_rounds: Annotated[int, Range(1, 1000)] = 10,
    output_best_val_model: bool = True,
    classification_metrics: bool = False,
    scheduler: Annotated[Scheduler, Mutates()] | None = None,
    val_loader: Annotated[Loader, Lazy()] | None = None,
    forward: Forward = lambda model, x, y: (model(x), y),
    begin: Callable[[Job, int], None] | None = None,
    unpack: bool = False,
    beside: Callable[[Any], Any] = lambda x: x,
) -> tuple[Model, Tensor, Tensor]:
    """The losses are means over the rows of a data set, one float32 an epoch, of shape (epochs,).

    Without batches of a `val_loader` those of validation are (0,). After each epoch the model is
    validated, then a scheduler is stepped. `early_stopping` ends the training after
    `early_stopping_rounds` epochs without a lower validation loss, and `output_best_val_model` puts
    the weights of the lowest one back. `use_gpu` computes on a GPU if there is one; the model comes
    back on the CPU, in evaluation mode if there was a validation. `classification_metrics`, where
    there is such an input, adds to the run's metrics how the rows of a validation are classified:
    accuracy (of one output: its sigmoid above 0.5), precision, recall, F1, the area under the ROC
    curve and the confusion matrix. When the run is interrupted the weights so far are written to
    interrupted.safetensors. Where the run keeps trainings, the next run goes on from there, to the
    same weights; one that was finished is not repeated, and needs no loader.

    Raises:
        InputError: train_loader gives no batches, the model cannot take one, labels do not fit the
            loss, the loss is not one number, the optimizer or the scheduler was made for something
            else, or a scheduler that reduces on plateau comes without `val_loader`.
    """
    check_owners(model, optimizer, scheduler)
    if isinstance(scheduler, ReduceLROnPlateau) and train_loader is not None and not val_loader:
        message = "a scheduler that reduces on plateau needs a validation loss: connect val_loader"
        raise InputError(message, input="scheduler", code="missing_val_loader")
    for name, loader in (("train_loader", train_loader), ("val_loader", val_loader)):
        check_loader(name, loader, loss_function)
    job = Job(
        model=model, optimizer=optimizer, scheduler=scheduler, loss=loss_function, forward=forward,
        train=train_loader, val=val_loader or None, begin=begin, unpack=unpack, beside=beside,
        epochs=epochs, device=pick_device(use_gpu), accuracy=classification_metrics,
        patience=early_stopping_rounds if early_stopping else None, keep_best=output_best_val_model,
    )  # fmt: skip
    try:
        course = fit(job)
    except Cancelled:
        path = save_weights(model, output_file(INTERRUPTED))
        notice(f"the weights so far are in {path}", code="interrupted")
        show(files=[str(path)])
        raise
    train_loss = torch.tensor(course.train, dtype=torch.float32)
    return model, train_loss, torch.tensor(course.val, dtype=torch.float32)


def _trainer(class_type: str, inputs: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `train` with some of its inputs, and those of a function that adds to them.

    The function gives further arguments of `train`. `inputs` names all, in the order of the files.
    """

    def register(adding: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
        shared, own = (inspect.signature(f).parameters for f in (train, adding))
        both, names = {**shared, **own}, inputs.split()
        first, rest = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        kinds = [first, first, *[rest] * len(names[2:])]
        signature = inspect.Signature(
            [both[name].replace(kind=kind) for name, kind in zip(names, kinds, strict=True)]
        )

        def node(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            added = adding(**{name: given[name] for name in own})
            return train(**{name: given[name] for name in names if name in shared}, **added)

        node.__doc__ = f"{inspect.getdoc(adding)}\n\n{inspect.getdoc(train)}"
        node.__signature__ = signature  # type: ignore[attr-defined]
        hints = [get_type_hints(f, include_extras=True) for f in (adding, train)]
        node.__annotations__ = {**hints[1], **hints[0], "return": hints[1]["return"]}
        outputs = "Model", "train loss", "val loss"
        return NODES.node(class_type, outputs=outputs, wanted=wanted, random=True)(node)

    return register


@_trainer("PtTrainClassificationModel", f"{_START} epochs {_LOOP} val_loader")
def train_classifier() -> dict[str, Any]:
    """Trains a classifier with the cross entropy of its outputs, one a class.

    Labels are int64 of shape (N,), the numbers of the classes.
    """
    return {"loss_function": nn.CrossEntropyLoss()}


@_trainer("PtTrainClassificationModelLr", f"{_START} scheduler epochs {_LOOP} val_loader")
def train_classifier_by_schedule(scheduler: Annotated[Scheduler, Mutates()]) -> dict[str, Any]:
    """Trains a classifier as PtTrainClassificationModel does, with a learning rate that changes."""
    return {"loss_function": nn.CrossEntropyLoss()}


@_trainer("PtTrainRegressionModel", f"{_START} epochs {_LOOP} val_loader")
def train_regression() -> dict[str, Any]:
    """Trains a model with the mean square of its errors.

    Targets have the shape of the outputs, for one output (N, 1).
    """
    return {"loss_function": nn.MSELoss()}


@_trainer("PtTrainModel", f"{_START} loss_function epochs {_LOOP} scheduler val_loader")
def train_model() -> dict[str, Any]:
    """Trains a model with any loss; outputs and targets go to it as they are."""
    return {}


@_trainer(
    "PtTrainClassificationTransformerModel",
    f"{_START} loss_function epochs {_LOOP} classification_metrics scheduler val_loader "
    "unpack_input",
)
def train_transformer_classifier(
    epochs: TextEpochs = 1,
    classification_metrics: bool = True,
    unpack_input: bool | None = False,
) -> dict[str, Any]:
    """Trains a binary text classifier and gives it back with its losses.

    A batch is (x, y); x is a tensor or a list such as [ids, mask], handed to the model as one
    argument or, with `unpack_input`, as several. Labels of shape (N,) become floats of shape
    (N, 1).
    """
    unpack = bool(unpack_input)
    return {"forward": partial(classify, unpack=unpack), "unpack": unpack}


@_trainer(
    "PtTrainFineTuneClassificationTransformerModel",
    f"{_START} loss_function epochs "
    f"freeze_pretrained_module_epochs {_LOOP} classification_metrics val_loader",
)
def fine_tune_classifier(
    model: Annotated[Model, Mutates()],
    optimizer: Annotated[Optimizer, Mutates()],
    epochs: TextEpochs = 2,
    classification_metrics: bool = True,
    *,
    freeze_pretrained_module_epochs: Annotated[int, Range(1, 1_000_000, tiny=1)] = 1,
) -> dict[str, Any]:
    """Trains the head of a pretrained text classifier first, then all of it.

    The encoder is frozen for `freeze_pretrained_module_epochs` epochs. Then a new Adam or AdamW,
    whichever the given one is, takes over its rate, betas, eps and weight decay, with a fifth of
    the rate for the encoder; it starts without moments and without amsgrad. If there are no more
    epochs, the encoder stays frozen. Batches are as for PtTrainClassificationTransformerModel.
    """
    freeze = freeze_pretrained_module_epochs
    if not all(isinstance(getattr(model, p, None), nn.Module) for p in ("llm_model", "linear")):
        message = f"{type(model).__name__} has no pretrained encoder with a head to train first"
        hint = "PtnHfFineTunedClassificationModel makes such models"
        raise InputError(message, input="model", code="no_pretrained_encoder", hint=hint)
    if epochs > freeze and not isinstance(optimizer, Adam):
        message = f"the encoder is trained with Adam or AdamW, not {type(optimizer).__name__}"
        raise InputError(message, input="optimizer", code="optimizer_not_adam")
    return {"forward": classify, "begin": partial(freeze_or_thaw, freeze)}


@_trainer(
    "PtTrainRNNModel",
    f"model linear_head train_loader optimizer loss_function epochs {_LOOP} classification_metrics "
    "use_valid_token_mean scheduler val_loader h_0",
)
def train_recurrent(
    model: Annotated[Model, Mutates()],
    linear_head: bool = True,
    *,
    epochs: TextEpochs = 1,
    use_valid_token_mean: bool = True,
    h_0: Tensor | None = None,
) -> dict[str, Any]:
    """Trains a recurrent model, with a head or bare.

    With `linear_head` the model answers with the output; targets of shape (N,) become floats of
    shape (N, 1), and of (N, steps, F) the last step is taken. A bare RNN, GRU or LSTM takes
    (N, steps, features); its output is the mean over the steps whose features are not all 0, or
    without `use_valid_token_mean` the last step, and the target's last step has to be of the same
    shape; it is taken twice if the layers go in both directions. `h_0` of shape (layers, N, H), or
    (layers, 1, H) for all rows, is where bare layers start, in every batch; a smaller last batch
    uses the first rows.
    """
    if linear_head and h_0 is not None:
        message = "h_0 is where bare recurrent layers start; a model with a head does not take it"
        raise InputError(message, input="h_0", code="unused_state", hint="turn linear_head off")
    if h_0 is not None and h_0.dim() != 3:
        message = f"h_0 is {described(h_0)}, not of the shape (layers, rows, features)"
        raise InputError(message, input="h_0", code="unfit_state")
    if linear_head:
        return {"forward": last_step}
    if not hasattr(model, "bidirectional") or not getattr(model, "batch_first", True):
        message = f"{type(model).__name__} is no recurrent layer whose first axis are the rows"
        hint = "set batch_first, or linear_head for a model with a head"
        raise InputError(message, input="model", code="not_recurrent", hint=hint)
    found = {"forward": partial(recur, mean=use_valid_token_mean)}
    return found if h_0 is None else {**found, "beside": partial(with_state, h_0)}


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
        slow = {"params": body.parameters(), "lr": kept["lr"] * 0.2}
        move_state(old, torch.device("cpu"))
        with torch.enable_grad():
            job.optimizer = kind([slow, {"params": head.parameters()}], **kept)
