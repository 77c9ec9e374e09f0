"""Every example workflow converts to its golden prompt, checks, and has tests."""

import json
from pathlib import Path

import pytest
from running import ROOT, files, run, shown

from graphrun import api
from graphrun.testing import collect

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = sorted((ROOT / "workflows").glob("*.json"))
FLAGSHIP = ROOT / "workflows/distilbert_classification.json"


def tiny(capsys, file, *options):
    return run(capsys, file, "--tiny", *options)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_an_example_converts_to_its_golden_prompt(file):
    golden = json.loads((GOLDEN / file.name).read_text())
    prompt = api.convert(api.load(file))
    assert prompt.notes == ()
    assert prompt.to_json() == golden
    assert list(prompt.to_json()) == list(golden)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_an_example_has_no_problems(file):
    assert api.check(api.load(file)) == []


def test_the_same_seed_gives_the_same_figures(here, capsys):
    cut = ("--set", "27.epochs=1", "--set", "14.batch_size=256", "--set", "15.batch_size=256")
    figures = [
        tiny(capsys, FLAGSHIP, *cut, "--seed", seed)["metrics"]["final"] for seed in ("1", "1", "2")
    ]
    losses = [f["val_loss"] for f in figures]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    "name",
    ["bert-base-uncased", "roberta-base", "albert-base-v2", "google/electra-base-discriminator"],
)
def test_the_flagship_runs_with_every_model(here, capsys, name):
    report = tiny(capsys, FLAGSHIP, "--set", f"10.data={name}")
    assert report["metrics"]["final"]["val_accuracy"] > 0.7
    assert name in " ".join(n["message"] for n in report["notices"])
    (saved,) = report["files"]
    assert saved == report["nodes"][-1]["ui"]["text"][0]
    assert Path(saved).is_relative_to(Path(report["folder"]).resolve())
    assert [p.name for p in here.iterdir()] == ["runs"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_an_example_has_tests_of_its_nodes_and_figures(file):
    tests = collect([file])
    assert any(test.table["nodes"]["ran"] and test.table["tiny"] for test in tests)
    assert any("outputs" in test.table for test in tests)


def test_a_model_that_an_example_saved_has_the_figures_of_its_training(here, capsys):
    trained = tiny(capsys, ROOT / "workflows/cnn_images.json")
    (weights,) = (path for path in files(trained) if path.suffix == ".safetensors")
    other = ROOT / "workflows/evaluate_saved_model.json"
    report = tiny(capsys, other, "--set", f"16.model_path={weights}")
    assert shown(report, "Accuracy") == shown(trained, "Accuracy")


def as_made_elsewhere(prompt, **classes):
    """The flagship with other classes and with the values that files of the packs' users have."""
    found = json.loads(json.dumps(prompt))
    found["11"]["inputs"]["max_length"] = 0
    found["28"]["inputs"]["model_path"] = "/data/models/distilbert_classification.pt"
    for node_id, (class_type, inputs) in classes.items():
        node = found[node_id.removeprefix("n")]
        node["class_type"] = class_type
        for name in ("name", "split"):
            if class_type == "PtvHfLocalDataset":
                node["inputs"].pop(name, None)
        node["inputs"].update(inputs)
    return found


def test_files_made_elsewhere_run(here, capsys):
    prompt = api.convert(api.load(FLAGSHIP)).to_json()
    data = {"file_format": "json"}
    local = as_made_elsewhere(
        prompt,
        n12=("PtvHfLocalDataset", {"file_path": "imdb/train.jsonl", **data}),
        n13=("PtvHfLocalDataset", {"file_path": "imdb/test.jsonl", **data}),
    )
    lora = as_made_elsewhere(
        prompt,
        n20=(
            "PtnHfLoraClassificationModel",
            {"lora_r": 64, "lora_alpha": 128, "lora_dropout": 0.1},
        ),
    )
    for name, document in (("local.json", local), ("lora.json", lora)):
        Path(name).write_text(json.dumps(document))
        report = tiny(capsys, name)
        assert report["metrics"]["final"]["val_accuracy"] > 0.6
        (saved,) = report["files"]
        assert saved.endswith("data/models/distilbert_classification.safetensors")
        assert Path(saved).is_relative_to(here)


def test_reviews_do_not_leak_from_test_to_train():
    from graphrun_nodes._reviews import reviews

    train = {text for text, _ in reviews("train")}
    assert train.isdisjoint({text for text, _ in reviews("test")})
