"""What display nodes show and hand on."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from graphrun_nodes.display import NODES
from recording import Recorder

import graphrun
from graphrun.report import check_report, summary


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("CDAShowFloat", [0.9434, 1.0], "0.9434"),
        ("CDAShowFloat", [0.1 + 0.2], "0.30000000000000004"),
        ("CDAShowFloat", [-1e-320], "-1e-320"),
        ("CDAShowFloat", [float("nan")], "nan"),
        ("CDAShowFloat", [0.0], "0.0"),
        ("CDAShowInt", [3, 4], "3"),
        ("CDAShowInt", [-(2**70)], str(-(2**70))),
    ],
)
def test_the_first_number_is_shown(call: Recorder, kind, values, text):
    assert NODES[kind](values) == [text]
    assert call.ui == {"text": [text]}


@pytest.mark.parametrize("rows", [0, 3, 200])
def test_a_table_is_shown_as_pandas_prints_it(call: Recorder, rows):
    frame = pd.DataFrame({"a": range(rows), "b": "x"}, index=range(5, rows + 5))
    assert NODES["PandasShowDataFrame"]([frame, frame[:1]]) == [str(frame)]
    assert call.ui == {"text": [str(frame)]}
    assert ("..." in str(frame)) == (rows == 200)


TABLE = {
    "1": {
        "class_type": "PandasLoadCSVWithIndex",
        "inputs": {"file_path": "data.csv", "index_col": 0},
    },
    "2": {
        "class_type": "SNSLine",
        "inputs": {
            "dataframe": ["1", 0],
            "x_column_name": "x",
            "y_column_name": "y",
            "title": "",
            "x_axis_label": "",
            "y_axis_label": "",
            "legend_label": "",
            "x_tick_as_int": False,
            "style": "",
            "palette": "",
        },
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "plots/a"}},
    "4": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    "5": {"class_type": "PandasShowDataFrame", "inputs": {"dataframe": ["1", 0]}},
}


def test_plots_and_tables_of_a_run_lie_in_its_folder(tmp_path, monkeypatch):
    from PIL import Image

    (tmp_path / "data.csv").write_text("id,x,y\n1,0,3\n2,1,5\n3,2,4\n")
    monkeypatch.chdir(tmp_path)
    report = graphrun.run(TABLE, out=tmp_path / "runs")
    report.raise_for_status()
    assert report.texts == {"5": ["    x  y\nid      \n1   0  3\n2   1  5\n3   2  4"]}
    saved, previewed = report.files
    assert saved == str(report.folder / "outputs/plots/a_00001_.png")
    assert previewed.startswith(str(report.folder / "temp/ComfyUI_temp_"))
    for file in (saved, previewed):
        with Image.open(file) as picture:
            assert picture.size == (640, 480)
            assert len(picture.getcolors(1 << 16)) > 20
    document = json.loads((report.folder / "report.json").read_text("utf-8"))
    assert check_report(document) == []
    assert document["files"] == [saved, previewed]
    told = {node["id"]: node.get("files") for node in document["nodes"]}
    assert told == {"1": None, "2": None, "3": [saved], "4": [previewed], "5": None}
    lines = list(summary(report))
    assert [line for line in lines if line.startswith("  saved")] == [
        f"  saved {saved}",
        f"  saved {previewed}",
    ]


@pytest.mark.parametrize("value", [0, -5])
def test_numbers_over_a_link_may_be_outside_of_the_widgets_range(tmp_path, value):
    prompt = {
        "1": {"class_type": "CDAIntCreate", "inputs": {"data": str(value * 2)}},
        "2": {"class_type": "CDAShowInt", "inputs": {"int_scalar": ["1", 0]}},
    }
    report = graphrun.run(prompt, out=tmp_path)
    assert report.raise_for_status().texts == {"2": [str(value * 2)]}
