"""Writes docs/comfyui.md: what of ComfyUI's execution contract holds, from the cases that show it.

python tests/conformance/contract.py
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "comfyui.md"

VERDICTS = ("same", "kinder", "not offered")

SECTIONS = {
    "1": "Prompt documents",
    "2": "Node classes",
    "3": "Input definitions",
    "4": "Hidden inputs",
    "5": "Checks before a run",
    "6": "Types of links",
    "7": "Conversion of literals",
    "8": "Order",
    "9": "Calls",
    "10": "What a call returns",
    "11": "Lazy inputs and raw links",
    "12": "Blockers",
    "13": "Graphs built by nodes",
    "14": "Served results",
    "15": "Errors and stops",
    "16": "Progress",
    "17": "What is newer",
    "18": "The third API",
    "19": "Loading packs",
    "21": "Pitfalls",
}
"""Chapters of the document, by the section that a case names."""

_OPENING = """\
# ComfyUI's execution contract

How graphrun runs node classes that were written for ComfyUI, compared with ComfyUI itself. Each
point is a case in [tests/conformance/execution](../tests/conformance/execution), which the tests
run; this page is written from them by `tests/conformance/contract.py`, so do not edit it.

- **same**: as ComfyUI.
- **kinder**: where ComfyUI loses something in silence or fails without saying why. The reason is
  given.
- **not offered**: what a runner without a server or browser does not have. It is refused, or left
  out as the point says.

{summary}
"""

_SERVER = """\
## HTTP and WebSocket

Not offered: graphrun is a command and a Python library, not a server. `Session.run` takes the
place of `POST /prompt`; its `observe` that of the WebSocket messages; its report that of the
history.
"""


def cases() -> list[dict[str, Any]]:
    """All cases, in the order of the files."""
    paths = sorted((HERE / "execution").glob("*.json"))
    return [case for path in paths for case in json.loads(path.read_text("utf-8"))]


def runs(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of a case; one with a prompt of its own is one run."""
    if "runs" in case:
        found: list[dict[str, Any]] = case["runs"]
        return found
    outside = {"about", "section", "verdict", "reason", "packs", "told"}
    return [{key: value for key, value in case.items() if key not in outside}]


def name(case: dict[str, Any]) -> str:
    """A short name for a case, as tests have it."""
    return f"{case['section']}: {case['about'][:70].rstrip()}"


def document(found: list[dict[str, Any]]) -> str:
    """The text of docs/comfyui.md."""
    counted = Counter(case["verdict"] for case in found)
    summary = ", ".join(f"{counted[verdict]} {verdict}" for verdict in VERDICTS)
    parts = [_OPENING.format(summary=f"{len(found)} points: {summary}.")]
    for section, title in SECTIONS.items():
        lines = [_line(case) for case in found if case["section"] == section]
        parts.append(f"## {title}\n\n" + "".join(lines))
        if section == "19":
            parts.append(_SERVER)
    return "\n".join(parts)


def _line(case: dict[str, Any]) -> str:
    reason = f" {case['reason']}" if "reason" in case else ""
    return f"- **{case['verdict']}**: {case['about']}{reason}\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(cases()), "utf-8")
