"""Attention over sequences with a mask (B, L): 1 for what is real, 0 for padding."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from graphrun.node import InputError, Range, notice

from ._build import ModelNodes, Size, apply, expect, ids_and_mask, masked_mean
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Dropout = Annotated[float, Range(0, 1)]


class MaskedMean(nn.Module):
    """Mean of x (B, L, F) over what a mask marks."""

    def forward(self, x: Any, mask: Any) -> Tensor:
        return masked_mean(x, mask)


class SelfAttention(nn.Module):
    """torch's attention of a sequence to itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.model = nn.MultiheadAttention(**options)

    def forward(self, x: Any, mask: Any) -> Tensor:
        return apply("the attention", self._attend, x, mask)

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.model(x, x, x, key_padding_mask=mask == 0, need_weights=False)[0]


class OwnAttention(nn.Module):
    """Attention of four linear layers, with dropout of what the last one gives."""

    def __init__(
        self, embed_dim: int, num_heads: int, *, dropout: float, kdim: int, vdim: int,
        batch_first: bool, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.q_proj = nn.Linear(embed_dim, embed_dim, **options)
        self.k_proj = nn.Linear(kdim, embed_dim, **options)
        self.v_proj = nn.Linear(vdim, embed_dim, **options)
        self.out_proj = nn.Linear(embed_dim, embed_dim, **options)
        self.dropout = nn.Dropout(dropout)
        self.num_heads, self.batch_first = num_heads, batch_first

    def forward(self, x: Any, mask: Any = None) -> Tensor:
        expect("the input", x, 3)
        x = x if self.batch_first else x.transpose(0, 1)  # (B, L, E)
        q, k, v = (self._heads(name, x) for name in ("q_proj", "k_proj", "v_proj"))
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (B, heads, L, L)
        if mask is not None:
            expect("the mask", mask, shape=x.shape[:2])
            scores = scores.masked_fill((mask == 0)[:, None, None], -torch.inf)
        out: Tensor = self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return self.dropout(out if self.batch_first else out.transpose(0, 1))

    def _heads(self, name: str, x: Tensor) -> Tensor:
        projected: Tensor = apply(name, getattr(self, name), x)
        return projected.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


class TextTransformer(nn.Module):
    """Embeddings of words and places, torch's encoder, the masked mean, a linear layer."""

    def __init__(
        self, *, num_layers: int, vocabulary_size: int, hidden_size: int, max_length: int,
        linear_output_size: int, linear_bias: bool, **layer: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.word_embedding = nn.Embedding(vocabulary_size, hidden_size)
        self.positional_embedding = nn.Embedding(max_length, hidden_size)
        self.time = int(layer["batch_first"])
        one = nn.TransformerEncoderLayer(hidden_size, **layer)
        self.encoder = nn.TransformerEncoder(one, num_layers, enable_nested_tensor=False)
        self.linear_model = nn.Linear(hidden_size, linear_output_size, bias=linear_bias)
        nn.init.xavier_uniform_(self.linear_model.weight)

    def forward(self, inputs: Any) -> Any:
        ids, mask = ids_and_mask(inputs)
        longest = self.positional_embedding.num_embeddings
        if ids.shape[1] > longest:
            message = f"a sequence of {ids.shape[1]} ids is longer than max_length, {longest}"
            raise InputError(message, code="sequence_too_long")
        places = self.positional_embedding(torch.arange(ids.shape[1], device=ids.device))
        x = apply("word_embedding", self.word_embedding, ids) + places
        x = self.encoder(x.movedim(1, self.time), src_key_padding_mask=mask == 0)
        return self.linear_model(masked_mean(x.movedim(self.time, 1), mask))


@NODES.node("PtnMaskedMeanPooling")
def masked_mean_pooling() -> Model:
    """The mean (B, F) of x (B, L, F) over what the mask marks; 0 where it marks nothing."""
    return MaskedMean()


@NODES.table(
    {
        "PtnMultiheadAttention": (SelfAttention, "torch's attention of a sequence to itself."),
        "PtnMultiheadAttentionCustom": (
            OwnAttention, "Attention with dropout after the last projection; may lack a mask.",
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
    options = dict(locals())
    return TextTransformer(activation=options.pop("nonlinearity"), **options)
