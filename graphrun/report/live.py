"""The live view on a terminal: the node list with state and time, and a bar while one works."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from graphrun.execute.events import (
    Event,
    Metric,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeInterrupted,
    NodesAdded,
    NodeStarted,
    Notice,
    RunFinished,
    RunStarted,
)
from graphrun.execute.events import Progress as ProgressEvent
from graphrun.report.text import LIBRARY, duration, figures, notice, printable, what_begins

ROWS = 24
"""Nodes shown at once; a long graph shows those around the one that runs."""

_MARKS = {
    "pending": ("·", "dim"),
    "running": ("▸", "bold cyan"),
    "finished": ("✓", "green"),
    "cached": ("✓", "dim green"),
    "failed": ("✗", "bold red"),
    "blocked": ("–", "red"),
    "interrupted": ("■", "yellow"),
}


class Live:
    """An observer that draws on `console` until the run is finished."""

    def __init__(self, console: Console, *, libraries: bool = False) -> None:
        self._console, self._libraries = console, libraries
        self._states: dict[str, list[Any]] = {}
        self._said: set[str] = set()
        self._bar = Progress(
            TextColumn("  "),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[figures]}"),
            console=console,
            auto_refresh=False,
        )
        self._task: Any = None
        self._screen = RichLive(console=console, get_renderable=self._draw, refresh_per_second=8)

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                title = Text(printable(event.name, lines=False), "bold")
                self._console.print(title.append(f": {what_begins(event)}", ""))
                self._states = {n.node_id: ["pending", n, 0.0] for n in event.nodes}
                self._screen.start()
            case NodesAdded():
                self._states |= {n.node_id: ["pending", n, 0.0] for n in event.nodes}
            case NodeStarted():
                self._states[event.node_id][0] = "running"
            case NodeBlocked():
                self._states[event.node_id][0] = "blocked"
            case ProgressEvent():
                self._advance(event)
            case Metric():
                self._say(f"  {figures(event.values)}", "cyan")
            case Notice():
                text = notice(event.diagnostic)
                wanted = self._libraries or event.diagnostic.code != LIBRARY
                if wanted and text not in self._said:
                    self._said.add(text)
                    self._say(
                        f"  {text}", "red" if event.diagnostic.severity == "error" else "yellow"
                    )
            case NodeFinished() | NodeFailed() | NodeInterrupted():
                self._end(event)
            case RunFinished():
                self._screen.stop()

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(printable(text), style=style))

    def _advance(self, event: ProgressEvent) -> None:
        if self._task is None:
            self._task = self._bar.add_task("", total=event.total, figures="")
        self._bar.update(self._task, completed=event.step, total=event.total)
        if event.metrics:
            self._bar.update(self._task, figures=figures(event.metrics))

    def _end(self, event: NodeFinished | NodeFailed | NodeInterrupted) -> None:
        state = {NodeFailed: "failed", NodeInterrupted: "interrupted"}.get(type(event), "finished")
        if isinstance(event, NodeFinished) and event.cached:
            state = "cached"
        row = self._states[event.node_id]
        row[0], row[2] = state, event.seconds
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _draw(self) -> Any:
        table = Table.grid(padding=(0, 2))
        rows = list(self._states.values())
        current = next((i for i, row in enumerate(rows) if row[0] == "running"), len(rows))
        first = max(0, min(current - ROWS // 2, len(rows) - ROWS))
        for state, node, seconds in rows[first : first + ROWS]:
            mark, style = _MARKS[state]
            title = "" if node.title == node.class_type else node.title
            time = duration(seconds) if state in ("finished", "failed", "interrupted") else ""
            table.add_row(
                Text(mark, style),
                Text(printable(node.node_id, lines=False), "dim"),
                Text(printable(node.class_type, lines=False), style),
                Text(printable(title, lines=False), "dim"),
                Text("cached" if state == "cached" else time, "dim"),
            )
        return Group(table, self._bar) if self._task is not None else table
