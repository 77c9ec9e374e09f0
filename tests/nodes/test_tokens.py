"""SentencePiece models and encoders against the library, lists of texts as tensors."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from graphrun_nodes import _reviews, _tiny
from graphrun_nodes._encoded import EncodedText, clean_html
from graphrun_nodes.loaders import data_loader
from graphrun_nodes.text import tokenizer_encode
from graphrun_nodes.tokens import PieceEncoder, encode_pieces, load_pieces, tokenize
from recording import PAIRS, Recorder

from graphrun.errors import InputError, MissingResource
from graphrun.sources.paths import find_data_file

TEXTS = [text for text, _ in PAIRS]


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few sentences that numbers its control symbols as T5's."""
    path = tmp_path_factory.mktemp("pieces") / "spiece.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS * 20),
            model_writer=file,
            vocab_size=45,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    return path


@pytest.fixture(scope="module")
def library(model_file: Path) -> Any:
    return sentencepiece.SentencePieceProcessor(model_file=str(model_file))


@pytest.fixture
def encoder(call: Recorder, model_file: Path) -> Callable[..., PieceEncoder]:
    pieces = load_pieces(str(model_file))

    def make(method: Any = "max_length", **options: Any) -> PieceEncoder:
        made: Any = encode_pieces(pieces, padding_method=method, **options)
        return made

    return make


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", [*TEXTS, "", "Ünknown ✓ words", "the  film\n\tmade &amp; seen"])
def test_one_text_is_what_the_library_makes_of_it(
    encoder: Callable[..., PieceEncoder], library: Any, text: str
) -> None:
    expected = library.encode(text, add_bos=False, add_eos=False)
    ids, mask = encoder()(text)
    assert ids.tolist() == expected
    assert mask.tolist() == [1] * len(expected)
    assert ids.dtype == mask.dtype == torch.int64


@pytest.mark.parametrize("method", ["max_length", "longest"])
@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize("truncation", [True, False])
@pytest.mark.parametrize("max_length", [1, 9, 64])
@pytest.mark.parametrize("value", [0, 7, 255])
def test_every_setting_against_plain_lists(
    encoder: Callable[..., PieceEncoder],
    library: Any,
    method: str,
    padding: bool,
    truncation: bool,
    max_length: int,
    value: int,
) -> None:
    encode = encoder(
        method,
        padding=padding,
        truncation=truncation,
        max_length=max_length,
        padding_value=value,
    )
    rows = library.encode(TEXTS)
    rows = [row[:max_length] for row in rows] if truncation else rows
    full = max(map(len, rows)) if method == "longest" else max_length
    filled = [row + [value] * (full - len(row)) for row in rows] if padding else rows
    for text, row in zip(TEXTS, rows, strict=True):
        length = len(row) if method == "longest" else max_length
        wanted = row + [value] * (length - len(row)) if padding else row
        ids, mask = encode(text)
        assert ids.tolist() == wanted
        assert mask.tolist() == [int(i != value or not padding) for i in wanted]
    if not padding:
        ids, mask = encode(TEXTS)
        assert [type(one) for one in (ids, mask)] == [list, list]
        assert [one.tolist() for one in ids] == rows
        assert [one.tolist() for one in mask] == [[1] * len(row) for row in rows]
    elif len(set(map(len, filled))) == 1:
        ids, mask = encode(TEXTS)
        assert ids.tolist() == filled
        assert mask.tolist() == [[int(i != value) for i in row] for row in filled]
    else:
        with pytest.raises(RuntimeError, match="equal size"):
            encode(TEXTS)
        with pytest.raises(InputError, match="cannot make tensors of 8 texts: stack") as caught:
            tokenize(encode, TEXTS)
        assert (caught.value.code, caught.value.input) == ("not_encoded", "encode")
        assert "cuts them to one length" in str(caught.value.hint)


def test_lists_of_one_are_tensors_and_empty_texts_may_be(
    encoder: Callable[..., PieceEncoder],
) -> None:
    ids, mask = encoder()([TEXTS[0]])
    assert ids.shape == mask.shape == (1, len(encoder()(TEXTS[0])[0]))
    for result in (encoder("longest", padding=True)(""), encoder()("")):
        assert [tuple(one.shape) for one in result] == [(0,), (0,)]
    ids, mask = encoder("longest", padding=True)(["", ""])
    assert ids.shape == mask.shape == (2, 0)
    assert encoder()([]) == ([], [])


def test_an_encoder_keeps_its_settings(encoder: Callable[..., PieceEncoder]) -> None:
    first = encoder(padding=True, max_length=8)
    encoder(padding=True, max_length=16)
    assert first("film")[0].shape == (8,)


def test_an_encoder_can_be_pickled(encoder: Callable[..., PieceEncoder]) -> None:
    encode = encoder(padding=True, truncation=True, max_length=12)
    copy = pickle.loads(pickle.dumps(encode))
    for mine, other in zip(encode(TEXTS), copy(TEXTS), strict=True):
        assert torch.equal(mine, other)


def test_batches_come_from_spawned_loader_processes(encoder: Callable[..., PieceEncoder]) -> None:
    import datasets

    data = datasets.Dataset.from_dict({"text": TEXTS, "label": [label for _, label in PAIRS]})
    encode = encoder(padding=True, truncation=True, max_length=12)
    dataset = EncodedText(data, encode, clean=True)
    parameters = '{"num_workers": 1, "multiprocessing_context": "spawn"}'
    batches = list(data_loader(dataset, 8, shuffle=False, parameters=parameters))
    (((ids, mask), labels),) = batches
    assert torch.equal(ids, encode(TEXTS)[0])
    assert torch.equal(mask, encode(TEXTS)[1])
    assert labels.tolist() == [label for _, label in PAIRS]


@pytest.mark.parametrize("place", ["", "input", "models/sentencepiece"])
def test_where_a_model_is_looked_for(
    call: Recorder, here: Path, model_file: Path, place: str
) -> None:
    (here / place / "sub").mkdir(parents=True)
    (here / place / "sub" / "my.model").write_bytes(model_file.read_bytes())
    assert load_pieces("sub/my.model").get_piece_size() == 45
    assert not call.notices


def test_an_alias_names_a_model(call: Recorder, here: Path, model_file: Path) -> None:
    call.alias("spiece.model", model_file)
    call.set(tiny=True)
    assert load_pieces().get_piece_size() == 45
    assert not call.notices


def test_a_missing_model_is_named_with_a_way_to_get_one(call: Recorder, here: Path) -> None:
    with pytest.raises(MissingResource) as caught:
        load_pieces()
    (found,) = caught.value.diagnostics
    assert found.code == "missing_file"
    assert str(here / "models" / "sentencepiece" / "spiece.model") in found.message
    for part in ("T5", "google-t5/t5-small", "--alias spiece.model=PATH", "--tiny"):
        assert part in str(found.hint)
    with pytest.raises(MissingResource) as caught:
        find_data_file("other.csv")
    assert "T5" not in str(caught.value)
    assert "sentencepiece" not in str(caught.value)


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b"version 1\n", lambda b: b[:-9]])
def test_a_damaged_model_is_refused(
    call: Recorder, model_file: Path, here: Path, spoil: Callable[[bytes], bytes]
) -> None:
    bad = here / "bad.model"
    bad.write_bytes(spoil(model_file.read_bytes()))
    with pytest.raises(InputError, match=r"bad\.model .* bytes\) is no SentencePiece") as caught:
        load_pieces("bad.model")
    assert (caught.value.code, caught.value.input) == ("unreadable_model", "model_path")
    assert "800 KB" in str(caught.value.hint)


def test_the_stand_in_knows_the_reviews(call: Recorder, here: Path) -> None:
    assert _tiny.PIECES.stat().st_size < 300_000
    call.set(tiny=True)
    pieces = load_pieces()
    load_pieces()
    assert call.codes == ["stand_in"]
    assert call.notices[0]["message"] == "spiece.model → built-in SentencePiece model (--tiny)"
    assert (pieces.pad_id(), pieces.eos_id(), pieces.unk_id(), pieces.bos_id()) == (0, 1, 2, -1)
    for text, _ in _reviews.reviews("test")[:100]:
        plain = clean_html(text)
        assert pieces.unk_id() not in pieces.encode(plain)
        assert pieces.decode(pieces.encode(plain)) == plain


def test_texts_become_tensors(encoder: Callable[..., PieceEncoder]) -> None:
    encode = encoder("longest", padding=True)
    ids, mask = tokenize(encode, TEXTS)
    assert ids.shape == mask.shape == (len(TEXTS), max(len(encoder()(t)[0]) for t in TEXTS))
    assert torch.equal(ids, encode(TEXTS)[0])
    ids, mask = tokenize(encoder(), TEXTS)
    assert [len(one) for one in ids] == [len(one) for one in mask]


def test_a_tokenizer_gives_ids_and_mask(call: Recorder, checkpoint: Callable[[str], Path]) -> None:
    call.alias("bert-base-uncased", checkpoint("bert"))
    encode: Any = tokenizer_encode("bert-base-uncased", padding_method="longest")
    ids, mask = tokenize(encode, TEXTS)
    assert ids.shape == mask.shape == encode(TEXTS)["token_type_ids"].shape
    assert torch.equal(ids, encode(TEXTS)["input_ids"])
    bare: Any = tokenizer_encode("bert-base-uncased", padding=False, padding_method="longest")
    with pytest.raises(InputError, match="cannot make tensors of 8 texts") as caught:
        tokenize(bare, TEXTS)
    assert (caught.value.code, caught.value.input) == ("not_encoded", "encode")


@pytest.mark.parametrize(
    ("texts", "message", "code"),
    [
        ([], "the list of texts is empty", "empty_list"),
        (["a", 3], "3 in the list is no text", "not_a_text"),
        ([None], "None in the list is no text", "not_a_text"),
        (5, "5 in the list is no text", "not_a_text"),
    ],
)
def test_what_is_no_list_of_texts(
    encoder: Callable[..., PieceEncoder], texts: Any, message: str, code: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        tokenize(encoder(), texts)
    assert (caught.value.code, caught.value.input) == (code, "text_list")


@pytest.mark.parametrize(
    ("result", "what"),
    [(5, "int"), ((1, 2, 3), "tuple"), ({"input_ids": 1}, "dict of input_ids")],
)
def test_an_encoder_that_gives_something_else(call: Recorder, result: Any, what: str) -> None:
    with pytest.raises(InputError, match=f"gives {what}, and neither") as caught:
        tokenize(lambda texts: result, ["a"])
    assert caught.value.code == "not_a_pair"


@pytest.mark.parametrize("wrong", [torch.relu, 5])
def test_a_function_that_encodes_no_texts(call: Recorder, wrong: Any) -> None:
    import datasets

    data = EncodedText(datasets.Dataset.from_dict({"text": ["a"], "label": [1]}), wrong, clean=True)
    for encode, what in (
        (lambda: tokenize(wrong, ["a", "b"]), "2 texts"),
        (lambda: data[0], "a t"),
    ):
        with pytest.raises(InputError, match=f"cannot make tensors of {what}") as caught:
            encode()
        assert (caught.value.code, caught.value.input) == ("not_encoded", "encode")


def test_another_way_to_pad_is_refused(encoder: Callable[..., PieceEncoder]) -> None:
    with pytest.raises(InputError, match="'left': it has to be max_length or longest") as caught:
        encoder("left", padding=True)
    assert caught.value.input == "padding_method"


def test_warnings_of_the_library_do_not_leak() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import graphrun_nodes.tokens"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
