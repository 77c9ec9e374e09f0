"""List mapping: lists of inputs → one set of inputs for each call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def calls(inputs: Mapping[str, Sequence[Any]], whole: bool) -> Iterator[dict[str, Any]]:
    """The inputs of every call of a node, its hooks included.

    One call per element of the longest list; a shorter list repeats its last element. With `whole`
    (INPUT_IS_LIST) one call that gets the lists. Where a list is empty there is no call.
    """
    if whole:
        yield {name: list(values) for name, values in inputs.items()}
        return
    lengths = [len(values) for values in inputs.values()]
    if lengths and min(lengths) == 0:
        return
    for index in range(max(lengths, default=1)):
        yield {name: values[min(index, len(values) - 1)] for name, values in inputs.items()}
