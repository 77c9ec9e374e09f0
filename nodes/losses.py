"""Loss functions, called as `loss(prediction, target)`."""

from __future__ import annotations

import warnings
from typing import Annotated, Literal

from torch import nn

from graphrun.node import Nodes, Range, notice

from ._refused import refusals
from ._types import Loss, Tensor

NODES = Nodes(category="Training", spaced=True)

Reduction = Literal["mean", "sum", "none"]
Threshold = Annotated[float, Range(0, 1e9, 1e-10)]

_SAME = "Prediction and target have one shape"


@NODES.table(
    {
        "PtnBCELoss": (
            nn.BCELoss,
            f"Binary cross entropy of probabilities.\n\n{_SAME}; both are floats in 0..1.",
        ),
        "PtnBCEWithLogitsLoss": (
            nn.BCEWithLogitsLoss,
            f"Binary cross entropy of logits.\n\n{_SAME}; targets are floats in 0..1.",
        ),
        "PtnCrossEntropyLoss": (
            nn.CrossEntropyLoss,
            "Cross entropy of logits (N, C).\n\nTargets are int64 class ids (N,) or probabilities "
            "(N, C).",
        ),
        "PtnL1Loss": (nn.L1Loss, f"Absolute difference.\n\n{_SAME}."),
        "PtnMSELoss": (nn.MSELoss, f"Squared difference.\n\n{_SAME}."),
        "PtnNLLLoss": (
            nn.NLLLoss,
            "Negative log likelihood of log probabilities (N, C).\n\nTargets are int64 class ids "
            "(N,).",
        ),
    }
)
def loss(kind: type[nn.Module], reduction: Reduction) -> Loss:
    """`mean` gives the average (of logarithms: in nats), `sum` the total, `none` one value an
    element, which no training node can use.
    """
    return kind(reduction=reduction)


bce_with_logits_loss = NODES["PtnBCEWithLogitsLoss"]


@NODES.node("PtnHuberLoss")
def huber_loss(reduction: Reduction, delta: Threshold = 1.0) -> Loss:
    """Half the squared difference d up to `delta`, then `delta * (d - delta / 2)`.

    `reduction` is as in PtnMSELoss. A `delta` of 0 is refused when the loss is computed.
    """
    return nn.HuberLoss(reduction=reduction, delta=delta)


@NODES.node("PtnSmoothL1Loss")
def smooth_l1_loss(reduction: Reduction, beta: Threshold = 1.0) -> Loss:
    """The squared difference over `2 * beta` up to `beta`, then the difference less `beta / 2`.

    `reduction` is as in PtnL1Loss. A `beta` of 0 makes it that loss.
    """
    return nn.SmoothL1Loss(reduction=reduction, beta=beta)


@NODES.node("PtnKLDivLoss", title="Ptn KL Div Loss")
def kl_div_loss(
    reduction: Literal["batchmean", "mean", "sum", "none"], log_target: bool = False
) -> Loss:
    """Kullback-Leibler divergence of log probabilities from a target, in nats.

    The target has probabilities, or their logarithms with `log_target`. `batchmean`, the sum over
    the rows' number, is the divergence; `mean` also divides by the number of classes.
    """
    return nn.KLDivLoss(reduction=reduction, log_target=log_target)


@NODES.node("PtComputeLoss")
def compute_loss(input_tens: Tensor, target_tens: Tensor, loss: Loss) -> Tensor:
    """The loss of predictions and targets: one number, or many with the reduction `none`.

    What torch warns of, such as shapes that differ and are broadcast, is noted.

    Raises:
        InputError: shapes, dtypes or values are not what the loss wants.
    """
    with (
        refusals(
            type(loss).__name__, input="input_tens", code="loss_failed",
            input_tens=input_tens, target_tens=target_tens,
        ),
        warnings.catch_warnings(record=True) as caught,
    ):  # fmt: skip
        warnings.simplefilter("always")
        found: Tensor = loss(input_tens, target_tens)
    for one in caught:
        notice(" ".join(str(one.message).split()), code="torch_warning", input="target_tens")
    return found
