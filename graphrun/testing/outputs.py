"""Outputs of nodes, compared with what a test says of them or with what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.testing.comparing import Tolerance, descriptions, difference, tensors
from graphrun.testing.expectations import NOTHING, Evidence, in_golden
from graphrun.testing.naming import Nodes, Unnamed
from graphrun.testing.values import described, plain, summary, tensor


def kept(table: Mapping[str, Any], nodes: Nodes) -> tuple[list[str], list[Diagnostic]]:
    """Ids of the nodes whose outputs a test looks at, and names that lead nowhere."""
    ids, wrong = [], []
    for address in table.get("outputs", {}):
        try:
            ids.append(nodes.slot(address, "outputs", address)[0].id)
        except Unnamed as unnamed:
            wrong.append(unnamed.finding)
    return ids, wrong


def outputs(seen: Evidence) -> Iterator[Diagnostic]:
    """What is not as expected of the outputs that a test names."""
    for address, wanted in seen.test.table.get("outputs", {}).items():
        path = ("outputs", address)
        node, slot = seen.nodes.slot(address, *path)  # as `kept` found it
        given = seen.report.outputs.get(node.id)
        if given is None or slot >= len(given):
            state, number = seen.state(node.id), len(given or ())
            message = f"{node.label} gave no output {slot} but {number} of them; it is {state}"
            yield seen.test.finding("unknown_output", message, *path)
            continue
        table = wanted if isinstance(wanted, Mapping) else {"value": wanted}
        name = node.slots[slot] if slot < len(node.slots) else str(slot)
        for said in _slot(address, table, given[slot], seen):
            message = f"{node.label}, output {name}: {said}"
            yield seen.test.finding("other_output", message, *path)


def _slot(
    address: str, wanted: Mapping[str, Any], values: list[Any], seen: Evidence
) -> Iterator[str]:
    if "count" in wanted and len(values) != wanted["count"]:
        yield f"expected {wanted['count']} values, found {len(values)}"
    facts = [described(value) for value in values]
    for key in ("type", "shape", "dtype", "digest"):
        if key in wanted:
            yield from _fact(key, wanted[key], facts)
    if "value" in wanted:
        yield from _value(wanted["value"], values, Tolerance.of(wanted))
    if "golden" in wanted:
        yield from _golden(address, wanted, values, seen)


def _fact(key: str, expected: Any, facts: list[dict[str, Any]]) -> Iterator[str]:
    if not facts:
        yield f"expected {key} {expected}, found no values"
    for one in facts:
        if key not in one:
            yield f"expected {key} {expected}, found {summary(one)}, which has none"
        elif one[key] != expected:
            yield f"expected {key} {expected}, found {one[key]}"


def _value(expected: Any, values: list[Any], tolerance: Tolerance) -> Iterator[str]:
    """One value is compared as it is, several are compared as a list."""
    found = [plain(value) for value in values]
    whole = found[0] if len(found) == 1 else found
    said = difference(expected, whole, tolerance)
    if said and len(found) == 1 and isinstance(expected, list) and not isinstance(whole, list):
        said = difference(expected, found, tolerance)
    if said:
        yield said


def _golden(
    address: str, wanted: Mapping[str, Any], values: list[Any], seen: Evidence
) -> Iterator[str]:
    facts = [described(value) for value in values]
    bare = next((one for one in facts if len(one) == 1), None)
    if bare is not None:
        way = f'`type = "{bare["type"]}"` can be expected of it'
        yield f"what is no value cannot be recorded; {way}"
        return
    tolerance, full = Tolerance.of(wanted, golden=True), wanted["golden"] == "values"
    if full and any("dtype" not in one for one in facts):
        yield f"{summary(facts[0])} is no tensor; `golden = true` records it"
        return

    def compare(held: Any) -> str | None:
        if full:
            return _number_by_number(address, values, tolerance, seen)
        if len(held) != len(facts):
            return f"expected {len(held)} values, found {len(facts)}"
        pairs = zip(held, facts, strict=True)
        return next((d for a, b in pairs if (d := descriptions(a, b, tolerance))), None)

    said = seen.recorded("outputs", address, compare)
    if said and seen.update:
        seen.golden.put("outputs", address, facts)
        if full:
            seen.golden.tensors |= _tensors(address, values)
    elif said:
        yield in_golden(said)
    elif full:
        for number in range(len(values)):  # what still holds stays
            key = f"{address}::{number}"
            seen.golden.tensors[key] = seen.golden.tensor(key)


def _number_by_number(
    address: str, values: list[Any], tolerance: Tolerance, seen: Evidence
) -> str | None:
    for number, value in enumerate(values):
        held = seen.golden.tensor(f"{address}::{number}")
        if held is None:
            return NOTHING
        if said := tensors(held, value, tolerance):
            return said
    return None


def _tensors(address: str, values: list[Any]) -> dict[str, Any]:
    found = {f"{address}::{number}": tensor(value) for number, value in enumerate(values)}
    return {key: value for key, value in found.items() if value is not None}
