"""The tour of the README: a workflow broken in five ways, and what `check` says of it."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from graphrun.cli.main import main

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- tour: .*? -->\n```\n(.*?)```\n", re.DOTALL)


@pytest.mark.skipif(shutil.which("sed") is None, reason="the commands of the tour use sed")
def test_the_tour_is_what_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    workflow = ROOT / "workflows" / "distilbert_classification.json"
    assert main(["convert", str(workflow), "-o", "prompt.json"]) == 0
    (tour,) = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    shown = []
    for line in tour.splitlines():
        if not line.startswith("$ "):
            continue
        edit, _, command = line.removeprefix("$ ").partition(" && ")
        words = shlex.split(edit)
        assert (words[0], words[2:]) == ("sed", ["prompt.json", ">", "broken.json"])
        broken = subprocess.run(words[:3], capture_output=True, check=True).stdout
        assert broken != Path("prompt.json").read_bytes()
        Path("broken.json").write_bytes(broken)
        capsys.readouterr()
        main(shlex.split(command)[1:])
        printed = capsys.readouterr()
        shown.append(f"{line}\n{printed.err}{printed.out}")
    assert len(shown) == 5
    assert tour == "".join(shown)
