"""CSV and TSV files that a reader which guesses would shift, merge or fill up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from graphrun_nodes.text import local_dataset
from reading import Plain, contents, load

from graphrun.errors import InputError


def file(folder: Path, text: str, name: str = "train.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("text,label\nhello,1,0\n", 2, "3 cells where the header has 2 .*'hello', '1', '0'"),
        ("text,label\na,1\n\nb\n", 4, "1 cell where the header has 2"),
        ('text,label\n"two\nlines",1\nb,1,2\n', 4, "3 cells"),
        ('text,label\na,1\n"swallows,0\nc,1\n', 3, "opened in this row and closed nowhere"),
        ('text,label\n"open,0\nb,1\n"fine",1\n', 2, "text follows its closing quote in line 4"),
        ('text,label\n"a" b,1\n', 2, "text follows its closing quote"),
        ("text,text,label\na,b,1\n", 1, "the column 'text' twice"),
        ("text,label,,\na,1,,\n", 1, "the column '' twice"),
    ],
)
def test_rows_that_are_not_as_the_header_says(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    path = file(tmp_path, text)
    with pytest.raises(InputError, match=rf"{path}, line {line}: .*{why}"):
        load(tmp_path)


def test_tabs_are_checked_as_well(tmp_path: Path) -> None:
    file(tmp_path, "text\tlabel\na\t1\t2\n", "train.tsv")
    with pytest.raises(InputError, match=r"train\.tsv, line 2: 3 cells"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "text,label", "text,label\r\n"])
def test_a_file_without_rows_says_so(tmp_path: Path, text: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(InputError, match=f"{path} holds no rows") as caught:
        load(tmp_path)
    assert caught.value.code == "empty_data"


def test_what_is_legitimate_stays_as_written(tmp_path: Path) -> None:
    text = '\ufeff,text,label\r\n0,,1\r\n1,"a ""b""\r\nc",0\r\n\r\n2,say "hi", 1\r\n3,NA,0\r\n'
    file(tmp_path, text)
    rows = [("", 1), ('a "b"\r\nc', 0), ('say "hi"', 1), ("NA", 0)]
    assert contents(load(tmp_path)) == rows


def test_long_cells_are_read_and_the_limit_is_put_back(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    path = file(tmp_path, f"text,label\n{'x' * 200_000},1\n")
    assert len(contents(local_dataset(str(path), "csv", encode=Plain()))[0][0]) == 200_000
    assert csv.field_size_limit() == before


def test_more_rows_than_a_chunk(tmp_path: Path) -> None:
    rows = "".join(f"t{i},{i % 2}\n" for i in range(25_001))
    file(tmp_path, "text,label\n" + rows)
    dataset = load(tmp_path)
    assert len(dataset) == 25_001
    assert dataset.label_rows(1) == (12_500, 1)


def test_parts_have_to_have_the_same_columns(tmp_path: Path) -> None:
    file(tmp_path, "label,text\n1,a\n", "train-0.csv")
    file(tmp_path, "text,label\nb,0\n", "train-1.csv")
    assert contents(load(tmp_path)) == [("a", 1), ("b", 0)]
    file(tmp_path, "text,stars\nc,0\n", "train-1.csv")
    with pytest.raises(InputError, match=r"train-0\.csv has .*train-1\.csv has text, stars"):
        load(tmp_path)
