"""Whole networks for pictures and rows of numbers, made of lists typed into fields."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, Range

from ._build import ModelNodes, Size, apply, described, expect, pair, sizes
from ._parse import literal, unreadable
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)


class ConvNet(nn.Module):
    """Convolutions and a linear layer, of pictures (B, C, H, W), or (B, H, W) with one channel."""

    def __init__(self, blocks: list[nn.Module], shape: tuple[int, ...], width: int, out: int):
        super().__init__()
        self.conv_layers = nn.Sequential(*blocks)
        with torch.no_grad():
            width = width or self.conv_layers(torch.zeros(1, *shape)).numel()
        self.final_dense = nn.Linear(width, out)

    def forward(self, x: Any) -> Any:
        expect("the input", x, 3, 4)
        features = apply("conv_layers", self.conv_layers, x.unsqueeze(1) if x.dim() == 3 else x)
        return apply("final_dense", self.final_dense, features.flatten(1))


class LinearNet(nn.Module):
    """Linear layers with ReLU between them, of rows as wide as the first."""

    def __init__(self, widths: tuple[int, ...], biases: list[bool]) -> None:
        super().__init__()
        layers = [nn.Linear(*ends, bias) for *ends, bias in zip(widths, widths[1:], biases)]  # noqa: B905
        hidden = [_named(fc=layer, relu=nn.ReLU()) for layer in layers[:-1]]
        self.no_activation_layers = nn.Sequential(*hidden)
        self.final_dense = layers[-1]
        self.width = widths[0]

    def forward(self, x: Tensor) -> Any:
        if x.numel() % self.width:
            message = f"{described(x)} is no whole number of rows of {self.width}"
            raise InputError(message, code="model_input")
        return self.final_dense(self.no_activation_layers(x.reshape(-1, self.width)))


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, which halves height and width if there is a stride."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        if stride > 1:
            self.single_conv_k1_s2_na = _normed(channels, out, stride, kernel=1, relu=False)
        self.first_conv_block = _normed(channels, out, stride)
        self.second_conv = _normed(out, out, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = getattr(self, "single_conv_k1_s2_na", nn.Identity())(x)
        return torch.relu(self.second_conv(self.first_conv_block(x)) + shortcut)


class ResNet(nn.Module):
    """Three stages of residual blocks, with 64, 128 and 256 channels, and a linear layer."""

    def __init__(self, channels: int, out: int, blocks: int) -> None:
        super().__init__()
        self.single_conv_block = _normed(channels, 64)
        for before, width in ((64, 64), (64, 128), (128, 256)):
            first = ResidualBlock(before, width, 2) if before < width else None
            rest = [ResidualBlock(width, width, 1) for _ in range(blocks - (first is not None))]
            stage = _named(single_resnet_block=first, resnet_blocks=nn.Sequential(*rest))
            self.add_module(f"n_resnet_blocks{width}", stage)
        self.linear = nn.Linear(256, out)

    def forward(self, x: Any) -> Any:
        expect("the input", x, 4)
        *stages, head = self.children()
        return head(nn.Sequential(*stages)(x).mean((2, 3)))


@NODES.node("PtnConvModel", random=True)
def conv_model(
    input_dim: str = "(3,28,28)", penultimate_dim: Annotated[int, Range(0, 1_000_000)] = 0,
    output_dim: Size = 10, *, channel_list: str = "[32,64,128,256,512]",
    kernel_size_list: str = "[3,3,3,3,1]", padding_list: str = "[1,1,1,1,0]",
    downsample_list: str = "[True,True,True,True,False]",
) -> Model:  # fmt: skip
    """Convolutions, each with ReLU and, where `downsample_list` says so, a pooling by 2.

    Pictures are (B, C, H, W) with (C, H, W) = `input_dim`, or (B, H, W) for one channel; a linear
    layer gives logits (B, `output_dim`). The four lists have one entry a convolution.
    `penultimate_dim` is the width of the linear layer's input; 0 finds it.

    Raises:
        InputError: the lists differ in length, or the picture is too small for the convolutions.
    """
    shape = sizes(input_dim, "input_dim", 3)
    channels = sizes(channel_list, "channel_list")
    count = len(channels)
    kernels = _entries(kernel_size_list, "kernel_size_list", count)
    paddings = _entries(padding_list, "padding_list", count)
    pools = _flags(downsample_list, "downsample_list", count)
    blocks = []
    for i, (before, width) in enumerate(zip((shape[0], *channels), channels)):  # noqa: B905
        kernel = pair(kernels[i], "kernel_size_list")
        conv = nn.Conv2d(before, width, kernel, 1, pair(paddings[i], "padding_list", least=0))
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        pool = nn.MaxPool2d(2) if pools[i] else None
        blocks.append(_named(conv=conv, pool=pool, relu=nn.ReLU()))
    return ConvNet(blocks, shape, penultimate_dim, output_dim)


@NODES.node("PtnLinearModel", random=True)
def linear_model(
    dim_list: str = "[784,10]",
    bias_list: str = "[True]",
    num_layers: Annotated[int, Range(1, 2000)] = 1,
) -> Model:
    """Linear layers with ReLU between them.

    `dim_list` has the widths, one more than there are layers, and `bias_list` one flag a layer.
    An input of any shape is seen as rows of the first width: pictures are flattened.

    Raises:
        InputError: a list has another length.
    """
    widths = sizes(dim_list, "dim_list", num_layers + 1)
    return LinearNet(widths, _flags(bias_list, "bias_list", num_layers))


@NODES.node("PtnResnetModel", random=True)
def resnet_model(
    input_dim: str = "(3,28,28)",
    output_dim: Size = 10,
    num_blocks: Annotated[int, Range(1, 100)] = 2,
) -> Model:
    """A residual network of pictures (B, C, H, W) that gives logits (B, `output_dim`).

    Three stages of 64, 128 and 256 channels have `num_blocks` blocks each; the second and third
    start by halving height and width. Of `input_dim`, (C, H, W), only C shapes the network.
    """
    for name, value in (("output_dim", output_dim), ("num_blocks", num_blocks)):
        if value < 1:
            raise InputError(f"{name} has to be 1 or more, not {value}", input=name)
    return ResNet(sizes(input_dim, "input_dim", 3)[0], output_dim, num_blocks)


def _named(**parts: nn.Module | None) -> nn.Sequential:
    return nn.Sequential(OrderedDict((k, part) for k, part in parts.items() if part is not None))


def _normed(
    channels: int, out: int, stride: int = 1, *, kernel: int = 3, relu: bool = True
) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
    if relu:
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    else:
        nn.init.xavier_normal_(conv.weight)
    return _named(conv=conv, bn=nn.BatchNorm2d(out), relu=nn.ReLU() if relu else None)


def _entries(text: str, input: str, count: int) -> list[str]:
    found = literal(text, input, "a list")
    if not isinstance(found, list | tuple) or len(found) != count:
        raise unreadable(text, input, f"a list of {count}", "one entry for each layer")
    return [repr(value) for value in found]


def _flags(text: str, input: str, count: int) -> list[bool]:
    found = _entries(text, input, count)
    if not set(found) <= {"True", "False", "0", "1"}:
        raise unreadable(text, input, "a list of True and False", "[True, False]")
    return [value in ("True", "1") for value in found]
