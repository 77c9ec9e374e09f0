"""How far a member is, from the events that its run writes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrun.sweep.sharing import Wait

_OVER = frozenset({"NodeFinished", "NodeFailed", "NodeBlocked", "NodeInterrupted"})


class Watch:
    """Reads a run's `events.jsonl` as far as it is written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"
        self._read = 0
        self._rest = b""
        self._over: set[str] = set()
        self._begun: set[str] = set()

    def is_over(self, wait: Wait) -> bool:
        """Whether what is waited for has come, as far as was looked."""
        return wait.node_id in (self._begun | self._over if wait.begun else self._over)

    def look(self) -> None:
        with suppress(OSError), self._path.open("rb") as file:  # not there yet
            file.seek(self._read)
            new = file.read()
            self._read += len(new)
            *lines, self._rest = (self._rest + new).split(b"\n")
            for line in lines:
                with suppress(ValueError):
                    self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        kind, node_id = event.get("event"), event.get("node_id", "")
        if kind in _OVER:
            self._over.add(node_id)
        elif kind == "NodesCached":
            self._over.update(event.get("node_ids", ()))
        elif kind == "Metric" or (kind == "Progress" and event.get("metrics")):
            self._begun.add(node_id)
