"""Tables of pandas as Arrow files, if they come back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphrun.cache.codecs import NoCodec


def table_bytes(table: Any) -> Any:
    """The Arrow file of a DataFrame.

    Raises:
        NoCodec: what is read back is not the same to the last type, index and flag.
    """
    import pyarrow as pa

    try:
        arrow = pa.Table.from_pandas(table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise NoCodec(f"a table that Arrow does not take: {error}") from None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, arrow.schema) as file:
        file.write_table(arrow)
    data = sink.getvalue()
    if not _same(table, table_of(data)):
        raise NoCodec("a table that Arrow would change")
    return data


def table_of(data: Any) -> Any:
    """The DataFrame of an Arrow file, with memory of its own."""
    import pyarrow as pa

    with pa.ipc.open_file(pa.BufferReader(data)) as file:
        return file.read_all().to_pandas().copy()


def _same(one: Any, other: Any) -> bool:
    import pandas

    if one.attrs or one.flags != other.flags or type(one.index) is not type(other.index):
        return False
    try:
        pandas.testing.assert_frame_equal(
            one, other, check_exact=True, check_index_type="exact", check_column_type="exact"
        )
    except AssertionError:
        return False
    return all(_alike(a, b) for a, b in zip(_lines(one), _lines(other), strict=True))


def _lines(table: Any) -> Iterator[Any]:
    """Columns, and the levels of index and names."""
    for index in (table.index, table.columns):
        yield from (index.get_level_values(i) for i in range(index.nlevels))
    yield from (table.iloc[:, i] for i in range(table.shape[1]))


def _alike(one: Any, other: Any) -> bool:
    """Whether objects are the same kinds of objects: pandas takes 1 and 1.0 and True for equal."""
    if one.dtype != other.dtype or one.dtype != object:
        return bool(one.dtype == other.dtype)
    pairs = zip(one, other, strict=True)
    return all(type(a) is type(b) and _plain(a) and (a == b or a != a) for a, b in pairs)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bytes | bool | int | float)
