"""Problems as values, and the exceptions that carry them.

GraphrunError                 catch this and you have caught everything but a cancellation
├── DocumentError             not JSON, not a workflow, a version that cannot be read
├── UsageError                an option, address or setting that cannot be followed
├── ValidationFailed          the prompt breaks rules; every problem is in .diagnostics
├── PackError                 a pack could not be imported or is malformed
├── MissingResource           a model, data set or device that cannot be had
└── NodeError                 a node raised; __cause__ is the original exception
Cancelled(BaseException)      so that a pack's `except Exception` cannot swallow it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

Severity = Literal["error", "warning", "info"]

MISSING = frozenset(
    {
        "missing_node_type",
        "missing_pack",
        "missing_model",
        "missing_tokenizer",
        "missing_dataset",
        "missing_split",
        "missing_file",
        "missing_device",
    }
)
"""Codes that mean "this machine lacks something", as opposed to "this file is wrong"."""


class ExitCode(IntEnum):
    """What the process returns; stable, documented in docs/reference/exit-codes.md."""

    OK = 0
    NODE_FAILED = 1
    DIFFERENT = 1
    USAGE = 2
    INVALID = 3
    MISSING = 4
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a document. Lines and columns count from 1; columns count characters.

    Line 0 is for values that stand in no file: `file` then says where they come from.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what is wrong, where, and the way out.

    `code` is ComfyUI's error type where one exists, so that clients can rely on it.
    """

    code: str
    message: str
    node_id: str | None = None
    input: str | None = None
    severity: Severity = "error"
    hint: str | None = None
    position: Position | None = None

    def at(self, position: Position | None) -> Diagnostic:
        return self if self.position or not position else replace(self, position=position)

    def to_json(self) -> dict[str, str]:
        """As JSON, without what is absent; `position` is `file:line:column`."""
        fields = {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "node": self.node_id,
            "input": self.input,
            "hint": self.hint,
            "position": str(self.position) if self.position else None,
        }
        return {k: v for k, v in fields.items() if v is not None}

    def __str__(self) -> str:
        place = f"{self.position}: " if self.position else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.severity}[{self.code}]: {self.message}{hint}"


class GraphrunError(Exception):
    """The root. `diagnostics` is never empty; `exit_code` is what the command line returns."""

    exit_code = ExitCode.INVALID

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        one = isinstance(diagnostics, Diagnostic)
        self.diagnostics: tuple[Diagnostic, ...] = (
            (diagnostics,) if one else tuple(diagnostics)  # type: ignore[assignment,arg-type]
        )
        super().__init__("\n".join(str(d) for d in self.diagnostics))
        errors = [d for d in self.diagnostics if d.severity == "error"]
        if errors and all(d.code in MISSING for d in errors):
            self.exit_code = ExitCode.MISSING


class DocumentError(GraphrunError):
    pass


class UsageError(GraphrunError):
    exit_code = ExitCode.USAGE


class ValidationFailed(GraphrunError):
    pass


class PackError(GraphrunError):
    exit_code = ExitCode.MISSING


class MissingResource(GraphrunError):
    """A model, data set or device that this machine cannot provide.

    `MissingResource.of("model", message, ways)` is how a node raises it: `ways` are the user's
    ways out, one sentence each; they become the hint.
    """

    exit_code = ExitCode.MISSING

    @classmethod
    def of(cls, kind: str, message: str, ways: Iterable[str] = ()) -> MissingResource:
        hint = "\n  ".join(f"- {way}" for way in ways) or None
        return cls(Diagnostic(f"missing_{kind}", message, hint=hint))


class NodeError(GraphrunError):
    """A node raised while it ran. `inputs` are summaries (type, shape, dtype), never values."""

    exit_code = ExitCode.NODE_FAILED

    def __init__(
        self, diagnostic: Diagnostic, *, class_type: str, inputs: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(diagnostic)
        self.node_id = diagnostic.node_id
        self.class_type = class_type
        self.inputs: Mapping[str, str] = dict(inputs or {})


class Cancelled(BaseException):
    """The run was asked to stop. Raised inside the running node at its next step."""


class InputError(ValueError):
    """Raised by a node for a value it cannot work with.

    The engine adds the node, and the place in the file of `input`, to the message.
    """

    def __init__(
        self,
        message: str,
        *,
        input: str | None = None,
        code: str = "invalid_input",
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.input, self.code, self.hint = input, code, hint
