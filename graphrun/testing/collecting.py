"""Paths → test files → tests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from graphrun.errors import Diagnostic, DocumentError, UsageError
from graphrun.testing.model import SUFFIX, Test
from graphrun.testing.reading import read

_SKIPPED = frozenset({"__pycache__", "node_modules", "runs", "build", "dist"})
"""Folders that are not looked into, besides those that are hidden or virtual environments."""


def collect(paths: Iterable[Path | str] = (".",)) -> list[Test]:
    """The tests of files, of folders, and of workflows that have a test file beside them.

    `FILE::NAME` is one test. Tests come in the order of the paths, of folders by name; each once.

    Raises:
        DocumentError: test files that cannot be read; what is wrong with any of them.
        UsageError: a path that is not there or is no test file, or a test that the file lacks.
    """
    found: dict[str, Test] = {}
    wrong: list[Diagnostic] = []
    for given in paths:
        path, _, name = str(given).partition("::")
        for file in _files(Path(path)):
            try:
                tests = read(file)
            except DocumentError as error:
                wrong += [one for one in error.diagnostics if one not in wrong]
                continue
            for test in _named(tests, name, file):
                found.setdefault(test.id, test)
    if wrong:
        raise DocumentError(wrong)
    return list(found.values())


def _named(tests: list[Test], name: str, file: Path) -> list[Test]:
    if not name:
        return tests
    one = [test for test in tests if test.name == name]
    if not one:
        names = [test.name for test in tests]
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"tests: {', '.join(names)}"
        raise UsageError(Diagnostic("unknown_test", f"{file} has no test {name!r}", hint=hint))
    return one


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(_below(path))
    if path.name.endswith(SUFFIX):
        if path.is_file():
            return [path]
        near = get_close_matches(path.name, [p.name for p in _siblings(path)], n=1)
        hint = f"did you mean {near[0]}?" if near else "`graphrun test --init FILE` writes one"
        raise UsageError(Diagnostic("no_tests", f"there is no file {path}", hint=hint))
    beside = path.with_name(path.stem + SUFFIX)
    if not path.exists():
        raise UsageError(Diagnostic("no_tests", f"there is no file or folder {path}"))
    if not beside.is_file():
        message, hint = f"{path} has no tests: there is no {beside}", f"graphrun test --init {path}"
        raise UsageError(Diagnostic("no_tests", message, hint=hint))
    return [beside]


def _siblings(path: Path) -> list[Path]:
    return list(path.parent.glob(f"*{SUFFIX}")) if path.parent.is_dir() else []


def _below(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _looked_into(Path(base, name))]
        yield from (Path(base, name) for name in names if name.endswith(SUFFIX))


def _looked_into(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _SKIPPED
    return not hidden and not (folder / "pyvenv.cfg").exists()
