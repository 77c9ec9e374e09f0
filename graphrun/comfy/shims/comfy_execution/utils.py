"""Stand-in: which node is running, as packs ask for it."""

from __future__ import annotations

from typing import NamedTuple

from graphrun.catalog.running import CALL
from graphrun.comfy import missing


class ExecutionContext(NamedTuple):
    """The node that runs. A run has no prompt id here: it is empty."""

    prompt_id: str
    node_id: str
    list_index: int | None


def get_executing_context() -> ExecutionContext | None:
    """The node that runs in this thread or coroutine, or None outside of a run."""
    call = CALL.get()
    return ExecutionContext("", call.node_id, call.index) if call.node_id else None


__getattr__ = missing.names(__name__, "CurrentNodeContext")
