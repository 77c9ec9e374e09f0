"""What differs between a lock and this machine, each with its place and the way out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from graphrun.catalog import Catalog, Settings
from graphrun.documents import Prompt, Workflow, read
from graphrun.documents.prompt import Link, write_value
from graphrun.errors import Diagnostic
from graphrun.plan import Plan
from graphrun.plan.diff import ABSENT, Difference, diff
from graphrun.record.lock import classes, prompt_digest, python
from graphrun.record.packs import declared, packs
from graphrun.record.resources import Used, resources
from graphrun.record.versions import version
from graphrun.sources.contents import CONTENT
from graphrun.sources.names import CANONICAL

AGAIN = "if that is wanted, `graphrun lock` writes it anew"
SHOWN = 5
"""Files named of a resource whose files differ."""
WIDTH = 60
"""Characters shown of a value or version."""


def differences(
    lock: Mapping[str, Any],
    document: Workflow | Prompt,
    plan: Plan,
    catalog: Catalog,
    settings: Settings,
) -> list[Diagnostic]:
    """Errors for what may change results, warnings for what cannot be told or only was said.

    The prompt's come first, then classes and packs, models and data, packages.
    """
    used, missing = resources(plan, catalog, settings)
    found = [
        *_prompt(lock["prompt"], plan.prompt),
        *_classes(lock, plan, catalog),
        *_packs(lock, plan, catalog),
        *_declared(lock["declared"], declared(document)),
        *_missing(lock["resources"], missing),
        *_resources(lock["resources"], used),
        *_packages(lock),
    ]
    return [plan.prompt.located(one) for one in found]


def _prompt(before: Mapping[str, Any], now: Prompt) -> Iterator[Diagnostic]:
    if before["digest"] == prompt_digest(now):
        return
    other = read(before["nodes"], name="the lock")
    if isinstance(other, Prompt):
        yield from (_changed(one) for one in diff(other, now))


def _changed(one: Difference) -> Diagnostic:
    node = one.b or one.a
    assert node is not None, "a difference has a side"
    if one.a is None:
        what = f"{node.label} is new"
    elif one.b is None:
        return Diagnostic("prompt_changed", f"{node.label} is gone", hint=AGAIN)
    else:
        what = f"{node.label}: {one.input} is {_shown(one.after)}, not {_shown(one.before)}"
    return Diagnostic("prompt_changed", what, node.id, one.input, hint=AGAIN)


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if isinstance(value, Link):
        return f"output {value.slot} of node {value.node_id}"
    return _short(json.dumps(write_value(value), ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def _classes(lock: Mapping[str, Any], plan: Plan, catalog: Catalog) -> Iterator[Diagnostic]:
    """Classes that the lock has not are told by the prompt's differences."""
    for name, pack in classes(plan, catalog).items():
        before = lock["classes"].get(name, pack)
        if before != pack:
            message = f"{name} is brought by the pack {pack}, not by {before}"
            hint = f"--pack PATH with {before}, or without {pack}"
            yield Diagnostic("other_pack", message, _first(plan, [name]), hint=hint)


def _first(plan: Plan, class_types: Iterable[str]) -> str | None:
    names = set(class_types)
    nodes = (step.node for step in plan.steps)
    return next((node.id for node in nodes if node.class_type in names), None)


def _packs(lock: Mapping[str, Any], plan: Plan, catalog: Catalog) -> Iterator[Diagnostic]:
    brought = classes(plan, catalog)
    for name, state in packs(catalog, brought).items():
        old = lock["packs"].get(name, state)
        what, hint = _other_state(old, state)
        same = old.get("distribution") == state.get("distribution")
        if what and not (same and old.get("distribution") in lock["packages"]):  # told there
            node = _first(plan, (one for one, pack in brought.items() if pack == name))
            yield Diagnostic("pack_changed", f"pack {name}: {what}", node, hint=hint)


def _other_state(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str]:
    """What a pack's code is now, in the place of what, and the way back; blank if it is the same.

    The commit of the same files, and the version that they declare, only explain.
    """
    key = "digest" if "digest" in old and "digest" in new else "version"
    same = old.get(key) == new.get(key)
    if same and old.get("distribution") == new.get("distribution"):
        return "", ""
    names = [one for one in ("version", "commit") if old.get(one) != new.get(one)]
    told = [
        f"{one} {new.get(one, 'unknown')} instead of {old.get(one, 'unknown')}" for one in names
    ]
    if old.get("distribution") != new.get("distribution"):
        whence = [one.get("distribution", "a folder") for one in (new, old)]
        told.insert(0, f"it comes from {whence[0]} instead of {whence[1]}")
    if "distribution" in old:
        hint = f"pip install {old['distribution']}=={old['version']}"
    else:
        hint = f"git checkout {old['commit']} in its folder" if "commit" in old else AGAIN
    return ", ".join(told) or "its Python files are others", hint


def _declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """What the file says of packs decides nothing here, so these are warnings."""
    for name in sorted(old.keys() | new.keys()):
        then, now = (
            ", ".join(side[name]["versions"]) or "unknown" if name in side else "not at all"
            for side in (old, new)
        )
        if then != now:
            message = f"the file names the pack {name} {_short(now)}, and named it {_short(then)}"
            yield Diagnostic("declared_pack_changed", message, severity="warning", hint=AGAIN)


def _missing(
    before: Iterable[Mapping[str, Any]], missing: Mapping[tuple[str, str], Diagnostic]
) -> Iterator[Diagnostic]:
    """What is not there; with the revision that the lock is for, where that is known."""
    known = {(one["kind"], one["name"]): one for one in before}
    for key, found in missing.items():
        old = known.get(key, {})
        way = f"- {_way_back(old)}" if old.get("revision") else None
        yield replace(found, hint="\n  ".join(filter(None, (found.hint, way)))) if way else found


def _resources(before: Iterable[Mapping[str, Any]], used: Iterable[Used]) -> Iterator[Diagnostic]:
    """Those of the lock that no node asks for any more are told by the prompt's differences."""
    known = {(one["kind"], one["name"]): one for one in before}
    for one in used:
        old = known.get((one.kind, one.name))
        new = Diagnostic("resource_unlocked", f"{one.label} is not in the lock", hint=AGAIN)
        found = new if old is None else _resource(old, one)
        if found:
            yield replace(found, node_id=one.use.node_id, input=one.use.input)


def _resource(old: Mapping[str, Any], now: Used) -> Diagnostic | None:
    """The same content is the same, wherever it lies."""
    place = f" ({now.source}: {now.place})" if now.place else ""
    if old.get("columns", {}) != now.columns:
        message = (
            f"{now.label}: its alias says {_said(now.columns)}, not {_said(old.get('columns'))}"
        )
        hint = "--alias NAME='DIR?text=COLUMN&label=COLUMN&labels=A,B' as it was"
        return Diagnostic("resource_changed", message, hint=hint)
    held = now.contents
    if held and held.digest == old.get("digest"):
        return None
    read = held is not None and held.by == old.get("by") == CONTENT
    if not read and now.revision is not None and old.get("revision") == now.revision:
        return None
    if held is None or "digest" not in old:
        what = f"{now.label}: there is nothing to compare{place}"
        return Diagnostic("resource_unknown", what, severity="warning", hint=_way_back(old))
    files = _other_files(old.get("files", {}), held.files)
    if read or held.bytes != old["bytes"]:
        message = f"{now.label} holds something else{place}{files}"
        return Diagnostic("resource_changed", message, hint=_way_back(old))
    message = f"{now.label} has the same size and may hold something else{place}: it is too large "
    message += "to be read, and the times of its files differ"
    return Diagnostic("resource_unknown", message, severity="warning", hint=_way_back(old))


def _said(columns: Any) -> str:
    return _short(json.dumps(columns, ensure_ascii=False)) if columns else "nothing of columns"


def _other_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The files that are others, gone or new, where both sides list theirs."""
    if not old or not new:
        return ""
    told = [
        f"{name} is {'new' if name not in old else 'gone' if name not in new else 'another'}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f": {', '.join(told[:SHOWN])}{more}"


def _way_back(old: Mapping[str, Any]) -> str:
    name, commit = old["name"], old.get("revision")
    if commit:
        what = f"{CANONICAL.get(name, name)} --revision {commit} --local-dir DIR"
        kind = "" if old["kind"] == "model" else "--repo-type dataset "
        return f"hf download {kind}{what}, and --alias {name}=DIR"
    if old["kind"] in ("model", "dataset", "picture_set"):
        return f"--alias {name}=DIR with what the lock was written for; {AGAIN}"
    return f"put back the file that the lock was written for; {AGAIN}"


def _packages(lock: Mapping[str, Any]) -> Iterator[Diagnostic]:
    if lock["python"] != python():
        message = f"Python {python()} instead of {lock['python']}"
        yield Diagnostic("other_version", message, hint=f"use Python {lock['python']}")
    for name, old in sorted(lock["packages"].items()):
        now = version(name)
        if now != old:
            there = f"{name} {now} instead of {old}" if now else f"{name} {old} is not installed"
            release, _, build = old.partition("+")
            way = f"pip install {name}=={release}" + (f", the build {build}" if build else "")
            yield Diagnostic("other_version", there, hint=way)
