"""`--init`: a test file to begin with, made of a workflow or of a run that was finished."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrun.errors import Diagnostic, DocumentError, UsageError
from graphrun.request import Request
from graphrun.session import Session
from graphrun.testing.model import SUFFIX
from graphrun.testing.running import Around

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INSIDE = re.compile(r" \((workflow|prompt)\)$")
"""What the names of documents in media files end with."""
_TENSOR = re.compile(r"(?P<slot>.*): \w+\[(?P<shape>[0-9, ]*)\] (?P<dtype>\w+)")
"""What a report says of a tensor."""
_PREVIEW = re.compile(r"_temp_[a-z]{5}_(?=\d+_)")
"""What the names of previews have that no other run gives them."""
_TIMED = ("_per_s", "seconds")
"""Ends of the names of figures that hang on the machine."""
_RTOL = 0.05


def skeleton(source: Path, around: Around, packs: Sequence[str] = ()) -> Path:
    """Write the test file of a workflow, or of a run folder's workflow; its path.

    `packs` are those that it needs: paths, or names of installed ones.

    Raises:
        DocumentError, ValidationFailed: the workflow or the report cannot be read or planned.
        UsageError: there is a test file already, or it cannot be written.
    """
    report = source / "report.json" if source.is_dir() else source
    if report.name == "report.json":
        workflow, lines = _of_run(report)
    else:
        workflow, lines = source, list(_of_workflow(source, around))
    target = workflow.with_name(workflow.stem + SUFFIX)
    named = [] if workflow.suffix == ".json" else [f"workflow = {_text(workflow.name)}"]
    head = [
        f"# Tests of {workflow.name}. `graphrun test {target.name}` runs them.",
        "# docs/testing.md has everything that can be expected.",
        *named,
        *_packs(packs, target.parent),
    ]
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write("\n".join([*head, *lines]) + "\n")
    except FileExistsError as error:
        message, hint = f"{target} is there already", "remove it, or add to it"
        raise UsageError(Diagnostic("file_exists", message, hint=hint)) from error
    except OSError as error:
        message = f"{target} cannot be written: {(error.strerror or str(error)).lower()}"
        raise UsageError(Diagnostic("unwritable_output", message)) from error
    return target


def _of_workflow(workflow: Path, around: Around) -> Iterator[str]:
    session = Session(catalog=around.catalog, remember=False)
    planned, _ = session.plan(Request.of(workflow, settings=around.settings))
    yield "tiny = true  # small stand-ins for models and data; false runs the workflow as it is"
    yield from ("", "[test.runs]")
    ran = ((s.node.id, s.node.class_type, s.node.title or "") for s in planned.steps)
    yield from _ran(ran)
    yield from ("", "# [test.runs.metrics]", "# val_accuracy = { min = 0.8 }")
    yield from ("", "# [test.runs.outputs]", '# "NODE.0" = { shape = [2, 3], dtype = "float32" }')


def _of_run(path: Path) -> tuple[Path, list[str]]:
    """The workflow of a run, and what its report says as expectations."""
    try:
        report = json.loads(path.read_text("utf-8"))
        workflow, status = Path(_INSIDE.sub("", report["name"])), report["status"]
        lines = list(_expected(report, workflow.parent))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError(Diagnostic("unreadable_file", f"{path}: {reason}")) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocumentError(Diagnostic("invalid_report", f"{path} is no report")) from error
    if status == "interrupted":
        message = f"{path.parent} was interrupted: it does not say what a whole run does"
        raise UsageError(Diagnostic("bad_usage", message, hint="run it to its end first"))
    if not workflow.is_file():
        message = f"the workflow of the run is not here: {workflow}"
        hint = "run this in the folder that the run was started in"
        raise UsageError(Diagnostic("missing_workflow", message, hint=hint))
    return workflow, lines


def _expected(report: Mapping[str, Any], base: Path) -> Iterator[str]:
    settings = report["settings"]
    yield from ("", "[test.as_before]")
    if settings["tiny"]:
        yield "tiny = true"
    if settings["device"] != "auto":
        yield f"device = {_text(settings['device'])}"
    if settings.get("deterministic"):
        yield "deterministic = true"
    yield f"seed = {report['seed']}"
    if settings["targets"]:
        yield f"targets = {json.dumps(settings['targets'], ensure_ascii=False)}"
    pairs = (setting.partition("=") for setting in settings["overrides"])
    yield from _inline("set", {name: _literal(value) for name, _, value in pairs})
    yield from _inline("alias", dict(_aliases(report, base)))
    if report.get("error"):
        node = report["error"].get("node")
        more = f", node = {_text(node)}" if node else ""
        yield f"fails = {{ code = {_text(report['error']['code'])}{more} }}"
    elif report["files"]:
        names = (_PREVIEW.sub("_temp_?????_", _literally(file)) for file in report["files"])
        yield f"files = [{', '.join(map(_text, names))}]"
    done = [node for node in report["nodes"] if node["state"] in ("finished", "cached")]
    if any(node["state"] == "cached" for node in done):
        yield "# Results of the run came from the cache, so that others may have to run too."
        key = "must_run"
    else:
        key = "ran"
    yield from _ran(((n["id"], n["class_type"], n["title"]) for n in done), key)
    if not report.get("error"):
        yield from _figures(report["metrics"]["final"])
        yield from _shapes(done)


def _packs(packs: Sequence[str], base: Path) -> Iterator[str]:
    """Packs as a test file names them: paths relative to it."""
    names = [_relative(Path(one), base) if Path(one).exists() else one for one in packs]
    if names:
        yield f"packs = [{', '.join(map(_text, names))}]"


def _aliases(report: Mapping[str, Any], base: Path) -> Iterator[tuple[str, str]]:
    """Aliases as a test file has them; the report has names of columns where the name was used."""
    used = {one["name"]: one for one in report.get("resources", ()) if one["source"] == "alias"}
    for name, folder in report["settings"]["aliases"].items():
        path = _text(_relative(Path(folder), base))
        columns = used.get(name, {}).get("columns", {})
        if not columns:
            yield name, path
            continue
        pairs = (f"{key} = {_value(value)}" for key, value in columns.items())
        yield name, f"{{ path = {path}, {', '.join(pairs)} }}"


def _value(value: Any) -> str:
    """Texts, lists of texts and tables of them."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_text(v)}' for k, v in value.items())} }}"
    return _text(value) if isinstance(value, str) else f"[{', '.join(map(_text, value))}]"


def _ran(nodes: Iterable[tuple[str, str, str]], key: str = "ran") -> Iterator[str]:
    yield f"nodes.{key} = ["
    for node_id, class_type, title in nodes:
        own = f" ({title})" if title and title != class_type else ""
        yield f"  {_text(node_id)},  # {_comment(class_type + own)}"
    yield "]"


def _figures(final: Mapping[str, Any]) -> Iterator[str]:
    numbers = {
        name: value
        for name, value in final.items()
        if type(value) in (int, float) and not name.endswith(_TIMED)
    }
    if numbers:
        yield from ("", "[test.as_before.metrics]")
    for name, value in numbers.items():
        if isinstance(value, int):
            yield f"{_key(name)} = {value}"
        else:
            yield f"{_key(name)} = {{ value = {value!r}, rtol = {_RTOL} }}"


def _shapes(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    found = [
        (f"{node['id']}.{number}", match)
        for node in nodes
        for number, told in enumerate(node["outputs"])
        if (match := _TENSOR.fullmatch(told))
    ]
    if found:
        yield from ("", "[test.as_before.outputs]")
    for address, match in found:
        shape, dtype = f"[{match['shape']}]", _text(match["dtype"])
        yield f"{_key(address)} = {{ shape = {shape}, dtype = {dtype} }}"


def _inline(name: str, table: Mapping[str, str]) -> Iterator[str]:
    if table:
        yield f"{name} = {{ {', '.join(f'{_key(k)} = {v}' for k, v in table.items())} }}"


def _literal(text: str) -> str:
    """A value as it was typed: a number where it is one, else a text."""
    with suppress(ValueError):
        number = json.loads(text)
        if isinstance(number, int | float | bool):
            return json.dumps(number)
    return _text(text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text)


def _literally(file: str) -> str:
    """The name of a file as a pattern that nothing else fits."""
    return re.sub(r"([*?[])", r"[\1]", Path(file).name)


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path.absolute(), base.absolute())).as_posix()


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """As TOML writes it: JSON's form, but for the one control character that JSON leaves."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)
