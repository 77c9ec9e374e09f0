"""Notes and primitives."""

import pytest
from convert_toys import SPECS, codes, inputs, node, run, slot, socket, spec, widget, workflow

from graphrun.convert import convert
from graphrun.convert.rounding import merged_range, rounded
from graphrun.documents import Link


def primitive(values, type="INT", **more):
    return node(9, "PrimitiveNode", values, outputs=[{"type": type}], **more)


def size(*names):
    return node(1, "Size", [512, 1], [widget(n, k + 1) for k, n in enumerate(names)])


def test_notes_are_left_out():
    prompt = run(node(1, "Note", ["a"]), node(2, "MarkdownNote", ["b"]), node(3, "Load", ["c"]))
    assert list(prompt.nodes) == ["3"]
    assert codes(prompt) == []


@pytest.mark.parametrize(
    ("values", "wired", "expected", "noted"),
    [
        ([64, "fixed"], ["width"], {"width": 64, "count": 1}, []),
        ([1001, "fixed"], ["width"], {"width": 1000, "count": 1}, ["fitted_value"]),
        ([20], ["width"], {"width": 24, "count": 1}, ["fitted_value"]),
        ([99], ["count"], {"width": 512, "count": 64}, ["fitted_value"]),
        ([4], ["count", "width"], {"width": 16, "count": 16}, ["fitted_value"] * 2),
        (None, ["count"], {"width": 512, "count": 1}, []),
        (["word"], ["count"], {"width": 512, "count": None}, ["fitted_value"]),
        (["12"], ["count"], {"width": 512, "count": 12}, ["fitted_value"]),
        ([""], ["count"], {"width": 512, "count": 0}, ["fitted_value"]),
        (["1.7"], ["width"], {"width": 0, "count": 1}, ["fitted_value"]),
        ([7.5], ["count"], {"width": 512, "count": 8}, ["fitted_value"]),
        ([" 0x10 "], ["count"], {"width": 512, "count": 16}, ["fitted_value"]),
        (["0b101"], ["count"], {"width": 512, "count": 5}, ["fitted_value"]),
        (["-0x10"], ["count"], {"width": 512, "count": None}, ["fitted_value"]),
        (["\u00a07\ufeff"], ["count"], {"width": 512, "count": 7}, ["fitted_value"]),
    ],
)
def test_primitive_into_integers(values, wired, expected, noted):
    links = [[k + 1, 9, 0, 1, k, "INT"] for k in range(len(wired))]
    prompt = run(primitive(values), size(*wired), links=links)
    assert inputs(prompt, "1") == expected
    assert codes(prompt) == noted


@pytest.mark.parametrize("mode", [0, 2, 4])
def test_mode_of_a_primitive_does_not_matter(mode):
    prompt = run(primitive([64], mode=mode), size("width"), links=[[1, 9, 0, 1, 0]])
    assert inputs(prompt, "1")["width"] == 64
    assert prompt.nodes["1"].paths["width"] == ("nodes", 0, "widgets_values", 0)
    assert list(prompt.nodes) == ["1"]


def test_value_saved_for_another_type_gives_way_to_the_widgets_own():
    prompt = run(primitive([64], type="STRING"), size("width"), links=[[1, 9, 0, 1, 0]])
    assert inputs(prompt, "1")["width"] == 512


def test_union_has_its_primitives_value_under_its_own_type():
    kinds = {"Union": spec("Union", socket("x", "INT,FLOAT", default=3, widgetType="FLOAT"))}
    for type, expected in (("INT,FLOAT", 5), ("FLOAT", 1.5)):
        union = node(1, "Union", [1.5], [widget("x", 1, "INT,FLOAT")])
        document = workflow(primitive([5], type=type), union, links=[[1, 9, 0, 1, 0]])
        assert convert(document, kinds).nodes["1"].inputs == {"x": expected}


def test_primitive_has_one_output():
    links = [[1, 9, 2, 1, 0], [2, 9, 0, 1, 1]]
    prompt = run(primitive([20]), size("width", "count"), links=links)
    assert inputs(prompt, "1") == {"width": 512, "count": 20}
    assert codes(prompt) == ["lost_link"]


def test_reroute_has_one_output():
    reroute = node(2, "Reroute", None, [slot("", 1, "*")])
    nodes = (node(1, "Number", [4]), reroute, size("width"))
    links = [[1, 1, 0, 2, 0], [2, 2, 1, 3, 0]]
    prompt = run(*nodes[:2], {**nodes[2], "id": 3, "inputs": [widget("width", 2)]}, links=links)
    assert inputs(prompt, "3")["width"] == 512
    assert codes(prompt) == ["lost_link"]


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [(5, "INT", 5), (-5, "INT", 1), (5000, "INT", 64), (5, "FLOAT", 1)],
)
def test_plain_socket_of_a_values_type_counts_as_the_first_widget(value, type, expected):
    forced = node(2, "Forced", [7, "t"], [slot("forced", 1)])
    links = [[1, 9, 0, 2, 0], [2, 9, 0, 1, 0]]
    target = node(1, "Size", [512, 1], [widget("count", 2)])
    prompt = run(primitive([value], type=type), target, forced, links=links)
    assert inputs(prompt, "1")["count"] == expected
    assert inputs(prompt, "2") == {"n": 7, "tail": "t"}


@pytest.mark.parametrize(("output", "expected"), [(0, 64), (1, Link("1", 1))])
def test_reroutes_bring_only_what_fits(output, expected):
    reroutes = [node(k, "Reroute", None, [slot("", k, "*")], mode=4) for k in (2, 3)]
    mixed = {"Mixed": spec("Mixed", outputs="FLOAT INT"), **SPECS}
    target = node(4, "Size", [64, 1], [widget("width", 4)])
    links = [[2, 1, output, 2, 0], [3, 2, 0, 3, 0], [4, 3, 0, 4, 0]]
    prompt = convert(workflow(node(1, "Mixed"), *reroutes, target, links=links), mixed)
    assert inputs(prompt, "4")["width"] == expected
    assert codes(prompt) == (["lost_link"] if expected == 64 else [])


def test_ring_of_reroutes_has_no_type():
    reroutes = [node(k, "Reroute", None, [slot("", k, "*")]) for k in (2, 3)]
    links = [[2, 3, 0, 2, 0], [3, 2, 0, 3, 0], [4, 3, 0, 1, 0]]
    prompt = run(*reroutes, node(1, "Size", [64, 1], [widget("width", 4)]), links=links)
    assert inputs(prompt, "1")["width"] == 64


def test_primitive_of_a_combo():
    sampler = node(1, "Sampler", [1, "fixed", 2, 3.0, "euler"], [widget("method", 1, "COMBO")])
    prompt = run(primitive(["odd", "fixed", ""], type="COMBO"), sampler, links=[[1, 9, 0, 1, 0]])
    assert inputs(prompt, "1")["method"] == "odd"


@pytest.mark.parametrize(
    ("between", "target", "links"),
    [
        ([node(8, "Reroute", None, [slot("", 1, "*")])], size("width", "count"),
         [[1, 9, 0, 8, 0], [2, 8, 0, 1, 1]]),
        ([], node(1, "Forced", [7, "t"], [slot("forced", 1)]), [[1, 9, 0, 1, 0]]),
        ([], node(1, "NotInstalled", [5], [widget("n", 1)]), [[1, 9, 0, 1, 0]]),
    ],
    ids=["through a reroute", "into a plain socket", "into an unknown kind"],
)  # fmt: skip
def test_primitive_reaches_only_known_widgets_it_is_wired_to(between, target, links):
    prompt = run(primitive([64]), *between, target, links=links)
    assert 64 not in inputs(prompt, "1").values()
    assert "lost_link" in codes(prompt)


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({"step": 0.1, "round": 0.01}, 6.12345, 6.1),
        ({"step": 0.01}, 0.126, 0.13),
        ({}, 6.12345, 6.1),
        ({"step": 1.0}, 6.12345, 6.12345),
        ({"step": 0.1, "max": 5.0}, 6.0, 5.0),
        ({"step": 0.1}, -1.0, 0.0),
        ({"step": 0.1, "min": -10.0}, -1.25, -1.2),
    ],
)
def test_float_rounding(options, value, expected):
    assert rounded(socket("x", "FLOAT", **options), value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        ({}, 2.5, 3),
        ({}, 2**63 + 1, 2**63 + 1),
        ({"step": 8, "min": 4}, 9, 12),
        ({"step": 8, "min": 4}, 7, 4),
        ({"step": 2}, -3, -2),
        ({}, True, 1),
        ({}, None, 0),
        ({}, [3], 3),
        ({}, "-2", -2),
        ({}, float("inf"), float("inf")),
    ],
)
def test_integer_rounding(options, value, expected):
    found = rounded(socket("x", "INT", **options), value)
    assert (found, type(found)) == (expected, type(expected))


def test_ranges_of_widgets_with_other_options_do_not_count():
    width, count = SPECS["Size"].inputs
    odd = socket("odd", "INT", min=30, max=40, display="slider")
    assert merged_range([width, count]) == (16, 64)
    assert merged_range([width, odd]) == (16, 8192)
    assert merged_range([count, socket("far", "INT", min=100, max=200)]) == (1, 64)


def test_a_primitive_does_not_change_a_choice_and_that_is_told():
    choice = "COMFY_DYNAMICCOMBO_V3"
    options = [{"key": key, "inputs": {}} for key in ("a", "b")]
    kinds = {"Choose": spec("Choose", socket("mode", choice, options=options))}
    target = node(1, "Choose", ["a"], [widget("mode", 1, choice)])
    document = workflow(target, primitive(["b"], choice), links=[[1, 9, 0, 1, 0, choice]])
    prompt = convert(document, kinds)
    assert inputs(prompt, "1") == {"mode": "a"}
    assert codes(prompt) == ["value_left_out"]
