"""Tables of pandas: from files and tensors, changed, and into tensors."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pandas as pd
import torch

from graphrun.node import InputError, Nodes, Range, Resource, Text, notice
from graphrun.sources.delimited import check_commas
from graphrun.sources.paths import find_data_file
from graphrun.sources.tables import check_utf8
from graphrun.sources.texts import instead_of, literal, unreadable

from ._tiny import FOLDER, HELD_OUT
from ._torch import refusals
from ._types import Frame, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

_PLAIN = str | int | float
Pairs = Annotated[str, Text(multiline=True)]
NumberType = Literal[
    "float32", "float16", "bloat16", "float64", "int8", "uint8", "int16", "int32", "int64"
]

_TYPES = {kind: getattr(torch, kind.replace("bloat", "bfloat")) for kind in get_args(NumberType)}


@NODES.node("PandasLoadCSVWithIndex", reads=True)
def load_csv(
    file_path: Annotated[str, Resource("data_file")],
    index_col: Annotated[int, Range(0, 10_000)] = 0,
) -> Frame:
    """A table from a CSV file with a header line; `index_col` counts from 0.

    `--alias FOLDER=PATH` says where a folder is that a path begins with. Under `--tiny` Fisher's
    iris stands in for an absent file: 120 rows, or the other 30 for names like iris_val.csv.

    Raises:
        MissingResource: there is no such file.
        InputError: it is no CSV file in UTF-8, or has no column of that number.
    """
    path = find_data_file(file_path)
    if path is not None:
        return _read_csv(path, index_col)
    iris = _read_csv(FOLDER / "iris.csv", index_col)
    held_out = bool(HELD_OUT & {*re.split(r"[\W\d_]+", Path(file_path).stem.lower())})
    iris = iris[[(row % 5 == 4) == held_out for row in range(len(iris))]]
    said = f"{file_path} → {len(iris)} rows of Fisher's iris (--tiny)"
    notice(said, code="stand_in", input="file_path", severity="info")
    return iris


@NODES.node("PandasCreateFromTensor")
def from_tensor(tens: Tensor) -> Frame:
    """A table from a tensor of rank 1 or 2, numbered from 0; bfloat16 becomes float32.

    Raises:
        InputError: the tensor is of another rank, on a GPU, or needs gradients.
    """
    if tens.ndim not in (1, 2):
        message = f"a table is made of a tensor of rank 1 or 2; this one is {[*tens.shape]}"
        raise InputError(message, input="tens", code="wrong_rank", hint="reshape it before")
    tens = tens.float() if tens.dtype is torch.bfloat16 else tens
    return pd.DataFrame(refusals("no table", "tens", tens.numpy, tens=tens), copy=True)


@NODES.node("PandasHorizontalConcat")
def concat(a_dataframe: Frame, b_dataframe: Frame, reset_labels: bool = False) -> Frame:
    """The columns of both tables, rows matched by index; `reset_labels` numbers the columns.

    Raises:
        InputError: the indexes differ, and one has a value twice.
    """
    a, b = a_dataframe, b_dataframe
    try:
        both = pd.concat([a, b], axis=1, ignore_index=reset_labels)
    except (pd.errors.InvalidIndexError, ValueError) as error:
        message = f"rows cannot be matched by the index: {error}"
        raise InputError(message, input="b_dataframe", code="duplicate_index") from None
    if not len(a) == len(b) == len(both):
        message = f"not all of {len(a)} and {len(b)} rows match; the absent cells are NaN"
        notice(message, code="unmatched_rows")
    return both


@NODES.node("PandasRenameAdvanced")
def rename(
    dataframe: Frame, axis: Literal["columns", "index"], replacement_pairs: Pairs = "{}"
) -> Frame:
    """Other labels for columns or rows: `{"old": "new", 0: "x"}`. Unknown ones are left out.

    Raises:
        InputError: the text is no dict, or a new label is a list, tuple, set or dict.
    """
    pairs = _pairs(replacement_pairs, "replacement_pairs", object, _PLAIN | complex | bytes | None)
    labels = {*getattr(dataframe, axis)}
    for one in [one for one in pairs if one not in labels]:
        message, hint = f"no {one!r} to rename in {axis}", instead_of(one, getattr(dataframe, axis))
        notice(message, code="unknown_label", input="replacement_pairs", hint=hint)
    return dataframe.rename(**{axis: {one: new for one, new in pairs.items() if one in labels}})


@NODES.node("PandasReplaceAdvanced")
def replace(dataframe: Frame, replacement_dict: Pairs = "{}") -> Frame:
    """Other values for cells that are exactly the keys: `{"no": 0, "yes": 1}`.

    Columns that hold nothing but numbers afterwards are columns of numbers.

    Raises:
        InputError: the text is no dict of texts and numbers, or pandas cannot hold a new value.
    """
    pairs = _pairs(replacement_dict, "replacement_dict")
    replaced = refusals("cannot replace", "replacement_dict", lambda: dataframe.replace(pairs))
    return replaced.infer_objects()


@NODES.node("PandasFeatureSplitToPt", outputs=("feature", "label"))
def split_features(
    dataframe: Frame, label_integer_position: Annotated[int, Range(-10, 1024)] = -1,
    output_1d_label: bool = True, *, feature_data_type: NumberType, label_data_type: NumberType,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """One column as labels (rows), all others as features (rows, columns - 1).

    Negative positions count from the end. Labels have rank 1, whatever `output_1d_label` says;
    bloat16 is bfloat16. Texts may be numbers. Whole numbers lose fractions, with a notice.

    Raises:
        InputError: there is no column at the position, or a cell is no number of the type.
    """
    count, at = dataframe.shape[1], label_integer_position
    if not -count <= at < count:
        message = f"there is no column {at}: the table has {count}, the first is 0, the last -1"
        raise InputError(message, input="label_integer_position", code="index_out_of_range")
    columns = [dataframe.iloc[:, i] for i in range(count)]
    label = _column(columns.pop(at), label_data_type, "label_data_type")
    features = [_column(one, feature_data_type, "feature_data_type") for one in columns]
    none = torch.empty(len(label), 0, dtype=_TYPES[feature_data_type])
    return torch.stack(features, dim=1) if features else none, label


def _read_csv(path: Path, index_col: int) -> pd.DataFrame:
    check_commas(path)
    try:
        return pd.read_csv(path, index_col=index_col, low_memory=False)
    except LookupError:
        message = f"{path} has no column {index_col} for the index; the first is 0"
        raise InputError(message, input="index_col", code="index_out_of_range") from None
    except Exception as error:  # packed files fail in ways of their own
        if isinstance(error, UnicodeDecodeError):
            check_utf8(path)
        found = re.search(r"(line|row) (\d+)", str(error))
        line = int(found[2]) + (found[1] == "row") if found else 1  # rows count from 0
        message = f"{path}:{line}: not CSV: {str(error).strip()}"
        raise InputError(message, input="file_path", code="unreadable_data") from None


def _pairs(text: str, input: str, keys: Any = _PLAIN, values: Any = _PLAIN) -> dict[Any, Any]:
    what, example = "a dict of texts and numbers", '{"old": "new", "other": 1}'
    pairs = literal(text, input, what, example)
    if isinstance(pairs, dict) and all(
        isinstance(key, keys) and isinstance(value, values) for key, value in pairs.items()
    ):
        return pairs
    raise unreadable(text, input, what, example)


def _column(column: pd.Series, kind: str, input: str) -> torch.Tensor:
    """The column as numbers of a type."""
    dtype = _TYPES[kind]
    limits = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    # Dates would count as nanoseconds.
    plain = column if column.dtype.kind in "biufO" else column.astype(str)
    numbers = pd.to_numeric(plain, errors="coerce")
    numbers = numbers.astype("float64") if numbers.hasnans else numbers
    fits = numbers.between(limits.min, limits.max)
    if dtype.is_floating_point:
        fits |= column.isna() | numbers.isin([math.inf, -math.inf])
    elif numbers.dtype.kind == "f" and (numbers % 1).any():
        notice(f"fractions are cut off: {kind} has none", code="cut_off", input=input, once=True)
    if not fits.all():
        row = int(fits.to_numpy().argmin())
        message = f"column {column.name}, row {column.index[row]}: {column.iloc[row]} is no {kind}"
        hint = "PandasReplaceAdvanced puts numbers in the place of words"
        raise InputError(message, input=input, code="not_a_number", hint=hint)
    return torch.tensor(numbers.to_numpy()).to(dtype)
