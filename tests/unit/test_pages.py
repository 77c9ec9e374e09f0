"""The pages of node classes: what they say, as text and as Markdown."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graphrun
from graphrun.catalog import Catalog, NodeSpec
from graphrun.cli import blocks, pages
from graphrun.cli.main import main
from graphrun.cli.neighbours import Neighbours
from graphrun.documents import loads

AROUND = Neighbours(Catalog.installed())
TRAINER = "PtTrainClassificationTransformerModel"
PACK = '''
class Stir:
    """Nothing of this is on the page."""
    DESCRIPTION = "Stirs <b>hard</b>."
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "soup": ("SOUP", {"tooltip": "what is stirred | poured"}),
                "spoons": ([f"spoon number {i}" for i in range(9)], {"default": "spoon number 2"}),
                "odd": ("INT", {"default": object, "min": 3}),
            },
            "optional": {"salt": ("SALT",)},
        }
    RETURN_TYPES = ("SOUP",)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "stir"
    CATEGORY = "kitchen"
    DEPRECATED = True
    def stir(self, **inputs):
        return ([],)

class Broken(Stir):
    INPUT_TYPES = classmethod(lambda cls: 1 / 0)

NODE_CLASS_MAPPINGS = {"Stir": Stir, "Broken": Broken}
'''


def text(name, around=AROUND):
    return "\n".join(blocks.plain(pages.page(around.catalog[name], around)))


def section(page, title):
    found = page.partition(f"\n{title}:\n")[2]
    return re.split(r"\n\n(?=[A-Z][\w ]+:\n)", found)[0]


@pytest.mark.parametrize("name", AROUND.specs)
def test_every_class_has_a_page_and_an_example_that_is_right(name):
    page = text(name)
    assert page.startswith(f"{name}\n")
    assert "Raises" not in page
    prompt = AROUND.example(name)
    target = list(prompt)[-1]
    assert prompt[target]["class_type"] == name
    assert len(prompt) <= 12
    document = loads(json.dumps(prompt))
    found = graphrun.check(graphrun.Request(document, targets=[target]))
    codes = {one.code for one in found} - {"interface_only"}
    open = any(value == ["ID", 0] for value in prompt[target]["inputs"].values())
    if open:
        assert codes == {"bad_linked_input"}
        assert "nothing that is known here" in page
    else:
        # The one asks for one of two optional links.
        allowed = {"custom_validation_failed"} if name == "ComfySoftSwitchNode" else set()
        assert codes <= allowed


def test_what_is_said_of_inputs_and_outputs():
    page = text(TRAINER)
    inputs = section(page, "Inputs").splitlines()
    assert inputs[0].split() == [
        "name",
        "type",
        "given",
        "as",
        "default",
        "range,",
        "choices",
        "notes",
    ]
    rows = {line.split()[0]: line for line in inputs[1:]}
    assert re.fullmatch(r" +model +PTMODEL +link +changed in place", rows["model"])
    assert re.fullmatch(r" +epochs +INT +value +1 +1 to 1_000_000 +at most 2 .*", rows["epochs"])
    note = "computed only if needed"
    assert re.fullmatch(rf" +val_loader +PTDATALOADER +link, optional +{note}", rows["val_loader"])
    starts = {line.index(line.split()[1]) for line in inputs[1:]}
    assert len(starts) == 1  # a column is a column
    assert section(page, "Outputs").splitlines()[2].split() == ["1", "train", "loss", "TENSOR"]


def test_what_is_said_around_them():
    page = text(TRAINER)
    assert "pack graphrun" in page.splitlines()[1]
    assert "Draws random numbers" in page
    assert "train_loader gives no batches" in section(page, "Fails when")
    links = " ".join(section(page, "Goes with").split())
    assert re.search(r"- PTOPTIMIZER for optimizer comes from [^-]*\bPtoAdamW\b", links)
    assert "workflows/distilbert_classification.json" in section(page, "Used in")


def test_one_class_is_one_node_of_an_example():
    """What a trainer trains has to be what its optimizer was made for."""
    prompt = AROUND.example(TRAINER)
    *_, trainer = prompt.values()
    optimizer = prompt[trainer["inputs"]["optimizer"][0]]
    assert trainer["inputs"]["model"] == optimizer["inputs"]["model"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PtSaveModel", "a file that is written"),
        ("PtSaveModel", "come back with it"),
        ("PtLoadModel", "when their contents have changed"),
        ("HfTokenizerEncode", "names a tokenizer"),
        ("PandasShowText", "A run is for nodes like this one"),
        ("PandasShowText", "only as a link"),
        ("PandasShowText", "one by one"),
        ("ComfyMathExpression", "called values.a, values.b, values.c, …"),
        ("ComfySwitchNode", "Anything goes into on_false, on_true"),
        ("ComfySwitchNode", "computed only if needed"),
        ("CDAIntCreate", "goes to every INT value"),
        ("KSampler", "`sampler_name` is one of: euler, euler_cfg_pp,"),
        ("KSampler", "followed by a control value"),
        ("CheckpointLoaderSimple", "not known here"),
        ("Note", "Exists only in the editor"),
    ],
)
def test_special_traits_are_told(name, words):
    assert words in text(name)


def test_paragraphs_behind_the_errors_are_not_lost():
    about = "Does.\n\nRaises:\n    InputError: it is\n        long.\n    OSError: full.\n\nMore."
    around = Neighbours(Catalog((), {"X": NodeSpec("X", description=about)}))
    page = text("X", around)
    assert "Does.\n\nMore." in page
    assert section(page, "Fails when") == "  - it is long.\n  - full."


def test_a_class_of_a_pack_for_comfyui(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("pots.py").write_text(PACK)
    assert main(["nodes", "show", "Stir", "--pack", "pots.py"]) == 0
    page = capsys.readouterr().out
    for words in (
        "category kitchen · pack pots",
        "one of 9, see below",
        "spoon number 8.",
        "from 3",
        "what is stirred | poured",
        "link, optional",
        "Deprecated.",
        "ID stands for a node",
    ):
        assert words in " ".join(page.split())
    assert main(["nodes", "export", "out", "--format", "md", "--pack", "pots.py"]) == 0
    assert sorted(p.name for p in Path("out").iterdir()) == ["README.md", "Stir.md"]
    page = Path("out/Stir.md").read_text("utf-8")
    assert "Stirs &lt;b>hard&lt;/b>." in page
    assert "what is stirred \\| poured" in page


def test_markdown_links_classes_and_old_pages_go(tmp_path, capsys):
    folder = tmp_path / "pages"
    assert main(["nodes", "export", str(folder), "--format", "md"]) == 0
    (folder / "mine.md").write_text("kept")
    (folder / "Gone.md").write_text((folder / "PtoAdam.md").read_text("utf-8"))
    assert main(["nodes", "export", str(folder), "--format", "md", "--json"]) == 0
    assert (folder / "mine.md").exists()
    assert not (folder / "Gone.md").exists()
    names = {path.stem for path in folder.iterdir()} - {"mine"}
    assert names == {*AROUND.specs, "README"}
    for path in folder.glob("*.md"):
        page = path.read_text("utf-8")
        for target in re.findall(r"\]\(([^)]+)\.md\)", page):
            assert target in names
        for table in re.findall(r"(?:^\|.*\n)+", page, re.M):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert f"[{TRAINER}]({TRAINER}.md)" in (folder / "PtoAdam.md").read_text("utf-8")
    assert "[PtoAdam](PtoAdam.md)" in (folder / "README.md").read_text("utf-8")


def test_what_an_example_leaves_empty_is_told():
    told = " ".join(text("PtvHfLocalDataset").split())
    assert re.search(r"Still empty: `[^;]+` of node 2[.;]", told)
    assert re.search(r"Run it with `graphrun prompt.json \d+`", told)


def test_an_example_runs(tmp_path, monkeypatch):
    """What a signature gives as an example stands in the page's."""
    monkeypatch.chdir(tmp_path)
    page = text("CDAIntCreate")
    assert re.search(r"data +STRING +value +such as 7", page)
    document = page.partition("\n{\n")[2].rpartition("\n}")[0]
    report = graphrun.run(loads(f"{{{document}}}"), targets=["1"])
    assert report.outputs["1"] == ([7],)


FILLED = """PtFull PtIntCreate PtReshape PtPermute PtGather PtScatter PtIndexSelect PtEinsum
PtMedian PtdNormal PtdBernoulli PtdCategorical PtdmCdf PtdmIcdf PtdmSample PyStringToDict"""


@pytest.mark.parametrize("name", FILLED.split())
def test_examples_of_texts_that_have_to_be_filled_in_run(name):
    document = text(name).partition("\n{\n")[2].rpartition("\n}")[0]
    prompt = loads(f"{{{document}}}")
    last = [*prompt.nodes][-1]
    assert prompt.nodes[last].class_type == name
    assert graphrun.run(prompt, targets=[last]).error is None


def test_markdown_of_one_class(capsys):
    assert main(["nodes", "show", "PtoAdam", "--format", "md"]) == 0
    assert capsys.readouterr().out.startswith("# PtoAdam\n\nPto Adam · ")


def test_listing_by_category(capsys):
    assert main(["nodes", "ls", "--category", "training"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("PtoAdamW  ") for line in lines)
    assert main(["nodes", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert all(re.fullmatch(r".+ \(\d+\)", line) for line in heads)
    assert sum(int(line.rpartition("(")[2][:-1]) for line in heads) == len(lines) - len(heads)


def test_showing_a_class_imports_no_torch():
    code = (
        "import sys; from graphrun.cli.main import main; main(['nodes', 'show', 'PtoAdam'])\n"
        "heavy = {'torch', 'numpy', 'graphrun_nodes.optimizers'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
