"""What was recorded of earlier runs, beside the test file.

NAME.test.golden               values, and descriptions of tensors and tables, by test
NAME.test.golden.safetensors   tensors that are compared number by number
NAME.test.baseline             seconds and memory, by machine and test
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphrun.errors import Diagnostic, DocumentError, UsageError
from graphrun.record.versions import machine
from graphrun.testing.model import Test

GOLDEN, TENSORS, BASELINE = ".golden", ".golden.safetensors", ".baseline"


def files(test: Test) -> tuple[Path, ...]:
    """The files that hold what was recorded of a test, whether they are there or not."""
    return tuple(test.beside(suffix) for suffix in (GOLDEN, TENSORS, BASELINE))


@dataclass
class Golden:
    """What is recorded of one test, and what a run would have recorded in its place."""

    test: Test
    held: Mapping[str, Any]
    new: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, test: Test) -> Golden:
        """
        Raises:
            DocumentError: the file of golden values cannot be read.
        """
        path = test.beside(GOLDEN)
        held = _read(path).get("tests", {}).get(test.name, {})
        if not _whole(held):
            raise DocumentError(_unreadable(path, f"what it has of {test.name} is of another form"))
        return cls(test, held)

    def get(self, kind: str, key: str) -> Any:
        """What is recorded under a key, None without."""
        return self.held.get(kind, {}).get(key)

    def put(self, kind: str, key: str, value: Any) -> None:
        self.new.setdefault(kind, {})[key] = value

    def tensor(self, key: str) -> Any:
        """The tensor recorded under a key, None without."""
        path = self.test.beside(TENSORS)
        if not path.is_file():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt") as found:
                name = f"{self.test.name}::{key}"
                return found.get_tensor(name) if name in found.keys() else None  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise DocumentError(_unreadable(path, str(error))) from error

    def write(self) -> list[str]:
        """Record what is new; what changed, a line each.

        Raises:
            UsageError: it cannot be written.
        """
        changes = list(self._changes())
        if changes or self.tensors or self._has_tensors():
            document = _read(self.test.beside(GOLDEN))
            tests = {n: t for n, t in document.get("tests", {}).items() if n in self.test.names}
            tests.pop(self.test.name, None)
            if self.new:
                tests[self.test.name] = self.new
            _write(self.test.beside(GOLDEN), {"format": 1, "tests": tests} if tests else None)
            self._write_tensors()
        return changes

    def _changes(self) -> Iterator[str]:
        kinds = {*self.held, *self.new}
        for kind in sorted(kinds):
            before, after = self.held.get(kind, {}), self.new.get(kind, {})
            for key in dict.fromkeys((*before, *after)):
                old, new = before.get(key), after.get(key)
                if old != new:
                    yield f"{kind}.{key}: {brief(old)} → {brief(new)}"

    def _has_tensors(self) -> bool:
        return self.test.beside(TENSORS).is_file()

    def _write_tensors(self) -> None:
        path = self.test.beside(TENSORS)
        if not self.tensors and not path.is_file():
            return
        from safetensors.torch import load, save

        held = load(path.read_bytes()) if path.is_file() else {}
        own = f"{self.test.name}::"
        kept = {
            name: value
            for name, value in held.items()
            if name.partition("::")[0] in self.test.names and not name.startswith(own)
        }
        kept |= {f"{own}{key}": value.contiguous() for key, value in self.tensors.items()}
        if kept:
            _put(path, save(dict(sorted(kept.items()))))
        else:
            path.unlink(missing_ok=True)


class Baseline:
    """What the runs of a test needed on this machine, by figure."""

    def __init__(self, test: Test) -> None:
        """
        Raises:
            DocumentError: the file of baselines cannot be read.
        """
        self.test = test
        self.machine = this_machine()
        self._document = _read(test.beside(BASELINE))
        machines = self._document.get("machines", {})
        self.held: Mapping[str, float] = machines.get(self.machine, {}).get(test.name, {})

    def write(self, figures: Mapping[str, float]) -> list[str]:
        """Record figures; what changed, a line each."""
        machines = dict(self._document.get("machines", {}))
        own = {n: t for n, t in machines.get(self.machine, {}).items() if n in self.test.names}
        machines[self.machine] = {**own, self.test.name: dict(figures)}
        _write(self.test.beside(BASELINE), {"format": 1, "machines": machines})
        return [
            f"budget.{name}: {brief(self.held.get(name))} → {value} (this machine)"
            for name, value in figures.items()
            if self.held.get(name) != value
        ]


def this_machine() -> str:
    """By what baselines are told apart: processor and cores that may be used, and the system."""
    facts = machine()
    return f"{facts['cpu'] or 'unknown'}, {facts['cores']} cores, {facts['system'].split('-')[0]}"


def brief(value: Any) -> str:
    """What is recorded, short enough for a line."""
    if value is None:
        return "(nothing)"
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return ", ".join(_described(one) for one in value[:3]) + (" …" if len(value) > 3 else "")
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}…"


def _described(facts: Mapping[str, Any]) -> str:
    from graphrun.testing.values import summary

    held = next((facts[k] for k in ("value", "values", "statistics") if k in facts), None)
    if "value" in facts:
        return brief(held)
    more = brief(held) if held is not None else facts.get("digest", "")[:19]
    return f"{summary(facts)} {more}".rstrip()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentError(_unreadable(path, str(error))) from error
    whole = isinstance(found, dict) and found.get("format") == 1
    inner: Any = found.get("tests", found.get("machines")) if whole else None
    if not isinstance(inner, dict) or not all(isinstance(one, dict) for one in inner.values()):
        raise DocumentError(_unreadable(path, "it is of another form"))
    return dict(found)


def _whole(held: Mapping[str, Any]) -> bool:
    """Whether what is recorded of a test has the form that it is written in."""
    if not all(isinstance(kind, dict) for kind in held.values()):
        return False
    outputs = held.get("outputs", {}).values()
    return all(isinstance(one, int | float) for one in held.get("metrics", {}).values()) and all(
        isinstance(facts, list) and all(_is_description(one) for one in facts) for facts in outputs
    )


def _is_description(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("type"), str)
        and isinstance(one.get("shape", []), list)
        and isinstance(one.get("dtype", ""), str)
    )


def _unreadable(path: Path, reason: str) -> Diagnostic:
    hint = "remove it, and `graphrun test --update` writes it anew"
    return Diagnostic("invalid_golden", f"{path} cannot be read: {reason}", hint=hint)


def _write(path: Path, document: Mapping[str, Any] | None) -> None:
    if document is None:
        path.unlink(missing_ok=True)
    else:
        text = json.dumps(document, indent=2, ensure_ascii=False)
        _put(path, f"{text}\n".encode())


def _put(path: Path, data: bytes) -> None:
    """Write a whole file or none."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        message = f"{path} cannot be written: {(error.strerror or str(error)).lower()}"
        raise UsageError(Diagnostic("unwritable_output", message)) from error
