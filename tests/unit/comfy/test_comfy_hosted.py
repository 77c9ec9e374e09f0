"""Our nodes as a pack of ComfyUI's: registered by its loader, and called the way it calls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HOST = ROOT / "tests/support/host.py"


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """A copy, as it may lie in ComfyUI's folder of packs."""
    folder = tmp_path_factory.mktemp("custom_nodes") / "graphrun-nodes.1"
    left_out = shutil.ignore_patterns("__pycache__", "albert", "bert", "electra", "roberta")
    shutil.copytree(ROOT / "nodes", folder, ignore=left_out)
    return folder


@pytest.fixture
def training(tmp_path, pack):
    """A prompt that trains a small classifier, saves it and shows where."""
    texts = ["good film", "bad film", "a fine day", "a sad day"] * 3
    rows = [{"text": text, "label": i % 2} for i, text in enumerate(texts)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    checkpoint = str(pack / "tiny/distilbert")
    nodes = {
        "1": node(
            "HfTokenizerEncode",
            model_name=checkpoint,
            padding=True,
            padding_method="max_length",
            truncation=True,
            max_length=8,
        ),
        "2": node(
            "PtvHfLocalDataset",
            file_path=str(tmp_path / "rows.jsonl"),
            file_format="json",
            sample_field_name="text",
            label_field_name="label",
            encode=["1", 0],
            remove_html_tags=False,
            encode_return_dict=False,
        ),
        "3": node("PtDataLoader", dataset=["2", 0], batch_size=4, shuffle=True),
        "4": node(
            "PtnHfFineTunedClassificationModel",
            model_name=checkpoint,
            use_mean_pooling=True,
            dropout=0.0,
        ),
        "5": node("PtoAdam", model=["4", 0], learning_rate=0.001, beta1=0.9, beta2=0.99),
        "6": node("PtnBCEWithLogitsLoss", reduction="mean"),
        "7": node(
            "PtTrainClassificationTransformerModel",
            model=["4", 0],
            train_loader=["3", 0],
            optimizer=["5", 0],
            loss_function=["6", 0],
            epochs=2,
            use_gpu=False,
            early_stopping=False,
            early_stopping_rounds=1,
            output_best_val_model=False,
            classification_metrics=True,
            unpack_input=False,
        ),
        "8": node("PtSaveModel", model=["7", 0], model_path="made/model.pt"),
        "9": node("PandasShowText", text=["8", 0]),
    }
    (tmp_path / "prompt.json").write_text(json.dumps(nodes))
    return tmp_path / "prompt.json"


def hosted(pack, prompt, *flags):
    done = subprocess.run(
        [sys.executable, str(HOST), str(pack), str(prompt), *flags],
        cwd=prompt.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_a_host_trains_with_our_nodes(pack, training):
    told, _ = hosted(pack, training)
    assert "error" not in told, told
    saved = training.parent / "output/made/model.safetensors"
    assert saved.is_file()
    assert told["ui"]["7"].pop("precision")[0] in ("fp32", "bf16")  # what the CPU is made for
    assert told["ui"] == {
        "7": {"path": ["unpadded", "tokens"]},
        "8": {"files": [str(saved)]},
        "9": {"text": [str(saved)]},
    }
    assert told["steps"][-1][0] == told["steps"][-1][1]
    # The copy's own modules run, also where the package is installed besides.
    assert told["modules"] == []
    kept = told["kept"]
    live = {"HfTokenizerEncode", "PtDataLoader", "PtnHfFineTunedClassificationModel", "PtSaveModel"}
    assert not any(kept[name] for name in live)
    assert kept["PandasShowText"]


def test_a_stop_of_the_host_is_the_hosts(pack, training):
    told, log = hosted(pack, training, "--interrupt")
    assert told["error"] == "InterruptProcessingException"
    assert "the weights so far are in" in log
    assert (training.parent / "output/interrupted.safetensors").is_file()


def test_graphrun_runs_the_copy_like_any_pack(pack, training):
    """A distribution without our entry point hides the installed one."""
    outside = training.parent / "packs/outside"
    shutil.copytree(pack, outside / "inner")
    names = "NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS"
    (outside / "__init__.py").write_text(f"from .inner import {names}\n")
    info = training.parent / "shadow/graphrun-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: graphrun\nVersion: 9\n")
    path = os.pathsep.join([str(info.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "graphrun"]

    def graphrun(*arguments):
        return subprocess.run(
            [*command, *arguments],
            cwd=training.parent,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert graphrun("check", "prompt.json").returncode == 4
    done = graphrun("run", "prompt.json", "--pack", "packs/outside", "--json", "--out", "runs")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    nodes = {one["id"]: one for one in report["nodes"]}
    assert nodes["9"]["ui"]["text"][0].endswith("made/model.safetensors")
    assert report["metrics"]
    shown = graphrun("nodes", "show", "PtoAdam", "--pack", "packs/outside").stdout
    assert "pack outside" in shown


def test_a_copy_of_an_installed_pack_is_told_and_not_used(pack, training, capsys, monkeypatch):
    from graphrun.cli.main import main

    monkeypatch.chdir(training.parent)
    assert main(["check", "prompt.json", "--pack", str(pack)]) == 0
    assert "warning[duplicate_pack]: the pack graphrun is installed" in capsys.readouterr().err


def test_what_the_classes_declare():
    import graphrun_nodes

    classes = graphrun_nodes.NODE_CLASS_MAPPINGS
    assert classes is graphrun_nodes.NODE_CLASS_MAPPINGS
    assert classes.keys() == set(graphrun_nodes.PACK.names())
    assert graphrun_nodes.NODE_DISPLAY_NAME_MAPPINGS["PtoAdamW"] == "Pto AdamW"
    loss, adam, shown = (classes[n] for n in ("PtnBCEWithLogitsLoss", "PtoAdam", "PandasShowText"))
    assert isinstance(loss.INPUT_TYPES()["required"]["reduction"][0], list)
    rate = adam.INPUT_TYPES()["required"]["learning_rate"]
    assert rate == ("FLOAT", {"default": 0.001, "min": 1e-10, "max": 1, "step": 1e-10})
    assert adam.RETURN_TYPES == ("PTOPTIMIZER",)
    assert shown.OUTPUT_NODE
    assert shown.INPUT_IS_LIST
    assert shown.OUTPUT_IS_LIST == (True,)
    assert shown.INPUT_TYPES()["hidden"] == {
        "unique_id": "UNIQUE_ID",
        "extra_pnginfo": "EXTRA_PNGINFO",
    }
    assert not hasattr(shown, "IS_CHANGED")
    drawn = graphrun_nodes.NODE_CLASS_MAPPINGS["PtRand"]
    assert drawn.IS_CHANGED(size="[2]") != drawn.IS_CHANGED(size="[2]")  # drawn anew in every run
    with pytest.raises(AttributeError, match="no attribute 'WEB_DIRECTORY'"):
        _ = graphrun_nodes.WEB_DIRECTORY


def test_the_module_stays_light():
    code = (
        "import sys, graphrun_nodes\n"
        "assert 'graphrun.comfy.export' not in sys.modules\n"
        "len(graphrun_nodes.NODE_CLASS_MAPPINGS)\n"
        "heavy = {'torch', 'numpy', 'graphrun_nodes.layers'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


TOYS = '''
from typing import Annotated

import torch
from graphrun_nodes._around import around

from graphrun.node import Control, Hidden, InputError, Lazy, Nodes, Pack, Socket
from graphrun.node import for_comfyui, metric, notice, show

NODES = Nodes(category="toys", spaced=True)
Tensor = Annotated[torch.Tensor, Socket("TENSOR")]


@NODES.node("TrainOnIt")
def train(x: Tensor, rest: Tensor | None = None) -> Tensor:
    """Trains on a tensor."""
    weight = torch.ones(3, requires_grad=True)
    with torch.enable_grad():
        (weight * x).sum().backward()
    return weight.grad


@NODES.node("Chance", random=True)
def chance() -> Tensor:
    """Numbers."""
    return torch.rand(4)


@NODES.node("Pick", wanted=lambda first, a=None, b=None: ["a"] if first else ["b"])
def pick(
    first: bool = True,
    *,
    a: Annotated[int, Lazy()] = 1,
    b: Annotated[int, Lazy()] = 2,
) -> int:
    """One."""
    return a if first else b


@NODES.node("Clock", changed=lambda name: name * 2, validate=lambda name: len(name) < 3 or "long")
def clock(name: str = "a", seed: Annotated[int, Control()] = 0) -> tuple[str, int]:
    """Looks."""
    return name, seed


@NODES.node("Speak", output_node=True)
def speak(text: str = "a", *, unique_id: Annotated[str, Hidden("UNIQUE_ID")] = "") -> None:
    """Says."""
    if not text:
        raise InputError("text is empty", input="text", hint="write one")
    show(text=[text], more=[1])
    show(text=[unique_id])
    notice("take care", hint="now")
    metric(epoch=1, loss=0.25)


PACK = Pack("toy", __name__, around=":around")
__getattr__ = for_comfyui(PACK)
'''


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toys")
    (folder / "hosted_toys.py").write_text(TOYS)
    sys.path.insert(0, str(folder))
    import hosted_toys

    yield hosted_toys.NODE_CLASS_MAPPINGS
    sys.path.remove(str(folder))
    del sys.modules["hosted_toys"]


def test_tensors_of_the_inference_mode_can_be_trained_with(toys):
    import torch

    with torch.inference_mode():
        given = torch.full((3,), 2.0)
        (gradient,) = toys["TrainOnIt"]().execute(x=given)
    assert gradient.tolist() == [2, 2, 2]
    assert not gradient.is_inference()
    assert given.is_inference()


def test_random_numbers_follow_the_host(toys):
    import random

    import torch

    def numbers():
        return toys["Chance"]().execute()[0].tolist()

    before = torch.get_rng_state()
    random.seed(1)
    first, second = numbers(), numbers()
    assert first != second
    random.seed(1)
    assert [numbers(), numbers()] == [first, second]
    assert torch.equal(torch.get_rng_state(), before)


def test_lazy_inputs_and_words_about_the_world(toys):
    pick, clock = toys["Pick"], toys["Clock"]
    assert pick().check_lazy_status(first=False, a=None, b=None) == ["b"]
    assert pick.INPUT_TYPES()["required"]["a"][1]["lazy"] is True
    assert clock.IS_CHANGED(name="ab") == "abab"
    assert clock.VALIDATE_INPUTS(name="abc") == "long"
    assert clock().execute(name="a", seed=3) == ("a", 3)
    assert clock.INPUT_TYPES()["required"]["seed"][1]["control_after_generate"] is True


def test_what_a_node_says_goes_to_the_host(toys, caplog):
    caplog.set_level("INFO", logger="graphrun")
    result = toys["Speak"]().execute(text="b", unique_id="7")
    assert result == {"ui": {"text": ["b", "7"], "more": [1]}, "result": ()}
    assert [record.message for record in caplog.records] == [
        "take care (now)",
        "epoch 1  loss 0.25",
    ]
    with pytest.raises(ValueError, match="text is empty\nwrite one"):
        toys["Speak"]().execute(text="")
