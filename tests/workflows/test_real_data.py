"""Whole workflows on real data: Fisher's iris, and the handwritten digits of scikit-learn."""

import csv

import numpy as np
import pytest
from graphrun_nodes._tiny import FOLDER
from running import ROOT, files, run, shown

WORKFLOWS = ROOT / "workflows"


@pytest.fixture
def iris(here):
    """Two CSV files with all 150 flowers: every fifth is held out."""
    with (FOLDER / "iris.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    (here / "iris").mkdir()
    for name, kept in (("train", lambda i: i % 5 != 4), ("val", lambda i: i % 5 == 4)):
        with (here / "iris" / f"iris_{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *(r for i, r in enumerate(rows) if kept(i))])
    return here / "iris"


def test_the_figures_are_those_of_the_flowers():
    with (FOLDER / "iris.csv").open(newline="") as file:
        rows = [[float(cell) for cell in row[1:5]] for row in list(csv.reader(file))[1:]]
    # As published: means of the four measurements, by species of 50.
    means = np.array(rows).reshape(3, 50, 4).mean(1).round(3).tolist()
    assert means == [
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.77, 4.26, 1.326],
        [6.588, 2.974, 5.552, 2.026],
    ]


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_iris(iris, capsys, seed):
    report = run(capsys, WORKFLOWS / "csv_classification.json", "--seed", seed)
    assert shown(report, "Flowers") == "30"
    assert float(shown(report, "Accuracy")) >= 0.93
    assert len([r for r in report["metrics"]["history"] if "val_loss" in r]) == 100


def test_petal_widths(iris, capsys):
    report = run(capsys, WORKFLOWS / "csv_regression.json")
    losses = [r["train_loss"] for r in report["metrics"]["history"] if "train_loss" in r]
    # Least squares leaves 0.026; the widths have a variance of 0.58.
    assert losses[-1] < 0.06


def test_a_file_that_lies_elsewhere(iris, capsys):
    iris.rename(iris.with_name("flowers"))
    alias = f"iris={iris.with_name('flowers')}"
    report = run(capsys, WORKFLOWS / "csv_regression.json", "--alias", alias)
    assert "iris_train.csv" not in " ".join(n["message"] for n in report["notices"])


@pytest.fixture
def digits(here):
    """1,797 handwritten digits as MNIST's files: every fifth is held out."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pictures = np.kron(data.images * 15.9, np.ones((3, 3)))  # 24 by 24
    pictures = np.pad(pictures, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    folder = here / "MNIST" / "raw"
    folder.mkdir(parents=True)
    held_out = np.arange(len(pictures)) % 5 == 4
    for name, rows in (("train", ~held_out), ("t10k", held_out)):
        for kind, values in (("images-idx3", pictures), ("labels-idx1", data.target)):
            values = values[rows].astype(np.uint8)
            start = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (folder / f"{name}-{kind}-ubyte").write_bytes(start + values.tobytes())


def test_handwritten_digits_through_the_network_of_convolutions(digits, here, capsys):
    sets = [
        option
        for change in ("12.name=MNIST", "13.name=MNIST", "10.h_flip_prob=0", "18.epochs=6")
        for option in ("--set", change)
    ]
    report = run(capsys, WORKFLOWS / "cnn_images.json", *sets)
    assert float(shown(report, "Accuracy")) >= 0.95
    (weights,) = (path for path in files(report) if path.suffix == ".safetensors")
    again = run(
        capsys, WORKFLOWS / "evaluate_saved_model.json",
        "--set", "11.name=MNIST", "--set", f"16.model_path={weights}",
    )  # fmt: skip
    assert shown(again, "Pictures") == "359"
    assert shown(again, "Accuracy") == shown(report, "Accuracy")
