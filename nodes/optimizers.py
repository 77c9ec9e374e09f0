"""Optimizers over all parameters of a model, and schedulers of their learning rates."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import nn
from torch.optim import lr_scheduler

from graphrun.node import InputError, Nodes, Range

from ._types import Model, Optimizer, Scheduler

NODES = Nodes(category="Training", spaced=True)

Rate = Annotated[float, Range(1e-10, 1, 1e-10)]
Gamma = Annotated[float, Range(1e-6, 1.0, 1e-8)]
Count = Annotated[int, Range(1, 100_000_000)]


@NODES.node("PtoAdam")
def adam(
    model: Model,
    learning_rate: Rate = 0.001,
    *,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
) -> Optimizer:
    """Adam over all parameters of the model, without weight decay; eps is 1e-8.

    Raises:
        InputError: the model has no parameters, or a beta is not below 1.
    """
    betas = _betas(beta1, beta2)
    with torch.enable_grad():
        return torch.optim.Adam(_parameters(model), lr=learning_rate, betas=betas)


@NODES.node("PtoAdamW", title="Pto AdamW")
def adam_w(
    model: Model,
    learning_rate: Rate = 0.001,
    *,
    beta1: Rate = 0.9,
    beta2: Rate = 0.999,
    weight_decay: Annotated[float, Range(0.0, 1.0, 1e-10)] = 0.01,
    amsgrad: bool = False,
) -> Optimizer:
    """AdamW over all parameters of the model: Adam with decoupled weight decay; eps is 1e-8.

    `amsgrad` keeps the largest second moment seen, so that steps never grow again.

    Raises:
        InputError: the model has no parameters, or a beta is not below 1.
    """
    betas = _betas(beta1, beta2)
    with torch.enable_grad():
        return torch.optim.AdamW(
            _parameters(model),
            lr=learning_rate,
            betas=betas,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
        )


@NODES.node("PtoLrSchedulerCosineAnnealing")
def cosine_annealing(
    optimizer: Optimizer,
    num_epochs: Count = 10,
    *,
    minimum_lr: Annotated[float, Range(0, 1.0, 1e-9)] = 0.0,
) -> Scheduler:
    """Lowers the learning rate along half a cosine, from its start to `minimum_lr`.

    It is reached after `num_epochs` epochs; a longer training makes the rate rise again.
    """
    with torch.enable_grad():
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=num_epochs, eta_min=minimum_lr)


@NODES.node("PtoLrSchedulerStep")
def step_schedule(optimizer: Optimizer, step_size: Count = 10, *, gamma: Gamma = 0.1) -> Scheduler:
    """Multiplies the learning rate by `gamma` after every `step_size` epochs."""
    with torch.enable_grad():
        return lr_scheduler.StepLR(optimizer, step_size=step_size, gamma=gamma)


@NODES.node("PtoLrSchedulerReduceOnPlateau")
def reduce_on_plateau(
    optimizer: Optimizer,
    grace_period: Annotated[int, Range(0, 100_000_000)] = 10,
    *,
    gamma: Gamma = 0.1,
) -> Scheduler:
    """Multiplies the learning rate by `gamma` when the validation loss stalls.

    It stalls when it has not fallen by 1e-4 of its value for more than `grace_period` epochs. The
    training node needs a validation loader with it.

    Raises:
        InputError: `gamma` is 1, which would change nothing.
    """
    if gamma >= 1:
        raise InputError("gamma has to be below 1", input="gamma", code="value_bigger_than_max")
    with torch.enable_grad():
        return lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="min", factor=gamma, patience=grace_period
        )


def _parameters(model: nn.Module) -> list[nn.Parameter]:
    found = list(model.parameters())
    if not found:
        raise InputError("the model has no parameters to train", input="model")
    return found


def _betas(beta1: float, beta2: float) -> tuple[float, float]:
    for name, value in (("beta1", beta1), ("beta2", beta2)):
        if value >= 1:
            message = f"{name} has to be below 1, not {value}"
            raise InputError(message, input=name, code="value_bigger_than_max")
    return beta1, beta2
