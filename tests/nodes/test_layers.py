"""Single layers, compared with torch's own to the bit."""

from __future__ import annotations

from typing import Any

import graphrun_nodes
import pytest
import torch
from graphrun_nodes import layers
from modelling import STATES, node, refused, same, seeded
from torch import nn

PICTURES = torch.randn(3, 4, 9, 7, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", STATES)
def test_weight_files_are_interchangeable(name: str) -> None:
    inputs = {
        key: {"<Linear>": nn.Linear(2, 3), "<builtin_function_or_method>": torch.relu}.get(v, v)
        if isinstance(v, str)
        else v
        for key, v in STATES[name]["inputs"].items()
    }
    if name.startswith("PtnChained"):
        inputs["model_b"] = nn.Linear(3, 1)
    if name.startswith("PtnResidual"):
        inputs["model"] = nn.Linear(2, 2)
    model = seeded(node(name), **inputs)
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == STATES[name]["keys"]
    assert all(parameter.requires_grad for parameter in model.parameters())
    again = seeded(node(name), **inputs)
    again.load_state_dict(model.state_dict())


def test_what_draws_weights_at_random_says_so() -> None:
    specs = graphrun_nodes.PACK.all_nodes()
    still = {"PtnMaxPool2d", "PtnAvgPool2d", "PtnBatchNorm2d", "PtnInstanceNorm2d", "PtnLayerNorm"}
    for name in STATES:
        made_of_models = specs[name].module.endswith("assembly")
        plain = name in still or made_of_models or name == "PtnMaskedMeanPooling"
        assert specs[name].random is not plain, name


CASES: dict[str, tuple[Any, Any, Any]] = {
    "linear": (lambda: layers.linear(7, 5), lambda: nn.Linear(7, 5), PICTURES),
    "without bias": (
        lambda: layers.linear(7, 5, False),
        lambda: nn.Linear(7, 5, bias=False),
        PICTURES,
    ),
    "conv same": (
        lambda: layers.conv2d(4, 6, padding_mode="zeros"),
        lambda: nn.Conv2d(4, 6, 3, padding="same"),
        PICTURES,
    ),
    "conv all": (
        lambda: layers.conv2d(
            4, 6, "(3, 2)", "[2,1]", padding=" 1 ", dilation="[1, 2]", groups=2, bias=False,
            padding_mode="reflect",
        ),
        lambda: nn.Conv2d(
            4, 6, (3, 2), (2, 1), 1, (1, 2), groups=2, bias=False, padding_mode="reflect"
        ),
        PICTURES,
    ),
    "conv blank": (
        lambda: layers.conv2d(
            4, 6, "[2]", "", padding="", dilation=" ", padding_mode="circular"
        ),
        lambda: nn.Conv2d(4, 6, 2, padding_mode="circular"),
        PICTURES,
    ),
    "conv valid": (
        lambda: layers.conv2d(4, 6, "3", "2", padding="valid", padding_mode="replicate"),
        lambda: nn.Conv2d(4, 6, 3, 2, padding="valid", padding_mode="replicate"),
        PICTURES,
    ),
    "max pool": (
        lambda: node("PtnMaxPool2d")(dilation="2", stride="", padding="[1, 0]"),
        lambda: nn.MaxPool2d(2, padding=(1, 0), dilation=2),
        PICTURES,
    ),
    "max pool as it comes": (node("PtnMaxPool2d"), lambda: nn.MaxPool2d(2, 2), PICTURES),
    "avg pool": (
        lambda: node("PtnAvgPool2d")(kernel_size="(3, 2)", stride=" ", padding="1"),
        lambda: nn.AvgPool2d((3, 2), padding=1),
        PICTURES,
    ),
    "avg pool as it comes": (node("PtnAvgPool2d"), lambda: nn.AvgPool2d(2, 2), PICTURES),
    "batch norm": (
        lambda: node("PtnBatchNorm2d")(4, momentum=0.3),
        lambda: nn.BatchNorm2d(4, momentum=0.3),
        PICTURES,
    ),
    "batch norm without": (
        lambda: node("PtnBatchNorm2d")(4, affine=False, track_running_stats=False),
        lambda: nn.BatchNorm2d(4, affine=False, track_running_stats=False),
        PICTURES,
    ),
    "instance norm": (
        lambda: node("PtnInstanceNorm2d")(4),
        lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        PICTURES,
    ),
    "layer norm": (lambda: layers.layer_norm("7"), lambda: nn.LayerNorm(7), PICTURES),
    "layer norm of axes": (
        lambda: layers.layer_norm("(9,7)", bias=False),
        lambda: nn.LayerNorm((9, 7), bias=False),
        PICTURES,
    ),
    "layer norm without": (
        lambda: layers.layer_norm("[7]", elementwise_affine=False),
        lambda: nn.LayerNorm(7, elementwise_affine=False),
        PICTURES,
    ),
    "embedding": (
        lambda: layers.embedding(10, 4, 3),
        lambda: nn.Embedding(10, 4, 3),
        torch.tensor([[1, 3], [9, 9]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_layers_are_torchs(case: str, dtype: torch.dtype) -> None:
    ours, plain, x = CASES[case]
    x = x.to(dtype) if x.is_floating_point() else x
    same(seeded(ours).to(dtype), seeded(plain).to(dtype), x)


def test_without_a_padding_row_every_row_starts_at_random_and_is_trained() -> None:
    layer = seeded(layers.embedding, 5, 3)
    assert layer.padding_idx is None
    assert layer.weight[-1].abs().min() > 0
    layer(torch.tensor([4])).sum().backward()
    assert layer.weight.grad[-1].tolist() == [1, 1, 1]


def test_a_padding_row_is_zero_and_stays() -> None:
    layer = seeded(layers.embedding, 5, 3, 0)
    layer(torch.tensor([0, 1])).sum().backward()
    assert layer.weight[0].tolist() == [0, 0, 0] == layer.weight.grad[0].tolist()


@pytest.mark.parametrize(
    ("name", "inputs", "part", "input"),
    [
        ("PtnLayerNorm", {}, "'[Specify shape here]' is not", "normalized_shape"),
        ("PtnLayerNorm", {"normalized_shape": " "}, "' '", "normalized_shape"),
        ("PtnLayerNorm", {"normalized_shape": "[3, 0]"}, "each 1 or more", "normalized_shape"),
        ("PtnMaxPool2d", {"kernel_size": ""}, "'' is not 1 or 2 whole numbers", "kernel_size"),
        ("PtnMaxPool2d", {"stride": "0"}, "each 1 or more", "stride"),
        ("PtnAvgPool2d", {"padding": "-1"}, "each 0 or more", "padding"),
        ("PtnAvgPool2d", {"stride": "[1, 2, 3]"}, "1 or 2 whole numbers", "stride"),
        ("PtnMaxPool2d", {"dilation": "True"}, "True is no whole number", "dilation"),
        ("PtnConv2d", {"kernel_size": "three"}, "line 1, column 1", "kernel_size"),
        ("PtnConv2d", {"padding": "[1, "}, "'[1, ' is not", "padding"),
        ("PtnConv2d", {"stride": "2"}, "PtnConv2d cannot be built: padding='same'", None),
        ("PtnConv2d", {"groups": 2}, "divisible by groups", None),
        ("PtnEmbedding", {"num_embeddings": 4, "padding_idx": 4}, "no row", "padding_idx"),
        ("PtnEmbedding", {"padding_idx": -2}, "no row", "padding_idx"),
        (
            "PtnLinear",
            {"in_features": 1_000_000, "out_features": 1_000_000_000},
            "PtnLinear cannot be built",
            None,
        ),
    ],
)
def test_what_makes_no_layer_is_refused(
    name: str, inputs: dict[str, Any], part: str, input: str | None
) -> None:
    if name == "PtnConv2d":
        inputs = {"padding_mode": "zeros", **inputs}
    error = refused(part, node(name), **inputs)
    assert error.input == input
    assert input is None or error.hint


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_modules_can_be_trained_wherever_they_are_made(mode: Any) -> None:
    with mode():
        weight = node("PtnLinear")(2, 3).weight
    assert weight.requires_grad
    assert not weight.is_inference()
