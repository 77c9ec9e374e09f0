"""Diagnostics on stderr, and as JSON on stdout."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from graphrun.errors import Diagnostic, UsageError

_RESULTS: ContextVar[TextIO | None] = ContextVar("graphrun_results", default=None)
_HUSHED: ContextVar[bool] = ContextVar("graphrun_hushed", default=False)

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}


def prepare() -> None:
    """Let a stream that knows few characters write the others as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def results_apart() -> Iterator[None]:
    """Keep stdout for results: whatever the code of packs prints goes to stderr.

    Also what their libraries and the programs that they start write past Python.
    """
    stream = sys.stdout
    apart = _beside(stream)
    token = _RESULTS.set(apart or stream)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _RESULTS.reset(token)
        if apart is not None:
            os.dup2(apart.fileno(), stream.fileno())
            apart.close()


def _beside(stream: TextIO) -> TextIO | None:
    """Another stream to where this one leads, which now leads to stderr; None if it is no file."""
    try:
        number, other = stream.fileno(), sys.stderr.fileno()
    except (OSError, AttributeError):  # a notebook's, or a test's
        return None
    stream.flush()
    apart = os.fdopen(os.dup(number), "w", encoding=stream.encoding, errors="backslashreplace")
    os.dup2(other, number)
    return apart


def _results() -> TextIO:
    return _RESULTS.get() or sys.stdout


def out(text: str) -> None:
    _write(_results(), _printable(text))


def err(text: str) -> None:
    _write(sys.stderr, _printable(text))


def out_json(document: Any) -> None:
    # Packs put objects of any kind into the options of inputs: those are told as their text.
    _write(_results(), json.dumps(document, indent=2, ensure_ascii=False, default=str))


def out_line(text: str) -> None:
    """A line of JSON on stdout, as it is."""
    _write(_results(), text)


def aloud(text: str) -> None:
    """Write to stderr also where the process is hushed."""
    token = _HUSHED.set(False)
    try:
        err(text)
    finally:
        _HUSHED.reset(token)


@contextmanager
def hushed() -> Iterator[None]:
    """Write nothing but what is said `aloud`: another process says the rest."""
    token = _HUSHED.set(True)
    try:
        yield
    finally:
        _HUSHED.reset(token)


def _printable(text: str) -> str:
    from graphrun.report.text import printable

    return printable(text)


def _write(stream: TextIO, text: str) -> None:
    """A reader that has gone (`graphrun nodes | head`) has what it wanted."""
    if _HUSHED.get():
        return
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Nothing can be written any more, not even what is buffered when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is _results():
            raise unwritable(Path("standard output"), error) from error


def to_file(path: Path, text: str) -> None:
    """Write a whole file or none: beside it first, since the disk may be full.

    Raises:
        UsageError: it cannot be written.
    """
    if path.exists() and not path.is_file():  # a device or a pipe cannot be replaced
        beside = path
    else:
        beside = path.with_name(f".{os.getpid()}.part")
    try:
        beside.write_text(text, "utf-8")
        if beside != path:
            beside.replace(path)
    except OSError as error:
        if beside != path:
            beside.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def drawable(stream: Any) -> bool:
    """Whether a stream is a terminal that can be drawn on."""
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def coloured(stream: Any) -> bool:
    """Colours only on a terminal, and never against NO_COLOR."""
    return drawable(stream) and not os.environ.get("NO_COLOR")


def unwritable(path: Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(Diagnostic("unwritable_output", f"{path} cannot be written: {reason}"))


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """One problem a paragraph: place, severity and code, message, hint."""
    colour = coloured(sys.stderr)
    for one in found:
        text = _printable(str(one))
        if colour:
            word = f"{one.severity}[{one.code}]"
            text = text.replace(word, f"{_COLOURS[one.severity]}{word}\x1b[0m", 1)
        _write(sys.stderr, text)


def again() -> str:
    """The command that was given, to be given again: what it has done by now is not begun anew."""
    return shlex.join(["graphrun", *(one for one in sys.argv[1:] if one != "--fresh")])
