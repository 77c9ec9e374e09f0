"""Reading CSV and TSV files: every cell a text, every row as wide as the header.

Python's reader instead of one that guesses: a row that is too wide shifts no column, a row that
is too narrow is not filled up, and "NA" and "007" stay what they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 10_000
_LONGEST_CELL = 2**31 - 1
_NO_COMMAS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_PACKED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")


def read_delimited(path: Path, delimiter: str, columns: Sequence[str]) -> pa.Table:
    """The wanted columns of a file, as texts; all of them if a wanted one is not there.

    Raises:
        InputError: there are no rows, a column name is there twice, a row is wider or narrower
            than the header, or a quote is never closed. Names the file and the line.
    """
    import pyarrow as pa

    with path.open(encoding="utf-8-sig", newline="") as file, _long_cells():
        rows = _rows(path, csv.reader(file, delimiter=delimiter, strict=True))
        names = _header(path, rows)
        wanted = list(dict.fromkeys(columns)) if set(columns) <= set(names) else names
        places = [names.index(name) for name in wanted]
        schema = pa.schema([(name, pa.string()) for name in wanted])
        chunks = []
        full = _full_rows(path, rows, names)
        while some := list(islice(full, _CHUNK)):
            cells = [pa.array([row[place] for row in some], pa.string()) for place in places]
            chunks.append(pa.Table.from_arrays(cells, schema=schema))
    if not chunks:
        raise no_rows(path, "only the header " + delimiter.join(names))
    return pa.concat_tables(chunks)


def check_commas(path: Path) -> None:
    """Refuse a table whose header has other delimiters and no comma. Packed files are left alone.

    Raises:
        InputError: so it is; shows the header.
    """
    if not path.is_file() or path.suffix.lower() in _PACKED:
        return
    with path.open("rb") as file:
        header = file.readline(_CHUNK).decode("utf-8-sig", "replace").rstrip("\r\n")
    mark = next((mark for mark in _NO_COMMAS if mark in header), None)
    if mark and "," not in header:
        message = f"{path}:1: not CSV: {_NO_COMMAS[mark]} between the columns, and no commas"
        hint = f"the header is {header[:80]!r}; save the file with commas, and points in numbers"
        raise InputError(message, input="file_path", code="unreadable_data", hint=hint)


def no_rows(path: Path, why: str) -> InputError:
    """The error for a file without data."""
    return InputError(f"{path} holds no rows: {why}", code="empty_data")


def _header(path: Path, rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    line, names = next(rows, (0, []))
    if not names:
        raise no_rows(path, "it is empty")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{path}, line {line}: the header has the column {', '.join(map(repr, twice))} twice",
            code="duplicate_column",
            hint="give every column a name of its own",
        )
    return names


def _full_rows(
    path: Path, rows: Iterator[tuple[int, list[str]]], names: list[str]
) -> Iterator[list[str]]:
    width = len(names)
    for line, row in rows:
        if len(row) != width:
            wider = len(row) > width
            hint = "put quotes around cells that hold the delimiter" if wider else None
            raise InputError(
                f"{path}, line {line}: {len(row)} {'cell' if len(row) == 1 else 'cells'} where "
                f"the header has {width} ({', '.join(names)}): {_shown(row)}",
                code="uneven_row",
                hint=hint or f"the row lacks {', '.join(names[len(row) :])}",
            )
        yield row


def _rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it starts in, from 1."""
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _bad_quote(path, start, reader.line_num, error) from None
        if row:
            yield start, row


def _bad_quote(path: Path, start: int, end: int, error: csv.Error) -> InputError:
    if "end of data" in str(error):
        why = "a quote is opened in this row and closed nowhere in the file"
    elif "expected after" in str(error):
        at = "" if start == end else f" in line {end}"
        why = f"a quote is opened in this row, and text follows its closing quote{at}"
    else:
        why = str(error)
    return InputError(
        f"{path}, line {start}: {why}",
        code="bad_quote",
        hint='quote the whole cell and write each quote inside it twice: "say ""hello"""',
    )


def _shown(row: list[str]) -> str:
    text = repr(row)
    return text if len(text) <= 80 else f"{text[:77]}..."


@contextmanager
def _long_cells() -> Iterator[None]:
    """The limit is the module's, so it is put back."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
