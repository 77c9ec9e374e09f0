"""What display nodes show and hand on."""

from __future__ import annotations

import json

import graphrun_nodes
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


@pytest.mark.parametrize("kind", NODES)
def test_the_workflow_keeps_what_was_shown(kind):
    nodes = [{"id": 7, "widgets_values": ["old"]}, {"id": 8, "widgets_values": ["other"]}]
    hidden = {"unique_id": ["7"], "extra_pnginfo": [{"workflow": {"nodes": nodes}}]}
    pack_kind = graphrun_nodes.PACK.kind(NODES.specs[kind])
    name = NODES.specs[kind].inputs[0].name
    (texts,) = pack_kind.returned(pack_kind.call(None, {name: ["5"], **hidden})).values
    assert [node["widgets_values"] for node in nodes] == [texts, ["other"]] == [["5"], ["other"]]
    for unknown in (None, {}, {"workflow": None}, {"workflow": {"nodes": []}}):
        assert NODES[kind](["5"], unique_id="7", extra_pnginfo=unknown) == ["5"]


def test_a_picture_saved_later_has_what_was_shown(tmp_path):
    from PIL import Image

    def node(id, kind, values, inputs=(), type=None):
        outputs = [{"name": type, "type": type, "links": [id]}] if type else []
        entries = [{"name": name, "type": of, "link": link} for name, of, link in inputs]
        more = {"inputs": entries, "outputs": outputs, "widgets_values": values, "mode": 0}
        return {"id": id, "type": kind, "order": id, **more}

    workflow = {
        "nodes": [
            node(1, "CDAIntCreate", ["5"], type="INT"),
            node(2, "CDAShowInt", [0, "old"], [("int_scalar", "INT", 1)]),
            node(3, "PtOnes", ["[1, 2, 2, 3]", "float32"], type="TENSOR"),
            node(4, "PtToImage", [], [("tens", "TENSOR", 3)], type="IMAGE"),
            node(5, "SaveImage", ["a"], [("images", "IMAGE", 4)]),
        ],
        "links": [[1, 1, 0, 2, 0, "INT"], [3, 3, 0, 4, 0, "TENSOR"], [4, 4, 0, 5, 0, "IMAGE"]],
        "version": 0.4,
    }
    report = graphrun.run(workflow, out=tmp_path).raise_for_status()
    with Image.open(report.files[0]) as picture:
        stored = json.loads(picture.text["workflow"])
    assert stored["nodes"][1]["widgets_values"] == ["5"]
    assert workflow["nodes"][1]["widgets_values"] == [0, "old"]


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
