"""NodeOutput: what a node of the third API returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from graphrun.catalog.blocking import Blocker
from graphrun.errors import InputError


class UIOutput(ABC):
    """What a node shows. `as_dict` gives lists by key."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """What is shown, under the editor's keys."""


class NodeOutput:
    """The values of a node's outputs, in order, and what else its call amounts to.

    `ui` is shown, `expand` is a graph that takes the node's place, and `block_execution` keeps all
    nodes behind this one from being called, with a message that the first of them tells.
    """

    def __init__(
        self,
        *args: Any,
        ui: UIOutput | Mapping[str, Any] | None = None,
        expand: Mapping[str, Any] | None = None,
        block_execution: str | None = None,
    ) -> None:
        self.args, self.ui = args, ui
        self.expand, self.block_execution = expand, block_execution
        self.blocks = block_execution is not None

    @property
    def result(self) -> tuple[Any, ...] | None:
        """The values; None if there are none."""
        return self.args or None

    def __getitem__(self, index: Any) -> Any:
        return self.args[index]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeOutput:
        """From a dictionary of `result`, `ui` and `expand`."""
        result, shown = data.get("result"), data.get("ui")
        if isinstance(result, Blocker):
            return cls.blocked(result, ui=shown)
        return cls(*(() if result is None else result), ui=shown, expand=data.get("expand"))

    @classmethod
    def blocked(cls, blocker: Blocker, **more: Any) -> NodeOutput:
        """An output that blocks everything behind it, in silence if the blocker has no message."""
        found = cls(block_execution=blocker.message, **more)
        found.blocks = True
        return found


def normal(returned: Any) -> NodeOutput:
    """A NodeOutput from whatever `execute` may return.

    Raises:
        InputError: it is nothing that a node may return.
    """
    match returned:
        case NodeOutput():
            return returned
        case None:
            return NodeOutput()
        case tuple():
            return NodeOutput(*returned)
        case Mapping():
            return NodeOutput.from_dict(returned)
        case Blocker():
            return NodeOutput.blocked(returned)
    name = type(returned).__name__
    raise InputError(
        f"execute returned a value of type {name}; it returns io.NodeOutput(value, …), a tuple, a "
        "dictionary or nothing",
        code="invalid_return",
        hint="write `return io.NodeOutput(value)`",
    )
