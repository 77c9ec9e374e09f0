"""Tokens in file names."""

from datetime import datetime

import pytest
from convert_toys import SPECS, definition, instance, node, socket, spec, with_subgraphs

from graphrun.convert import convert
from graphrun.convert.tokens import date_text

NOW = datetime(2024, 3, 9, 7, 5, 2)
KINDS = {**SPECS, "SaveImage": spec("SaveImage", socket("filename_prefix", "STRING"))}


def prefix(text, *nodes, clock=lambda: NOW, **parts):
    workflow = with_subgraphs(node(99, "SaveImage", [text]), *nodes, **parts)
    prompt = convert(workflow, KINDS, clock=clock)
    return prompt.nodes["99"].inputs["filename_prefix"], [n.code for n in prompt.notes]


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("yyyy-MM-dd", "2024-03-09"),
        ("yy.M.d", "24.3.9"),
        ("hh:mm:ss", "07:05:02"),
        ("h m s", "7 5 2"),
        ("", ""),
        ("Q", "Q"),
    ],
)
def test_dates(format, expected):
    assert date_text(NOW, format) == expected


def test_the_clock_is_read_once_and_only_for_dates():
    reads = []

    def clock():
        reads.append(1)
        return NOW

    assert prefix("a %Load.name%", node(1, "Load", ["x"]), clock=clock)[0] == "a x"
    assert reads == []
    assert prefix("%date:d% %date:s%", clock=clock) == ("9 2", ["replaced_tokens"])
    assert reads == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%Load.name%", "a_b_c"),
        ("%Load.gone%", "%Load.gone%"),
        ("%Gone.name%", "%Gone.name%"),
        ("%width% 100%", "%width% 100%"),
        ("%Mine.value%", "3"),
        ("%Alias.value%", "4"),
        ("%Fraction.value%", "2"),
        ("%Size.width%", "8"),
    ],
)
def test_values_of_other_nodes(text, expected):
    inner = definition("inner", node(50, "Size", [8, 1]))
    nodes = [
        node(1, "Load", ["a/b:c"]),
        node(2, "Load", ["second"]),
        node(3, "Number", [3], title="Mine"),
        node(4, "Number", [4], properties={"Node name for S&R": "Alias"}),
        node(5, "Fraction", [2.0], mode=2),
        instance(6, "inner"),
    ]
    assert prefix(text, *nodes, subgraphs=[inner])[0] == expected


def test_only_classes_that_save_have_their_tokens_replaced():
    prompt = convert(with_subgraphs(node(1, "Load", ["%date:d%"])), KINDS)
    assert prompt.nodes["1"].inputs["name"] == "%date:d%"
