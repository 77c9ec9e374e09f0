"""JSON files that a reader which guesses types would refuse, with an error of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading import contents, load

from graphrun.errors import InputError


def lines(folder: Path, rows: list[Any]) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "texts", [["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"], ["2024-01-01", "1", "no date"]]
)
def test_texts_that_look_like_dates_or_numbers_are_texts(tmp_path: Path, texts: list[str]) -> None:
    lines(tmp_path, [{"text": text, "label": i} for i, text in enumerate(texts)])
    assert contents(load(tmp_path)) == [(text, i) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "a", "label": 1}, {"text": "b", "label": 0}]',
        '[\n {"text": "a",\n "label": 1},\n {"text": "b", "label": 0}\n]\n',
        '{"text": ["a", "b"], "label": [1, 0]}',
        '{\n "text": ["a", "b"],\n "label": [1, 0]\n}',
        '\ufeff\n{"text": "a", "label": 1}\r\n\n{"more": {"x": []}, "text": "b", "label": 0}',
        '{"text": "a", "label": true}\n{"text": "b", "label": false}',
        '{"text": "a", "label": 1}\n{"text": "b", "label": 0.0}',
    ],
)
def test_the_forms_of_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.json").write_text(text, encoding="utf-8")
    assert contents(load(tmp_path)) == [("a", 1), ("b", 0)]


@pytest.mark.parametrize("text", ["", " \n", "[]"])
def test_a_file_without_rows_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(InputError, match=r"train\.json holds no rows"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"text": "b", "label": "1"}, r"line 2: label is a text \('1'\), and a number in line 1"),
        ({"text": "b", "label": True}, r"line 2: label is true or false \(true\), and a number"),
        ({"text": "b", "label": [1, 0]}, "line 2: label is a list, not one label a row"),
        ({"text": ["b"], "label": 1}, "line 2: text is a list, not a text"),
        ({"text": "b", "label": 2**64}, "line 2: label is 18446744073709551616, beyond 64 bits"),
        ({"text": "\ud800", "label": 1}, "line 2: text holds half of a surrogate pair"),
        ([1], r"line 2: a list instead of an object: \[1\]"),
        ({"label": 1}, "1 of 2 rows have no text; the first is row 1"),
        ({"text": "b", "label": 1e300}, r"not whole numbers: 1e\+300; the first is in row 1"),
    ],
)
def test_rows_that_cannot_be_used_are_named(tmp_path: Path, row: Any, why: str) -> None:
    lines(tmp_path, [{"text": "a", "label": 0}, row])
    with pytest.raises(InputError, match=why):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"text": "a", "label": 1}\n{"text": "b"', "line 2: not JSON: "),
        ('{"text": "a" "label": 1}\n', "line 1: not JSON: .* at column 14"),
        ("nothing of the kind", "line 1: not JSON: "),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"text": ["a"], "label": []}', "columns of several lengths: text 1, label 0"),
    ],
)
def test_what_is_not_json_says_where(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "train.jsonl").write_text(text)
    with pytest.raises(InputError, match=why) as caught:
        load(tmp_path)
    assert caught.value.code == "unreadable_data"


def test_an_absent_column_names_those_present(tmp_path: Path) -> None:
    lines(tmp_path, [{"text": "a", "stars": {"of": 5}}, {"text": "b", "stars": 1, "by": None}])
    with pytest.raises(InputError, match="no column label; its columns: text, stars, by"):
        load(tmp_path)


def test_nulls_and_fractions_in_other_chunks(tmp_path: Path) -> None:
    rows: list[Any] = [{"text": "a", "label": i % 2} for i in range(10_001)]
    rows[-1]["label"] = 1.0
    lines(tmp_path, rows)
    assert load(tmp_path).label_values() == [0, 1]
    for row in rows[:10_000]:
        row["label"] = None
    lines(tmp_path, rows)
    with pytest.raises(InputError, match="10000 of 10001 rows have no label"):
        load(tmp_path)
