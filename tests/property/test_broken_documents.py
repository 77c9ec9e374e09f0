"""Documents with parts cut out, moved or replaced are converted or refused, and nothing else."""

import copy
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graphrun.catalog.spec import InputSpec, NodeSpec, OutputSpec
from graphrun.convert import convert, explain
from graphrun.documents import Workflow, loads
from graphrun.errors import GraphrunError

FOLDER = Path(__file__).parents[1] / "conformance" / "convert"
CASES = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
SPECS = {
    name: NodeSpec(
        name,
        tuple(InputSpec(**i) for i in spec["inputs"]),
        tuple(OutputSpec(t, t) for t in spec["outputs"]),
    )
    for case in CASES
    for name, spec in case["specs"].items()
}
JUNK = [None, 0, -1, 11, "", "a", -10, "-20", [], {}, [["1", 0]], 1.5, True, 10**18, "soft"]


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    for value in waiting:
        keys = value if isinstance(value, dict) else range(len(value))
        found += [(value, key) for key in keys]
        waiting += [value[key] for key in keys if isinstance(value[key], dict | list)]
    return found


def broken(document: Any, rng: random.Random) -> Any:
    document = copy.deepcopy(document)
    for _ in range(rng.choice([1, 1, 2, 4])):
        found = places(document)
        if not found:
            break
        holder, key = rng.choice(found)
        other, other_key = rng.choice(found)
        match rng.randrange(3):
            case 0:
                del holder[key]
            case 1:
                holder[key] = copy.deepcopy(other[other_key])
            case _:
                holder[key] = copy.deepcopy(rng.choice(JUNK))
    return document


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), st.integers(0, 2**32))
def test_broken_documents_are_converted_or_refused(case: Any, seed: int) -> None:
    document = broken(case["workflow"], random.Random(seed))
    with suppress(GraphrunError):
        workflow = loads(json.dumps(document))
        if isinstance(workflow, Workflow):
            convert(workflow, SPECS).to_json()
            explain(workflow, SPECS)
