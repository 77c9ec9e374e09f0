"""The wheel holds every file of the packages, and works outside of the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = {
    "graphrun": "graphrun",
    "nodes": "graphrun_nodes",
    "schemas": "graphrun/schemas",
    "workflows": "graphrun/workflows",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, since building leaves files in the tree it builds."""
    copy = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out), str(copy)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_has_the_files_of_the_checkout(wheel):
    expected = set()
    for folder, home in HOMES.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(f"{home}/{path.relative_to(ROOT / folder)}")
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert packed == expected


def test_no_top_level_package_is_called_nodes(wheel):
    tops = {n.split("/")[0] for n in zipfile.ZipFile(wheel).namelist()}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"graphrun", "graphrun_nodes"}


def test_the_unpacked_wheel_checks_a_workflow(wheel, tmp_path):
    """Nothing of the checkout is on the path: the wheel's files are enough."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import graphrun, sys; assert graphrun.__file__.startswith(sys.argv[1]), graphrun\n"
        "from graphrun.cli.main import main\n"
        "sys.exit(main(['check', sys.argv[2]]))"
    )
    workflow = tmp_path / "site/graphrun/workflows/distilbert_classification.json"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "site"), str(workflow)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_bare_name_nodes_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import nodes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "import graphrun_nodes, not nodes" in done.stderr
