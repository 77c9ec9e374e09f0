"""Optimizers over all parameters of a model, and schedulers of their learning rates."""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
from torch.optim import lr_scheduler

from graphrun.node import InputError, Nodes, Range

from ._types import Model, Optimizer, Scheduler

NODES = Nodes(category="Training", spaced=True)

Rate = Annotated[float, Range(1e-10, 1, 1e-10)]
Part = Annotated[float, Range(0.0, 1.0, 1e-10)]
Gamma = Annotated[float, Range(1e-6, 1.0, 1e-8)]
Minimum = Annotated[float, Range(0, 1.0, 1e-9)]
Count = Annotated[int, Range(1, 100_000_000)]
Patience = Annotated[int, Range(0, 100_000_000)]


class PlainDescent(torch.optim.Optimizer):
    """Gradient descent and nothing else; `step` takes no closure."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-group["lr"])


@NODES.node("PtoAdam")
def adam(
    model: Model, learning_rate: Rate = 0.001, *, beta1: Rate = 0.9, beta2: Rate = 0.999
) -> Optimizer:
    """Adam over all parameters of the model, without weight decay. Betas are below 1."""
    betas = _within(0, 1, beta1=beta1, beta2=beta2)
    return _over(model, torch.optim.Adam, lr=learning_rate, betas=betas)


@NODES.node("PtoAdamW", title="Pto AdamW")
def adam_w(
    model: Model, learning_rate: Rate = 0.001, *, beta1: Rate = 0.9, beta2: Rate = 0.999,
    weight_decay: Part = 0.01, amsgrad: bool = False,
) -> Optimizer:  # fmt: skip
    """Adam with decoupled weight decay. With `amsgrad` the second moment never falls."""
    more = {"weight_decay": weight_decay, "amsgrad": amsgrad}
    betas = _within(0, 1, beta1=beta1, beta2=beta2)
    return _over(model, torch.optim.AdamW, lr=learning_rate, betas=betas, **more)


@NODES.node("PtoSGD")
def sgd(
    model: Model, learning_rate: Rate = 0.001, *, momentum: Part = 0.0, dampening: Part = 0.0,
    weight_decay: Part = 0.0, nesterov: bool = False,
) -> Optimizer:  # fmt: skip
    """Gradient descent. `nesterov` needs a `momentum` above 0 and a `dampening` of 0."""
    if nesterov and (momentum <= 0 or dampening != 0):
        message = f"nesterov with a momentum of {momentum} and a dampening of {dampening}"
        hint = "give it a momentum above 0 and a dampening of 0"
        raise InputError(message, input="nesterov", code="invalid_parameters", hint=hint)
    more = {"dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    return _over(model, torch.optim.SGD, lr=learning_rate, momentum=momentum, **more)


@NODES.node("PtoSimple")
def plain_descent(model: Model, learning_rate: Rate = 0.001) -> Optimizer:
    """Plain gradient descent: each step subtracts `learning_rate` times the gradient."""
    return _over(model, PlainDescent, lr=learning_rate)


@NODES.node("PtoLrSchedulerCosineAnnealing")
def cosine_annealing(
    optimizer: Optimizer, num_epochs: Count = 10, *, minimum_lr: Minimum = 0.0
) -> Scheduler:
    """Lowers the rate along half a cosine, in `num_epochs` epochs; after them it rises again."""
    _within(1, math.inf, num_epochs=num_epochs)
    return lr_scheduler.CosineAnnealingLR(optimizer, num_epochs, minimum_lr)


@NODES.node("PtoLrSchedulerStep")
def step_schedule(optimizer: Optimizer, step_size: Count = 10, *, gamma: Gamma = 0.1) -> Scheduler:
    """Multiplies the learning rate by `gamma` after every `step_size` epochs."""
    _within(1, math.inf, step_size=step_size)
    return lr_scheduler.StepLR(optimizer, step_size, gamma)


@NODES.node("PtoLrSchedulerReduceOnPlateau")
def reduce_on_plateau(
    optimizer: Optimizer, grace_period: Patience = 10, *, gamma: Gamma = 0.1
) -> Scheduler:
    """Multiplies the learning rate by `gamma`, below 1, when the validation loss stalls.

    It stalls when it has not fallen by 1e-4 of its value for more than `grace_period` epochs.
    """
    _within(0, 1, gamma=gamma)
    return lr_scheduler.ReduceLROnPlateau(optimizer, factor=gamma, patience=grace_period)


def _over(model: Model, kind: Any, **settings: Any) -> Any:
    parameters = list(model.parameters())
    if not parameters:
        raise InputError("the model has no parameters to train", input="model")
    with torch.enable_grad():
        return kind(parameters, **settings)


def _within(low: float, high: float, **values: float) -> tuple[float, ...]:
    """Values that torch can use. It may divide by those of schedulers, but only after an epoch."""
    for name, value in values.items():
        if not low <= value < high:
            less, what = value < low, f"{low} or more" if value < low else f"below {high}"
            code = "value_smaller_than_min" if less else "value_bigger_than_max"
            raise InputError(f"{name} has to be {what}, not {value}", input=name, code=code)
    return tuple(values.values())
