"""Optimizers in one kernel a step while a training lasts, and as they were afterwards.

torch has such kernels for Adam, AdamW and SGD; they are equal to the others to rounding. What
remembers such an optimizer, as a kept training does, may hold the switch: `fuse` sets it to what
fits, whatever it was, and is called before every pass that trains.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

_KINDS = (Adam, AdamW, SGD)
_DEVICES = ("cpu", "cuda")
_CHOSEN = ("foreach", "fused", "capturable", "differentiable")
"""Options with which somebody has decided how steps are computed."""


def fuse(model: nn.Module, optimizer: Optimizer) -> bool:
    """Have steps computed by one kernel, if all parameters have one; whether they are.

    What the optimizer remembers stays. Parameters are on their device by now.
    """
    if not _is_open(optimizer):
        return False
    able = _fits(model, optimizer)
    _switch(optimizer, True if able else None)
    return able


def unfuse(optimizer: Optimizer) -> None:
    """Have steps computed as before `fuse`; also where a state was loaded that says otherwise."""
    if _is_open(optimizer):
        _switch(optimizer, None)


def _is_open(optimizer: Optimizer) -> bool:
    """Whether it is one of those, and was made without a choice of how to compute."""
    return type(optimizer) in _KINDS and not any(optimizer.defaults.get(n) for n in _CHOSEN)


def _fits(model: nn.Module, optimizer: Optimizer) -> bool:
    if any(getattr(module, "sparse", False) for module in model.modules()):
        return False  # its gradients are sparse
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    places = {p.device for p in parameters}
    if len(places) != 1 or next(iter(places)).type not in _DEVICES:
        return False
    # The kernel for CPUs goes through memory in its order, whatever the strides are.
    return all(p.is_floating_point() and p.is_contiguous() for p in parameters)


def _switch(optimizer: Optimizer, value: bool | None) -> None:
    for group in optimizer.param_groups:
        group["fused"] = value
        for parameter in group["params"]:
            remembered: dict[str, Any] = optimizer.state.get(parameter, {})
            steps = remembered.get("step")
            if isinstance(steps, Tensor):
                # One kernel counts where the parameters are, the others on the CPU.
                place = parameter.device if value else torch.device("cpu")
                remembered["step"] = steps.to(place)
