"""Python, the machine, folders, the hub, and what shadows a library."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from graphrun.cache.place import RESULTS
from graphrun.health.finding import Finding, noted, ok, problem
from graphrun.record.versions import machine, version
from graphrun.sources import hub_cache

LEAST = (3, 11)
"""The oldest Python that is supported."""

LOW = 2 << 30
"""Free bytes below which a download or a checkpoint may fail."""

SHADOWS = (
    "nodes", "datasets", "torch", "transformers", "tokenizers", "numpy", "pandas", "evaluate",
    "safetensors", "huggingface_hub", "peft", "scipy", "PIL", "folder_paths", "comfy",
    "random", "types", "json", "logging", "tokenize",
)  # fmt: skip
"""Modules that are imported by name, and that a file of the working folder may stand before."""


def python() -> Iterator[Finding]:
    """Python, graphrun and the machine."""
    found = platform.python_version()
    place = "in a virtual environment" if sys.prefix != sys.base_prefix else "of the system"
    told = f"Python {found}, {place} ({sys.executable})"
    if sys.version_info[:2] < LEAST:
        yield problem("python", told, f"Python {'.'.join(map(str, LEAST))} or newer is needed")
    else:
        yield ok("python", told)
    yield ok("python", f"graphrun {version('graphrun') or '(not installed)'}")
    about = machine()
    memory = f", {about['memory_mb'] / 1024:.0f} GiB of memory" if about["memory_mb"] else ""
    yield ok("machine", f"{about['system']}, {about['cores']} cores{memory}, {about['cpu']}")
    yield from threads(os.environ, about["cores"] or 1)


def threads(environment: Mapping[str, str], cores: int) -> Iterator[Finding]:
    """Whether OMP_NUM_THREADS makes sense."""
    text = environment.get("OMP_NUM_THREADS")
    if text is None:
        return
    first = text.partition(",")[0].strip()
    if not first.isdecimal() or not int(first):
        told = f"OMP_NUM_THREADS={text!r} is no number of threads"
        yield problem("machine", told, "unset OMP_NUM_THREADS")
    elif int(first) > cores:
        told = f"OMP_NUM_THREADS={text} is more than the {cores} cores: threads wait for each other"
        yield noted("machine", told, "unset OMP_NUM_THREADS")
    elif int(first) == 1 < cores:
        told = f"OMP_NUM_THREADS=1: torch computes with one of {cores} cores"
        yield noted("machine", told, "unset OMP_NUM_THREADS, unless several processes share them")


def cache(folder: Path, limit: int, size: Callable[[], int], told: Callable[[int], str]) -> Finding:
    """The folder of the cache; `size` adds up its bytes, `told` writes bytes for people."""
    there = folder if folder.is_dir() else next((p for p in folder.parents if p.is_dir()), Path())
    hint = "--cache-dir DIR, GRAPHRUN_CACHE or [cache] folder in graphrun.toml put it elsewhere"
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return problem("cache", f"{folder} cannot be written to: {reason}", hint)
    try:
        used = told(size()) if (folder / RESULTS).is_dir() or folder.is_dir() else "nothing yet"
    except OSError as error:
        return problem("cache", f"{folder} cannot be read: {error}", hint)
    text = f"{folder}: {used} (results at most {told(limit)}), {told(free)} free"
    if free < LOW:
        return noted("cache", text, f"`graphrun cache gc --max-size 1GiB` frees space; {hint}")
    return ok("cache", text)


def hub(environment: Mapping[str, str]) -> Iterator[Finding]:
    """What the Hugging Face libraries will do. A token is never shown."""
    folder = hub_cache.hub_cache()
    there = "" if folder.is_dir() else " (not there yet)"
    yield ok("hub", f"cache {folder}{there}")
    off = [
        name for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
        if environment.get(name)
    ]  # fmt: skip
    if off:
        told = f"{', '.join(f'{name}={environment[name]}' for name in off)}: nothing is downloaded"
        if hub_cache.offline("model") or hub_cache.offline("dataset"):
            yield noted("hub", told, f"unset {' '.join(off)} to download models and data")
    yield ok("hub", f"token: {'yes' if _has_token(environment) else 'no'}")


def network() -> Finding:
    """Whether the hub answers."""
    if hub_cache.reachable():
        return ok("hub", "the hub answers")
    hint = "a proxy goes into HTTPS_PROXY, a mirror into HF_ENDPOINT; --alias needs no network"
    return problem("hub", "the hub does not answer", hint)


def _has_token(environment: Mapping[str, str]) -> bool:
    if environment.get("HF_TOKEN") or environment.get("HUGGING_FACE_HUB_TOKEN"):
        return True
    named = environment.get("HF_TOKEN_PATH")
    home = Path(environment.get("HF_HOME") or "~/.cache/huggingface")
    try:
        return (Path(named) if named else home / "token").expanduser().is_file()
    except (OSError, RuntimeError):
        return False


def shadows(folder: Path, path: list[str]) -> Iterator[Finding]:
    """Files and packages of the working folder that stand before a library of their name.

    A folder without an `__init__.py` does not: an installed package goes before it.
    """
    searched = bool({"", str(folder)} & set(path))
    for name in SHADOWS:
        for place in (folder / f"{name}.py", folder / name / "__init__.py"):
            if not place.is_file():
                continue
            shown = place.relative_to(folder)
            told = f"{shown} in the working folder has the name of a module that is imported"
            hint = f"give {shown.parts[0]} another name, or work in another folder"
            if searched:
                yield problem("working folder", told, hint)
            else:
                yield noted("working folder", f"{told} (not by `graphrun`, by `python -m`)", hint)
