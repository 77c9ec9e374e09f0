from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._encoded import EncodedText, TextEncoder, clean_html
from graphrun_nodes.display import show_text
from graphrun_nodes.literals import create_int, create_string
from graphrun_nodes.text import tokenizer_encode
from recording import PAIRS, Recorder

from graphrun.errors import InputError


@pytest.fixture
def encode(call: Recorder, checkpoint: Callable[[str], Path]) -> Callable[..., TextEncoder]:
    call.alias("distilbert-base-uncased", checkpoint("distilbert"))

    def make(method: Any = "max_length", **options: Any) -> TextEncoder:
        made: Any = tokenizer_encode("distilbert-base-uncased", padding_method=method, **options)
        return made

    return make


def _data(pairs: list[tuple[Any, Any]]) -> Any:
    import datasets

    return datasets.Dataset.from_dict(
        {"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<br /><br />b", "a b"),
        ("&lt;b&gt;bold&lt;/b&gt; &amp; more", " bold & more"),
        ("a  b   c", "a b c"),
        (" kept \t\t ends\n\n ", " kept \t\t ends\n\n "),
        ("one <tag\nover lines> two", "one <tag\nover lines> two"),
        ("3 < 4 and 5 > 2", "3 2"),
        ("<<a>>", " >"),
        ("", ""),
    ],
)
def test_html_cleanup(text: str, expected: str) -> None:
    assert clean_html(text) == expected


def test_one_text_is_one_row_padded_to_max_length(encode: Callable[..., TextEncoder]) -> None:
    encoded = encode(max_length=12)("the film was great")
    assert encoded["input_ids"].shape == encoded["attention_mask"].shape == (1, 12)
    assert encoded["attention_mask"].sum() == 6  # four words, [CLS] and [SEP]


def test_a_list_is_padded_to_its_longest(encode: Callable[..., TextEncoder]) -> None:
    encoded = encode("longest", max_length=12)(["the film", "the film was great"])
    assert encoded["input_ids"].shape == (2, 6)


def test_max_length_0_leaves_the_limit_to_the_tokenizer(
    encode: Callable[..., TextEncoder],
) -> None:
    assert encode(max_length=0)("the film")["input_ids"].shape == (1, 64)
    assert encode(max_length=0)("film " * 100)["input_ids"].shape == (1, 64)


def test_max_length_cuts_without_padding_too(encode: Callable[..., TextEncoder]) -> None:
    assert encode(padding=False, max_length=5)("film " * 20)["input_ids"].shape == (1, 5)
    assert encode(padding=False, max_length=5)("film")["input_ids"].shape == (1, 3)


def test_without_truncation_long_texts_stay_long(encode: Callable[..., TextEncoder]) -> None:
    assert encode(truncation=False, max_length=5)("film " * 20)["input_ids"].shape == (1, 22)


def test_an_encoder_keeps_its_settings(encode: Callable[..., TextEncoder]) -> None:
    first = encode(max_length=8)
    encode(max_length=16)
    assert first("film")["input_ids"].shape == (1, 8)


def test_the_stand_in_is_not_asked_for_more_positions_than_it_has(call: Recorder) -> None:
    call.set(tiny=True)
    encoder: Any = tokenizer_encode("distilbert-base-uncased", padding_method="max_length")
    assert encoder("good")["input_ids"].shape == (1, encoder.tokenizer.model_max_length)
    assert call.notices[0]["message"].startswith("distilbert-base-uncased → built-in 2-layer")
    tokenizer_encode("distilbert-base-uncased", padding_method="max_length")
    assert call.codes == ["stand_in"]


def test_items_are_ids_and_mask_and_an_integer(encode: Callable[..., TextEncoder]) -> None:
    dataset = EncodedText(_data(PAIRS), encode(max_length=10), clean=False)
    assert len(dataset) == len(PAIRS)
    (ids, mask), label = dataset[1]
    assert ids.shape == mask.shape == (10,)
    assert ids.dtype == mask.dtype == label.dtype == torch.int64
    assert label.shape == ()
    assert label == 0


def test_an_encoder_may_give_a_pair(encode: Callable[..., TextEncoder]) -> None:
    def pair(text: str) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.arange(3).unsqueeze(0), torch.ones(3, dtype=torch.int64)

    (ids, mask), _ = EncodedText(_data(PAIRS), pair, clean=False)[0]
    assert ids.tolist() == [0, 1, 2]
    assert mask.shape == (3,)


def test_texts_are_cleaned_before_they_are_encoded() -> None:
    seen = []

    def spy(text: str) -> tuple[list[int], list[int]]:
        seen.append(text)
        return [1], [1]

    EncodedText(_data([("a<br>b", 0)]), spy, clean=True)[0]
    EncodedText(_data([("a<br>b", 0)]), spy, clean=False)[0]
    assert seen == ["a b", "a<br>b"]


def test_labels_are_told_without_encoding() -> None:
    def never(text: str) -> None:
        raise AssertionError

    dataset = EncodedText(_data([("a", 1), ("b", 0), ("c", 2), ("d", 2)]), never, clean=False)
    assert dataset.label_values() == [0, 1, 2]
    assert dataset.label_rows(2) == (2, 2)


def test_data_set_and_encoder_can_be_pickled(encode: Callable[..., TextEncoder]) -> None:
    dataset = EncodedText(_data(PAIRS), encode(max_length=10), clean=True)
    copy = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(copy[3][0][0], dataset[3][0][0])


def test_constants() -> None:
    assert create_string(" a ") == " a "
    assert create_int(" -12 ") == -12
    with pytest.raises(InputError, match=r"'1\.5' is not a whole number"):
        create_int("1.5")


def test_texts_are_shown_and_handed_on(call: Recorder) -> None:
    assert show_text(["a", "b"]) == ["a", "b"]
    assert call.ui == {"text": ["a", "b"]}
