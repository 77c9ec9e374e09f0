"""Names that lead to the hub: processes against a server that speaks its protocol."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import commit

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/support/hub_server.py"
FLAGSHIP = ROOT / "workflows/distilbert_classification.json"
MODEL, DATA = "distilbert/distilbert-base-uncased", "stanfordnlp/imdb"
SMALL = ("--set", "11.max_length=16", "--set", "14.batch_size=8", "--set", "27.epochs=3")
BESIDES = ("flax_model.msgpack", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx")


class Hub:
    """Repositories, a server of them, and a machine that has nothing yet."""

    def __init__(self, folder):
        self.top, self.here = folder / "hub", folder / "here"
        self.home = folder / "home"
        self.here.mkdir()
        self.server, self.port = None, ""

    def repository(self, kind, name):
        return self.top / kind / name

    def put(self, kind, name, files):
        for below, content in files.items():
            path = self.repository(kind, name) / below
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def start(self):
        command = [sys.executable, str(SERVER), str(self.top), *([self.port] if self.port else [])]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = self.server.stdout.readline().strip()

    def stop(self):
        if self.server is not None:
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
            self.server = None

    def lists(self, name, *entries):
        (self.top / name).write_text("\n".join(entries))

    def asked(self):
        """The requests since the last look; the library's own questions are not among them."""
        file = self.top / "asked"
        lines = file.read_text().splitlines() if file.is_file() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if "agent-harnesses" not in line]

    def environment(self, **more):
        proxies = ("http_proxy", "https_proxy", "all_proxy")
        unset = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE")
        kept = {k: v for k, v in os.environ.items() if k not in unset and k.lower() not in proxies}
        places = {"HF_HOME": str(self.home), "GRAPHRUN_CACHE": str(self.here.parent / "cache")}
        return {**kept, **places, "HF_ENDPOINT": f"http://127.0.0.1:{self.port}", **more}

    def begin(self, *arguments, **environment):
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.here,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, *arguments, **environment):
        """The exit code, and what a process said on both of its outputs."""
        process = self.begin(*arguments, **environment)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def graphrun(self, *arguments, **environment):
        return self.python("-m", "graphrun", *arguments, **environment)

    def files(self, *parts):
        """What was downloaded, by its name below the snapshot."""
        found = [p for p in (self.home / "hub").glob("*/snapshots/*/**/*") if p.is_file()]
        return sorted("/".join(path.parts[path.parts.index("snapshots") + 2 :]) for path in found)


def wait_for(condition):
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not come to it in time")
        time.sleep(0.05)


@pytest.fixture
def hub(tmp_path, model):
    import datasets
    from graphrun_nodes._reviews import reviews

    made = Hub(tmp_path)
    loaded = {path.name: path.read_bytes() for path in model.iterdir() if path.is_file()}
    made.put("models", MODEL, {**loaded, **dict.fromkeys(BESIDES, "no weights")})
    features = datasets.Features(
        text=datasets.Value("string"), label=datasets.ClassLabel(names=["neg", "pos"])
    )
    divided = []
    for split, count in (("train", 64), ("test", 32)):
        texts, labels = zip(*list(reviews(split))[:count], strict=True)
        rows = datasets.Dataset.from_dict(
            {"text": list(texts), "label": [int(one) for one in labels]}, features=features
        )
        rows.to_parquet(tmp_path / "rows.parquet")
        name = f"plain_text/{split}-00000-of-00001.parquet"
        made.put("datasets", DATA, {name: (tmp_path / "rows.parquet").read_bytes()})
        divided.append({"split": split, "path": f"plain_text/{split}-*"})
    card = {"configs": [{"config_name": "plain_text", "data_files": divided}]}
    made.put("datasets", DATA, {".card.json": json.dumps(card), "README.md": "# reviews"})
    made.start()
    yield made
    made.stop()


# Finds a name, and downloads it where it leads to the hub; tells where it leads before and after.
FIND = """
import sys
from graphrun.sources.names import find_dataset, find_model
from graphrun.sources.hub_download import download, look
kind, name = sys.argv[1:]
found = (find_model if kind == "model" else find_dataset)(name)
print(found.source, found.id)
if found.source == "hub":
    found = download(look(kind, found), lambda: False)
    print(found.source, found.id)
"""


def find(hub, kind, name, **environment):
    code, out, err = hub.python("-c", FIND, kind, name, **environment)
    return [line.split(" ", 1) for line in out.splitlines()] if code == 0 else err


def test_a_killed_first_run_goes_on_without_a_network(hub):
    process = hub.begin("-m", "graphrun", str(FLAGSHIP), *SMALL)
    kept = hub.here.parent / "cache/trainings"
    wait_for(lambda: process.poll() is not None or list(kept.glob("*/*/0*")))
    process.kill()
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, err
    assert err.index("downloading imdb (") < err.index("12 nodes")
    assert err.count("downloading distilbert-base-uncased (") == 1
    asked = hub.asked()
    hub.stop()
    code, out, err = hub.graphrun(str(FLAGSHIP), *SMALL, "--json")
    assert code == 0, err
    report = json.loads(out)
    assert "training_continued" in {one["code"] for one in report["notices"]}
    written = json.loads((hub.here / report["folder"] / "report.json").read_text())
    revisions = {one["name"]: one.get("revision") for one in written["resources"]}
    commits = {
        "distilbert-base-uncased": commit(hub.repository("models", MODEL)),
        "imdb": commit(hub.repository("datasets", DATA)),
    }
    assert revisions == commits
    assert {one["source"] for one in written["resources"]} == {"cache"}
    code, _, err = hub.graphrun("lock", str(FLAGSHIP), "-o", "a.lock.json")
    assert (code, err) == (0, "")
    lock = json.loads((hub.here / "a.lock.json").read_text())
    assert {one["name"]: one["revision"] for one in lock["resources"]} == commits
    assert not [line for line in asked for name in BESIDES if name in line]
    assert hub.asked() == []


def test_what_only_looks_downloads_nothing(hub):
    for command in (["--dry-run"], []):
        code, _, err = hub.graphrun(*(command or ["check"]), str(FLAGSHIP))
        assert code == 0, err
    code, _, err = hub.graphrun("lock", str(FLAGSHIP), "-o", "a.lock.json")
    assert "unpinned_resource" in err
    assert hub.asked() == []


def test_offline_asks_nothing(hub):
    code, _, err = hub.graphrun(str(FLAGSHIP), HF_HUB_OFFLINE="1")
    assert code == 4
    assert "the libraries are set to work offline" in err
    assert hub.asked() == []


def test_what_the_hub_does_not_give_is_listed_before_anything_comes(hub):
    hub.lists("gated", MODEL)
    (hub.repository("datasets", DATA)).rename(hub.top / "datasets/stanfordnlp/other")
    code, _, err = hub.graphrun(str(FLAGSHIP))
    assert code == 4, err
    assert f"{FLAGSHIP.name}:" in err
    assert f"imdb is not on this machine, and the hub has no data set {DATA}" in err
    assert "set HF_TOKEN" in err
    assert "--alias imdb=DIR" in err
    assert "Traceback" not in err
    (hub.top / "datasets/stanfordnlp/other").rename(hub.repository("datasets", DATA))
    code, _, err = hub.graphrun(str(FLAGSHIP))
    assert code == 4, err
    assert "the hub gives it only to those who have asked its owners" in err
    assert not list(hub.here.glob("runs/*")), "a run folder of a run that never began"


def test_a_download_that_breaks_off_goes_on_with_what_is_lacking(hub):
    hub.lists("breaks", "model.safetensors")
    code, _, err = hub.graphrun(str(FLAGSHIP))
    assert code == 4, err
    assert "error[missing_model]" in err
    assert "distilbert-base-uncased is not on this machine, and the download broke off" in err
    assert "the next run goes on with the files that are not there yet" in err
    assert f"{FLAGSHIP.name}:" in err
    came = hub.files()
    assert "model.safetensors" not in came
    assert "plain_text/train-00000-of-00001.parquet" in came
    hub.asked()
    (hub.top / "breaks").unlink()
    hub.server.wait()
    hub.stop()
    hub.start()
    assert [one[0] for one in find(hub, "model", "distilbert-base-uncased")] == ["hub", "cache"]
    again = [line.rpartition("/")[2] for line in hub.asked() if line.startswith("GET /distil")]
    assert "model.safetensors" in again
    assert not set(again) & set(came)


def test_half_of_a_split_is_no_data_set(hub):
    """The rows of the file that did not come would be lacking without a word."""
    parts = {f"data/train-{i:05}-of-00003.jsonl": '{"text": "a", "label": 1}' for i in range(3)}
    hub.put("datasets", "me/three", parts)
    assert [one[0] for one in find(hub, "dataset", "me/three")] == ["hub", "cache"]
    (last,) = (hub.home / "hub").glob("datasets--me--three/snapshots/*/data/train-00002*")
    last.unlink()
    hub.asked()
    assert "is not on this machine" in find(hub, "dataset", "me/three", HF_HUB_OFFLINE="1")
    (before, after) = find(hub, "dataset", "me/three")
    assert (before[0], after[0]) == ("hub", "cache")
    assert last.is_file()


def test_both_spellings_are_found_and_a_new_commit_is_not_taken_by_itself(hub):
    first = find(hub, "dataset", "imdb")
    assert first[0] == ["hub", DATA]
    assert Path(first[1][1]).parts[-2:] == (
        commit(hub.repository("datasets", DATA)),
        "plain_text",
    )
    hub.put("datasets", DATA, {"README.md": "# more reviews"})
    hub.asked()
    for name in (DATA, "imdb"):
        assert find(hub, "dataset", name) == [first[1]]
    assert hub.asked() == []
    long = find(hub, "model", MODEL)
    assert long[0] == ["hub", MODEL]
    assert find(hub, "model", "distilbert-base-uncased") == [long[1]]
    assert not set(hub.files()) & set(BESIDES)


def test_a_data_set_that_is_not_read_from_its_files_is_left_to_its_library(hub):
    script = """
import sys, graphrun
from graphrun.execute import Stop, fetch
session = graphrun.Session(remember=False)
request = graphrun.load(sys.argv[1]).set("12.name", "me/packed").set("13.name", "me/packed")
plan, _ = session.plan(request)
print(fetch(plan, request.settings, print, Stop()))
"""
    hub.put("datasets", "me/packed", {"texts.zip": "PK", "README.md": "# packed"})
    code, out, err = hub.python("-c", script, str(FLAGSHIP))
    assert code == 0, err
    assert "--set 12.name=me/packed: warning[not_kept]: me/packed is not read from its files" in out
    assert out.endswith("True\n"), "the model came"
    assert not [line for line in hub.asked() if "texts.zip" in line]


def test_ctrl_c_stops_a_download_and_what_came_stays(hub):
    hub.lists("held", "model.safetensors")
    process = hub.begin("-m", "graphrun", str(FLAGSHIP))
    asked = hub.top / "asked"
    wait_for(lambda: asked.is_file() and "model.safetensors" in asked.read_text())
    wait_for(lambda: "tokenizer.json" in hub.files())
    process.send_signal(signal.SIGINT)
    # Only when the process has heard it may the rest of the file come.
    first = ""
    while "stopping" not in first:
        first = process.stderr.readline()
    (hub.top / "held").unlink()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (folder,) = hub.here.glob("runs/*")
    report = json.loads((folder / "report.json").read_text())
    assert report["status"] == "interrupted"
    assert {one["state"] for one in report["nodes"]} == {"pending"}
    assert "tokenizer.json" in hub.files()
