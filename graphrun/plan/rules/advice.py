"""What `check` says besides the rules: a file is right, and hardly what was meant.

A run does not repeat it. Everything here is no error.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from graphrun.catalog import NodeSpec
from graphrun.catalog.running import settings
from graphrun.convert.graph import BYPASSED, MUTED
from graphrun.documents import Prompt, PromptNode
from graphrun.errors import Diagnostic
from graphrun.plan.static import ancestors, outputs, trace

Specs = Mapping[str, NodeSpec]

_SHOWN = 8
"""Nodes that a message lists."""

_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\\w")
_HOME = re.compile(r"(/home/|/Users/)[^/]+")
_CUDA = re.compile(r"cuda(:\d+)?")
_PATHS = re.compile(r"(^|_)(path|file|folder|dir|directory|root)($|_)|(path|file|folder|dir)name")
"""Inputs whose name says that they take a path."""

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", "/proc/driver/nvidia")
"""Where Linux, with WSL, shows a driver that torch's `cuda` may find."""


def unused_nodes(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Nodes that feed no output: one word for the last of them and all before it.

    Where the drawing has muted what they feed, that was meant, and is no warning.
    """
    roots = outputs(prompt, specs)
    unknown = [n.id for n in prompt.nodes.values() if n.class_type not in specs]
    if not roots:
        return  # nothing runs, which is an error
    used = ancestors(prompt, [*roots, *unknown])
    idle = {node.id: node for node in prompt.nodes.values() if node.id not in used}
    feeding = {link.node_id for node in idle.values() for _, link in node.links()}
    untold, off = set(idle), _feeding_muted(prompt)
    order = {node_id: place for place, node_id in enumerate(prompt.nodes)}
    for node in idle.values():
        if node.id in feeding:
            continue
        too = _too(sorted(_above(prompt, node.id, untold), key=order.__getitem__))
        if node.id in off:
            why = f"{node.label} does not run: what uses its result is muted or bypassed{too}"
            yield Diagnostic("unused_node", why, node.id, severity="info")
            continue
        yield Diagnostic(
            "unused_node",
            f"{node.label} does not run: nothing uses its result{too}",
            node.id,
            severity="warning",
            hint="link it to a node that shows or saves something, or delete it",
        )


def paths_elsewhere(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Absolute paths that cannot be of this machine, unless an alias says where they lead."""
    said = set()
    for node in prompt.nodes.values():
        spec = specs.get(node.class_type)
        for one in spec.visible if spec else ():
            if not one.resource and not _PATHS.search(one.name.lower()):
                continue
            value, at, name = trace(prompt, specs, node.id, one.name)
            why = _elsewhere(value) if isinstance(value, str) and "\n" not in value else None
            if why and (at, name) not in said:
                said.add((at, name))
                yield Diagnostic(
                    "path_elsewhere",
                    f"{node.label}: {one.name} is {value[:200]}, {why}",
                    at,
                    name,
                    severity="warning",
                    hint=f"a path from the working folder on is right everywhere{_alias(value)}",
                )


def devices(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Names of GPUs where no driver is: told by files, as torch is not imported."""
    for node in prompt.nodes.values():
        for name, value in node.inputs.items():
            named = "device" in name.lower() and isinstance(value, str)
            if named and _CUDA.fullmatch(value) and node.class_type in specs and not _driver():
                yield Diagnostic(
                    "no_gpu",
                    f"{node.label}: {name} is {value}, and there is no driver of a GPU here",
                    node.id,
                    name,
                    severity="warning",
                )


def declared_unstable(prompt: Prompt, specs: Specs) -> Iterator[Diagnostic]:
    """Classes that their packs give up or may change: once a class, at its first node."""
    nodes: dict[str, list[PromptNode]] = {}
    for node in prompt.nodes.values():
        nodes.setdefault(node.class_type, []).append(node)
    for class_type, found in nodes.items():
        about = specs[class_type].about if class_type in specs else {}
        more = f" (also {', '.join(n.id for n in found[1:_SHOWN])})" if found[1:] else ""
        place = f"{found[0].label}{more}: the class {class_type}"
        if about.get("deprecated"):
            message = f"{place} is deprecated: a later version of its pack may not have it"
            hint = f"`graphrun nodes show {class_type}` shows its description"
            yield Diagnostic(
                "deprecated_class", message, found[0].id, severity="warning", hint=hint
            )
        if about.get("experimental"):
            message = f"{place} is experimental: it may be another in a later version of its pack"
            yield Diagnostic("experimental_class", message, found[0].id, severity="info")


ADVICE = (unused_nodes, paths_elsewhere, devices, declared_unstable)


def _above(prompt: Prompt, node_id: str, untold: set[str]) -> set[str]:
    """What feeds a node, of the `untold` ones, which they no longer are then."""
    found: set[str] = set()
    waiting = [node_id]
    while waiting:
        one = waiting.pop()
        if one in untold:
            untold.discard(one)
            found.add(one)
            waiting += [link.node_id for _, link in prompt.nodes[one].links()]
    return found - {node_id}


def _too(ids: list[str]) -> str:
    """The other nodes that do not run, as the end of a sentence."""
    if len(ids) < 2:
        return f", nor does node {ids[0]} before it" if ids else ""
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f", nor do nodes {', '.join(ids[:_SHOWN])}{more} before it"


def _feeding_muted(prompt: Prompt) -> set[str]:
    """Nodes with a link in the drawing to one that is muted or bypassed."""
    drawing = prompt.workflow or {}
    nodes = [one for one in drawing.get("nodes") or () if isinstance(one, dict)]
    off = {str(one.get("id")) for one in nodes if one.get("mode") in (MUTED, BYPASSED)}
    found = set()
    for row in drawing.get("links") or ():
        match row:
            case [_, origin, _, target, *_] | {"origin_id": origin, "target_id": target}:
                found |= {str(origin)} if str(target) in off else set()
    return found


def _alias(value: str) -> str:
    """How to say where the folder of a path is; backslashes are part of a name here."""
    folder = value.rpartition("/")[0]
    alias = f"--alias {shlex.quote(f'{folder}=DIR')}"
    return f"; {alias} says where this folder is" if folder and "\\" not in value else ""


def _elsewhere(value: str) -> str | None:
    """Why a path is not of this machine, or None."""
    if any(Path(value).is_relative_to(name) for name in settings().aliases):
        return None
    if os.name != "nt" and _DRIVE.match(value):
        return "which is a path of Windows"
    home = _HOME.match(value)
    if home and (os.name == "nt" or not Path(home[0]).exists()):
        return f"and there is no {home[0]} here"
    return None


@cache
def _driver() -> bool:
    return any(Path(one).exists() for one in _DRIVERS) or shutil.which("nvidia-smi") is not None
