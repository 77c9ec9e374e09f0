"""Files of parameters: values for the inputs of a graph, as TOML, YAML or JSON.

An entry is an address and a value (`"27.epochs" = 3`), or a node and its inputs
(`27: {epochs: 3}`). Both come out as the keys that lead to the value, with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.documents.source import Source
from graphrun.errors import Diagnostic, DocumentError, Position

_HEADER = re.compile(r"\s*(\[[^\[].*?\])\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_\-. ]|"(?:[^"\\]|\\.)*"|'[^']*')+?)\s*=""")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value for an input: the address in one key, or the node and the input in two.

    A text for an input that takes no text is read as `--set` reads it; any other value is what
    it is.
    """

    keys: tuple[str, ...]
    value: Any
    position: Position

    @property
    def address(self) -> str:
        return ".".join(self.keys)


def load_parameters(path: Path | str) -> list[Parameter]:
    """The parameters of a file; its name says what it is written in.

    Raises:
        DocumentError: it cannot be read, is of another kind, or is no mapping.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(_READERS)
        raise _wrong(path, "parameters are read from files of another kind", f"known: {known}")
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(path, f"it cannot be read: {reason.lower()}") from error
    found = list(reader(path, text))
    first: dict[tuple[str, ...], Parameter] = {}
    for one in found:
        if first.setdefault(one.keys, one) is not one:
            message = f"{one.address} is given twice, first in line {first[one.keys].position.line}"
            raise DocumentError(Diagnostic("bad_parameters", message, position=one.position))
    return found


def _json(path: Path, text: str) -> Iterator[Parameter]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"it is no JSON: {error}") from error
    source = Source(str(path), text)
    for keys, value in _flat(path, found):
        yield Parameter(keys, value, source.locate(keys) or Position(str(path), 1, 1))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def _toml(path: Path, text: str) -> Iterator[Parameter]:
    import tomllib

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"it is no TOML: {error}") from error
    places = _toml_places(path, text)
    for keys, value in _flat(path, found):
        yield Parameter(keys, value, places.get(keys) or Position(str(path), 1, 1))


def _toml_places(path: Path, text: str) -> dict[tuple[str, ...], Position]:
    """Where the keys of a TOML text stand, which its reader does not tell."""
    found: dict[tuple[str, ...], Position] = {}
    header: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            header = _toml_keys(f"{match[1]}\nx = 0")[:-1]
        elif match := _KEY.match(line):
            column = match.start(1) + 1
            keys = (*header, *_toml_keys(f"{match[1]} = 0"))
            found.setdefault(keys, Position(str(path), number, column))
            for name in _inline(line[match.end() :]):
                found.setdefault((*keys, name), Position(str(path), number, column))
    return found


def _toml_keys(text: str) -> tuple[str, ...]:
    import tomllib

    try:
        value: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a line of a longer text that looks like one with a key
        return ("",)
    keys: list[str] = []
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        keys.append(key)
    return tuple(keys)


def _inline(text: str) -> list[str]:
    import tomllib

    try:
        value = tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return []
    return list(value) if isinstance(value, dict) else []


def _yaml(path: Path, text: str) -> Iterator[Parameter]:
    try:
        import yaml
    except ImportError as error:
        hint = "pip install 'graphrun[packs]' brings it; TOML and JSON need nothing"
        raise _wrong(path, "to read YAML, PyYAML is needed", hint) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        yield from _yaml_entries(path, root)
    except (yaml.YAMLError, RecursionError) as error:
        raise _wrong(path, f"it is no YAML: {' '.join(str(error).split())}") from error


def _yaml_entries(path: Path, root: Any) -> Iterator[Parameter]:
    """Keys are texts as they are written: elsewhere in YAML, `12:34` is a number to base 60."""
    import yaml

    if root is None:  # nothing but comments
        return
    if not isinstance(root, yaml.MappingNode):
        raise _no_mapping(path)
    loader = yaml.SafeLoader("")
    for key, value in root.value:
        pairs: list[tuple[tuple[Any, ...], Any, Any]] = [((key.value,), key, value)]
        if isinstance(value, yaml.MappingNode):
            pairs = [((key.value, inner.value), inner, one) for inner, one in value.value]
        for keys, at, one in pairs:
            if not all(isinstance(part, str) for part in keys):
                raise _wrong(path, f"line {at.start_mark.line + 1}: a key is not one word")
            mark = at.start_mark
            position = Position(str(path), mark.line + 1, mark.column + 1)
            yield Parameter(keys, loader.construct_object(one, deep=True), position)


def _flat(path: Path, found: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(found, Mapping):
        raise _no_mapping(path)
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield from (((key, name), one) for name, one in value.items())
        else:
            yield (key,), value


def _no_mapping(path: Path) -> DocumentError:
    hint = 'for example {"27.epochs": 3} or {"27": {"epochs": 3}}'
    return _wrong(path, "it is no mapping of addresses or nodes to values", hint)


def _wrong(path: Path, message: str, hint: str | None = None) -> DocumentError:
    return DocumentError(Diagnostic("bad_parameters", f"{path}: {message}", hint=hint))


_READERS = {".toml": _toml, ".yaml": _yaml, ".yml": _yaml, ".json": _json}
