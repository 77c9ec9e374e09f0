"""Which files of a repository are downloaded, by their names."""

import pytest

from graphrun.errors import MissingResource
from graphrun.sources.hub_download import Offer, download
from graphrun.sources.hub_files import data_files, descriptions, model_files, why_unread
from graphrun.sources.names import Found

TOKENS = ["tokenizer.json", "tokenizer_config.json", "vocab.txt"]
SHARDS = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
SHARDS += ["model.safetensors.index.json"]
PARTS = [f"plain_text/{split}-00000-of-00001.parquet" for split in ("train", "test")]


@pytest.mark.parametrize(
    ("weights", "loaded"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (
            ["pytorch_model.bin", "adapter.safetensors"],
            ["pytorch_model.bin", "adapter.safetensors"],
        ),
        ([*SHARDS, "pytorch_model.bin.index.json"], SHARDS),
    ],
)
def test_of_a_model_what_is_loaded(weights, loaded):
    others = ["tf_model.h5", "flax_model.msgpack", "onnx/model.onnx", "onnx/config.json", "a.py"]
    others += ["tf_model.h5.index.json", "rust_model.ot", "README.md", "coreml/w.bin"]
    names = ["config.json", *weights, *TOKENS, *others]
    assert model_files(names) == ["config.json", *loaded, *TOKENS]


def test_of_a_data_set_what_is_read_and_what_describes_it():
    names = [*PARTS, "README.md", "picture.png", ".gitattributes", "plain_text/notes.txt"]
    assert data_files(names) == set(PARTS)
    assert descriptions(names) == ["README.md"]
    assert why_unread(names, {}) is None
    saved = ["dataset_dict.json", *(f"train/{n}" for n in ("state.json", "dataset_info.json"))]
    assert data_files([*saved, "train/data-0.arrow"]) == {"train/data-0.arrow", *saved[1:]}
    assert data_files(["../train.csv", "/train.csv"]) is None


@pytest.mark.parametrize(
    ("names", "card", "why"),
    [
        (["train.zip"], {}, "no data files"),
        (["train.csv", "mine.py"], {}, r"a program makes it \(mine\.py\)"),
        (["a/train.csv", "a/test.csv", "b/train.csv", "b/test.csv"], {}, "no data files of one"),
        (["train.csv", "train.parquet"], {}, "could be one split"),
        (["train.csv", "data/train.csv"], {}, "could be one split"),
        (["train.csv"], {"dataset_info": {"class_label": {}}}, "numbers the classes"),
        (["all.csv"], {"configs": [{"config_name": "x", "data_files": "all.csv"}]}, "divides"),
        (
            ["train.csv"],
            {"configs": [{"config_name": "x", "data_files": "train.csv", "sep": ";"}]},
            "divides",
        ),
        (
            ["train.csv"],
            {"configs": [{"config_name": n, "data_files": "train.csv"} for n in "xy"]},
            "divides",
        ),
    ],
)
def test_data_sets_that_are_left_to_their_library(names, card, why):
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(why_unread(names, card))


@pytest.mark.parametrize(
    "files",
    [
        [{"split": "train", "path": "plain_text/train-*"}, {"split": "test", "path": PARTS[1:]}],
        {"train": "plain_text/train-*", "test": "**/test-*"},
        {"train": "./plain_text/train-*"},
    ],
)
def test_a_description_may_say_what_the_names_say(files):
    card = {
        "configs": [
            {"config_name": "plain_text", "data_files": files, "default": True},
            {"config_name": "other", "data_files": "other/*"},
        ],
        "dataset_info": [{"features": [{"dtype": {"class_label": {}}}]}],
    }
    assert why_unread(PARTS, card) is None


def test_what_does_not_fit_on_the_disk_is_not_begun(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    offer = Offer("model", Found("me/large", "hub", "me/large"), ("model.safetensors",), 1 << 60)
    with pytest.raises(MissingResource, match=r"MB do not fit on the disk"):
        download(offer, lambda: False)
    assert not (tmp_path / "hub").exists()
