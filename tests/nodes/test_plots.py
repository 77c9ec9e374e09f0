"""Plots: sizes, ranges, what is drawn where, and what is left as it was."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import pandas as pd
import pytest
import torch
from graphrun_nodes.plots import NODES
from matplotlib import colors
from recording import Recorder

from graphrun.node import InputError

pytestmark = pytest.mark.filterwarnings("error")

FRAME = pd.DataFrame({"a": range(5), "b": [3.0, 1, 4, 1, 5], 0: [2, 7, 1, 8, 2], 0.5: 1.5})
KINDS = ["SNSLine", "SNSScatter"]


def draw(kind, frame=FRAME, x="a", y="b", **more):
    return NODES[kind](frame, x, y, **more)


def refused(code, input, *args, **more):
    with pytest.raises(InputError) as caught:
        draw(*args, **more)
    assert (caught.value.code, caught.value.input) == (code, input)
    return f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"title": "T", "x_axis_label": "x", "y_axis_label": "y"},
        {"legend_label": "first", "x_tick_as_int": True},
        {"style": "darkgrid", "palette": "Set2"},
        {"y": "b, 0", "legend_label": "one, two"},
        {"y": "b,0,a", "legend_label": ",two"},
        {"x": "0"},
        {"x": "0.5"},
        {"x": " a "},
    ],
)
def test_a_picture_of_a_table(call: Recorder, kind, more):
    picture = draw(kind, **more)
    assert (picture.shape, picture.dtype) == ((1, 480, 640, 3), torch.float32)
    assert picture.min() >= 0
    assert picture.max() == 1
    assert len(picture.flatten(0, 2).unique(dim=0)) > 20
    assert call.notices == []


@pytest.mark.parametrize(
    "more",
    [
        {"title": "T"},
        {"x_axis_label": "x"},
        {"y_axis_label": "y"},
        {"legend_label": "one"},
        {"style": "whitegrid"},
        {"palette": "Set2"},
        {"y": "b,0"},
    ],
)
def test_every_field_is_seen_in_the_picture(plain, more):
    assert not torch.equal(plain, draw("SNSScatter", **more))


@pytest.fixture(scope="module")
def plain():
    return draw("SNSScatter")


def test_ticks_are_whole_numbers_if_asked():
    frame = pd.DataFrame({"a": [0, 1, 2], "b": [0, 1, 2]})
    assert not torch.equal(draw("SNSLine", frame), draw("SNSLine", frame, x_tick_as_int=True))


def test_several_values_for_one_x_have_the_same_band_each_time():
    frame = pd.DataFrame({"a": [0, 0, 0, 1, 1, 1], "b": [1, 2, 4, 2, 3, 7]}, index=[0] * 6)
    assert torch.equal(draw("SNSLine", frame), draw("SNSLine", frame))


@pytest.mark.parametrize("kind", KINDS)
def test_texts_dates_and_holes_can_be_drawn(kind):
    days = pd.date_range("2020-01-01", periods=5)
    frame = FRAME.assign(day=days, word=list("vwxyz"), hole=[1, None, 2, None, 3])
    for x in ("day", "word"):
        assert draw(kind, frame, x, "hole", x_tick_as_int=x == "word").shape == (1, 480, 640, 3)


def test_nothing_outlasts_a_plot():
    import matplotlib.pyplot as plt
    import seaborn  # noqa: F401

    before = dict(matplotlib.rcParams), dict(colors.get_named_colors_mapping())
    draw("SNSLine", style="dark", palette="Set2", y="b,0")
    with pytest.raises(InputError):
        draw("SNSLine", style="dark", palette="nothing")
    assert (dict(matplotlib.rcParams), dict(colors.get_named_colors_mapping())) == before
    assert plt.get_fignums() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("x", ["", "B", "1", "1.5", "nan"])
def test_columns_that_are_not_there(kind, x):
    said = refused("missing_column", "x_column_name", kind, x=x)
    assert repr(x) in said
    assert said.endswith("there are a, b, 0, 0.5")
    refused("missing_column", "y_column_name", kind, y=f"b,{x}")
    refused("missing_column", "y_column_name", kind, y="0.5")
    near = refused(
        "missing_column", "x_column_name", kind, FRAME.rename(columns={"a": "step"}), "setp"
    )
    assert "did you mean step?" in near


def test_texts_come_before_numbers():
    frame = pd.DataFrame({"0": [1, 2], 0: [2, 1], "x": [1, 2]})
    named = frame.rename(columns={"0": "t", 0: "n"})
    assert torch.equal(draw("SNSLine", frame, "x", "0"), draw("SNSLine", named, "x", "t"))


def test_blanks_belong_to_a_name_that_has_them():
    frame = pd.DataFrame({" x": [1, 2], "y": [2, 1], "x y": [0.0, float("inf")]})
    assert draw("SNSLine", frame, " x", " y,x y").shape == (1, 480, 640, 3)


def test_several_columns_of_one_name_are_refused():
    frame = pd.concat([FRAME, FRAME], axis=1)
    assert "'b', or several" in refused(
        "missing_column", "y_column_name", "SNSLine", frame[["b"]].assign(a=1), y="b"
    )


@pytest.mark.parametrize("frame", [FRAME[:0], pd.DataFrame(), pd.DataFrame(index=[1, 2])])
def test_empty_tables_are_refused(frame):
    refused("empty_frame", "dataframe", "SNSScatter", frame)


@pytest.mark.parametrize("kind", KINDS)
def test_what_seaborn_refuses(kind):
    assert "darkgrid" in refused("cannot_draw", "style", kind, style="no")
    assert "'no' is not a valid palette" in refused("cannot_draw", "palette", kind, palette="no")
    assert "title" not in refused("cannot_draw", "dataframe", kind, title=r"$\nothing$")
    mixed = FRAME.assign(b=pd.Series([1, "x", 2, [], 3], dtype=object))
    refused("cannot_draw", "dataframe", kind, mixed)


def test_labels_without_a_series_are_told_of(call: Recorder):
    draw("SNSLine", legend_label="one,two")
    assert call.codes == ["unused_label"]


def test_without_the_extra_the_way_out_is_shown():
    code = (
        "import sys\nsys.modules['seaborn'] = None\nimport pandas as pd\n"
        "from graphrun_nodes.plots import NODES\n"
        "NODES['SNSLine'](pd.DataFrame({'a': [1]}), 'a', 'a')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "missing_pack" in done.stderr
    assert "pip install 'graphrun[plots]'" in done.stderr
