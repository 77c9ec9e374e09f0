"""Activations against torch's functions."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from graphrun_nodes._encoded import TextEncoder
from graphrun_nodes.activations import NODES, apply_function, leaky_relu
from torch import nn
from torch.nn import functional as F

from graphrun.errors import InputError

TORCHS = {
    "PtfGELU": F.gelu,
    "PtfLogSoftmax": partial(F.log_softmax, dim=-1),
    "PtfReLU": F.relu,
    "PtfSiLU": F.silu,
    "PtfSigmoid": F.sigmoid,
    "PtfSoftmax": partial(F.softmax, dim=-1),
    "PtfSoftplus": F.softplus,
    "PtfTanh": F.tanh,
    "PtfLeakyReLU": F.leaky_relu,
}
NAMES = pytest.mark.parametrize("name", TORCHS)


def test_no_row_is_left_out() -> None:
    assert NODES.keys() == {*TORCHS, "PtApplyFunction"}


@NAMES
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_they_are_torchs(name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = (torch.randn(shape) * 30).to(dtype)
    found = apply_function(x, NODES[name]())
    assert (found.shape, found.dtype) == (shape, dtype)
    assert found.equal(TORCHS[name](x))


@NAMES
def test_they_are_differentiable_and_leave_nothing_in_a_module(name: str) -> None:
    function = NODES[name]()
    assert not isinstance(function, nn.Module)
    holder = nn.Module()
    holder.closure = function
    assert not holder.state_dict()
    ours, torchs = (torch.linspace(-2, 2, 6).requires_grad_() for _ in range(2))
    function(ours).square().sum().backward()
    TORCHS[name](torchs).square().sum().backward()
    assert ours.grad is not None
    assert torchs.grad is not None
    assert ours.grad.equal(torchs.grad)


def test_softmax_is_over_the_last_axis() -> None:
    found = NODES["PtfSoftmax"]()(torch.randn(2, 3, 5))
    torch.testing.assert_close(found.sum(-1), torch.ones(2, 3))


@pytest.mark.parametrize("slope", [1e-6, 0.3, 10000.0])
def test_the_slope_is_bound(slope: float) -> None:
    x = torch.randn(9)
    assert leaky_relu(slope)(x).equal(F.leaky_relu(x, slope))


def test_any_function_and_any_module_can_be_applied() -> None:
    layer = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    assert apply_function(x, layer).equal(layer(x))
    assert apply_function(x, torch.Tensor.abs).equal(x.abs())


@pytest.mark.parametrize(
    ("closure", "tens", "told"),
    [
        ("PtfSoftmax", torch.tensor([1, 2]), "softmax for tens int64 (2,): "),
        ("PtfGELU", torch.tensor([True]), "gelu for tens bool (1,): "),
        (nn.Linear(3, 2), torch.zeros(4, 5), "Linear for tens float32 (4, 5): mat1 and mat2"),
        (lambda: 0, torch.zeros(1), "<lambda> for tens float32 (1,): "),
    ],
)
def test_tensors_that_a_function_does_not_take(closure: Any, tens: torch.Tensor, told: str) -> None:
    function = NODES[closure]() if isinstance(closure, str) else closure
    with pytest.raises(InputError) as caught:
        apply_function(tens, function)
    assert (caught.value.input, caught.value.code) == ("closure", "cannot_compute")
    assert told in str(caught.value)


def test_text_encoders_are_no_activations(checkpoint: Any) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("bert"))
    encoder = TextEncoder("bert", tokenizer, True, "longest", True, 8)
    with pytest.raises(InputError, match="TextEncoder for tens float32") as caught:
        apply_function(torch.zeros(2), encoder)
    assert caught.value.code == "cannot_compute"
    with pytest.raises(InputError, match="gives a tuple, not a tensor") as caught:
        apply_function(torch.zeros(2), lambda x: (x, x))
    assert (caught.value.input, caught.value.code) == ("closure", "not_a_tensor")
    assert "PtfReLU" in str(caught.value.hint)
