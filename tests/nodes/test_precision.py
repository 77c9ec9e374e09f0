"""Precisions on the CPU: what each computes, and that fp32 is what torch does without them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from graphrun_nodes._fitting.fused import fuse, unfuse
from graphrun_nodes._fitting.precision import Precision
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from graphrun.errors import InputError

CPU = torch.device("cpu")
BCE = nn.BCEWithLogitsLoss()


def net(width: int = 64) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(8, width), nn.GELU(), nn.LayerNorm(width), nn.Linear(width, 1))


def rows() -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(4)
    x = torch.randn(32, 8, generator=made)
    return x, (x[:, :1] > 0).float()


def gradient(model: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def steps(model: nn.Module, precision: Precision, number: int = 5) -> Optimizer:
    x, y = rows()
    optimizer = AdamW(model.parameters(), lr=1e-3)
    call = precision.around(model)
    with precision.switched():
        for _ in range(number):
            optimizer.zero_grad()
            precision.backward(BCE(call(x), y))
            precision.step(optimizer)
    return optimizer


def test_fp32_is_what_torch_does_without_it() -> None:
    plain, given = net(), net()
    x, y = rows()
    optimizer = AdamW(plain.parameters(), lr=1e-3)
    for _ in range(5):
        optimizer.zero_grad()
        BCE(plain(x), y).backward()
        optimizer.step()
    precision = Precision.pick(CPU, "fp32")
    assert precision.around(given) is given
    steps(given, precision)
    assert all(map(torch.equal, plain.state_dict().values(), given.state_dict().values()))
    assert precision.state() == {}


@pytest.mark.parametrize(("name", "error"), [("bf16", 2e-2), ("fp16", 2e-3)])
def test_narrow_gradients_are_near_those_of_fp32(name: str, error: float) -> None:
    x, y = rows()
    exact, model = net(), net()
    BCE(exact(x), y).backward()
    precision = Precision.pick(CPU, name)
    answers = precision.around(model)(x)
    precision.backward(BCE(answers, y))
    scale = precision.state().get("scale", 1.0)
    assert answers.dtype == torch.float32
    assert answers.shape == (32, 1)
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in model.parameters())
    found, expected = gradient(model) / scale, gradient(exact)
    difference = ((found - expected).norm() / expected.norm()).item()
    assert 0 < difference < error


def test_a_narrow_training_ends_near_that_of_fp32() -> None:
    losses = {}
    x, y = rows()
    for name in ("fp32", "bf16", "fp16"):
        model = net()
        steps(model, Precision.pick(CPU, name), 60)
        losses[name] = BCE(model(x), y).item()
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.05)
    assert losses["fp16"] == pytest.approx(losses["fp32"], rel=0.05)


def test_what_a_call_gives_is_widened_and_the_rest_left_alone() -> None:
    labels = torch.tensor([1, 2])
    precision = Precision.pick(CPU, "bf16")
    linear = nn.Linear(3, 2)
    given: Any = precision.around(lambda x: (linear(x), [linear(x)], labels, "word"))
    output, listed, same, word = given(torch.ones(1, 3))
    assert output.dtype == listed[0].dtype == torch.float32
    assert same is labels
    assert word == "word"


def test_a_step_that_is_not_finite_is_left_out_in_fp16() -> None:
    model = nn.Linear(2, 1)
    before = copy.deepcopy(model.state_dict())
    precision = Precision.pick(CPU, "fp16")
    optimizer = SGD(model.parameters(), lr=0.1)
    precision.backward(model(torch.tensor([[1e38, 1.0]])).sum() * 1e5)
    scale = precision.state()["scale"]
    precision.step(optimizer)
    assert all(map(torch.equal, before.values(), model.state_dict().values()))
    assert precision.state()["scale"] == scale / 2


@pytest.mark.parametrize("name", ["fp32", "fp16"])
def test_norms_are_clipped_of_gradients_without_their_scale(name: str) -> None:
    model = nn.Linear(4, 1)
    precision = Precision.pick(CPU, name)
    precision.backward(model(torch.full((1, 4), 2.0)).sum())
    norms: list[Tensor] = []
    optimizer = SGD(model.parameters(), lr=1.0)
    before = model.weight.detach().clone()
    clip: Callable[[], object] = lambda: norms.append(  # noqa: E731
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    )
    precision.step(optimizer, clip)
    assert norms[0].item() == pytest.approx(17**0.5)
    moved = (before - model.weight).detach().flatten()
    torch.testing.assert_close(moved, torch.full((4,), 2 / 17**0.5))


def test_the_scale_goes_on_where_it_was_left() -> None:
    one, other = net(), net()
    through, first = Precision.pick(CPU, "fp16"), Precision.pick(CPU, "fp16")
    assert through.scaler is not None
    assert first.scaler is not None
    for scaler in (through.scaler, first.scaler):
        scaler.set_growth_interval(4)
    x, y = rows()
    ones, others = AdamW(one.parameters()), AdamW(other.parameters())
    precisions = [through] * 7, [first] * 3
    for model, optimizer, line in zip((one, other), (ones, others), precisions, strict=True):
        for precision in line:
            optimizer.zero_grad()
            precision.backward(BCE(precision.around(model)(x), y))
            precision.step(optimizer)
    second = Precision.pick(CPU, "fp16")
    second.load_state(first.state())
    for _ in range(4):
        others.zero_grad()
        second.backward(BCE(second.around(other)(x), y))
        second.step(others)
    assert second.state() == through.state() != Precision.pick(CPU, "fp16").state()
    assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_a_state_of_another_precision_is_passed_over() -> None:
    exact, scaled = Precision.pick(CPU, "fp32"), Precision.pick(CPU, "fp16")
    exact.load_state(scaled.state())
    scaled.load_state(exact.state())
    assert exact.state() == {}
    assert scaled.state()["scale"] == 65536


def test_auto_on_a_cpu_follows_its_instructions() -> None:
    found = Precision.pick(CPU)
    amx = torch.cpu.get_capabilities().get("amx_bf16", False)
    assert found.name == ("bf16" if amx else "fp32")
    assert "this CPU" in found.reason


@pytest.mark.parametrize(
    ("device", "name", "words"),
    [
        ("cpu", "tf32", "tf32 is a format of NVIDIA's GPUs, and this is computed on cpu"),
        ("mps", "tf32", "tf32 is a format of NVIDIA's GPUs, and this is computed on mps"),
        ("meta", "bf16", "can train in on meta"),
        ("cpu", "fp8", "fp8 is none of auto, fp32, tf32, bf16, fp16"),
    ],
)
def test_what_a_device_cannot_do_is_refused(device: str, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        Precision.pick(torch.device(device), name)
    assert raised.value.code == "precision_unavailable"


def test_the_switches_of_gpus_stay_where_they_are_on_a_cpu() -> None:
    before = torch.backends.cuda.matmul.fp32_precision
    with Precision.pick(CPU, "bf16").switched():
        assert torch.backends.cuda.matmul.fp32_precision == before


@pytest.mark.parametrize(("name", "matmul"), [("tf32", True), ("fp32", False), ("bf16", False)])
def test_the_switches_of_gpus_are_put_back(name: str, matmul: bool) -> None:
    """They can be set without a GPU too."""
    parts = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn
    before = [part.fp32_precision for part in parts]
    precision = Precision(name, torch.device("cuda"), "")
    with precision.switched():
        assert torch.backends.cuda.matmul.allow_tf32 is matmul
        assert torch.backends.cudnn.allow_tf32 is matmul
        assert (torch.get_float32_matmul_precision() == "high") is matmul
    assert [part.fp32_precision for part in parts] == before
    assert torch.get_float32_matmul_precision() == "highest"


OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "adam": lambda p: Adam(p, lr=1e-2, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, lr=1e-2),
    "amsgrad": lambda p: AdamW(p, lr=1e-2, amsgrad=True),
    "maximize": lambda p: AdamW(p, lr=1e-2, maximize=True),
    "sgd": lambda p: SGD(p, lr=1e-2),
    "nesterov": lambda p: SGD(p, lr=1e-2, momentum=0.9, nesterov=True),
}


def descend(model: nn.Module, optimizer: Optimizer, number: int) -> None:
    x, y = rows()
    for _ in range(number):
        optimizer.zero_grad()
        BCE(model(x), y).backward()
        optimizer.step()


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_fused_steps_are_the_same_to_rounding(kind: str) -> None:
    plain, model = net(), net()
    usual, fused = (OPTIMIZERS[kind](m.parameters()) for m in (plain, model))
    descend(plain, usual, 3)
    descend(model, fused, 3)
    assert fuse(model, fused)
    assert fused.param_groups[0]["fused"] is True
    descend(plain, usual, 5)
    descend(model, fused, 5)
    unfuse(fused)
    for one, other in zip(plain.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    descend(plain, usual, 2)
    descend(model, fused, 2)
    for one, other in zip(plain.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_afterwards_the_optimizer_is_as_it_was(kind: str) -> None:
    model = net()
    usual, fused = (OPTIMIZERS[kind](model.parameters()) for _ in range(2))
    fuse(model, fused)
    unfuse(fused)
    assert fused.state_dict() == usual.state_dict()
    assert fused.defaults == usual.defaults


def test_a_state_that_was_kept_meanwhile_goes_on() -> None:
    through, first, second = net(), net(), net()
    one, two, three = (AdamW(m.parameters(), lr=1e-2) for m in (through, first, second))
    fuse(through, one)
    descend(through, one, 6)
    fuse(first, two)
    descend(first, two, 4)
    second.load_state_dict(first.state_dict())
    three.load_state_dict(copy.deepcopy(two.state_dict()))
    assert fuse(second, three)
    descend(second, three, 2)
    assert all(map(torch.equal, through.state_dict().values(), second.state_dict().values()))
    unfuse(three)
    assert three.param_groups[0]["fused"] is None


class Twisted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 6).t())


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (nn.Linear(2, 1), lambda p: AdamW(p, foreach=True)),
        (nn.Linear(2, 1), lambda p: Adam(p, differentiable=True)),
        (nn.Linear(2, 1), lambda p: Adam(p, capturable=True)),
        (nn.Linear(2, 1), RMSprop),
        (nn.Embedding(5, 2, sparse=True), SGD),
        (Twisted(), SGD),
        (nn.Linear(2, 1, dtype=torch.complex64), Adam),
        (nn.Linear(2, 1, device="meta"), Adam),
    ],
)
def test_what_has_no_kernel_is_left_alone(model: nn.Module, make: Any) -> None:
    optimizer = make(model.parameters())
    before = optimizer.state_dict()
    assert not fuse(model, optimizer)
    assert optimizer.state_dict() == before


def test_a_state_from_where_there_was_a_kernel_is_set_right() -> None:
    model = Twisted()
    optimizer = SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["fused"] = True
    assert not fuse(model, optimizer)
    assert optimizer.param_groups[0]["fused"] is None
