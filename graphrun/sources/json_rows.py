"""Reading JSON: one object a line, a list of objects, or an object of columns.

Python's parser instead of one that guesses types: a text that looks like a date stays a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.errors import InputError
from graphrun.sources.delimited import no_rows

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 10_000
_KINDS = {str: "a text", bool: "true or false", int: "a number", float: "a number"}

Row = tuple[str, Mapping[str, Any]]
"""Where a row stands ("line 3"), and its values by column."""


def read_json(path: Path, columns: Sequence[str]) -> pa.Table:
    """The columns of texts and labels, named in this order; nulls where a row lacks one.

    If no row has one of them, the others are named and hold nothing, which tells what is there.

    Raises:
        InputError: there are no rows, the file is not JSON of one of the three forms, a text is
            a list or an object, or the labels are of several kinds. Names the file and the row.
    """
    import pyarrow as pa

    wanted = list(dict.fromkeys(columns))
    seen: dict[str, None] = {}
    kept: list[list[pa.Array]] = [[] for _ in wanted]
    kinds: dict[str, tuple[str, str]] = {}
    rows = _rows(path)
    while some := list(islice(rows, _CHUNK)):
        for _, row in some:
            seen.update(dict.fromkeys(row))
        for column, arrays in zip(wanted, kept, strict=True):
            texts = column == columns[0]
            cells = _texts(path, some, column) if texts else _labels(path, some, column, kinds)
            arrays.append(_array(path, some, column, cells))
    if not kept[0]:
        raise no_rows(path, "it is empty")
    count = sum(map(len, kept[0]))
    if not set(wanted) <= seen.keys():
        return pa.table({name: pa.nulls(count) for name in seen})
    return pa.table({n: _one(arrays) for n, arrays in zip(wanted, kept, strict=True)})


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        start = next((line.lstrip() for line in file if line.strip()), "")
        file.seek(0)
        if start.startswith("{") and _is_json(start):
            yield from _from_lines(path, file)
        elif start:
            yield from _from_whole(path, file.read())


def _from_lines(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    first: Any = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"line {number}"
        value = _parsed(path, line, where)
        if not isinstance(value, dict):
            raise _bad(path, where, f"{_kind(value)} instead of an object: {_shown(value)}")
        if first is None:
            first = value
            if value and all(isinstance(cells, list) for cells in value.values()):
                yield from _from_columns(path, value)
                continue
        yield where, value


def _from_whole(path: Path, text: str) -> Iterator[Row]:
    value = _parsed(path, text, "")
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        yield from _from_columns(path, value)
        return
    for number, row in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(row, dict):
            raise _bad(path, f"row {number}", f"{_kind(row)} instead of an object: {_shown(row)}")
        yield f"row {number}", row


def _from_columns(path: Path, table: dict[str, list[Any]]) -> Iterator[Row]:
    lengths = {name: len(cells) for name, cells in table.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _bad(path, "", f"columns of several lengths: {listed}")
    for number, cells in enumerate(zip(*table.values(), strict=True)):
        yield f"row {number}", dict(zip(table, cells, strict=True))


def _texts(path: Path, rows: list[Row], column: str) -> Iterator[str | None]:
    for where, row in rows:
        value = row.get(column)
        if isinstance(value, dict | list):
            raise _bad(path, where, f"{column} is {_kind(value)}, not a text: {_shown(value)}")
        # Numbers as they are written in JSON.
        yield value if value is None or isinstance(value, str) else json.dumps(value)


def _labels(
    path: Path, rows: list[Row], column: str, kinds: dict[str, tuple[str, str]]
) -> Iterator[Any]:
    """Labels of one kind. `kinds` remembers the kind that the column has, and since where."""
    for where, row in rows:
        value = row.get(column)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict | list):
            message = f"{column} is {_kind(value)}, not one label a row: {_shown(value)}"
            raise _bad(path, where, message)
        if value is not None:
            kind, since = kinds.setdefault(column, (_kind(value), where))
            if kind != _kind(value):
                message = f"{column} is {_kind(value)} ({_shown(value)}), and {kind} in {since}"
                raise _bad(path, where, message, "write all labels in one way")
            if type(value) is int and not -(2**63) <= value < 2**63:
                raise _bad(path, where, f"{column} is {_shown(value)}, beyond 64 bits")
        yield value


def _array(path: Path, rows: list[Row], column: str, cells: Iterator[Any]) -> pa.Array:
    import pyarrow as pa

    values = list(cells)
    if any(type(value) is float for value in values):
        values = [None if value is None else float(value) for value in values]
    try:
        return pa.array(values)
    except UnicodeEncodeError:
        # JSON can escape half a character.
        for (where, _), value in zip(rows, values, strict=True):
            if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
                message = f"{column} holds half of a surrogate pair: {ascii(value)[:60]}"
                raise _bad(path, where, message) from None
        raise


def _one(arrays: list[pa.Array]) -> pa.ChunkedArray:
    """Chunks of one type: whole numbers become fractions where another chunk has these."""
    import pyarrow as pa

    types = {array.type for array in arrays if array.type != pa.null()}
    common = pa.float64() if len(types) > 1 else next(iter(types), pa.string())
    return pa.chunked_array([array.cast(common) for array in arrays], common)


def _is_json(text: str) -> bool:
    """Whether a line is an object of its own, or broken, rather than the start of a longer one."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos < len(text.rstrip())
    except (ValueError, RecursionError):
        return True
    return True


def _parsed(path: Path, text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = where or f"line {error.lineno}"
        raise _bad(path, where, f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise _bad(path, where, f"not JSON that can be read: {error}") from None


def _bad(path: Path, where: str, message: str, hint: str | None = None) -> InputError:
    place = f"{path}, {where}" if where else str(path)
    return InputError(f"{place}: {message}", code="unreadable_data", hint=hint)


def _kind(value: Any) -> str:
    named = {dict: "an object", list: "a list", type(None): "null"}
    return _KINDS.get(type(value)) or named[type(value)]


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
