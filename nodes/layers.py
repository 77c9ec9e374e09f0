"""Single layers of torch, under torch's names in the state dict. Pictures are (B, C, H, W)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import nn

from graphrun.node import InputError, Range
from graphrun.sources.texts import pair, sizes

from ._build import ModelNodes, Size
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)


@NODES.node("PtnLinear", random=True)
def linear(in_features: Size = 1, out_features: Size = 1, bias: bool = True) -> Model:
    """A linear map of the last axis, from `in_features` to `out_features` numbers."""
    return nn.Linear(in_features, out_features, bias)


@NODES.node("PtnConv2d", random=True)
def conv2d(
    in_channels: Size = 1, out_channels: Size = 1, kernel_size: str = "3", stride: str = "1",
    *, padding: str = "same", dilation: str = "1", groups: Size = 1, bias: bool = True,
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"],
) -> Model:  # fmt: skip
    """A convolution of pictures.

    The texts are one whole number, or two for height and width; a blank one is torch's default.
    `padding` may also be `same`, which needs a stride of 1, or `valid`, which is none.
    """
    word = padding.strip()
    suits = word in ("same", "valid")
    return nn.Conv2d(
        in_channels, out_channels, pair(kernel_size, "kernel_size"),
        pair(stride, "stride", blank=1),
        word if suits else pair(padding, "padding", least=0, blank=0),
        pair(dilation, "dilation", blank=1), groups, bias, padding_mode,
    )  # fmt: skip


@NODES.table(
    {
        "PtnMaxPool2d": (nn.MaxPool2d, "The largest value of each window of a picture."),
        "PtnAvgPool2d": (nn.AvgPool2d, "The mean of each window; padded 0s count.", "dilation"),
    }
)
def pool2d(
    kind: Any, kernel_size: str = "2", stride: str = "2", padding: str = "0", dilation: str = "1"
) -> Model:
    """Texts are one whole number, or two for height and width; a blank stride is the kernel."""
    kernel = pair(kernel_size, "kernel_size")
    step = pair(stride, "stride") if stride.strip() else None
    more = [] if dilation is None else [pair(dilation, "dilation", blank=1)]
    return kind(kernel, step, pair(padding, "padding", least=0, blank=0), *more)


@NODES.table(
    {
        "PtnBatchNorm2d": (nn.BatchNorm2d, "Normalizes each channel over a batch of pictures."),
        "PtnInstanceNorm2d": (nn.InstanceNorm2d, "Normalizes each channel of each picture."),
    }
)
def norm2d(
    kind: Any, num_features: Size = 1, affine: bool = True, track_running_stats: bool = True,
    *, momentum: Annotated[float, Range(0, 1, 1e-6)] = 0.1,
) -> Model:  # fmt: skip
    """`affine` trains a scale and a shift a channel; eps is 1e-5.

    With `track_running_stats` evaluation uses the running mean and variance of the training.
    """
    return kind(num_features, 1e-5, momentum, affine, track_running_stats)


@NODES.node("PtnLayerNorm")
def layer_norm(
    normalized_shape: str = "[Specify shape here]", elementwise_affine: bool = True,
    bias: bool = True,
) -> Model:  # fmt: skip
    """Normalizes over the last axes; their sizes, `256` or `[3, 4]`, have to be filled in."""
    shape = sizes(normalized_shape, "normalized_shape")
    return nn.LayerNorm(shape, elementwise_affine=elementwise_affine, bias=bias)


@NODES.node("PtnEmbedding", random=True)
def embedding(
    num_embeddings: Size = 10_000, embedding_dim: Size = 100,
    padding_idx: Annotated[int, Range(-1, 1_000_000)] = -1,
) -> Model:  # fmt: skip
    """A table of vectors: ids of any shape become that shape and `embedding_dim`.

    The row `padding_idx` is 0 and is not trained; with -1 there is no such row.
    """
    if not -1 <= padding_idx < num_embeddings:
        message = f"padding_idx {padding_idx} is no row of a table of {num_embeddings}"
        raise InputError(message, input="padding_idx", hint="-1 means no padding row")
    return nn.Embedding(num_embeddings, embedding_dim, None if padding_idx == -1 else padding_idx)
