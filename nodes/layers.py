"""Single layers of torch, under their own names in the state dict."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import nn

from graphrun.node import InputError, Range

from ._build import ModelNodes, Size, pair, sizes
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Padding = Literal["zeros", "reflect", "replicate", "circular"]
_SUITABLE = ("same", "valid")


@NODES.node("PtnLinear", random=True)
def linear(in_features: Size = 1, out_features: Size = 1, bias: bool = True) -> Model:
    """A linear map of the last axis, from `in_features` to `out_features` numbers."""
    return nn.Linear(in_features, out_features, bias)


@NODES.node("PtnConv2d", random=True)
def conv2d(
    in_channels: Size = 1, out_channels: Size = 1, kernel_size: str = "3", stride: str = "1",
    *, padding: str = "same", dilation: str = "1", groups: Size = 1, bias: bool = True,
    padding_mode: Padding,
) -> Model:  # fmt: skip
    """A convolution of pictures (B, C, H, W).

    `kernel_size`, `stride`, `padding` and `dilation` are one whole number, or two for height and
    width; a blank text is torch's default. `padding` may also be `same`, which keeps height and
    width and needs a stride of 1, or `valid`, which is none.

    Raises:
        InputError: a text is none of these, or `groups` does not divide both channels.
    """
    word = padding.strip()
    return nn.Conv2d(
        in_channels,
        out_channels,
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride", blank=1),
        word if word in _SUITABLE else pair(padding, "padding", least=0),
        pair(dilation, "dilation", blank=1),
        groups,
        bias,
        padding_mode,
    )


@NODES.node("PtnMaxPool2d")
def max_pool2d(
    kernel_size: str = "2", stride: str = "2", padding: str = "0", dilation: str = "1"
) -> Model:
    """The largest value of each window of a picture (B, C, H, W).

    All are one whole number, or two for height and width. A blank stride is the kernel's size.
    """
    places = *_pool(kernel_size, stride, padding), pair(dilation, "dilation", blank=1)
    return nn.MaxPool2d(*places)


@NODES.node("PtnAvgPool2d")
def avg_pool2d(kernel_size: str = "2", stride: str = "2", padding: str = "0") -> Model:
    """The mean of each window of a picture (B, C, H, W); padded zeros count.

    All are one whole number, or two for height and width. A blank stride is the kernel's size.
    """
    return nn.AvgPool2d(*_pool(kernel_size, stride, padding))


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
    """Pictures are (B, C, H, W) with C = `num_features`; eps is 1e-5.

    With `track_running_stats` evaluation uses the running mean and variance of the training,
    otherwise those of what it is given. `affine` adds a trained scale and shift a channel.
    """
    options = {"affine": affine, "track_running_stats": track_running_stats}
    return kind(num_features, momentum=momentum, **options)


@NODES.node("PtnLayerNorm")
def layer_norm(
    normalized_shape: str = "[Specify shape here]",
    elementwise_affine: bool = True,
    bias: bool = True,
) -> Model:
    """Normalizes over the last axes, whose sizes are `normalized_shape`: `256` or `[3, 4]`.

    The shape has to be filled in. eps is 1e-5; `bias` has a meaning only with
    `elementwise_affine`.
    """
    shape = sizes(normalized_shape, "normalized_shape")
    return nn.LayerNorm(shape, elementwise_affine=elementwise_affine, bias=bias)


@NODES.node("PtnEmbedding", random=True)
def embedding(
    num_embeddings: Size = 10_000,
    embedding_dim: Size = 100,
    padding_idx: Annotated[int, Range(-1, 1_000_000)] = -1,
) -> Model:
    """A table of vectors: ids of any shape become that shape and `embedding_dim`.

    The row `padding_idx` is 0 and is not trained; with -1 there is no such row.

    Raises:
        InputError: `padding_idx` is not below `num_embeddings`.
    """
    if not -1 <= padding_idx < num_embeddings:
        message = f"padding_idx {padding_idx} is no row of a table of {num_embeddings}"
        raise InputError(message, input="padding_idx", hint="-1 means no padding row")
    return nn.Embedding(num_embeddings, embedding_dim, None if padding_idx == -1 else padding_idx)


def _pool(kernel_size: str, stride: str, padding: str) -> tuple[Any, Any, Any]:
    return (
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride", blank=None),
        pair(padding, "padding", least=0),
    )
