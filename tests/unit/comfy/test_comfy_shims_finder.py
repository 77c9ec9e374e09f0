"""The import hook, each time in a process of its own: what is imported stays imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from graphrun.comfy import finder

ROOT = Path(__file__).parents[3]


def run(code, cwd=None):
    done = subprocess.run(
        [sys.executable, "-c", "from graphrun.comfy import explaining, finder, missing\n" + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_names_are_found_once_installed_and_not_before():
    out = run(
        "import importlib.util, sys\n"
        "before = importlib.util.find_spec('comfy_execution')\n"
        "finder.install(); finder.install()\n"
        "import comfy_execution.graph_utils as g\n"
        "print(before, g.__name__, sum(isinstance(m, finder.ShimFinder) for m in sys.meta_path))\n"
    )
    assert out == "None comfy_execution.graph_utils 1"


def test_it_wins_over_files_of_the_same_name_on_the_path(tmp_path):
    (tmp_path / "server.py").write_text("raise SystemExit(3)")
    out = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "finder.install()\n"
        "from server import PromptServer\n"
        "print(PromptServer.instance.client_id)"
    )
    assert out == "None"


def test_it_wins_over_the_folder_of_our_own_nodes():
    code = "finder.install(); import nodes; nodes.NODE_CLASS_MAPPINGS['SaveImage']"
    run(code, cwd=ROOT)


def test_a_module_of_the_user_that_was_there_first_is_named(tmp_path):
    (tmp_path / "server.py").write_text("mine = 1")
    out = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import server\n"
        "finder.install()\n"
        "try:\n"
        "    from server import PromptServer\n"
        "except ImportError as error:\n"
        "    print(explaining.explain(error, 'toy'))\n"
        "try:\n"
        "    server.PromptServer\n"
        "except AttributeError as error:\n"
        "    print(explaining.explain(error, 'toy'))\n"
    )
    wanted = "pack toy needs server of ComfyUI, but server is another module here"
    assert out.count(f"{wanted}: {tmp_path / 'server.py'}") == 2


def test_no_submodule_is_added_to_a_package_of_the_user(tmp_path):
    (tmp_path / "comfy").mkdir()
    (tmp_path / "comfy/__init__.py").write_text("")
    out = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import comfy\n"
        "finder.install()\n"
        "try:\n"
        "    import comfy.utils\n"
        "except ImportError as error:\n"
        "    print(explaining.explain(error, 'toy').message)\n"
    )
    assert "needs comfy.utils of ComfyUI, but comfy is another module here" in out


def test_no_stand_in_imports_what_is_heavy():
    names = [
        str(path.relative_to(finder.SHIMS).with_suffix("")).replace("/", ".")
        for path in finder.SHIMS.rglob("*.py")
        if "comfy_api" not in path.parts and path.name != "__init__.py"
    ]
    assert "comfy.model_management" in names
    out = run(
        "import importlib, sys\n"
        "finder.install()\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "print([m for m in ('torch', 'numpy', 'PIL', 'aiohttp', 'psutil') if m in sys.modules])"
    )
    assert out == "[]"


def test_modules_of_comfyui_are_there_without_an_import_of_their_own():
    out = run(
        "finder.install()\n"
        "import comfy.samplers\n"
        "import comfy\n"
        "print(comfy.model_management.VRAMState.NORMAL_VRAM.value, hasattr(comfy, 'nothing'))\n"
    )
    assert out == "3 False"


def test_packs_do_not_write_beside_the_stand_ins():
    out = run(
        "finder.install()\n"
        "import inspect\n"
        "from server import PromptServer\n"
        "print(inspect.getfile(PromptServer))"
    )
    assert not Path(out).is_relative_to(ROOT)
    assert not Path(out).parent.exists()  # removed with the process


@pytest.mark.parametrize("name", ["utils", "main", "torch"])
def test_other_names_are_left_alone(name):
    assert finder.ShimFinder().find_spec(name) is None
