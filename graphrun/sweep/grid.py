"""`--sweep 29.learning_rate=1e-5,3e-5` → axes, and their combinations as members."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphrun.catalog import NodeSpec
from graphrun.documents import Prompt
from graphrun.documents.parameters import Parameter
from graphrun.errors import Diagnostic, Position, UsageError
from graphrun.plan.overrides import address, target

MOST = 10_000
"""Members of a sweep."""

SEED = "seed"
"""The address of the run's own seed."""

_RANGE = re.compile(r"([-+.\deE]+?)\.\.([-+.\deE]+):(log)?(\d{1,5})")
_WHOLE = re.compile(r"[+-]?\d{1,300}")


@dataclass(frozen=True, slots=True)
class Axis:
    """The values that one input is to have, or the seed of the run (`settings` is then empty)."""

    address: str
    values: tuple[Any, ...]
    settings: tuple[Parameter, ...] = ()

    @property
    def name(self) -> str:
        """What a table calls it: the input without its node."""
        return self.settings[0].keys[1] if self.settings else self.address


@dataclass(frozen=True, slots=True)
class Member:
    """One combination. `number` counts from 1; `values` are by the addresses of the axes."""

    number: int
    values: Mapping[str, Any]
    settings: tuple[Parameter, ...]
    seed: int | None = None

    def label(self, axes: Sequence[Axis]) -> str:
        """`learning_rate=1e-05 epochs=2`; addresses where two axes have one name."""
        heads = names(axes)
        parts = (f"{heads[a.address]}={told(self.values[a.address])}" for a in axes)
        return " ".join(parts)


def names(axes: Sequence[Axis]) -> dict[str, str]:
    """What to call the axes by their addresses, short where that is not ambiguous."""
    short = [axis.name for axis in axes]
    return {a.address: a.name if short.count(a.name) == 1 else a.address for a in axes}


def told(value: Any) -> str:
    """A value on one line, short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= 32 else f"{text[:31]}…"


def axes(
    prompt: Prompt, specs: Mapping[str, NodeSpec], texts: Iterable[str]
) -> tuple[list[Axis], list[Diagnostic]]:
    """The axes of `--sweep` options, and what is wrong with options that are none.

    Values are separated by commas and read as `--set` reads them. A JSON list holds values that
    are what they are, and texts with commas. `A..B:N` are N numbers from A to B, `A..B:logN` such
    that each is a multiple of the one before.
    """
    found: list[Axis] = []
    wrong: list[Diagnostic] = []
    for text in texts:
        try:
            axis = _axis(prompt, specs, text)
            if any(axis.address == other.address for other in found):
                raise _wrong(text, f"{axis.address} is swept twice")
            found.append(axis)
        except UsageError as error:
            wrong += error.diagnostics
    return found, wrong


def members(axes: Sequence[Axis], drawn: int | None = None, seed: int = 0) -> list[Member]:
    """Every combination, the last axis fastest; or so many, `drawn` at random, in that order.

    Raises:
        UsageError: there are too many.
    """
    count = math.prod(len(axis.values) for axis in axes)
    wanted = count if drawn is None else min(drawn, count)
    if wanted > MOST:
        message = f"these are {wanted:,} combinations, more than {MOST:,}"
        hint = "--sweep-random N runs N of them"
        raise UsageError(Diagnostic("bad_sweep", message, hint=hint))
    among = range(count)
    picked = among if drawn is None else sorted(random.Random(seed).sample(among, wanted))
    found = []
    for number, index in enumerate(picked, 1):
        places = _places(index, [len(axis.values) for axis in axes])
        chosen = list(zip(axes, places, strict=True))
        values = {axis.address: axis.values[place] for axis, place in chosen}
        settings = tuple(axis.settings[place] for axis, place in chosen if axis.settings)
        found.append(Member(number, values, settings, values.get(SEED)))
    return found


def _places(index: int, sizes: Sequence[int]) -> list[int]:
    """The number of a combination as a place on every axis."""
    found = []
    for size in reversed(sizes):
        index, place = divmod(index, size)
        found.append(place)
    return found[::-1]


def _axis(prompt: Prompt, specs: Mapping[str, NodeSpec], text: str) -> Axis:
    head, equals, rest = text.partition("=")
    if head == SEED and equals:
        return _seeds(text, rest)
    label, read = f"--sweep {text}", address(prompt, specs, text)
    if read is None:
        raise _wrong(text, "expected NODE.INPUT=VALUE,VALUE,…")
    where, name, rest = read
    settings: list[Parameter] = []
    wrong: list[Diagnostic] = []
    # The first value finds the node, whose input says what a range may be of.
    for value in _values(text, rest):
        given = Parameter((where, name), value, Position(label, 0, 0))
        try:
            for one in _spread(given, prompt, specs):
                found = target(prompt, specs, one)
                keys = (found.node.id, found.name)
                settings.append(Parameter(keys, found.value, one.position))
        except UsageError as error:
            wrong += error.diagnostics
    if wrong:
        raise UsageError(dict.fromkeys(wrong))
    values = tuple(one.value for one in settings)
    _different(text, values)
    return Axis(settings[0].address, values, tuple(settings))


def _values(text: str, rest: str) -> list[Any]:
    if rest.startswith("["):
        try:
            found = json.loads(rest)
        except ValueError as error:
            raise _wrong(text, f"{rest!r} is no JSON list: {error}") from error
        if found:
            return list(found)
    values = rest.split(",")
    if "" in (one.strip() for one in values):
        hint = 'a text that is empty or has commas is given in a JSON list: ["a,b", ""]'
        raise _wrong(text, "a value is missing", hint)
    return values


def _spread(given: Parameter, prompt: Prompt, specs: Mapping[str, NodeSpec]) -> Iterator[Parameter]:
    """The settings that one value amounts to: several for a range on a numeric input."""
    match = _RANGE.fullmatch(given.value) if isinstance(given.value, str) else None
    kind = None
    if match:
        plain = Parameter(given.keys, 0, given.position)
        wanted = target(prompt, specs, plain).wanted
        kind = wanted.type if wanted else None
    if match is None or kind not in ("INT", "FLOAT"):
        yield given
        return
    for number in _range(given, *match.groups()):
        value: Any = number
        if kind == "INT":
            value = round(number)
        yield Parameter(given.keys, value, given.position)


def _range(given: Parameter, first: str, last: str, log: str | None, count: str) -> list[float]:
    try:
        low, high, number = float(first), float(last), int(count)
        if number < 2 or not math.isfinite(low) or not math.isfinite(high):
            raise ValueError
        if log:
            low, high = math.log(low), math.log(high)
    except ValueError:
        text = f"{given.value!r} is no range of numbers"
        hint = "such as 1..5:5 or, of numbers above 0, 1e-5..1e-3:log3; at least 2 of them"
        found = Diagnostic("bad_sweep", text, hint=hint, position=given.position)
        raise UsageError(found) from None
    steps = [low + (high - low) * i / (number - 1) for i in range(number)]
    steps = [math.exp(one) for one in steps] if log else steps
    # Seven digits: what is shown is what is used.
    return [float(f"{one:.7g}") for one in (*steps[:-1], float(last))]


def _seeds(text: str, rest: str) -> Axis:
    parts = rest.split(",")
    bad = next((one for one in parts if not _WHOLE.fullmatch(one.strip())), None)
    if bad is not None:
        raise _wrong(text, f"{bad!r} is no whole number")
    values = tuple(int(one) for one in parts)
    _different(text, values)
    return Axis(SEED, values)


def _different(text: str, values: Sequence[Any]) -> None:
    for index, value in enumerate(values):
        if any(value == one and type(value) is type(one) for one in values[:index]):
            raise _wrong(text, f"{told(value)} is given twice")


def _wrong(text: str, message: str, hint: str | None = None) -> UsageError:
    place = Position(f"--sweep {text}", 0, 0)
    hint = hint or "for example --sweep 27.epochs=2,3"
    return UsageError(Diagnostic("bad_sweep", message, hint=hint, position=place))
