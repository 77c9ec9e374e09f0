"""Small documents with the prompts that the editor makes of them, one construct each.

A case is `{about, specs, workflow, prompt}`. Prompts are compared to the last key, in order.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec
from graphrun.convert import convert, explain
from graphrun.documents import Workflow, loads

CASES = sorted(Path(__file__).with_name("convert").glob("*.json"))
CLOCK = datetime(2000, 1, 2, 3, 4, 5)


def specs(case: dict[str, Any]) -> dict[str, NodeSpec]:
    return {
        name: NodeSpec(
            name,
            tuple(InputSpec(**i) for i in spec["inputs"]),
            tuple(OutputSpec(t, t) for t in spec["outputs"]),
            title=spec.get("title", ""),
        )
        for name, spec in case["specs"].items()
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_prompt_is_the_editors(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    workflow = loads(json.dumps(case["workflow"]), name=path.name)
    assert isinstance(workflow, Workflow)
    prompt = convert(workflow, specs(case), clock=lambda: CLOCK)
    found, expected = prompt.to_json(), case["prompt"]
    assert found == expected
    assert list(found) == list(expected)
    assert [list(n["inputs"]) for n in found.values()] == [
        list(n["inputs"]) for n in expected.values()
    ]
    told = {d.node_id for d in explain(workflow, specs(case))}
    top = {str(node["id"]) for node in case["workflow"]["nodes"]}
    assert {i for i in top if i not in found} <= told | {grouped(i, case) for i in top}


def grouped(id: str, case: dict[str, Any]) -> str | None:
    """The id, if it is that of a group node: those are told under the id of what they become."""
    types = {str(node["id"]): node["type"] for node in case["workflow"]["nodes"]}
    return id if types[id].startswith("workflow") else None
