"""Which pack brings each class, in which version; and what the file itself says of packs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from graphrun.catalog import Catalog
from graphrun.catalog.pack import Provider
from graphrun.documents import Prompt, Workflow
from graphrun.plan import code
from graphrun.record.repository import commit_of


def packs(catalog: Catalog, class_types: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of the packs that bring these classes, by name: distribution and version, or a digest.

    A pack that lies in a folder or a file has the digest of its Python files, the version in its
    pyproject.toml, and its commit if it is a repository. One that is neither has only its name.
    """
    found = {pack.name: pack for pack in (catalog.pack(name) for name in class_types)}
    offered = code.offered()
    return {name: _state(found[name], offered) for name in sorted(found)}


def _state(pack: Provider, offered: Mapping[str, metadata.Distribution]) -> dict[str, Any]:
    distribution = code.distribution(pack, offered)
    if distribution is not None:
        return {"distribution": distribution.name, "version": distribution.version}
    place = code.place(pack)
    return _in_folder(place) if place else {}


def _in_folder(place: Path) -> dict[str, Any]:
    facts = {
        "digest": code.digest(place),
        "version": _declared_version(place / "pyproject.toml"),
        "commit": commit_of(place),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _declared_version(file: Path) -> str | None:
    try:
        found = tomllib.loads(file.read_text("utf-8"))["project"]["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def declared(document: Workflow | Prompt) -> dict[str, dict[str, Any]]:
    """What the file says its classes come from: packs by id, their versions and classes.

    The editor writes `cnr_id` or `aux_id` and `ver` into each node, and older ones the versions of
    all packs into `extra.node_versions`.
    """
    versions: dict[str, set[str]] = {}
    classes: dict[str, set[str]] = {}
    for class_type, about in _told(document):
        name = about.get("cnr_id") or about.get("aux_id")
        if isinstance(name, str):
            classes.setdefault(name, set()).add(class_type)
            ver = about.get("ver")
            versions.setdefault(name, set()).update([ver] if isinstance(ver, str) else [])
    for name, ver in _listed(document).items():
        versions.setdefault(name, set()).update([ver] if isinstance(ver, str) else [])
    return {
        name: {"versions": sorted(versions[name]), "classes": sorted(classes.get(name, ()))}
        for name in sorted(versions)
    }


def _told(document: Workflow | Prompt) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Class and what is said of its origin, for every node, those of subgraphs too."""
    if isinstance(document, Prompt):
        for entry in _entries(document).values():
            if isinstance(entry, dict) and isinstance(entry.get("_meta"), dict):
                yield str(entry.get("class_type")), entry["_meta"]
        return
    sheets: list[Mapping[str, Any]] = [document.data]
    for sheet in sheets:
        for node in sheet.get("nodes") or ():
            properties = node.get("properties")
            if isinstance(properties, dict):
                yield str(node.get("type")), properties
        sheets += (sheet.get("definitions") or {}).get("subgraphs") or ()


def _entries(prompt: Prompt) -> dict[str, Any]:
    try:
        document = json.loads(prompt.source.text) if prompt.source else {}
    except (ValueError, RecursionError):
        return {}
    inner = document.get("prompt") if isinstance(document, dict) else None
    found = inner if isinstance(inner, dict) and "class_type" not in inner else document
    return found if isinstance(found, dict) else {}


def _listed(document: Workflow | Prompt) -> Mapping[str, Any]:
    data = document.workflow if isinstance(document, Prompt) else document.data
    extra = (data or {}).get("extra")
    found = extra.get("node_versions") if isinstance(extra, dict) else None
    return found if isinstance(found, dict) else {}
