"""Texts as word vectors, from small files of the real formats."""

from __future__ import annotations

import gzip
import html
import json
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphrun_nodes
import numpy as np
import pytest
import torch
from graphrun_nodes._encoded import VectorText, words
from graphrun_nodes._reviews import vectors_at_random
from graphrun_nodes.loaders import data_loader
from graphrun_nodes.text import glove_dataset
from recording import Recorder

from graphrun.errors import InputError, MissingResource
from graphrun.sources.vectors import find_vectors, look_up

NAME = "glove-wiki-gigaword-32"
ROWS = [
    ("The film was GREAT!<br /><br />Really great &amp; funny", 1),
    ("unseen-words only: zyx", 0),
    ("", 0),
    ("the " * 50, 1),
]


def numbers(word: str, dimension: int = 32) -> list[str]:
    """What a word's line says, with as many digits as GloVe's."""
    draw = random.Random(word).uniform
    return [f"{draw(-1, 1):.5f}" for _ in range(dimension)]


def vectors(path: Path, *some: str, header: str = "", end: str = "\n", dimension: int = 32) -> Path:
    """A file of vectors: GloVe's without a header, word2vec's with one, packed if it is a .gz."""
    lines = [header] * bool(header)
    lines += [" ".join([word, *numbers(word, dimension)]) for word in some]
    text = "".join(line + end for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


KNOWN = ("the", ",", ". . .", "film", "great", "é", "was", "funny", "1999", "only")


@pytest.fixture
def here(call: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder with a data set `mine`, and no vectors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GENSIM_DATA_DIR", raising=False)
    (tmp_path / "mine").mkdir()
    rows = "".join(f'"{text}",{label}\n' for text, label in ROWS)
    (tmp_path / "mine" / "train.csv").write_text(f"text,label\n{rows}")
    return tmp_path


def expected(text: str, length: int, known: tuple[str, ...] = KNOWN) -> torch.Tensor:
    """The catalogue's words, one step after the other."""
    text = re.sub(" {2,}", " ", re.sub("<.*?>", " ", html.unescape(text)))
    tokens = re.sub(r"[^a-zA-Z0-9\s]", " ", text).lower().split()[:length]
    rows = [[float(n) for n in numbers(t)] if t in known else [0.0] * 32 for t in tokens]
    return torch.tensor(rows + [[0.0] * 32] * (length - len(rows)))


@pytest.mark.parametrize(
    ("file", "options"),
    [
        (f"home/gensim-data/{NAME}/{NAME}.gz", {"header": f"{len(KNOWN)} 32"}),
        ("models/glove/glove.6B.32d.txt", {}),
        (f"models/glove/{NAME}.txt", {"header": f"{len(KNOWN)} 32", "end": " \n"}),
        ("models/glove/glove.6B.32d.txt", {"end": "\r\n"}),
    ],
)
@pytest.mark.parametrize("length", [8, 64])
def test_items_are_matrices_of_the_vectors(
    here: Path, call: Recorder, file: str, options: dict[str, str], length: int
) -> None:
    vectors(here / file, *KNOWN, **options)
    data: Any = glove_dataset("./mine", embed_dim=32, max_seq_len=length)
    assert len(data) == len(ROWS)
    for index, (text, label) in enumerate(ROWS):
        matrix, number = data[index]
        assert torch.equal(matrix, expected(text, length))
        assert (matrix.dtype, number.dtype) == (torch.float32, torch.int64)
        assert (number.shape, number.item()) == ((), label)
    assert torch.equal(data[-1][0], data[3][0])
    with pytest.raises(IndexError):
        data[4]
    assert (data.label_values(), data.label_rows(1)) == ([0, 1], (2, 0))


@pytest.mark.parametrize(
    "text",
    ["İstanbul K", "a_b-c 3.5", "caf\u00e9 \u00a0x\tY\nz", "&lt;b&gt;Bold &amp;c <i\n>", "  "],
)
def test_words_are_those_of_the_steps_one_by_one(text: str) -> None:
    cleaned = re.sub(" {2,}", " ", re.sub("<.*?>", " ", html.unescape(text)))
    steps = re.sub(r"[^a-zA-Z0-9\s]", " ", cleaned).lower().split()
    assert words(text, 99) == steps
    assert words(text, 1) == steps[:1]


def test_batches_come_from_spawned_loader_processes(here: Path) -> None:
    vectors(here / "models" / "glove" / f"{NAME}.txt", *KNOWN)
    data: Any = glove_dataset("./mine", embed_dim=32, max_seq_len=8)
    assert torch.equal(pickle.loads(pickle.dumps(data))[0][0], data[0][0])
    parameters = '{"num_workers": 1, "multiprocessing_context": "spawn"}'
    ((x, y),) = data_loader(data, 4, shuffle=False, parameters=parameters)
    assert torch.equal(x, torch.stack([expected(text, 8) for text, _ in ROWS]))
    assert y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("folder", [True, False])
def test_an_alias_names_a_file_or_its_folder(here: Path, call: Recorder, folder: bool) -> None:
    file = vectors(here / "else" / ("glove.6B.32d.txt" if folder else "any.vec"), "the")
    vectors(here / "models" / "glove" / f"{NAME}.txt", "film")
    call.alias(NAME, file.parent if folder else file)
    for tiny in (False, True):
        call.set(tiny=tiny)
        assert find_vectors("32") == file


def test_another_folder_of_gensim(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSIM_DATA_DIR", str(here / "data"))
    file = vectors(here / "data" / NAME / f"{NAME}.gz", "the", header="1 32")
    assert find_vectors("32") == file


def test_missing_vectors_are_named_with_ways_to_get_them(here: Path, call: Recorder) -> None:
    with pytest.raises(MissingResource) as caught:
        glove_dataset("./mine", embed_dim=32)
    (found,) = caught.value.diagnostics
    assert found.code == "missing_file"
    for part in (NAME, f"{here}/models/glove", f"{here}/home/gensim-data/{NAME}", "glove.6B.32d"):
        assert part in found.message
    for part in ("published for embed_dim 50, 100, 200, 300", f"--alias {NAME}=FILE", "--tiny"):
        assert part in str(found.hint)
    call.alias(NAME, here / "gone")
    with pytest.raises(MissingResource, match=f"{here}/gone is none of"):
        find_vectors("32")


def test_names_that_no_path_can_have_are_missing(here: Path) -> None:
    with pytest.raises(MissingResource):
        find_vectors("x" * 5000)


def test_vectors_are_looked_for_before_a_run(here: Path) -> None:
    inputs = {"name": "./mine", "split": "train", "embed_dim": 100, "max_seq_len": 8,
              "sample_field_name": "text", "label_field_name": "label"}  # fmt: skip
    graph = {"1": {"class_type": "PtvHfGloveDataset", "inputs": inputs}}
    (here / "graph.json").write_text(json.dumps(graph))
    command = [sys.executable, "-m", "graphrun", "run", "graph.json", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 4
    assert "graph.json:1:" in done.stderr
    assert "--download glove-wiki-gigaword-100 fetches them" in done.stderr
    assert "step" not in done.stderr


def test_what_the_engine_is_told() -> None:
    assert graphrun_nodes.PACK.resources["vectors"] == "graphrun.sources.vectors:find_vectors"
    spec = graphrun_nodes.PACK.all_nodes()["PtvHfGloveDataset"]
    marked = {one.name: one.resource or one.tiny for one in spec.inputs}
    assert {name: mark for name, mark in marked.items() if mark} == {
        "name": "dataset",
        "embed_dim": "vectors",
        "max_seq_len": 48,
    }


def test_looking_does_without_the_heavy_libraries() -> None:
    code = (
        "import sys, graphrun.sources.vectors\n"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'pyarrow'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def broken(lines: list[str], at: int, line: str) -> str:
    return "".join(f"{text}\n" for text in [*lines[: at - 1], line, *lines[at:]])


LINES = [" ".join([word, *numbers(word)]) for word in KNOWN]
SHORT = LINES[4].rpartition(" ")[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            broken(LINES, 4, "film 0.1 0.2"),
            ":4: 3 fields, where a word and 32 numbers should be: film 0.1 0.2",
        ),
        (broken(LINES, 2, ""), ":2: 0 fields"),
        (broken(LINES, 5, LINES[4] + " 0.5"), ":5: 34 fields"),
        (broken(LINES, 5, SHORT + " zero"), ":5: 'zero' is no number"),
        (broken(LINES, 5, SHORT + " nan"), ":5: 'nan' is no number"),
        ("3 32\n" + broken(LINES, 1, "the"), ":2: 1 fields"),
        ("3 32 \nthe", ":2: 1 fields"),
        ("gone " + " ".join(numbers("gone")), " has no vector of any of the 10 words"),
        ("", " has no vector of any of the 10 words"),
        ("400000 50\nthe 1\n", ":1: 2 fields, where a word and 32 numbers should be: 400000 50"),
        ("the " + " ".join(numbers("the", 300)), ":1: 301 fields"),
        ("the " + " ".join(numbers("the", 8)), ":1: 9 fields"),
    ],
)
def test_a_broken_file_says_where(here: Path, call: Recorder, text: str, message: str) -> None:
    for path, content in (("v.txt", text.encode()), ("v.gz", gzip.compress(text.encode()))):
        (here / path).write_bytes(content)
        call.alias(NAME, here / path)
        with pytest.raises(InputError, match=re.escape(path) + message) as caught:
            glove_dataset("./mine", embed_dim=32)
        assert (caught.value.code, caught.value.input) == ("unreadable_vectors", "embed_dim")
        assert "a line is a word" in str(caught.value.hint)


@pytest.mark.parametrize("spoil", [lambda b: b[:-30], lambda b: b[:40] + b"\0" * 40 + b[80:]])
def test_a_damaged_archive(here: Path, call: Recorder, spoil: Callable[[bytes], bytes]) -> None:
    file = vectors(here / "v.gz", *KNOWN)
    file.write_bytes(spoil(file.read_bytes()))
    call.alias(NAME, file)
    with pytest.raises(InputError, match=r"v\.gz cannot be read after line \d+: "):
        glove_dataset("./mine", embed_dim=32)


def test_a_file_is_read_no_further_than_needed(here: Path) -> None:
    file = vectors(here / "v.txt", "the", "film", "the")
    file.write_text(file.read_text() + "and broken\n")
    table = look_up(file, {"film": 0, "the": 1}, 32)
    wanted = [[float(n) for n in numbers(w)] for w in ("film", "the")]
    assert np.array_equal(table, np.array(wanted, np.float32))
    with pytest.raises(InputError, match=":4: 2 fields"):
        look_up(file, {"film": 0, "gone": 1}, 32)


def test_the_first_of_two_lines_of_a_word_counts(here: Path, call: Recorder) -> None:
    (here / "v.txt").write_text(f"the {'1 ' * 32}\nthe {'2 ' * 32}\n")
    table = look_up(here / "v.txt", {"gone": 0, "the": 1}, 32)
    assert table.tolist() == [[0.0] * 32, [1.0] * 32]


def test_the_data_set_is_checked_first(here: Path) -> None:
    vectors(here / "models" / "glove" / f"{NAME}.txt", *KNOWN)
    with pytest.raises(InputError, match="has no column review") as caught:
        glove_dataset("./mine", embed_dim=32, sample_field_name="review")
    assert (caught.value.code, caught.value.input) == ("missing_column", "sample_field_name")
    with pytest.raises(MissingResource, match="has no split test"):
        glove_dataset("./mine", "test", embed_dim=32)
    with pytest.raises(InputError, match="the name of the split is empty"):
        glove_dataset("./mine", " ", embed_dim=32)


def test_the_stand_in_is_of_the_word_alone(here: Path, call: Recorder) -> None:
    call.set(tiny=True)
    one: Any = glove_dataset("imdb", embed_dim=48, max_seq_len=8)
    other: Any = glove_dataset("imdb", "test", embed_dim=48, max_seq_len=8)
    assert call.codes == ["stand_in", "stand_in"]
    assert call.notices[1]["message"] == "glove-wiki-gigaword-48 → vectors at random (--tiny)"
    assert (len(one), len(other)) == (1024, 512)
    (matrix, _), _ = one[0], other[0]
    assert matrix.shape == (8, 48)
    assert 0.3 < matrix.std() < 0.5
    table = vectors_at_random({"film": 0, "great": 1}, 48)
    assert np.array_equal(vectors_at_random({"great": 0}, 48)[0], table[1])
    assert not np.array_equal(table[0], table[1])


def test_texts_without_words(call: Recorder) -> None:
    import datasets

    data = datasets.Dataset.from_dict({"text": ["", "?!"], "label": [0, 1]})
    made = VectorText(data, 8, lambda numbered: np.zeros((len(numbered), 32), np.float32))
    assert [tuple(made[i][0].shape) for i in (0, 1)] == [(8, 32)] * 2
    assert made[1][1] == 1
