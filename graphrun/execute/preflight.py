"""What can fail before hours are spent: names that lead nowhere, folders that are read-only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphrun.catalog import Catalog, Settings
from graphrun.catalog.running import place_output
from graphrun.errors import Diagnostic, MissingResource, UsageError
from graphrun.plan import Plan, ResourceUse
from graphrun.plan.world import World, missing

MIN_FREE = 256 * 1024**2
"""Bytes that must be free where a run writes: a small model and its logs."""

NAME_BYTES = 240
"""Longest file name: file systems allow 255 bytes, and suffixes may be added."""


def preflight(
    plan: Plan, catalog: Catalog, settings: Settings, *, min_free: int = MIN_FREE
) -> None:
    """Look for every model, data set and device, and try every folder that will be written to.

    Raises:
        MissingResource: this machine cannot provide something; all of it is listed.
        UsageError: a folder cannot be written to, or its disk is full.
    """
    lacking = list(_missing(plan, catalog, settings))
    if lacking:
        raise MissingResource(lacking)
    wanted = [use for use in plan.resources if use.kind == "output_file"]
    for use in wanted:
        problem = _unwritable_file(use.name, settings, min_free)
        if problem:
            found = Diagnostic(
                "unwritable_output",
                f"{plan.prompt.nodes[use.user].label} cannot save {use.name}: {problem}",
                use.node_id,
                use.input,
                hint=f"--set {use.node_id}.{use.input}=PATH saves elsewhere",
            )
            raise UsageError(plan.prompt.located(found))


def _unwritable_file(name: str, settings: Settings, min_free: int) -> str | None:
    """Why a file cannot be written where `name` leads, or None."""
    if not name.strip():
        return "the name is empty"
    try:
        target, _ = place_output(name, settings)
        folder = target.is_dir() or target.resolve() == settings.outputs.resolve()
        if folder or name.endswith(("/", os.sep)):
            return f"{name} is a folder"
        if len(os.fsencode(target.name)) > NAME_BYTES:
            return f"the name has more than {NAME_BYTES} bytes"
        return unwritable(target.parent, min_free)
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such home, a NUL
        return (getattr(error, "strerror", None) or str(error)).lower()


def unwritable(folder: Path, min_free: int = MIN_FREE) -> str | None:
    """Why nothing can be written below `folder` (which need not exist yet), or None."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
    except OSError as error:
        return f"{folder}: {(error.strerror or str(error)).lower()}"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    try:
        # os.access says yes to root for read-only file systems; only writing tells.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return f"{folder} cannot be written to: {(error.strerror or str(error)).lower()}"
    free = shutil.disk_usage(folder).free
    if free < min_free:
        needed, left = min_free / 1024**2, free / 1024**2
        return f"the disk of {folder} has {left:,.0f} MiB free, fewer than {needed:,.0f}"
    return None


def _missing(plan: Plan, catalog: Catalog, settings: Settings) -> Iterator[Diagnostic]:
    world = World(catalog, settings)
    led = plan.led if plan.led is not None else world.led(plan.resources, plan.prompt)
    return missing((*world.led(_device(plan, catalog, settings), plan.prompt), *led))


def _device(plan: Plan, catalog: Catalog, settings: Settings) -> Iterator[ResourceUse]:
    """The device asked for, as a resource of every pack that takes part.

    Also where a precision is asked for, and a node has a switch for the device.
    """
    for step in plan.steps:
        switch = catalog.pack(step.node.class_type).device_switch
        narrow = settings.precision != "auto" and switch and switch in step.node.inputs
        if narrow or settings.device not in ("auto", "cpu"):
            yield ResourceUse("device", settings.device, step.node.id, step.node.id, "")
