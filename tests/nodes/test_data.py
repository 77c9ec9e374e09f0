from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graphrun_nodes.text import local_dataset
from reading import Plain, contents, load
from recording import Recorder

from graphrun.errors import InputError, MissingResource
from graphrun.sources.names import Found
from graphrun.sources.tables import check_utf8, read

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


@pytest.mark.parametrize(
    "files",
    [
        ("train-0.csv", "train.csv"),
        ("train.csv", "data/train.csv"),
        ("train.csv", "train/x.csv"),
        ("train-0.csv", "data/train-0.csv"),
        ("train-00000-of-00001.csv", "train-00000-of-00002.csv"),
    ],
)
def test_a_split_in_two_places_is_ambiguous(
    call: Recorder, tmp_path: Path, files: tuple[str, str]
) -> None:
    for file in files:
        write(tmp_path / file)
    call.alias("imdb", tmp_path)
    with pytest.raises(InputError, match="several sets of files: " + ", ".join(files)) as caught:
        load("imdb")
    assert caught.value.code == "ambiguous_split"
    hint = f"--alias 'imdb={tmp_path}?split.train={files[0]}' says which to read"
    assert caught.value.hint == hint
    call.alias("imdb", tmp_path, splits={"train": files[0]})
    assert contents(load("imdb")) == ROWS


def test_only_numbers_make_parts(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    write(tmp_path / "train-old.csv", {"text": ["old"], "label": [0]})
    write(tmp_path / "test-00000-of-00001-0123456789abcdef.parquet")
    assert contents(load(tmp_path)) == contents(load(tmp_path, "test")) == ROWS
    assert contents(load(tmp_path, "train-old")) == [("old", 0)]


def test_an_empty_split_name_is_said_to_be_empty(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    with pytest.raises(InputError, match="the name of the split is empty") as caught:
        load(tmp_path, " ")
    assert caught.value.input == "split"
    assert "split.=" not in (caught.value.hint or "")


def test_an_absent_split_names_those_present(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    write(tmp_path / "dev.csv")
    with pytest.raises(MissingResource, match=r"no split test; splits in .*: dev, train") as caught:
        load(tmp_path, "test")
    assert caught.value.diagnostics[0].code == "missing_split"
    hint = caught.value.diagnostics[0].hint or ""
    assert "the input split can be dev or train" in hint
    assert "NODE" not in hint


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
    # The one column that is left is what could be meant.
    option = {"sample_field_name": "text", "label_field_name": "label"}[key]
    alias = f"--alias '{tmp_path}={tmp_path}?{option}={option}'"
    assert caught.value.hint == f"the input {key} names the column, and so does {alias}"


def test_two_absent_columns_are_named_at_once(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"review": ["a"], "stars": [1]})
    call.alias("imdb", tmp_path)
    with pytest.raises(
        InputError, match="no column text and label; its columns: review, stars"
    ) as e:
        load("imdb")
    assert f"--alias 'imdb={tmp_path}?text=COLUMN&label=COLUMN'" in (e.value.hint or "")
    with pytest.raises(InputError, match="no column text and label") as e:
        local_dataset(str(tmp_path / "train.csv"), "csv", encode=Plain())
    assert "--alias" not in (e.value.hint or ""), "a file's path is no name of an alias"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([True, False], [1, 0]),
        ([1.0, 0.0], [1, 0]),
        (["1", "0"], [1, 0]),
        (["1.0", " 0. "], [1, 0]),
        ([3, -1], [3, -1]),
        ([[3], [-1]], [3, -1]),
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
    assert caught.value.hint.startswith(f"--alias 'imdb={tmp_path}?labels=Neg,Pos'")


def test_ways_out_keep_what_the_alias_says(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "all.csv", {"Text": ["a", "b"], "kind": ["Pos", "Neg"]})
    splits = {"train": "all.csv"}
    call.alias("imdb", tmp_path, text="Text", label="kind", labels=("neg", "pos"), splits=splits)
    with pytest.raises(InputError) as caught:
        load("imdb")
    way = f"--alias 'imdb={tmp_path}?labels=Neg,Pos&text=Text&label=kind&split.train=all.csv' "
    assert (caught.value.hint or "").startswith(way)
    call.alias("imdb", tmp_path, text="text", label="kind", labels=("Neg", "Pos"), splits=splits)
    with pytest.raises(InputError) as caught:
        load("imdb")
    way = f"--alias 'imdb={tmp_path}?text=Text&label=kind&labels=Neg,Pos&split.train=all.csv'"
    assert (caught.value.hint or "").endswith(way)


def test_a_label_outside_of_the_order_is_named(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"text": ["a", "b"], "label": ["Neg", "Mixed"]})
    call.alias("imdb", tmp_path, labels=("Neg", "Pos"))
    with pytest.raises(InputError, match=r"none of the alias's labels .*: 'Mixed'; .* row 1") as e:
        load("imdb")
    assert (e.value.hint or "").startswith(f"--alias 'imdb={tmp_path}?labels=Neg,Pos,Mixed'")


def test_only_wrong_labels_are_blamed(call: Recorder, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,\nc,0\nd,x\n")
    with pytest.raises(InputError, match="not whole numbers: '', 'x'; the first is in row 1") as e:
        load(tmp_path)
    assert e.value.hint == "labels are whole numbers; correct the rows that have none"


@pytest.mark.parametrize("label", ["1_0", "١", "1e300", "1.5", "9" * 19, "9" * 5000, "0x1"])
def test_numbers_are_plain_digits(tmp_path: Path, label: str) -> None:
    (tmp_path / "train.csv").write_text(f"text,label\na,0\nb,{label}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"not whole numbers: .*; the first is in row 1") as caught:
        load(tmp_path)
    assert caught.value.code == "label_not_a_number"


@pytest.mark.parametrize("label", [1e300, float("inf"), float("nan"), 2**64 - 1])
def test_numbers_beyond_64_bits_are_no_labels(tmp_path: Path, label: float) -> None:
    labels = pa.array([0, label], pa.uint64() if isinstance(label, int) else pa.float64())
    pq.write_table(pa.table({"text": ["a", "b"], "label": labels}), tmp_path / "train.parquet")
    with pytest.raises(InputError, match=r"not whole numbers: .*; the first is in row 1"):
        load(tmp_path)


LABELS = datasets.ClassLabel(names=["neg", "pos"])


@pytest.mark.parametrize("feature", ["int64", "bool", "float32", "string", LABELS])
def test_labels_of_an_alias_that_numbers_need_not_are_said(
    call: Recorder, tmp_path: Path, feature: Any
) -> None:
    kind = datasets.Value(feature) if isinstance(feature, str) else feature
    features = datasets.Features({"text": datasets.Value("string"), "label": kind})
    values = ["0", "1"] if feature == "string" else [0, 1]
    data = datasets.Dataset.from_dict({"text": ["a", "b"], "label": values}, features=features)
    data.to_parquet(tmp_path / "train.parquet")
    call.alias("imdb", tmp_path, labels=("pos", "neg"))
    assert contents(load("imdb")) == [("a", 0), ("b", 1)]
    assert call.codes == ["labels_unused"]


def test_labels_of_an_alias_may_be_digits(call: Recorder, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", {"text": ["a", "b"], "label": [1, 2]})
    call.alias("imdb", tmp_path, labels=("1", "2"))
    assert contents(load("imdb")) == [("a", 0), ("b", 1)]
    assert not call.codes


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
    with pytest.raises(
        InputError, match=f"{tmp_path}: 1 of 2 rows have no .*; the first is row {row}"
    ):
        load(tmp_path)


def test_columns_of_lists_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", {"text": [["a"], ["b"]], "label": [0, 1]})
    with pytest.raises(InputError, match="not texts"):
        load(tmp_path)
    write(tmp_path / "train.parquet", {"text": ["a", "b"], "label": [[0], [1, 0]]})
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
    with pytest.raises(InputError, match=r"'text' .*plain text has no column of labels"):
        local_dataset(str(tmp_path / "train.parquet"), "text", encode=Plain())


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
    load("imdb")
    said = f"imdb → {tmp_path / 'rows.csv'} (alias; --tiny does not stand in for it)"
    assert [n["message"] for n in call.notices] == [said]
    assert call.codes == ["stand_in"]


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


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.bool_(), pa.string()])
def test_reading_a_saved_data_set_writes_nothing_into_it(tmp_path: Path, kind: pa.DataType) -> None:
    labels = pa.array(["0", "1"]).cast(pa.int64()).cast(kind)
    if kind == pa.string():
        labels = pa.array(["0", "1"])
    numbers = pa.array([7, 8], pa.int64())  # a column of numbers is read as texts
    table = pa.table({"text": numbers, "label": labels})
    datasets.Dataset(table).save_to_disk(tmp_path / "saved")
    before = sorted(p.name for p in (tmp_path / "saved").iterdir())
    data = load(tmp_path / "saved")
    assert contents(data) == [("7", 0), ("8", 1)]
    assert sorted(p.name for p in (tmp_path / "saved").iterdir()) == before
