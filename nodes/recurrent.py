"""Recurrent layers, and classifiers that average what they give over time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import nn

from graphrun.node import Range

from ._build import Composite, ModelNodes, Size, expect, head, ids_and_mask, masked_mean, started
from ._types import Model

NODES = ModelNodes(category="Training", spaced=True)

Nonlinearity = Literal["tanh", "relu"]
Layers = Annotated[int, Range(1, 1000)]


def _rnn(*, nonlinearity: Nonlinearity, **options: Any) -> nn.RNN:
    return started(nn.RNN(nonlinearity=nonlinearity, **options), relu=nonlinearity == "relu")


def _averaged(
    kind: Any, *, linear_output_size: int, linear_bias: bool, vocabulary_size: int | None = None,
    **options: Any,
) -> Composite:  # fmt: skip
    parts: dict[str, Any] = {}
    if vocabulary_size:
        parts["embedding"] = nn.Embedding(vocabulary_size, options["input_size"])
    layer = kind(**options)
    name = f"{type(layer).__name__.lower()}_model"
    time = int(layer.batch_first)
    width = (layer.proj_size or layer.hidden_size) * (1 + layer.bidirectional)
    parts |= {name: layer, "linear_model": head(width, linear_output_size, linear_bias)}

    def rule(part: Any, x: Any) -> Any:
        counts = None
        if vocabulary_size:
            x, counts = ids_and_mask(x)
            x = part("embedding", x)
        expect("the input", x, 3)
        hidden, _ = part(name, x)
        marked = (x.norm(dim=-1) if counts is None else counts) != 0
        return part("linear_model", masked_mean(hidden, marked, dim=time))

    return Composite(rule, **parts)


PAIR = "gives a pair: outputs (B, L, H) of all steps, and the last state"
HEAD = "the mean of its outputs over the inputs that are not all 0, a linear layer"
PLAIN = ("linear_output_size", "linear_bias")


@NODES.table(
    {
        "PtnRNN": (_rnn, f"A plain recurrent layer, which {PAIR}.", "proj_size", *PLAIN),
        "PtnGRU": (nn.GRU, f"A GRU, which {PAIR}.", "proj_size", "nonlinearity", *PLAIN),
        "PtnLSTM": (nn.LSTM, f"An LSTM, which {PAIR}.", "nonlinearity", *PLAIN),
        "PtnRNNLinear": (_rnn, f"A plain recurrent layer, {HEAD}.", "proj_size"),
        "PtnGRULinear": (nn.GRU, f"A GRU, {HEAD}.", "nonlinearity", "proj_size"),
        "PtnLSTMLinear": (nn.LSTM, f"An LSTM, {HEAD}.", "nonlinearity"),
    },
    random=True,
)
def recurrent(
    kind: Any, input_size: Size = 1, hidden_size: Size = 1, num_layers: Layers = 1, *,
    nonlinearity: Nonlinearity, bias: bool = True, batch_first: bool = True,
    dropout: Annotated[float, Range(0, 1, 0.001)] = 0.0, bidirectional: bool = False,
    proj_size: Annotated[int, Range(0, 1_000_000)] = 0, linear_output_size: Size = 1,
    linear_bias: bool = True,
) -> Model:  # fmt: skip
    """Inputs are (B, L, F), or (L, B, F) without `batch_first`.

    The matrices of a plain recurrent layer start with Xavier's normal distribution for tanh and
    with Kaiming's for relu. An LSTM's `proj_size` is the width of its outputs if it is not 0, and
    has to be below `hidden_size`. A class with a linear layer gives (B, `linear_output_size`).
    """
    given = {name: value for name, value in locals().items() if value is not None}
    build = given.pop("kind") if linear_bias is None else _averaged
    return build(**given)


@NODES.node("PtnEmbeddingRNNLinear", random=True)
def embedding_rnn_linear(
    vocabulary_size: Size = 10_000, input_size: Size = 1, hidden_size: Size = 1,
    num_layers: Layers = 1, *, nonlinearity: Nonlinearity, bias: bool = True,
    batch_first: bool = True, dropout: Annotated[float, Range(0, 1)] = 0.0,
    bidirectional: bool = False, linear_output_size: Size = 1, linear_bias: bool = True,
) -> Model:  # fmt: skip
    """An embedding of ids, a plain recurrent layer, the mean of its outputs, a linear layer.

    The model is called with a pair (ids, mask), each (B, L), or (L, B) without `batch_first`;
    the mask says what counts in the mean. Gives logits (B, `linear_output_size`).
    """
    return _averaged(_rnn, **locals())
