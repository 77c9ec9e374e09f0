"""Loss functions, called as `loss(prediction, target)`."""

from __future__ import annotations

from typing import Literal

from torch import nn

from graphrun.node import Nodes

from ._types import Loss

NODES = Nodes(category="Training", spaced=True)


@NODES.node("PtnBCEWithLogitsLoss")
def bce_with_logits_loss(reduction: Literal["mean", "sum", "none"]) -> Loss:
    """Binary cross entropy of logits.

    Prediction and target have one shape; targets are floats in 0..1. `mean` gives the average in
    nats, `sum` the total, `none` one value an element, which no training node can use.
    """
    return nn.BCEWithLogitsLoss(reduction=reduction)
