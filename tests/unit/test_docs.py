"""The pages say what the code does: names, options, commands, packs."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import graphrun.node
from graphrun.catalog import aliases
from graphrun.cli import config, training
from graphrun.cli.main import VERBS, main, parser
from graphrun.errors import ExitCode

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = [p for p in DOCS.rglob("*.md") if p.parent.name != "nodes"]
LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")


def section(page, title):
    """A part of a page, without its subsections."""
    found = re.split(rf"^#+ {re.escape(title)}\n", (DOCS / page).read_text("utf-8"), flags=re.M)
    assert len(found) == 2, f"{page} has no {title}"
    return re.split(r"^#+ ", found[1], flags=re.M)[0]


def rows(text):
    """The first column of a table, of which every cell is a name in backquotes."""
    return [name for row in re.findall(r"^\| (`.*?) \|", text, re.M) for name in row.split(", ")]


def names(text):
    return {name.strip("`") for name in rows(text)}


def test_the_reference_of_the_command_line_is_that_of_the_parsers():
    place = DOCS / "reference/make_cli.py"
    found = importlib.util.spec_from_file_location("make_cli", place)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page(), "run `make docs`"


def test_every_key_of_a_configuration_is_told():
    page = "reference/configuration.md"
    assert names(section(page, "Keys")) == {*config.KEYS, *training.KEYS}
    assert names(section(page, "`[cache]`")) == {*config.CACHE_KEYS}
    assert names(section(page, "`[track]`")) == {*config.TRACK_KEYS}
    for key in names(section(page, "`[alias]`")):
        value = {"labels": ["a"], "splits": {"test": "a"}}.get(key, "a")
        assert aliases.alias({"path": "a", key: value}, Path())


def test_the_configuration_of_the_page_is_one(tmp_path):
    text = (DOCS / "reference/configuration.md").read_text("utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)
    (tmp_path / "graphrun.toml").write_text(block)
    assert config.read(tmp_path).keys() == tomllib.loads(block).keys()


def test_every_schema_is_told():
    page = (DOCS / "reference/formats.md").read_text("utf-8")
    told = set(re.findall(r"\(\.\./\.\./schemas/([a-z-]+)\.schema\.json\)", page))
    assert told == {p.name.removesuffix(".schema.json") for p in ROOT.glob("schemas/*.schema.json")}


def test_every_exit_code_is_told():
    codes = re.findall(r"^\| (\d+) \|", (DOCS / "reference/exit-codes.md").read_text(), re.M)
    assert [int(code) for code in codes] == sorted({int(code) for code in ExitCode})


def test_every_variable_of_its_own_is_told():
    told = names(section("reference/environment.md", "graphrun's own"))
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "graphrun").rglob("*.py"))
    assert told == set(re.findall(r'"(GRAPHRUN_[A-Z_]+)"', code))


def test_every_public_name_is_in_the_python_reference():
    page = (DOCS / "reference/python.md").read_text("utf-8")
    told = set(re.findall(r"^\.\. auto\w+:: graphrun\.(\w+)$", page, re.M))
    assert told - {"node", "testing"} == set(graphrun.__all__)
    own = {n for n in vars(graphrun.node) if n.isidentifier() and not n.startswith("_")}
    assert own - {"Any", "Callable"} == set(graphrun.node.__all__)
    assert "graphrun.node.Pack" in page
    assert "graphrun.node.for_comfyui" in page


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_links_lead_to_files(page):
    targets = [link.partition("#")[0] for link in LINK.findall(page.read_text("utf-8"))]
    lost = [t for t in targets if t and ":" not in t and not (page.parent / t).exists()]
    assert lost == []


def test_every_page_is_in_the_index():
    listed = set(LINK.findall((DOCS / "index.md").read_text("utf-8")))
    pages = {p.relative_to(DOCS).as_posix() for p in WRITTEN if p.parent.name != "adr"}
    assert listed - {"nodes/README.md", "adr/index.md"} == pages - {"index.md"}


def fences(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)


def put_files(page, folder):
    """Write the files that a page shows, each under a comment that names it."""
    text = (DOCS / page).read_text("utf-8")
    for name, content in re.findall(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", text, re.M | re.S):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{content}\n\n" if name.endswith(".py") else content)


def looks_like(line):
    """A line of output, whatever its numbers, times, folders and widths of columns."""
    words = re.sub(r"\d[\d,.:e+-]*", "\0", line).split()
    return re.compile(r"\s+".join(re.escape(word).replace("\0", r"[\d,.:e+-]+") for word in words))


def shows(page, folder, capsys):
    """Run the commands of a page, and compare what they print with what it shows."""
    for block in fences(page, "console"):
        command, *shown = block.splitlines()
        code = main(shlex.split(command.removeprefix("$ graphrun ")))
        out, err = capsys.readouterr()
        said = (err + out).replace(f"{folder}/", "")
        # Of two runs within a second the folder of the second has a number.
        said = re.sub(r"(runs/\d{8}-\d{6}-\w+)-\d+\b", r"\1", said)
        assert (code == 0) == ("error[" not in block), said
        for line in shown:
            assert line == "…" or looks_like(line).search(said), f"{command}: {line}\n{said}"


def test_the_commands_of_the_tutorial_print_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put_files("tutorial.md", tmp_path)
    shutil.copy(ROOT / "workflows/distilbert_classification.json", "reviews.json")
    shows("tutorial.md", tmp_path, capsys)


def test_the_pack_of_the_guide_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    put_files("authoring.md", tmp_path)
    shows("authoring.md", tmp_path, capsys)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_letters.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    (tmp_path / "fox.txt").write_text("a fox")
    for epochs, told in ((3, "epoch 3"), (5, "epoch 5")):
        options = ["letters.json", "3", "7", "--pack", "letters.py", "--set", f"3.epochs={epochs}"]
        assert main(options) == 0
        assert told in capsys.readouterr().err
    assert Path("runs").glob("*/outputs/texts.txt")


def test_the_commands_for_ci_are_ones(tmp_path):
    put_files("ci.md", tmp_path)
    jobs = yaml.safe_load((tmp_path / ".github/workflows/workflows.yml").read_text())["jobs"]
    names = {step.get("name") for step in jobs["workflows"]["steps"]}
    assert {"Check", "Test", "Report"} <= names
    text = "".join(fences("ci.md", "(?:yaml|sh)"))
    commands = re.findall(r"\bgraphrun ([a-z][^&|>\n]+)", text)
    for command in commands:
        words = shlex.split(command)
        verb = words[0] if words[0] in VERBS else "run"
        found = parser([verb]).parse_args(words if words[0] == verb else [verb, *words])
        assert found.verb == verb
    assert len(commands) > 12
