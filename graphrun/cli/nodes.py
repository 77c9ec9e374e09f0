"""`graphrun nodes [ls [PART] | show NAME | export [FILE.json | DIR]]`, how the results are told."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from graphrun.catalog import Catalog, NodeSpec
from graphrun.catalog.pack import installed
from graphrun.catalog.schema import SCHEMA_ID, to_object_info, to_schema
from graphrun.cli import blocks, pages, reading, render
from graphrun.cli.examples import teach
from graphrun.cli.neighbours import Neighbours
from graphrun.errors import Diagnostic, ExitCode, PackError, UsageError


def arguments(parser: ArgumentParser) -> None:
    teach(
        parser,
        "List the classes of nodes, show one, or export their definitions.",
        "graphrun nodes ls adam",
        "graphrun nodes show PtoAdamW",
        "graphrun nodes ls --pack custom_nodes/my_pack --category image",
        "graphrun nodes export object_info.json",
    )
    parser.add_argument("action", nargs="?", choices=("ls", "show", "export"), default="ls")
    parser.add_argument(
        "name", nargs="?", help="part of a class to list, class to show, or folder to export to"
    )
    parser.add_argument("--category", metavar="PART", help="only classes of these categories")
    parser.add_argument(
        "--format",
        choices=("text", "md"),
        default="text",
        help="md: Markdown; of export, a page per class and an index",
    )
    reading.add_packs(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def nodes(options: Namespace) -> int:
    match options.action:
        case "show":
            return _show(options)
        case "export":
            return _export(options)
    catalog = reading.catalog(options)
    found = _listed(options, catalog)
    if options.json:
        render.out_json({name: to_object_info(spec) for name, spec in found.items()})
        return ExitCode.OK
    width = max((len(name) for name in found), default=0)
    groups = pages.by_category(found)
    for category, names in groups.items():
        if len(groups) > 1:
            render.out(f"{category or 'no category'} ({len(names)})")
        for name in names:
            mark = " (interface only)" if catalog.interface_only(name) else ""
            indent = "  " if len(groups) > 1 else ""
            render.out(f"{indent}{name:<{width}}  {pages.first_line(found[name])}{mark}".rstrip())
    return ExitCode.OK


def _listed(options: Namespace, catalog: Catalog) -> dict[str, NodeSpec]:
    """The classes of all packs, with `--pack` those of the packs that were asked for.

    A class that cannot say what it is is left out, with a warning.
    """
    part = (options.name or "").lower() if options.action == "ls" else ""
    category = (options.category or "").lower()
    found = {}
    for name in catalog:
        asked = not options.packs or (catalog.runs(name) and catalog.pack(name).foreign)
        if part not in name.lower() or not asked:
            continue
        try:
            spec = catalog[name]
        except PackError as error:
            render.diagnostics([replace(d, severity="warning") for d in error.diagnostics])
            continue
        if category in spec.category.lower():
            found[name] = spec
    if not found and (part or category):
        raise _none_of(options, catalog)
    return found


def _none_of(options: Namespace, catalog: Catalog) -> UsageError:
    """The error for a list that would be empty."""
    if options.category is None:
        near = catalog.near(options.name)
        hint = f"did you mean {' or '.join(near)}?" if near else "`graphrun nodes` lists all"
        said = f"no class has {options.name!r} in its name"
    else:
        hint = "`graphrun nodes` lists all, by category"
        within = f" and {options.name!r} in its name" if options.name else ""
        said = f"no class has {options.category!r} in its category{within}"
    return UsageError(Diagnostic("no_such_class", said, hint=hint))


def _show(options: Namespace) -> int:
    catalog = reading.catalog(options)
    if not options.name:
        raise UsageError(Diagnostic("bad_usage", "graphrun nodes show NAME: the name is missing"))
    if options.name not in catalog:
        near = catalog.near(options.name)
        hint = f"did you mean {' or '.join(near)}?" if near else "`graphrun nodes` lists them"
        message = f"no installed pack has the class {options.name!r}"
        found = UsageError(Diagnostic("missing_node_type", message, hint=hint))
        found.exit_code = ExitCode.MISSING
        raise found
    spec = catalog[options.name]
    if options.json:
        render.out_json(to_object_info(spec))
        return ExitCode.OK
    page = pages.page(spec, Neighbours(catalog))
    lines = [blocks.markdown(page, ())] if options.format == "md" else blocks.plain(page)
    render.out("\n".join(lines).rstrip())
    return ExitCode.OK


def _export(options: Namespace) -> int:
    """All definitions as a server's /object_info has them; into a folder, one schema per class."""
    target = Path(options.name) if options.name else None
    if options.format == "md":
        return _export_pages(options, target or Path("docs/nodes"))
    if target is not None and target.suffix != ".json":
        return _export_schemas(options)
    listed = _listed(options, reading.catalog(options))
    document = {name: to_object_info(spec) for name, spec in listed.items()}
    if target is None:
        render.out_json(document)
    else:
        text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
        render.to_file(target, text + "\n")
    return ExitCode.OK


def _export_schemas(options: Namespace) -> int:
    """Write one schema per class as the code has it, and remove those of classes that went."""
    folder = Path(options.name or "schemas/nodes")
    named = [pack for pack in installed() if pack.folder == folder.name]
    specs = {n: spec for pack in named or installed() for n, spec in pack.all_nodes().items()}
    texts = {
        f"{name}.json": json.dumps(to_schema(spec), indent=1, ensure_ascii=False) + "\n"
        for name, spec in specs.items()
    }
    _write(folder, texts, mark=SCHEMA_ID)
    return _written(options, folder, specs, "schemas")


def _export_pages(options: Namespace, folder: Path) -> int:
    """Write a page per class and an index, and remove pages of classes that went."""
    catalog = reading.catalog(options)
    listed, around = _listed(options, catalog), Neighbours(catalog)
    texts = {f"{n}.md": blocks.markdown(pages.page(s, around), listed) for n, s in listed.items()}
    texts["README.md"] = blocks.markdown(pages.index(listed, around), listed)
    _write(folder, {name: f"{text}\n{_GENERATED}\n" for name, text in texts.items()}, _GENERATED)
    return _written(options, folder, listed, "pages")


_GENERATED = "<!-- written by `graphrun nodes export` -->"


def _write(folder: Path, texts: Mapping[str, str], mark: str) -> None:
    """Write all texts, and remove files that have the mark of generated ones and went."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending in {Path(name).suffix for name in texts}:
            for file in folder.glob(f"*{ending}"):
                if file.name not in texts and mark in file.read_text("utf-8"):
                    file.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise render.unwritable(folder, error) from error


def _written(options: Namespace, folder: Path, names: Iterable[str], what: str) -> int:
    names = sorted(names)
    if options.json:
        render.out_json({"folder": str(folder), "classes": names})
    else:
        render.out(f"{len(names)} {what} in {folder}")
    return ExitCode.OK
