"""Figures of a trained model, and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import torch
from torch import nn

from graphrun.node import InputError, Nodes, Socket, metric, notice, progress, settings

from ._device import pick_device
from ._fitting import memory
from ._fitting.batches import batches, blaming, on, without_gradients
from ._fitting.figures import MOST_CLASSES, confusion, of_classes
from ._fitting.precision import Precision
from ._torch import described
from ._types import Loader, Model, Tensor

NODES = Nodes(category="Training", spaced=True)

Call = Callable[[Any], Any]
"""A model, or what answers in its place."""


@NODES.node(
    "PtEvaluateClassificationModel",
    outputs=("accuracy", "precision", "recall", "f1", "num_samples"),
)
def evaluate_classifier(
    model: Model, data_loader: Loader, use_gpu: bool = False
) -> tuple[float, float, float, float, int]:
    """Runs a classifier over all batches and compares its answers with the labels.

    The class of the largest output (N, classes) is the answer; labels have the shape (N,).
    Precision, recall and F1 are unweighted means over the classes that occur among labels and
    answers; what would be divided by 0 counts as 0. The confusion matrix is in the report. The
    model computes in the precision of the run, and comes back as it was.

    Raises:
        InputError: the loader gives no batches, or one that the model cannot take or that does not
            fit into memory.
    """
    answers, labels = [], []
    with _evaluating(model, use_gpu) as (device, call):
        for number, (x, y) in enumerate(batches("data_loader", data_loader), 1):
            output = _answer(call, on(device, x), "data_loader", y)
            answers.append(output.argmax(1).cpu())
            labels.append(y.cpu())
            progress(number, len(data_loader))
    if not labels:
        raise InputError("data_loader gives no batches", input="data_loader", code="no_batches")
    if output.shape[1] == 1:
        notice("every answer is class 0: the model has one output", code="one_class", input="model")
    said, meant = torch.cat(answers), torch.cat(labels)
    figures = macro_figures(said, meant)
    metric(**figures, **_table(said, meant, output.shape[1]))
    return *figures.values(), len(meant)  # type: ignore[return-value]


def _table(answers: torch.Tensor, labels: torch.Tensor, outputs: int) -> dict[str, list[list[int]]]:
    """`confusion`, unless labels are no numbers of classes, or there are too many of them."""
    classes = max(outputs, int(labels.max()) + 1)
    if labels.is_floating_point() or labels.min() < 0 or classes > MOST_CLASSES:
        return {}
    return {"confusion": confusion(answers, labels.long(), classes).tolist()}


def macro_figures(answers: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Accuracy and unweighted means of the classes' figures, from classes (N,) of both."""
    classes, index = torch.unique(torch.cat([labels, answers]), return_inverse=True)
    matrix = confusion(*reversed(index.chunk(2)), len(classes))
    for what, count in (("answer", matrix.sum(0)), ("label", matrix.sum(1))):
        if 0 in count:
            some = ", ".join(map(str, classes[count == 0][:10].tolist()))
            message = f"no {what} of {some}: what cannot be divided counts as 0 in the means"
            notice(message, code="undefined_figure")
    return of_classes(matrix)


@NODES.node("PtPredictClassificationModel", outputs=("class_name", "class_id", "probability"))
def predict_class(
    model: Model,
    inputs: Tensor,
    class_id_to_name_map: Annotated[dict[Any, Any], Socket("PYDICT")],
    use_gpu: bool = False,
) -> tuple[str, int, float]:
    """The class of one sample, which comes without a batch axis, and how probable it is.

    The probability is the softmax of the model's largest output; of an answer with several rows
    the first is taken. The map goes from the numbers of the classes to their names.

    Raises:
        InputError: the model cannot take the sample, or the map lacks the class.
    """
    with _evaluating(model, use_gpu) as (device, call):
        row = _answer(call, on(device, inputs.unsqueeze(0)), "inputs")[0].cpu()
    found = int(row.argmax())
    if found not in class_id_to_name_map:
        keys = ", ".join(map(repr, class_id_to_name_map)) or "nothing"
        message = f"the map has no name for the class {found}; it has {keys}"
        hint = 'write numbers as keys, as in {0: "cat", 1: "dog"}'
        raise InputError(message, input="class_id_to_name_map", code="unknown_class", hint=hint)
    return str(class_id_to_name_map[found]), found, float(row.softmax(0)[found])


@NODES.node("PtPredictRegressionModel", outputs=("y_hat",))
def predict(model: Model, inputs: Tensor, use_gpu: bool = False) -> Tensor:
    """What a model answers for a batch, as it is.

    A tensor of shape (N,) goes in as a column (N, 1).

    Raises:
        InputError: the model cannot take the batch, or answers with more than a tensor.
    """
    x = inputs.unsqueeze(1) if inputs.dim() == 1 else inputs
    with _evaluating(model, use_gpu) as (device, call):
        found = _answer(call, on(device, x), "inputs", rank=None).cpu()
    return found.clone()  # what is made in inference mode cannot be trained with


@contextmanager
def _evaluating(model: nn.Module, use_gpu: bool) -> Iterator[tuple[torch.device, Call]]:
    """The model in evaluation mode on a device, for a while; then as it was, on the CPU.

    It is called in the precision of the run, and without gradients.
    """
    modes, device = [(module, module.training) for module in model.modules()], pick_device(use_gpu)
    precision = Precision.pick(device, settings().precision)
    if precision.name != "fp32":
        said = f"numbers are computed in {precision.name}: {precision.reason}"
        notice(said, code="way_of_computing", severity="info", once=True)
    try:
        with memory.suffices(device), precision.switched():
            model.eval().to(device)
            with without_gradients(model):
                yield device, precision.around(model)
    finally:
        model.to("cpu")
        for module, mode in modes:
            module.training = mode


def _answer(
    model: Call, x: Any, name: str, y: torch.Tensor | None = None, *, rank: int | None = 2
) -> torch.Tensor:
    """The model's output for x, with one row of outputs a row, and a label a row."""
    with memory.whole(x, name), blaming(name, x, y) as answers:
        if not isinstance(x, torch.Tensor):
            raise ValueError("x has to be one tensor; texts with a mask are judged in training")
        output = model(x)
        answers.append(output)
        if not isinstance(output, torch.Tensor) or rank not in (None, output.dim()):
            wanted = "a tensor" if rank is None else "a tensor (rows, classes)"
            message = f"the model answers {described(x)} with {described(output)}, not {wanted}"
            raise InputError(message, input="model", code="unfit_answer")
        if y is not None and y.shape != output.shape[:1]:
            raise ValueError("labels are one number a row")
    return output
