"""Settings from `graphrun.toml` or `[tool.graphrun]`, joined with the command line's."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrun.catalog import Alias
from graphrun.catalog.aliases import alias as alias_of
from graphrun.cli import DEVICES, PRECISIONS, sizes, training
from graphrun.errors import Diagnostic, UsageError

KEYS: dict[str, tuple[type, str]] = {
    "alias": (dict, "a table"),
    "cache": (dict, "a table"),
    "allow-path": (list, "a list of paths"),
    "device": (str, "a text"),
    "precision": (str, "a text"),
    "seed": (int, "a whole number"),
    "out": (str, "a path"),
    "packs": (list, "a list of paths"),
    "input-directory": (str, "a path"),
    "models-directory": (str, "a path"),
    "track": (dict, "a table"),
}
"""What a configuration may hold; the same words as the options."""

CACHE_KEYS: dict[str, tuple[type, str]] = {
    "folder": (str, "a path"),
    "max_size": (str, 'a size such as "20GiB"'),
    "enabled": (bool, "true or false"),
}
"""What `[cache]` may hold."""

TRACK_KEYS: dict[str, tuple[type, str]] = {"tensorboard": (bool, "true or false")}
"""What `[track]` may hold."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of the cache, the most bytes of results in it, and whether runs use it."""

    folder: Path
    max_bytes: int
    enabled: bool = True


def read(folder: Path) -> dict[str, Any]:
    """The configuration of a working folder: `graphrun.toml`, else `pyproject.toml`'s table.

    Raises:
        UsageError: not TOML, an unknown key, or a value of the wrong kind.
    """
    own, project = folder / "graphrun.toml", folder / "pyproject.toml"
    if own.is_file():
        found, file = _toml(own), own
    elif project.is_file():
        tool = _toml(project).get("tool", {})
        found, file = tool.get("graphrun", {}) if isinstance(tool, dict) else {}, project
    else:
        return {}
    if not isinstance(found, dict):
        raise _wrong(file, f"graphrun = {found!r} is not a table")
    for key, value in found.items():
        if problem := _problem(key, value):
            raise _wrong(file, problem)
    for key in ("allow-path", "packs"):
        if not all(isinstance(path, str) for path in found.get(key, ())):
            raise _wrong(file, f"{key} = {found[key]!r} is not a list of paths")
    for key, known in (("device", DEVICES), ("precision", PRECISIONS)):
        if found.get(key, "auto") not in known:
            raise _wrong(file, f"{key} = {found[key]!r}; known: {', '.join(known)}")
    aliases = {n: _from_toml(n, v, file) for n, v in found.get("alias", {}).items()}
    _check_table("track", found.get("track", {}), TRACK_KEYS, file)
    if "cache" in found:
        found = {**found, "cache": _cache(found["cache"], file)}
    if "clip-grad" in found:  # 1 and 1.0 are one norm, with the same results
        found = {**found, "clip-grad": float(found["clip-grad"])}
    return {**found, "alias": aliases}


def cache(given: Path | None = None, folder: Path | None = None) -> Cache:
    """The cache: where the command line says, else the environment, else the configuration of a
    working folder, else where caches of this system are.

    Raises:
        UsageError: the configuration cannot be read.
    """
    from graphrun.cache.disk import MAX_BYTES
    from graphrun.cache.place import VARIABLE, default_folder

    found = read(Path.cwd() if folder is None else folder).get("cache", {})
    if given is not None:
        try:
            found = {**found, "folder": given.expanduser().absolute()}
        except RuntimeError as error:
            message = f"--cache-dir {given}: {str(error).lower()}"
            raise UsageError(Diagnostic("bad_cache", message)) from error
    elif os.environ.get(VARIABLE) or "folder" not in found:
        found = {**found, "folder": default_folder()}
    return Cache(**{"max_bytes": MAX_BYTES, **found})


def _cache(table: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The fields of a `Cache` that a table has."""
    _check_table("cache", table, CACHE_KEYS, file)
    found: dict[str, Any] = {}
    try:
        if "folder" in table:
            found["folder"] = (file.parent / Path(table["folder"]).expanduser()).absolute()
        if "max_size" in table:
            found["max_bytes"] = sizes.parse(table["max_size"])
    except (RuntimeError, ValueError) as error:
        raise _wrong(file, f"cache: {error}") from error
    if "enabled" in table:
        found["enabled"] = table["enabled"]
    return found


def _check_table(
    word: str, table: Mapping[str, Any], keys: Mapping[str, tuple[type, str]], file: Path
) -> None:
    for key, value in table.items():
        if key not in keys:
            raise _wrong(file, f"{word}: unknown key {key!r}; known: {', '.join(keys)}")
        kind, name = keys[key]
        if not isinstance(value, kind):
            raise _wrong(file, f"{word}: {key} = {value!r} is not {name}")


def parse_alias(text: str) -> tuple[str, Alias]:
    """`NAME=DIR`, with a data set's columns and class names after a question mark:
    `imdb=reviews?text=Text&label=Sentiment&labels=Negative,Positive&split.test=test.tsv`.

    Raises:
        UsageError: another form, or an unknown option.
    """
    name, separator, rest = text.partition("=")
    folder, _, query = rest.partition("?")
    if not separator or not name or not folder:
        raise _bad_alias(text, "expected NAME=DIR")
    fields: dict[str, str] = {}
    for option in query.split("&") if query else ():
        key, equals, value = option.partition("=")
        if not equals or not value:
            raise _bad_alias(text, f"{option!r} is not KEY=VALUE")
        if key in fields:
            raise _bad_alias(text, f"{key} is given twice")
        fields[key] = value
    splits = {k.removeprefix("split."): v for k, v in fields.items() if k.startswith("split.")}
    table: dict[str, Any] = {k: v for k, v in fields.items() if not k.startswith("split.")}
    if "labels" in table:
        table["labels"] = table["labels"].split(",")
    try:
        return name, alias_of({"path": folder, "splits": splits, **table}, Path())
    except ValueError as error:
        raise _bad_alias(text, str(error)) from error


def parse_aliases(texts: Iterable[str]) -> dict[str, Alias]:
    """Several aliases; one name for two folders is an error."""
    found: dict[str, Alias] = {}
    for text in texts:
        name, alias = parse_alias(text)
        if found.setdefault(name, alias) != alias:
            raise _bad_alias(text, f"{name} is given twice")
    return found


def _from_toml(name: str, value: Any, file: Path) -> Alias:
    if not isinstance(value, str | dict):
        raise _wrong(file, f"alias {name!r} is {value!r}, neither a path nor a table")
    try:
        return alias_of(value, file.parent)
    except ValueError as error:
        raise _wrong(file, f"alias {name!r}: {error}") from error


def _problem(key: str, value: Any) -> str:
    """What is wrong with an entry; nothing if it is one."""
    if key in training.KEYS:
        fits, name = training.KEYS[key]
        right = fits(value)
    elif key in KEYS:
        kind, name = KEYS[key]
        right = isinstance(value, kind) and not isinstance(value, bool)
    else:
        return _unknown(key)
    return "" if right else f"{key} = {value!r} is not {name}"


def _unknown(key: str) -> str:
    from difflib import get_close_matches

    known = [*KEYS, *training.KEYS]
    near = get_close_matches(key, known, 1) or get_close_matches(key.replace("_", "-"), known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"unknown key {key!r}; {meant}known: {', '.join(known)}"


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors of Windows write a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, message: str) -> UsageError:
    return UsageError(Diagnostic("bad_config", f"{path}: {message}"))


def _bad_alias(text: str, message: str) -> UsageError:
    hint = "--alias NAME=DIR, for data also NAME='DIR?text=COLUMN&label=COLUMN&labels=A,B'"
    return UsageError(Diagnostic("bad_alias", f"--alias {text}: {message}", hint=hint))
