"""`graphrun cache`, where a cache lies, and what the configuration says of it."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphrun.cache import Checkpoints, DiskStore, Stored
from graphrun.cache import place as places
from graphrun.catalog.running import CALL, Silent
from graphrun.cli import config, sizes
from graphrun.cli.main import main
from graphrun.errors import UsageError

KEY = "ab" + "1" * 62


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The cache of a test, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHRUN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def stored(*values):
    return Stored(tuple([[one] for one in values]), {})


class Made(Silent):
    """The call of a node that runs."""

    def __init__(self, class_type):
        super().__init__()
        self.class_type = class_type


def fill(folder):
    """Two results, of which one is known to be of a class, a training, and tokens."""
    store = DiskStore(folder / "results")
    token = CALL.set(Made("EmptyImage"))
    store.put("f" * 64, stored(np.zeros(5000)))
    CALL.reset(token)
    store.put("e" * 64, stored(1))
    training = Checkpoints(folder / "trainings").at(KEY, {"class_type": "PtTrainRNNModel"})
    training.take()
    training.save(1, 40, {"weights": np.zeros(400)})
    training.release()
    for state in training.folder.glob("*.1.40"):
        os.utime(state, (time.time() - 7300, time.time() - 7300))
    (folder / "tokens/ab").mkdir(parents=True)
    (folder / "tokens/ab" / f"{KEY}.arrow").write_bytes(b"x" * 2000)


def said(capsys, *arguments):
    assert main(["cache", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def document(capsys, *arguments):
    return json.loads(said(capsys, *arguments, "--json"))


def test_a_cache_that_is_not_there_is_empty(folder, capsys):
    assert said(capsys, "ls") == f"nothing is kept in {folder}\n"
    assert f"{folder} (not there yet)" in said(capsys, "info")
    assert said(capsys, "gc") == f"0 B freed, 0 B of results kept in {folder}\n"
    assert said(capsys, "clear") == f"nothing removed from {folder}, 0 B freed\n"
    assert document(capsys, "ls") == {"folder": str(folder), "entries": []}
    assert not folder.exists()


def test_the_list_has_the_newest_first(folder, capsys):
    fill(folder)
    first, second, third = said(capsys, "ls").splitlines()
    assert first.split() == ["result", "e" * 12, "-", *first.split()[3:5], "just", "now"]
    assert second.split()[:3] == ["result", "f" * 12, "EmptyImage"]
    assert "39.6 KiB" in second
    assert third.split()[:3] == ["training", KEY[:12], "PtTrainRNNModel"]
    assert third.endswith("2 hours ago  1 epoch, 40 steps")
    one, more = said(capsys, "ls", "-n", 1).splitlines()
    assert one.split() == first.split()
    assert more == "… and 2 more; -n 3 shows all"


def test_the_list_as_json(folder, capsys):
    fill(folder)
    found = document(capsys, "ls")["entries"]
    assert [one["kind"] for one in found] == ["result", "result", "training"]
    assert [one["class_type"] for one in found] == ["", "EmptyImage", "PtTrainRNNModel"]
    assert (found[2]["epoch"], found[2]["step"], found[2]["finished"]) == (1, 40, False)
    assert found[2]["bytes"] > 3200
    assert "T" in found[0]["used"]
    assert len(document(capsys, "ls", "-n", "0")["entries"]) == 0


def test_info_counts_each_kind(folder, capsys):
    fill(folder)
    lines = said(capsys, "info").splitlines()
    assert lines[0] == f"folder     {folder}"
    assert lines[1].startswith("results    2, ")
    assert lines[1].endswith("of at most 20.0 GiB")
    assert lines[2].startswith("trainings  1, ")
    assert lines[3] == "tokens     1, 2.0 KiB"
    found = document(capsys, "info")
    assert found["results"]["limit"] == 20 << 30
    assert found["tokens"] == {"entries": 1, "bytes": 2000}


def test_gc_shrinks_to_a_size(folder, capsys):
    fill(folder)
    assert document(capsys, "gc")["freed"] == 0
    assert document(capsys, "gc", "--max-size", "10KiB")["freed"] > 40_000
    assert [one.identity for one in DiskStore(folder / "results")] == ["e" * 64]
    assert document(capsys, "info")["trainings"]["entries"] == 1
    assert document(capsys, "gc", "--max-size", "1KiB")["freed"] > 3200
    assert document(capsys, "info")["trainings"]["entries"] == 0


def test_the_configured_size_is_the_limit(folder, capsys):
    fill(folder)
    Path("graphrun.toml").write_text('[cache]\nmax_size = "1KiB"\n')
    assert document(capsys, "info")["results"]["limit"] == 1024
    said(capsys, "gc")
    assert [one.identity for one in DiskStore(folder / "results")] == ["e" * 64]


@pytest.mark.parametrize("kind", places.KINDS)
def test_one_kind_is_cleared(folder, capsys, kind):
    fill(folder)
    assert document(capsys, "clear", kind)["freed"] > 1000
    found = document(capsys, "info")
    left = {name: found[name]["entries"] for name in places.KINDS}
    assert left == {**{"results": 2, "trainings": 1, "tokens": 1}, kind: 0}


def test_everything_is_cleared(folder, capsys):
    fill(folder)
    text = said(capsys, "clear")
    assert text.startswith(f"2 results, 1 training, 1 tokenised text removed from {folder}, ")
    assert document(capsys, "ls")["entries"] == []
    assert [p for p in folder.rglob("*") if p.is_file() and p.name not in ("lock", "clock")] == []


def test_what_graphrun_did_not_make_stays(folder, capsys):
    """Also in folders that have the names of the cache's."""
    fill(folder)
    outside = folder.parent / "outside"
    outside.mkdir()
    foreign = [
        outside / "mine.txt",
        folder / "mine.txt",
        folder / "results/mine.txt",
        folder / "results/v2/cas/ab/mine.txt",
        folder / "results/v2/tmp/mine.txt",
        folder / "results/v1/mine.txt",
        folder / "results/v1/cas/ab/mine.txt",
        folder / "trainings/mine.txt",
        folder / "trainings/ab/mine/state.json",
        folder / "trainings/mine" / KEY / "state.json",
        folder / "trainings/cd" / KEY / "state.json",
        folder / "tokens/ab/mine.txt",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        os.utime(path, (1, 1))
    (folder / "trainings/cd" / f"cd{KEY[2:]}").symlink_to(outside)
    said(capsys, "gc", "--max-size", "0")
    said(capsys, "clear")
    assert [path for path in foreign if path.read_text() != "mine"] == []
    assert document(capsys, "ls")["entries"] == []
    assert document(capsys, "info")["trainings"]["entries"] == 0


def answered(answer, *arguments):
    """What the command leaves on a terminal where somebody types an answer."""
    main_end, end = pty.openpty()
    command = [sys.executable, "-m", "graphrun", "cache", "clear", *arguments]
    options = {"stdin": end, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as process:
        os.close(end)
        os.write(main_end, answer)
        out, err = process.communicate(timeout=60)
    os.close(main_end)
    assert process.returncode == 0, err
    return out, err


def test_on_a_terminal_it_asks_first(folder):
    fill(folder)
    out, err = answered(b"\n")
    assert out == "nothing was removed\n"
    assert err == (f"remove 2 results, 1 training, 1 tokenised text from {folder}? [y/N] ")
    assert DiskStore(folder / "results").info().entries == 2
    assert "1 training removed" in answered(b"y\n", "trainings")[0]
    assert answered(b"", "--yes")[1] == ""
    assert DiskStore(folder / "results").info().entries == 0


def test_elsewhere_nothing_is_asked(folder):
    fill(folder)
    for entry in (subprocess.DEVNULL, None):
        command = [sys.executable, "-m", "graphrun", "cache", "clear", "results"]
        options = {"input": ""} if entry is None else {"stdin": entry}
        subprocess.run(command, check=True, timeout=60, capture_output=True, text=True, **options)
    assert DiskStore(folder / "results").info().entries == 0


def test_another_folder(tmp_path, capsys):
    fill(tmp_path / "other")
    assert len(document(capsys, "ls", "--cache-dir", tmp_path / "other")["entries"]) == 3
    assert main(["cache", "ls", "--cache-dir", "~nosuchuser/x"]) == 2
    assert "--cache-dir ~nosuchuser/x" in capsys.readouterr().err


def test_a_folder_that_cannot_be_used_is_said(folder, capsys):
    (folder / "results/v2").mkdir(parents=True)
    (folder / "results/v2/lock").mkdir()
    assert main(["cache", "gc"]) == 2
    assert f"the cache in {folder} cannot be used" in capsys.readouterr().err
    assert main(["cache", "clear", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "bad_cache"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["rm"],
        ["clear", "all"],
        ["ls", "-n", "-1"],
        ["gc", "--max-size", "1X"],
        ["clear", "--cache-dir", ""],
        ["why", "a.json", "--cache-dir", ""],
        ["why", "a.json", "--checkpoint-every", "nan"],
        ["why", "a.json", "--checkpoint-every=-1"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["cache", *arguments])
    assert caught.value.code == 2


def test_of_why_only_the_file_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["cache", "why"])
    assert "are required: FILE\n" in capsys.readouterr().err


# Where


def test_the_folder_of_the_system(tmp_path, monkeypatch):
    assert places.default_folder() == tmp_path / "cache"
    monkeypatch.delenv("GRAPHRUN_CACHE")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(places.sys, "platform", "linux")
    for value, found in (("/x", "/x"), ("relative", "/home/me/.cache"), ("", "/home/me/.cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert places.default_folder() == Path(found) / "graphrun"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert places.default_folder() == Path("/home/me/.cache/graphrun")
    monkeypatch.setattr(places.sys, "platform", "darwin")
    assert places.default_folder() == Path("/home/me/Library/Caches/graphrun")
    monkeypatch.setattr(places.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert places.default_folder() == Path("/local/graphrun/Cache")


def test_command_line_environment_configuration_system(tmp_path, monkeypatch):
    Path("graphrun.toml").write_text(
        '[cache]\nfolder = "here"\nmax_size = "2GB"\nenabled = false\n'
    )
    assert config.cache(Path("given")).folder == tmp_path / "given"
    assert config.cache().folder == tmp_path / "cache"
    monkeypatch.delenv("GRAPHRUN_CACHE")
    assert config.cache() == config.Cache(tmp_path / "here", 2 * 10**9, False)
    Path("graphrun.toml").unlink()
    assert config.cache() == config.Cache(places.default_folder(), 20 << 30, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cache = 1", "cache = 1 is not a table"),
        ("[cache]\nsize = 1", "cache: unknown key 'size'; known: folder, max_size, enabled"),
        ("[cache]\nmax_size = 7", "cache: max_size = 7 is not a size such as"),
        ('[cache]\nmax_size = "much"', "cache: 'much' is not a size such as 256M or 20GiB"),
        ('[cache]\nenabled = "yes"', "cache: enabled = 'yes' is not true or false"),
        ('[cache]\nfolder = "~nosuchuser/x"', "cache: "),
    ],
)
def test_configurations_that_are_none(tmp_path, text, message):
    Path("graphrun.toml").write_text(text)
    with pytest.raises(UsageError, match=r"graphrun\.toml") as caught:
        config.read(tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("12", 12),
        ("12B", 12),
        ("256M", 256 << 20),
        ("256m", 256 << 20),
        ("1.5G", 3 << 29),
        ("20GiB", 20 << 30),
        ("20 gib", 20 << 30),
        ("20GB", 20 * 10**9),
        ("1kB", 1000),
        (".5T", 1 << 39),
    ],
)
def test_sizes(text, size):
    assert sizes.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "1X", "-1", "inf", "nan", "1e9", "1GiBB", "1iB", "٣"])
def test_sizes_that_are_none(text):
    with pytest.raises(ValueError, match="is not a size such as"):
        sizes.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (5 << 20, "5.0 MiB"), (300 << 30, "300 GiB")],
)
def test_sizes_for_people(size, text):
    assert sizes.told(size) == text
