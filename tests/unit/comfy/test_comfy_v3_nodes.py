"""Packs of the third API: what their schemas amount to, and how their nodes run."""

import json
from pathlib import Path

import pytest
from PIL import Image as Pillow

import graphrun
from graphrun.catalog.schema import to_object_info
from graphrun.execute import events

PACK = Path(__file__).parents[2] / "support" / "v3_pack.py"


@pytest.fixture
def session():
    return graphrun.Session(packs=[PACK])


def one(class_type, **inputs):
    return {"1": {"class_type": class_type, "inputs": inputs}}


def test_a_schema_as_a_definition(session):
    spec = session.catalog["Everything"]
    assert (spec.title, spec.category, spec.description) == (
        "Every input",
        "toys/all",
        "Has everything.",
    )
    assert [(i.name, i.type, i.section) for i in spec.visible] == [
        ("text", "STRING", "required"),
        ("count", "INT", "required"),
        ("on", "BOOLEAN", "required"),
        ("mode", "COMBO", "required"),
        ("part", "FLOAT", "optional"),
        ("tags", "COMBO", "optional"),
        ("either", "INT,FLOAT", "optional"),
        ("thing", "THING", "optional"),
        ("image", "IMAGE", "optional"),
    ]
    assert dict(spec.input("text").options) == {
        "tooltip": "a text",
        "default": "a",
        "multiline": True,
    }
    assert spec.input("count").options["control_after_generate"] is True
    assert spec.input("mode").choices == ("fast", "slow")
    assert spec.input("tags").options["multiselect"] is True
    assert spec.lazy == {"thing"}
    assert spec.raw == {"image"}
    assert {i.type for i in spec.hidden} == {"UNIQUE_ID", "DYNPROMPT"}
    assert [(o.name, o.type, o.is_list) for o in spec.outputs] == [
        ("told", "STRING", False),
        ("n", "INT", True),
    ]
    assert spec.not_idempotent
    assert spec.about["experimental"] is True


def test_a_definition_as_a_server_gives_it(session):
    found = json.loads(json.dumps(to_object_info(session.catalog["Everything"])))
    assert found["input_order"]["required"] == ["text", "count", "on", "mode"]
    assert found["input"]["required"]["mode"][0] == "COMBO"
    assert found["output_name"] == ["told", "n"]
    assert found["python_module"] == "custom_nodes.v3_pack"


def test_it_runs_with_its_defaults_for_what_is_left_out(session):
    inputs = {"text": "x", "count": 3, "on": False, "mode": "fast", "tags": {"__value__": ["r"]}}
    report = session.run(one("Everything", **inputs), targets=["1"])
    assert report.outputs["1"] == (["x 3 0.5 False fast ['tags']"], [1, 2])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"count": 10}, "value_bigger_than_max"),
        ({"mode": "medium"}, "value_not_in_list"),
        ({"tags": {"__value__": ["r", "x"]}}, "value_not_in_list"),
        ({"text": None}, "invalid_input_type"),
    ],
)
def test_values_are_checked(session, changes, code):
    inputs = {"text": "x", "count": 3, "on": False, "mode": "fast", **changes}
    with pytest.raises(graphrun.ValidationFailed) as found:
        session.run(one("Everything", **inputs), targets=["1"])
    assert [d.code for d in found.value.diagnostics if d.severity == "error"] == [code]


@pytest.mark.parametrize(
    ("how", "folder", "files", "frames"),
    [
        ("preview", "temp", 2, 1),
        ("mask", "temp", 2, 1),
        ("save", "output", 2, 1),
        ("animated", "output", 1, 2),
        ("webp", "output", 1, 2),
    ],
)
def test_pictures_are_saved_and_shown(session, tmp_path, how, folder, files, frames):
    settings = graphrun.Settings(outputs=tmp_path / "output", temporary=tmp_path / "temp")
    report = session.run(one("Previews", how=how), settings=settings)
    assert report.status == "success", report.error
    shown = report.ui["1"]["images"]
    assert [entry["type"] for entry in shown] == [folder] * files
    paths = [tmp_path / folder / e["subfolder"] / e["filename"] for e in shown]
    assert len(set(paths)) == files
    for number, path in enumerate(paths):
        with Pillow.open(path) as picture:
            assert (picture.size, getattr(picture, "n_frames", 1)) == ((6, 4), frames)
            if how != "webp":
                assert json.loads(picture.text["prompt"])["1"]["class_type"] == "Previews"
            if frames == 1:
                assert picture.convert("L").getextrema() == (255 * number,) * 2


def test_progress_in_both_ways(session):
    told = []
    report = session.run(one("Steps"), observe=told.append)
    assert report.ui == {"1": {"text": ["done"]}}
    progress = [(e.step, e.total) for e in told if isinstance(e, events.Progress)]
    assert progress == [(1, 4), (3, 4)]


def test_the_class_that_runs_is_locked(session):
    report = session.run(one("Stubborn"))
    assert report.status == "failed"
    assert "count" in report.error.diagnostic.message


def test_what_is_not_offered_says_so(session):
    report = session.run(one("Backdrop"))
    assert report.error.diagnostic.code == "not_offered"
    assert "bg_image" in report.error.diagnostic.message


def test_an_entry_point_that_gives_no_extension(tmp_path):
    pack = tmp_path / "odd.py"
    pack.write_text("def comfy_entrypoint():\n    return 5\n")
    found = graphrun.Session(packs=[pack]).catalog.notes
    assert any("odd" in note.message and note.severity == "warning" for note in found)
