"""The stand-ins for the modules `nodes`, `folder_paths` and `node_helpers`."""

import importlib

import pytest
import torch

import graphrun
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import CALL, Silent
from graphrun.comfy import finder
from graphrun.comfy.builtins import PACK
from graphrun.comfy.missing import NotOfferedName
from graphrun.errors import Cancelled, InputError


@pytest.fixture
def here(tmp_path):
    finder.install()
    for name in ("out", "in", "temp", "models/loras/deep"):
        (tmp_path / name).mkdir(parents=True)
    settings = Settings(
        outputs=tmp_path / "out",
        inputs=tmp_path / "in",
        temporary=tmp_path / "temp",
        models=tmp_path / "models",
    )
    token = CALL.set(Silent(settings))
    yield tmp_path
    CALL.reset(token)


def module(name):
    return importlib.import_module(name)


def test_built_in_nodes_are_classes_of_the_first_api(here):
    nodes = module("nodes")
    cls = nodes.NODE_CLASS_MAPPINGS["ImageInvert"]
    assert cls is nodes.ImageInvert
    assert cls.INPUT_TYPES()["required"]["image"][0] == "IMAGE"
    assert cls.RETURN_TYPES == ("IMAGE",)
    (found,) = getattr(cls(), cls.FUNCTION)(image=torch.zeros(1, 2, 2, 3))
    assert torch.all(found == 1)


def test_a_built_in_class_of_a_pack_computes_one_branch(here):
    switch = module("nodes").ComfySwitchNode
    session = graphrun.Session([{"Toy": switch}], catalog=Catalog((PACK,)))
    inputs = {"switch": True, "on_false": ["3", 0], "on_true": ["4", 0]}
    report = session.run(
        {
            "3": {"class_type": "StringLength", "inputs": {"string": "abc"}},
            "4": {"class_type": "StringLength", "inputs": {"string": "abcd"}},
            "1": {"class_type": "Toy", "inputs": inputs},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        }
    )
    assert sorted(report.ran) == ["1", "2", "4"]


def test_the_classes_of_packs_are_beside_them(here):
    classes = module("nodes").NODE_CLASS_MAPPINGS
    before = len(classes)
    classes["ToyOfATest"] = object
    assert classes["ToyOfATest"] is object
    assert classes.setdefault("ImageInvert", object) is not object
    assert len(classes) == before + 1
    del classes["ToyOfATest"]
    assert "ToyOfATest" not in classes


def test_what_is_about_diffusion_can_be_imported_and_fails_on_use(here):
    nodes = module("nodes")

    class Mine(nodes.KSampler):
        pass

    with pytest.raises(NotOfferedName, match="KSampler"):
        Mine()
    with pytest.raises(NotOfferedName):
        nodes.no_such_name  # noqa: B018


def test_stopping(here):
    nodes = module("nodes")
    nodes.before_node_execution()
    nodes.interrupt_processing(False)
    with pytest.raises(Cancelled):
        nodes.interrupt_processing()


def test_extending_the_classes_that_write(here, tmp_path):
    nodes = module("nodes")

    class Mine(nodes.PreviewImage):
        def __init__(self):
            super().__init__()
            self.prefix_append = "_mine"

    class Keep(nodes.SaveImage):
        pass

    session = graphrun.Session([{"Mine": Mine, "Keep": Keep}], catalog=Catalog((PACK,)))
    prompt = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0},
        },
        "2": {"class_type": "Mine", "inputs": {"images": ["1", 0]}},
        "3": {"class_type": "Keep", "inputs": {"images": ["1", 0], "filename_prefix": "k"}},
    }
    report = session.run(prompt, out=tmp_path / "runs")
    assert report.status == "success"
    assert (report.folder / "temp/ComfyUI_mine_00001_.png").is_file()
    assert (report.folder / "outputs/k_00001_.png").is_file()


def test_an_object_that_is_kept_writes_into_the_folder_of_the_run(here, tmp_path):
    writer = module("nodes").SaveImage()
    CALL.set(Silent(Settings(outputs=tmp_path / "later")))
    writer.save_images(torch.zeros(1, 2, 2, 3))
    assert [f.name for f in (tmp_path / "later").iterdir()] == ["ComfyUI_00001_.png"]
    assert not list((tmp_path / "out").iterdir())


def test_the_folders_are_those_of_the_run(here):
    paths = module("folder_paths")
    assert paths.get_output_directory() == paths.output_directory == str(here / "out")
    assert paths.get_input_directory() == str(here / "in")
    assert paths.get_directory_by_type("temp") == str(here / "temp")
    assert paths.models_dir == str(here / "models")
    assert paths.get_annotated_filepath("a.png [output]") == str(here / "out/a.png")
    assert not paths.exists_annotated_filepath("../out")
    with pytest.raises(InputError):
        paths.get_annotated_filepath("../a.png")


def test_model_files(here):
    paths = module("folder_paths")
    (here / "models/loras/deep/a.safetensors").write_text("")
    (here / "models/loras/readme.txt").write_text("")
    assert paths.get_filename_list("loras") == ["deep/a.safetensors"]
    full = str(here / "models/loras/deep/a.safetensors")
    assert paths.get_full_path("loras", "deep/a.safetensors") == full
    assert paths.get_full_path("loras", "../loras/deep/a.safetensors") is None
    with pytest.raises(FileNotFoundError, match=r"b\.safetensors"):
        paths.get_full_path_or_raise("loras", "b.safetensors")


def test_packs_add_folders(here):
    paths = module("folder_paths")
    paths.add_model_folder_path("toys_of_a_test", str(here / "in"))
    paths.add_model_folder_path("toys_of_a_test", str(here / "out"), is_default=True)
    assert paths.get_folder_paths("toys_of_a_test") == [str(here / "out"), str(here / "in")]
    (here / "in/x.toy").write_text("")
    assert paths.get_filename_list("toys_of_a_test") == ["x.toy"]
    assert paths.filter_files_content_types(["a.png", "b.wav"], ["image"]) == ["a.png"]


def test_places_to_save_to(here):
    paths = module("folder_paths")
    folder, name, counter, subfolder, prefix = paths.get_save_image_path(
        "a/b%width%", str(here / "out"), 5, 6
    )
    assert (folder, name, counter) == (str(here / "out/a"), "b5", 1)
    assert (subfolder, prefix) == ("a", "a/b5")


def test_helpers(here):
    helpers = module("node_helpers")
    assert helpers.string_to_torch_dtype("bf16") is torch.bfloat16
    assert helpers.pillow(lambda value: value + 1, 1) == 2
    _, source = helpers.image_alpha_fix(torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 1, 3))
    assert source.tolist() == [[[[0, 0, 0, 1]]]]
