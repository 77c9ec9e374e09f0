"""What a conversion has to tell: warnings for everything assumed or dropped, and errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphrun.documents.source import Path, Source
from graphrun.errors import Diagnostic, DocumentError, Severity


@dataclass
class Notes:
    """Collects diagnostics. `quiet` ones are for looking at a node that is not converted."""

    source: Source | None = None
    found: list[Diagnostic] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)

    @classmethod
    def quiet(cls) -> Notes:
        return cls()

    def warn(
        self,
        code: str,
        message: str,
        *,
        node: str | None = None,
        input: str | None = None,
        path: Path = (),
        hint: str | None = None,
    ) -> None:
        self.found.append(
            self._diagnostic(code, message, "warning", node, input=input, path=path, hint=hint)
        )

    def info(self, code: str, message: str, *, node: str | None = None, path: Path = ()) -> None:
        self.found.append(
            self._diagnostic(code, message, "info", node, input=None, path=path, hint=None)
        )

    def error(
        self,
        code: str,
        message: str,
        *,
        node: str | None = None,
        path: Path = (),
        hint: str | None = None,
    ) -> None:
        self.errors.append(
            self._diagnostic(code, message, "error", node, input=None, path=path, hint=hint)
        )

    def raise_errors(self) -> None:
        if self.errors:
            raise DocumentError(self.errors)

    def _diagnostic(
        self,
        code: str,
        message: str,
        severity: Severity,
        node: str | None,
        *,
        input: str | None,
        path: Path,
        hint: str | None,
    ) -> Diagnostic:
        position = self.source.locate(path) if self.source else None
        return Diagnostic(code, message, node, input, severity, hint, position)
