"""Tables of pandas: from files and tensors, changed, and into tensors."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import torch

from graphrun.node import InputError, Nodes, Range, Resource, Socket, Text, notice

from ._data import check_utf8
from ._parse import literal
from ._paths import find_data_file
from ._types import Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

Frame = Annotated[pd.DataFrame, Socket("DATAFRAME")]
Pairs = Annotated[str, Text(multiline=True)]
# "bloat16" is how files that are around spell bfloat16.
NumberType = Literal[
    "float32", "float16", "bloat16", "float64", "int8", "uint8", "int16", "int32", "int64"
]

_IRIS = Path(__file__).resolve().parent / "tiny" / "iris.csv"
_HELD_OUT = frozenset({"val", "valid", "validation", "test", "dev", "eval"})
_EVERY = 5  # fifth row of iris is held out, ten of each species
_CSV_PROBLEM = re.compile(r"(?:.*C error: )?(.*?) (?:in line|starting at row) (\d+)(.*)", re.DOTALL)


@NODES.node("PandasLoadCSVWithIndex", volatile=True)
def load_csv(
    file_path: Annotated[str, Resource("data_file")],
    index_col: Annotated[int, Range(0, 10_000)] = 0,
) -> Frame:
    """A table from a CSV file with a header line; `index_col` counts from 0.

    Relative paths start at the working folder, then at the input folder. `--alias FOLDER=PATH`
    says where a folder is that the path begins with, `--alias FILE=PATH` where the file is. Under
    `--tiny` Fisher's iris stands in for a file that is not there: 120 rows, or the other 30 for
    names with val or test in them.

    Raises:
        MissingResource: there is no such file.
        InputError: it is no CSV file in UTF-8, or has no column of that number.
    """
    path = find_data_file(file_path)
    if path is None:
        return _stand_in(file_path, index_col)
    return _read_csv(path, index_col)


@NODES.node("PandasCreateFromTensor")
def from_tensor(tens: Tensor) -> Frame:
    """A table from a tensor: one column for rank 1, as many as it has for rank 2.

    Columns and rows are numbered from 0. Pandas has no bfloat16, which becomes float32.

    Raises:
        InputError: the tensor is of another rank.
    """
    if tens.ndim not in (1, 2):
        message = f"a table is made of a tensor of rank 1 or 2, and the shape is {[*tens.shape]}"
        hint = "flatten or select before"
        raise InputError(message, input="tens", code="wrong_rank", hint=hint)
    tens = tens.float() if tens.dtype is torch.bfloat16 else tens
    return pd.DataFrame(tens.numpy(force=True), copy=True)


@NODES.node("PandasHorizontalConcat")
def concat(a_dataframe: Frame, b_dataframe: Frame, reset_labels: bool = False) -> Frame:
    """The columns of both tables side by side, rows matched by their index.

    Where one table lacks a row its cells are NaN, of which a notice tells. With `reset_labels`
    the columns are numbered from 0.

    Raises:
        InputError: rows cannot be matched, because an index has a value twice.
    """
    try:
        both = pd.concat([a_dataframe, b_dataframe], axis=1, ignore_index=reset_labels)
    except (pd.errors.InvalidIndexError, ValueError) as error:
        message = f"the rows of the tables cannot be matched by their index: {error}"
        raise InputError(message, input="b_dataframe", code="duplicate_index") from None
    alone = len(a_dataframe.index.symmetric_difference(b_dataframe.index))
    if alone:
        notice(
            f"{alone} rows are in one table only (they have {len(a_dataframe)} and "
            f"{len(b_dataframe)}); the other's cells are NaN",
            code="unmatched_rows",
        )
    return both


@NODES.node("PandasRenameAdvanced")
def rename(
    dataframe: Frame, axis: Literal["columns", "index"], replacement_pairs: Pairs = "{}"
) -> Frame:
    """Other labels for columns or rows: `{"old": "new", 0: "x"}`. Numbers stand for numbers.

    Labels that the table does not have are left out, with a notice.

    Raises:
        InputError: the text is no dict, or a new label is a list, tuple, dict or set.
    """
    pairs = _pairs(replacement_pairs, "replacement_pairs", (str, int, float, type(None)))
    labels = getattr(dataframe, axis)
    unknown = [label for label in pairs if label not in labels]
    if unknown:
        notice(
            f"no {axis} called {', '.join(map(repr, unknown))}; not renamed",
            code="unknown_label",
            input="replacement_pairs",
            hint=known_labels(unknown[0], labels),
        )
    return dataframe.rename(**{axis: pairs})


@NODES.node("PandasReplaceAdvanced")
def replace(dataframe: Frame, replacement_dict: Pairs = "{}") -> Frame:
    """Other values for cells that are exactly the keys: `{"no": 0, "yes": 1}`.

    Columns that hold nothing but numbers afterwards are columns of numbers.

    Raises:
        InputError: the text is no dict of texts and numbers.
    """
    pairs = _pairs(replacement_dict, "replacement_dict", (str, int, float))
    return dataframe.replace(to_replace=pairs).infer_objects()


@NODES.node("PandasFeatureSplitToPt", outputs=("feature", "label"))
def split_features(
    dataframe: Frame,
    label_integer_position: Annotated[int, Range(-10, 1024)] = -1,
    output_1d_label: bool = True,
    *,
    feature_data_type: NumberType,
    label_data_type: NumberType,
) -> tuple[Tensor, Tensor]:
    """One column as labels (rows), all others as features (rows, columns - 1).

    The position counts from 0, or from the end if it is negative. Labels are of rank 1, whatever
    `output_1d_label` says. Texts that are numbers count as numbers; fractions are cut off by
    types of whole numbers, with a notice.

    Raises:
        InputError: there is no column at the position, or a cell is no number of the type.
    """
    count, at = dataframe.shape[1], label_integer_position
    if not -count <= at < count:
        message = f"there is no column {at}: the table has {count}"
        raise InputError(message, input="label_integer_position", code="index_out_of_range")
    if not output_1d_label:
        message = "output_1d_label has no effect: labels are of rank 1"
        notice(message, code="no_effect", input="output_1d_label")
    others = [i for i in range(count) if i != at % count]
    features = [_column(dataframe, i, feature_data_type, "feature_data_type") for i in others]
    label = _column(dataframe, at % count, label_data_type, "label_data_type")
    if not features:
        return label.new_empty((len(dataframe), 0), dtype=_dtype(feature_data_type)), label
    return torch.stack(features, dim=1), label


def known_labels(wanted: Hashable, labels: pd.Index) -> str:
    """What a table has instead of a label, near ones first."""
    texts = [str(label) for label in labels[:30]]
    near = get_close_matches(str(wanted), texts, n=3)
    more = ", ..." if len(labels) > len(texts) else ""
    there = f"there are {', '.join(texts) or 'none'}{more}"
    return f"did you mean {' or '.join(near)}? {there}" if near else there


def _read_csv(path: Path, index_col: int) -> pd.DataFrame:
    try:
        return pd.read_csv(path, index_col=index_col, low_memory=False)
    except IndexError:
        message = f"{path} has no column {index_col} for the index; the first one is 0"
        raise InputError(message, input="index_col", code="index_out_of_range") from None
    except (ValueError, OSError) as error:
        if isinstance(error, UnicodeDecodeError):
            check_utf8(path)
        found = _CSV_PROBLEM.fullmatch(str(error).strip())
        line = int(found[2]) + ("at row" in str(error)) if found else 1
        what = f"{found[1]}{found[3]}".lower() if found else str(error)
        message = f"{path}:{line}: not CSV: {what}"
        raise InputError(message, input="file_path", code="unreadable_data") from None


def _stand_in(name: str, index_col: int) -> pd.DataFrame:
    iris = _read_csv(_IRIS, index_col)
    held_out = not _HELD_OUT.isdisjoint(re.split(r"[\W\d_]+", Path(name).stem.lower()))
    keep = [(row % _EVERY == _EVERY - 1) == held_out for row in range(len(iris))]
    rows = f"{sum(keep)} rows of Fisher's iris (--tiny)"
    notice(f"{name} → {rows}", code="stand_in", input="file_path", severity="info")
    return iris[keep]


def _pairs(text: str, input: str, kinds: tuple[type, ...]) -> dict[Hashable, Any]:
    """A dict whose keys and values are texts and numbers."""
    pairs = literal(text, input, "a dict", '{"old": "new"}')
    if not isinstance(pairs, dict):
        message, odd = f"{text!r} is not a dict", [None]
    else:
        odd = [one for pair in pairs.items() for one in pair if not isinstance(one, kinds)]
        message = f"{odd[:1]} in {text!r} is neither text nor number"
    if odd:
        hint = 'write {"old": "new", "other": 1}'
        raise InputError(message, input=input, code="invalid_text", hint=hint)
    return pairs


def _dtype(name: str) -> torch.dtype:
    return getattr(torch, "bfloat16" if name == "bloat16" else name)


def _column(frame: pd.DataFrame, at: int, kind: str, input: str) -> torch.Tensor:
    """One column as numbers of a type that has all of them, fractions apart."""
    column, dtype = frame.iloc[:, at], _dtype(kind)
    numbers = pd.to_numeric(column, errors="coerce")
    empty = numbers.isna().to_numpy(bool)
    # Dates would count as nanoseconds.
    dated = column.dtype.kind not in "biufO"
    _refuse(column, empty & column.notna().to_numpy(bool) | dated, "is no number", "dataframe")
    if not dtype.is_floating_point:
        _refuse(column, empty, f"is nothing that {kind} has", input)
    values = numbers.to_numpy("float64", na_value=math.nan) if empty.any() else numbers.to_numpy()
    limits = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    outside = (values < limits.min) | (values > limits.max)
    if dtype.is_floating_point:
        outside &= abs(values) < math.inf
    elif values.dtype.kind == "f" and (values % 1).any():
        message = f"fractions in column {column.name!r} are cut off: {kind} has none"
        notice(message, code="cut_off", input=input)
    _refuse(column, outside, f"is too large or small for {kind}", input)
    return torch.tensor(values).to(dtype)


def _refuse(column: pd.Series, bad: Any, why: str, input: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        place = f"column {column.name!r}, row {column.index[row]!r}"
        message = f"{place}: {column.iloc[row]!r} {why}"
        hint = "PandasReplaceAdvanced puts numbers in the place of other cells"
        raise InputError(message, input=input, code="not_a_number", hint=hint)
