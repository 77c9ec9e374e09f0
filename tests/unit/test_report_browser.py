"""Reports as a browser shows them. Skipped where there is none."""

import json
import re
from pathlib import Path

import comfy_toys
import pytest
import toys
from browser import ask, dom, needs_browser

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
    for node in report["nodes"]:
        node["seconds"] = {"5": 2.0, "2": 1.0}.get(node["id"], 0.0)
    report["seconds"] = 0.01  # shares of the whole are long words then
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


WIDTHS = """
const root = inner.documentElement;
for (let i = 0; i < 5 && root.scrollWidth > root.clientWidth; i += 1) await settled();
const seen = root.clientWidth;
const right = (each) => each.getBoundingClientRect().right;
const hidden = (each) => getComputedStyle(each).overflowX !== 'visible';
const cut = (each) => each && (hidden(each) || cut(each.parentElement));
const out = all('body *').filter((each) => right(each) > seen && !cut(each.parentElement));
const named = out.map((each) => `${each.tagName}.${each.className} ${right(each)}`);
return [root.scrollWidth, seen, named.slice(0, 5)];
"""
OPENED = "for (const each of all('details')) each.open = true; await settled();"


@pytest.mark.parametrize("count", [1, 6])
def test_pages_are_not_wider_than_a_phone(folder, tmp_path, count):
    page = write([folder] * count, tmp_path / "page.html")
    chosen = "if (one('.node')) press(one('.node'));" + OPENED
    wide, seen, out = ask(page, tmp_path, chosen + WIDTHS, width=390)
    assert out == []
    assert wide <= seen <= 390


def test_nodes_are_chosen_by_pointer_keys_and_search(folder, tmp_path):
    found = ask(write([folder], tmp_path / "page.html"), tmp_path, CHOOSING)
    assert found["pressed"] == "Work"
    assert found["inputs"] == ["steps", "3"]
    assert found["near"] == 1  # its only wire
    assert found["led"] == "6"
    assert found["searched"] == ["1 of 1", "Fail", "str of length 4"]  # what it was given
    assert found["closed"] is True


CHOOSING = """
const found = {};
const title = () => one('.panel h3').textContent;
const named = (id) => all('.node').find((each) => each.dataset.id === id);
press(named('5'));
found.pressed = title();
found.inputs = all('.panel .facts')[0].querySelectorAll('th, td');
found.inputs = [...found.inputs].map((each) => each.textContent);
found.near = all('.wire.near').length;
key(named('5'), 'ArrowRight');
found.led = inner.activeElement.dataset.id;
const field = one('input[type=search]');
field.value = 'fail';
send(field, new Event('input'));
found.searched = [one('.found').textContent, title(), one('.panel td').textContent];
key(one('.panel'), 'Escape');
found.closed = one('.panel').hidden;
return found;
"""


def test_a_graph_is_made_larger_and_fitted(folder, tmp_path):
    script = r"""
    const moved = () => one('.graph > g').getAttribute('transform');
    const scale = () => Number(/scale\(([\d.]+)\)/.exec(moved())[1]);
    const [smaller, larger, fit] = all('.buttons button');
    const found = [scale()];
    for (let i = 0; i < 20; i += 1) press(smaller);
    found.push(one('.graph').classList.contains('far'));
    for (let i = 0; i < 20; i += 1) press(larger);
    found.push(scale(), one('.graph').classList.contains('far'));
    press(fit);
    found.push(scale());
    return found;
    """
    first, far, largest, still_far, fitted = ask(
        write([folder], tmp_path / "page.html"), tmp_path, script
    )
    assert (far, still_far) == (True, False)
    assert largest == 2.5
    assert fitted == first


def test_charts_tell_their_values(folder, tmp_path):
    script = """
    const svg = one('.chart .plot svg');
    key(svg, 'ArrowLeft');
    const told = one('.chart .told').textContent;
    press(one('.chart .legend button'));
    await settled();
    return [told, all('.chart')[0].querySelectorAll('path.curve').length];
    """
    told, curves = ask(write([folder], tmp_path / "page.html"), tmp_path, script)
    assert told == "epoch 3train loss 0.3333val loss NaN"
    assert curves == 1  # of two, one is switched off


def test_tables_are_sorted_and_colours_changed(folder, tmp_path):
    script = """
    const column = all('#times thead button')[1];
    press(column);
    const up = all('#times tbody tr')[0].textContent;
    const sorted = column.parentElement.getAttribute('aria-sort');
    press(column);
    const theme = () => inner.documentElement.dataset.theme;
    press(one('.top button'));
    const first = theme();
    press(one('.top button'));
    return [up, sorted, all('#times tbody tr')[0].textContent, first, theme()];
    """
    page = write([folder, folder], tmp_path / "page.html")
    up, aria, down, first, second = ask(page, tmp_path, script)
    assert aria == "ascending"
    assert up.startswith("Show (2)1.0 s")
    assert down.startswith("Work (5)2.0 s")
    assert {first, second} == {"light", "dark"}


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
