"""`graphrun plan FILE`"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrun.cli import reading, render
from graphrun.errors import ExitCode

if TYPE_CHECKING:
    from graphrun.catalog import Catalog
    from graphrun.plan import Plan
    from graphrun.report.drawing import Drawing

FORMATS = ("text", "json", "mermaid", "svg", "dot")

_EXAMPLES = """examples:
  graphrun plan workflow.json
  graphrun plan workflow.json --format svg -o workflow.svg
  graphrun plan workflow.json --format mermaid --set 27.epochs=3"""


def arguments(parser: ArgumentParser) -> None:
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = "What would run, in which order; as text, JSON, or a picture."
    parser.epilog = _EXAMPLES
    parser.add_argument("file", metavar="FILE", help="workflow or prompt, - for stdin")
    told = "only what these ids need"
    parser.add_argument("targets", nargs="*", default=[], metavar="NODE", help=told)
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default text)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change a value; NODE is an id, a title or a class (repeatable)",
    )
    parser.add_argument("--tiny", action="store_true", help="with the values that --tiny cuts")
    reading.add_places(parser)
    reading.add_options(parser)
    reading.add_lenient(parser)


def plan(options: Namespace) -> int:
    """Print what would run, in order.

    Raises:
        GraphrunError: as a run's would, before anything runs.
    """
    from graphrun.request import Request
    from graphrun.session import Session

    session = Session(catalog=reading.catalog(options), remember=False)
    request = Request(
        reading.load(options, options.file),
        replace(reading.settings(options), tiny=options.tiny),
        overrides=options.overrides,
        targets=options.targets or None,
        lenient=options.lenient,
    )
    found, _ = session.plan(request)
    render.diagnostics(found.warnings)
    text = _written(found, session.catalog, options.format)
    if options.output:
        render.to_file(options.output, text)
    else:
        render.out(text.removesuffix("\n"))
    return ExitCode.OK


def _written(plan: Plan, catalog: Catalog, form: str) -> str:
    if form == "text":
        return "".join(f"{line}\n" for line in _rows(plan))
    drawing = _drawing(plan, catalog)
    marks = {step.node.id: str(number) for number, step in enumerate(plan.steps, 1)}
    title = Path(plan.prompt.name).name
    if form == "svg":
        from graphrun.report.drawing.svg import svg

        return svg(drawing, marks, title)
    if form == "json":
        import json

        return json.dumps(_document(plan, drawing), indent=2, ensure_ascii=False) + "\n"
    from graphrun.report.drawing.flowchart import dot, mermaid

    return mermaid(drawing, marks) if form == "mermaid" else dot(drawing, marks, title)


def _drawing(plan: Plan, catalog: Catalog) -> Drawing:
    """What would run, at its places, and nothing else of the file."""
    from graphrun.report.drawing import Slot, draw

    nodes = {step.node.id: step.node for step in plan.steps}
    ordered = {name: nodes[name] for name in plan.prompt.nodes if name in nodes}
    outputs = {
        name: [Slot(one.name, one.type) for one in catalog[node.class_type].outputs]
        for name, node in ordered.items()
    }
    return draw(replace(plan.prompt, nodes=ordered), plan.prompt.workflow, outputs)


def _rows(plan: Plan) -> list[str]:
    numbers = {step.node.id: str(number) for number, step in enumerate(plan.steps, 1)}
    rows = [
        (
            numbers[step.node.id],
            step.node.id,
            step.node.class_type,
            step.node.title if step.node.title != step.node.class_type else "",
            f"after {', '.join(numbers[name] for name in step.uses)}" if step.uses else "",
        )
        for step in plan.steps
    ]
    cells = [tuple(" ".join((cell or "").split()) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        f"{number:>{widths[0]}}  {node:>{widths[1]}}  {kind:<{widths[2]}}  "
        f"{title:<{widths[3]}}  {after}".rstrip()
        for number, node, kind, title, after in cells
    ]


def _document(plan: Plan, drawing: Drawing) -> dict[str, Any]:
    """What `schemas/plan.schema.json` describes."""
    return {
        "format": 1,
        "name": plan.prompt.name,
        "steps": [
            {
                "node": step.node.id,
                "class_type": step.node.class_type,
                "title": step.node.title or step.node.class_type,
                "needs": list(step.needs),
                "uses": list(step.uses),
            }
            for step in plan.steps
        ],
        "targets": list(plan.roots),
        "groups": [{"title": one.title, "nodes": list(one.nodes)} for one in drawing.groups],
        "diagnostics": [one.to_json() for one in plan.warnings],
    }
