"""Optimizers and schedulers against torch's, over several steps and epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from graphrun_nodes import optimizers as ours
from graphrun_nodes.optimizers import NODES
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim import lr_scheduler as torchs

from graphrun.errors import InputError

OPTIMIZERS: list[tuple[str, dict[str, Any], Callable[..., Optimizer], dict[str, Any]]] = [
    ("PtoAdam", {}, Adam, {"lr": 1e-3, "betas": (0.9, 0.999)}),
    (
        "PtoAdam",
        {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.7},
        Adam,
        {"lr": 0.1, "betas": (0.5, 0.7)},
    ),
    ("PtoAdamW", {}, AdamW, {"lr": 1e-3, "weight_decay": 0.01}),
    (
        "PtoAdamW",
        {"learning_rate": 0.1, "weight_decay": 0.3, "amsgrad": True},
        AdamW,
        {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True},
    ),
    ("PtoSGD", {}, SGD, {"lr": 1e-3}),
    (
        "PtoSGD",
        {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1},
        SGD,
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1},
    ),
    (
        "PtoSGD",
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    ),
    ("PtoSimple", {}, SGD, {"lr": 1e-3}),
    ("PtoSimple", {"learning_rate": 0.25}, SGD, {"lr": 0.25}),
]
SCHEDULERS: list[tuple[str, dict[str, Any], Callable[..., Any], dict[str, Any]]] = [
    ("PtoLrSchedulerCosineAnnealing", {}, torchs.CosineAnnealingLR, {"T_max": 10}),
    (
        "PtoLrSchedulerCosineAnnealing",
        {"num_epochs": 4, "minimum_lr": 0.01},
        torchs.CosineAnnealingLR,
        {"T_max": 4, "eta_min": 0.01},
    ),
    ("PtoLrSchedulerStep", {}, torchs.StepLR, {"step_size": 10, "gamma": 0.1}),
    (
        "PtoLrSchedulerStep",
        {"step_size": 3, "gamma": 0.5},
        torchs.StepLR,
        {"step_size": 3, "gamma": 0.5},
    ),
    (
        "PtoLrSchedulerReduceOnPlateau",
        {},
        torchs.ReduceLROnPlateau,
        {"mode": "min", "factor": 0.1, "patience": 10},
    ),
    (
        "PtoLrSchedulerReduceOnPlateau",
        {"grace_period": 0, "gamma": 0.5},
        torchs.ReduceLROnPlateau,
        {"factor": 0.5, "patience": 0, "threshold": 1e-4},
    ),
]


def model() -> nn.Sequential:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def learn(made: nn.Module, optimizer: Optimizer, steps: int = 6) -> list[torch.Tensor]:
    torch.manual_seed(5)
    for _ in range(steps):
        optimizer.zero_grad()
        made(torch.randn(8, 3)).square().mean().backward()
        optimizer.step()
    return list(made.parameters())


def test_no_row_is_left_out() -> None:
    assert NODES.keys() == {name for name, *_ in (*OPTIMIZERS, *SCHEDULERS)}


@pytest.mark.parametrize(("name", "given", "plain", "same"), OPTIMIZERS)
def test_steps_are_torchs(name: str, given: Any, plain: Any, same: Any) -> None:
    own, other = model(), model()
    with torch.no_grad():  # as the engine calls nodes
        optimizer = NODES[name](own, **given)
    found, expected = learn(own, optimizer), learn(other, plain(other.parameters(), **same))
    assert all(one.equal(two) for one, two in zip(found, expected, strict=True))
    assert not any(one.equal(two) for one, two in zip(found, model().parameters(), strict=True))


@pytest.mark.parametrize(("name", "given", "plain", "same"), SCHEDULERS)
@pytest.mark.parametrize("optimizer", ["PtoAdam", "PtoSGD", "PtoSimple"])
def test_rates_are_torchs(name: str, given: Any, plain: Any, same: Any, optimizer: str) -> None:
    own, other = (NODES[optimizer](model(), 0.3) for _ in range(2))
    found, expected = NODES[name](own, **given), plain(other, **same)
    assert type(found) is type(expected)
    losses = [3.0, 2.0, 2.0, 2.0, 2.5, 1.0, *[1.0] * 18]
    for epoch, loss in enumerate(losses):
        own.step(), other.step()
        by_loss = (loss,) if isinstance(found, torchs.ReduceLROnPlateau) else ()
        found.step(*by_loss), expected.step(*by_loss)
        assert own.param_groups[0]["lr"] == other.param_groups[0]["lr"], epoch
    assert own.param_groups[0]["lr"] < 0.3


@pytest.mark.parametrize("name", ["PtoAdam", "PtoAdamW", "PtoSGD", "PtoSimple"])
def test_all_parameters_are_in_one_group_frozen_ones_too(name: str) -> None:
    made = model()
    made[0].requires_grad_(False)
    before = [p.clone() for p in made.parameters()]
    optimizer = NODES[name](made, 0.1)
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [
        id(p) for p in made.parameters()
    ]
    after = learn(made, optimizer)
    assert [one.equal(two) for one, two in zip(before, after, strict=True)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", ["PtoAdam", "PtoAdamW", "PtoSGD", "PtoSimple"])
def test_a_model_without_parameters(name: str) -> None:
    with pytest.raises(InputError, match="no parameters to train") as caught:
        NODES[name](nn.Flatten())
    assert caught.value.input == "model"


def test_plain_descent_keeps_only_the_rate_and_takes_no_closure() -> None:
    optimizer = ours.plain_descent(model(), 0.5)
    assert optimizer.param_groups[0].keys() == {"params", "lr"}
    assert optimizer.defaults == {"lr": 0.5}
    with pytest.raises(TypeError):
        optimizer.step(lambda: 0.0)


@pytest.mark.parametrize("name", ["PtoAdam", "PtoAdamW"])
@pytest.mark.parametrize("beta", ["beta1", "beta2"])
def test_betas_are_below_1(name: str, beta: str) -> None:
    with pytest.raises(InputError, match=f"{beta} has to be below 1, not 1.0") as caught:
        NODES[name](model(), **{beta: 1.0})
    assert (caught.value.input, caught.value.code) == (beta, "value_bigger_than_max")


def test_gamma_is_below_1_on_a_plateau() -> None:
    with pytest.raises(InputError, match="gamma has to be below 1") as caught:
        ours.reduce_on_plateau(ours.sgd(model()), gamma=1.0)
    assert (caught.value.input, caught.value.code) == ("gamma", "value_bigger_than_max")
    assert ours.step_schedule(ours.sgd(model()), gamma=1.0).gamma == 1.0


def test_schedules_take_an_epoch_or_more() -> None:
    for name, make in (("num_epochs", ours.cosine_annealing), ("step_size", ours.step_schedule)):
        with pytest.raises(InputError, match=f"{name} has to be 1 or more, not 0") as caught:
            make(ours.sgd(model()), **{name: 0})
        assert (caught.value.input, caught.value.code) == (name, "value_smaller_than_min")


@pytest.mark.parametrize("given", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(given: dict[str, float]) -> None:
    with pytest.raises(InputError, match="nesterov with a momentum of") as caught:
        ours.sgd(model(), nesterov=True, **given)
    assert (caught.value.input, caught.value.code) == ("nesterov", "invalid_parameters")
    assert "above 0" in str(caught.value.hint)


def test_a_longer_training_makes_the_cosine_rise_again() -> None:
    optimizer = ours.sgd(model(), 0.4)
    scheduler = ours.cosine_annealing(optimizer, 3)
    rates = []
    for _ in range(6):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[2] == pytest.approx(0, abs=1e-12)
    assert rates[5] == pytest.approx(0.4)
