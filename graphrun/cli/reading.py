"""What the verbs that read documents have in common: `--object-info` and `--prefer`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrun.cli import render

if TYPE_CHECKING:
    from graphrun.api import Document
    from graphrun.catalog import Catalog


def add_options(parser: ArgumentParser) -> None:
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
    """Installed packs and the definitions that were given; what is odd about those goes to stderr.

    Raises:
        DocumentError: the file of definitions cannot be read.
    """
    from graphrun.catalog import Catalog, object_info

    found = Catalog.installed()
    if options.object_info is None:
        return found
    definitions = object_info.load(options.object_info)
    render.diagnostics(definitions.notes)
    return found.with_definitions(definitions.specs)


def load(options: Namespace, file: str) -> Document:
    from graphrun import api

    return api.load(file, prefer=options.prefer)
