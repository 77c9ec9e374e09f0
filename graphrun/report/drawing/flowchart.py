"""A drawing as text that other programs draw: Mermaid flowcharts and Graphviz."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from graphrun.report.drawing.drawing import Box, Drawing

_MEANING = '"#&<>`;\\|{}[]()'
"""Characters that mean something in some label of Mermaid's."""


def mermaid(drawing: Drawing, marks: Mapping[str, str]) -> str:
    """A flowchart, as Markdown files take it; groups are subgraphs."""
    return "\n".join(_mermaid(drawing, marks)) + "\n"


def _mermaid(drawing: Drawing, marks: Mapping[str, str]) -> Iterator[str]:
    names = _names(drawing)

    def node(box: Box) -> str:
        return f'{names[box.id]}["{_label(box, marks, _escaped, "<br/>")}"]'

    yield "flowchart LR"
    for number, (title, boxes) in enumerate(_grouped(drawing)):
        if title is None:
            yield from (f"  {node(box)}" for box in boxes)
            continue
        yield f'  subgraph g{number}["{_escaped(title)}"]'
        yield from (f"    {node(box)}" for box in boxes)
        yield "  end"
    for wire in dict.fromkeys((w.source, w.type, w.target) for w in drawing.wires):
        source, kind, target = wire
        label = f'|"{_escaped(kind)}"| ' if kind not in ("", "*") else " "
        yield f"  {names[source]} -->{label}{names[target]}"


def dot(drawing: Drawing, marks: Mapping[str, str], title: str) -> str:
    """A directed graph in Graphviz's language; groups are clusters."""
    return "\n".join(_dot(drawing, marks, title)) + "\n"


def _dot(drawing: Drawing, marks: Mapping[str, str], title: str) -> Iterator[str]:
    names = _names(drawing)
    yield f"digraph {_quoted(title)} {{"
    yield '  rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];'
    for number, (title_, boxes) in enumerate(_grouped(drawing)):
        if title_ is not None:
            yield f"  subgraph cluster_{number} {{ label={_quoted(title_)};"
        for box in boxes:
            yield f"    {names[box.id]} [label={_quoted(_label(box, marks, str, chr(10)))}];"
        if title_ is not None:
            yield "  }"
    for wire in dict.fromkeys((w.source, w.type, w.target) for w in drawing.wires):
        source, kind, target = wire
        yield f"  {names[source]} -> {names[target]} [label={_quoted(kind)}, fontsize=9];"
    yield "}"


def _names(drawing: Drawing) -> dict[str, str]:
    """Names that no language minds: ids may hold anything."""
    return {box.id: f"n{number}" for number, box in enumerate(drawing.boxes)}


def _grouped(drawing: Drawing) -> Iterator[tuple[str | None, list[Box]]]:
    """Boxes by the group that they lie in, then those in none."""
    boxes = {box.id: box for box in drawing.boxes}
    for group in drawing.groups:
        if group.nodes:
            yield group.title, [boxes.pop(name) for name in group.nodes]
    if boxes:
        yield None, list(boxes.values())


def _label(box: Box, marks: Mapping[str, str], escaped: Callable[[str], str], line: str) -> str:
    words = f"{marks.get(box.id, '')} {box.title}".strip()
    parts = [words] if box.title == box.class_type else [words, box.class_type]
    return line.join(escaped(part) for part in parts)


def _escaped(text: str) -> str:
    """Mermaid's own escapes, by the number of the character."""
    shown = " ".join(text.split()) or " "
    return "".join(f"#{ord(c)};" if c in _MEANING or not c.isprintable() else c for c in shown)


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{"".join(c if c.isprintable() else " " for c in inner)}"'
