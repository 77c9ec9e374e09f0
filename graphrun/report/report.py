"""Events → Report: everything a run leaves to say, folded from what happened."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.execute.events import (
    Event,
    Metric,
    NodeFailed,
    NodeFinished,
    NodeInterrupted,
    NodeStarted,
    Notice,
    RunFinished,
    RunStarted,
    Status,
)

VERSION = 1
"""Version of report.json's format."""

_LIBRARIES = (
    "graphrun",
    "torch",
    "transformers",
    "datasets",
    "tokenizers",
    "peft",
    "numpy",
    "safetensors",
    "networkx",
    "jsonschema",
)


@dataclass
class NodeReport:
    """One node of a run. `state` is pending, running, finished, cached, failed or interrupted."""

    id: str
    class_type: str
    title: str
    identity: str | None
    state: str = "pending"
    seconds: float = 0.0
    peak_mb: float | None = None
    outputs: tuple[str, ...] = ()
    ui: Mapping[str, list[Any]] = field(default_factory=dict)


@dataclass
class Report:
    """A run in figures. Call it with events in order; read it at any time.

    `metrics` holds one entry per `metric()` call with the node's id; `final` the newest value of
    every figure.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    name: str = ""
    status: Status | None = None
    seed: int = 0
    started: float = 0.0
    seconds: float = 0.0
    peak_mb: float | None = None
    nodes: dict[str, NodeReport] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    notices: list[Diagnostic] = field(default_factory=list)
    error: NodeFailed | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.name, self.seed, self.started = event.name, event.seed, event.time
                self.nodes = {
                    n.node_id: NodeReport(n.node_id, n.class_type, n.title, n.identity)
                    for n in event.nodes
                }
            case NodeStarted():
                self.nodes[event.node_id].state = "running"
            case NodeFinished():
                node = self.nodes[event.node_id]
                node.state = "cached" if event.cached else "finished"
                node.seconds, node.peak_mb = event.seconds, event.peak_mb
                node.outputs, node.ui = event.outputs, event.ui
            case NodeFailed():
                node = self.nodes[event.node_id]
                node.state, node.seconds, self.error = "failed", event.seconds, event
            case NodeInterrupted():
                node = self.nodes[event.node_id]
                node.state, node.seconds, node.ui = "interrupted", event.seconds, event.ui
            case Metric():
                self.metrics.append({"node": event.node_id, "time": event.time, **event.values})
            case Notice():
                if event.diagnostic not in self.notices:
                    self.notices.append(event.diagnostic)
            case RunFinished():
                self.status, self.seconds, self.peak_mb = event.status, event.seconds, event.peak_mb

    @property
    def final(self) -> dict[str, float]:
        """The newest value of every figure."""
        newest: dict[str, float] = {}
        for entry in self.metrics:
            newest |= {k: v for k, v in entry.items() if k not in ("node", "time")}
        return newest

    @property
    def files(self) -> list[str]:
        """Files that nodes said they wrote."""
        return [str(f) for node in self.nodes.values() for f in node.ui.get("files", [])]

    @property
    def texts(self) -> dict[str, list[str]]:
        """What display nodes showed, by node id."""
        shown = {i: n.ui["text"] for i, n in self.nodes.items() if "text" in n.ui}
        return {i: [str(t) for t in texts] for i, texts in shown.items()}

    def to_json(self) -> dict[str, Any]:
        """The document that `schemas/report.schema.json` describes."""
        return {
            "format": VERSION,
            "name": self.name,
            "status": self.status,
            "seed": self.seed,
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "peak_mb": _rounded(self.peak_mb),
            "settings": dict(self.settings),
            "versions": versions(),
            "machine": {"system": platform.platform(), "python": platform.python_version()},
            "nodes": [_node_json(node) for node in self.nodes.values()],
            "metrics": {"final": self.final, "history": self.metrics},
            "folder": str(self.folder) if self.folder else None,
            "files": self.files,
            "notices": [d.to_json() for d in self.notices],
            "error": _error_json(self.error) if self.error else None,
        }


def versions() -> dict[str, str]:
    """Versions of the installed libraries that results depend on; nothing is imported for it."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _node_json(node: NodeReport) -> dict[str, Any]:
    return {
        "id": node.id,
        "class_type": node.class_type,
        "title": node.title,
        "state": node.state,
        "identity": node.identity,
        "seconds": round(node.seconds, 3),
        "peak_mb": _rounded(node.peak_mb),
        "outputs": list(node.outputs),
        "ui": dict(node.ui),
    }


def _error_json(error: NodeFailed) -> dict[str, Any]:
    inputs = dict(error.inputs)
    return {**error.diagnostic.to_json(), "inputs": inputs, "traceback": error.traceback}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
