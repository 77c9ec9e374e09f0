"""`graphrun doctor`: what it finds in broken surroundings, and that nothing breaks it."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphrun.cli import doctor as cli
from graphrun.cli.main import main
from graphrun.documents import schema
from graphrun.health import libraries, surroundings
from graphrun.health.asking import ask


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A folder in which this and other processes find modules and distributions."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *before.split(os.pathsep)]))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return folder


def distribution(site, name, version, *needs):
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {one}" for one in needs)]))


def told(findings, status="problem"):
    return [one.message for one in findings if one.status == status]


def test_everything_as_json_satisfies_its_schema_whatever_is_broken(site, capsys):
    """A library that ends its process, a configuration and a pack that cannot be read."""
    (site / "datasets.py").write_text("import os; os._exit(9)")
    Path("graphrun.toml").write_text('packs = ["broken.py"]\n[alias]\nimdb = "gone"\n')
    Path("broken.py").write_text("import no_such_module")
    assert main(["doctor", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("doctor")).validate(document)
    problems = [one for one in document["findings"] if one["status"] == "problem"]
    found = {one["topic"]: one["message"] for one in problems}
    assert found["imports"].startswith("importing datasets: exit code 9")
    assert found["configuration"].startswith("alias imdb: there is no ")
    assert "no_such_module" in found["packs"]
    assert any(one["topic"] == "torch" for one in document["findings"])


def test_a_configuration_that_cannot_be_read_is_one_problem():
    Path("graphrun.toml").write_text("device = 3")
    (found,) = told(cli._configuration())
    assert found.endswith("graphrun.toml: device = 3 is not a text")


def test_libraries_that_do_not_fit_each_other(site, monkeypatch):
    own = libraries._version("torch")
    distribution(site, "torchvision", "0.1+cu999", "torch==1.0")
    distribution(site, "accelerate", "0.2", "numpy<1")
    problems = told([*libraries._conflicts({"torchvision", "accelerate"}), *libraries._builds()])
    assert problems[0].startswith("accelerate 0.2 needs numpy<1; it is ")
    assert problems[1] == f"torchvision 0.1+cu999 needs torch==1.0; it is {own}"
    if "+" in own:
        assert problems[2].startswith("torchvision 0.1+cu999 is built for cu999")


def test_a_library_of_an_unsupported_version_is_told_with_what_to_install(site, monkeypatch):
    distribution(site, "transformers", "3.0")
    monkeypatch.setattr(libraries, "IMPORTED", ())
    found = [one for one in libraries.libraries() if one.status == "problem"]
    assert [one.message for one in found if "supported" in one.message] == [
        "transformers 3.0 is not supported: <6,>=5"
    ]
    assert "pip install 'transformers<6,>=5'" in [one.hint for one in found]


def test_imports_that_fail_crash_or_hang_are_told_by_name(site):
    (site / "fine_one.py").write_text("print('noise')")
    (site / "bad_one.py").write_text("raise ImportError('numpy.dtype size changed')")
    (site / "dead_one.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    (site / "slow_one.py").write_text("import time; time.sleep(60)")
    found = list(libraries._imports(ask("libraries", ["fine_one", "bad_one", "dead_one"])))
    assert told(found) == [
        "bad_one cannot be imported: ImportError: numpy.dtype size changed",
        "importing dead_one: signal 9 ended it",
    ]
    assert found[0].hint.startswith("pip install --upgrade numpy bad_one")
    answer = ask("libraries", ["fine_one", "slow_one"], seconds=3)
    assert (answer.guilty, answer.ended) == ("slow_one", "it did not come back within 3 s")


def test_missing_extras_are_notes_with_what_they_give(monkeypatch):
    monkeypatch.setattr(
        libraries, "_version", lambda name: None if name == "seaborn" else "1", raising=True
    )
    (found,) = [one for one in libraries.extras() if one.status == "note"]
    assert found.message == "plots: without seaborn; for the plot nodes"
    assert found.hint == "pip install 'graphrun[plots]'"


@pytest.mark.parametrize(
    ("value", "status"),
    [("4", None), ("1", "note"), ("64", "note"), ("0", "problem"), ("x", "problem"), ("2,1", None)],
)
def test_numbers_of_threads(value, status):
    found = list(surroundings.threads({"OMP_NUM_THREADS": value}, cores=4))
    assert [one.status for one in found] == ([status] if status else [])


def test_what_shadows_a_library(tmp_path):
    (tmp_path / "torch.py").touch()
    (tmp_path / "datasets").mkdir()  # a folder of data: an installed package goes before it
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes/__init__.py").touch()
    found = list(surroundings.shadows(tmp_path, ["/elsewhere"]))
    assert [one.message.partition(" in ")[0] for one in found] == ["nodes/__init__.py", "torch.py"]
    assert {one.status for one in found} == {"note"}
    assert {one.status for one in surroundings.shadows(tmp_path, [""])} == {"problem"}


def test_a_cache_that_cannot_be_written_to_and_one_without_room(tmp_path, small_disk):
    def look(folder):
        return surroundings.cache(folder, 1 << 30, lambda: 7, lambda size: f"{size} B")

    assert look(tmp_path / "new/cache").message.startswith(f"{tmp_path}/new/cache: nothing yet")
    small = look(small_disk)
    assert small.status == "note"
    assert "cache gc" in small.hint
    (tmp_path / "file").touch()
    assert look(Path("/proc/cache")).status == "problem"


def test_a_token_is_told_of_and_never_shown(monkeypatch, tmp_path):
    home = {"HF_HOME": str(tmp_path)}
    assert "token: no" in told(surroundings.hub(home), "ok")
    secret = {**home, "HF_TOKEN": "hf_secret"}
    found = list(surroundings.hub(secret))
    assert "token: yes" in told(found, "ok")
    assert "secret" not in repr(found)
    (tmp_path / "token").write_text("hf_secret")
    assert "token: yes" in told(surroundings.hub(home), "ok")


def test_being_offline_is_worth_a_note(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (found,) = told(surroundings.hub(os.environ), "note")
    assert found == "HF_HUB_OFFLINE=1: nothing is downloaded"


def test_a_hub_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert surroundings.network().message == "the hub does not answer"
