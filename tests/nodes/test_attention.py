"""Attention, and the mean over what a mask marks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graphrun_nodes.attention import embedding_transformer_linear, masked_mean_pooling
from modelling import node, refused, same, seeded
from recording import Recorder
from torch import Tensor, nn

MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
X = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.float32])
def test_the_mean_is_that_of_what_is_marked(dtype: torch.dtype, kind: torch.dtype) -> None:
    x, mask = X.to(dtype), MASK.clone()
    mask[2] = 0
    result = masked_mean_pooling()(x, mask.to(kind))
    assert result.dtype == dtype
    tolerance = {"rtol": 1e-2, "atol": 1e-2} if dtype.itemsize == 2 else {}
    torch.testing.assert_close(result[0], x[0, :2].mean(0), **tolerance)
    torch.testing.assert_close(result[1], x[1].mean(0), **tolerance)
    assert not result[2].any()


def test_weights_between_0_and_1_count_in_part() -> None:
    x = torch.tensor([[[1.0], [4.0]]])
    assert masked_mean_pooling()(x, torch.tensor([[0.5, 1.0]])).item() == 3
    assert masked_mean_pooling()(x.long(), torch.tensor([[1, 1]])).item() == 2.5


def test_what_cannot_be_averaged_is_refused() -> None:
    model = masked_mean_pooling()
    refused("x has to be a tensor of rank 3, not float32 (4, 6)", model, X[0], MASK[0])
    for odd in (MASK[:1], MASK[0], MASK[:, :3], None):
        assert (
            refused("the mask has to be a tensor of shape (3, 4)", model, X, odd).code
            == "wrong_shape"
        )


class Torchs(nn.Module):
    """torch's layer as it is called here."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.layer = nn.MultiheadAttention(6, 2, **options)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.layer(x, x, x, key_padding_mask=~mask.bool(), need_weights=False)[0]


class Described(nn.Module):
    """Attention with dropout at the end, one head after the other."""

    def __init__(self, bias: bool, batch_first: bool, dropout: float) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(6, 6, bias) for _ in range(4))
        self.batch_first, self.dropout = batch_first, nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x if self.batch_first else x.transpose(0, 1)
        heads = []
        for part in (slice(0, 3), slice(3, 6)):
            q, k, v = (layer(x)[..., part] for layer in (self.q, self.k, self.v))
            scores = q @ k.mT / 3**0.5
            if mask is not None:
                scores = scores.masked_fill(mask[:, None] == 0, -torch.inf)
            heads.append(scores.softmax(-1) @ v)
        out = self.dropout(self.out(torch.cat(heads, -1)))
        return out if self.batch_first else out.transpose(0, 1)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"bias": False, "batch_first": False},
    {"dropout": 0.5, "add_bias_kv": True, "add_zero_attn": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention_is_torchs(options: dict[str, Any]) -> None:
    options = {"batch_first": True, **options}
    ours = seeded(node("PtnMultiheadAttention"), 6, 2, kdim=6, vdim=6, **options)
    x = X if options["batch_first"] else X.transpose(0, 1)
    same(ours, seeded(Torchs, **options), x, MASK)
    with pytest.raises(TypeError, match="mask"):
        ours(x)


@pytest.mark.parametrize("mask", [None, MASK, MASK.bool(), MASK.double()])
@pytest.mark.parametrize(("bias", "batch_first"), [(True, True), (False, False)])
def test_custom_attention_is_what_it_is_described_as(
    mask: Any, bias: bool, batch_first: bool
) -> None:
    options = {"bias": bias, "batch_first": batch_first, "dropout": 0.5}
    ours = seeded(node("PtnMultiheadAttentionCustom"), 6, 2, kdim=6, vdim=6, **options)
    plain = seeded(Described, **options)
    plain.load_state_dict(dict(zip(plain.state_dict(), ours.state_dict().values(), strict=True)))
    x = X if batch_first else X.transpose(0, 1)
    for training in (True, False):
        torch.manual_seed(1)
        one = ours.train(training)(x, mask) if mask is not None else ours.train(training)(x)
        torch.manual_seed(1)
        torch.testing.assert_close(one, plain.train(training)(x, mask))
    assert (ours.train()(x) == 0).float().mean() > 0.2


def test_without_dropout_custom_attention_is_torchs_with_other_names() -> None:
    ours = seeded(node("PtnMultiheadAttentionCustom"), 6, 2, kdim=6, vdim=6)
    plain = Torchs(batch_first=True)
    state = ours.state_dict()
    for end in ("weight", "bias"):
        packed = torch.cat([state[f"{name}_proj.{end}"] for name in "qkv"])
        getattr(plain.layer, f"in_proj_{end}").data = packed
        getattr(plain.layer.out_proj, end).data = state[f"out_proj.{end}"]
    torch.testing.assert_close(ours(X, MASK), plain(X, MASK))


def test_a_sequence_with_nothing_marked_is_nan() -> None:
    mask = MASK.clone()
    mask[1] = 0
    model = seeded(node("PtnMultiheadAttentionCustom"), 6, 2, kdim=6, vdim=6)
    result = model(X, mask)
    assert result[1].isnan().all()
    assert not result[[0, 2]].isnan().any()


@pytest.mark.parametrize("name", ["PtnMultiheadAttention", "PtnMultiheadAttentionCustom"])
def test_widths_that_cannot_run_are_built_and_told(name: str, call: Recorder) -> None:
    model = node(name)(6, 2, kdim=4, vdim=6)
    (said,) = call.notices
    assert (said["code"], said["input"], said["hint"]) == ("cannot_run", "kdim", "set both to 6")
    refused("cannot work with float32 (3, 4, 6)", model, X, MASK)
    error = refused("num_heads, 4, does not divide embed_dim, 6", node(name), 6, 4)
    assert error.input == "num_heads"
    node(name)(6, 3, kdim=6, vdim=6)
    assert len(call.notices) == 1


def test_inputs_that_do_not_fit_attention_are_refused() -> None:
    ours = node("PtnMultiheadAttentionCustom")(6, 2, kdim=6, vdim=6)
    refused("rank 3, not float32 (4, 6)", ours, X[0])
    refused("q_proj (Linear) cannot work with float32 (3, 4, 5)", ours, X[..., :5])
    refused("the mask has to be a tensor of shape (3, 4), not int64 (3, 3)", ours, X, MASK[:, :3])
    torchs = node("PtnMultiheadAttention")(6, 2, kdim=6, vdim=6)
    refused(
        "model (MultiheadAttention) cannot work with float32 (3, 4, 5)", torchs, X[..., :5], MASK
    )
    refused("model (MultiheadAttention) cannot work with", torchs, X, MASK[:, :3])
    refused("the mask has to be a tensor of rank 1 or 2, not NoneType", torchs, X, None)


class PlainTransformer(nn.Module):
    """From the description."""

    def __init__(self, layers: int, **options: Any) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(10, 6), nn.Embedding(5, 6)
        layer = nn.TransformerEncoderLayer(6, 2, 8, **options)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(6, 3)
        nn.init.xavier_uniform_(self.head.weight)

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        ids, mask = inputs
        x = self.words(ids) + self.places.weight[: ids.shape[1]]
        if not self.encoder.layers[0].self_attn.batch_first:
            x = self.encoder(x.transpose(0, 1), src_key_padding_mask=mask == 0).transpose(0, 1)
        else:
            x = self.encoder(x, src_key_padding_mask=mask == 0)
        weight = mask.unsqueeze(-1).float()
        return self.head((x * weight).sum(1) / weight.sum(1).clamp(min=1e-9))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "gelu", "batch_first": True},
        {"activation": "relu", "batch_first": False, "norm_first": True, "dropout": 0.0},
        {"activation": "gelu", "batch_first": True, "bias": False, "layer_norm_eps": 0.01},
    ],
    ids=str,
)
@pytest.mark.parametrize("layers", [1, 3])
def test_transformers_are_torchs(options: dict[str, Any], layers: int) -> None:
    renamed = {**options, "nonlinearity": options["activation"]}
    del renamed["activation"]
    ours = seeded(
        embedding_transformer_linear, layers, 10, 6, nhead=2, dim_feedforward=8, max_length=5,
        linear_output_size=3, **renamed,
    )  # fmt: skip
    plain = seeded(PlainTransformer, layers, **options)
    ids = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6], [9, 0, 0, 0]])
    assert same(ours, plain, (ids, MASK)).shape == (3, 3)
    ours.eval()
    with torch.no_grad():
        assert torch.equal(ours([ids, MASK]), plain((ids, MASK)))
        torch.testing.assert_close(ours((ids[:1, :2], MASK[:1, :2])), ours((ids[:1], MASK[:1])))


def test_texts_that_do_not_fit_a_transformer_are_refused() -> None:
    model = embedding_transformer_linear(
        1, 10, 6, nhead=2, dim_feedforward=8, max_length=3, nonlinearity="gelu"
    )
    ids = torch.ones(2, 4, dtype=torch.int64)
    error = refused("a sequence of 4 ids is longer than max_length, 3", model, (ids, ids))
    assert error.code == "sequence_too_long"
    refused("the mask has to be a tensor of shape (2, 3)", model, (ids[:, :3], ids))
    refused("ids go from 10 to 10, the table has 10 rows", model, (ids[:, :3] * 10, ids[:, :3]))
    build = embedding_transformer_linear
    refused(
        "cannot be built: embed_dim must be divisible",
        build,
        1,
        10,
        6,
        nhead=4,
        nonlinearity="gelu",
    )
