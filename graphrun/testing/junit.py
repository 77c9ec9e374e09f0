"""Results as JUnit XML, as build servers read it: a suite a file, a case a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from graphrun.testing.model import Result

# What XML 1.0 has no characters for, not even as escapes.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Iterable[Result], started: float) -> str:
    """The document; `started` is in Unix seconds.

    A test that failed has a `failure`, one that could not be tried an `error`.
    """
    results = list(results)
    whole = _figures(results)
    del whole["skipped"]  # which the schemas have for suites only
    root = Element("testsuites", {"name": "graphrun", **whole})
    begun = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for file, group in groupby(results, key=lambda one: str(one.test.file)):
        own = list(group)
        suite = SubElement(
            root, "testsuite", {"name": _text(file), "timestamp": begun, **_figures(own)}
        )
        for one in own:
            _case(suite, one)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, "unicode") + "\n"


def _case(suite: Element, result: Result) -> None:
    test = result.test
    attributes = {
        "classname": _text(str(test.file.with_suffix("").with_suffix("")).replace("/", ".")),
        "name": _text(test.name),
        "file": _text(str(test.file)),
        "line": str(test.line),
        "time": f"{result.seconds:.3f}",
    }
    case = SubElement(suite, "testcase", attributes)
    if result.outcome == "skipped":
        SubElement(case, "skipped", {"message": _text(result.reason or "")})
    elif not result.ok:
        first = result.findings[0] if result.findings else None
        facts = {"message": first.message, "type": first.code} if first else {}
        kind = "failure" if result.outcome == "failed" else "error"
        inner = SubElement(case, kind, {key: _text(value) for key, value in facts.items()})
        inner.text = _text(result.message)
    if result.notes:
        SubElement(case, "system-out").text = _text("\n".join(map(str, result.notes)))


def _figures(results: Sequence[Result]) -> dict[str, str]:
    number = dict.fromkeys(("failed", "error", "skipped"), 0)
    for one in results:
        if one.outcome in number:
            number[one.outcome] += 1
    return {
        "tests": str(len(results)),
        "failures": str(number["failed"]),
        "errors": str(number["error"]),
        "skipped": str(number["skipped"]),
        "time": f"{sum(one.seconds for one in results):.3f}",
    }


def _text(text: str) -> str:
    return _UNWRITABLE.sub("�", text)
