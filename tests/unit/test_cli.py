"""The command line: verbs, exit codes, what goes to stdout and stderr, start-up."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import graphrun_nodes
import media
import packs
import pytest

from graphrun.cli.main import main
from graphrun.cli.run import _asks
from graphrun.cli.stopping import interrupts
from graphrun.documents import Prompt, PromptNode
from graphrun.execute import Stop
from graphrun.plan.static import resources
from graphrun.report import check_report

ROOT = Path(__file__).parents[2]
FLAGSHIP = ROOT / "workflows/distilbert_classification.json"

INFO = {
    "Text": {"input": {"required": {"text": ["STRING"]}}, "output": ["STRING"], "output_node": True}
}

TEXT = {
    "1": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text(json.dumps(TEXT))


def graphrun(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "graphrun", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def test_a_file_alone_means_run(capsys):
    assert main(["text.json"]) == 0
    out, err = capsys.readouterr()
    assert "  hello\n" in out
    assert "[2/2] 2 PandasShowText" in err
    (folder,) = Path("runs").iterdir()
    assert (folder / "report.json").is_file()


def test_json_leaves_nothing_but_json_on_stdout(capsys):
    assert main(["run", "text.json", "--json", "--seed", "5"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert check_report(document) == []
    assert document["seed"] == 5
    assert document["nodes"][1]["ui"] == {"text": ["hello"]}


def test_a_random_seed_is_another_each_time_and_is_told(capsys):
    seeds = set()
    for _ in range(2):
        assert main(["run", "text.json", "--json", "--seed", "random"]) == 0
        out, err = capsys.readouterr()
        seeds.add(json.loads(out)["seed"])
        assert f"seed {json.loads(out)['seed']}" in err
    assert len(seeds) == 2
    with pytest.raises(SystemExit):
        main(["run", "text.json", "--seed", "chance"])
    assert "'chance' is no whole number" in capsys.readouterr().err


def test_quiet_says_only_the_end(capsys):
    assert main(["text.json", "-q", "--out", "elsewhere"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "run folder elsewhere" in out


def test_standard_input(capsys):
    done = graphrun("-", input=json.dumps(TEXT))
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    assert "<stdin>" in done.stderr


def test_set_changes_a_value(capsys):
    assert main(["text.json", "--set", "1.data=other"]) == 0
    assert "other" in capsys.readouterr().out


def test_dry_run_runs_nothing(capsys):
    assert main(["text.json", "--dry-run"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["run", "1"],
        ["run", "2"],
    ]
    assert not Path("runs").exists()
    assert main(["text.json", "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["steps"]) == 2


def test_check_reports_every_file_and_the_worst_code(capsys):
    Path("bad.json").write_text("{")
    Path("unknown.json").write_text(json.dumps({"1": {"class_type": "PandasShwText"}}))
    assert main(["check", "text.json"]) == 0
    assert main(["check", "text.json", "bad.json"]) == 3
    assert main(["check", "unknown.json"]) == 4
    out, err = capsys.readouterr()
    assert "text.json: ok (2 nodes)" in out
    assert "did you mean PandasShowText" in err
    assert main(["check", "--json", "text.json", "bad.json"]) == 3
    documents = json.loads(capsys.readouterr().out)
    assert [d["ok"] for d in documents] == [True, False]
    assert documents[1]["diagnostics"][0]["code"] == "invalid_json"


def test_the_flagship_checks_and_converts(capsys):
    assert main(["check", str(FLAGSHIP)]) == 0
    assert main(["convert", str(FLAGSHIP)]) == 0
    out, err = capsys.readouterr()
    prompt = json.loads(out[out.index("{") :])
    assert prompt["27"]["inputs"]["epochs"] == 2
    assert prompt["27"]["inputs"]["model"] == ["20", 0]
    assert prompt["11"]["inputs"]["model_name"] == ["10", 0]
    assert {n["class_type"] for n in prompt.values()}.isdisjoint({"Note", "MarkdownNote"})
    assert err == ""
    assert main(["convert", str(FLAGSHIP), "-o", "prompt.json"]) == 0
    assert main(["check", "prompt.json"]) == 0


def test_media_files_are_read_by_every_verb(capsys):
    texts = {"workflow": media.WORKFLOW, "prompt": json.dumps(TEXT)}
    Path("picture.png").write_bytes(media.png_text(texts))
    assert main(["picture.png", "--prefer", "prompt"]) == 0
    assert "hello" in capsys.readouterr().out
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-picture")
    assert main(["check", "picture.png", "--prefer", "prompt"]) == 0
    assert "picture.png: ok (2 nodes)" in capsys.readouterr().out
    assert main(["convert", "picture.png", "--prefer", "prompt"]) == 0
    assert json.loads(capsys.readouterr().out)["1"]["inputs"] == {"data": "hello"}
    assert main(["check", "picture.png"]) == 4
    assert "picture.png (workflow):1:12: error[missing_node_type]" in capsys.readouterr().err
    done = subprocess.run(
        [sys.executable, "-m", "graphrun", "diff", "-", "text.json", "--prefer", "prompt"],
        input=media.png_text(texts),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    Path("picture.png").write_bytes(media.png())
    assert main(["picture.png"]) == 3
    assert "error[no_embedded_workflow]" in capsys.readouterr().err


def test_a_blocked_dry_run_ends_as_the_run_would_and_says_the_way_out(capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main([str(FLAGSHIP)]) == 4
    refused = capsys.readouterr().err
    assert main([str(FLAGSHIP), "--dry-run"]) == 4
    out, err = capsys.readouterr()
    assert "blocked  20  PtnHfFineTunedClassificationModel" in out
    assert err == refused
    assert main([str(FLAGSHIP), "--dry-run", "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert {one["code"] for one in document["diagnostics"]} >= {"missing_model", "missing_dataset"}
    assert main(["cache", "why", str(FLAGSHIP)]) == 0


def test_definitions_from_a_server(capsys):
    Path("info.json").write_text(json.dumps({**INFO, "Odd": {"input": 5}}))
    Path("foreign.json").write_text(media.WORKFLOW.replace("}]", ', "widgets_values": ["a"]}]'))
    assert main(["check", "foreign.json"]) == 4
    options = ["foreign.json", "--object-info", "info.json"]
    assert main(["check", *options]) == 0
    assert main(["convert", *options]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out[out.index("{") :])["1"]["inputs"] == {"text": "a"}
    assert "warning[malformed_definition]: info.json: the definition of Odd" in err
    assert main([*options]) == 4
    assert main([*options, "--dry-run"]) == 4
    assert "no installed pack brings its code" in capsys.readouterr().err
    assert not Path("runs").exists()
    assert main(["check", "foreign.json", "--object-info", "nowhere.json"]) == 3
    assert main(["check", "foreign.json", "--object-info", "text.json"]) == 3


def test_explain_groups_what_conversion_noted(capsys):
    workflow = json.loads(media.WORKFLOW)
    workflow["nodes"] = [{"id": i, "type": "Nowhere", "widgets_values": [i]} for i in (1, 2)]
    Path("unknown.json").write_text(json.dumps(workflow))
    assert main(["convert", "unknown.json", "--explain"]) == 0
    err = capsys.readouterr().err.splitlines()
    assert [line for line in err if line.endswith(" (2)")] == [
        "unknown_class (2)",
        "extra_values (2)",
    ]
    assert err[1].startswith("  unknown.json:1:")
    assert main(["convert", "text.json", "--explain"]) == 0
    said = "every node is in the prompt as it stands; nothing was assumed\n"
    assert capsys.readouterr().err == said


def test_diff_names_what_differs(capsys):
    other = {
        "8": {"class_type": "PandasShowText", "inputs": {"text": ["7", 0]}},
        "7": {"class_type": "CDAStringCreate", "inputs": {"data": "hello"}},
    }
    Path("other.json").write_text(json.dumps(other))
    assert main(["diff", "text.json", "other.json"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["diff", "text.json", "other.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"same": True, "differences": []}
    other["7"]["inputs"]["data"] = "bye"
    other["9"] = {"class_type": "CDAStringCreate", "inputs": {"data": "x"}, "_meta": {"title": "T"}}
    other["8"]["inputs"]["more"] = ["9", 0]
    Path("other.json").write_text(json.dumps(other))
    assert main(["diff", "text.json", "other.json"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        '~ 1 → 7 CDAStringCreate: data "hello" → "bye"',
        "~ 2 → 8 PandasShowText: more (absent) → output 0 of 9 CDAStringCreate",
        "+ 9 CDAStringCreate (T)",
    ]
    assert main(["diff", "text.json", "other.json", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["same"] is False
    assert document["differences"][:2] == [
        {
            "kind": "value",
            "a": {"node": "1", "class_type": "CDAStringCreate", "title": None},
            "b": {"node": "7", "class_type": "CDAStringCreate", "title": None},
            "input": "data",
            "before": "hello",
            "after": "bye",
        },
        {
            "kind": "link",
            "a": {"node": "2", "class_type": "PandasShowText", "title": None},
            "b": {"node": "8", "class_type": "PandasShowText", "title": None},
            "input": "more",
            "after": ["9", 0],
        },
    ]
    assert main(["diff", "text.json", "nowhere.json"]) == 3
    assert main(["diff", "-", "-"]) == 2


def test_a_workflow_and_its_export_are_the_same(capsys):
    assert main(["convert", str(FLAGSHIP), "-o", "prompt.json"]) == 0
    assert main(["diff", str(FLAGSHIP), "prompt.json"]) == 0
    assert capsys.readouterr() == ("", "")


def test_nodes_are_listed_and_shown(capsys):
    assert main(["nodes"]) == 0
    assert "PtoAdamW" in capsys.readouterr().out
    assert main(["nodes", "show", "PtoAdamW"]) == 0
    assert re.search(r"learning_rate +FLOAT +value +0.001 +1e-10 to 1", capsys.readouterr().out)
    assert main(["nodes", "ls", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["PandasShowText"]["output_node"] is True
    assert main(["nodes", "show", "PtoAdamV"]) == 4
    assert "did you mean PtoAdam or PtoAdamW?" in capsys.readouterr().err
    assert main(["nodes", "show"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.json"], 3),
        (["text.json", "--set", "9.data=x"], 2),
        (["text.json", "--alias", "x"], 2),
        (["text.json", "--device", "gpu"], 2),
        (["text.json", "--frobnicate"], 2),
        (["text.json", "7"], 2),
        ([], 2),
    ],
)
def test_exit_codes_of_wrong_usage(arguments, code):
    done = graphrun(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr
    assert not Path("runs").exists()


def test_check_and_help_import_no_heavy_library():
    program = (
        "import sys; from graphrun.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch','numpy','transformers','datasets','rich','networkx'} & "
        "set(sys.modules)))"
    )
    Path("picture.png").write_bytes(media.KINDS["png tEXt"])
    Path("info.json").write_text(json.dumps(INFO))
    for arguments in (
        ["--help"],
        ["check", str(FLAGSHIP)],
        ["check", "picture.png", "--object-info", "info.json"],
        ["nodes"],
        ["convert", str(FLAGSHIP)],
        ["diff", str(FLAGSHIP), "text.json"],
        ["verify", "text.json"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "[]", arguments


def test_what_stands_apart_is_told(capsys):
    with pytest.raises(SystemExit):
        main(["plan", str(FLAGSHIP), "--tiny", "14"])
    assert "unrecognized arguments: 14; the names of files and nodes" in capsys.readouterr().err


def test_check_works_where_torch_is_absent():
    """A validation-only machine: importing torch or what needs it is an error there."""
    program = (
        "import sys\n"
        "for name in ('torch', 'datasets', 'numpy', 'blake3', 'rich'): sys.modules[name] = None\n"
        "from graphrun.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", str(FLAGSHIP)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def on_a_terminal(*arguments, **extra):
    """What a run writes to a terminal on stderr."""
    import pty

    parent, child = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "graphrun", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=child,
        env={**environment, "TERM": "xterm", **extra},
    )
    os.close(child)
    text = read_all(parent)
    assert process.wait(60) == 0, text
    return text


COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?3[0-8]")


def test_no_color_is_honoured_on_a_terminal():
    plain, coloured = on_a_terminal("text.json", NO_COLOR="1"), on_a_terminal("text.json")
    assert "✓" in plain
    assert "✓" in coloured
    assert not COLOUR.search(plain)
    assert COLOUR.search(coloured)


@pytest.mark.parametrize("name", ["wf [red].json", "wf [bold.json"])
def test_names_are_no_markup(name):
    Path("text.json").rename(name)
    assert name in on_a_terminal(name, NO_COLOR="1")


def read_all(descriptor):
    found = b""
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:
            break
        if not data:
            break
        found += data
    os.close(descriptor)
    return found.decode()


SLOW_PACK = '''
import time
from graphrun.node import Nodes, Pack, progress
NODES = Nodes(category="slow")
PACK = Pack(name="slow", package="slow_pack")

@NODES.node("Slow")
def slow(steps: int = 1000) -> str:
    """Takes a while."""
    for step in range(steps):
        progress(step, steps, loss=1.0)
        time.sleep(0.02)
    return "done"
'''


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_at_the_next_step_and_leaves_a_report(tmp_path, number):
    packs.install(tmp_path, "slow_pack", SLOW_PACK)
    nodes = {
        "1": {"class_type": "Slow", "inputs": {"steps": 1000}},
        "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}},
    }
    Path("slow.json").write_text(json.dumps(nodes))
    process = subprocess.Popen(
        [sys.executable, "-m", "graphrun", "slow.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    for _ in range(200):
        events = list(Path().glob("runs/*/events.jsonl"))
        if events and "Progress" in events[0].read_text():
            break
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopping at the next step" in err
    assert out.startswith("interrupted in ")
    (report,) = Path().glob("runs/*/report.json")
    assert json.loads(report.read_text())["status"] == "interrupted"


def test_a_reader_that_has_gone_does_not_end_the_run():
    """stderr is closed before the first line is written; the run goes on without a view."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "graphrun", "text.json", "--json"],
        stdout=subprocess.PIPE,
        stderr=writer,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert process.returncode == 0
    assert json.loads(process.stdout)["status"] == "success"
    done = subprocess.run(
        f"{sys.executable} -m graphrun nodes | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.fullmatch(r"\w+ \(\d+\)\n", done.stdout)
    assert done.stderr == ""


def test_quiet_still_says_warnings(capsys):
    assert main(["text.json", "-q", "--alias", "nothing=here"]) == 0
    assert "--alias nothing: no node is known to ask" in capsys.readouterr().err


def test_problems_of_a_setting_point_at_the_setting(capsys):
    assert main(["run", str(FLAGSHIP), "--set", "14.batch_size=0", "--json"]) == 3
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["position"] == "--set 14.batch_size=0"


def test_export_leaves_other_files_alone(tmp_path, capsys):
    mine = tmp_path / "precious.json"
    mine.write_text("{}")
    gone = tmp_path / "Gone.json"
    gone.write_text(json.dumps({"$id": "urn:graphrun:node:Gone"}))
    assert main(["nodes", "export", str(tmp_path)]) == 0
    assert mine.exists()
    assert not gone.exists()
    assert (tmp_path / "PtoAdamW.json").is_file()
    assert main(["nodes", "export", "/proc/none"]) == 2


def test_files_that_cannot_be_written(capsys):
    assert main(["convert", str(FLAGSHIP), "-o", "/proc/none/x.json"]) == 2
    assert "/proc/none/x.json cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["inf", "-1", "x", "1e400", "nan"])
def test_sizes_that_are_none(size):
    assert graphrun("text.json", "--min-free", size).returncode == 2


def test_control_characters_of_titles_do_not_reach_the_terminal(capsys):
    Path("evil.json").write_text(json.dumps({"1": {"class_type": "\x1b[31mX\r", "inputs": {}}}))
    assert main(["check", "evil.json"]) == 4
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\\x1b[31mX" in err


def test_long_values_are_shown_around_their_difference(capsys):
    other = json.loads(json.dumps(TEXT))
    mine = json.loads(json.dumps(TEXT))
    mine["1"]["inputs"]["data"] = "x" * 500 + "a"
    other["1"]["inputs"]["data"] = "x" * 500 + "b"
    Path("a.json").write_text(json.dumps(mine))
    Path("b.json").write_text(json.dumps(other))
    assert main(["diff", "a.json", "b.json"]) == 1
    before, after = capsys.readouterr().out.split(" → ")
    assert before.endswith('xa"')
    assert after.strip().endswith('xb"')


def test_a_full_device_is_named():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "graphrun", "convert", str(FLAGSHIP)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert "standard output cannot be written" in done.stderr
    assert main(["convert", str(FLAGSHIP), "-o", "/dev/full"]) == 2


def test_an_output_file_is_replaced_as_a_whole():
    Path("p.json").write_text("old")
    assert main(["convert", str(FLAGSHIP), "-o", "p.json"]) == 0
    assert json.loads(Path("p.json").read_text())["27"]["class_type"].startswith("PtTrain")
    assert not list(Path().glob(".*.part"))


def test_a_misspelt_verb_is_named():
    done = graphrun("chekc", "text.json")
    assert done.returncode == 2
    assert "did you mean `graphrun check`?" in done.stderr


def test_titles_stay_on_one_line_and_steer_no_terminal():
    document = json.loads(json.dumps(TEXT))
    document["1"]["_meta"] = {"title": "a\nerror: forged \u001b[31m"}
    Path("forged.json").write_text(json.dumps(document))
    for text in (on_a_terminal("forged.json", NO_COLOR="1"), graphrun("forged.json").stderr):
        assert "\x1b[31m" not in text
        assert not any(line.startswith("error: forged") for line in text.splitlines())


def test_a_home_folder_is_expanded(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("home").mkdir()
    Path("graphrun.toml").write_text('out = "~/rr"')
    assert main(["text.json"]) == 0
    assert (tmp_path / "home/rr").is_dir()
    assert not Path("~").exists()


@pytest.mark.parametrize(
    ("kind", "values", "alias", "used"),
    [
        ("PandasLoadCSVWithIndex", {"file_path": "/far/away/a.csv"}, "/far", True),
        ("PandasLoadCSVWithIndex", {"file_path": "/far/away/a.csv"}, "/far/away/", True),
        ("PandasLoadCSVWithIndex", {"file_path": "/far/away/a.csv"}, "/fa", False),
        ("PtvDataset", {"name": "MNIST"}, "MNIST", True),
        ("PtvDataset", {"name": "MNIST", "root": "/far/away"}, "/far", True),
        ("PtvDataset", {"name": "MNIST"}, "FashionMNIST", False),
        ("PtvHfGloveDataset", {"embed_dim": 100}, "glove-wiki-gigaword-100", True),
        ("PtvHfGloveDataset", {"embed_dim": 100}, "glove-wiki-gigaword-50", False),
    ],
)
def test_an_alias_of_what_a_node_names_is_used(kind, values, alias, used):
    spec = graphrun_nodes.PACK.spec(kind)
    prompt = Prompt({"1": PromptNode("1", kind, values)})
    assert any(_asks(use, alias) for use in resources(prompt, {kind: spec}, ["1"])) is used


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_forked_process_leaves_ctrl_c_to_the_run_and_can_be_ended(capfd):
    ends = {}
    with interrupts(Stop()):
        for number in (signal.SIGINT, signal.SIGTERM):
            child = os.fork()
            if not child:
                os.kill(os.getpid(), number)
                os._exit(0)
            ends[number] = os.waitpid(child, 0)[1]
    assert ends == {signal.SIGINT: 0, signal.SIGTERM: signal.SIGTERM}
    assert capfd.readouterr().err == ""


def test_an_empty_list_of_classes_is_an_error(capsys):
    said = {
        ("ls", "--category", "Foo"): "no class has 'Foo' in its category",
        ("ls", "Foo"): "no class has 'Foo' in its name",
        ("ls", "conv2d", "--category", "Foo"): "category and 'conv2d' in its name",
        ("show", "conv2"): "did you mean PtnConv2d?",
    }
    for arguments, what in said.items():
        assert main(["nodes", *arguments]) in (2, 4)
        found = capsys.readouterr()
        assert (found.out, what in found.err) == ("", True)


def test_only_a_number_in_quotes_is_to_lose_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for value, hint in {"4": "without quotes", "four": "a fresh node has"}.items():
        prompt = {"1": {"class_type": "PrimitiveInt", "inputs": {"value": value}}}
        Path("number.json").write_text(json.dumps(prompt))
        main(["check", "number.json"])
        assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    ["--literal", "--grad-accum=2", "--clip-grad=1", "--gradient-checkpointing", "--deterministic"],
)
def test_what_changes_a_training_is_part_of_its_identity(option, capsys):
    found = []
    for given in ([], [option]):
        assert main(["run", str(FLAGSHIP), "--tiny", "--dry-run", "--json", *given]) == 0
        steps = json.loads(capsys.readouterr().out)["steps"]
        found.append({step["node"]: step["identity"] for step in steps})
    usual, other = found
    changed = {node for node in usual if usual[node] != other[node]}
    assert "27" in changed
    assert not changed & {"11", "12", "14", "20", "21"}


@pytest.mark.parametrize("option", ["--grad-accum=0", "--grad-accum=x", "--clip-grad=0"])
def test_numbers_of_a_training_that_make_no_sense(option, capsys):
    with pytest.raises(SystemExit):
        main(["run", "text.json", option])
    assert "is no n" in capsys.readouterr().err
