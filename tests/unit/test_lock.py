"""Locks: what a workflow needs is written down, and what differs later is named."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import packs
import pytest
from graphrun_nodes._tiny import FOLDER, checkpoint

from graphrun.cli.main import main
from graphrun.documents import loads, schema
from graphrun.record import packs as told
from graphrun.sources.contents import CONTENT, TIMES, contents
from graphrun.sources.digests import Digests

ROOT = Path(__file__).parents[2]
FLAGSHIP = ROOT / "workflows/distilbert_classification.json"
MODEL, LOCK = "distilbert-base-uncased", Path("flow.lock.json")
ALIASES = ["--alias", f"{MODEL}=model", "--alias", "imdb=reviews"]
TEXT = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
}
PACK = """
class Told:
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "a"})}}

    def run(self, text):
        return {"ui": {"text": [text]}}


NODE_CLASS_MAPPINGS = {"Told": Told}
"""
TOLD = {"7": {"class_type": "Told", "inputs": {"text": "a"}}}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    shutil.copytree(checkpoint("distilbert"), "model")
    shutil.copytree(FOLDER / "reviews", "reviews")
    shutil.copy(FLAGSHIP, "flow.json")
    write("text.json", TEXT)


def write(name, document):
    Path(name).write_text(json.dumps(document))


def lock(capsys, *arguments):
    """Lock; the document."""
    assert main(["lock", *arguments]) == 0
    target = capsys.readouterr().out.partition(":")[0]
    return json.loads(Path(target).read_text())


def verify(capsys, *arguments):
    """Exit code and the differences; JSON and text tell of the same number."""
    code = main(["verify", *arguments, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert main(["verify", *arguments]) == code
    err = capsys.readouterr().err
    assert all(one["message"].splitlines()[0] in err for one in document["differences"])
    errors = [one for one in document["differences"] if one["severity"] == "error"]
    assert document["same"] == (not errors) == (code == 0)
    return code, document["differences"]


def edited(change, path=LOCK):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def satisfies(document):
    from jsonschema import Draft202012Validator

    return not list(Draft202012Validator(schema("lock")).iter_errors(document))


def test_a_lock_holds_what_the_workflow_needs(capsys):
    document = lock(capsys, "flow.json", *ALIASES)
    assert satisfies(document)
    assert document["workflow"] == "flow.json"
    assert document["classes"]["PtoAdamW"] == "graphrun"
    assert document["packs"]["graphrun"]["distribution"] == "graphrun"
    assert {"torch", "numpy", "pandas", "transformers"} <= document["packages"].keys()
    data, model = document["resources"]
    assert (data["kind"], data["name"], data["source"]) == ("dataset", "imdb", "alias")
    assert data["files"].keys() == {"train.jsonl", "test.jsonl"}
    assert (model["kind"], model["name"], model["by"]) == ("model", MODEL, "content")
    weights = Path("model/model.safetensors").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    assert model["files"]["model.safetensors"] == {"bytes": len(weights), "sha256": digest}
    assert not Path("runs").exists()


def test_the_same_machine_is_as_locked(capsys):
    first = lock(capsys, "flow.json", *ALIASES)
    assert verify(capsys, "flow.json", *ALIASES) == (0, [])
    text = LOCK.read_text()
    assert lock(capsys, "flow.json", *ALIASES) == first
    assert LOCK.read_text() == text


def test_neither_verb_needs_torch():
    program = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'datasets', 'numpy'): sys.modules[name] = None\n"
        "from graphrun.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    for verb in ("lock", "verify"):
        done = subprocess.run(
            [sys.executable, "-c", program, verb, "flow.json", *ALIASES],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_where_a_lock_goes(capsys):
    assert main(["lock", "text.json"]) == 0
    assert capsys.readouterr().out.startswith(
        "text.lock.json: 2 classes, 1 pack, 0 models or files"
    )
    assert main(["lock", "text.json", "-o", "other.json"]) == 0
    assert Path("other.json").read_text() == Path("text.lock.json").read_text()
    capsys.readouterr()
    assert main(["lock", "text.json", "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Path("other.json").read_text())
    assert verify(capsys, "text.json", "--lock", "other.json") == (0, [])


def test_the_configuration_counts(capsys):
    Path("graphrun.toml").write_text(f'[alias]\n{MODEL} = "model"\nimdb = "reviews"\n')
    lock(capsys, "flow.json")
    assert verify(capsys, "flow.json") == (0, [])


def test_a_changed_byte_of_the_weights_is_named(capsys):
    lock(capsys, "flow.json", *ALIASES)
    weights = Path("model/model.safetensors")
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    code, (found,) = verify(capsys, "flow.json", *ALIASES)
    assert (code, found["code"], found["node"]) == (1, "resource_changed", "10")
    assert "model.safetensors is another" in found["message"]
    assert found["position"].startswith("flow.json:")
    assert f"--alias {MODEL}=DIR" in found["hint"]


def test_the_same_content_elsewhere_is_the_same(capsys):
    lock(capsys, "flow.json", *ALIASES)
    Path("model").rename("elsewhere")
    Path("elsewhere/README.md").write_text("decides nothing")
    aliases = ["--alias", f"{MODEL}=elsewhere", "--alias", "imdb=reviews"]
    assert verify(capsys, "flow.json", *aliases) == (0, [])


def test_changed_data_and_columns_are_named(capsys):
    lock(capsys, "flow.json", *ALIASES)
    columns = ["--alias", f"{MODEL}=model", "--alias", "imdb=reviews?text=text&label=label"]
    code, (found,) = verify(capsys, "flow.json", *columns)
    assert (code, found["code"]) == (1, "resource_changed")
    assert '"text": "text"' in found["message"]
    with Path("reviews/train.jsonl").open("a") as file:
        file.write('{"text": "one more", "label": 1}\n')
    Path("reviews/test.jsonl").rename("reviews/validation.jsonl")
    code, (found,) = verify(capsys, "flow.json", *ALIASES)
    assert (code, found["code"]) == (1, "resource_changed")
    for part in ("train.jsonl is another", "test.jsonl is gone", "validation.jsonl is new"):
        assert part in found["message"]


def test_a_missing_alias_is_named_with_all_the_rest(capsys):
    lock(capsys, "flow.json", *ALIASES)
    edited(lambda document: document["packages"].update(numpy="1.0"))
    code, found = verify(capsys, "flow.json", *ALIASES[:2])
    assert (code, [one["code"] for one in found]) == (4, ["missing_dataset", "other_version"])
    assert "--alias imdb=DIR" in found[0]["hint"]
    assert main(["lock", "flow.json", "-o", "never.json"]) == 4
    assert not Path("never.json").exists()


def test_other_versions_are_named_with_the_way_back(capsys):
    document = lock(capsys, "text.json")

    def change(document):
        document["packages"] |= {"torch": "1.0", "no-such-package": "2.0"}
        document["python"] = "3.0"

    edited(change, Path("text.lock.json"))
    code, found = verify(capsys, "text.json")
    assert code == 1
    assert {one["code"] for one in found} == {"other_version"}
    assert [one["hint"] for one in found] == [
        "use Python 3.0",
        "pip install no-such-package==2.0",
        "pip install torch==1.0",
    ]
    assert found[2]["message"] == f"torch {document['packages']['torch']} instead of 1.0"


def test_a_changed_prompt_is_named_node_by_node(capsys):
    lock(capsys, "text.json")
    nodes = {
        "1": {"class_type": "CDAStringCreate", "inputs": {"data": "other"}},
        "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
        "3": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
    }
    write("text.json", nodes)
    code, found = verify(capsys, "text.json")
    assert (code, {one["code"] for one in found}) == (1, {"prompt_changed"})
    messages = [one["message"] for one in found]
    assert 'node 1 (CDAStringCreate): data is "other", not "hello"' in messages
    assert "node 3 (PandasShowText) is new" in messages
    value = next(one for one in found if one.get("input") == "data")
    assert (value["node"], value["position"].startswith("text.json:")) == ("1", True)
    nodes["5"] = {"class_type": "CDAStringCreate", "inputs": {"data": "more"}}
    nodes["3"]["inputs"]["text"] = ["5", 0]
    write("text.json", nodes)
    lock(capsys, "text.json")
    nodes["3"]["inputs"]["text"] = ["1", 0]
    write("text.json", nodes)
    _, (found,) = verify(capsys, "text.json")
    message = "node 3 (PandasShowText): text is output 0 of node 1, not output 0 of node 5"
    assert (found["message"], found["input"]) == (message, "text")
    write("text.json", {name: nodes[name] for name in ("1", "2", "5")})
    _, (found,) = verify(capsys, "text.json")
    assert found["message"] == "node 3 (PandasShowText) is gone"


def test_other_ids_titles_and_orders_are_the_same_prompt(capsys):
    lock(capsys, "text.json")
    nodes = {
        "9": {"class_type": "PandasShowText", "inputs": {"text": ["5", 0]}},
        "5": {**TEXT["1"], "_meta": {"title": "another title"}},
    }
    write("text.json", nodes)
    assert verify(capsys, "text.json") == (0, [])


def test_the_code_of_a_pack_in_a_folder_is_compared(capsys):
    Path("mine").mkdir()
    Path("mine/__init__.py").write_text(PACK)
    Path("mine/pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1.2"\n')
    write("told.json", TOLD)
    document = lock(capsys, "told.json", "--pack", "mine")
    assert satisfies(document)
    assert document["classes"] == {"Told": "mine"}
    assert document["packs"]["mine"].keys() == {"digest", "version"}
    Path("mine/more.py").write_text("")
    code, (found,) = verify(capsys, "told.json", "--pack", "mine")
    assert (code, found["code"], found["node"]) == (1, "pack_changed", "7")
    assert found["message"] == "pack mine: its Python files are others"
    Path("mine/pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1.3"\n')
    _, (found,) = verify(capsys, "told.json", "--pack", "mine")
    assert found["message"] == "pack mine: version 1.3 instead of 1.2"


def test_a_pack_that_is_a_repository_has_its_commit(capsys):
    Path("mine").mkdir()
    Path("mine/__init__.py").write_text(PACK)
    git("mine", "init", "-q")
    git("mine", "add", ".")
    git("mine", "commit", "-qm", "one")
    write("told.json", TOLD)
    commit = lock(capsys, "told.json", "--pack", "mine")["packs"]["mine"]["commit"]
    assert commit == git("mine", "rev-parse", "HEAD")
    Path("mine/__init__.py").write_text(PACK + "# more\n")
    git("mine", "commit", "-qam", "two")
    _, (found,) = verify(capsys, "told.json", "--pack", "mine")
    assert f"instead of {commit}" in found["message"]
    assert found["hint"] == f"git checkout {commit} in its folder"


def git(folder, *arguments):
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_class_of_another_pack_is_named(capsys):
    for name in ("one", "two"):
        Path(name).mkdir()
        Path(name, "__init__.py").write_text(f"{PACK}# {name}\n")
    write("told.json", TOLD)
    lock(capsys, "told.json", "--pack", "one")
    code, (found,) = verify(capsys, "told.json", "--pack", "two")
    assert (code, found["code"], found["node"]) == (1, "other_pack", "7")
    assert found["message"] == "Told is brought by the pack two, not by one"
    assert main(["verify", "told.json"]) == 4  # no pack brings it


def test_the_version_of_an_installed_pack_is_compared(capsys, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    packs.install(site, "told_pack", PACK, group="comfyui.custom_nodes", value="told_pack")
    write("told.json", TOLD)
    document = lock(capsys, "told.json")
    assert document["packs"] == {"told_pack": {"distribution": "told_pack", "version": "1"}}
    assert verify(capsys, "told.json")[0] == 0

    def change(document):
        document["packs"]["told_pack"]["version"] = "0.9"

    edited(change, Path("told.lock.json"))
    code, (found,) = verify(capsys, "told.json")
    assert (code, found["code"], found["node"]) == (1, "pack_changed", "7")
    assert found["message"] == "pack told_pack: version 1 instead of 0.9"
    assert found["hint"] == "pip install told_pack==0.9"


def test_what_the_file_says_of_packs(capsys):
    said = {**TEXT, "1": {**TEXT["1"], "_meta": {"cnr_id": "some-pack", "ver": "1.0.0"}}}
    write("text.json", said)
    document = lock(capsys, "text.json")
    expected = {"versions": ["1.0.0"], "classes": ["CDAStringCreate"]}
    assert document["declared"] == {"some-pack": expected}
    said["1"]["_meta"]["ver"] = "1.1.0"
    write("text.json", said)
    code, (found,) = verify(capsys, "text.json")
    assert (code, found["code"], found["severity"]) == (0, "declared_pack_changed", "warning")
    assert "1.1.0" in found["message"]


def test_what_a_workflow_says_of_packs():
    node = {"id": 1, "type": "A", "properties": {"cnr_id": "core", "ver": "0.3.1"}}
    inner = {"id": 2, "type": "B", "properties": {"aux_id": "someone/pack", "ver": "0123abcd"}}
    graph = {"id": "g", "name": "g", "nodes": [inner], "links": []}
    document = {
        "version": 0.4,
        "nodes": [node, {"id": 3, "type": "C"}],
        "links": [],
        "definitions": {"subgraphs": [graph]},
        "extra": {"node_versions": {"core": "0.3.2", "other": "9"}},
    }
    raw = json.loads(FLAGSHIP.read_text())
    workflow = loads(json.dumps({**raw, "extra": document["extra"]}))
    assert told.declared(workflow)["other"] == {"versions": ["9"], "classes": []}
    from graphrun.documents import Source, Workflow

    assert told.declared(Workflow(document, Source("w", ""))) == {
        "core": {"versions": ["0.3.1", "0.3.2"], "classes": ["A"]},
        "other": {"versions": ["9"], "classes": []},
        "someone/pack": {"versions": ["0123abcd"], "classes": ["B"]},
    }


def test_a_copy_of_the_hub_has_its_commit(capsys, tmp_path, monkeypatch):
    commit = "0123456789abcdef0123456789abcdef01234567"
    hub = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(hub))
    snapshot = hub / f"models--{MODEL}" / "snapshots" / commit
    shutil.copytree("model", snapshot)
    document = lock(capsys, "flow.json", *ALIASES[2:])
    model = document["resources"][1]
    assert (model["source"], model["revision"]) == ("cache", commit)
    assert verify(capsys, "flow.json", *ALIASES[2:]) == (0, [])
    assert verify(capsys, "flow.json", *ALIASES) == (0, [])  # the same, in another place
    # Too large to read, and fetched at another time: the commit tells.
    large = {"by": TIMES, "digest": "0" * 64}
    edited(lambda document: document["resources"][1].update(large))
    assert verify(capsys, "flow.json", *ALIASES[2:]) == (0, [])
    shutil.rmtree(hub)
    code, (found,) = verify(capsys, "flow.json", *ALIASES[2:])
    assert (code, found["code"]) == (4, "missing_model")
    assert f"hf download distilbert/{MODEL} --revision {commit}" in found["hint"]


def test_what_was_too_large_to_read_is_a_warning(capsys):
    lock(capsys, "flow.json", *ALIASES)

    def change(document):
        document["resources"][0] |= {"by": TIMES, "digest": "0" * 64}
        del document["resources"][0]["files"]

    edited(change)
    code, (found,) = verify(capsys, "flow.json", *ALIASES)
    assert (code, found["code"], found["severity"]) == (0, "resource_unknown", "warning")
    edited(lambda document: document["resources"][0].update(bytes=1))
    code, (found,) = verify(capsys, "flow.json", *ALIASES)
    assert (code, found["code"]) == (1, "resource_changed")


def test_large_files_are_told_by_sizes_and_times(tmp_path):
    files = {name: tmp_path / name for name in ("a", "b")}
    for path in files.values():
        path.write_bytes(b"12345")
    read, large = contents(files), contents(files, read=9)
    assert (read.by, large.by, large.bytes) == (CONTENT, TIMES, 10)
    os.utime(files["a"], ns=(0, 0))
    assert contents(files) == read
    assert contents(files, read=9).digest != large.digest
    assert contents({"a": tmp_path / "gone"}) is None


def test_a_file_is_read_again_when_it_changed(tmp_path):
    file = tmp_path / "a"
    file.write_text("one")
    assert Digests().of(file) == hashlib.sha256(b"one").hexdigest()
    file.write_text("four")
    assert Digests().of(file) == hashlib.sha256(b"four").hexdigest()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "unreadable_file"),
        ("{", "invalid_lock"),
        ("[]", "invalid_lock"),
        ('{"format": 2}', "invalid_lock"),
    ],
)
def test_what_is_no_lock_is_refused(capsys, text, code):
    if text is not None:
        Path("text.lock.json").write_text(text)
    assert main(["verify", "text.json", "--json"]) == 3
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["code"] == code
    assert "graphrun lock FILE" in found["hint"]


def test_a_prompt_that_breaks_rules_is_refused(capsys):
    lock(capsys, "text.json")
    write("text.json", {**TEXT, "2": {"class_type": "PandasShowText", "inputs": {}}})
    assert main(["verify", "text.json"]) == 3
    assert main(["lock", "text.json"]) == 3


def test_files_of_tables_and_pictures_are_compared(capsys):
    Path("iris").mkdir()
    for name in ("train", "val"):
        shutil.copy(FOLDER / "iris.csv", f"iris/iris_{name}.csv")
    shutil.copy(ROOT / "workflows/csv_classification.json", "table.json")
    document = lock(capsys, "table.json")
    digest = hashlib.sha256((FOLDER / "iris.csv").read_bytes()).hexdigest()
    assert [(one["name"], one["digest"]) for one in document["resources"]] == [
        ("iris/iris_train.csv", digest),
        ("iris/iris_val.csv", digest),
    ]
    assert verify(capsys, "table.json") == (0, [])
    with Path("iris/iris_val.csv").open("a") as file:
        file.write("\n")
    code, (found,) = verify(capsys, "table.json")
    assert (code, found["code"]) == (1, "resource_changed")
    assert "iris/iris_val.csv" in found["message"]


def test_two_splits_of_a_set_of_pictures_are_one_resource(capsys):
    raw = Path("FashionMNIST/raw")
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for rest in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            (raw / f"{part}-{rest}").write_text(part)
    shutil.copy(ROOT / "workflows/cnn_images.json", "pictures.json")
    (found,) = lock(capsys, "pictures.json")["resources"]
    assert (found["kind"], found["count"], found["source"]) == ("picture_set", 4, "folder")
    (raw / "t10k-labels-idx1-ubyte").write_text("other")
    _, (found,) = verify(capsys, "pictures.json")
    assert "t10k-labels-idx1-ubyte is another" in found["message"]


def test_what_libraries_leave_beside_data_is_not_data(tmp_path):
    from datasets import Dataset

    from graphrun.sources.contents import parts
    from graphrun.sources.names import Found

    rows = Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    rows.save_to_disk(tmp_path / "saved")
    found = Found("saved", "alias", str(tmp_path / "saved"))
    before = parts("dataset", found)
    assert {"dataset_info.json", "state.json"} < {name.rpartition("/")[2] for name in before}
    for name in ("cache-0123abcd.arrow", "tmpab12cd_x", ".hidden", "a.lock"):
        (tmp_path / "saved" / name).write_text("")
    assert parts("dataset", found) == before


def test_a_newer_graphrun_is_told_once(capsys):
    lock(capsys, "text.json")

    def change(document):
        document["packages"]["graphrun"] = "0.0.1"
        document["packs"]["graphrun"]["version"] = "0.0.1"

    edited(change, Path("text.lock.json"))
    _, (found,) = verify(capsys, "text.json")
    assert (found["code"], found["hint"]) == ("other_version", "pip install graphrun==0.0.1")


def test_what_a_hook_of_a_pack_gives_may_be_anything(capsys, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    code = """
from typing import Annotated
from graphrun.node import Nodes, Pack, Resource, show

NODES = Nodes(category="odd")

@NODES.node("Odd", output_node=True)
def odd(name: Annotated[str, Resource("model")] = "a") -> None:
    show(text=[name])

def look(name):
    return {"a": True, "b": []}.get(name)

PACK = Pack(name="odd_pack", package=__name__, resources={"model": "odd_pack:look"})
"""
    code = code.replace('"odd_pack:look"', '":look"')
    packs.install(site, "odd_pack", code)
    names = ("a", "b", "c")
    write("odd.json", {n: {"class_type": "Odd", "inputs": {"name": n}} for n in names})
    assert main(["lock", "odd.json"]) == 0
    assert capsys.readouterr().err.count("warning[unpinned_resource]") == 3
    found = json.loads(Path("odd.lock.json").read_text())["resources"]
    assert found == [{"kind": "model", "name": name} for name in names]
    assert main(["odd.json"]) == 0


def test_standard_input_has_no_lock_beside_it(capsys):
    assert main(["verify", "-"]) == 2
    assert "--lock LOCK" in capsys.readouterr().err
