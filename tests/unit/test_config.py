"""graphrun.toml, [tool.graphrun], --alias."""

import json
from pathlib import Path

import pytest

from graphrun.catalog import Alias
from graphrun.cli.config import parse_alias, parse_aliases, read
from graphrun.cli.main import parser
from graphrun.cli.outlook import cache_of
from graphrun.cli.requests import request_of
from graphrun.errors import ExitCode, UsageError


def test_an_alias_is_a_name_and_a_folder():
    assert parse_alias("imdb=data/reviews") == ("imdb", Alias(Path("data/reviews")))
    name, alias = parse_alias("google/electra=~/m")
    assert name == "google/electra"
    assert alias.path == Path("~/m").expanduser()


def test_an_alias_of_a_data_set_may_rename_columns_classes_and_splits():
    text = "imdb=d?text=Text&label=Sentiment&labels=Negative,Positive&split.test=dev.tsv"
    assert parse_alias(text)[1] == Alias(
        Path("d"), "Text", "Sentiment", ("Negative", "Positive"), {"test": "dev.tsv"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "imdb",
        "=dir",
        "imdb=",
        "imdb=d?labels",
        "imdb=d?lable=x",
        "imdb=d?text=a&text=b",
        "imdb=d?labels=P,P,N",
        "imdb=~nosuchuser/x",
    ],
)
def test_aliases_that_are_none(text):
    with pytest.raises(UsageError, match="--alias") as caught:
        parse_alias(text)
    assert caught.value.exit_code is ExitCode.USAGE


def test_toml_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "graphrun.toml").write_text(
        'device = "cpu"\nseed = 7\n[alias]\nm = "models/m"\n'
        '[alias.imdb]\npath = "d"\nlabels = ["a", "b"]\nsplits = {test = "t.csv"}\n'
    )
    found = read(tmp_path)
    assert found["device"] == "cpu"
    assert found["alias"]["m"] == Alias(tmp_path / "models/m")
    assert found["alias"]["imdb"] == Alias(
        tmp_path / "d", labels=("a", "b"), splits={"test": "t.csv"}
    )


def test_a_mark_that_windows_writes_is_read_over(tmp_path):
    (tmp_path / "graphrun.toml").write_bytes(b'\xef\xbb\xbfdevice = "cpu"\r\n')
    assert read(tmp_path)["device"] == "cpu"


def test_pyproject_is_read_when_there_is_no_file_of_its_own(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.graphrun]\nseed = 3\n")
    assert read(tmp_path)["seed"] == 3
    (tmp_path / "graphrun.toml").write_text("seed = 4\n")
    assert read(tmp_path)["seed"] == 4
    assert read(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("seed = ", "Invalid value"),
        ("sede = 1", "unknown key 'sede'"),
        ('seed = "1"', "is not a whole number"),
        ('device = "gpu"', "known: auto, cpu"),
        ("grad_accum = 2", "unknown key 'grad_accum'; did you mean grad-accum? known: alias"),
        ("grad-accum = 0", "grad-accum = 0 is not a number of pieces"),
        ("grad-accum = true", "is not a number of pieces"),
        ("clip-grad = 0", "is not a norm, which is above 0"),
        ("clip-grad = inf", "is not a norm"),
        ("literal = 1", "literal = 1 is not true or false"),
        ("gradient-checkpointing = 'no'", "is not true or false"),
        ("deterministic = 'yes'", "is not true or false"),
        ("checkpoint-every = -1", "is not a number of seconds"),
        ("checkpoint-every = nan", "is not a number of seconds"),
        ("[alias]\nm = 5", "alias 'm'"),
        ("[alias.m]\ntext = 'x'", "the path is missing"),
        ("[alias.m]\npath = 'x'\ntext = 3", "text = 3 is not a text"),
        ("[alias.m]\npath = 'x'\nlabels = 'N,P'", "is not a list of class names"),
        ("allow-path = [3]", "is not a list of paths"),
    ],
)
def test_configurations_that_are_wrong(tmp_path, text, fragment):
    (tmp_path / "graphrun.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert fragment in str(caught.value)


TRAINING = """
grad-accum = 2
clip-grad = 1
gradient-checkpointing = true
literal = true
deterministic = true
checkpoint-every = 0.5
"""


def test_trainings_can_be_configured_and_options_go_before(tmp_path, monkeypatch):
    prompt = {"1": {"class_type": "CDAIntCreate", "inputs": {"data": "1"}}}
    (tmp_path / "net.json").write_text(json.dumps(prompt))
    monkeypatch.chdir(tmp_path)

    def settings(*options):
        given = parser(["run"]).parse_args(["run", "net.json", "--cache-dir", "c", *options])
        cache = cache_of(given)
        found = request_of(given).settings
        every = cache.checkpoints.every
        return (
            found.grad_accum, found.clip_grad, found.gradient_checkpointing, found.literal,
            found.deterministic, every,
        )  # fmt: skip

    usual = settings()
    assert usual == (1, None, False, False, False, 300)
    (tmp_path / "graphrun.toml").write_text(TRAINING)
    assert settings() == (2, 1.0, True, True, True, 0.5)
    assert type(settings()[1]) is float
    assert settings(
        "--grad-accum", "1", "--clip-grad", "2", "--no-gradient-checkpointing", "--no-literal",
        "--no-deterministic", "--checkpoint-every", "9",
    ) == (1, 2.0, False, False, False, 9)  # fmt: skip


def test_labels_are_taken_letter_by_letter():
    assert parse_alias("c=d?labels=C++,50%25,D")[1].labels == ("C++", "50%25", "D")


def test_a_name_is_given_once():
    assert set(parse_aliases(["a=x", "b=y", "a=x"])) == {"a", "b"}
    with pytest.raises(UsageError, match="a is given twice"):
        parse_aliases(["a=x", "a=y"])


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\ngraphrun = 3"])
def test_odd_pyprojects(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    if text == "tool = 3":
        assert read(tmp_path) == {"alias": {}}
    else:
        with pytest.raises(UsageError, match="is not a table"):
            read(tmp_path)


def test_trackers_can_be_turned_off(tmp_path):
    (tmp_path / "graphrun.toml").write_text("[track]\ntensorboard = false\n")
    assert read(tmp_path)["track"] == {"tensorboard": False}


@pytest.mark.parametrize("line", ["tensorboard = 0", "wandb = true"])
def test_trackers_that_are_not_known(tmp_path, line):
    (tmp_path / "graphrun.toml").write_text(f"[track]\n{line}\n")
    with pytest.raises(UsageError, match=r"graphrun\.toml: track: "):
        read(tmp_path)
