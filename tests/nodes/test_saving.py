from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from graphrun_nodes.models import fine_tuned_classifier
from graphrun_nodes.saving import load_model, save_model
from recording import Recorder
from safetensors import safe_open
from torch import nn

from graphrun.catalog import Alias
from graphrun.errors import InputError, MissingResource


def net(seed: int, inputs: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 2), nn.BatchNorm1d(2))


def same(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


def test_weights_come_back(call: Recorder) -> None:
    model, other = net(1), net(2)
    path = save_model(model, "deep/folder/model.safetensors")
    assert path == str((call.settings.outputs / "deep/folder/model.safetensors").resolve())
    assert load_model(other, "deep/folder/model.safetensors") is other
    assert same(model, other)
    assert load_model(net(3), path)
    assert not call.notices
    assert [p.name for p in Path(path).parent.iterdir()] == ["model.safetensors"]


def test_the_same_weights_are_the_same_bytes(call: Recorder) -> None:
    files = {Path(save_model(net(1), f"{i}/model.safetensors")).read_bytes() for i in range(12)}
    assert len(files) == 1


def test_the_file_says_what_it_is(call: Recorder, checkpoint: Callable[[str], Path]) -> None:
    model = fine_tuned_classifier(str(checkpoint("albert")), False, dropout=0.5)
    with safe_open(save_model(model, "m.safetensors"), "pt") as file:
        metadata = file.metadata()
        names = set(file.keys())
    about = json.loads(metadata["graphrun.model"])
    assert metadata["format"] == "pt"
    assert about["class"] == "PtnHfFineTunedClassificationModel"
    assert about["model_name"] == str(checkpoint("albert"))
    assert (about["use_mean_pooling"], about["dropout"]) == (False, 0.5)
    assert about["encoder"]["model_type"] == "albert"
    assert names == model.state_dict().keys()
    assert {name.partition(".")[0] for name in names} == {"llm_model", "linear"}


def test_tensors_that_share_memory_or_are_not_contiguous(call: Recorder) -> None:
    model = nn.ModuleList([nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)])
    model[1].weight = model[0].weight
    model.register_buffer("turned", torch.arange(6.0).reshape(2, 3).T)
    other = nn.ModuleList([nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)])
    other.register_buffer("turned", torch.zeros(3, 2))
    save_model(model, "tied.safetensors")
    assert same(load_model(other, "tied.safetensors"), model)


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "model.bin", "model.PTH"])
def test_pickle_names_become_safetensors(call: Recorder, name: str) -> None:
    path = save_model(net(1), name)
    assert Path(path).name == "model.safetensors"
    assert call.codes == ["saved_as_safetensors"]
    assert save_model(net(2), name) == path, "the next run writes the same file"
    assert same(load_model(net(3), name), net(2))


def test_two_names_stay_two_files(call: Recorder) -> None:
    first = save_model(net(1), "model.safetensors")
    second = save_model(net(2), "model.pt")
    assert (Path(first).name, Path(second).name) == ("model.safetensors", "model.pt.safetensors")
    assert same(load_model(net(3), "model.safetensors"), net(1))
    assert same(load_model(net(3), "model.pt"), net(2))


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_state_dicts_are_read(call: Recorder, tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "weights.pt"
    torch.save(net(1).state_dict(), file, _use_new_zipfile_serialization=zipped)
    assert same(load_model(net(2), str(file)), net(1))


def test_safetensors_are_known_by_content(call: Recorder, tmp_path: Path) -> None:
    path = Path(save_model(net(1), "model.safetensors"))
    path.rename(tmp_path / "weights.pkl")
    assert same(load_model(net(2), str(tmp_path / "weights.pkl")), net(1))


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code from a file was run",)


def test_files_that_could_run_code_are_refused(
    call: Recorder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"module.pt": net(1), "evil.pt": {"a": Evil()}}.items():
        torch.save(content, tmp_path / name)
        with pytest.raises(InputError, match="could run code; it is refused") as caught:
            load_model(net(2), str(tmp_path / name))
        assert (caught.value.code, caught.value.input) == ("unsafe_file", "model_path")
    assert "code from a file" not in capfd.readouterr().out


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08\0\0\0\0\0\0\0{broken}"])
def test_files_that_are_no_weights(call: Recorder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.pt"):
        load_model(net(2), str(tmp_path / "x.pt"))


def test_a_checkpoint_with_more_than_weights_is_named(call: Recorder, tmp_path: Path) -> None:
    torch.save({"epoch": 3, "model": net(1).state_dict()}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="not a state dict"):
        load_model(net(2), str(tmp_path / "x.pt"))


def test_weights_of_another_model_are_named_and_change_nothing(call: Recorder) -> None:
    save_model(net(1, inputs=5), "a.safetensors")
    save_model(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), "b.safetensors")
    model = net(2)
    with pytest.raises(InputError, match=r"1 of another shape: 0\.weight \(2, 5\) instead of"):
        load_model(model, "a.safetensors")
    with pytest.raises(InputError, match=r"3 missing: 1\.running_mean, 1\.running_var, 1\.num"):
        load_model(model, "b.safetensors")
    save_model(nn.Sequential(*net(1), nn.Linear(2, 2)), "c.safetensors")
    with pytest.raises(InputError, match=r"2 unexpected: 2\.bias, 2\.weight"):
        load_model(model, "c.safetensors")
    assert same(model, net(2))


def test_weights_under_tiny_that_do_not_fit_are_left_out(call: Recorder) -> None:
    save_model(net(1), "m.safetensors")
    call.settings = replace(call.settings, tiny=True)
    model = net(2, inputs=4)
    assert load_model(model, "m.safetensors") is model
    assert same(model, net(2, inputs=4))
    assert "does not fit" in call.notices[0]["message"]


@pytest.mark.parametrize("alias", ["/far/away", "/far/away/", "/far", "/", "/far/away/m.pt"])
def test_an_alias_leads_from_a_folder_of_another_machine(call: Recorder, alias: str) -> None:
    written = Path(save_model(net(1), "other/far/away/m.safetensors"))
    places = {"/": written.parents[2], "/far": written.parents[1]}
    places["/far/away/m.pt"] = written.with_suffix(".pt")
    with pytest.raises(MissingResource, match="--alias /far/away=PATH"):
        load_model(net(2), "/far/away/m.pt")
    found = Alias(places.get(alias, written.parent))
    call.settings = replace(call.settings, aliases={alias: found})
    assert same(load_model(net(2), "/far/away/m.pt"), net(1))
    save_model(net(3), "/far/away/m.pt")
    assert same(load_model(net(2), "/far/away/m.pt"), net(3)), "what this run has written"


def test_an_absent_file_says_where_it_was_looked_for(call: Recorder) -> None:
    with pytest.raises(MissingResource, match=r"no weights at gone\.pt") as caught:
        load_model(net(1), "gone.pt")
    assert caught.value.diagnostics[0].code == "missing_file"
    assert str(call.settings.outputs / "gone.safetensors") in str(caught.value)


def test_redirected_paths_are_found_again(call: Recorder, tmp_path: Path) -> None:
    wanted = str(tmp_path / "elsewhere" / "m.safetensors")
    path = save_model(net(1), wanted)
    assert Path(path).is_relative_to(call.settings.outputs)
    assert "output_redirected" in call.codes
    assert same(load_model(net(2), wanted), net(1))


def test_newer_weights_beside_those_asked_for_are_said(call: Recorder) -> None:
    new = Path(save_model(net(1), "m.safetensors"))
    old = new.with_suffix(".pt")
    torch.save(net(2).state_dict(), old)
    os.utime(old, (1, 1))
    assert same(load_model(net(3), "m.pt"), net(2)), "what was asked for"
    assert call.codes == ["newer_weights"]
    assert "m.safetensors" in call.notices[0]["message"]
    os.utime(new, (0, 0))
    load_model(net(3), "m.pt")
    assert len(call.notices) == 1


def test_names_may_be_as_long_as_the_system_lets_them(call: Recorder) -> None:
    name = "m" * 243 + ".safetensors"
    assert Path(save_model(net(1), name)).name == name
    assert [path.name for path in call.settings.outputs.iterdir()] == [name]


def test_an_error_names_the_file_asked_for(call: Recorder) -> None:
    (call.settings.outputs / "m.safetensors").mkdir(parents=True)
    with pytest.raises(OSError, match=r"cannot write .*m\.safetensors: ") as caught:
        save_model(net(1), "m.safetensors")
    assert ".part" not in str(caught.value)
    assert [path.name for path in call.settings.outputs.iterdir()] == ["m.safetensors"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    code = """
import resource, sys, torch
from torch import nn
from pathlib import Path
from graphrun_nodes._weights import save_weights
save_weights(nn.Linear(2, 2), Path("m.safetensors"))
before = Path("m.safetensors").read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    save_weights(nn.Linear(100, 100), Path("m.safetensors"))
except OSError as error:
    assert Path("m.safetensors").read_bytes() == before
    sys.exit(f"refused: {error}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert "refused: cannot write" in done.stderr, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
