"""A lock: what a workflow needs, as it is on this machine now, in a file."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrun.catalog import Catalog, Settings
from graphrun.documents import Prompt, Workflow, schema
from graphrun.errors import Diagnostic, DocumentError, MissingResource
from graphrun.plan import Plan
from graphrun.plan.matching import canonical
from graphrun.record.packs import declared, packs
from graphrun.record.resources import Used, resources
from graphrun.record.versions import versions

VERSION = 1
"""Version of the lock's format."""

SUFFIX = ".lock.json"


def locked(
    document: Workflow | Prompt, plan: Plan, catalog: Catalog, settings: Settings
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The document that `schemas/lock.schema.json` describes, and warnings of what it cannot fix.

    Nothing runs. The same machine gives the same document; there are no times of writing in it.

    Raises:
        MissingResource: a model, data set or file is not there; all of it is listed.
    """
    used, missing = resources(plan, catalog, settings)
    if missing:
        raise MissingResource(missing.values())
    loose = [plan.prompt.located(_loose(one)) for one in used if not (one.contents or one.revision)]
    return {
        "format": VERSION,
        "workflow": Path(plan.prompt.name).name,
        "prompt": {"digest": prompt_digest(plan.prompt), "nodes": plan.prompt.to_json()},
        "classes": classes(plan, catalog),
        "packs": packs(catalog, (step.node.class_type for step in plan.steps)),
        "declared": declared(document),
        "resources": [one.to_json() for one in used],
        "python": python(),
        "packages": versions(),
    }, loose


def classes(plan: Plan, catalog: Catalog) -> dict[str, str]:
    """The classes that would run, and the pack that brings each."""
    names = sorted({step.node.class_type for step in plan.steps})
    return {name: catalog.pack(name).name for name in names}


def python() -> str:
    """Results hang on the language's version, not on that of its repairs."""
    return ".".join(platform.python_version_tuple()[:2])


def prompt_digest(prompt: Prompt) -> str:
    """sha256 of the prompt as canonical JSON, without titles."""
    nodes = prompt.to_json()
    for node in nodes.values():
        node.pop("_meta", None)
    return hashlib.sha256(canonical(nodes).encode()).hexdigest()


def _loose(used: Used) -> Diagnostic:
    return Diagnostic(
        "unpinned_resource",
        f"{used.label} has no content here yet that could be compared ({used.source or 'unknown'})",
        used.use.node_id,
        used.use.input,
        severity="warning",
        hint="run the workflow once, so that it is downloaded, and lock again"
        if used.source == "hub"
        else None,
    )


def read_lock(path: Path) -> Mapping[str, Any]:
    """A lock from a file.

    Raises:
        DocumentError: it cannot be read, or is no lock.
    """
    from jsonschema import Draft202012Validator

    hint = f"`graphrun lock FILE -o {path}` writes one"
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        found = Diagnostic("unreadable_file", f"{path}: {reason}", hint=hint)
        raise DocumentError(found) from error
    except (ValueError, RecursionError) as error:
        found = Diagnostic("invalid_lock", f"{path} is not JSON: {error}", hint=hint)
        raise DocumentError(found) from error
    wrong = next(Draft202012Validator(schema("lock")).iter_errors(document), None)
    if wrong is not None:
        place = ".".join(map(str, wrong.absolute_path))
        message = f"{path} is no lock: {place + ': ' if place else ''}{wrong.message[:200]}"
        raise DocumentError(Diagnostic("invalid_lock", message, hint=hint))
    found_lock: Mapping[str, Any] = document
    return found_lock
