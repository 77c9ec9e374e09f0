"""Texts of fields: what they stand for, and what is said of those that stand for nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from graphrun.node import InputError
from graphrun.sources.texts import dims, literal, number, options, size, sizes


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (number, "3", 3),
        (number, " -1_000 ", -1000),
        (number, "1e3", 1000.0),
        (number, "1.0e3", 1000.0),
        (number, ".5", 0.5),
        (size, "[2,3]", (2, 3)),
        (size, "(4,)", (4,)),
        (size, " 2, 3 ", (2, 3)),
        (size, "[]", ()),
        (size, "[0]", (0,)),
        (dims, "", None),
        (dims, " \n", None),
        (dims, "-1", -1),
        (dims, "[0, 1]", (0, 1)),
        (dims, "(2,)", (2,)),
        (options, "", {}),
        (options, '{"train": true, "limit": null}', {"train": True, "limit": None}),
        (options, "{'train': False}", {"train": False}),
        (literal, "[[1, 2.5], ['a', None]]", [[1, 2.5], ["a", None]]),
        (literal, "-2.5", -2.5),
    ],
)
def test_a_text_is_read(read: Callable[..., Any], text: str, value: Any) -> None:
    found = read(text, "field")
    assert found == value
    assert type(found) is type(value)


def test_numbers_that_are_no_literals() -> None:
    assert math.isinf(number("inf", "field"))
    assert math.isnan(number("nan", "field"))
    assert number("  ", "field", blank=1) == 1


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (number, "", "it is blank"),
        (number, "three", "'three' is not a number"),
        (size, "", "it is blank"),
        (size, "3", "brackets are missing"),
        (size, "[2, 1.5]", "1.5 is no whole number"),
        (size, "[2, -1]", "-1 is no whole number of 0 or more"),
        (size, "[True]", "True is no whole number of 0 or more"),
        (size, "[2, 3", "'[' was never closed at line 1, column 1"),
        (dims, "True", "True is no whole number"),
        (dims, "0.5", "0.5 is no whole number"),
        (dims, "same", "not a literal at line 1, column 1"),
        (options, "[1]", "not a dict"),
        (options, '{"a": open("/etc/passwd")}', "not a literal at line 1, column 7"),
        (literal, "1 +\n+ (2)", "line"),
        (literal, "__import__('os').system('x')", "not a literal at line 1, column 1"),
        (literal, "\n [1, x]", "not a literal at line 2, column 6"),
    ],
)
def test_what_is_no_such_text_is_shown_with_its_place(
    read: Callable[..., Any], text: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(text, "field")
    assert said in str(caught.value)
    assert caught.value.input == "field"
    assert caught.value.hint


def test_a_text_of_any_depth_is_an_error_and_no_crash() -> None:
    with pytest.raises(InputError):
        literal("[" * 5000 + "]" * 5000, "field")


def test_the_example_has_as_many_numbers_as_are_wanted() -> None:
    for counts, example in {(4,): "write [3, 3, 3, 3]", (1, 2): "write [3, 5]"}.items():
        with pytest.raises(InputError) as caught:
            sizes("[4, 64, 3]", "field", *counts)
        assert caught.value.hint == example
