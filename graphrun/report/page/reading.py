"""A run folder, read again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from graphrun.documents import Prompt, load
from graphrun.errors import Diagnostic, DocumentError, UsageError
from graphrun.report.drawing import Drawing, Slot, draw
from graphrun.report.drawing.placed import outputs
from graphrun.report.folder import PROMPT, WORKFLOW
from graphrun.report.report import VERSION

MOST = 5000
"""Nodes of a graph that a browser can still be asked to draw."""

POINTS = 1000
"""Steps of a run that its curves are drawn from."""


@dataclass(frozen=True)
class Run:
    """What a run folder holds: its report, what ran, and when its nodes began.

    `prompt` and `workflow` are None for folders that have none, `starts` are seconds after the
    run's start, `progress` what nodes told of their steps, in time.
    """

    folder: Path
    report: Mapping[str, Any]
    prompt: Prompt | None = None
    workflow: Mapping[str, Any] | None = None
    starts: Mapping[str, float] = field(default_factory=dict)
    progress: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The document's name, without its folder."""
        return str(self.report["name"]).replace("\\", "/").rpartition("/")[2]

    @property
    def status(self) -> str:
        return str(self.report["status"])

    def drawing(self) -> Drawing | None:
        if self.prompt is None or len(self.prompt.nodes) > MOST:
            return None
        return draw(self.prompt, self.workflow, dict(self._outputs()))

    def _outputs(self) -> Iterator[tuple[str, list[Slot]]]:
        """What is known of outputs: the file has types, the report has names of what was given."""
        drawn = outputs(self.workflow or {})
        told = {node["id"]: node["outputs"] for node in self.report["nodes"]}
        for name in {**drawn, **told}:
            of_file = [Slot(*pair) for pair in drawn.get(name, [])]
            of_run = [Slot(*[text.partition(":")[0]] * 2) for text in told.get(name, ())]
            yield name, of_file if len(of_file) >= len(of_run) else of_run

    def to_json(self) -> dict[str, Any]:
        """As the page gets it; `report` is report.json as it stands."""
        drawing = self.drawing()
        return {
            "folder": self.folder.name,
            "report": dict(self.report),
            "prompt": self.prompt.to_json() if self.prompt else None,
            "drawing": drawing.to_json() if drawing else None,
            "starts": dict(self.starts),
            "progress": list(self.progress),
        }


def read(folder: Path) -> Run:
    """A run folder.

    Raises:
        UsageError: it has no report, or one that cannot be read.
    """
    report = _report(folder)
    prompt, workflow = _prompt(folder / PROMPT), _object(folder / WORKFLOW)
    events = list(_events(folder / "events.jsonl"))
    began = next((e["time"] for e in events if e["event"] == "RunStarted"), None)
    starts: dict[str, float] = {}
    for event in events:
        if event["event"] == "NodeStarted" and began is not None:
            starts.setdefault(event["node_id"], round(event["time"] - began, 3))
    return Run(folder, report, prompt, workflow, starts, tuple(_progress(events)))


def _progress(events: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was told of steps; of a long training every so many, and the last."""
    told = [event for event in events if event["event"] == "Progress" and event["metrics"]]
    every = -(-len(told) // POINTS)
    for event in told[:: every or 1] + (told[-1:] if every > 1 else []):
        step = {"node": event["node_id"], "step": event["step"], "total": event["total"]}
        yield {**step, **event["metrics"]}


def _report(folder: Path) -> Mapping[str, Any]:
    file = folder / "report.json"
    try:
        found: Any = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        what = "has no report.json" if folder.is_dir() else "is no folder"
        hint = "a run writes its report at its end; `runs/` has the folders of runs"
        raise UsageError(Diagnostic("no_report", f"{folder} {what}", hint=hint)) from error
    except (OSError, ValueError) as error:
        raise UsageError(Diagnostic("no_report", f"{file} cannot be read: {error}")) from error
    lacking = _lacking(found)
    if lacking:
        raise UsageError(Diagnostic("no_report", f"{file} is no report of a run: {lacking}"))
    report: dict[str, Any] = found
    return report


def _lacking(found: Any) -> str:
    """What keeps a document from being a report; nothing if it is one."""
    if not isinstance(found, dict):
        return "it is no object"
    if found.get("format") != VERSION:
        return f"its format is {found.get('format')!r}, not {VERSION}"
    schema = resources.files("graphrun.schemas").joinpath("report.schema.json")
    wanted = json.loads(schema.read_text("utf-8"))["required"]
    return ", ".join(f"it has no {name!r}" for name in wanted if name not in found)


def _prompt(file: Path) -> Prompt | None:
    """Folders of older runs have none; one that was edited into something else is none either."""
    if not file.is_file():
        return None
    try:
        found = load(file)
    except DocumentError:
        return None
    return found if isinstance(found, Prompt) else None


def _object(file: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _events(file: Path) -> Iterator[Mapping[str, Any]]:
    """The events, as far as they were written: a full disk may have cut the last one."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            return
        yield found
