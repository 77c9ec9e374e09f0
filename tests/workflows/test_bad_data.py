"""Data, models and disks that do not fit: found early, named, exit code, nothing half-written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphrun.cli.main import main

ROOT = Path(__file__).parents[2]
FLAGSHIP = str(ROOT / "workflows/distilbert_classification.json")


@pytest.fixture
def go(tmp_path, monkeypatch, data, model, capsys):
    """Run the flagship on local data; exit code and report (or the refusal)."""
    monkeypatch.chdir(tmp_path)

    def run(*options, file=FLAGSHIP, alias=None):
        arguments = [
            "run",
            file,
            "--json",
            "--alias",
            f"distilbert-base-uncased={model}",
            "--alias",
            alias or f"imdb={data}",
            "--set",
            "11.max_length=32",
            "--set",
            "27.epochs=1",
            "--set",
            "14.parameters=",
            "--set",
            "15.parameters=",
        ]
        code = main([*arguments, *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def never_trained(report):
    states = {n["id"]: n["state"] for n in report["nodes"]}
    return states["27"] != "finished" and report["files"] == []


def write(folder, split, rows, header="text,label"):
    (folder / f"{split}.csv").write_text("\n".join([header, *rows]) + "\n")


def test_a_run_on_local_data_works(go):
    code, report = go()
    assert code == 0, report["error"]
    assert report["metrics"]["final"]["val_accuracy"] > 0
    (saved,) = report["files"]
    assert Path(saved).is_file()
    assert {n["code"] for n in report["notices"]} <= {"no_gpu", "way_of_computing"}


def test_a_label_column_that_is_missing(go, data):
    write(data, "train", ["good,1", "bad,0"], header="text,sentiment")
    code, report = go()
    assert code == 1
    assert report["error"]["code"] == "missing_column"
    assert report["error"]["node"] == "12"
    assert "sentiment" in report["error"]["message"] + report["error"]["hint"]
    assert "label=sentiment" in report["error"]["hint"] or "--set" in report["error"]["hint"]
    assert report["error"]["position"].startswith(FLAGSHIP)
    assert never_trained(report)


def test_a_split_that_is_missing(go):
    code, report = go("--set", "13.split=validation")
    assert code == 4
    assert report["error"]["code"] == "missing_split"
    assert "test" in report["error"]["message"] + report["error"].get("hint", "")
    assert never_trained(report)


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ([], "empty_data", "train.csv"),
        (["good,1", "bad,"], "label_not_a_number", "the first is in row 1"),
        (["good,1", "bad,0.5"], "label_not_a_number", "0.5"),
    ],
)
def test_a_split_that_nothing_can_be_learned_from(go, data, rows, code, said):
    """Whatever way it would have been learned in."""
    write(data, "train", rows)
    errors = []
    for way in ("--no-literal", "--literal"):
        status, report = go(way)
        assert status == 1
        assert never_trained(report)
        errors.append(report["error"])
    assert errors[0]["code"] == code
    assert said in errors[0]["message"]
    assert errors[0]["node"] == "12"
    assert [one["message"] for one in errors] == [errors[0]["message"]] * 2


def test_a_label_that_is_not_0_or_1(go, data):
    write(data, "train", ["good,1", "bad,0", "so so,2"])
    code, report = go()
    assert code == 1
    assert report["error"]["code"] == "label_not_binary"
    assert "2" in report["error"]["message"]
    assert never_trained(report)


def test_labels_that_are_words_need_names(go, data):
    rows = ["good,Positive", "bad,Negative"] * 8
    write(data, "train", rows)
    write(data, "test", rows)
    code, report = go()
    assert code == 1
    assert report["error"]["code"] == "label_not_a_number"
    assert "labels=Negative,Positive" in report["error"]["hint"]
    code, report = go(alias=f"imdb={data}?labels=Negative,Positive")
    assert code == 0, report["error"]


def test_columns_may_be_named_by_the_alias(go, data):
    rows = ["good,1", "bad,0"] * 8
    write(data, "train", rows, header="Text,Sentiment")
    write(data, "test", rows, header="Text,Sentiment")
    code, report = go(alias=f"imdb={data}?text=Text&label=Sentiment")
    assert code == 0, report["error"]


def test_text_that_is_not_utf8(go, data):
    (data / "train.csv").unlink()
    (data / "train.tsv").write_bytes("text\tlabel\ngut\t1\nschön\t0\n".encode("latin-1"))
    code, report = go()
    assert code == 1
    assert "UTF-8" in report["error"]["message"]
    assert "train.tsv" in report["error"]["message"]
    assert never_trained(report)


def test_a_tokenizer_of_another_model_is_a_warning(go, model):
    code, report = go("--set", "11.model_name=roberta-base", "--alias", f"roberta-base={model}")
    assert code == 0, report["error"]
    (found,) = [n for n in report["notices"] if n["code"] == "tokenizer_mismatch"]
    assert found["severity"] == "warning"
    assert found["position"] == "--set 11.model_name=roberta-base"
    assert "roberta-base" in found["message"]
    assert "distilbert-base-uncased" in found["message"]


def test_a_batch_larger_than_the_data_is_a_warning(go):
    code, report = go("--set", "14.batch_size=1000")
    assert code == 0, report["error"]
    (found,) = [n for n in report["notices"] if n["code"] == "batch_larger_than_data"]
    assert (found["node"], found["input"]) == ("14", "batch_size")
    assert "1000" in found["message"]
    assert "64" in found["message"]
    assert found["position"] == "--set 14.batch_size=1000"


def test_a_batch_larger_than_the_data_with_drop_last_leaves_nothing_to_train(go):
    code, report = go("--set", "14.batch_size=1000", "--set", '14.parameters={"drop_last": true}')
    assert code == 1
    assert report["error"]["code"] == "no_batches"
    assert "train_loader gives no batches of 1000 rows" in report["error"]["message"]
    assert [n["node"] for n in report["notices"] if n["code"] == "batch_larger_than_data"] == ["14"]
    assert never_trained(report)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--min-free", "999999T"], "MiB free"),
        (["--out", "/proc/self"], "cannot be written to"),
        (["--set", "28.model_path=/proc/self/m", "--allow-path", "/proc"], "cannot save"),
    ],
)
def test_a_full_disk_or_an_unwritable_folder_is_found_before_anything_runs(
    go, tmp_path, options, message
):
    before = sorted(p.name for p in tmp_path.iterdir())
    code, refusal = go(*options)
    assert code == 2
    (found,) = refusal["diagnostics"]
    assert found["code"] == "unwritable_output"
    assert message in found["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_missing_device_is_refused(go):
    import torch

    wanted = "mps" if torch.cuda.is_available() else "cuda"
    code, refusal = go("--device", wanted)
    assert code == 4
    (found,) = refusal["diagnostics"]
    assert found["code"] == "missing_device"


def test_use_gpu_without_one_is_one_warning(go):
    import torch

    code, report = go()
    assert code == 0
    warnings = [n for n in report["notices"] if n["code"] == "no_gpu"]
    assert len(warnings) == (0 if torch.cuda.is_available() else 1)


def test_names_that_lead_nowhere_offline_are_refused_before_any_library_is_asked(tmp_path):
    """None of the libraries that retry is even imported; tests/bench/startup.py has the time."""
    program = (
        "import sys\n"
        "from graphrun.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'datasets', 'huggingface_hub'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, FLAGSHIP],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={
            "HF_HOME": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "1",
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
        },
    )
    assert done.stdout == "4 []\n"
    for fragment in ("distilbert-base-uncased", "imdb", "--alias", "--tiny", "network"):
        assert fragment in done.stderr
    assert f"{FLAGSHIP}:" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_precision_that_the_device_lacks_is_refused_before_anything_runs(go):
    code, refusal = go("--device", "cpu", "--precision", "tf32")
    assert code == 4
    (found,) = refusal["diagnostics"]
    assert found["code"] == "missing_device"
    assert "the precision tf32 is a format of NVIDIA's GPUs" in found["message"]
