"""What `check` says of files that are right, and hardly what was meant."""

import json
import shutil
from pathlib import Path

import pytest

import graphrun
from graphrun import api
from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import Alias
from graphrun.documents import loads
from graphrun.plan import check
from graphrun.plan.rules.resources import same_vocabulary

ROOT = Path(__file__).parents[2]
CATALOG = Catalog.installed()
WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
TRAINING = ROOT / "workflows" / "distilbert_classification.json"


def advice(document, *changes, **options):
    """Diagnostics of a document after changes such as `("13.split", "train")`."""
    request = graphrun.load(document, **options)
    for address, value in changes:
        request = request.set(address, value)
    return graphrun.check(request, CATALOG)


def codes(found):
    return [(one.code, one.node_id) for one in found]


def prompt(**nodes):
    return {
        name: {"class_type": class_type, "inputs": inputs}
        for name, (class_type, inputs) in nodes.items()
    }


def api_form(path):
    return json.dumps(api.convert(graphrun.load(path), CATALOG).to_json())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_our_workflows_need_no_advice(path):
    assert advice(path) == []


def test_what_feeds_no_output_is_told_once_with_what_is_before_it():
    found = advice(
        prompt(
            a=("PrimitiveInt", {"value": 1}),
            b=("CDAShowInt", {"int_scalar": ["a", 0]}),
            c=("PtOnes", {"size": "[2]", "data_type": "float32"}),
            d=("PtAbs", {"tens_a": ["c", 0]}),
            e=("PtAbs", {"tens_a": ["d", 0]}),
        )
    )
    (one,) = [one for one in found if one.code == "unused_node"]
    assert (one.node_id, one.severity) == ("e", "warning")
    assert "nor do nodes c, d before it" in one.message


def test_what_only_muted_nodes_use_is_no_warning(tmp_path):
    workflow = json.loads((ROOT / "workflows" / "custom_loss.json").read_text())
    (plot,) = (node for node in workflow["nodes"] if node["type"] == "PtnHuberLoss")
    users = {row[3] for row in workflow["links"] if row[1] == plot["id"]}
    for node in workflow["nodes"]:
        if node["id"] in users:
            node["mode"] = 2
    found = [one for one in advice(loads(json.dumps(workflow))) if one.code == "unused_node"]
    assert str(plot["id"]) in [one.node_id for one in found]
    assert {one.severity for one in found} == {"info"}
    assert all("is muted or bypassed" in one.message for one in found)


def test_a_node_of_which_it_is_told_already_is_not_told_again():
    found = advice(
        prompt(
            a=("PrimitiveInt", {"value": 1}),
            b=("CDAShowInt", {"int_scalar": ["a", 0]}),
            c=("PrimitiveInt", {"value": 1.5}),
        )
    )
    assert codes(found) == [("invalid_input_type", "c")]
    assert "does not run" in found[0].message


def test_what_an_unknown_class_may_use_is_not_called_unused():
    found = advice(
        prompt(
            a=("PrimitiveInt", {"value": 1}),
            b=("CDAShowInt", {"int_scalar": ["a", 0]}),
            c=("PrimitiveInt", {"value": 2}),
            d=("Unheard", {"x": ["c", 0]}),
        )
    )
    assert codes(found) == [("missing_node_type", "d")]


def test_with_targets_most_nodes_are_not_meant_to_run():
    document = loads(
        json.dumps(
            prompt(
                a=("PrimitiveInt", {"value": 1}),
                b=("CDAShowInt", {"int_scalar": ["a", 0]}),
                c=("PrimitiveInt", {"value": 2}),
            )
        )
    )
    assert codes(check(document, CATALOG)) == [("unused_node", "c")]
    assert check(document, CATALOG, targets=["b"]) == []


def test_a_validation_on_the_rows_of_the_training():
    (one,) = advice(TRAINING, ("13.split", "train"))
    assert (one.code, one.node_id, one.input) == ("same_split", "27", "val_loader")
    assert "node 12" in one.message
    assert "node 13" in one.message
    assert one.position is not None


def test_one_data_set_for_both_is_told_however_it_is_served():
    shared = (("15.dataset", ["12", 0]), ("15.batch_size", 8), ("15.parameters", "{}"))
    document = json.loads(api_form(TRAINING))
    for address, value in shared:
        node, _, name = address.partition(".")
        document[node]["inputs"][name] = value
    del document["13"]
    assert codes(advice(document)) == [("same_split", "27")]


def test_pictures_chosen_by_a_text_of_parameters():
    cnn = ROOT / "workflows" / "cnn_images.json"
    document = json.loads(api_form(cnn))
    sets = [name for name, node in document.items() if node["class_type"] == "PtvDataset"]
    assert advice(document) == []
    # A transform makes other pictures of the same rows.
    parameters = document[sets[0]]["inputs"]["parameters"]
    document[sets[1]]["inputs"]["parameters"] = parameters
    assert "same_split" in [one.code for one in advice(document)]


def test_names_of_one_vocabulary():
    assert same_vocabulary("bert-base-uncased", "google-bert/bert-base-uncased")
    assert same_vocabulary("bert-base-uncased", "distilbert-base-uncased")
    assert same_vocabulary("roberta-base", "me/roberta-base-reviews")
    assert not same_vocabulary("roberta-base", "bert-base-uncased")
    assert not same_vocabulary("bert-base-uncased", "bert-base-cased")
    assert not same_vocabulary("a/model", "b/model")
    (one,) = advice(TRAINING, ("11.model_name", "roberta-base"))
    assert (one.code, one.node_id, one.input) == ("tokenizer_mismatch", "11", "model_name")


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (r"C:\data\iris.csv", "path of Windows"),
        ("D:/data/iris.csv", "path of Windows"),
        (r"\\server\share\iris.csv", "path of Windows"),
        ("/home/nobody-of-this-name/iris.csv", "no /home/nobody-of-this-name here"),
        ("/Users/nobody-of-this-name/iris.csv", "no /Users/nobody-of-this-name here"),
        ("/data/iris.csv", None),
        ("data/iris.csv", None),
        ("c:iris", None),
    ],
)
def test_paths_of_another_machine(path, wrong):
    document = prompt(
        a=("CDAStringCreate", {"data": path}),
        b=("PandasLoadCSVWithIndex", {"file_path": ["a", 0], "index_column_name": "i"}),
        c=("PandasShowText", {"dataframe": ["b", 0]}),
    )
    del document["b"]["inputs"]["index_column_name"]
    known = CATALOG["PandasLoadCSVWithIndex"]
    for one in known.visible:
        document["b"]["inputs"].setdefault(one.name, one.initial)
    found = [one for one in advice(document) if one.code == "path_elsewhere"]
    assert [(one.node_id, one.input) for one in found] == ([("a", "data")] if wrong else [])
    assert not wrong or wrong in found[0].message


def test_an_alias_says_where_a_path_of_another_machine_leads():
    folder = "/home/nobody-of-this-name/data"
    document = prompt(a=("PtLoadModel", {"model_path": f"{folder}/m.safetensors"}))
    with_alias = Settings(aliases={folder: Alias(Path("data"))})
    (told,) = [one for one in advice(document) if one.code == "path_elsewhere"]
    assert f"--alias {folder}=DIR" in told.hint
    assert "path_elsewhere" not in [one.code for one in advice(document, settings=with_alias)]


PACK = """
class Show:
    OUTPUT_NODE, RETURN_TYPES, FUNCTION = True, (), "show"
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"device": ("STRING", {"default": "cpu"})}}
    def show(self, device):
        return {}

class Old(Show):
    DEPRECATED = True

class New(Show):
    EXPERIMENTAL = True

NODE_CLASS_MAPPINGS = {"Show": Show, "Old": Old, "New": New}
"""


def test_classes_that_their_pack_gives_up_or_may_change(tmp_path):
    (tmp_path / "devices.py").write_text(PACK)
    session = graphrun.Session([tmp_path / "devices.py"])
    cpu = {"device": "cpu"}
    document = prompt(a=("Old", cpu), b=("Old", cpu), c=("New", cpu), d=("Show", cpu))
    found = session.check(graphrun.load(document))
    assert [(one.code, one.severity, one.node_id) for one in found] == [
        ("deprecated_class", "warning", "a"),
        ("experimental_class", "info", "c"),
    ]
    assert "also b" in found[0].message


@pytest.mark.skipif(
    shutil.which("nvidia-smi") is not None or Path("/dev/nvidiactl").exists(), reason="has a GPU"
)
def test_a_gpu_by_name_where_no_driver_is(tmp_path):
    (tmp_path / "devices.py").write_text(PACK)
    session = graphrun.Session([tmp_path / "devices.py"])
    document = prompt(
        a=("Show", {"device": "cuda:0"}), b=("Show", {"device": "cpu"}), c=("Show", {"device": "a"})
    )
    found = session.check(graphrun.load(document))
    assert [(one.code, one.node_id, one.input) for one in found] == [("no_gpu", "a", "device")]


def test_the_packs_that_a_file_names_are_told_once_each():
    told = {"cnr_id": "face-tools", "ver": "1.2.0"}
    document = prompt(**{str(n): ("FaceCrop", {}) for n in range(3)}, x=("Other", {}))
    for name in "012":
        document[name]["_meta"] = told
    document["x"]["_meta"] = {"aux_id": "me/other"}
    found = graphrun.check(graphrun.load(loads_as_file(document)), CATALOG)
    hints = {one.node_id: one.hint or "" for one in found}
    assert "nodes 0, 1, 2 come from the pack face-tools 1.2.0" in hints["0"]
    assert "face-tools" not in hints["1"] + hints["2"]
    assert "it comes from the pack me/other" in hints["x"]


def loads_as_file(document):
    return loads(json.dumps(document))
