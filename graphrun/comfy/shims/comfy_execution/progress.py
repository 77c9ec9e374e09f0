"""Stand-in: progress of the node that runs, as packs report it without a ProgressBar."""

from __future__ import annotations

from typing import Any

from graphrun.catalog.running import CALL
from graphrun.comfy import missing


class ProgressRegistry:
    """Hands progress to the run. Handlers that are added are kept, and never called."""

    def __init__(self) -> None:
        self.prompt_id = ""
        self.nodes: dict[str, Any] = {}
        self.handlers: dict[str, Any] = {}

    def register_handler(self, handler: Any) -> None:
        """Keep a handler; no run of graphrun calls it."""
        self.handlers[handler.name] = handler

    def unregister_handler(self, handler_name: str) -> None:
        """Forget a handler."""
        self.handlers.pop(handler_name, None)

    def update_progress(
        self, node_id: str, value: float, max_value: float, image: Any = None
    ) -> None:
        """Report how far the running node is. The picture is not shown."""
        CALL.get().progress(round(value), round(max_value), {})


_REGISTRY = ProgressRegistry()


def get_progress_state() -> ProgressRegistry:
    """The one registry."""
    return _REGISTRY


def add_progress_handler(handler: Any) -> None:
    """`ProgressRegistry.register_handler`."""
    _REGISTRY.register_handler(handler)


__getattr__ = missing.names(
    __name__,
    "CLIProgressHandler NodeProgressState NodeState ProgressHandler WebUIProgressHandler "
    "reset_progress_state",
)
