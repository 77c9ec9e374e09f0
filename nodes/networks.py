"""Whole networks for pictures (B, C, H, W) and rows of numbers, made of lists in fields."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from graphrun.node import Range
from graphrun.sources.texts import literal, pair, sizes, unreadable

from ._build import Composite, ModelNodes, Size, apply, expect, started
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)


@NODES.node("PtnConvModel", random=True)
def conv_model(
    input_dim: str = "(3,28,28)", penultimate_dim: Annotated[int, Range(0, 1_000_000)] = 0,
    output_dim: Size = 10, *, channel_list: str = "[32,64,128,256,512]",
    kernel_size_list: str = "[3,3,3,3,1]", padding_list: str = "[1,1,1,1,0]",
    downsample_list: str = "[True,True,True,True,False]",
) -> Model:  # fmt: skip
    """Convolutions with ReLU, some with a pooling by 2, and a linear layer for logits.

    `input_dim` is (C, H, W); pictures (B, H, W) get a channel axis. The lists have one entry a
    convolution; `penultimate_dim` is the linear layer's width, and 0 finds it.
    """
    shape, channels = sizes(input_dim, "input_dim", 3), sizes(channel_list, "channel_list")
    lists = {"kernel_size_list": kernel_size_list, "padding_list": padding_list}
    kernels, paddings = (_entries(text, name, len(channels)) for name, text in lists.items())
    pools = _entries(downsample_list, "downsample_list", len(channels), flags=True)
    layers, before = nn.Sequential(), shape[0]
    for width, kernel, padding, pool in zip(channels, kernels, paddings, pools, strict=True):
        size = pair(str(kernel), "kernel_size_list")
        edge = pair(str(padding), "padding_list", least=0)
        conv = started(nn.Conv2d(before, width, size, padding=edge), relu=True)
        layers.append(_named(conv=conv, pool=nn.MaxPool2d(2) if pool else None, relu=nn.ReLU()))
        before = width
    with torch.no_grad():
        wide = penultimate_dim or layers(torch.zeros(1, *shape)).numel()

    def rule(part: Any, x: Any) -> Any:
        expect("the input", x, 3, 4)
        features = part("conv_layers", x if x.dim() == 4 else x.unsqueeze(1))
        return part("final_dense", features.flatten(1))

    return Composite(rule, conv_layers=layers, final_dense=nn.Linear(wide, output_dim))


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
    *hidden, last = (nn.Linear(before, width, bool(bias)) for before, width, bias in ends)
    layers = nn.Sequential(*(_named(fc=layer, relu=nn.ReLU()) for layer in hidden))

    def rule(part: Any, x: Tensor) -> Any:
        rows = apply("the input", torch.reshape, x, (-1, widths[0]))
        return part("final_dense", part("no_activation_layers", rows))

    return Composite(rule, no_activation_layers=layers, final_dense=last)


@NODES.node("PtnResnetModel", random=True)
def resnet_model(
    input_dim: str = "(3,28,28)", output_dim: Size = 10,
    num_blocks: Annotated[int, Range(1, 100, tiny=2)] = 2,
) -> Model:  # fmt: skip
    """A residual network for logits; of `input_dim`, (C, H, W), only C shapes it.

    Three stages of 64, 128 and 256 channels have `num_blocks` blocks each; the second and third
    start by halving height and width.
    """
    for name, value in (("output_dim", output_dim), ("num_blocks", num_blocks)):
        sizes(str(value), name)
    channels = sizes(input_dim, "input_dim", 3)[0]
    parts = {"single_conv_block": _conv(channels, 64)}
    for before, width in ((64, 64), (64, 128), (128, 256)):
        first = _residual(before, width, 2) if before < width else None
        rest = (_residual(width, width) for _ in range(num_blocks - (before < width)))
        stage = _named(single_resnet_block=first, resnet_blocks=nn.Sequential(*rest))
        parts[f"n_resnet_blocks{width}"] = stage
    pooling = {"pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten()}
    return _named(**parts, **pooling, linear=nn.Linear(256, output_dim))


def _residual(channels: int, out: int, stride: int = 1) -> Composite:
    short = "single_conv_k1_s2_na" if stride > 1 else None
    parts = {short: _conv(channels, out, stride, kernel=1, relu=False)} if short else {}
    parts["first_conv_block"] = _conv(channels, out, stride)
    parts["second_conv"] = _conv(out, out, relu=False)

    def rule(part: Any, x: Tensor) -> Any:
        y = part("second_conv", part("first_conv_block", x))
        return torch.relu(y + (part(short, x) if short else x))

    return Composite(rule, **parts)


def _conv(
    channels: int, out: int, stride: int = 1, *, kernel: int = 3, relu: bool = True
) -> nn.Sequential:
    conv = started(nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False), relu=relu)
    return _named(conv=conv, bn=nn.BatchNorm2d(out), relu=nn.ReLU() if relu else None)


def _named(**parts: nn.Module | None) -> nn.Sequential:
    return nn.Sequential(OrderedDict((k, part) for k, part in parts.items() if part is not None))


def _entries(text: str, input: str, count: int, *, flags: bool = False) -> list[Any]:
    found = literal(text, input, "a list")
    is_list = isinstance(found, list | tuple) and len(found) == count
    if not is_list or (flags and not all(value in (0, 1) for value in found)):
        what = f"a list of {count} entries{', True or False' * flags}, one a layer"
        raise unreadable(text, input, what, "[True, False]" if flags else "[3, 3]")
    return list(found)
