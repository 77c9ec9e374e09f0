"""From a data set with any columns to one of texts and whole-numbered labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphrun.node import InputError

if TYPE_CHECKING:
    from datasets import Dataset

TEXT, LABEL = "text", "label"
"""The columns of what `texts_and_labels` returns."""

_SHOWN = 5


def texts_and_labels(
    data: Dataset,
    *,
    name: str,
    columns: dict[str, str],
    aliased: dict[str, str | None],
    classes: Sequence[str] = (),
) -> Dataset:
    """The two columns of interest, named `text` (strings) and `label` (int64).

    Args:
        name: what the user calls the data set, for messages and hints.
        columns: the column names asked for, under the names of the inputs that ask.
        aliased: what an alias says the columns are really called, under the same names.
        classes: labels that are words, in the order of their numbers.

    Raises:
        InputError: a column is missing, a text or label is null, or a label is no number.
    """
    text, label = (
        _column(data, key, name=name, wanted=columns[key], really=aliased.get(key))
        for key in ("sample_field_name", "label_field_name")
    )
    if text == label:
        message = f"text and label are both read from the column {text}"
        raise InputError(message, input="label_field_name", code="missing_column")
    data = data.select_columns([text, label])
    _check_nulls(data, text, "sample_field_name")
    _check_nulls(data, label, "label_field_name")
    data = _as_numbers(_as_text(data, text), label, name, classes)
    return data.rename_columns({text: TEXT, label: LABEL})


def _column(data: Dataset, key: str, *, name: str, wanted: str, really: str | None) -> str:
    column = really or wanted
    if column in data.column_names:
        return column
    option = "label" if key == "label_field_name" else "text"
    alias = f" (the alias's {option}=)" if really else ""
    hint = (
        f"--set NODE.{key}=COLUMN, or --alias '{name}=DIR?{option}=COLUMN' "
        "says which column to read"
    )
    raise InputError(
        f"{name} has no column {column}{alias}; its columns: {', '.join(data.column_names)}",
        input=key,
        code="missing_column",
        hint=hint,
    )


def _check_nulls(data: Dataset, column: str, key: str) -> None:
    import pyarrow.compute as pc

    values = data.data.column(column)
    if values.null_count:
        row = pc.index(pc.is_null(values), True).as_py()
        raise InputError(
            f"{values.null_count} of {len(data)} rows have no {column}; the first is row {row}",
            input=key,
            code="null_value",
        )


def _as_text(data: Dataset, column: str) -> Dataset:
    from datasets import Value

    dtype = getattr(data.features[column], "dtype", "a list")
    if dtype in ("string", "large_string"):
        return data
    if dtype == "bool" or dtype.startswith(("int", "uint", "float")):
        return data.cast_column(column, Value("string"))
    raise InputError(
        f"the column {column} holds {dtype}, not texts",
        input="sample_field_name",
        code="not_a_text",
    )


def _as_numbers(data: Dataset, column: str, name: str, classes: Sequence[str]) -> Dataset:
    """ClassLabel, whole numbers and booleans as they are; words by `classes`."""
    from datasets import ClassLabel, Value

    feature = data.features[column]
    dtype = str(getattr(feature, "dtype", "a list"))
    if isinstance(feature, ClassLabel) or dtype.startswith(("int", "uint")):
        return data.cast_column(column, Value("int64"))
    if dtype == "a list":
        message = f"the column {column} of {name} holds {feature}, not one label a row"
        raise InputError(message, input="label_field_name", code="label_not_a_number")
    values = data.unique(column)
    if dtype == "bool":
        numbers: dict[Any, int] | None = {value: int(value) for value in values}
    elif dtype.startswith("float"):
        whole = all(float(value).is_integer() for value in values)
        numbers = {value: int(value) for value in values} if whole else None
    elif classes:
        numbers = {word: number for number, word in enumerate(classes)}
    else:
        numbers = _written_numbers(values)
    if numbers is None or any(value not in numbers for value in values):
        raise _not_numbers(data, column, name, values, classes)
    return _mapped(data, column, numbers)


def _written_numbers(values: list[Any]) -> dict[Any, int] | None:
    try:
        return {value: int(value) for value in values}
    except (TypeError, ValueError):
        return None


def _mapped(data: Dataset, column: str, numbers: dict[Any, int]) -> Dataset:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values = data.data.column(column).combine_chunks()
    keys = list(numbers)
    positions = pc.index_in(values, value_set=pa.array(keys, type=values.type))
    table = np.array([numbers[key] for key in keys], dtype=np.int64)
    labels = table[positions.to_numpy(zero_copy_only=False)]
    order = data.column_names
    return data.remove_columns(column).add_column(column, labels).select_columns(order)


def _not_numbers(
    data: Dataset, column: str, name: str, values: list[Any], classes: Sequence[str]
) -> InputError:
    known = set(classes)
    bad = [value for value in values if value not in known]
    shown = ", ".join(repr(value) for value in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    row = data[column][:].index(bad[0])
    words = sorted(str(value) for value in values)
    listed = ",".join(words) if len(words) <= _SHOWN else "A,B"
    among = f"none of the alias's labels ({', '.join(classes)})" if classes else "not whole numbers"
    return InputError(
        f"labels in the column {column} of {name} are {among}: {shown}{more}; "
        f"the first is in row {row}",
        input="label_field_name",
        code="label_not_a_number",
        hint=f"--alias '{name}=DIR?labels={listed}' numbers them 0, 1, ... in that order",
    )
