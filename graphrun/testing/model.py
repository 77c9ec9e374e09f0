"""A test of a workflow, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from graphrun.errors import Diagnostic, Position
from graphrun.report import Report
from graphrun.testing import places

Outcome = Literal["passed", "failed", "error", "skipped"]
"""An error is a test that could not be tried: its workflow cannot be read."""

SUFFIX = ".test.toml"
"""How the names of test files end."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a file.

    `table` is what the file says of it, with the options that the file has for all its tests;
    `names` are those of all tests of the file.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of this name

    name: str
    file: Path
    workflow: Path
    table: Mapping[str, Any]
    lines: Mapping[places.Path, int] = field(repr=False, default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """`FILE::NAME`, by which the command line and pytest know it."""
        return f"{self.file}::{self.name}"

    @property
    def line(self) -> int:
        return places.line(self.lines, ("test", self.name))

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.table.get("tags", ()))

    def at(self, *path: str) -> Position:
        """Where a key of the test stands: in its own table, or above the tests."""
        own = ("test", self.name, *path)
        common = path[:1] in self.lines and (*own[:2], *path[:1]) not in self.lines
        line = places.line(self.lines, path if path and common else own)
        return Position(str(self.file), line, 1)

    def beside(self, suffix: str) -> Path:
        """A file beside the test file: `NAME.test.toml` → `NAME.test` and the suffix."""
        return self.file.with_name(self.file.name.removesuffix(".toml") + suffix)

    def finding(self, code: str, message: str, *path: str, hint: str | None = None) -> Diagnostic:
        """Something that is not as the test expects, at the key that expects it."""
        return Diagnostic(code, message, hint=hint, position=self.at(*path))


@dataclass(slots=True)
class Result:
    """What became of a test.

    `findings` are what is not as expected, and what kept it from being so. `notes` are what could
    not be measured; they fail nothing. `changes` are lines of what `--update` wrote. `report` is
    that of the run; None where nothing ran, or ran in another process.
    """

    test: Test
    outcome: Outcome = "passed"
    seconds: float = 0.0
    findings: list[Diagnostic] = field(default_factory=list)
    notes: list[Diagnostic] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    reason: str | None = None
    report: Report | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        return self.outcome in ("passed", "skipped")

    @property
    def message(self) -> str:
        """All findings as text, with their places."""
        return "\n".join(str(one) for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As an entry of `schemas/test-report.schema.json`."""
        test = self.test
        return {
            "id": test.id,
            "name": test.name,
            "file": str(test.file),
            "line": test.line,
            "workflow": str(test.workflow),
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "findings": [one.to_json() for one in self.findings],
            "notes": [one.to_json() for one in self.notes],
            "changes": list(self.changes),
            **({"reason": self.reason} if self.reason else {}),
        }

    @classmethod
    def from_json(cls, test: Test, fields: Mapping[str, Any]) -> Result:
        """What another process says of a test."""
        return cls(
            test,
            fields["outcome"],
            fields["seconds"],
            [_diagnostic(one) for one in fields["findings"]],
            [_diagnostic(one) for one in fields["notes"]],
            list(fields["changes"]),
            fields.get("reason"),
        )


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many of each outcome, and how many measured too little."""
    found = dict.fromkeys(("passed", "failed", "error", "skipped", "not_measured"), 0)
    for one in results:
        found[one.outcome] += 1
        found["not_measured"] += bool(one.notes)
    return found


def document(results: Iterable[Result], seconds: float) -> dict[str, Any]:
    """The document that `schemas/test-report.schema.json` describes."""
    results = list(results)
    return {
        "format": 1,
        "status": "passed" if all(one.ok for one in results) else "failed",
        "seconds": round(seconds, 3),
        "counts": counts(results),
        "tests": [one.to_json() for one in results],
    }


def _diagnostic(fields: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        fields["code"],
        fields["message"],
        fields.get("node"),
        fields.get("input"),
        fields["severity"],
        fields.get("hint"),
        _position(fields["position"]) if "position" in fields else None,
    )


def _position(text: str) -> Position:
    file, line, column = ("", *text.rsplit(":", 2))[-3:]
    if line.isdecimal() and column.isdecimal():
        return Position(file, int(line), int(column))
    return Position(text, 0, 0)
