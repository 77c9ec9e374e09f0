"""The precision of a run: how it is asked for, and that results are told apart by it."""

import json
from pathlib import Path

import pytest

from graphrun.catalog import Catalog, Settings
from graphrun.cli import PRECISIONS, config
from graphrun.cli.main import main
from graphrun.documents import PromptNode
from graphrun.errors import UsageError
from graphrun.plan.libraries import _has_amx, precision_class
from graphrun.plan.world import World


def around(class_type="PtTrainModel", **settings):
    """What a node's result depends on, by settings of the run."""
    node = PromptNode("1", class_type, {})
    world = World(Catalog.installed(), Settings(**settings))
    return world.surroundings([node], [])[0].get("1", {})


@pytest.fixture
def plain_cpu():
    if _has_amx() is not False:
        pytest.skip("this CPU computes in bf16")


def test_fp32_of_a_cpu_needs_no_word(plain_cpu):
    assert "precision" not in around(device="cpu")
    assert around(device="cpu") == around(device="cpu", precision="fp32")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_another_precision_makes_another_result(precision):
    assert around(device="cpu", precision=precision)["precision"] == precision
    assert around(device="cuda", precision=precision)["precision"] == precision


def test_nodes_that_compute_on_no_device_are_the_same():
    assert around("PtAbs", precision="bf16") == around("PtAbs")


@pytest.mark.parametrize(
    ("asked", "device", "found"),
    [
        ("auto", "cuda", "auto:cuda"),
        ("fp32", "cuda", "fp32"),
        ("tf32", "cuda", "tf32"),
        ("auto", "mps", ""),
        ("fp32", "mps", ""),
        ("bf16", "mps", "bf16"),
        ("fp32", "cpu", ""),
        ("fp16", "cpu", "fp16"),
    ],
)
def test_what_a_precision_is_on_a_kind_of_device(asked, device, found):
    assert precision_class(asked, device) == found


def test_auto_on_a_cpu_is_what_the_nodes_make_of_it():
    import torch
    from graphrun_nodes._fitting.precision import Precision

    picked = Precision.pick(torch.device("cpu")).name
    assert precision_class("auto", "cpu") == ("" if picked == "fp32" else picked)


def test_the_names_are_those_of_the_nodes():
    from graphrun_nodes._fitting.precision import NAMES

    assert NAMES == PRECISIONS


def test_the_command_line_goes_before_the_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHRUN_CACHE", str(tmp_path / "cache"))
    Path("graphrun.toml").write_text('precision = "bf16"\n')
    nodes = {
        "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
        "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
    }
    Path("text.json").write_text(json.dumps(nodes))
    for options, expected in (([], "bf16"), (["--precision", "fp32"], "fp32")):
        assert main(["text.json", "--json", *options]) == 0
        told = json.loads(capsys.readouterr().out)["settings"]
        assert (told["precision"], "literal" in told) == (expected, False)
    assert main(["text.json", "--json", "--literal", "--clip-grad", "2"]) == 0
    told = json.loads(capsys.readouterr().out)["settings"]
    assert (told["literal"], told["clip_grad"], "grad_accum" in told) == (True, 2.0, False)


def test_a_precision_that_nobody_knows_is_refused(tmp_path, capsys):
    (tmp_path / "graphrun.toml").write_text('precision = "fp8"\n')
    with pytest.raises(UsageError, match="known: auto, fp32, tf32, bf16, fp16"):
        config.read(tmp_path)
    with pytest.raises(SystemExit):
        main(["text.json", "--precision", "fp8"])
    assert "invalid choice: 'fp8'" in capsys.readouterr().err
