"""Recurrent layers and the classifiers on top of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graphrun_nodes.recurrent import embedding_rnn_linear
from modelling import node, refused, same, seeded
from recording import Recorder
from torch import nn

# torch says it once, wherever such a layer first computes.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

KINDS = {"PtnRNN": nn.RNN, "PtnGRU": nn.GRU, "PtnLSTM": nn.LSTM}
OPTIONS: list[dict[str, Any]] = [
    {"batch_first": True},
    {"batch_first": False, "bidirectional": True, "num_layers": 2, "dropout": 0.5},
    {"batch_first": True, "bias": False, "num_layers": 2},
]


def build(kind: type[nn.RNNBase], **options: Any) -> nn.RNNBase:
    layer = kind(3, 4, **options)
    for name, weight in layer.named_parameters():
        if kind is nn.RNN and name.startswith("weight_"):
            if options["nonlinearity"] == "tanh":
                nn.init.xavier_normal_(weight)
            else:
                nn.init.kaiming_normal_(weight, nonlinearity="relu")
    return layer


def variants(name: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    if "RNN" in name:
        return [{**options, "nonlinearity": one} for one in ("tanh", "relu")]
    return [options, {**options, "proj_size": 2}] if "LSTM" in name else [options]


class Plain(nn.Module):
    """Layer, mean of what counts, linear layer, from the description."""

    def __init__(self, kind: type[nn.RNNBase], vocabulary: int = 0, **options: Any) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, 3) if vocabulary else None
        self.layer = build(kind, **options)
        width = options.get("proj_size", 0) or 4
        width *= 2 if options.get("bidirectional") else 1
        self.head = nn.Linear(width, 2)
        nn.init.xavier_uniform_(self.head.weight)

    def forward(self, x: Any) -> torch.Tensor:
        if self.table is not None:
            x, mask = self.table(x[0]), (x[1] != 0).float()
        else:
            mask = (torch.linalg.vector_norm(x, dim=2) > 0).float()
        y, _ = self.layer(x)
        time = 1 if self.layer.batch_first else 0
        count = mask.sum(time).clamp(min=1)
        return self.head((y * mask[..., None]).sum(time) / count[:, None])


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_layers_are_torchs(name: str, options: dict[str, Any]) -> None:
    x = torch.randn(5, 6, 3)
    for one in variants(name, options):
        ours = seeded(node(name), input_size=3, hidden_size=4, **one)
        same(ours, seeded(build, KINDS[name], **one), x)
        _, state = ours(x)
        assert isinstance(state, tuple if name == "PtnLSTM" else torch.Tensor)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_classifiers_average_what_is_not_zero(name: str, options: dict[str, Any]) -> None:
    x = torch.randn(5, 6, 3)
    x[1, 2:] = x[:, 3] = 0
    for one in variants(name, options):
        inputs = {"input_size": 3, "hidden_size": 4, "linear_output_size": 2, **one}
        ours = seeded(node(f"{name}Linear"), **inputs)
        result = same(ours, seeded(Plain, KINDS[name], **one), x)
        assert result.shape == (5 if one["batch_first"] else 6, 2)


def test_a_sample_of_zeros_gives_the_bias_of_the_head() -> None:
    model = seeded(node("PtnGRULinear"), 3, 4, linear_output_size=2)
    assert torch.equal(model(torch.zeros(2, 5, 3)), model.linear_model.bias.expand(2, 2))


def test_the_head_may_lack_a_bias() -> None:
    model = seeded(node("PtnLSTMLinear"), 3, 4, proj_size=2, linear_bias=False)
    assert model.linear_model.bias is None
    assert model.linear_model.in_features == 2


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("as_list", [True, False])
def test_ids_are_embedded(options: dict[str, Any], as_list: bool) -> None:
    inputs: Any = torch.randint(0, 10, (5, 6)), torch.randint(0, 3, (5, 6))
    inputs = list(inputs) if as_list else inputs
    for one in variants("PtnRNN", options):
        ours = seeded(
            embedding_rnn_linear, vocabulary_size=10, input_size=3, hidden_size=4,
            linear_output_size=2, **one,
        )  # fmt: skip
        assert ours.embedding.padding_idx is None
        same(ours, seeded(Plain, nn.RNN, 10, **one), inputs)


def test_dropout_that_does_nothing_is_told(call: Recorder) -> None:
    node("PtnGRU")(3, 4, dropout=0.5)
    (said,) = call.notices
    assert said["code"] == "about_the_module"
    assert "PtnGRU: dropout option adds dropout after all but last" in said["message"]


def test_what_makes_no_layer_is_refused() -> None:
    error = refused("PtnLSTM cannot be built: proj_size", node("PtnLSTM"), 3, 4, proj_size=4)
    assert error.code == "cannot_compute"
    refused("PtnGRU cannot be built: hidden_size", node("PtnGRU"), 3, 0)
    refused("dropout should be a number in range", node("PtnGRULinear"), 3, 4, dropout=1.5)


def test_what_is_no_sequence_is_refused() -> None:
    model = node("PtnRNNLinear")(3, 4, nonlinearity="tanh")
    refused("rank 3, not float32 (5, 3)", model, torch.zeros(5, 3))
    refused("rank 3, not tuple of float32 (1,) and int", model, (torch.zeros(1), 2))
    wrong = torch.zeros(2, 5, 4)
    refused("rnn_model (RNN) cannot work with float32 (2, 5, 4)", model, wrong)
    refused("rnn_model (RNN) cannot work with float64 (2, 5, 3)", model, wrong[..., :3].double())


def test_what_are_no_ids_with_a_mask_is_refused() -> None:
    model = embedding_rnn_linear(10, 3, 4, nonlinearity="relu")
    ids, mask = torch.zeros(2, 5, dtype=torch.int64), torch.ones(2, 5)
    error = refused("a pair (ids, mask), not int64 (2, 5)", model, ids)
    assert error.hint
    refused("not list of int64 (2, 5)", model, [ids])
    refused("ids has to be a tensor of rank 2, not int64 (5,)", model, (ids[0], mask))
    refused(
        "the mask has to be a tensor of shape (2, 5), not float32 (2, 4)", model, (ids, mask[:, 1:])
    )
    refused("the mask has to be a tensor of shape (2, 5), not NoneType", model, (ids, None))
    refused("embedding (Embedding) cannot work with float32 (2, 5)", model, (mask, mask))
    refused("its ids go from 10 to 10, the table has 10 rows", model, (ids + 10, mask))
