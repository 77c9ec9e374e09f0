"""From a data set with any columns to one of texts and whole-numbered labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphrun.catalog.running import notice
from graphrun.errors import InputError
from graphrun.sources.names import Found

if TYPE_CHECKING:
    from datasets import Dataset

TEXT, LABEL = "text", "label"
"""The columns of what `texts_and_labels` returns, and the options of an alias that name them."""

_INPUTS = {TEXT: "sample_field_name", LABEL: "label_field_name"}
_SHOWN = 5
_WHOLE = re.compile(r" *([+-]?[0-9]{1,19})(\.0*)? *")
_PLAIN = re.compile(r"[\w.-]+")
_INT64 = range(-(2**63), 2**63)


def texts_and_labels(data: Dataset, found: Found, *, text: str, label: str) -> Dataset:
    """The two columns of interest, named `text` (strings) and `label` (int64).

    `text` and `label` are the names asked for; those of the alias that led to the data win.

    Raises:
        InputError: a column is missing, a text or label is null, or a label is no number.
    """
    columns = {TEXT: found.text or text, LABEL: found.label or label}
    _check_present(data, found, columns)
    if columns[TEXT] == columns[LABEL]:
        message = f"text and label are both read from the column {columns[TEXT]}"
        raise InputError(message, input=_INPUTS[LABEL], code="missing_column")
    data = data.select_columns(list(columns.values()))
    for kind, column in columns.items():
        _check_nulls(data, column, found.name, kind)
    data = _Labels(columns[LABEL], found).as_numbers(_as_text(data, columns[TEXT]))
    return data.rename_columns({column: kind for kind, column in columns.items()})


def _check_present(data: Dataset, found: Found, columns: dict[str, str]) -> None:
    absent = {kind: column for kind, column in columns.items() if column not in data.column_names}
    if not absent:
        return
    left = [column for column in data.column_names if column not in columns.values()]
    one = len(absent) == 1
    only = left[0] if one and len(left) == 1 and _PLAIN.fullmatch(left[0]) else "COLUMN"
    options = dict.fromkeys(absent, only)
    keys = " and ".join(_INPUTS[kind] for kind in absent)
    hint = f"the input {keys} names the column" if one else f"the inputs {keys} name the columns"
    written = " and ".join(
        f"{column} (the alias's {kind}=)" if getattr(found, kind) else column
        for kind, column in absent.items()
    )
    raise InputError(
        f"{found.name} has no column {written}; its columns: {', '.join(data.column_names)}",
        input=_INPUTS[next(iter(absent))],
        code="missing_column",
        hint=f"{hint}, and so does {found.alias(**options)}" if found.place else hint,
    )


def _check_nulls(data: Dataset, column: str, name: str, kind: str) -> None:
    import pyarrow.compute as pc

    values = data.data.column(column)
    if count := values.null_count:
        row = pc.index(pc.is_null(values), True).as_py()
        message = f"{name}: {count} of {len(data)} rows have no {column}; the first is row {row}"
        raise InputError(message, input=_INPUTS[kind], code="null_value")


def _as_text(data: Dataset, column: str) -> Dataset:
    dtype = getattr(data.features[column], "dtype", "a list")
    if dtype in ("string", "large_string"):
        return data
    if dtype == "bool" or dtype.startswith(("int", "uint", "float")):
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.cast(data.data.column(column), pa.string()).to_pylist()
        return _replaced(data, column, texts)
    message = f"the column {column} holds {dtype}, not texts"
    raise InputError(message, input=_INPUTS[TEXT], code="not_a_text")


@dataclass(frozen=True, slots=True)
class _Labels:
    """How the column of labels of a data set becomes numbers."""

    column: str
    found: Found

    @property
    def where(self) -> str:
        return f"column {self.column} of {self.found.name}"

    def as_numbers(self, data: Dataset) -> Dataset:
        """ClassLabel, whole numbers and booleans as they are; words by the alias's labels.

        A list of one label is that label.
        """
        import pyarrow.compute as pc
        from datasets import ClassLabel, List

        if isinstance(data.features[self.column], List):
            lists = data.data.column(self.column)
            if pc.unique(pc.list_value_length(lists)).to_pylist() == [1]:
                data = _replaced(data, self.column, pc.list_flatten(lists).to_pylist())
        feature = data.features[self.column]
        dtype = str(getattr(feature, "dtype", "a list"))
        if dtype == "a list":
            message = f"the {self.where} holds {feature}, not one label a row"
            raise InputError(message, input=_INPUTS[LABEL], code="label_not_a_number")
        values = data.unique(self.column)
        named = "string" in dtype and not self._unused(values)
        if self.found.labels and not named:
            self._say_unused(f"ClassLabel of {dtype}" if isinstance(feature, ClassLabel) else dtype)
        if named and self.found.labels:
            numbers = {word: number for number, word in enumerate(self.found.labels)}
        else:
            numbers = {value: n for value in values if (n := _whole(value)) is not None}
        if bad := [value for value in values if value not in numbers]:
            row = next(i for i, value in enumerate(data[self.column][:]) if value not in numbers)
            raise self._not_numbers(values, bad, row)
        return data if dtype == "int64" else _mapped(data, self.column, numbers)

    def _unused(self, values: list[Any]) -> bool:
        """Whether texts are numbers already, none of them a class: what CSV makes of numbers."""
        known = set(self.found.labels)
        return all(value not in known and _whole(value) is not None for value in values)

    def _say_unused(self, what: str) -> None:
        notice(
            f"the labels in the {self.where} are numbers already "
            f"({'written as text' if 'string' in what else what}); the alias's labels "
            f"({', '.join(self.found.labels)}) are not used",
            code="labels_unused",
            input=_INPUTS[LABEL],
            hint="labels= numbers words; without it this notice goes away",
        )

    def _not_numbers(self, values: list[Any], bad: list[Any], row: int) -> InputError:
        shown = ", ".join(map(_shown, bad[:_SHOWN]))
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        classes = ", ".join(self.found.labels)
        among = f"none of the alias's labels ({classes})" if classes else "not whole numbers"
        return InputError(
            f"labels in the {self.where} are {among}: {shown}{more}; the first is in row {row}",
            input=_INPUTS[LABEL],
            code="label_not_a_number",
            hint=self._way_out(values, bad),
        )

    def _way_out(self, values: list[Any], bad: list[Any]) -> str:
        classes, place = self.found.labels, self.found.place
        words = [*classes, *(bad if classes else sorted(map(str, values)))]
        texts = all(isinstance(value, str) and value for value in bad)
        respelled = {str(value).strip().casefold(): str(value) for value in bad}
        if {*respelled} == {name.casefold() for name in classes}:
            words = [respelled[name.casefold()] for name in classes]
        if not texts or (not classes and len(bad) < len(values)):
            return "labels are whole numbers; correct the rows that have none"
        plain = len(words) <= _SHOWN and not any(set(word) & set(",&;+%#'") for word in words)
        labels = ",".join(words) if plain else "A,B"
        if place:
            return f"{self.found.alias(labels=labels)} numbers them 0, 1, ... in that order"
        reader = "PtvHfDatasetWithTokenEncode"
        return (
            f"write numbers into the file, or read it by {reader} "
            f"and --alias 'NAME=FILE?labels={labels}'"
        )


def _whole(value: Any) -> int | None:
    """The number that a label is or spells in plain digits, as 3 or 3.0; None for any other."""
    if isinstance(value, str):
        spelled = _WHOLE.fullmatch(value)
        value = int(spelled[1]) if spelled else None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole and int(value) in _INT64 else None


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
