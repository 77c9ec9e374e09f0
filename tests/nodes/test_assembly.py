"""Models made of models."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes.assembly import chained, chained_with_mask, with_closure
from graphrun_nodes.attention import masked_mean_pooling
from graphrun_nodes.layers import embedding, linear
from graphrun_nodes.saving import load_model, save_model
from modelling import node, refused, same
from recording import Recorder
from torch import nn

X = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
MASK = torch.tensor([[1, 1, 0], [0, 1, 0]])


class Weighted(nn.Linear):
    """A layer with a mask."""

    def forward(self, x: Any, mask: Any) -> Any:
        return super().forward(x) * mask.unsqueeze(-1)


@pytest.mark.parametrize("closure", [None, torch.tanh, nn.PReLU(), nn.LazyLinear])
def test_a_chain_is_one_after_the_other(closure: Any) -> None:
    closure = nn.Linear(2, 2) if closure is nn.LazyLinear else closure
    a, b = nn.Linear(3, 4), nn.Linear(4, 2)
    model = chained(a, b, closure)
    y = b(a(X))
    assert torch.equal(model(X), closure(y) if closure else y)
    names = {name.partition(".")[0] for name in model.state_dict()}
    assert names == {"model_a", "model_b"} | (
        {"closure"} if isinstance(closure, nn.Module) else set()
    )
    model(X).sum().backward()
    assert a.weight.grad is not None


def test_a_chain_is_torchs_sequence_to_the_bit() -> None:
    a, b = nn.Linear(3, 4), nn.Linear(4, 2)
    plain = deepcopy(nn.Sequential(a, b, nn.Dropout(0.5)))
    same(chained(a, b, nn.Dropout(0.5)), plain, X)


def test_parts_are_kept_so_a_shared_one_has_one_set_of_weights(
    call: Recorder, tmp_path: Path
) -> None:
    shared = nn.Linear(3, 3)
    model = chained(chained(shared, nn.ReLU()), shared)
    assert model.model_b is shared is model.model_a.model_a
    assert len(list(model.parameters())) == 2
    assert [*model.state_dict()] == [
        "model_a.model_a.weight", "model_a.model_a.bias", "model_b.weight", "model_b.bias",
    ]  # fmt: skip
    path = save_model(model, str(tmp_path / "shared.safetensors"))
    other = nn.Linear(3, 3)
    again = load_model(chained(chained(other, nn.ReLU()), other), path)
    assert torch.equal(again(X), model(X))


@pytest.mark.parametrize("flags", [(False, False), (False, True), (True, False), (True, True)])
def test_masks_go_to_the_models_that_want_them(flags: tuple[bool, bool]) -> None:
    x = torch.randn(2, 3, 4)
    a, b = (Weighted(4, 4) if wanted else nn.Linear(4, 4) for wanted in flags)
    model = chained_with_mask(a, b, *flags, closure=torch.relu)
    y = a(x, MASK) if flags[0] else a(x)
    y = b(y, MASK) if flags[1] else b(y)
    assert torch.equal(model(x, MASK), torch.relu(y))


def test_a_masked_chain_in_a_chain() -> None:
    table, head = embedding(10, 4), linear(4, 1)
    inner = chained_with_mask(table, masked_mean_pooling(), False, True)
    model = chained_with_mask(inner, head, True, False)
    ids = torch.tensor([[1, 2, 0], [3, 3, 0]])
    assert torch.equal(model(ids, MASK), head(inner(ids, MASK)))
    without = chained_with_mask(inner, head)
    error = refused("model_a (Composite) cannot work with int64 (2, 3)", without, ids, MASK)
    assert "mask" in str(error)


@pytest.mark.parametrize("closure", [None, torch.relu])
def test_residual_connections_add(closure: Any) -> None:
    inner, masked, x = nn.Linear(4, 4), Weighted(4, 4), torch.randn(2, 3, 4)
    ended = closure or (lambda y: y)
    plain = node("PtnResidualConnectionModel")(inner, closure)
    with_mask = node("PtnResidualConnectionModelWithAttentionMask")(masked, closure)
    assert torch.equal(plain(x), ended(x + inner(x)))
    assert torch.equal(with_mask(x, MASK), ended(x + masked(x, MASK)))
    with pytest.raises(TypeError, match="mask"):
        with_mask(x)


def test_inputs_are_prepared() -> None:
    flat, conv = nn.Linear(12, 2), nn.Conv2d(1, 2, 2)
    x = torch.randn(5, 3, 4).transpose(1, 2)
    assert torch.equal(node("PtnPreFlatten")(flat)(x), flat(x.flatten(1)))
    model = node("PtnPreAddChannelAxis")(conv)
    assert torch.equal(model(x), conv(x[:, None]))
    assert torch.equal(model(x[:, None]), conv(x[:, None]))
    for odd in (x[0], x[None, None]):
        error = refused("has to be a tensor of rank 3 or 4, not float32", model, odd)
        assert error.code == "wrong_shape"


def test_a_copy_has_weights_of_its_own() -> None:
    model = chained(nn.Linear(3, 3), nn.ReLU(), nn.PReLU())
    before, copy = model(X), deepcopy(model)
    nn.init.zeros_(model.model_a.weight)
    assert torch.equal(copy(X), before)
    assert not torch.equal(model(X), before)


def test_a_closure_ends_a_model() -> None:
    inner = nn.Linear(3, 2)
    assert torch.equal(with_closure(inner, torch.sigmoid)(X), torch.sigmoid(inner(X)))


def test_a_model_of_two_inputs_needs_both() -> None:
    """Even if no part takes the mask."""
    x, mask = torch.zeros(2, 3, 4), torch.ones(2, 3)
    model = chained_with_mask(nn.ReLU(), nn.Tanh())
    assert torch.equal(model(x, mask), x)
    for inputs, shown in (
        ((x,), "float32 .2, 3, 4."),
        ((), "nothing"),
        ((x, mask, mask), ".* and "),
    ):
        with pytest.raises(TypeError, match=f"takes x and mask, not {shown}.*unpack_input"):
            model(*inputs)
    part = "model_a (Composite) cannot work with float32 (2, 3, 4): the model takes x and mask"
    refused(part, chained(model, nn.ReLU()), x)


def test_errors_name_the_part_and_the_shapes() -> None:
    a, b = nn.Linear(3, 4), nn.Linear(5, 2)
    refused("model_b (Linear) cannot work with float32 (2, 4): mat1 and mat2", chained(a, b), X)
    refused("model_a (Linear) cannot work with int64 (2, 3)", chained(a, b), MASK)
    refused("closure cannot work with float32 (2, 4)", with_closure(a, lambda x: x @ x), X)
    pair = chained(nn.GRU(3, 4), nn.Linear(4, 1))
    refused("model_b (Linear) cannot work with tuple of float32 (2, 4) and float32 (1, 4)", pair, X)
    adding = node("PtnResidualConnectionModel")(a)
    refused("the sum cannot work with float32 (2, 3) and float32 (2, 4)", adding, X)
    looked_up = chained(nn.Embedding(3, 2), nn.ReLU())
    refused("its ids go from 0 to 3, the table has 3 rows", looked_up, torch.tensor([[0, 3]]))
    error = refused("the input cannot work with", node("PtnPreFlatten")(a), torch.tensor(1.0))
    assert error.code == "cannot_compute"
