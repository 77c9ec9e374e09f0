"""From a data set with any columns to one of texts and whole-numbered labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphrun.node import InputError, notice

if TYPE_CHECKING:
    from datasets import Dataset

TEXT, LABEL = "text", "label"
"""The columns of what `texts_and_labels` returns."""

_SHOWN = 5
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_PLAIN = re.compile(r"[\w.-]+")
_INT64 = range(-(2**63), 2**63)


def texts_and_labels(
    data: Dataset,
    *,
    name: str,
    columns: dict[str, str],
    aliased: dict[str, str | None],
    classes: Sequence[str] = (),
    alias: str = "",
) -> Dataset:
    """The two columns of interest, named `text` (strings) and `label` (int64).

    Args:
        name: what the user calls the data set, for messages and hints.
        columns: the column names asked for, under the names of the inputs that ask.
        aliased: what an alias says the columns are really called, under the same names.
        classes: labels that are words, in the order of their numbers.
        alias: `NAME=PLACE` for hints; blank where an alias is of no use.

    Raises:
        InputError: a column is missing, a text or label is null, or a label is no number.
    """
    really = {key: aliased.get(key) or columns[key] for key in _OPTIONS}
    absent = [key for key, column in really.items() if column not in data.column_names]
    if absent:
        written = {
            key: really[key] + (f" (the alias's {_OPTIONS[key]}=)" if aliased.get(key) else "")
            for key in absent
        }
        left = [column for column in data.column_names if column not in really.values()]
        raise _no_column(data, name, written, left, alias)
    text, label = really.values()
    if text == label:
        message = f"text and label are both read from the column {text}"
        raise InputError(message, input="label_field_name", code="missing_column")
    data = data.select_columns([text, label])
    _check_nulls(data, text, "sample_field_name", name)
    _check_nulls(data, label, "label_field_name", name)
    labels = _Labels(label, name, tuple(classes), alias)
    data = labels.as_numbers(_as_text(data, text))
    return data.rename_columns({text: TEXT, label: LABEL})


_OPTIONS = {"sample_field_name": "text", "label_field_name": "label"}


def _no_column(
    data: Dataset, name: str, absent: dict[str, str], left: list[str], alias: str
) -> InputError:
    """`absent` are inputs and what they ask for, `left` the columns that nothing asks for."""
    one = len(absent) == 1
    only = left[0] if one and len(left) == 1 and _PLAIN.fullmatch(left[0]) else "COLUMN"
    options = "&".join(f"{_OPTIONS[key]}={only}" for key in absent)
    keys = " and ".join(absent)
    hint = f"the input {keys} names the column" if one else f"the inputs {keys} name the columns"
    return InputError(
        f"{name} has no column {' and '.join(absent.values())}; "
        f"its columns: {', '.join(data.column_names)}",
        input=next(iter(absent)),
        code="missing_column",
        hint=f"{hint}, and so does --alias '{alias}?{options}'" if alias else hint,
    )


def _check_nulls(data: Dataset, column: str, key: str, name: str) -> None:
    import pyarrow.compute as pc

    values = data.data.column(column)
    if values.null_count:
        row = pc.index(pc.is_null(values), True).as_py()
        raise InputError(
            f"{name}: {values.null_count} of {len(data)} rows have no {column}; "
            f"the first is row {row}",
            input=key,
            code="null_value",
        )


def _as_text(data: Dataset, column: str) -> Dataset:
    dtype = getattr(data.features[column], "dtype", "a list")
    if dtype in ("string", "large_string"):
        return data
    if dtype == "bool" or dtype.startswith(("int", "uint", "float")):
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.cast(data.data.column(column), pa.string()).to_pylist()
        return _replaced(data, column, texts)
    raise InputError(
        f"the column {column} holds {dtype}, not texts",
        input="sample_field_name",
        code="not_a_text",
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """How the column of labels of a data set becomes numbers."""

    column: str
    name: str
    classes: tuple[str, ...]
    alias: str

    def as_numbers(self, data: Dataset) -> Dataset:
        """ClassLabel, whole numbers and booleans as they are; words by `classes`."""
        from datasets import ClassLabel

        feature = data.features[self.column]
        dtype = str(getattr(feature, "dtype", "a list"))
        if dtype == "a list":
            message = f"the column {self.column} of {self.name} holds {feature}, not one label"
            raise InputError(f"{message} a row", input=_INPUT, code="label_not_a_number")
        values = data.unique(self.column)
        named = "string" in dtype and not self._unused(values)
        if self.classes and not named:
            self._say_unused(f"ClassLabel of {dtype}" if isinstance(feature, ClassLabel) else dtype)
        if named and self.classes:
            numbers = {word: number for number, word in enumerate(self.classes)}
        else:
            numbers = {value: n for value in values if (n := _whole(value)) is not None}
        if any(value not in numbers for value in values):
            raise self._not_numbers(data, values, numbers)
        if dtype == "int64":
            return data
        return _mapped(data, self.column, numbers)

    def _unused(self, values: list[Any]) -> bool:
        """Whether texts are numbers already, none of them a class: what CSV makes of numbers."""
        known = set(self.classes)
        return all(value not in known and _whole(value) is not None for value in values)

    def _say_unused(self, what: str) -> None:
        notice(
            f"the labels in the column {self.column} of {self.name} are numbers already "
            f"({'written as text' if 'string' in what else what}); the alias's labels "
            f"({', '.join(self.classes)}) are not used",
            code="labels_unused",
            input=_INPUT,
            hint="labels= numbers words; without it this notice goes away",
        )

    def _not_numbers(self, data: Dataset, values: list[Any], numbers: dict[Any, int]) -> InputError:
        bad = [value for value in values if value not in numbers]
        shown = ", ".join(map(_shown, bad[:_SHOWN]))
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        row = next(i for i, value in enumerate(data[self.column][:]) if value not in numbers)
        classes = ", ".join(self.classes)
        among = f"none of the alias's labels ({classes})" if classes else "not whole numbers"
        return InputError(
            f"labels in the column {self.column} of {self.name} are {among}: {shown}{more}; "
            f"the first is in row {row}",
            input=_INPUT,
            code="label_not_a_number",
            hint=self._way_out(values, bad),
        )

    def _way_out(self, values: list[Any], bad: list[Any]) -> str:
        words = [*self.classes, *(bad if self.classes else sorted(map(str, values)))]
        if not all(isinstance(v, str) and v for v in bad) or (
            not self.classes and len(bad) < len(values)
        ):
            return "labels are whole numbers; correct the rows that have none"
        plain = len(words) <= _SHOWN and not any(set(word) & set(",&;+%#'") for word in words)
        option = f"labels={','.join(words) if plain else 'A,B'}"
        if self.alias:
            return f"--alias '{self.alias}?{option}' numbers them 0, 1, ... in that order"
        return (
            "write numbers into the file, or read it by PtvHfDatasetWithTokenEncode and "
            f"--alias 'NAME=FILE?{option}'"
        )


_INPUT = "label_field_name"


def _whole(value: Any) -> int | None:
    """The number that a label is or spells in plain digits; None for any other."""
    if isinstance(value, str):
        number = int(value) if _WHOLE.fullmatch(value.strip(" ")) else None
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    else:
        number = int(value) if isinstance(value, int) else None
    return number if number is not None and number in _INT64 else None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _mapped(data: Dataset, column: str, numbers: dict[Any, int]) -> Dataset:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values = data.data.column(column).combine_chunks()
    keys = list(numbers)
    positions = pc.index_in(values, value_set=pa.array(keys, type=values.type))
    table = np.array([numbers[key] for key in keys], dtype=np.int64)
    labels = table[positions.to_numpy(zero_copy_only=False)]
    return _replaced(data, column, labels)


def _replaced(data: Dataset, column: str, values: Any) -> Dataset:
    """Another column of that name, in memory.

    The library's own casts write cache files beside a saved data set, into the user's folder.
    """
    order = data.column_names
    return data.remove_columns(column).add_column(column, values).select_columns(order)
