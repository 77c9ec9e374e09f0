"""Trainings on texts without padding, against what their files say: padded and one by one."""

from __future__ import annotations

import math
import weakref
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from graphrun_nodes._around import around
from graphrun_nodes._encoded import EncodedText, TextEncoder
from graphrun_nodes._fitting import memory, tokens
from graphrun_nodes._reviews import reviews
from graphrun_nodes._tiny import checkpoint
from graphrun_nodes.loaders import data_loader
from graphrun_nodes.models import fine_tuned_classifier
from graphrun_nodes.optimizers import adam, adam_w
from graphrun_nodes.training import NODES
from graphrun_nodes.training import train_transformer_classifier as train
from recording import KINDS, Recorder
from torch import nn

from graphrun.cache import Checkpoints, place
from graphrun.catalog.running import CALL, Settings
from graphrun.errors import Cancelled, InputError

BCE = nn.BCEWithLogitsLoss()
STAGED = NODES["PtTrainFineTuneClassificationTransformerModel"]
ROWS, BATCH, LONGEST = 22, 4, 40
STEPS = 2 * (6 + 6)
"""Of two epochs with as many rows in the validation."""


def tokenizer(kind: str = "bert") -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(checkpoint(kind))


def texts(kind: str = "bert", split: str = "train", *, rows: int = ROWS, **other: Any) -> Any:
    """Reviews of very different lengths."""
    pairs = reviews(split)[:rows]
    cut = [text[: 20 + 37 * (i % 7)] for i, (text, _) in enumerate(pairs)]
    data = datasets.Dataset.from_dict(
        {"text": cut, "label": [label for _, label in pairs], **other.pop("columns", {})}
    )
    settings = {"padding": True, "method": "max_length", "truncation": True, "max_length": LONGEST}
    encode = TextEncoder("some", other.pop("tokenizer", None) or tokenizer(kind),
                         **{**settings, **other})  # fmt: skip
    return EncodedText(data, encode, clean=True)


def loaders(kind: str = "bert", **options: Any) -> tuple[Any, Any]:
    shuffled = data_loader(texts(kind), BATCH, shuffle=True, **options)
    return shuffled, data_loader(texts(kind, "test"), BATCH, **options)


class Outcome:
    """A training of two epochs, and what it leaves."""

    def __init__(
        self, folder: Path | None = None, *, kind: str = "bert", dropout: float | None = 0.0,
        node: Any = train, made: Any = None, seed: int = 7, loss: Any = BCE, kept: Any = None,
        stop: int | None = None, settings: dict[str, Any] | None = None, spoil: Any = None,
        optimize: Any = adam_w, **options: Any,
    ) -> None:  # fmt: skip
        self.call = Recorder(
            Settings(cache=folder, outputs=Path(), **{"precision": "fp32", **(settings or {})})
        )
        self.call.stop_after, self.call.kept = stop, kept
        self.stopped = False
        token = CALL.set(self.call)
        try:
            with around(1):
                self.model: Any = fine_tuned_classifier(str(checkpoint(kind)), dropout=0.0)
                self.optimizer = optimize(self.model, 1e-3)
                self.loaders = made() if made else loaders(kind)
            for module in self.model.modules() if dropout is not None else ():
                if isinstance(module, nn.Dropout):
                    module.p = dropout
                for name in ("attention_dropout", "dropout_prob"):
                    if isinstance(getattr(module, name, None), float):
                        setattr(module, name, dropout)
            if spoil:
                spoil(self.model)
            with around(seed):
                self.train, self.val = node(
                    self.model, self.loaders[0], optimizer=self.optimizer, loss_function=loss,
                    epochs=2, val_loader=self.loaders[1], **options,
                )[1:]  # fmt: skip
        except Cancelled:
            self.stopped = True
        finally:
            CALL.reset(token)

    @property
    def way(self) -> str:
        (said,) = [n["message"] for n in self.call.notices if n["code"] == "way_of_computing"]
        return str(said)

    @property
    def figures(self) -> list[dict[str, Any]]:
        """What was told of each epoch, but for how long it took."""
        rates = ("samples_per_s", "tokens_per_s", "flops_per_s")
        return [{k: v for k, v in m.items() if k not in rates} for m in self.call.metrics]

    def check(self, other: Outcome, near: float = 1e-4) -> None:
        """Losses and weights are those of another one to rounding, accuracies the same."""
        torch.testing.assert_close(self.train, other.train, rtol=near, atol=0)
        torch.testing.assert_close(self.val, other.val, rtol=near, atol=0)
        for one, two in zip(self.figures, other.figures, strict=True):
            assert one.keys() == two.keys()
            assert one.get("val_accuracy") == two.get("val_accuracy")

    def same(self, other: Outcome) -> None:
        """Everything is the same in all bits."""
        assert self.figures == other.figures
        for name, value in other.model.state_dict().items():
            assert torch.equal(self.model.state_dict()[name], value), name


LITERAL = {"literal": True}


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_of_the_literal_training(kind: str, tmp_path: Path) -> None:
    fast = Outcome(tmp_path, kind=kind)
    literal = Outcome(tmp_path, kind=kind, settings=LITERAL)
    fast.check(literal)
    assert fast.train[1] < fast.train[0]
    assert (fast.way, fast.call.ui["path"]) == (
        "texts are computed without padding", ["unpadded", "tokens"],
    )  # fmt: skip
    assert literal.way == "texts are padded, as the file says: --literal asks for it"
    assert literal.call.ui["path"] == ["padded", "loader"]
    assert literal.call.ui["precision"] == ["fp32", "as asked for"]
    assert fast.call.steps[-1] == literal.call.steps[-1] == (STEPS, STEPS)
    trained = [step for step, total in fast.call.steps if total == STEPS]
    assert trained == sorted(trained)


def test_dropout_changes_no_more_than_a_seed_does(tmp_path: Path) -> None:
    """Means of several seeds, as what is dropped is drawn differently."""
    seeds = range(6)
    fast = torch.stack([Outcome(tmp_path, dropout=None, seed=s).val for s in seeds])
    literal = torch.stack(
        [Outcome(tmp_path, dropout=None, seed=s, settings=LITERAL).val for s in seeds]
    )
    error = math.hypot(float(fast[:, 1].std()), float(literal[:, 1].std())) / math.sqrt(len(seeds))
    assert abs(float(fast[:, 1].mean() - literal[:, 1].mean())) < 4 * error + 1e-3


@pytest.mark.parametrize(
    "loss",
    [nn.BCEWithLogitsLoss(reduction="sum"), nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0])),
     nn.MSELoss(), nn.SmoothL1Loss()],
    ids=str,
)  # fmt: skip
def test_any_loss_of_rows(loss: nn.Module, tmp_path: Path) -> None:
    Outcome(tmp_path, loss=loss).check(Outcome(tmp_path, loss=loss, settings=LITERAL))


class Spread(nn.Module):
    """A loss that is no mean of the rows' losses."""

    def forward(self, output: Any, target: Any) -> Any:
        return ((output - target) ** 2).mean().sqrt()


def test_a_loss_of_batches_is_taken_of_the_files_batches(tmp_path: Path) -> None:
    Outcome(tmp_path, loss=Spread()).check(Outcome(tmp_path, loss=Spread(), settings=LITERAL))


def test_stages(tmp_path: Path) -> None:
    options: dict[str, Any] = {"node": STAGED, "optimize": adam}
    Outcome(tmp_path, **options).check(Outcome(tmp_path, settings=LITERAL, **options))


@pytest.mark.parametrize("settings", [{}, LITERAL], ids=["fast", "literal"])
def test_an_encoder_keeps_no_graph_while_it_is_frozen(settings: Any, tmp_path: Path) -> None:
    graphs: list[bool] = []

    def look(model: nn.Module, given: Any, output: Any) -> None:
        if model.training:
            graphs.append(output.last_hidden_state.requires_grad)

    def spoil(model: Any) -> None:
        model.llm_model.register_forward_hook(look)

    Outcome(tmp_path, node=STAGED, optimize=adam, settings=settings, spoil=spoil)
    assert graphs == [False] * 6 + [True] * 6


def test_texts_are_tokenized_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    whole = tokens._made

    def counted(*given: Any) -> Any:
        made.append(given[2])
        return whole(*given)

    monkeypatch.setattr(tokens, "_made", counted)
    first = Outcome(tmp_path)
    assert len(made) == 2
    monkeypatch.setattr(EncodedText, "__getitem__", None)
    Outcome(tmp_path).same(first)
    assert len(made) == 2
    assert len({one.key for one in place.tokens(tmp_path)}) == 2


@pytest.mark.parametrize("stop", [1, 5, 6, 7, 9, 12, 13, 17, 20])
@pytest.mark.parametrize("way", ["fast", "literal"])
def test_a_training_goes_on_to_the_same_bits(stop: int, way: str, tmp_path: Path) -> None:
    settings = LITERAL if way == "literal" else {}
    Outcome(tmp_path / "cache")  # so that there is no progress but that of the training
    kept = Checkpoints(tmp_path / "kept", every=1e9)
    options: dict[str, Any] = {"dropout": None, "settings": settings}
    whole = Outcome(tmp_path / "cache", **options)
    assert Outcome(tmp_path / "cache", kept=kept.at("a"), stop=stop, **options).stopped
    again = Outcome(tmp_path / "cache", kept=kept.at("a"), **options)
    again.same(whole)
    assert "training_continued" in again.call.codes


class Filling(nn.Module):
    """Memory that is full when more than some tokens come at once."""

    def __init__(self, inner: nn.Module, most: int) -> None:
        super().__init__()
        self.inner, self.most, self.refused = inner, most, 0

    def forward(self, ids: Any, *given: Any, **more: Any) -> Any:
        if ids.numel() > self.most:
            self.refused += 1
            raise torch.OutOfMemoryError("no memory is left for this")
        return self.inner(ids, *given, **more)


def filling(most: int) -> Any:
    def spoil(model: Any) -> None:
        embeddings = model.llm_model.embeddings
        embeddings.word_embeddings = Filling(embeddings.word_embeddings, most)

    return spoil


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_batch_too_large_for_the_memory_is_computed_in_pieces(
    reduction: str, tmp_path: Path
) -> None:
    loss = nn.BCEWithLogitsLoss(reduction=reduction)
    whole = Outcome(tmp_path, loss=loss)
    parted = Outcome(tmp_path, loss=loss, spoil=filling(LONGEST + 5))
    parted.check(whole)
    assert 1 <= parted.model.llm_model.embeddings.word_embeddings.refused <= 8
    assert parted.call.codes.count("computed_in_pieces") == 1


class Mark:
    """Something whose end can be seen."""


def full(_: Any) -> None:
    raise torch.OutOfMemoryError("no memory is left for this")


def test_what_a_batch_held_is_gone_before_it_is_computed_again(tmp_path: Path) -> None:
    """The memory is full on the way back: by then everything is held for gradients."""
    held: list[Any] = []
    living: list[bool] = []

    class Full(nn.Linear):
        def forward(self, x: Any) -> Any:
            output = super().forward(x)
            living.extend(one() is not None for one in held)
            if self.training and not held:
                mark = output.grad_fn.metadata["mark"] = Mark()
                held.append(weakref.ref(mark))
                output.register_hook(full)
            return output

    def spoil(model: Any) -> None:
        model.linear.__class__ = Full

    found = Outcome(tmp_path, spoil=spoil)
    found.check(Outcome(tmp_path))
    assert "computed_in_pieces" in found.call.codes
    assert living
    assert not any(living)


def test_memory_that_does_not_suffice_for_a_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"batch of 4 texts, the longest of \d+") as caught:
        Outcome(tmp_path, spoil=filling(3))
    assert caught.value.code == "out_of_memory"
    assert "batch_size" in (caught.value.hint or "")
    with pytest.raises(InputError, match=r"a batch of the shape \(4, 40\)"):
        Outcome(tmp_path, spoil=filling(3), settings=LITERAL)


@pytest.mark.parametrize("way", ["fast", "literal"])
@pytest.mark.parametrize("pieces", [2, 3, 9])
def test_batches_in_pieces_are_the_same_step(way: str, pieces: int, tmp_path: Path) -> None:
    settings = {"grad_accum": pieces, "literal": way == "literal"}
    Outcome(tmp_path, settings=settings).check(Outcome(tmp_path))


def test_a_loss_of_batches_is_not_taken_in_pieces(tmp_path: Path) -> None:
    found = Outcome(tmp_path, loss=Spread(), settings={"grad_accum": 2})
    found.check(Outcome(tmp_path, loss=Spread()))
    assert "not_in_pieces" in found.call.codes


def test_memory_that_is_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    whole = Outcome(tmp_path)
    features = whole.model.config["encoder"]["hidden_size"]
    layers = whole.model.config["encoder"]["num_hidden_layers"]
    free = 2 * memory.KEPT * features * layers * 1000
    monkeypatch.setattr(memory, "available", lambda: free)
    assert memory.for_training(whole.model, cpu).tokens == 1000
    assert memory.for_training(nn.Linear(2, 2), cpu).tokens is None
    monkeypatch.setattr(memory, "_LEAST", 1)
    assert memory.for_training(whole.model, cpu, processes=2).tokens == 500
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")  # the other one is elsewhere
    assert memory.for_training(whole.model, cpu, processes=2).tokens == 1000
    monkeypatch.setattr(memory, "available", lambda: free // 20)
    found = Outcome(tmp_path)
    found.check(whole)
    assert found.call.codes.count("computed_in_pieces") == 1


def test_gradients_are_cut(tmp_path: Path) -> None:
    usual, cut = Outcome(tmp_path), Outcome(tmp_path, settings={"clip_grad": 1e-9})
    sizes = [
        max(float(state["exp_avg"].abs().max()) for state in one.optimizer.state.values())
        for one in (usual, cut)
    ]
    assert sizes[1] < 1e-8 < sizes[0]


@pytest.mark.parametrize("way", ["fast", "literal"])
def test_layers_that_are_computed_again(way: str, tmp_path: Path) -> None:
    settings = {"gradient_checkpointing": True, "literal": way == "literal"}
    found = Outcome(tmp_path, settings=settings)
    found.check(Outcome(tmp_path))
    assert not any(getattr(m, "gradient_checkpointing", False) for m in found.model.modules())


def test_what_cannot_be_unpadded_says_why(tmp_path: Path) -> None:
    def chosen(model: nn.Module, rate: float) -> Any:
        """How its steps are computed is so in both."""
        return torch.optim.AdamW(model.parameters(), rate, foreach=True)

    def chunked(model: Any) -> None:
        model.llm_model.config.chunk_size_feed_forward = 10

    def decoding(model: Any) -> None:
        model.llm_model.config.is_decoder = True
        for module in model.modules():
            if hasattr(module, "is_causal"):
                module.is_causal = True

    found = Outcome(tmp_path, spoil=chunked, optimize=chosen)
    assert found.way.startswith("texts are padded, as the file says: its feed-forward")
    assert found.call.ui["path"] == ["padded", "tokens"]
    found.same(Outcome(tmp_path, spoil=chunked, optimize=chosen, settings=LITERAL))
    found = Outcome(tmp_path, spoil=decoding)
    assert found.way.startswith("texts of similar length are padded together: ")
    found.check(Outcome(tmp_path, spoil=decoding, settings=LITERAL))


def test_loaders_that_are_not_known_still_go_without_padding(tmp_path: Path) -> None:
    def made() -> Any:
        sampler = torch.utils.data.WeightedRandomSampler([1.0] * ROWS, ROWS)
        return torch.utils.data.DataLoader(texts(), BATCH, sampler=sampler), loaders()[1]

    found = Outcome(tmp_path, made=made)
    assert found.way.startswith("texts are computed without padding: the order of the rows is")
    found.check(Outcome(tmp_path, made=made, settings=LITERAL))


def test_other_models_train_on_tokens_to_the_same_bits(tmp_path: Path) -> None:
    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.linear = nn.EmbeddingBag(30_600, 4), nn.Linear(4, 1)

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.linear(self.table(ids * mask))

    found = []
    for literal in (False, True):
        call = Recorder(Settings(cache=tmp_path, literal=literal, precision="fp32"))
        token = CALL.set(call)
        torch.manual_seed(3)
        model, (one, other) = Bag(), loaders(parameters='{"num_workers": 1}')
        # How its steps are computed is chosen, and so the same in both.
        optimizer = torch.optim.Adam(model.parameters(), foreach=True)
        with around(3):
            results = train(
                model, one, optimizer=optimizer, loss_function=BCE, epochs=2, val_loader=other,
                unpack_input=True,
            )  # fmt: skip
        CALL.reset(token)
        found.append([*results[1:], model.table.weight.detach()])
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))


def test_batches_of_one_text(tmp_path: Path) -> None:
    def made() -> Any:
        return tuple(data_loader(texts(rows=5), 1) for _ in range(2))

    fast = Outcome(tmp_path, made=made)
    fast.check(Outcome(tmp_path, made=made, settings=LITERAL))
    assert "val_accuracy" not in fast.call.metrics[0]


def test_validations_of_no_batches_and_of_models_that_are_watched(tmp_path: Path) -> None:
    def made() -> Any:
        return loaders()[0], data_loader(texts(rows=3), 4, parameters='{"drop_last": True}')

    Outcome(tmp_path, made=made).check(Outcome(tmp_path, made=made, settings=LITERAL))
    modes = set()

    def watched(model: Any) -> None:
        model.linear.register_forward_hook(lambda *_: modes.add(torch.is_inference_mode_enabled()))

    Outcome(tmp_path, spoil=watched)
    assert modes == {False}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"padding": False}, "different shapes"),
        ({"truncation": False, "method": "longest"}, "different shapes"),
    ],
)
def test_texts_that_are_no_batch(options: Any, said: str, tmp_path: Path) -> None:
    messages = []
    for settings in ({}, LITERAL):
        with pytest.raises(InputError, match=said) as caught:
            Outcome(tmp_path, made=lambda: (data_loader(texts(**options), BATCH),) * 2,
                    settings=settings)  # fmt: skip
        messages.append((str(caught.value), caught.value.code, caught.value.input))
    assert messages[0] == messages[1]


def test_a_tokenizer_without_a_token_for_padding(tmp_path: Path) -> None:
    bare = tokenizer()
    bare.pad_token = None
    messages = []
    for settings in ({}, LITERAL):
        with pytest.raises(InputError, match="pad") as caught:
            Outcome(tmp_path, made=lambda: (data_loader(texts(tokenizer=bare), BATCH),) * 2,
                    settings=settings)  # fmt: skip
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_odd_texts(tmp_path: Path) -> None:
    """Nothing at all, blanks, and ten million letters, of which the first ones count."""

    def made(times: int) -> Any:
        columns = {"text": ["", " ", "good " * times, "a fine film", "bad", ""],
                   "label": [0, 1, 0, 1, 1, 0]}  # fmt: skip
        return tuple(data_loader(texts(columns=columns), 3) for _ in range(2))

    fast = Outcome(tmp_path, made=lambda: made(2_000_000))
    fast.check(Outcome(tmp_path, made=lambda: made(2_000), settings=LITERAL))


@pytest.mark.parametrize("kind", ["distilbert", "roberta"])
def test_texts_are_computed_in_another_precision(kind: str, tmp_path: Path) -> None:
    """Also those of a validation; near, and not the same."""
    plain = Outcome(tmp_path, kind=kind)
    narrow = Outcome(tmp_path, kind=kind, settings={"precision": "bf16"})
    narrow.check(plain, near=0.05)
    assert narrow.way.startswith("texts are computed without padding; numbers are computed in bf16")
    assert (narrow.train != plain.train).all()
    assert (narrow.val != plain.val).all()
    assert {p.dtype for p in narrow.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("literal", [False, True])
def test_how_fast_texts_are_trained_with_is_told(literal: bool) -> None:
    told = Outcome(settings={"literal": literal}).call.metrics[-1]
    assert told["tokens_per_s"] > told["samples_per_s"] > 0
    assert told["flops_per_s"] > 0
    assert "peak_share" not in told
