"""sweep.json: what a sweep is, and how far it is; by it the same command goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from graphrun.cache.holding import Holding
from graphrun.report.report import finite
from graphrun.sweep.figures import Best, figures, usual
from graphrun.sweep.grid import Axis, Member, names, told

FORMAT = 1
FILE = "sweep.json"
SUFFIX = "-sweep"

Status = Literal["pending", "running", "finished", "failed", "interrupted"]


@dataclass
class Entry:
    """One member: what it is, and what became of it. `reused`: an earlier start finished it."""

    member: Member
    key: str
    status: Status = "pending"
    folder: str | None = None
    seconds: float = 0.0
    exit_code: int | None = None
    error: str | None = None
    reused: bool = False
    history: Sequence[Mapping[str, Any]] = ()
    final: Mapping[str, Any] = field(default_factory=dict)

    def read(self, root: Path) -> None:
        """Take figures and the first failure from the member's report, if it left one."""
        if self.folder is None:
            return
        with suppress(OSError, ValueError, KeyError, TypeError):
            report = json.loads((root / self.folder / "report.json").read_text("utf-8"))
            self.history = report["metrics"]["history"]
            self.final = report["metrics"]["final"]
            if report["error"] and self.status == "failed":
                self.error = report["error"]["message"].partition("\n")[0]


@dataclass
class Record:
    """A sweep in its folder."""

    folder: Path
    file: str
    key: str
    axes: Sequence[Axis]
    entries: Sequence[Entry]
    asked: Best | None = None
    status: Status = "running"
    started: float = 0.0
    seconds: float = 0.0
    report: str | None = None

    @property
    def best(self) -> Best | None:
        return self.asked or usual([one.history for one in self.entries])

    @property
    def winner(self) -> Entry | None:
        """The member whose figure is best, the first of equals."""
        best, found, value = self.best, None, 0.0
        for one in self.entries if best else ():
            entry = best.entry(one.history) if best and one.status == "finished" else None
            if best and entry and (found is None or best.better(entry[best.metric], value)):
                found, value = one, entry[best.metric]
        return found

    def to_json(self) -> dict[str, Any]:
        """The document that `schemas/sweep.schema.json` describes."""
        best, winner = self.best, self.winner
        heads = names(self.axes)
        document: dict[str, Any] = finite(
            {
                "format": FORMAT,
                "file": self.file,
                "key": self.key,
                "status": self.status,
                "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
                "seconds": round(self.seconds, 3),
                "folder": str(self.folder),
                "axes": [
                    {"address": a.address, "name": heads[a.address], "values": list(a.values)}
                    for a in self.axes
                ],
                "metric": {"name": best.metric, "direction": best.direction} if best else None,
                "best": winner.member.number if winner else None,
                "members": [self._member(one, best) for one in self.entries],
                "report": self.report,
            }
        )
        return document

    def _member(self, one: Entry, best: Best | None) -> dict[str, Any]:
        return {
            "number": one.member.number,
            "values": dict(one.member.values),
            "key": one.key,
            "status": one.status,
            "folder": one.folder,
            "seconds": round(one.seconds, 3),
            "exit_code": one.exit_code,
            "error": one.error,
            "figures": figures(one.history, one.final, best),
        }

    def write(self) -> None:
        """Write sweep.json in one step. A disk that is full costs the file, not the runs."""
        target, made = self.folder / FILE, self.folder / f".{FILE}"
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        try:
            made.write_text(text, "utf-8")
            made.replace(target)
        except OSError:
            made.unlink(missing_ok=True)

    def place(self, entry: Entry) -> Path:
        """A folder that is not there yet, for a member's run."""
        text = " ".join(f"{names(self.axes)[a]}={told(v)}" for a, v in entry.member.values.items())
        width = len(str(len(self.entries)))
        base = f"{entry.member.number:0{width}}-{re.sub(r'[^A-Za-z0-9._=+-]+', '_', text)}"[:100]
        tries = (base if n == 1 else f"{base}-{n}" for n in range(1, 1000))
        return next(self.folder / one for one in tries if not (self.folder / one).exists())


def new_folder(out: Path, name: str) -> Path:
    """A new folder `<out>/<time>-<name>-sweep`."""
    stem = (Path(name.strip("<>")).stem or "prompt").encode()[:200].decode(errors="ignore")
    base = f"{datetime.now():%Y%m%d-%H%M%S}-{stem}{SUFFIX}"
    for number in range(1, 1000):
        path = out / (base if number == 1 else f"{base}-{number}")
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            return path
    raise FileExistsError(f"{out / base} and 998 numbered ones exist")


def unfinished(out: Path, key: str) -> tuple[Path, dict[str, Any], Holding] | None:
    """The newest folder of a sweep that did not come to its end, and that no process works on."""
    for path, document in _found(out):
        if document.get("key") == key and document.get("status") != "finished":
            holding = Holding(path / "lock")
            with suppress(OSError):
                if holding.try_to_take():
                    return path, document, holding
    return None


def _found(out: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(out.glob(f"*{SUFFIX}*/{FILE}"), reverse=True):
        with suppress(OSError, ValueError):
            document = json.loads(path.read_text("utf-8"))
            if isinstance(document, dict) and document.get("format") == FORMAT:
                yield path.parent, document


def recall(entry: Entry, document: Mapping[str, Any], root: Path) -> None:
    """Take over what an earlier start finished, if it would be the same again."""
    for one in document.get("members", ()):
        if one.get("number") != entry.member.number or one.get("status") != "finished":
            continue
        folder = one.get("folder")
        if one.get("key") == entry.key and folder and (root / folder / "report.json").is_file():
            entry.status, entry.folder, entry.reused = "finished", folder, True
            entry.seconds, entry.exit_code = one.get("seconds", 0.0), 0
            entry.read(root)
