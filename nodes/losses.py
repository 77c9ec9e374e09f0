"""Loss functions, called as `loss(prediction, target)`."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Annotated, Literal

from torch import nn

from graphrun.node import Nodes, Range, notice

from ._torch import refusals
from ._types import Loss, Tensor

NODES = Nodes(category="Training", spaced=True)

Reduction = Literal["mean", "sum", "none"]
Threshold = Annotated[float, Range(0, 1e9, 1e-10)]


@NODES.table(
    {
        "PtnBCELoss": (nn.BCELoss, "Binary cross entropy of probabilities."),
        "PtnBCEWithLogitsLoss": (nn.BCEWithLogitsLoss, "Binary cross entropy of logits."),
        "PtnCrossEntropyLoss": (nn.CrossEntropyLoss, "Cross entropy of logits (N, C) and classes."),
        "PtnL1Loss": (nn.L1Loss, "Absolute difference of prediction and target."),
        "PtnMSELoss": (nn.MSELoss, "Squared difference of prediction and target."),
        "PtnNLLLoss": (nn.NLLLoss, "Loss of log probabilities (N, C) and classes."),
    }
)
def loss(kind: type[nn.Module], reduction: Reduction) -> Loss:
    """Classes are int64 ids (N,), or probabilities (N, C) for cross entropy; other targets have the
    prediction's shape, and are floats in 0..1 for binary ones. `mean` is the average, in nats where
    it is one of logarithms, `sum` the total; `none` is of no use to training nodes.
    """
    return kind(reduction=reduction)


bce_with_logits_loss = NODES["PtnBCEWithLogitsLoss"]


@NODES.node("PtnHuberLoss")
def huber_loss(reduction: Reduction, delta: Threshold = 1.0) -> Loss:
    """Half the squared difference d up to `delta` (not 0), then `delta * (d - delta / 2)`."""
    return nn.HuberLoss(reduction=reduction, delta=delta)


@NODES.node("PtnSmoothL1Loss")
def smooth_l1_loss(reduction: Reduction, beta: Threshold = 1.0) -> Loss:
    """The squared difference over `2 * beta` up to `beta`, then the difference less `beta / 2`."""
    return nn.SmoothL1Loss(reduction=reduction, beta=beta)


@NODES.node("PtnKLDivLoss")
def kl_div_loss(
    reduction: Literal["batchmean", "mean", "sum", "none"], log_target: bool = False
) -> Loss:
    """Divergence of log probabilities from probabilities, or from their logarithms (`log_target`).
    `batchmean` is the mean over rows, in nats; `mean` also divides by the number of classes.
    """
    return nn.KLDivLoss(reduction=reduction, log_target=log_target)


@NODES.node("PtComputeLoss")
def compute_loss(input_tens: Tensor, target_tens: Tensor, loss: Loss) -> Tensor:
    """The loss of predictions and targets. What torch warns of, as of broadcasting, is noted."""
    both = {"input_tens": input_tens, "target_tens": target_tens}
    with warnings.catch_warnings(record=True, action="always") as caught:
        call = partial(loss, *both.values())
        found: Tensor = refusals(type(loss).__name__, "target_tens", call, **both)
    for one in caught:
        notice(" ".join(str(one.message).split()), code="torch_warning", input="target_tens")
    return found
