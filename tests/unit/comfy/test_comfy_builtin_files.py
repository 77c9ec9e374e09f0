"""Pictures written and read again by the built-in nodes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image as Pillow

import graphrun
from graphrun.catalog import Catalog, Settings
from graphrun.comfy import pictures
from graphrun.comfy.builtins import PACK
from graphrun.errors import InputError, MissingResource

EMPTY = {
    "class_type": "EmptyImage",
    "inputs": {"width": 8, "height": 4, "batch_size": 2, "color": 0},
}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "input").mkdir()
    session = graphrun.Session(catalog=Catalog((PACK,)))

    def go(prompt, **options):
        settings = Settings(inputs=tmp_path / "input", temporary=tmp_path / "temp")
        return session.run(prompt, out=tmp_path / "runs", settings=settings, **options)

    return go


def picture(path, colour=(255, 0, 0)):
    Pillow.new("RGB", (3, 2), colour).save(path)


def saving(prefix):
    inputs = {"images": ["1", 0], "filename_prefix": prefix}
    return {"1": EMPTY, "2": {"class_type": "SaveImage", "inputs": inputs}}


def loading(name, kind="LoadImage", **more):
    shown = {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}}
    loaded = {"class_type": kind, "inputs": {"image": name, **more}}
    if kind == "LoadImageMask":
        turned = {"class_type": "MaskToImage", "inputs": {"mask": ["1", 0]}}
    else:
        turned = {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}
    return {"1": loaded, "3": turned, "2": shown}


def test_files_are_named_and_numbered_as_comfyui_does(run):
    report = run(saving("cats/%width%x%height%_%batch_num%"))
    folder = report.folder / "outputs/cats"
    assert [f.name for f in sorted(folder.iterdir())] == ["8x4_0_00001_.png", "8x4_1_00002_.png"]


def test_the_graph_is_in_the_file(run):
    report = run(saving("a"))
    with Pillow.open(report.folder / "outputs/a_00001_.png") as file:
        found = json.loads(file.text["prompt"])
    assert found["1"]["class_type"] == "EmptyImage"
    assert found["2"]["inputs"] == {"images": ["1", 0], "filename_prefix": "a"}


def test_a_prefix_that_leads_out_is_refused(run):
    report = run(saving("../a"))
    assert report.status == "failed"
    assert not list(report.folder.parent.rglob("*.png"))


@pytest.mark.parametrize("shape", [(0, 2, 2, 3), (2, 2, 3), (1, 2, 0, 3), (1, 2, 2, 5), (3,), ()])
@pytest.mark.parametrize("kind", ["output", "temp"])
def test_what_are_no_pictures_is_refused(tmp_path, shape, kind):
    with pytest.raises(InputError, match="is not the shape of pictures") as caught:
        pictures.save(torch.zeros(shape), "a", kind, texts={}, root=tmp_path)
    assert str(shape) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_saving_again_writes_again(run):
    first, second = run(saving("a")), run(saving("a"))
    assert first.folder != second.folder
    assert len(list(second.folder.rglob("a_*.png"))) == 2


def test_loading(run, tmp_path):
    picture(tmp_path / "input/x.png")
    report = run(loading("x.png"))
    (file,) = report.folder.glob("temp/*.png")
    with Pillow.open(file) as shown:
        assert shown.getpixel((0, 0)) == (0, 255, 255)


def test_a_changed_file_is_loaded_again(run, tmp_path):
    path = tmp_path / "input/x.png"
    picture(path)
    assert "1" in run(loading("x.png")).ran
    assert "1" not in run(loading("x.png")).ran
    picture(path, (0, 0, 255))
    assert "1" in run(loading("x.png")).ran


@pytest.mark.parametrize("name", ["y.png", "../secret.png", "y.png [input]"])
def test_files_that_are_not_there_stop_the_run_before_it_begins(run, tmp_path, name):
    picture(tmp_path / "secret.png")
    with pytest.raises(MissingResource):
        run(loading(name))
    assert not (tmp_path / "runs").exists()


def test_checking_imports_no_torch():
    code = (
        "import sys, graphrun\n"
        "from graphrun.catalog import Catalog\n"
        "from graphrun.comfy.builtins import PACK\n"
        "session = graphrun.Session(catalog=Catalog((PACK,)))\n"
        f"assert session.check({loading('x.png')!r}) == []\n"
        f"(found,) = session.check({loading(3)!r})\n"
        "assert found.input == 'image', found\n"
        "assert 'torch' not in sys.modules and 'PIL' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_channel_as_mask(run, tmp_path):
    picture(tmp_path / "input/x.png")
    report = run(loading("x.png", "LoadImageMask", channel="red"))
    (file,) = report.folder.glob("temp/*.png")
    with Pillow.open(file) as shown:
        assert shown.getpixel((0, 0)) == (255, 255, 255)


def test_what_a_run_wrote_is_found_by_its_annotation(tmp_path):
    from graphrun.catalog.running import CALL, Silent
    from graphrun.comfy.builtins import files

    (tmp_path / "out").mkdir()
    picture(tmp_path / "x.png")
    shutil.copy(tmp_path / "x.png", tmp_path / "out/x.png")
    token = CALL.set(Silent(Settings(outputs=tmp_path / "out", inputs=tmp_path / "none")))
    try:
        image, mask = files.load_output("x.png [output]")
    finally:
        CALL.reset(token)
    assert torch.equal(image[0, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    assert mask.shape == (1, 64, 64)


def test_in_a_session_the_same_pictures_are_saved_once_per_folder(tmp_path):
    nodes = {
        "1": EMPTY,
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}},
    }
    session = graphrun.Session(catalog=Catalog((PACK,)))
    here, there = (graphrun.Settings(outputs=tmp_path / name) for name in ("here", "there"))
    first = session.run(nodes, settings=here)
    again = session.run(nodes, settings=here)
    assert again.ran == []
    assert again.ui == first.ui
    assert session.run(nodes, settings=there).ran == ["2"]
    # A run folder is new in every run, so there is always something to save.
    for _ in range(2):
        report = session.run(nodes, out=tmp_path / "runs")
        assert report.ran == ["2"]
        assert [Path(file).is_file() for file in report.files] == [True, True]
