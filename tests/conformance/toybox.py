"""What the toy packs share: a record of their calls, and an outside world that a case sets."""

import math
from typing import Any

CALLS: list[tuple[str, dict[str, Any]]] = []
"""What was called with what, in order: `Class`, or `Class.FUNCTION` for the other functions."""

WORLD: dict[str, Any] = {}
"""What nodes see that is no input, such as the content of a file."""

LOADED: list[str] = []
"""What packs did while they were loaded, which is once a process."""


def called(what: str, **inputs: Any) -> None:
    """Write a call down, with its inputs as they are now."""
    CALLS.append((what, {name: plain(value) for name, value in inputs.items()}))


def plain(value: Any) -> Any:
    """The value as JSON has it. Blockers are `{"blocker": message}`, objects `<Class>`."""
    if type(value).__name__ in ("Blocker", "ExecutionBlocker"):
        return {"blocker": value.message}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if value is None or isinstance(value, str | int | float):
        return value
    return f"<{type(value).__name__}>"


class Toy:
    """A class of the first API with what most toys have in common."""

    CATEGORY = "toys"
    FUNCTION = "run"
    RETURN_TYPES: tuple[Any, ...] = ()


def mapping(*classes: type) -> dict[str, type]:
    """A pack's NODE_CLASS_MAPPINGS: the classes by their own names."""
    return {c.__name__: c for c in classes}
