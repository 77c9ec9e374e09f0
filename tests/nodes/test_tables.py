"""Tables: against pandas and torch themselves."""

from __future__ import annotations

import json
from ast import literal_eval
from pathlib import Path

import pandas as pd
import pytest
import torch
from graphrun_nodes import literals, tables
from graphrun_nodes.tables import NODES, NumberType
from recording import Recorder

from graphrun.node import InputError, MissingResource

pytestmark = pytest.mark.filterwarnings("error")

IRIS = Path(tables.__file__).parent / "tiny" / "iris.csv"
WORDS = '{"Iris-setosa":0,\n"Iris-versicolor":1,\n"Iris-virginica":2}'
TYPES = NumberType.__args__
LOAD, SPLIT = NODES["PandasLoadCSVWithIndex"], NODES["PandasFeatureSplitToPt"]
CONCAT, RENAME = NODES["PandasHorizontalConcat"], NODES["PandasRenameAdvanced"]
REPLACE, CREATE = NODES["PandasReplaceAdvanced"], NODES["PandasCreateFromTensor"]


def split(frame, at=-1, feature="float32", label="int64", flat=True):
    return SPLIT(frame, at, flat, feature_data_type=feature, label_data_type=label)


def refused(code, input, function, *args, **more):
    with pytest.raises(InputError) as caught:
        function(*args, **more)
    assert (caught.value.code, caught.value.input) == (code, input)
    return f"{caught.value} {caught.value.hint}"


def written(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


# CSV files


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_csv_is_read_as_pandas_reads_it(call: Recorder, tmp_path, index):
    path = written(tmp_path, 'a,b,"c d"\nx,1,2.5\ny,2,\nz,-3,"1e3"\n')
    pd.testing.assert_frame_equal(LOAD(path, index), pd.read_csv(path, index_col=index))
    assert call.notices == []


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_are_named(tmp_path, mark):
    path = written(tmp_path, f"a{mark}b\n1{mark}2\n")
    said = refused("unreadable_data", "file_path", LOAD, path, 0)
    assert {";": "semicolons", "\t": "tabs", "|": "bars"}[mark] in said
    assert repr(f"a{mark}b") in said
    path = written(tmp_path, f"a{mark}b\n1,5{mark}2,5\n")
    assert "points in numbers" in refused("unreadable_data", "file_path", LOAD, path, 0)
    LOAD(written(tmp_path, "a;b,c\n1,2\n", "some.csv"), 0)


def test_a_file_is_found_through_the_alias_of_a_leading_folder(call: Recorder, tmp_path):
    (tmp_path / "examples").mkdir()
    written(tmp_path / "examples", "a,b\n1,2\n")
    name = "custom_nodes/pt-wrapper/examples/data.csv"
    with pytest.raises(MissingResource, match="--alias custom_nodes/pt-wrapper/examples=PATH"):
        LOAD(name, 0)
    call.alias("custom_nodes/pt-wrapper", tmp_path)
    assert LOAD(name, 0).shape == (1, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "data.csv:1: not CSV: No columns to parse"),
        ("a,b\n1,2\n3,4,5\n", "data.csv:3: not CSV: Expected 2 fields in line 3, saw 3"),
        ('a,b\n1,2\n3,"4\n5,6\n', "data.csv:3: not CSV: EOF inside string"),
        (b"a,b\n1,\xe4\n", ""),
    ],
)
def test_what_is_no_csv_is_shown_with_its_line(call: Recorder, tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        LOAD(path, 0)
    expected = ("unreadable_data", "file_path") if says else ("not_utf8", None)
    assert (caught.value.code, caught.value.input) == expected
    assert says in str(caught.value).replace("Error tokenizing data. C error: ", "")
    assert path in str(caught.value)


def test_an_index_column_that_is_not_there(call: Recorder, tmp_path):
    path = written(tmp_path, "a,b\n1,2\n")
    said = refused("index_out_of_range", "index_col", LOAD, path, 2)
    assert f"{path} has no column 2" in said


@pytest.mark.parametrize("text", ["a,b\n1,2,3\n", "\n\n1,2\n4,5,6\n"])
def test_an_index_column_beyond_rows_that_are_longer_than_the_header(
    call: Recorder, tmp_path, text
):
    said = refused("index_out_of_range", "index_col", LOAD, written(tmp_path, text), 7)
    assert "has no column 7" in said


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.csv.bz2", "a.xz", "a.tar"])
def test_what_is_not_packed_as_its_name_says(call: Recorder, tmp_path, name):
    path = written(tmp_path, "a,b\n1,2\n", name)
    assert f"{path}:1: not CSV: " in refused("unreadable_data", "file_path", LOAD, path, 0)


def test_files_are_looked_for_before_a_run_and_read_in_each():
    spec = NODES.specs["PandasLoadCSVWithIndex"]
    assert (spec.inputs[0].resource, spec.reads) == ("data_file", True)


# Under --tiny


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("iris/iris_train.csv", 120),
        ("iris/iris_val.csv", 30),
        ("Test-2.csv", 30),
        ("interval.csv", 120),
    ],
)
def test_iris_stands_in_for_an_absent_file(call: Recorder, name, rows):
    call.set(tiny=True)
    frame = LOAD(name, 0)
    assert frame["Species"].value_counts().tolist() == [rows // 3] * 3
    (said,) = call.notices
    assert (said["code"], said["input"]) == ("stand_in", "file_path")
    assert said["message"] == f"{name} → {rows} rows of Fisher's iris (--tiny)"
    whole = pd.read_csv(IRIS, index_col=0)
    pd.testing.assert_frame_equal(frame, whole.loc[frame.index])


def test_the_halves_of_iris_are_the_whole(call: Recorder):
    call.set(tiny=True)
    parts = [LOAD(name, 5) for name in ("train.csv", "test.csv")]
    whole = pd.read_csv(IRIS, index_col=5)
    pd.testing.assert_frame_equal(pd.concat(parts).sort_values("Id"), whole)
    said = refused("index_out_of_range", "index_col", LOAD, "train.csv", 6)
    assert "iris.csv has no column 6" in said


def test_a_real_file_is_used_under_tiny_too(call: Recorder, tmp_path):
    call.set(tiny=True)
    assert LOAD(written(tmp_path, "a,b\n1,2\n"), 0).shape == (1, 1)
    assert call.notices == []


def test_the_figures_of_iris_are_fishers():
    frame = pd.read_csv(IRIS, index_col=0)
    means = frame.groupby("Species").mean()
    expected = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326]]
    assert means.to_numpy()[:2].round(3).tolist() == expected
    assert means.to_numpy()[2].round(3).tolist() == [6.588, 2.974, 5.552, 2.026]


@pytest.mark.parametrize("real", [False, True])
def test_iris_becomes_the_tensors_of_the_example(call: Recorder, tmp_path, real):
    call.set(tiny=not real)
    names = {"iris_train.csv": 120, "iris_val.csv": 30}
    for name, rows in names.items():
        path = f"custom_nodes/pt-wrapper/examples/datasets/iris/{name}"
        if real:
            first, *lines = IRIS.read_text().splitlines()
            lines = [line for at, line in enumerate(lines) if (at % 5 == 0) == (rows == 30)]
            written(tmp_path, "\n".join([first, *lines]), name)
            call.alias("custom_nodes/pt-wrapper/examples/datasets/iris", tmp_path)
        frame = REPLACE(LOAD(path, 0), WORDS)
        features, labels = split(frame)
        assert (features.shape, features.dtype) == ((rows, 4), torch.float32)
        assert (labels.shape, labels.dtype) == ((rows,), torch.int64)
        assert torch.equal(features, torch.tensor(frame.to_numpy()[:, :4].astype("float32")))
        assert labels.unique().tolist() == [0, 1, 2]


# From tensors


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (0,), (2, 0)])
def test_a_table_of_a_tensor(dtype, shape):
    tensor = torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
    frame = CREATE(tensor)
    expected = pd.DataFrame(tensor.numpy())
    pd.testing.assert_frame_equal(frame, expected)
    assert list(frame.columns) == list(range(shape[1] if len(shape) == 2 else 1))


def test_a_table_is_no_view_of_its_tensor():
    tensor = torch.zeros(2)
    frame = CREATE(tensor)
    tensor += 1
    assert frame[0].tolist() == [0, 0]
    assert CREATE(torch.tensor([1.5], dtype=torch.bfloat16)).dtypes[0] == "float32"


def test_tensors_that_learn_are_no_tables():
    said = refused("cannot_compute", "tens", CREATE, torch.zeros(2, requires_grad=True))
    assert "tens float32 (2,): Can't call numpy() on Tensor that requires grad" in said


@pytest.mark.parametrize("shape", [(), (1, 2, 3)])
def test_tensors_of_other_ranks_are_no_tables(shape):
    assert str(list(shape)) in refused("wrong_rank", "tens", CREATE, torch.zeros(shape))


# Side by side


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("rows", [([0, 1], [0, 1]), ([1, 0], [0, 1]), (["x"], ["x"]), ([], [])])
def test_columns_side_by_side(call: Recorder, reset, rows):
    a = pd.DataFrame({"a": range(len(rows[0]))}, index=rows[0])
    b = pd.DataFrame({"b": range(len(rows[1])), "a": 2.5}, index=rows[1])
    both = CONCAT(a, b, reset)
    pd.testing.assert_frame_equal(both, pd.concat([a, b], axis=1, ignore_index=reset))
    assert list(both.columns) == ([0, 1, 2] if reset else ["a", "b", "a"])
    assert call.notices == []


@pytest.mark.parametrize("rows", [([0, 1, 2], [0]), ([0, 1], [1, 2])])
def test_rows_without_a_match_are_nan_and_told_of(call: Recorder, rows):
    a, b = (pd.DataFrame({"a": 1}, index=index) for index in rows)
    both = CONCAT(a, b)
    pd.testing.assert_frame_equal(both, pd.concat([a, b], axis=1))
    assert both.isna().any(axis=None)
    assert call.codes == ["unmatched_rows"]
    assert f"{len(a)} and {len(b)} rows" in call.notices[0]["message"]


def test_rows_that_cannot_be_matched():
    a = pd.DataFrame({"a": [1, 2, 3]}, index=[0, 0, 1])
    twice = pd.DataFrame({"b": [1, 2]}, index=[1, 1])
    for one, other in ((a, twice), (twice, a)):
        refused("duplicate_index", "b_dataframe", CONCAT, one, other)
    assert CONCAT(a, a).shape == (3, 2)


# Other labels, other values


@pytest.mark.parametrize(
    ("axis", "text", "labels"),
    [
        ("columns", '{"a": "x", 0: "y"}', ["x", "y", "b"]),
        ("columns", '{"b": 3, "a": True}', [True, 0, 3]),
        ("columns", "{}", ["a", 0, "b"]),
        ("index", "{1: 'one', 0: 2.5}", [2.5, "one"]),
    ],
)
def test_other_labels(call: Recorder, axis, text, labels):
    frame = pd.DataFrame({"a": [1, 2], 0: [3, 4], "b": [5, 6]})
    assert list(getattr(RENAME(frame, axis, text), axis)) == labels
    assert list(frame.columns) == ["a", 0, "b"]
    assert call.notices == []


def test_labels_that_are_not_there_are_told_of(call: Recorder):
    frame = pd.DataFrame({"length": [1], 0: [2]})
    found = RENAME(frame, "columns", '{"lenght": "x", "0": "y", 0: "z"}')
    assert list(found.columns) == ["length", "z"]
    assert call.codes == ["unknown_label"] * 2
    assert call.notices[0]["message"] == "no 'lenght' to rename in columns"
    assert call.notices[0]["hint"] == "did you mean length? there are length, 0"


BAD_PAIRS = ["", "no", "[1]", "3", '{"a": [1]}', '{"a": (1,)}', '{"a": {}}', '{"a": 1', "{'a'}"]


@pytest.mark.parametrize("text", [*BAD_PAIRS, '{"a": {1}}', "{f(): 1}"])
def test_texts_that_are_no_pairs(text):
    frame = pd.DataFrame({"a": [1]})
    for input, function, args in (
        ("replacement_pairs", RENAME, (frame, "columns", text)),
        ("replacement_dict", REPLACE, (frame, text)),
    ):
        said = refused("invalid_text", input, function, *args)
        assert repr(text) in said
        assert 'write {"old": "new", "other": 1}' in said


@pytest.mark.parametrize("text", ['{"a": None}', '{(1, 2): "a"}', '{"a": b"x"}'])
def test_what_only_labels_can_be(text):
    frame = pd.DataFrame({"a": [1]})
    refused("invalid_text", "replacement_dict", REPLACE, frame, text)
    pairs, odd = literal_eval(text), pd.Index([(1, 2), "b"], tupleize_cols=False)
    for one in (frame, pd.DataFrame([[1, 2]], columns=odd)):
        wanted = [pairs.get(label, label) for label in one.columns]
        assert RENAME(one, "columns", text).columns.tolist() == wanted


@pytest.mark.parametrize(
    "pairs",
    [
        {},
        {"x": 0, "y": 1},
        {"x": 0},
        {"x": 0.5, "y": 2, 1.5: 7},
        {"x": "y", "y": "x"},
        {1: 2, 2: 1},
        {1: "one"},
        {"": 1, " x": 2},
    ],
)
def test_other_values(pairs):
    frame = pd.DataFrame({"a": ["x", "y", "x"], "b": [1.5, 1, 2], "c": [1, 2, 3]})
    found = REPLACE(frame, repr(pairs))
    for name, column in found.items():
        expected = [pairs.get(value, value) for value in frame[name]]
        assert column.tolist() == expected
        kinds = {type(value) is str for value in expected}
        assert (column.dtype == object) == (len(kinds) == 2)
    assert frame["a"].tolist() == ["x", "y", "x"]


def test_words_that_became_numbers_are_whole_numbers():
    """Pandas 3 itself leaves them as objects."""
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    assert REPLACE(frame, '{"x": 0, "y": 1}').dtypes.tolist() == ["int64", "int64"]


def test_values_that_a_column_cannot_hold():
    whole = pd.DataFrame({"a": [1]})
    kinds = whole.astype("category")
    for frame, text in ((whole, f"{{1: {10**20}}}"), (kinds, "{1: 2}")):
        assert "cannot replace: " in refused(
            "cannot_compute", "replacement_dict", REPLACE, frame, text
        )


# Into tensors


def torch_type(name):
    return torch.bfloat16 if name == "bloat16" else getattr(torch, name)


@pytest.mark.parametrize("at", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("kind", TYPES)
def test_features_and_labels(call: Recorder, kind, at):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "a2": [True, False]}, index=["p", "q"])
    feature, label = split(frame, at, feature=kind, label=kind)
    name = frame.columns[at]
    others = frame.drop(columns=name).astype("float64").to_numpy()
    assert torch.equal(feature, torch.tensor(others).to(torch_type(kind)))
    assert torch.equal(label, torch.tensor(frame[name].to_numpy()).to(torch_type(kind)))
    assert call.notices == []


@pytest.mark.parametrize("flat", [True, False])
def test_labels_are_of_rank_1_either_way(flat):
    feature, label = split(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), flat=flat)
    assert (feature.shape, label.shape) == ((2, 1), (2,))


def test_texts_that_are_numbers_are_numbers():
    frame = pd.DataFrame({"a": ["1.5", "-2"], "b": pd.Series([1, "2"], dtype=object)})
    frame["c"] = pd.Categorical(["7", "8"])
    feature, label = split(frame)
    assert feature.tolist() == [[1.5, 1], [-2, 2]]
    assert label.tolist() == [7, 8]


def test_large_whole_numbers_keep_every_digit():
    frame = pd.DataFrame({"a": [2**62 + 1, -(2**63)], "b": [0.5, 1.5], "c": [2**63 - 1, 5]})
    feature, label = split(frame[["a", "c"]], feature="int64")
    assert feature.flatten().tolist() == [2**62 + 1, -(2**63)]
    assert label.tolist() == [2**63 - 1, 5]


def test_holes_are_nan_where_there_is_nan():
    frame = pd.DataFrame({"a": [1, None], "b": ["2", None], "c": [float("inf"), 1]})
    frame["d"] = pd.array([1, None], dtype="Int64")
    frame["e"] = pd.array([1, 2], dtype="Int64")
    feature, label = split(frame)
    assert torch.isnan(feature).tolist() == [[False] * 4, [True, True, False, True]]
    assert feature[0].tolist() == [1, 2, float("inf"), 1]
    assert label.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        (["1", "x"], "float32", "row q: x is no float32"),
        (["1", ""], "float32", "row q:  is no float32"),
        ([1, "x"], "int64", "row q: x is no int64"),
        ([1, None], "int64", "row q: nan is no int64"),
        ([1, float("inf")], "int32", "row q: inf is no int32"),
        ([1, 300], "uint8", "row q: 300 is no uint8"),
        ([1, -1], "uint8", "row q: -1 is no uint8"),
        ([1, 1e30], "float16", "row q: 1e+30 is no float16"),
        ([1, 1e39], "bloat16", "row q: 1e+39 is no bloat16"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "int64", "row p: 2020-01-01 00:00:00"),
        ([1j, 2j], "float32", "row p: 1j is no float32"),
    ],
)
def test_cells_that_are_no_such_number(values, kind, shown):
    frame = pd.DataFrame({"a": [1, 2], "b": values}, index=["p", "q"])
    for at, input in ((-1, "label_data_type"), (0, "feature_data_type")):
        types = {"label": kind} if at else {"feature": kind}
        said = refused("not_a_number", input, split, frame, at, **types)
        assert f"column b, {shown}" in said
        assert "PandasReplaceAdvanced" in said


def test_fractions_are_cut_off_with_a_notice(call: Recorder):
    frame = pd.DataFrame({"a": [1.7, -1.7], "b": [0.5, 1.5], "c": [1, 2]})
    assert split(frame, feature="int8")[0].tolist() == [[1, 0], [-1, 1]]
    assert call.codes == ["cut_off"]
    assert call.notices[0]["input"] == "feature_data_type"


@pytest.mark.parametrize("at", [2, 1024, -3, -10])
def test_a_label_column_that_is_not_there(at):
    frame = pd.DataFrame({"a": [1], "b": [1]})
    said = refused("index_out_of_range", "label_integer_position", split, frame, at)
    assert said.startswith(f"there is no column {at}: the table has 2")


def test_empty_tables():
    feature, label = split(pd.DataFrame({"a": [], "b": []}))
    assert (feature.shape, label.shape) == ((0, 1), (0,))
    assert (feature.dtype, label.dtype) == (torch.float32, torch.int64)
    feature, label = split(pd.DataFrame({"a": [1, 2]}), feature="float16")
    assert (feature.shape, feature.dtype) == ((2, 0), torch.float16)
    refused("index_out_of_range", "label_integer_position", split, pd.DataFrame())


# Dicts from texts


@pytest.mark.parametrize(
    "value", [{0: "cat", 1: "dog"}, {"a": [1, {"b": (2,)}], 2.5: None}, {}, [1], "a", 3, {1, 2}]
)
def test_a_dict_from_its_text(value):
    assert literals.NODES["PyStringToDict"](f" {value!r}\n") == value


def test_a_dict_from_json():
    value = {"a": [True, None, 1.5], "b": {"c": "d"}}
    assert literals.NODES["PyStringToDict"](json.dumps(value, indent=1)) == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "blank"),
        ("{0: 'cat'", "line 1, column 1"),
        ("{0: cat}", "line 1, column 5"),
        ("{\n1: __import__('os')}", "line 2, column 4"),
        ("{[]: 1}", "not a dict"),
    ],
)
def test_a_text_that_is_no_dict(text, place):
    said = refused("invalid_text", "data", literals.NODES["PyStringToDict"], text)
    assert place in said
    assert 'write {0: "cat", 1: "dog"}' in said
