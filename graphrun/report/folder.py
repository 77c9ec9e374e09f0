"""The run folder: documents, report.json, metrics.jsonl, events.jsonl, outputs/, tensorboard/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from graphrun.documents import Prompt, Workflow, schema
from graphrun.errors import Diagnostic
from graphrun.execute.events import Event, Metric, Observer
from graphrun.report.event_lines import EventLines
from graphrun.report.report import Report, finite

PROMPT = "prompt.json"
"""What ran, as an API prompt: with the values that options changed, `--tiny` too."""

WORKFLOW = "workflow.json"
"""The drawing that it was read from, or that came with it; absent where there is none."""


class RunFolder:
    """Writes a run's events as they happen and its report at the end. An observer.

    Every line is flushed, so that a killed run leaves what it knew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = path.absolute()  # a node may change the working folder
        self.outputs = path / "outputs"
        self.outputs.mkdir(parents=True)
        self.temporary = path / "temp"  # made by the first preview
        self._events = self._open("events.jsonl")
        self._metrics = self._open("metrics.jsonl")
        self._tell = EventLines(partial(self._line, self._events))

    @classmethod
    def named(cls, root: Path, name: str) -> RunFolder:
        """A new folder `<root>/<time>-<name>`; a number is appended if the name is taken."""
        # File systems allow 255 bytes a name.
        stem = (Path(name.strip("<>")).stem or "prompt").encode()[:200].decode(errors="ignore")
        base = f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"
        for number in range(1, 1000):
            try:
                return cls(root / (base if number == 1 else f"{base}-{number}"))
            except FileExistsError:
                continue
        raise FileExistsError(f"{root / base} and 998 numbered ones exist")

    def __call__(self, event: Event) -> None:
        self._tell(event)
        if isinstance(event, Metric):
            fields = {"time": event.time, "node": event.node_id, **event.values}
            self._line(self._metrics, json.dumps(finite(fields), ensure_ascii=False))

    def keep(self, prompt: Prompt, document: Workflow | Prompt) -> list[Diagnostic]:
        """Write what runs, and the drawing that it was read from; notices of what cannot be.

        A workflow is kept as its text was read. Values that JSON does not have, which only prompts
        made in memory hold, are kept as their text.
        """
        texts = {PROMPT: json.dumps(finite(prompt.to_json()), indent=2, ensure_ascii=False)}
        if isinstance(document, Workflow):
            texts[WORKFLOW] = document.source.text
        elif prompt.workflow is not None:
            texts[WORKFLOW] = json.dumps(prompt.workflow, indent=2, ensure_ascii=False)
        unwritten = []
        for name, text in texts.items():
            try:
                (self.path / name).write_text(text, "utf-8", newline="")
            except (OSError, UnicodeError) as error:
                unwritten.append(_unwritten(self.path / name, error))
        return unwritten

    def close(self, report: Report) -> Path:
        """Write report.json in one step and return its path.

        A disk that is full by now is noted in the report: what ran is not undone by it.
        """
        target, temporary = self._place / "report.json", self._place / ".report.json"
        document = report.to_json()
        try:
            self._events.close()
            self._metrics.close()
            temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            report.notices.append(_unwritten(target, error))
        return target

    def _open(self, name: str) -> TextIO:
        return (self.path / name).open("w", encoding="utf-8")

    def _line(self, file: TextIO, text: str) -> None:
        file.write(f"{text}\n")
        file.flush()


def _unwritten(target: Path, error: OSError | UnicodeError) -> Diagnostic:
    reason = getattr(error, "strerror", None) or error
    message = f"{target} could not be written: {reason}"
    return Diagnostic("unwritable_output", message, severity="warning")


def observers(folder: RunFolder | None, *, tensorboard: bool) -> list[Observer]:
    """What writes into a run's folder; curves only if TensorBoard is there to show them."""
    if folder is None:
        return []
    from graphrun.report.tensorboard import FOLDER, TensorBoard, installed

    curves = [TensorBoard(folder.path / FOLDER)] if tensorboard and installed() else []
    return [folder, *curves]


def check_report(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with a report document; empty if it satisfies its schema."""
    from jsonschema import Draft202012Validator

    found = Draft202012Validator(schema("report")).iter_errors(document)
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found]
