"""What the verbs have in common: packs, definitions, and how documents are read."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import render

if TYPE_CHECKING:
    from graphrun.catalog import Catalog, Settings
    from graphrun.documents.parameters import Parameter
    from graphrun.plan import Plan
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


_PLACES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--alias",
        {
            "action": "append",
            "default": [],
            "metavar": "NAME=DIR",
            "help": "a local folder for a model or data set name (repeatable)",
        },
    ),
    (
        "--input-directory",
        {"type": Path, "metavar": "DIR", "help": "where nodes look for input files (input)"},
    ),
    (
        "--models-directory",
        {"type": Path, "metavar": "DIR", "help": "where packs look for models (models)"},
    ),
)


def add_places(parser: ArgumentParser) -> None:
    """Where names lead."""
    for name, options in _PLACES:
        parser.add_argument(name, **options)


def settings(options: Namespace) -> Settings:
    """Where names lead: the command line over the configuration file over the defaults.

    Raises:
        UsageError: the configuration or an alias cannot be read.
    """
    from graphrun.catalog import Settings
    from graphrun.cli import config

    found = config.read(Path.cwd())
    given = config.parse_aliases(options.alias)
    return Settings(
        aliases={**found.get("alias", {}), **given},
        inputs=_folder(options.input_directory, found, "input-directory", "input"),
        models=_folder(options.models_directory, found, "models-directory", "models"),
    )


def _folder(given: Path | None, found: Mapping[str, Any], key: str, default: str) -> Path:
    return (given or Path(found.get(key, default))).expanduser()


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
    asked = [*config.read(Path.cwd()).get("packs", []), *environment(), *options.packs]
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


def environment() -> list[str]:
    """Packs of the environment variable."""
    return [path for path in os.environ.get(PACKS, "").split(os.pathsep) if path]


def load(options: Namespace, file: str) -> Document:
    from graphrun import documents

    return documents.load(file, prefer=options.prefer)


def parameters(files: Iterable[Path]) -> list[Parameter]:
    """The parameters of files, in their order.

    Raises:
        DocumentError: one cannot be read.
    """
    from graphrun.documents.parameters import load_parameters

    return [one for file in files for one in load_parameters(file.expanduser())]


def planned(options: Namespace, document: Document) -> tuple[Plan, Catalog, Settings]:
    """The plan of a document that is not going to run, and what it was made with.

    Raises:
        GraphrunError: as a run's would, before anything runs.
    """
    from graphrun.request import Request
    from graphrun.session import Session

    session = Session(catalog=catalog(options), remember=False)
    request = Request(document, settings(options), lenient=options.lenient)
    plan, _ = session.plan(request)
    return plan, session.catalog, request.settings
