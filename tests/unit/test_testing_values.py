"""Lines of keys in TOML, and how values of all kinds are described and compared."""

import math

import numpy
import pandas
import pytest
import torch

from graphrun.testing.comparing import Tolerance, descriptions, difference, tensors
from graphrun.testing.places import line, places
from graphrun.testing.values import described, plain

TEXT = (
    """# a comment
workflow = "flow.json"  # [no.table]
set = { "27.epochs" = 1, more = [1,
  2] }

[test.learns]
note = \'\'\'
[no.table]
no = 1
\'\'\'
nodes.ran = [
  "1",  # ]
  "]",
]
'literal key' = 1
"es\\u0063aped" = 2

[test."a b".outputs]
"5.0" = 1
5.1 = """
    + '"""'
    + """
x = 1
"""
    + '"""'
    + """
last = true
"""
)


@pytest.mark.parametrize(
    ("path", "number"),
    [
        (("workflow",), 2),
        (("set", "more"), 3),
        (("test", "learns"), 6),
        (("test", "learns", "note"), 7),
        (("test", "learns", "nodes"), 11),
        (("test", "learns", "nodes", "ran", 1), 11),
        (("test", "learns", "literal key"), 15),
        (("test", "learns", "escaped"), 16),
        (("test", "learns", "missing"), 6),
        (("test", "a b", "outputs", "5.0"), 19),
        (("test", "a b", "outputs", "5", "1"), 20),
        (("test", "a b", "outputs", "last"), 23),
        (("nothing",), 1),
    ],
)
def test_a_key_has_its_line_or_that_of_what_it_is_in(path, number):
    assert line(places(TEXT), path) == number


def test_tables_in_lists_are_counted():
    found = places("[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n")
    assert line(found, ("a", 0, "x")) == 2
    assert line(found, ("a", 1, "x")) == 4
    assert line(found, ("a", 1, "b", "y")) == 6


TOLERANCES = [
    (1.0, 1.04, Tolerance(rtol=0.05), True),
    (1.0, 1.06, Tolerance(rtol=0.05), False),
    (0.0, 1e-9, Tolerance(rtol=0.5), False),
    (0.0, 1e-9, Tolerance(atol=1e-8), True),
    (math.nan, math.nan, Tolerance(), True),
    (1.0, math.nan, Tolerance(atol=9), False),
    (math.inf, 1e300, Tolerance(rtol=1), False),
    ("nan", math.nan, Tolerance(), True),
    ("nan", "nan", Tolerance(), True),
    (3, 4, Tolerance(atol=9), False),
    (3, 3.0, Tolerance(), True),
    (True, 1, Tolerance(), False),
    ([1, [2.0]], [1, [2.1]], Tolerance(atol=0.2), True),
    ([1, [2.0]], [1, [2.1]], Tolerance(), False),
    ([1], [1, 2], Tolerance(), False),
    ({"a": 1}, {"b": 1}, Tolerance(), False),
    ({"a": 1.0}, {"a": 1.0}, Tolerance(), True),
    (None, None, Tolerance(), True),
    ("1", 1, Tolerance(), False),
]


@pytest.mark.parametrize(("expected", "found", "tolerance", "same"), TOLERANCES)
def test_values_are_the_same_within_the_tolerance(expected, found, tolerance, same):
    assert (difference(expected, found, tolerance) is None) is same


VALUES = [
    torch.tensor(1.5),
    torch.zeros(0, 3),
    torch.ones(2, 3, dtype=torch.bfloat16),
    torch.tensor([True, False]),
    torch.tensor([1 + 2j]).conj(),
    torch.arange(100),
    torch.full((100,), math.nan),
    torch.eye(3).to_sparse(),
    numpy.arange(6.0).reshape(2, 3).T,
    pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", None]}),
    pandas.Series(range(100)),
    [1, {"a": None}],
    "x" * 10_000,
    math.nan,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_what_is_described_is_the_same_as_itself_and_is_json(value):
    import json

    facts = json.loads(json.dumps(described(value)))
    assert "digest" in facts
    assert descriptions(facts, described(value), Tolerance()) is None


def test_forms_differ_before_numbers_do():
    one = described(torch.zeros(2, 3))
    for other in (torch.zeros(3, 2), torch.zeros(2, 3, dtype=torch.float64), [[0.0] * 3] * 2):
        assert "expected Tensor[2, 3] float32, found " in descriptions(
            one, described(other), Tolerance(atol=9)
        )


def test_large_tensors_differ_by_their_statistics():
    one, other = torch.linspace(0, 1, 1000), torch.linspace(0, 1.01, 1000)
    said = descriptions(described(one), described(other), Tolerance(rtol=1e-3))
    assert "at statistics.mean" in said
    assert descriptions(described(one), described(other), Tolerance(rtol=0.1)) is None


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        (torch.tensor(1.0), torch.tensor(2.0), "1 of 1 numbers differ, most at []"),
        (torch.arange(6).reshape(2, 3), torch.arange(6).reshape(2, 3) * 2, "most at [1, 2]"),
        (torch.tensor([1j]), torch.tensor([2j]), "off by 1"),
        (torch.tensor([0.0, math.nan]), torch.tensor([0.0, 1.0]), "most at [1]"),
        (torch.zeros(2), torch.zeros(3), "expected [0.0, 0.0]"),
        (torch.zeros(2), "text", 'found "text"'),
    ],
)
def test_tensors_tell_where_they_differ_most(expected, found, said):
    assert tensors(expected, expected.clone(), Tolerance()) is None
    told = tensors(expected, found, Tolerance())
    assert said.replace("expected [0.0, 0.0]", "expected Tensor[2] float32") in told


def test_a_tolerance_is_none_of_whole_numbers_and_texts():
    wide, rows = Tolerance(rtol=0.5), range(100)
    for one, other in (
        (torch.arange(100), torch.arange(100).flip(0)),
        (torch.arange(100) > 49, torch.arange(100) < 50),
        (
            pandas.DataFrame({"x": [0.5] * 100, "name": [f"row {i}" for i in rows]}),
            pandas.DataFrame({"x": [0.6] * 100, "name": [f"Row {i}" for i in rows]}),
        ),
    ):
        assert "other ones, with the same" in descriptions(described(one), described(other), wide)
    near = pandas.DataFrame({"x": [0.6] * 100, "name": [f"row {i}" for i in rows]})
    assert descriptions(described(one), described(near), wide) is None


def test_a_number_larger_than_any_float_is_another_one():
    assert difference(10**400, 10**400, Tolerance()) is None
    assert difference(10**400, 1.5, Tolerance(rtol=1)).startswith("expected 1000")


def test_plain_values_are_lists_of_numbers():
    assert plain(torch.tensor([[1, 2]])) == [[1, 2]]
    assert plain(pandas.DataFrame({"a": [1], "b": ["x"]})) == [[1, "x"]]
    assert plain([numpy.float64(2.5), (1,)]) == [2.5, [1]]
