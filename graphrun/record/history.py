"""What the last run of a file was made of, so that the next one can say what changed."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrun.documents import BadLink, Link, Prompt
from graphrun.plan import Plan, Step

FORMAT = 1
MOST = 1000
"""Files whose last run is remembered."""

LONGEST = 60
"""Characters of a value in a reason."""


class History:
    """The last run of each file, in a folder: nodes, their inputs and their identities."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, prompt: Prompt) -> Mapping[str, Any] | None:
        """The nodes of the last run by id, None without one."""
        place = self._place(prompt)
        if place is None:
            return None
        try:
            found = json.loads(place.read_text("utf-8"))
            nodes = found["nodes"] if found["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return nodes if isinstance(nodes, dict) else None

    def write(self, plan: Plan, done: Collection[str]) -> None:
        """Remember a run, in which these nodes came to their end.

        A folder that cannot be written to only costs reasons.
        """
        place = self._place(plan.prompt)
        if place is None:
            return
        nodes = {
            step.node.id: {**_told(step, plan), "done": step.node.id in done} for step in plan.steps
        }
        made = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        with suppress(OSError, TypeError, ValueError):
            text = json.dumps({"format": FORMAT, "file": _name(plan.prompt), "nodes": nodes})
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                made.write_text(text, "utf-8")
                made.replace(place)
            finally:
                made.unlink(missing_ok=True)
            self._forget()

    def _place(self, prompt: Prompt) -> Path | None:
        name = _name(prompt)
        if name is None:
            return None
        return self.folder / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json"

    def _forget(self) -> None:
        """Let go of the files that were run longest ago."""
        found = list(self.folder.glob("*.json"))
        if len(found) > MOST:
            found.sort(key=lambda path: path.stat().st_mtime)
            for path in found[: len(found) - MOST]:
                path.unlink(missing_ok=True)


def _name(prompt: Prompt) -> str | None:
    if prompt.source is None or prompt.source.name.startswith("<"):
        return None
    return str(Path(prompt.source.name).absolute())


def _told(step: Step, plan: Plan) -> dict[str, Any]:
    return {
        "class_type": step.node.class_type,
        "version": step.spec.version,
        "inputs": {name: _value(value) for name, value in step.node.inputs.items()},
        "seed": plan.seed if step.spec.random else None,
        "around": plan.around.get(step.node.id, {}),
        "identity": step.identity,
        "lineage": step.lineage,
    }


def _value(value: Any) -> Any:
    if isinstance(value, Link):
        return {"link": [value.node_id, value.slot]}
    return {"value": value.value if isinstance(value, BadLink) else value}


def changes(step: Step, plan: Plan, last: Mapping[str, Any] | None) -> Iterator[str]:
    """What of a node is not as in the last run of its file, in words; its own changes first."""
    if last is None:
        yield "no earlier run of this file is known"
        return
    before = last.get(step.node.id)
    if not isinstance(before, dict):
        yield "it was not in the last run of this file"
        return
    now = json.loads(json.dumps(_told(step, plan)))
    if before["class_type"] != now["class_type"]:
        yield f"class {before['class_type']} → {now['class_type']}"
        return
    if before["version"] != now["version"]:
        yield f"class version {before['version']} → {now['version']}"
    yield from _inputs(before["inputs"], now["inputs"])
    if before["seed"] != now["seed"]:
        yield f"seed {before['seed']} → {now['seed']}"
    yield from _around(before["around"], now["around"])
    if not before["done"] and before["identity"] == now["identity"]:
        yield "it did not come to its end in the last run"
    for source in step.uses:
        above, key = last.get(source), _identity(plan, source)
        if isinstance(above, dict) and above["identity"] != key:
            yield f"upstream {source} changed"


def _identity(plan: Plan, node_id: str) -> str | None:
    return next((step.identity for step in plan.steps if step.node.id == node_id), None)


def _inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if old is None or new is None:
            yield f"input {name} {'added' if old is None else 'removed'}"
        else:
            yield f"input {name} changed {_shown(old)} → {_shown(new)}"


def _shown(entry: Mapping[str, Any]) -> str:
    if "link" in entry:
        node_id, slot = entry["link"]
        return f"node {node_id} output {slot}"
    text = json.dumps(entry["value"], ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _around(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if name == "read":
            for one in dict.fromkeys([*(old or {}), *(new or {})]):
                if (old or {}).get(one) != (new or {}).get(one):
                    yield f"contents of what {one} names changed"
        elif name == "code":
            yield "the pack's code changed"
        else:
            yield f"{name} {old or 'absent'} → {new or 'absent'}"
