"""The store in memory: bounded, and not fooled by what is changed in place."""

import numpy
import torch

from graphrun.cache import MemoryStore, Stored


def stored(value):
    return Stored(([value],), {})


def test_the_least_recently_used_goes_first():
    store = MemoryStore(max_bytes=3100)
    for name in "abc":
        store.put(name, stored("x" * 900))
    assert store.get("a") is not None
    store.put("d", stored("x" * 900))
    assert [name for name in "abcd" if store.get(name)] == ["a", "c", "d"]


def test_what_is_larger_than_all_is_not_kept():
    store = MemoryStore(max_bytes=1000)
    store.put("small", stored("x"))
    store.put("large", stored(numpy.zeros(1000)))
    assert store.get("large") is None
    assert store.get("small") is not None


def test_a_result_is_replaced_and_its_size_with_it():
    store = MemoryStore(max_bytes=2000)
    for _ in range(5):
        store.put("a", stored("x" * 1500))
    assert store.get("a") is not None
    assert len(store) == 1


def test_a_tensor_that_was_changed_in_place_is_not_served():
    store, tensor = MemoryStore(), torch.zeros(2)
    store.put("a", stored({"samples": [tensor]}))
    assert store.get("a") is not None
    tensor += 1
    assert store.get("a") is None
    assert len(store) == 0


def test_lists_and_dicts_that_were_changed_in_place_are_not_served():
    for change in (
        lambda value: value["a"].append(3),
        lambda value: value["a"].__setitem__(0, 7),
        lambda value: value.update(b=1),
        lambda value: value.pop("a"),
    ):
        store, value = MemoryStore(), {"a": [1, 2], "c": float("nan")}
        store.put("a", stored(value))
        assert store.get("a") is not None
        change(value)
        assert store.get("a") is None
