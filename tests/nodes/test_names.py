from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import graphrun_nodes
import pytest
from recording import Recorder

from graphrun.errors import MissingResource
from graphrun.sources import hub_cache
from graphrun.sources.names import announce, architecture, find_dataset, find_model
from graphrun.sources.paths import find_data_file, find_weights

FLAGS = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_ENDPOINT")
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache and no settings of the user's."""
    for name in (*FLAGS, *PROXIES, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def snapshot(home: Path, repository: str, *files: str) -> Path:
    folder = home / "hub" / repository
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc123")
    for file in files:
        path = folder / "snapshots" / "abc123" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return folder / "snapshots" / "abc123"


@pytest.mark.parametrize("find", [find_model, find_dataset])
def test_what_cannot_be_had_is_missing(
    nowhere: None, find: Callable[[str], object], home: Path
) -> None:
    name = "distilbert-base-uncased" if find is find_model else "imdb"
    with pytest.raises(MissingResource) as caught:
        find(name)
    text = str(caught.value)
    for part in (name, str(home), f"--alias {name}=DIR", "--tiny", "network", "cannot be reached"):
        assert part in text


def test_a_hub_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    given_up = threading.Event()

    def hang(*_: object, **__: object) -> None:
        asked.append(1)
        given_up.wait(60)

    monkeypatch.setattr(hub_cache, "_probe", hang)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub_cache.PROBE_SECONDS < 1
    for name in ("bert-base-uncased", "roberta-base"):
        with pytest.raises(MissingResource, match="cannot be reached"):
            find_model(name)
    # Both errors came while the one question was still unanswered.
    assert asked == [1]
    assert not given_up.is_set()
    given_up.set()


@pytest.mark.parametrize("flag", FLAGS[:2])
def test_offline_asks_nobody(monkeypatch: pytest.MonkeyPatch, hub: None, flag: str) -> None:
    monkeypatch.setenv(flag, "1")
    with pytest.raises(MissingResource, match="set to work offline"):
        find_model("roberta-base")


def test_a_hub_that_answers_is_asked_for_the_full_id(hub: None) -> None:
    assert (find_model("roberta-base").source, find_model("roberta-base").id) == (
        "hub",
        "FacebookAI/roberta-base",
    )
    assert find_dataset("me/my-data").id == "me/my-data"


@pytest.mark.parametrize("repository", ["models--roberta-base", "models--FacebookAI--roberta-base"])
def test_models_are_found_in_the_cache_under_both_names(home: Path, repository: str) -> None:
    files = ("config.json", "model.safetensors", "tokenizer.json")
    folder = snapshot(home, repository, *files)
    for name in ("roberta-base", "FacebookAI/roberta-base"):
        assert (find_model(name).source, find_model(name).id) == ("cache", str(folder))


def test_half_a_download_does_not_count(home: Path, nowhere: None) -> None:
    snapshot(home, "models--roberta-base", "config.json", "tokenizer.json")
    with pytest.raises(MissingResource):
        find_model("roberta-base")


@pytest.mark.parametrize("inside", ["train.csv", "data/train-00000-of-00001.parquet"])
def test_data_sets_are_found_in_the_hub_cache(home: Path, inside: str) -> None:
    folder = snapshot(home, "datasets--stanfordnlp--imdb", "README.md", inside)
    assert find_dataset("imdb").id == str(folder)


def test_a_configuration_in_the_hub_cache(home: Path) -> None:
    files = ("plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet")
    folder = snapshot(home, "datasets--stanfordnlp--imdb", *files)
    assert find_dataset("imdb").id == str(folder / "plain_text")


def test_prepared_data_sets_are_read_from_the_cache(home: Path, call: Recorder) -> None:
    import datasets

    from graphrun.sources.tables import read

    folder = home / "datasets" / "stanfordnlp___imdb" / "plain_text" / "0.0.0" / "f00d"
    data = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]})
    data.save_to_disk(home / "saved")
    part = next((home / "saved").glob("*.arrow")).read_bytes()
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text(json.dumps({}))
    for file in ("imdb-train.arrow", "imdb-test-00000-of-00002.arrow",
                 "imdb-test-00001-of-00002.arrow"):  # fmt: skip
        (folder / file).write_bytes(part)
    found = find_dataset("imdb")
    assert (found.source, found.id) == ("cache", str(folder))
    assert read(found, "train", "text")["text"][:] == ["a", "b"]
    assert len(read(found, "test", "text")) == 4
    with pytest.raises(MissingResource, match=r"no split dev; splits in .*: test, train"):
        read(found, "dev", "text")


def test_an_alias_comes_first(call: Recorder, tmp_path: Path, home: Path) -> None:
    snapshot(home, "models--roberta-base", "config.json", "model.safetensors", "tokenizer.json")
    call.set(tiny=True)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    call.alias("roberta-base", folder)
    assert (find_model("roberta-base").source, find_model("roberta-base").id) == (
        "alias",
        str(folder),
    )
    assert find_model("FacebookAI/roberta-base").source == "alias"
    assert not call.notices
    for _ in range(2):
        announce(find_model("roberta-base"), "built-in 2-layer RoBERTa")
        announce(find_model("./mine"), "")
    note = "--tiny does not stand in for it"
    assert [notice["message"] for notice in call.notices] == [
        f"roberta-base → {folder} (alias; {note})",
        f"./mine → mine (folder; {note})",
    ]


def test_an_alias_that_leads_nowhere_says_so(call: Recorder, tmp_path: Path) -> None:
    call.alias("roberta-base", tmp_path / "gone")
    call.alias("imdb", tmp_path / "gone")
    with pytest.raises(MissingResource, match="gone, which is no folder"):
        find_model("roberta-base")
    with pytest.raises(MissingResource, match="gone, which does not exist"):
        find_dataset("imdb")
    (tmp_path / "gone").mkdir()
    with pytest.raises(MissingResource, match=r"which holds no config\.json"):
        find_model("roberta-base")
    with pytest.raises(MissingResource, match="which holds no data files"):
        find_dataset("imdb")
    (tmp_path / "gone" / "train.csv").write_text("")
    call.alias("imdb", tmp_path / "gone", splits={"test": "test.tsv"})
    with pytest.raises(MissingResource, match=r"split test should be at test\.tsv"):
        find_dataset("imdb")


def test_folders(nowhere: None, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(MissingResource, match="is not on this machine"):
        find_model("model")
    with pytest.raises(MissingResource, match=r"holds no config\.json"):
        find_model(str(tmp_path / "model"))
    (tmp_path / "model" / "config.json").write_text("{}")
    assert find_model("model").source == "folder"
    assert find_model("./model").source == "folder"
    with pytest.raises(MissingResource, match="holds no data files"):
        find_dataset("./model")


@pytest.mark.parametrize("find", [find_model, find_dataset, find_weights, find_data_file])
@pytest.mark.parametrize("name", ["x" * 5000, "x" * 250 + "/" + "y" * 250, "~nosuchuser/m"])
def test_names_that_no_path_can_have_are_missing(
    nowhere: None, find: Callable[[str], object], name: str
) -> None:
    with pytest.raises(MissingResource) as caught:
        find(name)
    assert len(caught.value.diagnostics[0].message) < 4000


def test_data_files_and_weights_are_looked_for(call: Recorder, tmp_path: Path) -> None:
    for find, name in ((find_data_file, "a.csv"), (find_weights, "a.safetensors")):
        with pytest.raises(MissingResource, match=re.escape(str(tmp_path / name))) as caught:
            find(name)
        assert caught.value.diagnostics[0].code == "missing_file"
        with pytest.raises(MissingResource):
            find("")
        (tmp_path / name).write_text("")
        assert find(name) == Path(name)
    with pytest.raises(MissingResource, match="is a folder"):
        find_data_file(str(tmp_path))
    assert find_weights("a.pt") == Path("a.safetensors")
    call.set(tiny=True)
    assert find_data_file("gone.csv") is find_weights("gone.pt") is None
    hooks = graphrun_nodes.PACK.resources
    assert (hooks["weights"], hooks["data_file"]) == (
        "graphrun.sources.paths:find_weights",
        "graphrun.sources.paths:find_data_file",
    )


def test_an_empty_name_is_missing() -> None:
    with pytest.raises(MissingResource, match="the name of the model is empty"):
        find_model(" ")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bert-base-uncased", "bert"),
        ("distilbert/distilbert-base-uncased", "distilbert"),
        ("distilroberta-base", "distilbert"),
        ("FacebookAI/xlm-roberta-large", "roberta"),
        ("google/electra-base-discriminator", "electra"),
        ("albert/albert-base-v2", "albert"),
        ("who/knows", "bert"),
    ],
)
def test_stand_ins_are_guessed_from_the_name(call: Recorder, name: str, kind: str) -> None:
    call.set(tiny=True)
    assert (architecture(name), find_model(name).id) == (kind, kind)
    assert not call.notices, "looking a name up says nothing"


def test_a_folder_is_loaded_without_a_connection(checkpoint: Callable[[str], Path]) -> None:
    code = f"""
import os, socket
os.environ.pop("HF_HUB_OFFLINE", None)
def refuse(*_, **__):
    raise AssertionError("a connection was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from graphrun_nodes.models import fine_tuned_classifier
from graphrun_nodes.text import tokenizer_encode
name = {str(checkpoint("bert"))!r}
tokenizer_encode(name, padding_method="longest")("film")
fine_tuned_classifier(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
