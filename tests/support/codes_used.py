"""The codes of problems that the sources use, read from their syntax."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FIRST_ARGUMENT = {"Diagnostic", "finding", "_warn"}
"""Calls whose first argument is a code."""

_NOTES = {"info", "warn", "error"}
"""Methods of the notes of a conversion, whose first argument is one, too."""


def sources() -> list[Path]:
    return sorted([*ROOT.glob("graphrun/**/*.py"), *ROOT.glob("nodes/**/*.py")])


def constants() -> set[str]:
    """Every text that stands in the sources."""
    return {
        node.value
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def used() -> dict[str, str]:
    """Codes by a place where each is used: arguments, defaults, and variables called `code`."""
    found: dict[str, str] = {}
    for path in sources():
        if "health" in path.parts or path.name == "doctor.py":
            continue  # what `graphrun doctor` finds has topics
        for node in ast.walk(ast.parse(path.read_text())):
            for code in _codes(node):
                found.setdefault(code, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}")
    return found


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            name = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
            for keyword in keywords:
                if keyword.arg == "code":
                    yield from _texts(keyword.value)
            of_notes = isinstance(func, ast.Attribute) and ast.unparse(func.value).endswith("notes")
            if args and (name in _FIRST_ARGUMENT or (of_notes and name in _NOTES)):
                yield from _texts(args[0])
            if ast.unparse(func) == "MissingResource.of":
                yield from (f"missing_{text}" for text in _texts(args[0]))
        case ast.Assign(targets=[ast.Name(id="code")], value=value):
            yield from _texts(value)
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="code"), *_])], value=value):
            if isinstance(value, ast.Tuple):
                yield from _texts(value.elts[0])
            elif isinstance(value, ast.IfExp):
                for way in (value.body, value.orelse):
                    yield from _texts(way.elts[0] if isinstance(way, ast.Tuple) else way)
        case ast.FunctionDef(args=ast.arguments(kwonlyargs=named, kw_defaults=defaults)):
            for argument, default in zip(named, defaults, strict=True):
                if argument.arg == "code" and default is not None:
                    yield from _texts(default)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
