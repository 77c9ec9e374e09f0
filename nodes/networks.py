"""Whole networks for pictures (B, C, H, W) and rows of numbers, made of lists in fields."""

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
    """Convolutions and a linear layer; (B, H, W) is seen as pictures of one channel."""

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

    def __init__(self, layers: list[nn.Linear]) -> None:
        super().__init__()
        *hidden, self.final_dense = layers
        blocks = [_named(fc=layer, relu=nn.ReLU()) for layer in hidden]
        self.no_activation_layers = nn.Sequential(*blocks)
        self.width = layers[0].in_features

    def forward(self, x: Tensor) -> Any:
        if x.numel() % self.width:
            message = f"{described(x)} is no whole number of rows of {self.width}"
            raise InputError(message, code="wrong_shape")
        return self.final_dense(self.no_activation_layers(x.reshape(-1, self.width)))


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, which is a convolution too if there is a stride."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        if stride > 1:
            self.single_conv_k1_s2_na = _conv(channels, out, stride, kernel=1, relu=False)
        self.first_conv_block = _conv(channels, out, stride)
        self.second_conv = _conv(out, out, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = getattr(self, "single_conv_k1_s2_na", nn.Identity())
        return torch.relu(self.second_conv(self.first_conv_block(x)) + shortcut(x))


@NODES.node("PtnConvModel", random=True)
def conv_model(
    input_dim: str = "(3,28,28)", penultimate_dim: Annotated[int, Range(0, 1_000_000)] = 0,
    output_dim: Size = 10, *, channel_list: str = "[32,64,128,256,512]",
    kernel_size_list: str = "[3,3,3,3,1]", padding_list: str = "[1,1,1,1,0]",
    downsample_list: str = "[True,True,True,True,False]",
) -> Model:  # fmt: skip
    """Convolutions with ReLU, some with a pooling by 2, and a linear layer for logits.

    `input_dim` is (C, H, W), or H and W with one channel of (B, H, W). The lists have one entry a
    convolution; `penultimate_dim` is the linear layer's width, and 0 finds it.
    """
    shape = sizes(input_dim, "input_dim", 3)
    channels = sizes(channel_list, "channel_list")
    count = len(channels)
    kernels = _entries(kernel_size_list, "kernel_size_list", count)
    paddings = _entries(padding_list, "padding_list", count)
    pools = _entries(downsample_list, "downsample_list", count, flags=True)
    blocks, before = [], shape[0]
    for width, kernel, padding, pool in zip(channels, kernels, paddings, pools, strict=True):
        size = pair(str(kernel), "kernel_size_list")
        edge = pair(str(padding), "padding_list", least=0)
        conv = _kaiming(nn.Conv2d(before, width, size, padding=edge))
        blocks.append(_named(conv=conv, pool=nn.MaxPool2d(2) if pool else None, relu=nn.ReLU()))
        before = width
    return ConvNet(blocks, shape, penultimate_dim, output_dim)


@NODES.node("PtnLinearModel", random=True)
def linear_model(
    dim_list: str = "[784,10]", bias_list: str = "[True]",
    num_layers: Annotated[int, Range(1, 2000)] = 1,
) -> Model:  # fmt: skip
    """Linear layers with ReLU between them; an input is seen as rows of the first width.

    `dim_list` has the widths, one more than there are layers; `bias_list` has a flag a layer.
    """
    widths = sizes(dim_list, "dim_list", num_layers + 1)
    flags = _entries(bias_list, "bias_list", num_layers, flags=True)
    ends = zip(widths, widths[1:], flags, strict=False)
    return LinearNet([nn.Linear(first, last, bool(bias)) for first, last, bias in ends])


@NODES.node("PtnResnetModel", random=True)
def resnet_model(
    input_dim: str = "(3,28,28)", output_dim: Size = 10,
    num_blocks: Annotated[int, Range(1, 100)] = 2,
) -> Model:  # fmt: skip
    """A residual network for logits; of `input_dim`, (C, H, W), only C shapes it.

    Three stages of 64, 128 and 256 channels have `num_blocks` blocks each; the second and third
    start by halving height and width.
    """
    sizes(f"{output_dim}, {num_blocks}", "num_blocks", 2)
    channels = sizes(input_dim, "input_dim", 3)[0]
    parts: dict[str, nn.Module] = {"single_conv_block": _conv(channels, 64)}
    for before, width in ((64, 64), (64, 128), (128, 256)):
        first = ResidualBlock(before, width, 2) if before < width else None
        rest = [ResidualBlock(width, width) for _ in range(num_blocks - (before < width))]
        stage = _named(single_resnet_block=first, resnet_blocks=nn.Sequential(*rest))
        parts[f"n_resnet_blocks{width}"] = stage
    pooled = {"pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten()}
    return _named(**parts, **pooled, linear=nn.Linear(256, output_dim))


def _named(**parts: nn.Module | None) -> nn.Sequential:
    return nn.Sequential(OrderedDict((k, part) for k, part in parts.items() if part is not None))


def _kaiming(conv: nn.Conv2d) -> nn.Conv2d:
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return conv


def _conv(
    channels: int, out: int, stride: int = 1, *, kernel: int = 3, relu: bool = True
) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
    if relu:
        return _named(conv=_kaiming(conv), bn=nn.BatchNorm2d(out), relu=nn.ReLU())
    nn.init.xavier_normal_(conv.weight)
    return _named(conv=conv, bn=nn.BatchNorm2d(out))


def _entries(text: str, input: str, count: int, *, flags: bool = False) -> list[Any]:
    found = literal(text, input, "a list")
    is_list = isinstance(found, list | tuple) and len(found) == count
    if not is_list or (flags and not all(value in (0, 1) for value in found)):
        what = f"a list of {count} entries{', True or False' * flags}, one a layer"
        raise unreadable(text, input, what, "[True, False]" if flags else "[3, 3]")
    return list(found)
