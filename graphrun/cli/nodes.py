"""`graphrun nodes [ls | show NAME | export DIR]`"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from graphrun.catalog import Catalog, InputSpec, NodeSpec
from graphrun.catalog.pack import installed
from graphrun.catalog.schema import SCHEMA_ID, to_object_info, to_schema
from graphrun.cli import render
from graphrun.errors import Diagnostic, ExitCode, UsageError


def nodes(options: Namespace) -> int:
    match options.action:
        case "show":
            return _show(options)
        case "export":
            return _export(options)
    wanted = (options.name or "").lower()
    found = {n: spec for n, spec in Catalog.installed().items() if wanted in n.lower()}
    if options.json:
        render.out_json({name: to_object_info(spec) for name, spec in found.items()})
        return ExitCode.OK
    width = max((len(name) for name in found), default=0)
    for name, spec in found.items():
        first = spec.description.partition("\n")[0]
        render.out(f"{name:<{width}}  {first}")
    return ExitCode.OK


def _show(options: Namespace) -> int:
    catalog = Catalog.installed()
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
        render.out("\n".join(_page(spec)))
    return ExitCode.OK


def _export(options: Namespace) -> int:
    """Write one schema per class, as the code has it now, and remove those of classes that went."""
    folder = Path(options.name or "schemas/nodes")
    specs = {name: spec for pack in installed() for name, spec in pack.all_nodes().items()}
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


def _page(spec: NodeSpec) -> Iterator[str]:
    yield f"{spec.class_type}  ({spec.title}, {spec.category})"
    yield ""
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
        parts.append(f"default {json.dumps(one.options['default'])}")
    if one.section == "optional":
        parts.append("optional")
    if not one.is_widget:
        parts.append("link")
    return ", ".join(parts)
