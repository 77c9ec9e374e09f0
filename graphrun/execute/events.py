"""What happens in a run, as values. An observer is a function of one event."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from graphrun.errors import Diagnostic

Status = Literal["success", "failed", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`time` is seconds since the epoch."""

    time: float = field(default_factory=time.time)

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {"event": type(self).__name__, "time": fields.pop("time"), **fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """A node of the plan, in order of execution; `display_id` if it is reported under another."""

    node_id: str
    class_type: str
    title: str
    identity: str | None = None
    display_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The first event, but for notices of what is downloaded before: what will run."""

    name: str
    seed: int
    nodes: tuple[NodeInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesCached(Event):
    """Nodes whose results were there before the run, whether it needs them or not."""

    node_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesAdded(Event):
    """The node `node_id` gave a graph, or a link to a node that nothing needed before.

    These are the nodes that come with it: its own, and those of the file that it links to.
    """

    node_id: str
    nodes: tuple[NodeInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(Event):
    """A node is about to be called, or served from the store."""

    node_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """`step` of `total` is done; `metrics` are figures to show, empty when none are due."""

    node_id: str
    step: int
    total: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Event):
    """Figures to keep, such as those of a finished epoch: numbers, and tables of numbers."""

    node_id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something to know that is no error. `diagnostic.node_id` says which node speaks."""

    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(Event):
    """`seconds` of wall time; `peak_mb` is the process's peak memory so far, in MiB."""

    node_id: str
    seconds: float
    peak_mb: float | None
    cached: bool = False
    outputs: tuple[str, ...] = ()
    ui: Mapping[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFailed(Event):
    """A node raised. `inputs` are summaries, never values.

    `traceback` has the frames of the pack's own code, `full_traceback` all.
    """

    node_id: str
    seconds: float
    diagnostic: Diagnostic
    inputs: Mapping[str, str]
    traceback: str
    full_traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeBlocked(Event):
    """A node cannot run because `by`, which it needs, failed."""

    node_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterrupted(Event):
    """A node was stopped in the middle; `ui` is what it showed until then."""

    node_id: str
    seconds: float
    ui: Mapping[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The last event, whatever happened."""

    status: Status
    seconds: float
    peak_mb: float | None


Observer = Callable[[Event], None]
