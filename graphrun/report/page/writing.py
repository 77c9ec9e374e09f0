"""Run folders → one HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from graphrun.errors import Diagnostic, UsageError
from graphrun.report.page.comparison import compared
from graphrun.report.page.embedding import Embedding
from graphrun.report.page.reading import Run, read

NAME = "report.html"
"""What the page of a run is called in its folder."""

STYLES = ("base.css", "parts.css", "tables.css", "graph.css", "charts.css")

SCRIPTS = (
    "dom.js",
    "tables.js",
    "charts.js",
    "camera.js",
    "graph.js",
    "details.js",
    "surroundings.js",
    "single.js",
    "compare.js",
    "start.js",
)
"""In the order in which they need each other."""


def write(folders: Sequence[Path], target: Path) -> Path:
    """Write the page of a run, or of several beside each other, and return its path.

    One folder gives everything that the run left to say; several give a comparison, in which
    differences are those from the first. Files of the runs are linked relative to `target`, small
    pictures are in the page itself.

    Raises:
        UsageError: no folder, one without a readable report, or a target that cannot be written.
    """
    if not folders:
        raise UsageError(Diagnostic("bad_usage", "there is no run to report on"))
    runs = [read(Path(folder)) for folder in folders]
    text = "".join(_page(_title(runs), _content(runs, target.absolute().parent)))
    made = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text, "utf-8")
        made.replace(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"{target} cannot be written: {reason}"
        hint = "-o FILE writes it elsewhere"
        raise UsageError(Diagnostic("unwritable_output", message, hint=hint)) from error
    finally:
        with suppress(OSError):  # a folder that is none
            made.unlink()
    return target


def _content(runs: Sequence[Run], beside: Path) -> dict[str, Any]:
    """What the page's script draws; `runs` has one entry exactly where nothing is compared."""
    if len(runs) > 1:
        return {"comparison": compared(runs, beside)}
    (run,) = runs
    return {"run": {**run.to_json(), **Embedding(run, beside).to_json()}}


def _title(runs: Sequence[Run]) -> str:
    names = list(dict.fromkeys(run.name for run in runs))
    return f"{names[0]} – {runs[0].status}" if len(runs) == 1 else f"{len(runs)} runs of {names[0]}"


def _page(title: str, content: dict[str, Any]) -> Iterator[str]:
    """The file. Its policy lets a browser run this script and nothing that got in by a title."""
    style, script = _joined(STYLES), f'(() => {{\n"use strict";\n{_joined(SCRIPTS)}}})();\n'
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n'
    yield f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
    yield '<body>\n<div id="page"></div>\n<noscript>This page draws itself by script.</noscript>\n'
    yield f'<script type="application/json" id="data">{encoded(content)}</script>\n'
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def encoded(content: Any) -> str:
    """JSON in which nothing can end the element that it stands in, or open another."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "backslashreplace").decode()


def _joined(names: Sequence[str]) -> str:
    folder = files(__package__)
    return "".join((folder / name).read_text("utf-8") for name in names)


def _digest(text: str) -> str:
    """A source of a policy: exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
