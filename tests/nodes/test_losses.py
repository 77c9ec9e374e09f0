"""Losses against torch's modules."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from graphrun_nodes.losses import NODES, compute_loss, huber_loss, kl_div_loss, smooth_l1_loss
from recording import Recorder
from torch import Tensor, nn

from graphrun.errors import InputError

PROBABILITIES = (torch.rand(6, 4), torch.rand(6, 4))
LOGITS = (torch.randn(6, 4), torch.rand(6, 4))
CLASSES = (torch.randn(6, 4), torch.tensor([0, 3, 1, 2, 2, 0]))
LOGS = (torch.randn(6, 4).log_softmax(-1), torch.randn(6, 4).softmax(-1))
TORCHS: dict[str, tuple[type[nn.Module], tuple[Tensor, Tensor]]] = {
    "PtnBCELoss": (nn.BCELoss, PROBABILITIES),
    "PtnBCEWithLogitsLoss": (nn.BCEWithLogitsLoss, LOGITS),
    "PtnCrossEntropyLoss": (nn.CrossEntropyLoss, CLASSES),
    "PtnHuberLoss": (nn.HuberLoss, LOGITS),
    "PtnKLDivLoss": (nn.KLDivLoss, LOGS),
    "PtnL1Loss": (nn.L1Loss, LOGITS),
    "PtnMSELoss": (nn.MSELoss, LOGITS),
    "PtnNLLLoss": (nn.NLLLoss, (LOGS[0], CLASSES[1])),
    "PtnSmoothL1Loss": (nn.SmoothL1Loss, LOGITS),
}


def refused(loss: nn.Module, prediction: Tensor, target: Tensor) -> InputError:
    with pytest.raises(InputError) as caught:
        compute_loss(prediction, target, loss)
    assert (caught.value.input, caught.value.code) == ("target_tens", "cannot_compute")
    assert str(caught.value).startswith(f"{type(loss).__name__} for input_tens ")
    return caught.value


def test_no_row_is_left_out() -> None:
    assert NODES.keys() == {*TORCHS, "PtComputeLoss"}


@pytest.mark.parametrize("name", TORCHS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_are_torchs(name: str, reduction: str, dtype: torch.dtype, call: Recorder) -> None:
    kind, pair = TORCHS[name]
    prediction, target = (x.to(dtype) if x.is_floating_point() else x for x in pair)
    loss, plain = NODES[name](reduction), kind(reduction=reduction)
    assert type(loss) is kind
    assert not loss.state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, torchs = (prediction.clone().requires_grad_() for _ in range(2))
        expected = plain(torchs, target)
        assert compute_loss(ours, target, loss).equal(expected)
        loss(ours, target).sum().backward()
        expected.sum().backward()
    assert ours.grad is not None
    assert torchs.grad is not None
    assert ours.grad.equal(torchs.grad)
    if reduction == "none":
        shape = target.shape if kind in (nn.CrossEntropyLoss, nn.NLLLoss) else prediction.shape
        assert expected.shape == shape


@pytest.mark.parametrize("threshold", [0.25, 1.0, 3.0])
def test_thresholds(threshold: float) -> None:
    x, y = torch.randn(50) * 3, torch.zeros(50)
    d = x.abs()
    huber = torch.where(d < threshold, d * d / 2, threshold * (d - threshold / 2))
    torch.testing.assert_close(compute_loss(x, y, huber_loss("none", threshold)), huber)
    torch.testing.assert_close(
        compute_loss(x, y, smooth_l1_loss("none", threshold)), huber / threshold
    )


def test_thresholds_of_0() -> None:
    x, y = torch.randn(5), torch.randn(5)
    assert compute_loss(x, y, smooth_l1_loss("mean", 0.0)).equal(nn.L1Loss()(x, y))
    error = refused(huber_loss("mean", 0.0), x, y)
    assert "delta" in str(error)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_divergence(log_target: bool) -> None:
    logs, probabilities = LOGS
    target = probabilities.log() if log_target else probabilities
    found = compute_loss(logs, target, kl_div_loss("batchmean", log_target))
    torch.testing.assert_close(found, (probabilities * (probabilities.log() - logs)).sum() / 6)


def test_cross_entropy_of_probabilities() -> None:
    target = torch.rand(6, 4).softmax(-1)
    found = compute_loss(CLASSES[0], target, NODES["PtnCrossEntropyLoss"]("mean"))
    assert found.equal(nn.CrossEntropyLoss()(CLASSES[0], target))


def test_shapes_that_differ_compare_all_pairs_with_a_notice(call: Recorder) -> None:
    x, y = torch.randn(3, 1), torch.randn(3)
    found = compute_loss(x, y, NODES["PtnMSELoss"]("none"))
    assert found.equal((x - y) ** 2)
    assert [(n["code"], n["input"]) for n in call.notices] == [("torch_warning", "target_tens")]
    assert "torch.Size([3])" in call.notices[0]["message"]
    compute_loss(x, x, NODES["PtnMSELoss"]("none"))
    assert len(call.notices) == 1


@pytest.mark.parametrize(
    ("name", "prediction", "target", "told"),
    [
        ("PtnBCELoss", torch.tensor([2.0]), torch.tensor([1.0]), "between 0 and 1"),
        ("PtnBCELoss", torch.rand(3, 1), torch.rand(3), "float32 (3, 1), target_tens float32 (3,)"),
        ("PtnBCEWithLogitsLoss", torch.rand(3, 1), torch.rand(3), "target_tens float32 (3,)"),
        ("PtnCrossEntropyLoss", torch.rand(3, 2), torch.tensor([0, 1, 2]), "out of bounds"),
        ("PtnCrossEntropyLoss", torch.rand(3, 2), torch.tensor([0, 1]), "target_tens int64 (2,)"),
        ("PtnNLLLoss", torch.rand(3, 2), torch.rand(3), "target_tens float32 (3,)"),
        ("PtnMSELoss", torch.rand(3), torch.rand(4), "float32 (3,), target_tens float32 (4,)"),
        ("PtnL1Loss", torch.rand(2, 3), torch.rand(4), "target_tens float32 (4,)"),
    ],
)
def test_what_does_not_fit(name: str, prediction: Any, target: Any, told: str) -> None:
    assert told in str(refused(NODES[name]("mean"), prediction, target))
