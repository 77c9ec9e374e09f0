"""Whole networks, compared with the same in plain torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graphrun_nodes.networks import conv_model, linear_model, resnet_model
from modelling import refused, same, seeded
from torch import nn

SMALL = {
    "channel_list": "[2,4]", "kernel_size_list": "[3,(1,2)]", "padding_list": "(1,0)",
    "downsample_list": "[true, 0]",
}  # fmt: skip


def plain_conv(width: int, out: int) -> nn.Module:
    convs = [nn.Conv2d(1, 2, 3, padding=1), None]
    nn.init.kaiming_normal_(convs[0].weight, nonlinearity="relu")
    convs[1] = nn.Conv2d(2, 4, (1, 2))
    nn.init.kaiming_normal_(convs[1].weight, nonlinearity="relu")
    head = nn.Linear(width, out)
    return nn.Sequential(
        convs[0], nn.MaxPool2d(2), nn.ReLU(), convs[1], nn.ReLU(), nn.Flatten(), head
    )


@pytest.mark.parametrize("penultimate", [0, 48])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_convolutions_are_torchs(penultimate: int, dtype: torch.dtype) -> None:
    ours = seeded(conv_model, "(1,8,8)", penultimate, 3, **SMALL).to(dtype)
    plain = seeded(plain_conv, 48, 3).to(dtype)
    x = torch.randn(5, 1, 8, 8, dtype=dtype)
    same(ours, plain, x)
    assert torch.equal(ours(x[:, 0]), ours(x))


def test_the_default_network_takes_colour_pictures() -> None:
    model = seeded(conv_model)
    assert model(torch.randn(2, 3, 28, 28)).shape == (2, 10)
    assert sum(isinstance(part, nn.MaxPool2d) for part in model.modules()) == 4


@pytest.mark.parametrize(
    ("inputs", "part", "input"),
    [
        ({"kernel_size_list": "[3]"}, "'[3]' is not a list of 2 entries", "kernel_size_list"),
        ({"padding_list": "[1,1,1]"}, "list of 2 entries", "padding_list"),
        ({"downsample_list": "[True]"}, "list of 2 entries, True or False", "downsample_list"),
        ({"downsample_list": "['a', True]"}, "True or False", "downsample_list"),
        ({"channel_list": "[]"}, "'[]' is not", "channel_list"),
        ({"channel_list": "[2,-4]"}, "each 1 or more", "channel_list"),
        ({"channel_list": "32,x"}, "column 4", "channel_list"),
        ({"kernel_size_list": "[3,0]"}, "'0' is not", "kernel_size_list"),
        ({"kernel_size_list": "[3,'a']"}, "'a' is not", "kernel_size_list"),
        ({"padding_list": "[1,-1]"}, "each 0 or more", "padding_list"),
        ({"input_dim": "(28,28)"}, "3 whole numbers", "input_dim"),
        ({"input_dim": "3,8,8.5"}, "8.5 is no whole number", "input_dim"),
        ({"input_dim": "(1,1,1)"}, "PtnConvModel cannot be built: ", None),
    ],
)
def test_lists_that_fit_nothing_are_refused(
    inputs: dict[str, str], part: str, input: str | None
) -> None:
    error = refused(part, conv_model, **{"input_dim": "(1,8,8)", **SMALL, **inputs})
    assert error.input == input


def test_pictures_of_another_kind_are_refused() -> None:
    model = seeded(conv_model, "(1,8,8)", 7, 3, **SMALL)
    refused("rank 3 or 4, not float32 (8, 8)", model, torch.zeros(8, 8))
    refused(
        "conv_layers (Sequential) cannot work with float32 (1, 2, 8, 8)",
        model,
        torch.zeros(1, 2, 8, 8),
    )
    refused("final_dense (Linear) cannot work with float32 (1, 48)", model, torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_linear_layers_are_torchs(dtype: torch.dtype) -> None:
    ours = seeded(linear_model, "[12,5,4,3]", "[True,False,true]", 3).to(dtype)
    plain = seeded(
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.ReLU(),
            nn.Linear(4, 3),
        )
    ).to(dtype)  # fmt: skip
    x = torch.randn(6, 4, 3, dtype=dtype)
    same(ours, plain, x)
    same(ours, plain, x.transpose(1, 2))


def test_an_input_is_seen_as_rows() -> None:
    model = seeded(linear_model, "[4,3]")
    assert model(torch.zeros(2, 6)).shape == (3, 3)
    refused("the input cannot work with float32 (2, 3)", model, torch.zeros(2, 3))
    assert seeded(linear_model)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize(
    ("inputs", "part", "input"),
    [
        ({"num_layers": 2}, "'[784,10]' is not 3 whole numbers", "dim_list"),
        ({"bias_list": "[True,True]"}, "a list of 1 entries", "bias_list"),
        ({"bias_list": "True"}, "'True' is not a list", "bias_list"),
        ({"bias_list": "[yes]"}, "column 2", "bias_list"),
        ({"dim_list": ""}, "'' is not", "dim_list"),
    ],
)
def test_widths_that_fit_nothing_are_refused(inputs: dict[str, Any], part: str, input: str) -> None:
    error = refused(part, linear_model, **inputs)
    assert (error.input, error.code) == (input, "invalid_text")
    assert error.hint


class Block(nn.Module):
    """A residual block, from its description."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.short = None
        if stride == 2:
            self.short = nn.Sequential(
                nn.Conv2d(channels, out, 1, 2, bias=False), nn.BatchNorm2d(out)
            )
            nn.init.xavier_normal_(self.short[0].weight)
        self.a = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        nn.init.kaiming_normal_(self.a.weight, nonlinearity="relu")
        self.an = nn.BatchNorm2d(out)
        self.b = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        nn.init.xavier_normal_(self.b.weight)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn(self.b(torch.relu(self.an(self.a(x)))))
        return torch.relu(y + (self.short(x) if self.short else x))


def plain_resnet(channels: int, out: int, blocks: int) -> nn.Module:
    stem = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(stem.weight, nonlinearity="relu")
    parts = [stem, nn.BatchNorm2d(64), nn.ReLU()]
    for before, width in ((64, 64), (64, 128), (128, 256)):
        for i in range(blocks):
            down = before < width and i == 0
            parts.append(Block(before if i == 0 else width, width, 2 if down else 1))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, out))


@pytest.mark.parametrize("blocks", [1, 2])
def test_residual_networks_are_torchs(blocks: int) -> None:
    ours = seeded(resnet_model, "(2,8,6)", 3, blocks)
    assert {int(v) for k, v in ours.state_dict().items() if k.endswith("tracked")} == {0}
    same(ours, seeded(plain_resnet, 2, 3, blocks), torch.randn(3, 2, 8, 6))


def test_small_pictures_are_no_problem_for_a_fresh_network() -> None:
    model = seeded(resnet_model, "(1,4,4)", 2, 1)
    assert model(torch.zeros(2, 1, 4, 4)).shape == (2, 2)
    assert model.eval()(torch.zeros(1, 1, 1, 1)).shape == (1, 2)


def test_the_second_block_of_a_stage_has_its_name() -> None:
    names = set(seeded(resnet_model, num_blocks=2).state_dict())
    assert "n_resnet_blocks64.resnet_blocks.1.second_conv.bn.bias" in names
    assert "n_resnet_blocks128.resnet_blocks.0.first_conv_block.conv.weight" in names


@pytest.mark.parametrize(
    "inputs", [{"num_blocks": 0}, {"output_dim": 0}, {"input_dim": "3"}, {"input_dim": "(0,1,1)"}]
)
def test_residual_networks_of_nothing_are_refused(inputs: dict[str, Any]) -> None:
    refused("each 1 or more", resnet_model, **inputs)
