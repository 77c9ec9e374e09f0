"""What the verbs have in common: packs, definitions, and how documents are read."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrun.cli import render

if TYPE_CHECKING:
    from graphrun.catalog import Catalog
    from graphrun.request import Document


PACKS = "GRAPHRUN_PACKS"
"""Environment variable with further packs, separated as PATH is."""


def add_packs(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--pack",
        dest="packs",
        action="append",
        default=[],
        metavar="PATH",
        help="a node pack: a folder, a .py file, or the name of an installed one (repeatable); "
        "loading it runs its code",
    )


def add_lenient(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="convert values as ComfyUI does (2.7 → 2), with a warning",
    )


def add_options(parser: ArgumentParser) -> None:
    add_packs(parser)
    parser.add_argument(
        "--object-info",
        type=Path,
        metavar="FILE",
        help="definitions of nodes that are not installed: what a ComfyUI server's /object_info "
        "shows, saved as a file",
    )
    parser.add_argument(
        "--prefer",
        choices=("workflow", "prompt"),
        default="workflow",
        help="which one to read of a media file that holds both (default workflow)",
    )


def catalog(options: Namespace) -> Catalog:
    """Installed packs, those asked for, and definitions; what is odd about them goes to stderr.

    Packs come from the configuration, the environment and `--pack`, in this order: of two with
    one class the later one counts.

    Raises:
        DocumentError: the file of definitions cannot be read.
        PackError: a pack is not there.
    """
    from graphrun.catalog import Catalog
    from graphrun.cli import config

    found = Catalog.installed()
    asked = [*config.read(Path.cwd()).get("packs", []), *_environment(), *options.packs]
    if asked:
        from graphrun.comfy import loading

        found = found.with_packs(*loading.load(asked))
        render.diagnostics(found.notes)
    if getattr(options, "object_info", None) is None:
        return found
    from graphrun.catalog import object_info

    definitions = object_info.load(options.object_info)
    render.diagnostics(definitions.notes)
    return found.with_definitions(definitions.specs)


def _environment() -> list[str]:
    return [path for path in os.environ.get(PACKS, "").split(os.pathsep) if path]


def load(options: Namespace, file: str) -> Document:
    from graphrun import documents

    return documents.load(file, prefer=options.prefer)
