"""Texts and labels that do not fit, on the fast way and with --literal: one word for both."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from graphrun_nodes._around import around
from graphrun_nodes._encoded import TextEncoder
from graphrun_nodes.assembly import chained
from graphrun_nodes.loaders import data_loader, tensor_loader
from graphrun_nodes.models import fine_tuned_classifier
from graphrun_nodes.optimizers import adam_w
from graphrun_nodes.text import local_dataset
from graphrun_nodes.training import train_classifier, train_regression
from graphrun_nodes.training import train_transformer_classifier as train
from recording import PAIRS, Recorder
from tokenizers import processors
from torch import Tensor, nn

from graphrun.catalog.running import CALL, Settings
from graphrun.errors import InputError

ROWS = [{"text": text, "label": label} for text, label in PAIRS[:7]]


def labelled(labels: list[Any]) -> list[dict[str, Any]]:
    return [{**row, "label": label} for row, label in zip(ROWS, labels, strict=False)]


class Normalized(nn.Module):
    """A head that starts with batch normalization."""

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self.norm, self.head = nn.BatchNorm1d(head.in_features), head

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.norm(x))
        return found


def normalized(model: Any) -> None:
    model.linear = Normalized(model.linear)


class Tried:
    """A training of two epochs on the rows of a file: its losses, or what it was refused with."""

    def __init__(
        self, rows: list[Any], folder: Path, checkpoint: Path, *, literal: bool, batch: int = 3,
        specials: bool = True, mean: bool = True, spoil: Callable[[Any], None] | None = None,
        **settings: Any,
    ) -> None:  # fmt: skip
        file = folder / "rows.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        own = {"cache": folder, "precision": "fp32", "literal": literal, **settings}
        self.call, self.error = Recorder(Settings(**own)), ()
        self.losses: list[float] = []
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
        if not specials:
            tokenizer.backend_tokenizer.post_processor = processors.Sequence([])
        encode = TextEncoder("some", tokenizer, True, "max_length", True, 24)
        token = CALL.set(self.call)
        try:
            with around(1):
                model = fine_tuned_classifier(str(checkpoint), mean, dropout=0.0)
                for module in model.modules():
                    for name in ("p", "dropout_prob", "attention_dropout"):
                        if isinstance(getattr(module, name, None), float):
                            setattr(module, name, 0.0)
                if spoil:
                    spoil(model)
                data = local_dataset(str(file), "json", encode=encode)
                loaders = [data_loader(data, batch) for _ in range(2)]
                self.losses = [
                    loss
                    for part in train(
                        model, loaders[0], optimizer=torch.optim.SGD(model.parameters(), 0.01),
                        epochs=2, loss_function=nn.BCEWithLogitsLoss(), val_loader=loaders[1],
                    )[1:]
                    for loss in part.tolist()
                ]  # fmt: skip
        except InputError as error:
            self.error = (error.code, str(error), error.hint, error.input)
        finally:
            CALL.reset(token)


@pytest.fixture
def both(tmp_path: Path, checkpoint: Callable[[str], Path]) -> Callable[..., tuple[Tried, Tried]]:
    """The same on the fast way and literally."""

    def run(rows: list[Any], **options: Any) -> tuple[Tried, Tried]:
        where = tmp_path, checkpoint("bert")
        fast, plain = (Tried(rows, *where, literal=one, **options) for one in (False, True))
        return fast, plain

    return run


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ([*ROWS, {"text": None, "label": 1}], "null_value", "have no text; the first is row 7"),
        ([*ROWS, {"label": 1}], "null_value", "have no text"),
        ([*ROWS, {"text": "a film"}], "null_value", "have no label"),
        ([*ROWS, None], "unreadable_data", "line 8"),
        (labelled(["pos", "neg"] * 3), "label_not_a_number", "'pos', 'neg'"),
        (labelled([0, 1, 0.5]), "label_not_a_number", "0.5; the first is in row 2"),
        (labelled([0.0, math.nan, 1.0]), "label_not_a_number", "nan; the first is in row 1"),
        (labelled([0, 1, 1, 2]), "label_not_binary", "2 in 1 rows, the first is row 3"),
        (labelled([0, -1]), "label_not_binary", "-1 in 1 rows, the first is row 1"),
        ([], "empty_data", "holds no rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_rows_that_cannot_be_learned_from(both: Any, rows: Any, code: str, said: str) -> None:
    fast, plain = both(rows)
    assert fast.error == plain.error
    assert fast.error[0] == code
    assert said in fast.error[1]


@pytest.mark.parametrize(
    "rows",
    [
        labelled(["0", "1", "1", "0"]),
        labelled([0.0, 1.0, 1.0, 0.0]),
        labelled([False, True, True, False]),
        [{"text": number, "label": number % 2} for number in range(5)],
        [*ROWS, {"text": 5, "label": 1}],
        [*ROWS, *[{"text": "", "label": 1}] * 3],
    ],
    ids=["spelled", "floats", "flags", "numbers", "a number", "empty"],
)
def test_rows_that_are_read_as_what_they_mean(both: Any, rows: Any) -> None:
    fast, plain = both(rows)
    assert fast.losses == pytest.approx(plain.losses, rel=1e-5)
    assert len(fast.losses) == 4
    assert fast.call.ui["path"] == ["unpadded", "tokens"]
    assert plain.call.ui["path"] == ["padded", "loader"]


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("full", [7, 0])
def test_texts_without_a_token(both: Any, mean: bool, full: int) -> None:
    """What a model makes of them depends on how far they are padded."""
    rows = [*ROWS[:full], *[{"text": "", "label": number % 2} for number in range(4)]]
    fast, plain = both(rows, specials=False, mean=mean)
    assert fast.error == plain.error == ()
    assert fast.losses == pytest.approx(plain.losses, rel=1e-5)


@pytest.mark.parametrize(
    ("batch", "settings", "said", "way"),
    [
        (1, {}, "batch 1 has one row", "of 2 or more"),
        (3, {}, "batch 3 has one row", "drop_last"),
        (4, {"grad_accum": 4}, "batch 1 of 4 rows is computed one row at a time", "--grad-accum"),
    ],
)
def test_one_row_and_batch_normalization(
    both: Any, batch: int, settings: Any, said: str, way: str
) -> None:
    fast, plain = both(ROWS, batch=batch, spoil=normalized, **settings)
    assert fast.error == plain.error
    code, message, hint, name = fast.error
    assert (code, name) == ("batch_of_one_row", "train_loader")
    assert message.startswith(f"train_loader: {said}, and batch normalization (linear.norm)")
    assert way in hint


def test_one_row_of_a_table_and_batch_normalization(call: Recorder) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    loader = tensor_loader(torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1]), 2)
    with pytest.raises(InputError, match=r"batch 3 has one row.* \(1\)") as caught:
        train_classifier(model, loader, optimizer=adam_w(model, 1e-3))
    assert caught.value.code == "batch_of_one_row"


def test_one_row_and_batch_normalization_in_a_model_of_models(call: Recorder) -> None:
    """Errors of parts are words of the model's own by then."""
    model = chained(nn.Linear(3, 4), nn.BatchNorm1d(4))
    loader = tensor_loader(torch.randn(5, 3), torch.randn(5, 4), 4)
    with pytest.raises(InputError, match=r"batch 2 has one row.* \(model_b\)") as caught:
        train_regression(model, loader, optimizer=adam_w(model, 1e-3))
    assert caught.value.input == "train_loader"


def test_a_validation_of_one_row_needs_no_statistics(both: Any) -> None:
    fast, plain = both(ROWS[:4], batch=4, spoil=normalized)
    assert fast.losses == pytest.approx(plain.losses, rel=1e-4)


def test_pieces_of_a_batch_have_other_statistics(both: Any) -> None:
    fast, plain = both(ROWS[:6], batch=6, spoil=normalized, grad_accum=2)
    assert fast.losses == pytest.approx(plain.losses, rel=1e-4)
    for one in (fast, plain):
        (told,) = [n for n in one.call.notices if n["code"] == "statistics_by_piece"]
        assert "batch normalization (linear.norm) sees the rows of a piece" in told["message"]
    assert fast.losses != pytest.approx(both(ROWS[:6], batch=6, spoil=normalized)[0].losses)


def test_layers_that_look_at_single_rows_are_nothing_to_tell_of(both: Any) -> None:
    def dropped(model: Any) -> None:
        model.linear = nn.Sequential(nn.LayerNorm(32), nn.Dropout(0.5), model.linear)

    assert [one.call.codes for one in both(ROWS, spoil=dropped, grad_accum=2)] == [
        ["way_of_computing"], ["way_of_computing"],
    ]  # fmt: skip


def test_running_means_of_pieces(call: Recorder) -> None:
    call.set(grad_accum=2)
    model = nn.Sequential(
        nn.InstanceNorm1d(3, track_running_stats=True), nn.Flatten(), nn.Linear(6, 2)
    )
    loader = tensor_loader(torch.randn(4, 3, 2), torch.randn(4, 2), 4)
    train_regression(model, loader, optimizer=adam_w(model, 1e-3))
    (told,) = [n["message"] for n in call.notices if n["code"] == "statistics_by_piece"]
    assert told.startswith("the running means of 0 are of pieces")
