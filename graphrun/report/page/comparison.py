"""Several runs beside each other: figures, values that differ, settings, versions, times."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrun.documents import Link, Prompt
from graphrun.documents.prompt import write_value
from graphrun.plan import diff
from graphrun.plan.diff import ABSENT, Difference
from graphrun.report.page.links import link
from graphrun.report.page.reading import Run


def compared(runs: Sequence[Run], beside: Path) -> dict[str, Any]:
    """What the page of a comparison draws; the first run is what the others are compared with.

    `values` are the literals of the prompts that are not the same everywhere, by
    `node.input`, `changes` the other differences of each run from the first, `facts` settings and
    versions that differ.
    """
    values, changes = _prompts(runs)
    return {
        "runs": [_told(run, beside) for run in runs],
        "values": values,
        "changes": changes,
        "facts": _facts(runs),
    }


def _told(run: Run, beside: Path) -> dict[str, Any]:
    """A run without what only its own page shows."""
    report = run.report
    kept = ("name", "status", "seed", "started", "seconds", "peak_mb", "metrics", "error", "git")
    keys = ("id", "class_type", "title", "state", "seconds")
    page = run.folder / "report.html"
    return {
        "folder": run.folder.name,
        "href": link(page if page.is_file() else run.folder, beside),
        **{key: report.get(key) for key in kept},
        "nodes": [{key: node[key] for key in keys} for node in report["nodes"]],
    }


def _facts(runs: Sequence[Run]) -> dict[str, list[str | None]]:
    """Settings, versions and facts of the machine that differ, with the value of every run."""
    sides = [dict(_flat(run)) for run in runs]
    names = dict.fromkeys(name for side in sides for name in side)
    rows = {name: [side.get(name) for side in sides] for name in names}
    return {name: row for name, row in rows.items() if len(set(row)) > 1}


def _flat(run: Run) -> list[tuple[str, str]]:
    report = run.report
    found = [("document", str(report["name"])), ("seed", str(report["seed"]))]
    for part in ("settings", "versions", "machine"):
        found += [(f"{part}: {k}", _shown(v)) for k, v in (report.get(part) or {}).items()]
    git = report.get("git") or {}
    found += [(f"git: {key}", _shown(git[key])) for key in ("commit", "dirty") if key in git]
    for one in report.get("resources") or []:
        what = one.get("digest") or one.get("place") or ""
        found.append((f"{one['kind']}: {one['name']}", str(what)))
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _prompts(
    runs: Sequence[Run],
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Values that differ as columns, and the differences of graphs as lists."""
    first = runs[0].prompt
    columns: dict[tuple[str, str], list[Any]] = {}
    changes: list[list[dict[str, Any]]] = [[] for _ in runs]
    if first is None:
        return [], changes
    for index, run in enumerate(runs[1:], 1):
        for one in diff(first, run.prompt) if run.prompt else ():
            if one.kind == "value" and one.a and one.b and one.input:
                blank = [_literal(first, one.a.id, one.input)] * len(runs)
                key = one.a.id, one.input
                columns.setdefault(key, blank)[index] = _value(one.after)
            else:
                changes[index].append(_change(one))
    values = []
    for (node_id, name), row in columns.items():
        node = first.nodes[node_id]
        kept = [v if run.prompt else None for v, run in zip(row, runs, strict=True)]
        label = {"node": node_id, "title": node.title or node.class_type, "input": name}
        values.append({**label, "values": kept})
    return values, changes


def _literal(prompt: Prompt, node_id: str, name: str) -> Any:
    return _value(prompt.nodes[node_id].inputs.get(name, ABSENT))


def _value(value: Any) -> Any:
    return None if value is ABSENT else write_value(value)


def _change(one: Difference) -> dict[str, Any]:
    """A node that one side lacks, or an input that comes from elsewhere."""
    sides: Mapping[str, Any] = {"a": one.a, "b": one.b}
    found: dict[str, Any] = {"kind": one.kind}
    for key, node in sides.items():
        if node is not None:
            found[key] = f"{node.id} {node.title or node.class_type}"
    if one.input is not None:
        found |= {"input": one.input, "before": _end(one.before), "after": _end(one.after)}
    return found


def _end(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if isinstance(value, Link):
        return f"output {value.slot} of node {value.node_id}"
    return _shown(write_value(value))
