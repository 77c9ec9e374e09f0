"""Attention over sequences with a mask (B, L): 1 for what is real, 0 for padding."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch import nn

from graphrun.node import InputError, Range, notice

from ._build import Composite, ModelNodes, Size, expect, head, ids_and_mask, masked_mean
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Dropout = Annotated[float, Range(0, 1)]


def _torchs(**options: Any) -> Composite:
    def rule(part: Any, x: Any, mask: Any) -> Any:
        expect("the mask", mask, 1, 2)
        return part("model", x, x, x, key_padding_mask=mask == 0, need_weights=False)[0]

    return Composite(rule, model=nn.MultiheadAttention(**options))


def _custom(
    embed_dim: int, num_heads: int, *, dropout: float, bias: bool, kdim: int, vdim: int,
    batch_first: bool,
) -> Composite:  # fmt: skip
    inputs = {"q_proj": embed_dim, "k_proj": kdim, "v_proj": vdim, "out_proj": embed_dim}
    layers = {name: nn.Linear(width, embed_dim, bias) for name, width in inputs.items()}

    def rule(part: Any, x: Any, mask: Any = None) -> Any:
        expect("the input", x, 3)
        x = x if batch_first else x.transpose(0, 1)  # (B, L, E)
        split = (part(name, x).unflatten(-1, (num_heads, -1)) for name in list(inputs)[:3])
        q, k, v = (projected.transpose(1, 2) for projected in split)  # (B, heads, L, E / heads)
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        if mask is not None:
            expect("the mask", mask, shape=x.shape[:2])
            scores = scores.masked_fill((mask == 0)[:, None, None], -torch.inf)
        out = part("out_proj", (scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return part("dropout", out if batch_first else out.transpose(0, 1))

    return Composite(rule, **layers, dropout=nn.Dropout(dropout))


@NODES.node("PtnMaskedMeanPooling")
def masked_mean_pooling() -> Model:
    """The mean (B, F) of x (B, L, F) over what the mask marks; 0 where it marks nothing."""
    return Composite(lambda part, x, mask: masked_mean(x, mask))


@NODES.table(
    {
        "PtnMultiheadAttention": (_torchs, "torch's attention of a sequence to itself."),
        "PtnMultiheadAttentionCustom": (
            _custom, "Attention with dropout after the last projection; the mask may be left out.",
            "add_bias_kv", "add_zero_attn",
        ),
    },
    random=True,
)  # fmt: skip
def attention(
    kind: Any, embed_dim: Size = 512, num_heads: Annotated[int, Range(1, 256)] = 8, *,
    dropout: Dropout = 0.0, bias: bool = True, add_bias_kv: bool = False,
    add_zero_attn: bool = False, kdim: Size = 512, vdim: Size = 512, batch_first: bool = True,
) -> Model:  # fmt: skip
    """Called with x (B, L, `embed_dim`), or (L, B, ...) without `batch_first`, and a mask.

    `kdim` and `vdim` have to be `embed_dim` for it to run. A sequence with nothing marked is nan.
    """
    options = {name: value for name, value in locals().items() if value is not None}
    if embed_dim % num_heads:
        message = f"num_heads, {num_heads}, does not divide embed_dim, {embed_dim}"
        raise InputError(message, input="num_heads", code="heads_do_not_divide")
    if {kdim, vdim} != {embed_dim}:
        message = f"kdim {kdim} and vdim {vdim} differ from embed_dim {embed_dim}: it cannot run"
        notice(message, code="cannot_run", input="kdim", hint=f"set both to {embed_dim}")
    return options.pop("kind")(**options)


@NODES.node("PtnEmbeddingTransformerLinear", random=True)
def embedding_transformer_linear(
    num_layers: Annotated[int, Range(1, 256)] = 6, vocabulary_size: Size = 10_000,
    hidden_size: Size = 512, *, nhead: Annotated[int, Range(1, 32)] = 8,
    dim_feedforward: Size = 2048, dropout: Dropout = 0.1, nonlinearity: Literal["gelu", "relu"],
    layer_norm_eps: Annotated[float, Range(1e-9, 0.1, 1e-9)] = 1e-5, batch_first: bool = True,
    norm_first: bool = False, bias: bool = True, max_length: Size = 512,
    linear_output_size: Size = 1, linear_bias: bool = True,
) -> Model:  # fmt: skip
    """A transformer encoder of ids with learned places, the masked mean, and a linear layer.

    Called with a pair (ids, mask), each (B, L) with L up to `max_length`; gives logits
    (B, `linear_output_size`). `batch_first` changes only how the encoder computes.
    """
    time = int(batch_first)

    def rule(part: Any, inputs: Any) -> Any:
        ids, mask = ids_and_mask(inputs)
        if ids.shape[1] > max_length:
            message = f"a sequence of {ids.shape[1]} ids is longer than max_length, {max_length}"
            raise InputError(message, code="sequence_too_long")
        steps = torch.arange(ids.shape[1], device=ids.device)
        x = part("word_embedding", ids) + part("positional_embedding", steps)
        x = x.movedim(1, time)
        x = part("encoder", x, src_key_padding_mask=mask == 0)
        return part("linear_model", masked_mean(x.movedim(time, 1), mask))

    words = nn.Embedding(vocabulary_size, hidden_size)
    places = nn.Embedding(max_length, hidden_size)
    layer = nn.TransformerEncoderLayer(
        hidden_size, nhead, dim_feedforward, dropout, nonlinearity, layer_norm_eps, batch_first,
        norm_first, bias,
    )  # fmt: skip
    encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
    return Composite(
        rule, word_embedding=words, positional_embedding=places, encoder=encoder,
        linear_model=head(hidden_size, linear_output_size, linear_bias),
    )  # fmt: skip
