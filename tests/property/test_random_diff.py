"""Differences of random prompts: names and order mean nothing, one change is one difference."""

import json
import random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphrun.documents import Link, Prompt, loads
from graphrun.plan.diff import ABSENT, Difference, diff

Document = dict[str, dict[str, Any]]


@st.composite
def documents(draw: st.DrawFn, most: int = 14) -> Document:
    """An acyclic graph with many twins: few classes, few values."""
    found: Document = {}
    for place in range(draw(st.integers(1, most))):
        inputs: dict[str, Any] = {}
        for name in ("a", "b", "c"):
            what = draw(st.integers(0, 3))
            if what == 0 or (what > 1 and not place):
                inputs[name] = draw(st.sampled_from([0, 1, 1.5, "x", True, None]))
            elif what > 1:
                inputs[name] = [str(draw(st.integers(0, place - 1))), draw(st.integers(0, 1))]
        found[str(place)] = {"class_type": draw(st.sampled_from("PQR")), "inputs": inputs}
    return found


def read(document: Document) -> Prompt:
    found = loads(json.dumps(document))
    assert isinstance(found, Prompt)
    return found


def renamed(document: Document, seed: int) -> tuple[Document, dict[str, str]]:
    """The same graph with other ids, in another order, with inputs in another order."""
    chance = random.Random(seed)
    ids = list(document)
    names = dict(zip(ids, chance.sample(range(100), len(ids)), strict=True))
    new = {i: str(name) for i, name in names.items()}
    chance.shuffle(ids)
    found: Document = {}
    for old in ids:
        inputs = {
            k: [new[v[0]], v[1]] if isinstance(v, list) else v
            for k, v in document[old]["inputs"].items()
        }
        keys = chance.sample(sorted(inputs), len(inputs))
        found[new[old]] = {**document[old], "inputs": {k: inputs[k] for k in keys}}
    return found, new


def told(found: list[Difference], *, mirrored: bool = False) -> list[tuple[Any, ...]]:
    """Differences as comparable values, without order."""
    swap = {"only_a": "only_b", "only_b": "only_a"}
    values = []
    for d in found:
        one, other = (d.b, d.a) if mirrored else (d.a, d.b)
        before, after = (d.after, d.before) if mirrored else (d.before, d.after)
        kind = swap.get(d.kind, d.kind) if mirrored else d.kind
        values.append(
            (kind, one and one.id, other and other.id, d.input, text(before), text(after))
        )
    return sorted(values, key=str)


def text(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    return f"link {value}" if isinstance(value, Link) else json.dumps(value)


@given(documents(), st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_ids_and_order_mean_nothing(document: Document, seed: int) -> None:
    assert diff(read(document), read(renamed(document, seed)[0])) == []


@given(documents(), st.data())
@settings(max_examples=300, deadline=None)
def test_one_changed_literal_is_one_difference(document: Document, data: st.DataObject) -> None:
    places = [(i, k) for i, n in document.items() for k, v in n["inputs"].items()
              if not isinstance(v, list)]  # fmt: skip
    assume(places)
    node, name = data.draw(st.sampled_from(places))
    other = json.loads(json.dumps(document))
    other[node]["inputs"][name] = "changed"
    (found,) = diff(read(document), read(other))
    assert (found.kind, found.a.id, found.b.id, found.input) == ("value", node, node, name)
    moved, new = renamed(other, data.draw(st.integers(0, 1000)))
    (found,) = diff(read(document), read(moved))
    assert (found.kind, found.b.id, found.input, found.after) == (
        "value", new[node], name, "changed"
    )  # fmt: skip
    assert text(found.before) == text(document[node]["inputs"][name])


@given(documents(), st.data(), st.sampled_from([0, 1, 1.5, "x", True, None]))
@settings(max_examples=300, deadline=None)
def test_a_change_to_what_others_have_is_one_difference(
    document: Document, data: st.DataObject, value: Any
) -> None:
    """Also where a twin already has the new value, so that the two could be swapped."""
    node = data.draw(st.sampled_from(sorted(document)))
    name = data.draw(st.sampled_from(["a", "b", "c"]))
    before = document[node]["inputs"].get(name, ABSENT)
    assume(isinstance(before, list) or before is ABSENT or text(before) != text(value))
    other = json.loads(json.dumps(document))
    other[node]["inputs"][name] = value
    (found,) = diff(read(document), read(other))
    assert (found.a.class_type, found.input) == (document[node]["class_type"], name)
    assert text(found.after) == text(value)


@given(documents(), documents())
@settings(max_examples=300, deadline=None)
def test_the_other_way_round_is_the_mirror(one: Document, other: Document) -> None:
    forth, back = diff(read(one), read(other)), diff(read(other), read(one))
    assert told(forth) == told(back, mirrored=True)


@given(documents(), st.data(), st.integers(0, 1000))
@settings(max_examples=200, deadline=None)
def test_the_differences_account_for_all_of_it(
    one: Document, data: st.DataObject, seed: int
) -> None:
    """Nodes that are not mentioned are the same: applying the differences to `a` gives `b`."""
    other, _ = renamed(data.draw(documents()), seed)
    found = diff(read(one), read(other))
    only_a = {d.a.id for d in found if d.kind == "only_a" and d.a}
    only_b = {d.b.id for d in found if d.kind == "only_b" and d.b}
    assert len(one) - len(only_a) == len(other) - len(only_b)
    classes = sorted(n["class_type"] for i, n in one.items() if i not in only_a)
    assert classes == sorted(n["class_type"] for i, n in other.items() if i not in only_b)
