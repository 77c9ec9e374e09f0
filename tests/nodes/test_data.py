from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from graphrun_nodes._data import check_utf8, read
from graphrun_nodes._names import Found
from graphrun_nodes.text import hub_dataset, local_dataset
from recording import Recorder

from graphrun.errors import InputError, MissingResource

# What a reader that guesses would change: a missing value, a number, quotes, lines, tabs.
ROWS = [
    ("NA", 0),
    ("007", 1),
    ('said "no", twice', 1),
    ("two\nlines", 0),
    ("a\ttab, and ümläuts", 1),
    ("null", 0),
]
COLUMNS = {"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}


class Plain:
    """Encodes a text as its code points, so that tests can read what arrived."""

    def __call__(self, text: str) -> tuple[list[int], list[int]]:
        codes = [ord(character) for character in text]
        return codes, [1] * len(codes)


def contents(dataset: Any) -> list[tuple[str, int]]:
    items = (dataset[i] for i in range(len(dataset)))
    return [("".join(map(chr, ids.tolist())), int(label)) for (ids, _), label in items]


def load(name: str | Path, split: str = "train", **options: Any) -> Any:
    return hub_dataset(str(name), split, encode=Plain(), **options)


def write(path: Path, columns: dict[str, list[Any]] = COLUMNS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = datasets.Dataset.from_dict(columns)
    match path.suffix:
        case ".csv":
            data.to_csv(path, index=False)
        case ".tsv":
            data.to_csv(path, index=False, sep="\t")
        case ".jsonl":
            data.to_json(path)
        case ".json":
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values())]  # noqa: B905
            path.write_text(json.dumps(rows))
        case ".parquet":
            data.to_parquet(path)
        case ".arrow":
            data.save_to_disk(path.parent / "x")
            part = next((path.parent / "x").glob("*.arrow"))
            path.write_bytes(part.read_bytes())
            for file in (path.parent / "x").iterdir():
                file.unlink()
            (path.parent / "x").rmdir()
    return path


@pytest.mark.parametrize(
    "file",
    [
        "train.csv",
        "train.tsv",
        "train.json",
        "train.jsonl",
        "train.parquet",
        "train.arrow",
        "train-00000-of-00001.csv",
        "data/train-0.parquet",
        "train/part.jsonl",
    ],
)
def test_every_format_and_place(tmp_path: Path, file: str) -> None:
    write(tmp_path / file)
    assert contents(load(tmp_path)) == ROWS


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("rows.csv", "csv"),
        ("rows.tsv", "tsv"),
        ("rows.tsv", "csv"),
        ("rows.jsonl", "json"),
        ("rows.json", "json"),
        ("rows.jsonl", "jsonl"),
        ("rows.parquet", "parquet"),
        ("rows.arrow", "arrow"),
    ],
)
def test_local_files(tmp_path: Path, file: str, kind: str) -> None:
    dataset = local_dataset(str(write(tmp_path / file)), kind, encode=Plain())
    assert contents(dataset) == ROWS


def test_saved_data_sets(tmp_path: Path) -> None:
    data = datasets.Dataset.from_dict(COLUMNS)
    datasets.DatasetDict({"train": data, "test": data.select([1, 2])}).save_to_disk(tmp_path / "a")
    assert contents(load(tmp_path / "a")) == ROWS
    assert contents(load(tmp_path / "a", "test")) == ROWS[1:3]
    data.save_to_disk(tmp_path / "b")
    assert contents(load(tmp_path / "b")) == ROWS


def test_several_files_of_a_split_are_one(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00002.csv")
    write(tmp_path / "train-00001-of-00002.csv")
    assert contents(load(tmp_path)) == ROWS * 2


def test_a_split_in_two_formats_is_ambiguous(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    write(tmp_path / "train.jsonl")
    with pytest.raises(InputError, match="csv and json") as caught:
        load(tmp_path)
    assert caught.value.code == "ambiguous_split"


def test_an_absent_split_names_those_present(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    write(tmp_path / "dev.csv")
    with pytest.raises(MissingResource, match=r"no split test; splits in .*: dev, train") as caught:
        load(tmp_path, "test")
    assert caught.value.diagnostics[0].code == "missing_split"


def test_an_alias_renames_columns_and_numbers_classes(call: Recorder, tmp_path: Path) -> None:
    words = ["Positive" if label else "Negative" for _, label in ROWS]
    write(tmp_path / "all.tsv", {"Sentiment": words, "Text": COLUMNS["text"]})
    call.alias(
        "imdb", tmp_path, text="Text", label="Sentiment", labels=("Negative", "Positive"),
        splits={"test": "all.tsv"},
    )  # fmt: skip
    dataset = load("imdb", "test")
    assert contents(dataset) == ROWS
    assert dataset.label_values() == [0, 1]
    assert not call.notices


def test_columns_may_be_swapped(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"label": COLUMNS["text"], "text": COLUMNS["label"]})
    dataset = load(tmp_path, sample_field_name="label", label_field_name="text")
    assert contents(dataset) == ROWS


@pytest.mark.parametrize("key", ["sample_field_name", "label_field_name"])
def test_an_absent_column_names_those_present(tmp_path: Path, key: str) -> None:
    write(tmp_path / "train.csv")
    with pytest.raises(InputError, match="no column stars; its columns: text, label") as caught:
        load(tmp_path, **{key: "stars"})
    assert (caught.value.code, caught.value.input) == ("missing_column", key)
    assert f"--set NODE.{key}=COLUMN" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([True, False], [1, 0]),
        ([1.0, 0.0], [1, 0]),
        (["1", "0"], [1, 0]),
        ([3, -1], [3, -1]),
    ],
)
def test_labels_that_are_numbers_in_disguise(
    tmp_path: Path, labels: list[Any], expected: list[int]
) -> None:
    write(tmp_path / "train.parquet", {"text": ["a", "b"], "label": labels})
    assert [label for _, label in contents(load(tmp_path))] == expected


def test_class_labels_number_themselves(tmp_path: Path) -> None:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    data = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features)
    data.to_parquet(tmp_path / "train.parquet")
    assert contents(load(tmp_path)) == [("a", 1), ("b", 0)]


def test_words_as_labels_need_their_order(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"text": ["a", "b", "c"], "label": ["Pos", "Neg", "Pos"]})
    call.alias("imdb", tmp_path)
    with pytest.raises(InputError, match="'Pos', 'Neg'; the first is in row 0") as caught:
        load("imdb")
    assert caught.value.code == "label_not_a_number"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("--alias 'imdb=DIR?labels=Neg,Pos'")


def test_a_label_outside_of_the_order_is_named(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"text": ["a", "b"], "label": ["Neg", "Mixed"]})
    call.alias("imdb", tmp_path, labels=("Neg", "Pos"))
    with pytest.raises(InputError, match=r"none of the alias's labels .*: 'Mixed'; .* row 1"):
        load("imdb")


def test_fractions_are_no_labels(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", {"text": ["a", "b"], "label": [0.0, 0.5]})
    with pytest.raises(InputError, match=r"0\.5"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "label", "row"), [(["a", None], [0, 1], 1), (["a", "b"], [None, 1], 0)]
)
def test_nulls_are_found_before_training(
    tmp_path: Path, text: list[Any], label: list[Any], row: int
) -> None:
    write(tmp_path / "train.parquet", {"text": text, "label": label})
    with pytest.raises(InputError, match=f"1 of 2 rows have no .*; the first is row {row}"):
        load(tmp_path)


def test_columns_of_lists_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", {"text": [["a"], ["b"]], "label": [0, 1]})
    with pytest.raises(InputError, match="not texts"):
        load(tmp_path)
    write(tmp_path / "train.parquet", {"text": ["a", "b"], "label": [[0], [1]]})
    with pytest.raises(InputError, match="not one label a row"):
        load(tmp_path)


def test_text_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "train.csv"
    file.write_bytes(b"text,label\nna\xefve,1\n")
    with pytest.raises(InputError, match="byte 0xef at offset 13") as caught:
        load(tmp_path)
    assert "iconv" in (caught.value.hint or "")


def test_offsets_are_right_across_chunks(tmp_path: Path) -> None:
    file = tmp_path / "big"
    # A character of two bytes straddles the end of the first chunk.
    start = b"x" * ((1 << 20) - 1) + "é".encode()
    file.write_bytes(start + b"y" * 10)
    check_utf8(file)
    file.write_bytes(start + b"y" * 10 + b"\xff")
    with pytest.raises(InputError, match=f"offset {len(start) + 10} "):
        check_utf8(file)
    file.write_bytes(b"x" * ((1 << 20) - 1) + b"\xc3")
    with pytest.raises(InputError, match=f"offset {(1 << 20) - 1} "):
        check_utf8(file)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"train\.parquet cannot be read as parquet"):
        load(tmp_path)
    with pytest.raises(InputError, match="'xml' is not a format") as caught:
        local_dataset(str(tmp_path / "train.parquet"), "xml", encode=Plain())
    assert caught.value.input == "file_format"


def test_an_absent_file_is_missing(call: Recorder, tmp_path: Path) -> None:
    with pytest.raises(MissingResource) as caught:
        local_dataset(str(tmp_path / "no.jsonl"), encode=Plain())
    assert caught.value.diagnostics[0].code == "missing_file"


def test_stand_ins(call: Recorder) -> None:
    call.set(tiny=True)
    train = load("imdb", sample_field_name="review", label_field_name="stars")
    test = load("imdb", "validation")
    file = local_dataset("imdb/test.jsonl", encode=Plain())
    assert len(train) > len(test) == len(file)
    assert train.label_values() == [0, 1]
    assert call.codes == ["stand_in", "stand_in"]
    assert call.notices[0]["message"] == "imdb → built-in synthetic reviews (--tiny)"


def test_real_data_is_used_under_tiny_too(call: Recorder, tmp_path: Path) -> None:
    call.set(tiny=True)
    call.alias("imdb", write(tmp_path / "rows.csv"))
    assert contents(load("imdb")) == ROWS


def test_a_folder_that_is_called_like_a_data_set_is_said(
    call: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "imdb" / "train.csv")
    monkeypatch.chdir(tmp_path)
    assert contents(load("imdb")) == contents(load("./imdb")) == ROWS
    assert call.codes == ["local_folder"]
    assert call.notices[0]["message"] == f"imdb → the folder {tmp_path / 'imdb'}"


def test_what_the_hub_refuses_is_missing() -> None:
    # The libraries are set to work offline, so that this is what they say of any name.
    with pytest.raises(MissingResource, match="the hub does not give it"):
        read(Found("imdb", "hub", "stanfordnlp/imdb"), "train", "text")
