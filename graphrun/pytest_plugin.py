"""pytest collects `NAME.test.toml` files: each of their tests is an item.

Everything but these few lines is imported when there is such a file.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from graphrun.testing import Around, Result, Test

_SUFFIX = ".test.toml"
_AROUND: pytest.StashKey[Around] = pytest.StashKey()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The tests of a file, if it is one of ours."""
    if not file_path.name.endswith(_SUFFIX):
        return None
    found: TestFile = TestFile.from_parent(parent, path=file_path)
    return found


class TestFile(pytest.File):
    """A file of tests of a workflow."""

    __test__ = False

    def collect(self) -> Iterator[pytest.Item]:
        """Its tests; a file that cannot be read is an error of the collection."""
        from graphrun.testing.reading import read

        for test in read(_shown(self.path, self.config)):
            item: WorkflowItem = WorkflowItem.from_parent(self, name=test.name, test=test)
            yield item

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """What is wrong with the file, without Python's own lines."""
        from graphrun.errors import GraphrunError

        if isinstance(excinfo.value, GraphrunError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class WorkflowItem(pytest.Item):
    """A test of a workflow; its tags are markers."""

    def __init__(self, *, test: Test, **options: Any) -> None:
        super().__init__(**options)
        self.test = test
        for tag in test.tags:
            self.config.addinivalue_line("markers", f"{tag}: a tag of a workflow's test")
            self.add_marker(tag)

    def runtest(self) -> None:
        """Run it; what is measured, in a process of its own."""
        result = _result(self.test, self.config)
        for note in result.notes:
            self.add_report_section("call", "not measured", str(note))
        if result.outcome == "skipped":
            pytest.skip(result.reason or "")
        if not result.ok:
            raise Unexpected(result.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """The findings; Python's own lines for what is none."""
        if isinstance(excinfo.value, Unexpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.test.line - 1, self.name


class Unexpected(AssertionError):
    """A run that did not do what its test expects."""


def _result(test: Test, config: pytest.Config) -> Result:
    from graphrun.cli.quiet import folded
    from graphrun.testing import run
    from graphrun.testing.budgets import has_budget
    from graphrun.testing.workers import Workers

    if has_budget(test):
        return Workers().one(test)
    with folded():
        return run(test, _around(config))


def _around(config: pytest.Config) -> Around:
    """What the configuration of the working folder says, read once."""
    if _AROUND not in config.stash:
        from graphrun.cli.test import surroundings

        nothing = Namespace(
            alias=[],
            packs=[],
            input_directory=None,
            models_directory=None,
            cache_dir=None,
            out=None,
        )
        config.stash[_AROUND] = surroundings(nothing)
    return config.stash[_AROUND]


def _shown(path: Path, config: pytest.Config) -> Path:
    """The path as it is told: relative to where pytest was started, if it lies there."""
    start = config.invocation_params.dir
    return path.relative_to(start) if path.is_relative_to(start) else path
