"""Recurrent layers, and classifiers that average what they give over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from torch import nn

from graphrun.node import Range

from ._build import ModelNodes, Share, Size, apply, expect, ids_and_mask, masked_mean
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Layers = Annotated[int, Range(1, 1000)]
Projection = Annotated[int, Range(0, 1_000_000)]
Nonlinearity = Literal["tanh", "relu"]


class Averaged(nn.Module):
    """A recurrent layer, the mean of its outputs over the steps that count, a linear layer."""

    def __init__(
        self, kind: Callable[..., nn.RNNBase], *, linear_output_size: int, linear_bias: bool,
        vocabulary_size: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if vocabulary_size is not None:
            self.embedding = nn.Embedding(vocabulary_size, options["input_size"])
        layer = kind(**options)
        self.layer_name = f"{type(layer).__name__.lower()}_model"
        self.add_module(self.layer_name, layer)
        width = (layer.proj_size or layer.hidden_size) * (1 + layer.bidirectional)
        self.linear_model = nn.Linear(width, linear_output_size, bias=linear_bias)
        nn.init.xavier_uniform_(self.linear_model.weight)

    def forward(self, x: Any) -> Any:
        layer: Any = getattr(self, self.layer_name)
        if hasattr(self, "embedding"):
            ids, counts = ids_and_mask(x)
            x = apply("embedding", self.embedding, ids)
        else:
            expect("the input", x, 3)
            counts = x.norm(dim=-1)
        hidden, _ = apply(self.layer_name, layer, x)
        return self.linear_model(masked_mean(hidden, counts != 0, dim=int(layer.batch_first)))


@NODES.node("PtnRNN", random=True)
def rnn(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1,
    nonlinearity: Nonlinearity, bias: bool = True, batch_first: bool = True,
    dropout: Share = 0.0, bidirectional: bool = False,
) -> Model:  # fmt: skip
    """A plain recurrent layer, which gives a pair: outputs of all steps, and the last state.

    Its matrices start with Xavier's normal distribution for tanh, and Kaiming's for relu.
    Outputs are (B, L, H), or (L, B, H) without `batch_first`.
    """
    return _rnn(**locals())


@NODES.node("PtnGRU", random=True)
def gru(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1, bias: bool = True,
    batch_first: bool = True, dropout: Share = 0.0, bidirectional: bool = False,
) -> Model:  # fmt: skip
    """A GRU, which gives a pair: outputs (B, L, H) of all steps, and the last state."""
    return nn.GRU(**locals())


@NODES.node("PtnLSTM", random=True)
def lstm(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1, bias: bool = True,
    batch_first: bool = True, dropout: Share = 0.0, bidirectional: bool = False,
    proj_size: Projection = 0,
) -> Model:  # fmt: skip
    """An LSTM, which gives outputs (B, L, H) of all steps, and the pair of last states.

    `proj_size`, if not 0, is the outputs' width and has to be below `hidden_size`.
    """
    return nn.LSTM(**locals())


@NODES.node("PtnRNNLinear", random=True)
def rnn_linear(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1,
    nonlinearity: Nonlinearity, bias: bool = True, batch_first: bool = True,
    dropout: Share = 0.0, bidirectional: bool = False, linear_output_size: Size = 1,
    linear_bias: bool = True,
) -> Model:  # fmt: skip
    """A plain recurrent layer, the mean of its outputs, and a linear layer.

    Inputs are (B, L, F), or (L, B, F) without `batch_first`; steps whose vector is all 0 do not
    count in the mean. Gives logits (B, `linear_output_size`).
    """
    return Averaged(_rnn, **locals())


@NODES.node("PtnGRULinear", random=True)
def gru_linear(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1, bias: bool = True,
    batch_first: bool = True, dropout: Share = 0.0, bidirectional: bool = False,
    linear_output_size: Size = 1, linear_bias: bool = True,
) -> Model:  # fmt: skip
    """A GRU, the mean of its outputs, and a linear layer; otherwise as PtnRNNLinear."""
    return Averaged(nn.GRU, **locals())


@NODES.node("PtnLSTMLinear", random=True)
def lstm_linear(
    input_size: Size = 1, hidden_size: Size = 1, *, num_layers: Layers = 1, bias: bool = True,
    batch_first: bool = True, dropout: Share = 0.0, bidirectional: bool = False,
    proj_size: Projection = 0, linear_output_size: Size = 1, linear_bias: bool = True,
) -> Model:  # fmt: skip
    """An LSTM, the mean of its outputs, and a linear layer; otherwise as PtnRNNLinear."""
    return Averaged(nn.LSTM, **locals())


@NODES.node("PtnEmbeddingRNNLinear", random=True)
def embedding_rnn_linear(
    vocabulary_size: Size = 10_000, input_size: Size = 1, hidden_size: Size = 1, *,
    num_layers: Layers = 1, nonlinearity: Nonlinearity, bias: bool = True,
    batch_first: bool = True, dropout: Annotated[float, Range(0, 1)] = 0.0,
    bidirectional: bool = False, linear_output_size: Size = 1, linear_bias: bool = True,
) -> Model:  # fmt: skip
    """An embedding of ids, a plain recurrent layer, the mean of its outputs, a linear layer.

    The model is called with a pair (ids, mask), each (B, L), or (L, B) without `batch_first`;
    the mask says what counts in the mean. Gives logits (B, `linear_output_size`).
    """
    return Averaged(_rnn, **locals())


def _rnn(*, nonlinearity: Nonlinearity, **options: Any) -> nn.RNN:
    layer = nn.RNN(nonlinearity=nonlinearity, **options)
    for name, matrix in layer.named_parameters():
        if name.startswith("weight") and nonlinearity == "tanh":
            nn.init.xavier_normal_(matrix)
        elif name.startswith("weight"):
            nn.init.kaiming_normal_(matrix, nonlinearity="relu")
    return layer
