"""Reports as a browser shows them. Skipped where there is none."""

import json
import re
from pathlib import Path

import comfy_toys
import pytest
import toys
from browser import dom, needs_browser, widths

import graphrun
from graphrun.api import Request, run
from graphrun.report.page import write

pytestmark = needs_browser

ROOT = Path(__file__).parents[2]
EVIL = "</script><img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with failures, an evil title, a table of figures, epochs, and a drawing."""
    place = tmp_path_factory.mktemp("run")
    nodes = {
        "1": {"class_type": "Text", "inputs": {"text": EVIL * 20}, "_meta": {"title": EVIL}},
        "2": {"class_type": "Show", "inputs": {"text": ["1", 0]}},
        "3": {"class_type": "Fail", "inputs": {"text": "boom"}},
        "4": {"class_type": "Show", "inputs": {"text": ["3", 0]}},
        "5": {"class_type": "Work", "inputs": {"steps": 3}},
        "6": {"class_type": "Show", "inputs": {"text": ["5", 0]}},
    }
    file = place / "evil.json"
    file.write_text(json.dumps(nodes), "utf-8")
    request = Request.of(file, out=place / "runs", min_free=0, keep_going=True)
    found = run(request, catalog=toys.catalog()).folder
    report = json.loads((found / "report.json").read_text())
    epochs = [
        {"node": "5", "time": 1.0, "epoch": e, "train_loss": 1 / e, "val_loss": "nan"}
        for e in (1, 2, 3)
    ]
    report["metrics"]["history"] = epochs
    report["metrics"]["final"] = {**epochs[-1], "val_confusion": [[8, 2], [1, 9]]}
    (found / "report.json").write_text(json.dumps(report))
    return found


def test_a_run_is_shown_without_a_word_in_the_console(folder, tmp_path):
    found, console = dom(write([folder], tmp_path / "page.html"), tmp_path)
    assert console == ""
    assert "data-error" not in found
    headings = re.findall(r'<h2 id="(\w+)-title">', found)
    assert headings[:2] == ["failures", "figures"]
    assert {"graph", "curves", "matrices", "texts", "files", "surroundings"} <= set(headings)
    assert len(re.findall(r'<g class="node is-', found)) == 6
    assert found.count('<path class="wire"') == 3
    assert 'class="node is-failed"' in found
    assert re.search(r'<td class="heat right"[^>]*>8</td>', found)
    assert re.search(r'<path class="curve colour-0', found)


def test_titles_that_look_like_markup_are_shown_as_they_are(folder, tmp_path):
    found, console = dom(write([folder], tmp_path / "page.html"), tmp_path, fragment="#node=1")
    assert console == ""
    assert "<title>broken" not in found
    assert "<img" not in found
    assert re.search(r"<h3>&lt;/script&gt;&lt;img src=x onerror=", found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_address_chooses_colours(folder, tmp_path, theme):
    page = write([folder], tmp_path / "page.html")
    found, _ = dom(page, tmp_path, fragment=f"#theme={theme}")
    assert f'data-theme="{theme}"' in found[:300]


def test_pages_are_not_wider_than_a_phone(folder, tmp_path):
    page = write([folder], tmp_path / "page.html")
    opened = "for (const one of inner.querySelectorAll('details')) one.open = true;"
    chosen = "inner.querySelector('.node').dispatchEvent(new MouseEvent('click', {bubbles: true}));"
    wide, seen = widths(page, tmp_path, 390, opened + chosen)
    assert wide <= seen <= 390
    page = write([folder] * 6, tmp_path / "comparison.html")
    wide, seen = widths(page, tmp_path, 390, opened)
    assert wide <= seen <= 390


def test_runs_are_shown_beside_each_other(folder, tmp_path):
    found, console = dom(write([folder, folder, folder], tmp_path / "page.html"), tmp_path)
    assert console == ""
    assert "data-error" not in found
    assert len(re.findall(r'<span class="letter', found)) >= 3
    assert "Graphs, settings and versions are the same." in found


def test_a_thousand_nodes_are_drawn(tmp_path):
    nodes = {"0": {"class_type": "Number", "inputs": {"value": 1}}}
    for i in range(1, 999):
        inputs = {"a": [str(i - 1), 0], "b": [str(max(i - 7, 0)), 0]}
        nodes[str(i)] = {"class_type": "Add", "inputs": inputs}
    nodes["end"] = {"class_type": "Show", "inputs": {"value": ["998", 0]}}
    done = graphrun.run(nodes, packs=[comfy_toys.CLASSES], out=tmp_path / "runs", min_free=0)
    found, console = dom(write([done.folder], tmp_path / "page.html"), tmp_path)
    assert console == ""
    assert len(re.findall(r'<g class="node is-finished"', found)) == 1000
    assert found.count('<path class="wire"') == 2 * 998 + 1
    assert re.search(r'data-drawn="\d+"', found[:300])
