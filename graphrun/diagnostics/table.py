"""What every code of a problem means: one table, in files by topic.

Only `graphrun explain`, SARIF and tests read it: what checks or runs carries codes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

PAGE = "docs/errors.md"
"""The table as a page; `Code.anchor` is a place on it."""

FIRST_HOUR = (
    "missing_node_type",
    "missing_model",
    "missing_dataset",
    "missing_file",
    "unknown_input",
    "invalid_input_type",
    "value_not_in_list",
    "required_input_missing",
    "bad_linked_input",
    "return_type_mismatch",
    "prompt_no_outputs",
    "unwritable_output",
    "node_failed",
    "out_of_memory",
)
"""What people meet first, the most frequent ones at the top."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code: what it means, why it happens, the way out, and how a message looks.

    `severities` are those that it comes with, the most frequent one first.
    """

    name: str
    topic: str
    title: str
    severities: tuple[str, ...]
    means: str
    why: str
    fix: str
    example: str

    @property
    def anchor(self) -> str:
        return f"{PAGE}#{self.name}"

    def to_json(self) -> dict[str, str | list[str]]:
        return {
            "code": self.name,
            "topic": self.topic,
            "title": self.title,
            "severities": list(self.severities),
            "means": self.means,
            "why": self.why,
            "fix": self.fix,
            "example": self.example,
        }


@cache
def codes() -> Mapping[str, Code]:
    """Every code of graphrun and of its nodes, by topic."""
    import tomllib

    found: dict[str, Code] = {}
    folder = resources.files("graphrun.diagnostics").joinpath("codes")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        document = tomllib.loads(file.read_text("utf-8"))
        topic = document.pop("topic")
        for name, entry in document.items():
            severity = entry.pop("severity")
            severities = (severity,) if isinstance(severity, str) else tuple(severity)
            found[name] = Code(name, topic, severities=severities, **entry)
    return found


def topics() -> Mapping[str, list[Code]]:
    """The codes in the order of the table, by topic."""
    found: dict[str, list[Code]] = {}
    for one in codes().values():
        found.setdefault(one.topic, []).append(one)
    return found


def near(name: str) -> list[str]:
    """Codes that somebody may have meant by a name that is none."""
    return get_close_matches(name.lower().replace("-", "_"), codes(), n=3)
