"""Events → Report: everything a run leaves to say, folded from what happened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphrun.cache import Outputs
from graphrun.errors import Cancelled, Diagnostic, NodeError
from graphrun.execute.events import (
    Event,
    Metric,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeInfo,
    NodeInterrupted,
    NodesAdded,
    NodesCached,
    NodeStarted,
    Notice,
    RunFinished,
    RunStarted,
    Status,
)
from graphrun.record.versions import machine, versions

VERSION = 1
"""Version of report.json's format."""


@dataclass
class NodeReport:
    """One node of a run.

    `state` is pending (nothing asked for it), running, finished, cached, failed, blocked or
    interrupted. `display_id` is set for nodes of graphs that nodes built: the id that they are
    reported under. `blocked_by` is the failed node without which a blocked one could not run.
    """

    id: str
    class_type: str
    title: str
    identity: str | None
    state: str = "pending"
    seconds: float = 0.0
    peak_mb: float | None = None
    outputs: tuple[str, ...] = ()
    ui: Mapping[str, list[Any]] = field(default_factory=dict)
    display_id: str | None = None
    blocked_by: str | None = None


@dataclass
class Report:
    """A run in figures. Call it with events in order; read it at any time.

    `metrics` holds one entry per `metric()` call with the node's id; `final` the newest value of
    every figure, `best` the entries of validations with the lowest loss. `error` is the first
    failure, `failures` are all of them. `outputs` has, by node id and slot, the list of values that
    the run's targets and outputs gave; it is filled when the run is over, and not part of the JSON.
    `record` is what a run with a folder noted before it began: `git`, `packs` and `resources` of
    the JSON.
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
    failures: list[NodeFailed] = field(default_factory=list)
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    record: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.name, self.seed, self.started = event.name, event.seed, event.time
                self._add(event.nodes)
            case NodesAdded():
                self._add(event.nodes)
            case NodesCached():
                for node_id in event.node_ids:
                    self.nodes[node_id].state = "cached"
            case NodeStarted():
                self.nodes[event.node_id].state = "running"
            case NodeFinished():
                node = self.nodes[event.node_id]
                node.state = "cached" if event.cached else "finished"
                node.seconds, node.peak_mb = event.seconds, event.peak_mb
                node.outputs, node.ui = event.outputs, event.ui
                if not event.cached:
                    self.ran.append(event.node_id)
            case NodeFailed():
                node = self.nodes[event.node_id]
                node.state, node.seconds = "failed", event.seconds
                owner = self.nodes.get(node.display_id or "")
                if owner is not None and owner.state == "running":
                    owner.state = "failed"  # the graph that it built is its work
                self.failures.append(event)
            case NodeBlocked():
                node = self.nodes[event.node_id]
                node.state, node.blocked_by = "blocked", event.by
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

    def _add(self, nodes: Iterable[NodeInfo]) -> None:
        for one in nodes:
            self.nodes[one.node_id] = NodeReport(
                one.node_id, one.class_type, one.title, one.identity, display_id=one.display_id
            )

    @property
    def error(self) -> NodeFailed | None:
        """The first failure."""
        return self.failures[0] if self.failures else None

    @property
    def cached(self) -> list[str]:
        """Ids of nodes whose results were there already, needed or not."""
        return [i for i, node in self.nodes.items() if node.state == "cached"]

    @property
    def blocked(self) -> dict[str, str]:
        """Nodes that could not run, and the failed node that each of them needs."""
        return {i: node.blocked_by for i, node in self.nodes.items() if node.blocked_by}

    @property
    def ui(self) -> dict[str, Mapping[str, list[Any]]]:
        """What nodes showed, by node id, under ComfyUI's keys."""
        return {i: node.ui for i, node in self.nodes.items() if node.ui}

    def raise_for_status(self) -> Report:
        """The report itself if the run was a success.

        Raises:
            NodeError: a node failed; the first of them, if there are several.
            Cancelled: the run was stopped.
        """
        if self.error is not None:
            class_type = self.nodes[self.error.node_id].class_type
            raise NodeError(self.error.diagnostic, class_type=class_type, inputs=self.error.inputs)
        if self.status == "interrupted":
            raise Cancelled
        return self

    @property
    def final(self) -> dict[str, Any]:
        """The newest value of every figure; some are tables of numbers."""
        newest: dict[str, Any] = {}
        for entry in self.metrics:
            newest |= {k: v for k, v in entry.items() if k not in ("node", "time")}
        return newest

    @property
    def best(self) -> dict[str, dict[str, Any]]:
        """By node, its figures where `val_loss` was lowest, the first of equals.

        As for a training, a first loss that is NaN stays the best: nothing is smaller.
        """
        found: dict[str, dict[str, Any]] = {}
        for entry in self.metrics:
            loss, best = entry.get("val_loss"), found.get(entry["node"])
            if isinstance(loss, int | float) and (best is None or loss < best["val_loss"]):
                found[entry["node"]] = entry
        return found

    @property
    def files(self) -> list[str]:
        """Files that nodes said they wrote, also in ComfyUI's way, and the pictures they showed."""
        return [file for node in self.nodes.values() for file in self._files_of(node)]

    def _files_of(self, node: NodeReport) -> list[str]:
        """ComfyUI's way of naming a file is a name, a subfolder, and the kind of folder."""
        found = [str(file) for file in node.ui.get("files", [])]
        folder = self.folder or Path()
        folders = {"output": folder / "outputs" if self.folder else folder, "temp": folder / "temp"}
        for one in (one for entries in node.ui.values() for one in entries):
            if isinstance(one, dict) and one.get("type") in folders and "filename" in one:
                place = folders[one["type"]] / one.get("subfolder", "") / one["filename"]
                found.append(str(place))
        return found

    @property
    def texts(self) -> dict[str, list[str]]:
        """What display nodes showed, by node id."""
        shown = {i: n.ui["text"] for i, n in self.nodes.items() if "text" in n.ui}
        return {i: [str(t) for t in texts] for i, texts in shown.items()}

    def to_json(self) -> dict[str, Any]:
        """The document that `schemas/report.schema.json` describes."""
        document: dict[str, Any] = finite(self._document())
        return document

    def _document(self) -> dict[str, Any]:
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
            "machine": machine(),
            **self.record,
            "nodes": [_node_json(node, self._files_of(node)) for node in self.nodes.values()],
            "metrics": {
                "final": self.final,
                "history": self.metrics,
                **({"best": self.best} if self.best else {}),
            },
            "folder": str(self.folder) if self.folder else None,
            "files": self.files,
            "notices": [d.to_json() for d in self.notices],
            "error": _error_json(self.error) if self.error else None,
            "failures": [_error_json(one) for one in self.failures],
        }


def finite(value: Any) -> Any:
    """JSON has no NaN: a loss that is not a number is written as the text "nan".

    Half characters, such as names of files may have, are written as their escapes.
    """
    match value:
        case str() if not value.isascii():
            return value.encode("utf-8", "backslashreplace").decode()
        case float() if not math.isfinite(value):
            return str(value)
        case Mapping():
            return {str(k): finite(v) for k, v in value.items()}
        case list() | tuple():
            return [finite(v) for v in value]
        case str() | int() | float() | bool() | None:
            return value
    return str(value)


def _node_json(node: NodeReport, files: list[str]) -> dict[str, Any]:
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
        **({"files": files} if files else {}),
        **({"display_id": node.display_id} if node.display_id else {}),
        **({"blocked_by": node.blocked_by} if node.blocked_by else {}),
    }


def _error_json(error: NodeFailed) -> dict[str, Any]:
    inputs = dict(error.inputs)
    return {**error.diagnostic.to_json(), "inputs": inputs, "traceback": error.traceback}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
