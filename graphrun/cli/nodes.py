"""`graphrun nodes [ls [PART] | show NAME | export [FILE.json | DIR]]`"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from graphrun.catalog import InputSpec, NodeSpec
from graphrun.catalog.pack import installed
from graphrun.catalog.schema import SCHEMA_ID, to_object_info, to_schema
from graphrun.cli import reading, render
from graphrun.errors import Diagnostic, ExitCode, PackError, UsageError


def nodes(options: Namespace) -> int:
    match options.action:
        case "show":
            return _show(options)
        case "export":
            return _export(options)
    found = _listed(options)
    if options.json:
        render.out_json({name: to_object_info(spec) for name, spec in found.items()})
        return ExitCode.OK
    width = max((len(name) for name in found), default=0)
    for name, spec in found.items():
        first = spec.description.strip().partition("\n")[0]
        render.out(f"{name:<{width}}  {first}".rstrip())
    return ExitCode.OK


def _listed(options: Namespace) -> dict[str, NodeSpec]:
    """The classes of all packs, with `--pack` those of the packs that were asked for.

    A class that cannot say what it is is left out, with a warning.
    """
    catalog = reading.catalog(options)
    part = (options.name or "").lower() if options.action == "ls" else ""
    found = {}
    for name in catalog:
        if part not in name.lower() or (options.packs and not catalog.pack(name).foreign):
            continue
        try:
            found[name] = catalog[name]
        except PackError as error:
            render.diagnostics([replace(d, severity="warning") for d in error.diagnostics])
    return found


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
    else:
        render.out("\n".join(_page(spec, catalog.pack(options.name).name)))
    return ExitCode.OK


def _export(options: Namespace) -> int:
    """All definitions as a server's /object_info has them; into a folder, one schema per class."""
    target = Path(options.name) if options.name else None
    if target is not None and target.suffix != ".json":
        return _export_schemas(options)
    document = {name: to_object_info(spec) for name, spec in _listed(options).items()}
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.json"):
            if file.stem not in specs and SCHEMA_ID in file.read_text("utf-8"):
                file.unlink()
        for name, spec in specs.items():
            text = json.dumps(to_schema(spec), indent=1, ensure_ascii=False)
            (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    except OSError as error:
        raise render.unwritable(folder, error) from error
    if options.json:
        render.out_json({"folder": str(folder), "classes": sorted(specs)})
    else:
        render.out(f"{len(specs)} schemas in {folder}")
    return ExitCode.OK


def _page(spec: NodeSpec, pack: str) -> Iterator[str]:
    about = (spec.title, spec.category, f"pack {pack}")
    yield f"{spec.class_type}  ({', '.join(word for word in about if word)})"
    yield ""
    if spec.description:
        yield spec.description
        yield ""
    yield "inputs:" if spec.visible else "inputs: none"
    for one in spec.visible:
        yield f"  {one.name}  {_describe(one)}"
    yield "outputs:" if spec.outputs else "outputs: none"
    for index, output in enumerate(spec.outputs):
        yield f"  {index}  {output.name}  {output.type}{'  (list)' if output.is_list else ''}"


def _describe(one: InputSpec) -> str:
    parts = [one.type]
    if one.type == "COMBO":
        parts.append(" | ".join(str(c) for c in one.choices))
    low, high = one.options.get("min"), one.options.get("max")
    if low is not None or high is not None:
        parts.append(f"{low} to {high}")
    if "default" in one.options:
        parts.append(f"default {json.dumps(one.options['default'], default=str)}")
    if one.section == "optional":
        parts.append("optional")
    if not one.is_widget:
        parts.append("link")
    return ", ".join(parts)
