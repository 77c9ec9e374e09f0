"""The example of every family runs with --tiny from an empty folder, and shows what it should."""

import math
from pathlib import Path

import pytest
from running import ROOT, files, run, shown

WORKFLOWS = ROOT / "workflows"


def tiny(capsys, name, *options):
    return run(capsys, WORKFLOWS / f"{name}.json", "--tiny", *options)


def history(report, figure):
    return [row[figure] for row in report["metrics"]["history"] if figure in row]


def test_pictures(here, capsys):
    report = tiny(capsys, "cnn_images")
    assert float(shown(report, "Accuracy")) > 0.8
    assert float(shown(report, "F1, mean of the classes")) > 0.8
    losses = history(report, "train_loss")
    assert len(losses) == 5
    assert losses[-1] < losses[0] / 2
    assert [path.name for path in files(report)] == [
        "fashion_mnist_cnn.safetensors",
        "losses_00001_.png",
    ]
    assert all(path.is_file() for path in files(report))
    said = " ".join(notice["message"] for notice in report["notices"])
    assert "generated pictures" in said


def test_adapters(here, capsys):
    report = tiny(capsys, "lora_classification")
    assert report["metrics"]["final"]["val_accuracy"] > 0.85
    (saved,) = files(report)
    assert saved.name == "distilbert_lora.adapter.safetensors"
    assert saved.stat().st_size < 400_000  # the encoder has 900,000 bytes


def test_word_vectors(here, capsys):
    report = tiny(capsys, "rnn_classification")
    losses = history(report, "train_loss")
    assert losses[-1] < losses[0]
    assert [path.name for path in files(report)] == ["lstm_classification.safetensors"]


def test_a_transformer(here, capsys):
    report = tiny(capsys, "transformer_classification")
    losses = history(report, "val_loss")
    assert losses[-1] < losses[0]
    assert report["metrics"]["final"]["val_accuracy"] > 0.6


def test_rows_of_a_table(here, capsys):
    report = tiny(capsys, "csv_classification")
    assert shown(report, "Flowers") == "30"
    assert "Iris-setosa" in shown(report, "The table")
    losses = history(report, "train_loss")
    assert losses[-1] < losses[0]
    assert not files(report)


def test_regression(here, capsys):
    report = tiny(capsys, "csv_regression")
    losses = history(report, "train_loss")
    assert losses[-1] < losses[0]
    assert [path.name for path in files(report)] == ["petal_width_00001_.png"]


def test_distributions(here, capsys):
    report = tiny(capsys, "distributions")
    assert shown(report, "Normal") == "tensor(1.9600)"
    assert shown(report, "Student's t") == "tensor(2.5706)"
    spread = float(shown(report, "Standard deviation").removeprefix("tensor(").removesuffix(")"))
    assert spread == pytest.approx(math.sqrt(5 / 3), rel=0.15)
    other = tiny(capsys, "distributions", "--seed", "7")
    assert shown(other, "Standard deviation") != shown(report, "Standard deviation")


def test_a_loss_of_ones_own(here, capsys):
    losses = history(tiny(capsys, "custom_loss"), "train_loss")
    assert losses[-1] < losses[0]
    # All epochs take seconds as well.
    report = run(capsys, WORKFLOWS / "custom_loss.json")
    text = shown(report, "Loss without the noise")
    assert float(text.removeprefix("tensor(").removesuffix(")")) < 0.005


def test_a_saved_model(here, capsys):
    report = tiny(capsys, "evaluate_saved_model")
    assert 0 <= float(shown(report, "Accuracy")) <= 1
    assert "fashion_mnist_cnn.safetensors" in " ".join(n["message"] for n in report["notices"])
    # With the weights that the other example saved, the figures are those of its training.
    trained = tiny(capsys, "cnn_images")
    (weights,) = (path for path in files(trained) if path.suffix == ".safetensors")
    report = tiny(capsys, "evaluate_saved_model", "--set", f"16.model_path={weights}")
    assert shown(report, "Accuracy") == shown(trained, "Accuracy")


def test_every_example_is_run_here_or_beside():
    beside = Path(__file__).with_name("test_examples.py").read_text()
    text = Path(__file__).read_text() + beside
    assert [path.stem for path in WORKFLOWS.glob("*.json") if path.stem not in text] == []
