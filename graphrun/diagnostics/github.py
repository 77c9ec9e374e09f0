"""Problems as annotations of GitHub Actions, and the summary of a job."""

from __future__ import annotations

import os
from pathlib import Path

from graphrun.errors import Diagnostic, Position, UsageError

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def annotation(diagnostic: Diagnostic) -> str:
    """The workflow command, one line for stdout, that shows a problem beside its file.

    GitHub knows files by their path in the repository: a path below `$GITHUB_WORKSPACE`, or below
    the working folder where that is not set, is told relative to it.
    """
    message = diagnostic.message + (f"\n{diagnostic.hint}" if diagnostic.hint else "")
    named = {**_place(diagnostic.position), "title": diagnostic.code}
    properties = ",".join(f"{key}={_property(value)}" for key, value in named.items())
    return f"::{_COMMANDS[diagnostic.severity]} {properties}::{_data(message)}"


def summary(markdown: str) -> None:
    """Add a text to the page of the job; without `$GITHUB_STEP_SUMMARY` nothing happens.

    Raises:
        UsageError: the file of the page cannot be written.
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as page:
            page.write(markdown.rstrip("\n") + "\n\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"the job summary {file} cannot be written: {reason}"
        raise UsageError(Diagnostic("unwritable_output", message)) from error


def cell(text: str) -> str:
    """A text inside a Markdown table, where it would else end the cell or the row."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return "<br>".join(plain.splitlines())


def relative(file: str) -> str:
    """A path as GitHub shows it: below the repository's folder relative to it, with slashes."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    whole = Path.cwd() / file
    for path in (whole, whole.resolve()):  # a link inside the repository is shown as the link
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return Path(file).as_posix()


def _place(position: Position | None) -> dict[str, str]:
    """Nothing where the value stands in no file: an option, or standard input."""
    if position is None or not position.line or position.file.startswith("<"):
        return {}
    for inner in (" (workflow)", " (prompt)"):  # a place in a text that a picture holds
        if position.file.endswith(inner):
            return {"file": relative(position.file.removesuffix(inner))}
    return {
        "file": relative(position.file),
        "line": str(position.line),
        "col": str(position.column),
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
