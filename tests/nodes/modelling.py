"""What tests of models share: equality to the bit, also of gradients, and errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphrun_nodes
import pytest
import torch
from torch import Tensor, nn

from graphrun.errors import InputError

FACTS = json.loads((Path(__file__).parents[1] / "data" / "interfaces.json").read_text("utf-8"))
STATES = {name: facts["state_dict"] for name, facts in FACTS.items() if "state_dict" in facts}


def node(class_type: str) -> Callable[..., Any]:
    """A node's function, as the engine finds it."""
    spec = graphrun_nodes.PACK.all_nodes()[class_type]
    module = __import__(spec.module, fromlist=["NODES"])
    return module.NODES[class_type]


def seeded(build: Callable[..., Any], *args: Any, **inputs: Any) -> Any:
    """What is built with the generators in one state, without gradients as in a run."""
    torch.manual_seed(7)
    with torch.no_grad():
        return build(*args, **inputs)


def same(ours: nn.Module, plain: nn.Module, *inputs: Any) -> Tensor:
    """Both compute the same to the bit, in training and evaluation, and so do their gradients."""
    result = None
    for training in (True, False):
        results = []
        for model in (ours, plain):
            torch.manual_seed(3)
            model.train(training).zero_grad()
            output = model(*inputs)
            output = output[0] if isinstance(output, tuple) else output
            if output.requires_grad:
                output.square().sum().backward()
            grads = [p.grad for p in model.parameters()]
            results.append((output, grads, list(model.state_dict().values())))
        (result, ours_grads, ours_state), (wanted, grads, state) = results
        assert torch.equal(result, wanted)
        for mine, its in ((ours_grads, grads), (ours_state, state)):
            assert len(mine) == len(its)
            pairs = zip(mine, its, strict=True)
            assert all(torch.equal(a, b) if a is not None else b is None for a, b in pairs)
    return result


def refused(part: str, call: Callable[..., Any], *args: Any, **inputs: Any) -> InputError:
    """The InputError of a call; its message has the part."""
    with pytest.raises(InputError) as error:
        call(*args, **inputs)
    assert part in str(error.value)
    return error.value
