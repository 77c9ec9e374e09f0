"""Reports as HTML: the file, what is in it, the command line. Browsers: test_report_browser.py."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toys
from PIL import Image

from graphrun.api import Request, run
from graphrun.cli.main import main
from graphrun.errors import UsageError
from graphrun.report.page import write, writing
from graphrun.report.page.writing import encoded

EVIL = "</script><img src=x onerror=\"document.title='broken'\"><!-- \u2028 & ]]>"


class Page(HTMLParser):
    """Elements of a page, the texts of some, and everything that leads elsewhere."""

    VOID = ("meta", "link", "img", "br", "input")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.leads, self.texts, self.policy = [], [], [], {}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append(tag)
        self.leads += [known[name] for name in ("src", "href", "srcset", "data") if name in known]
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"]
        if tag not in self.VOID:
            self.open.append((tag, known.get("id")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            tag, name = self.open[-1]
            key = name or tag
            self.texts[key] = self.texts.get(key, "") + data


def read(path):
    page = Page(path.read_text("utf-8"))
    assert page.open == []
    return page, json.loads(page.texts["data"])


def ran(tmp_path, nodes, **options):
    options.setdefault("keep_going", True)
    request = Request(toys.prompt(nodes), out=tmp_path / "runs", min_free=0, **options)
    return run(request, catalog=toys.catalog()).folder


GOOD = {
    "1": ("Work", {"steps": 3}),
    "2": ("Save", {"text": ["1", 0], "path": "sub/out ö.txt"}),
    "3": ("Show", {"text": ["2", 0]}),
}


def test_a_page_holds_the_report_as_it_is_and_needs_nothing_else(tmp_path):
    folder = ran(tmp_path, GOOD)
    page, data = read(write([folder], folder / "report.html"))
    assert data["run"]["report"] == json.loads((folder / "report.json").read_text())
    assert data["run"]["prompt"] == json.loads((folder / "prompt.json").read_text())
    assert page.leads == []
    assert sorted(set(page.tags)) == sorted(
        {"html", "head", "meta", "title", "style", "body", "div", "noscript", "script"}
    )
    (file,) = data["run"]["files"].values()
    assert file["href"] == "outputs/sub/out%20%C3%B6.txt"
    assert data["run"]["links"]["metrics.jsonl"] == "metrics.jsonl"
    assert set(data["run"]["starts"]) == {"1", "2", "3"}


def test_the_policy_of_a_page_names_its_script_and_its_style(tmp_path):
    folder = ran(tmp_path, GOOD)
    page, _ = read(write([folder], folder / "report.html"))
    for element in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.texts[element].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy


def test_titles_that_look_like_markup_stay_data(tmp_path):
    text = json.dumps(
        {
            EVIL: {"class_type": "Text", "inputs": {"text": EVIL}, "_meta": {"title": EVIL}},
            "2": {"class_type": "Show", "inputs": {"text": [EVIL, 0]}},
        }
    )
    file = tmp_path / "evil.json"
    file.write_text(text, "utf-8")
    folder = run(file, catalog=toys.catalog(), out=tmp_path / "runs").folder
    page, data = read(write([folder], tmp_path / "page.html"))
    assert "img" not in page.tags
    assert data["run"]["report"]["nodes"][0]["title"] == EVIL
    assert data["run"]["prompt"][EVIL]["inputs"]["text"] == EVIL


@pytest.mark.parametrize("text", [EVIL, "<!--<script>", "\ud800", "</SCRIPT >"])
def test_data_never_ends_its_element(text):
    made = encoded({text: [text]})
    assert not re.search("[<>&\u2028\u2029]", made)
    assert json.loads(made) == {text: [text]}
    made.encode("utf-8")


def picture(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 90).save(path)
    return str(path)


def test_pictures_are_in_the_page_and_large_ones_made_smaller(tmp_path):
    folder = ran(tmp_path, GOOD)
    paths = [picture(folder / "outputs" / f"{n}.png", (n, n)) for n in (20, 1200)]
    (folder / "outputs/damaged.png").write_bytes(b"no picture" * 40_000)
    gone = str(folder / "outputs/gone.png")
    report = json.loads((folder / "report.json").read_text())
    report["files"] = [*paths, str(folder / "outputs/damaged.png"), gone]
    (folder / "report.json").write_text(json.dumps(report))
    _, data = read(write([folder], folder / "report.html"))
    small, large, damaged, lost = (data["run"]["files"][path] for path in report["files"])
    assert base64.b64decode(small["picture"].partition(",")[2]) == Path(paths[0]).read_bytes()
    assert large["picture"].startswith("data:image/webp;base64,")
    assert len(large["picture"]) < Path(paths[1]).stat().st_size
    assert "picture" not in damaged
    assert damaged["href"] == "outputs/damaged.png"
    assert lost == {"missing": True}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_can_be_told_from_their_ground(theme):
    text = (Path(writing.__file__).with_name("base.css")).read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    colours = {name: pair[theme] for name, *pair in found}
    pairs = [(t, g) for t in ("text", "quiet", "accent") for g in ("ground", "surface", "sunken")]
    states = ("good", "kept", "bad", "held", "wait")
    pairs += [(t, g) for s in states for t, g in ((s, f"{s}-tint"), (s, "surface"))]
    low = {p: contrast(colours[p[0]], colours[p[1]]) for p in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


def test_a_run_that_was_moved_finds_its_files(tmp_path):
    folder = ran(tmp_path, GOOD)
    elsewhere = folder.rename(tmp_path / "moved")
    _, data = read(write([elsewhere], tmp_path / "page.html"))
    (file,) = data["run"]["files"].values()
    assert file["href"] == "moved/outputs/sub/out%20%C3%B6.txt"


def test_runs_are_compared_by_their_values(tmp_path):
    first, second = (ran(tmp_path, {**GOOD, "1": ("Work", {"steps": n})}) for n in (3, 5))
    more = {**GOOD, "4": ("Text", {"text": "x"}), "5": ("Show", {"text": ["4", 0]})}
    third = ran(tmp_path, more)
    _, data = read(write([first, second, third], tmp_path / "page.html"))
    found = data["comparison"]
    assert [run["folder"] for run in found["runs"]] == [p.name for p in (first, second, third)]
    (value,) = found["values"]
    assert (value["node"], value["input"], value["values"]) == ("1", "steps", [3, 5, 3])
    assert found["changes"][1] == []
    assert [c["b"] for c in found["changes"][2]] == ["4 Text", "5 Show"]
    assert found["facts"] == {}


def test_facts_that_differ_are_told(tmp_path):
    first, second = ran(tmp_path, GOOD), ran(tmp_path, GOOD)
    report = json.loads((second / "report.json").read_text())
    report["versions"]["torch"] = "1.0"
    (second / "report.json").write_text(json.dumps(report))
    _, data = read(write([first, second], tmp_path / "page.html"))
    assert list(data["comparison"]["facts"]) == ["versions: torch"]
    assert data["comparison"]["facts"]["versions: torch"][1] == "1.0"


def test_a_folder_without_documents_still_has_a_page(tmp_path):
    folder = ran(tmp_path, GOOD)
    for name in ("prompt.json", "events.jsonl"):
        (folder / name).unlink()
    _, data = read(write([folder], folder / "report.html"))
    assert (data["run"]["prompt"], data["run"]["drawing"], data["run"]["starts"]) == (
        None,
        None,
        {},
    )
    write([folder, folder], tmp_path / "both.html")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "has no report.json"),
        ("{", "cannot be read"),
        ("[]", "is no report of a run: it is no object"),
        ('{"a": 1}', "is no report of a run: its format is None, not 1"),
        (
            '{"format": 1, "name": "a"}',
            "is no report of a run: it has no 'status', it has no 'seed'",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, content, told):
    if content:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(UsageError, match=told):
        write([tmp_path], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is no folder"):
        write([tmp_path / "file"], tmp_path / "page.html")


def test_a_page_that_cannot_be_written_is_refused(tmp_path):
    folder = ran(tmp_path, GOOD)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write([folder], tmp_path / "file" / "page.html")


def test_the_command_writes_beside_the_report(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    older, newer = ran(tmp_path, GOOD), ran(tmp_path, GOOD)
    assert main(["report", "latest"]) == 0
    newest = max(older, newer)
    assert capsys.readouterr().out.strip() == str(Path("runs") / newest.name / "report.html")
    assert (newest / "report.html").is_file()
    assert main(["report", str(older), str(newer)]) == 0
    assert (tmp_path / "comparison.html").is_file()


def test_the_command_compares_the_runs_of_a_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in (10, 2, 1):
        ran(tmp_path, GOOD).rename(tmp_path / f"runs/{number}-steps=3")
    (tmp_path / "runs/logs").mkdir()
    assert main(["report", "runs"]) == 0
    _, data = read(tmp_path / "comparison.html")
    names = [run["folder"] for run in data["comparison"]["runs"]]
    assert names == ["1-steps=3", "2-steps=3", "10-steps=3"]
    assert data["comparison"]["runs"][0]["href"] == "runs/1-steps%3D3"


def test_the_latest_may_be_a_sweep(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran(tmp_path, GOOD).rename(tmp_path / "runs/20250101-000000-flow")
    sweep = tmp_path / "runs/20250101-000001-flow-sweep"
    sweep.mkdir()
    for number in (1, 2):
        next((ran(tmp_path / "own", GOOD).parent).iterdir()).rename(sweep / f"{number}-steps=3")
    (sweep / "sweep.json").write_text("{}")
    assert main(["report", "latest"]) == 0
    _, data = read(tmp_path / "comparison.html")
    assert len(data["comparison"]["runs"]) == 2


def test_the_command_tells_that_there_is_no_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "latest"]) == 2
    assert "no run with a report below runs" in capsys.readouterr().err
    assert main(["report", "nowhere"]) == 2
    assert "nowhere is no folder" in capsys.readouterr().err
