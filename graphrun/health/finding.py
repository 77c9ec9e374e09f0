"""What was found out about one thing, and the way out where it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. A `note` is worth knowing, with a `problem` something will fail."""

    topic: str
    status: Status
    message: str
    hint: str | None = None

    def to_json(self) -> dict[str, str]:
        fields = {"topic": self.topic, "status": self.status, "message": self.message}
        return {**fields, "hint": self.hint} if self.hint else fields


def ok(topic: str, message: str) -> Finding:
    return Finding(topic, "ok", message)


def noted(topic: str, message: str, hint: str | None = None) -> Finding:
    return Finding(topic, "note", message, hint)


def problem(topic: str, message: str, hint: str | None = None) -> Finding:
    return Finding(topic, "problem", message, hint)
