"""Where nodes are drawn, and plans as text, flowcharts and pictures."""

import itertools
import json
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphrun.cli.main import main
from graphrun.documents import Link, Prompt, PromptNode, load, schema
from graphrun.report.drawing import Slot, draw
from graphrun.report.drawing.flowchart import dot, mermaid
from graphrun.report.drawing.layers import layout
from graphrun.report.drawing.svg import svg

ROOT = Path(__file__).parents[2]
FLAGSHIP = ROOT / "workflows/distilbert_classification.json"
EVIL = 'a"b</title><script>x</script> #quot; `c` | [d] \x00 end'


def prompt(edges, **titles):
    names = dict.fromkeys([*titles, *itertools.chain(*edges)])
    nodes = {name: {} for name in names}
    for number, (source, target) in enumerate(edges):
        nodes[target][f"in{number}"] = Link(source, 0)
    return Prompt({n: PromptNode(n, "Kind", v, titles.get(n)) for n, v in nodes.items()})


def overlapping(drawing):
    pairs = itertools.combinations(drawing.boxes, 2)
    return [
        (a.id, b.id)
        for a, b in pairs
        if a.x < b.x + b.width
        and b.x < a.x + a.width
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_layout_of_ours_leads_to_the_right_and_nothing_overlaps(seed):
    draws = random.Random(seed)
    edges = [(str(draws.randrange(max(0, i - 12), i)), str(i)) for i in range(1, 60)]
    edges += [(str(draws.randrange(0, i)), str(i)) for i in range(20, 60, 3)]
    drawing = draw(prompt(edges))
    assert drawing.own
    assert overlapping(drawing) == []
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawing.width
        assert 0 <= box.y <= drawing.height - box.height


def test_wires_of_one_row_lead_from_left_to_right():
    drawing = draw(prompt([("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")]))
    x = {box.id: box.x for box in drawing.boxes}
    assert x["a"] < x["b"] < x["c"]
    assert x["d"] == x["b"]  # a source stands right before what needs it


def test_a_long_chain_is_cut_into_rows():
    drawing = draw(prompt([(str(i), str(i + 1)) for i in range(300)]))
    assert drawing.width < 6 * drawing.height
    assert overlapping(drawing) == []


def test_crossings_are_untangled():
    sizes = dict.fromkeys("abcwxyz", (10.0, 10.0))
    found = layout(sizes, [("a", "z"), ("b", "y"), ("c", "x"), ("w", "x")])
    order = sorted("abcw", key=lambda n: found[n][1]), sorted("xyz", key=lambda n: found[n][1])
    targets = {"a": "z", "b": "y", "c": "x", "w": "x"}
    places = [order[1].index(targets[n]) for n in order[0]]
    assert places in (sorted(places), sorted(places, reverse=True))


def test_a_file_that_places_its_nodes_is_drawn_as_it_is():
    document = load(FLAGSHIP)
    from graphrun.api import convert

    drawing = draw(convert(document), document.data)
    assert not drawing.own
    drawn = {str(n["id"]): n["pos"] for n in document.data["nodes"]}
    ax, ay = drawn["10"]
    boxes = {box.id: box for box in drawing.boxes}
    first = boxes["10"]
    for name, box in boxes.items():
        x, y = drawn[name]
        assert (box.x - first.x, box.y - first.y) == (x - ax, y - ay)
    groups = {group.title: set(group.nodes) for group in drawing.groups}
    assert groups["Loading data"] == {"10", "11", "12", "13", "14", "15"}


@pytest.mark.parametrize(
    "nodes",
    [
        [{"id": 1, "pos": [0, 0]}],
        [{"id": 1, "pos": [5, 5]}, {"id": 2, "pos": [5, 5]}],
        [{"id": 1, "pos": "here"}, {"id": 2, "pos": [None, 1]}],
        "none",
    ],
)
def test_places_that_are_none_are_not_used(nodes):
    assert draw(prompt([("1", "2")]), {"nodes": nodes}).own


def test_places_of_older_files_are_objects():
    nodes = [{"id": 1, "pos": {"0": 10, "1": 20}, "size": {"0": 200, "1": 50}}]
    nodes.append({"id": 2, "pos": [400, 20], "flags": {"collapsed": True}})
    drawing = draw(prompt([("1", "2")]), {"nodes": nodes})
    assert not drawing.own
    assert drawing.boxes[1].x - drawing.boxes[0].x == 390


def test_nodes_of_a_subgraph_are_a_group():
    drawing = draw(
        prompt([("1", "5:2"), ("5:2", "5:3"), ("5:3", "6"), ("1", "7:2")]),
        {
            "nodes": [{"id": 5, "type": "abc"}],
            "definitions": {"subgraphs": [{"id": "abc", "name": "Two steps"}]},
        },
    )
    groups = {group.title: group for group in drawing.groups}
    assert groups["Two steps"].nodes == ("5:2", "5:3")
    assert groups["Subgraph 7"].nodes == ("7:2",)
    frame = groups["Two steps"]
    inside = [
        box.id
        for box in drawing.boxes
        if frame.x <= box.x <= frame.x + frame.width and frame.y <= box.y <= frame.y + frame.height
    ]
    assert inside in ([], ["5:2", "5:3"])


def test_an_empty_graph_is_drawn():
    assert draw(Prompt({})).boxes == ()
    ET.fromstring(svg(draw(Prompt({})), {}, "nothing"))


def evil():
    found = prompt([("x", EVIL)], **{"x": EVIL})
    outputs = {"x": [Slot(EVIL, EVIL)]}
    workflow = {
        "nodes": [{"id": "x", "pos": [0, 0]}, {"id": EVIL, "pos": [500, 0]}],
        "groups": [{"title": EVIL, "bounding": [-10, -100, 400, 400]}],
    }
    return draw(found, workflow, outputs)


def test_an_svg_is_well_formed_whatever_titles_hold():
    root = ET.fromstring(svg(evil(), {"x": "1"}, EVIL))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {
        *("svg", "title", "style", "rect", "g", "path", "text", "circle")
    }
    assert EVIL.replace("\x00", " ") in root.find("{*}title").text


def test_flowcharts_escape_what_means_something():
    lines = mermaid(evil(), {"x": "1"}).splitlines()
    assert lines[0] == "flowchart LR"
    for line in lines[1:]:
        texts = re.findall(r'"(.*?)"', line)
        left = re.sub(r'"[^"]*"', "", line)
        assert all(
            not re.search(r"[<>`\[\]|\x00]|#(?!\d+;)", t.replace("<br/>", "")) for t in texts
        )
        assert re.fullmatch(r"  (  )?(n\d+\[\]|n0 -->\|\| n1|subgraph g0\[\]|end)", left)
    text = dot(evil(), {}, EVIL)
    assert "\x00" not in text
    assert text.count('"') % 2 == 0
    assert '\\"b</title>' in text


def shown(capsys, *arguments):
    code = main(["plan", *map(str, arguments)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out


def test_a_plan_lists_what_would_run_in_order(capsys):
    lines = shown(capsys, FLAGSHIP).splitlines()
    assert len(lines) == 12
    assert lines[0].split() == ["1", "10", "CDAStringCreate", "Model", "name"]
    before = {}
    for line in lines:
        number, node = line.split()[:2]
        before[number] = node
        needed = re.search(r"after ([\d, ]+)$", line)
        assert all(n in before for n in needed[1].split(", ")) if needed else True


def test_a_plan_as_json_follows_its_schema(capsys):
    document = json.loads(shown(capsys, FLAGSHIP, "--format", "json"))
    assert list(Draft202012Validator(schema("plan")).iter_errors(document)) == []
    assert [s["node"] for s in document["steps"]][-1] == "29"
    assert document["targets"] == ["29"]
    assert {g["title"] for g in document["groups"]} >= {"Loading data", "Training"}


def test_a_plan_is_drawn(capsys, tmp_path):
    target = tmp_path / "plan.svg"
    options = ("--format", "svg", "-o", target, "--set", "27.epochs=7")
    assert shown(capsys, FLAGSHIP, *options) == ""
    texts = ["".join(e.itertext()) for e in ET.parse(target).findall(".//{*}text")]
    assert "epochs: 7" in texts
    assert "Loading data" in texts


def test_a_plan_of_targets_has_only_what_they_need(capsys):
    text = shown(capsys, FLAGSHIP, "12", "--format", "mermaid")
    assert text.count("[") == text.count("]") == 4  # three nodes and their group
    assert 'subgraph g0["Loading data"]' in text


def test_a_plan_of_a_wrong_file_is_refused(capsys, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text('{"1": {"class_type": "PreviewAny", "inputs": {}}}')
    assert main(["plan", str(file)]) == 3
    assert "required_input_missing" in capsys.readouterr().err


def test_the_flowchart_of_the_readme_is_the_one_that_is_printed(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = shown(capsys, FLAGSHIP.relative_to(ROOT), "14", "--format", "mermaid")
    assert f"```mermaid\n{text}```" in (ROOT / "README.md").read_text("utf-8")
