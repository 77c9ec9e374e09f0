"""Real parts for whole runs: the built-in checkpoint as a local model, small data folders."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path):
    """A folder of 64 training and 32 test reviews as csv, labels 0 and 1."""
    import csv

    from graphrun_nodes._reviews import reviews

    folder = tmp_path / "data"
    folder.mkdir()
    for split, count in (("train", 64), ("test", 32)):
        with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows(reviews(split)[:count])
    return folder


@pytest.fixture
def model():
    """A folder with a real (small) DistilBERT checkpoint."""
    from graphrun_nodes._tiny import checkpoint

    return checkpoint("distilbert")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, and no network: the stand-ins must be enough."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path
