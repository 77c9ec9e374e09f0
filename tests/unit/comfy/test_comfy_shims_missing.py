"""What is not offered: where it fails, and what the message says."""

import importlib
from typing import Optional

import pytest

from graphrun.comfy import explaining, finder, missing
from graphrun.errors import PackError


@pytest.fixture(autouse=True)
def _installed():
    finder.install()


@pytest.fixture
def _pack():
    token = missing.PACK.set("toy")
    yield
    missing.PACK.reset(token)


@pytest.mark.usefixtures("_pack")
def test_a_module_that_is_not_there_names_pack_and_module():
    with pytest.raises(ImportError) as caught:
        importlib.import_module("comfy.nothing_of_this_name")
    assert isinstance(caught.value, PackError)
    assert "pack toy needs comfy.nothing_of_this_name of ComfyUI" in str(caught.value)


def test_without_a_pack_only_the_module_is_named():
    with pytest.raises(PackError, match=r"a pack needs comfy_execution.nothing of ComfyUI"):
        importlib.import_module("comfy_execution.nothing")


def test_names_that_comfyui_does_not_have_can_be_asked_for():
    utils = importlib.import_module("comfy.utils")
    assert not hasattr(utils, "nothing")
    with pytest.raises(PackError, match=r"comfy\.utils\.nothing"):
        _ = utils.nothing


@pytest.mark.parametrize(
    "module", ["comfy.sd", "comfy.ldm.modules.attention", "comfy_extras.nodes_mask", "comfy.ops"]
)
def test_modules_about_diffusion_models_can_be_imported(module):
    found = importlib.import_module(module)
    name = found.Anything
    assert isinstance(name, missing.Later)
    with pytest.raises(PackError, match=rf"needs {module}\.Anything of ComfyUI"):
        name()


def test_what_packs_do_with_such_names_when_they_are_loaded_does_no_harm():
    patcher = importlib.import_module("comfy.model_patcher")

    class Mine(patcher.ModelPatcher):
        kind: Optional[patcher.ModelPatcher] = patcher.Kind.FIRST  # noqa: UP045
        kinds: list[patcher.ModelPatcher] | None = None

        def twice(self, other: patcher.ModelPatcher | None = None):
            return other

    original = patcher.ModelPatcher.calculate_weight
    patcher.ModelPatcher.calculate_weight = original
    assert not isinstance(3, patcher.ModelPatcher)
    assert not issubclass(int, patcher.ModelPatcher)
    assert Mine.kind == patcher.Kind.FIRST
    assert Mine.kind != patcher.Kind.SECOND
    with pytest.raises(missing.NotOfferedName, match=r"comfy\.model_patcher\.ModelPatcher"):
        Mine("model")


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x(),
        lambda x: x.method(1),
        bool,
        len,
        iter,
        lambda x: x["a"],
        lambda x: 1 in x,
        lambda x: x < 3,
        lambda x: x + 1,
        lambda x: 2 * x,
        float,
    ],
)
def test_every_use_raises_the_one_error(use):
    with pytest.raises(missing.NotOfferedName) as caught:
        use(missing.Later("comfy.sd.VAE"))
    (found,) = caught.value.diagnostics
    assert found.code == "not_offered"
    assert "comfy.sd.VAE" in found.message
    assert found.hint


def test_samplers_can_be_listed_but_not_used():
    samplers = importlib.import_module("comfy.samplers")
    assert "euler" in samplers.KSampler.SAMPLERS
    assert "karras" in samplers.KSampler.SCHEDULERS
    with pytest.raises(PackError, match=r"comfy\.samplers\.KSampler"):
        samplers.KSampler(None, steps=3)
    with pytest.raises(PackError, match=r"comfy\.samplers\.sample "):
        samplers.sample()


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("cv2_of_no_one", "pip install cv2_of_no_one"),
        ("cv2", "pip install opencv-python-headless"),
        ("skimage.filters", "pip install scikit-image"),
        ("google.genai", "pip install google-genai"),
    ],
)
def test_a_library_that_is_missing_comes_with_its_name_for_pip(module, hint):
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    found = explaining.explain(error, "toy")
    assert found.code == "missing_pack"
    assert found.message.startswith(f"pack toy needs the library {module.split('.')[0]}")
    assert found.hint == hint


def test_a_name_that_is_missing_in_a_stand_in_is_explained():
    with pytest.raises(ImportError) as caught:
        from comfy.utils import nothing  # noqa: F401
    found = explaining.explain(caught.value, "toy")
    assert found.code == "not_offered"
    assert found.message.startswith("pack toy needs comfy.utils.nothing of ComfyUI")


def test_other_errors_are_not_explained():
    assert explaining.explain(ValueError("x"), "toy") is None
    assert explaining.explain(AttributeError("x"), "toy") is None
    error = ImportError("libfoo.so: cannot open shared object file", name="foo")
    assert explaining.explain(error, "toy").message == f"pack toy: {error}"
