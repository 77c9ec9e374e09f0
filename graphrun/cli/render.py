"""Diagnostics on stderr, and as JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from graphrun.errors import Diagnostic
from graphrun.report import diagnostic_json

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}


def out(text: str) -> None:
    print(text, flush=True)


def err(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def out_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False), flush=True)


def coloured(stream: Any) -> bool:
    """Colours only on a terminal, and never against NO_COLOR."""
    return (
        bool(stream.isatty())
        and not os.environ.get("NO_COLOR")
        and (os.environ.get("TERM") != "dumb")
    )


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """One problem a paragraph: place, severity and code, message, hint."""
    colour = coloured(sys.stderr)
    for one in found:
        text = str(one)
        if colour:
            word = f"{one.severity}[{one.code}]"
            text = text.replace(word, f"{_COLOURS[one.severity]}{word}\x1b[0m", 1)
        err(text)


def diagnostics_json(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    return [diagnostic_json(one) for one in found]
