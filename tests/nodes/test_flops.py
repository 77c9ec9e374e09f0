"""The work that a batch is, against what torch counts while it computes."""

import pytest
import torch
from graphrun_nodes._fitting import flops
from graphrun_nodes._fitting.flops import Cost, Work, cost, lengths_of, matmul_peak, peak_of
from graphrun_nodes._fitting.unpadded import Packed
from graphrun_nodes._tiny import checkpoint
from graphrun_nodes.models import TextClassifier
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import AlbertConfig, AlbertModel, AutoModel, BertConfig, BertModel

KINDS = "distilbert", "bert", "roberta", "albert", "electra"
TEXTS, TOKENS = 3, 40


def encoder(kind):
    return AutoModel.from_pretrained(checkpoint(kind), attn_implementation="eager").eval()


def classifier(core):
    return TextClassifier(core, use_mean_pooling=True, dropout=0.0)


def counted(model, *, training):
    """FLOPs that torch counts in the encoder's layers, for texts without padding."""
    ids = torch.randint(5, 100, (TEXTS, TOKENS))
    with FlopCounterMode(display=False, depth=None) as counter:
        output = model((ids, torch.ones_like(ids)))
        forward = counter.get_total_flops()
        if training:
            output.sum().backward()
    return forward, counter.get_total_flops()


def beside(model):
    """Forward FLOPs of linear layers that do not count: projections of embeddings, pooler, head."""
    core = model.llm_model
    core = core.get_base_model() if hasattr(core, "get_base_model") else core
    pooler = getattr(core, "pooler", None)
    pooler = getattr(pooler, "dense", pooler)
    rows = {pooler: TEXTS, model.linear: TEXTS}
    for name, part in core.named_modules():
        if name in ("encoder.embedding_hidden_mapping_in", "embeddings_project"):
            rows[part] = TEXTS * TOKENS
    return sum(2 * n * part.weight.numel() for part, n in rows.items() if part is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_forward_flops_are_those_that_torch_counts(kind):
    model = classifier(encoder(kind))
    forward, _ = counted(model, training=False)
    assert cost(model).flops([TOKENS] * TEXTS, training=False) == forward - beside(model)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_of_everything_is_three_times_its_forward(kind):
    model = classifier(encoder(kind))
    found = cost(model)
    lengths = [TOKENS] * TEXTS
    forward = found.flops(lengths, training=False)
    assert found.flops(lengths, training=True) == pytest.approx(3 * forward, rel=1e-12)
    _, both = counted(model, training=True)
    # Poolers have no gradients here.
    assert 3 * (forward + beside(model)) == pytest.approx(both, rel=0.01)


def test_the_formula_of_the_papers():
    config = BertConfig(
        hidden_size=24, intermediate_size=40, num_hidden_layers=5, num_attention_heads=2
    )
    found = cost(classifier(BertModel(config)))
    assert found.token == 2 * 5 * (4 * 24 * 24 + 2 * 24 * 40)
    assert found.pair == 5 * 4 * 24


def test_shared_layers_count_as_often_as_they_are_computed():
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = AlbertConfig(**sizes, num_hidden_layers=6, num_hidden_groups=3, inner_group_num=2)
    found = cost(AlbertModel(config))
    assert found.pair == 12 * 4 * 16
    assert found.token == 12 * 2 * (4 * 16 * 16 + 2 * 16 * 32)


def test_nothing_flows_back_through_a_frozen_encoder():
    model = classifier(encoder("bert"))
    model.llm_model.requires_grad_(False)
    found = cost(model)
    assert (found.token_back, found.pair_back) == (0, 0)
    assert found.token > 0


def test_gradients_pass_through_layers_above_the_lowest_that_is_trained():
    model = classifier(encoder("bert"))
    model.llm_model.requires_grad_(False)
    model.llm_model.encoder.layer[1].requires_grad_(True)
    found = cost(model)
    assert found.token_back == found.token  # twice the forward of one of two layers
    assert found.pair_back == found.pair


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_adapters_pass_gradients_on_and_have_few_of_their_own(kind):
    modules = ["query", "value"] if kind == "bert" else ["q_lin", "v_lin"]
    config = LoraConfig(r=4, target_modules=modules, lora_dropout=0.0)
    model = classifier(get_peft_model(encoder(kind), config))
    found, lengths = cost(model), [TOKENS] * TEXTS
    forward, both = counted(model, training=True)
    assert found.flops(lengths, training=False) == forward - beside(model)
    # Torch leaves out the gradients of the lowest layer's input, which nobody needs.
    assert found.flops(lengths, training=True) == pytest.approx(both, rel=0.15)
    assert 1.9 < found.flops(lengths, training=True) / found.flops(lengths, training=False) < 2.3


def test_only_known_encoders_have_a_cost():
    assert cost(nn.Linear(3, 4)) is None
    config = BertConfig(
        hidden_size=24, intermediate_size=40, num_hidden_layers=1, num_attention_heads=2
    )
    config.is_decoder = True
    assert cost(BertModel(config)) is None


def test_lengths_of_texts():
    ids, mask = torch.ones(2, 3, dtype=torch.int64), torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert lengths_of([ids, mask]) == lengths_of((ids, mask.bool())) == [2, 3]
    assert lengths_of(Packed.of(ids, mask)) == (2, 3)
    for other in (ids, [ids.float(), mask], [ids, mask[:1]], [ids], "text", [ids[0], mask[0]], ()):
        assert lengths_of(other) is None


def test_rates():
    work = Work(Cost(token=10, pair=1, token_back=20, pair_back=2), training=True)
    work.add(2, [3, 4])
    work.add(1, [5])
    assert (work.rows, work.tokens) == (3, 12)
    assert work.flops == 3 * (12 * 10 + 9 + 16 + 25)
    assert work.rates(2.0, peak=work.flops) == {
        "samples_per_s": 1.5,
        "tokens_per_s": 6.0,
        "flops_per_s": work.flops / 2,
        "peak_share": 0.5,
    }
    assert "peak_share" not in work.rates(2.0)


def test_what_is_not_known_is_left_out():
    work = Work(None, training=False)
    assert work.rates(1.0) == {}
    work.add(4, [1, 2, 3, 4])
    assert work.rates(2.0, peak=1e9) == {"samples_per_s": 2.0, "tokens_per_s": 5.0}
    assert work.rates(0.0) == {}
    work.add(4)
    assert work.rates(2.0) == {"samples_per_s": 4.0}


def test_the_peak_is_measured_once_and_draws_no_random_numbers():
    before = torch.get_rng_state()
    peak = matmul_peak(torch.device("cpu"))
    assert peak > 1e8
    assert matmul_peak(torch.device("cpu")) == peak
    assert torch.equal(before, torch.get_rng_state())


def test_numbers_that_are_slower_than_float32_are_no_peak(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(flops, "_peaks", {("cpu", torch.float16): 1.0, ("cpu", torch.float32): 2.0})
    assert peak_of(cpu, torch.float16) == peak_of(cpu, torch.float32) == 2.0
    flops._peaks["cpu", torch.float16] = 3.0
    assert peak_of(cpu, torch.float16) == 3.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_peak_of_a_gpu():
    device = torch.device("cuda")
    half = matmul_peak(device, torch.bfloat16)
    assert half > matmul_peak(device, torch.float32) > 1e10
