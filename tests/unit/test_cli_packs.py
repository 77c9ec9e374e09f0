"""Packs on the command line: where they come from, what is told of them, and how nodes fail."""

import json
import os
import subprocess
import sys

import packs
import pytest

from graphrun.__main__ import main

PACK = '''
"""Two classes."""

class Twice:
    """Says it twice."""

    RETURN_TYPES = ("STRING",)
    FUNCTION = "run"
    CATEGORY = "toys"
    DESCRIPTION = "A text, twice."

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "a"})}}

    def run(self, text):
        print("twice", text)
        return (self.deeper(text),)

    def deeper(self, text):
        if text == "fail":
            raise ValueError("no such text")
        return text * 2


class Tell:
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"forceInput": True})}}

    def run(self, text):
        return {"ui": {"text": [text]}}


NODE_CLASS_MAPPINGS = {"Twice": Twice, "Tell": Tell}
NODE_DISPLAY_NAME_MAPPINGS = {"Twice": "Say it twice"}
'''


def prompt(*texts):
    nodes = {}
    for number, text in enumerate(texts):
        nodes[f"{number}a"] = {"class_type": "Twice", "inputs": {"text": text}}
        nodes[f"{number}b"] = {"class_type": "Tell", "inputs": {"text": [f"{number}a", 0]}}
    return nodes


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAPHRUN_PACKS", raising=False)
    (tmp_path / "pack.py").write_text(PACK)
    (tmp_path / "prompt.json").write_text(json.dumps(prompt("ab")))
    return tmp_path


def test_without_the_pack_its_classes_are_missing(here, capsys):
    assert main(["prompt.json"]) == 4
    assert "no installed pack has the class 'Twice'" in capsys.readouterr().err


def by_option(here, monkeypatch):
    return ["--pack", "pack.py"]


def by_environment(here, monkeypatch):
    monkeypatch.setenv("GRAPHRUN_PACKS", os.pathsep.join(["", str(here / "pack.py")]))
    return []


def by_configuration(here, monkeypatch):
    (here / "graphrun.toml").write_text('packs = ["pack.py"]')
    return []


def by_folder(here, monkeypatch):
    folder = here / "custom_nodes" / "mine"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from .inside import *")
    (folder / "inside.py").write_text(PACK)
    (here / "custom_nodes" / "other.py.disabled").write_text("raise SystemExit")
    return ["--pack", "custom_nodes"]


@pytest.mark.parametrize("way", [by_option, by_environment, by_configuration, by_folder])
def test_the_ways_to_ask_for_a_pack(here, monkeypatch, capsys, way):
    assert main(["prompt.json", "--json", *way(here, monkeypatch)]) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)  # what the node printed is not in it
    assert report["nodes"][1]["ui"] == {"text": ["abab"]}
    assert "twice ab" in err
    assert err.count("runs with your rights") == 1


def test_an_entry_point_for_comfyui_is_loaded_when_a_class_is_missing(here, monkeypatch, capsys):
    monkeypatch.syspath_prepend(here)
    packs.install(here, "some_pack", PACK, group="comfyui.custom_nodes", value="some_pack")
    assert main(["prompt.json"]) == 0
    (here / "other.json").write_text('{"1": {"class_type": "PandasShowText", "inputs": {}}}')
    (here / "some_pack.py").write_text("raise AssertionError('loaded without need')")
    main(["check", "other.json"])
    assert "loaded without need" not in capsys.readouterr().err


def test_a_pack_that_fails_is_a_warning_unless_it_is_needed(here, capsys):
    (here / "broken.py").write_text("import no_such_library\n")
    assert main(["prompt.json", "--pack", "pack.py", "--pack", "broken.py"]) == 0
    err = capsys.readouterr().err
    assert "warning[missing_pack]: pack broken needs the library no_such_library" in err
    assert main(["prompt.json", "--pack", "broken.py"]) == 4
    err = capsys.readouterr().err
    assert "node 0a (Twice): no installed pack has the class 'Twice'" in err
    assert "pip install no_such_library" in err


def test_a_pack_that_is_not_there(here, capsys):
    assert main(["prompt.json", "--pack", "nowhere"]) == 4
    err = capsys.readouterr().err
    assert "nowhere is neither a file, a folder, nor the name of an installed pack" in err


def test_a_failure_shows_the_packs_lines_the_inputs_and_the_way_back(here, capsys, monkeypatch):
    (here / "prompt.json").write_text(json.dumps(prompt("fail", "ok")))
    monkeypatch.setattr("sys.argv", ["graphrun", "prompt.json", "--fresh", "--pack", "pack.py"])
    assert main() == 1
    err = capsys.readouterr().err
    assert "error[node_failed]: node 0a (Twice): ValueError: no such text" in err
    assert "it was given text: str of length 4" in err
    lines = [line for line in err.splitlines() if line.startswith("  File")]
    assert [line.rpartition(" ")[2] for line in lines] == ["run", "deeper"]
    assert all("pack.py" in line for line in lines)
    assert "run it again: graphrun prompt.json --pack pack.py" in err
    assert "1b" not in err.partition("node_failed")[2]


def test_keep_going_says_what_was_blocked_by_what(here, capsys):
    (here / "prompt.json").write_text(json.dumps(prompt("fail", "ok")))
    assert main(["prompt.json", "--pack", "pack.py", "--keep-going"]) == 1
    out, err = capsys.readouterr()
    assert "okok" in out
    assert "blocked: node 0b (Tell) needs node 0a" in err


def test_partial_targets(here, capsys):
    (here / "prompt.json").write_text(json.dumps(prompt("a", "b")))
    assert main(["prompt.json", "1a", "--pack", "pack.py", "--json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [(n["id"], n["state"]) for n in nodes] == [("1a", "finished")]


def test_lenient_converts_and_says_so(here, capsys):
    nodes = prompt(None)
    (here / "prompt.json").write_text(json.dumps(nodes))
    assert main(["prompt.json", "--pack", "pack.py"]) == 3
    assert "text takes a text, not null" in capsys.readouterr().err
    assert main(["prompt.json", "--pack", "pack.py", "--lenient"]) == 0
    out, err = capsys.readouterr()
    assert "NoneNone" in out
    assert 'text is null and is taken for "None"' in err


def test_listing_showing_and_exporting_a_pack(here, capsys):
    assert main(["nodes", "ls", "--pack", "pack.py"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no category (1)",
        "  Tell",
        "toys (1)",
        "  Twice  A text, twice.",
    ]
    assert main(["nodes", "show", "Twice", "--pack", "pack.py"]) == 0
    assert "Say it twice · category toys · pack pack" in capsys.readouterr().out
    assert main(["nodes", "export", "--pack", "pack.py"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["Twice"]["display_name"] == "Say it twice"
    assert found["Twice"]["python_module"] == "custom_nodes.pack"
    (here / "info.json").write_text(json.dumps(found))
    assert main(["check", "prompt.json", "--object-info", "info.json"]) == 0
    assert main(["nodes", "export", "all.json", "--pack", "pack.py"]) == 0
    assert json.loads((here / "all.json").read_text()) == found


def test_of_two_packs_with_one_class_the_later_counts_and_it_is_told(here, capsys):
    (here / "other.py").write_text(PACK.replace("text * 2", "text * 3"))
    assert main(["prompt.json", "--pack", "pack.py", "--pack", "other.py"]) == 0
    out, err = capsys.readouterr()
    assert "ababab" in out
    assert "Twice is brought by two packs: pack and other" in err


def test_a_foreign_pack_does_not_replace_ours(here, capsys):
    (here / "mine.py").write_text(PACK.replace('"Tell": Tell', '"Tell": Tell, "PtoAdamW": Tell'))
    assert main(["nodes", "show", "PtoAdamW", "--pack", "mine.py"]) == 0
    out, err = capsys.readouterr()
    assert "pack graphrun" in out
    assert "the class of graphrun is used" in err


def test_a_class_that_cannot_say_what_it_is(here, capsys):
    text = PACK.replace(
        'return {"required": {"text": ("STRING", {"default": "a"})}}', "return 1 / 0"
    )
    (here / "pack.py").write_text(text)
    assert main(["nodes", "ls", "--pack", "pack.py"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["Tell"]
    assert "Twice: its definition cannot be read: ZeroDivisionError" in err
    assert main(["prompt.json", "--pack", "pack.py"]) == 4


LOUD = """
import os
import subprocess
import sys
import subprocess

print("imported")
os.write(1, b"imported, past Python\\n")


class Loud:
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        print("asked for inputs")
        return {"required": {"text": ("STRING", {})}}

    @classmethod
    def VALIDATE_INPUTS(cls, text):
        print("asked for a verdict")
        return True

    def run(self, text):
        print("running")
        subprocess.run(["echo", "a child"])
        return {"ui": {"text": [text]}}


NODE_CLASS_MAPPINGS = {"Loud": Loud}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["loud.json", "--json"],
        ["loud.json", "--dry-run", "--json"],
        ["check", "loud.json", "--json"],
        ["nodes", "export"],
    ],
)
def test_stdout_is_json_alone_whatever_a_pack_prints(here, arguments):
    (here / "loud.py").write_text(LOUD)
    nodes = {"1": {"class_type": "Loud", "inputs": {"text": "a"}}}
    (here / "loud.json").write_text(json.dumps(nodes))
    command = [sys.executable, "-m", "graphrun", *arguments, "--pack", "loud.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    json.loads(done.stdout)
    assert "imported, past Python" in done.stderr
    assert "asked for inputs" in done.stderr
    if arguments == ["loud.json", "--json"]:
        assert "a child" in done.stderr


def test_a_pack_that_is_not_python_is_told_with_its_line(here, capsys):
    (here / "broken.py").write_text("x = 1\ndef f(:\n")
    assert main(["prompt.json", "--pack", "broken.py", "--pack", "pack.py"]) == 0
    place = f"({here / 'broken.py'}:2)"
    assert f"pack broken could not be loaded: SyntaxError: invalid syntax {place}" in (
        capsys.readouterr().err
    )


ODD = """
from pathlib import Path


class Odd:
    RETURN_TYPES = ("PATH",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"place": ("PATH", {"default": Path("a/b"), "only": {1}})}}

    def run(self, place):
        return (place,)


NODE_CLASS_MAPPINGS = {"Odd": Odd}
"""


def test_options_that_json_cannot_say_are_told_as_text(here, capsys):
    (here / "odd.py").write_text(ODD)
    assert main(["nodes", "export", "--pack", "odd.py"]) == 0
    options = json.loads(capsys.readouterr().out)["Odd"]["input"]["required"]["place"][1]
    assert options == {"default": "a/b", "only": "{1}"}
    assert main(["nodes", "export", "odd.json", "--pack", "odd.py"]) == 0
    assert '"default": "a/b"' in (here / "odd.json").read_text()
    capsys.readouterr()
    assert main(["nodes", "show", "Odd", "--pack", "odd.py"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "Odd",
        "pack odd",
        "",
        "Inputs:",
        "  name   type  given as  default",
    ]
    assert lines[5] == '  place  PATH  link      "a/b"'


def test_what_a_node_needs_and_is_not_offered_names_the_pack(here, capsys):
    text = PACK.replace("return text * 2", "import comfy.sd; return comfy.sd.load_checkpoint(text)")
    (here / "pack.py").write_text(text)
    assert main(["prompt.json", "--pack", "pack.py"]) == 1
    err = capsys.readouterr().err
    assert "error[not_offered]: node 0a (Twice): pack pack needs comfy.sd.load_checkpoint" in err


def test_a_pack_that_failed_is_told_at_the_first_class_that_is_missing(here, capsys):
    (here / "broken.py").write_text("import no_such_library\n")
    assert main(["check", "prompt.json", "--pack", "broken.py"]) == 4
    err = capsys.readouterr().err
    assert err.count("no installed pack has the class") == 2
    assert err.count("needs the library no_such_library") == 2  # once for itself, once as a hint
