"""Activation functions as values, and calling one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import torch
from torch.nn import functional as F

from graphrun.node import InputError, Nodes, Range

from ._torch import refusals
from ._types import Function, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

_LOG_SOFTMAX, _SOFTMAX = partial(F.log_softmax, dim=-1), partial(F.softmax, dim=-1)


@NODES.table({"PtfReLU": (torch.relu, "ReLU: the larger of x and 0.")}, title="Ptf ReLU")
@NODES.table({"PtfSiLU": (F.silu, "SiLU (swish): x times sigmoid(x).")}, title="Ptf SiLU")
@NODES.table(
    {
        "PtfGELU": (F.gelu, "GELU: x times the normal cdf of x, in its exact form."),
        "PtfLogSoftmax": (_LOG_SOFTMAX, "Logarithm of the softmax over the last axis."),
        "PtfSigmoid": (torch.sigmoid, "Sigmoid: 1 / (1 + exp(-x))."),
        "PtfSoftmax": (_SOFTMAX, "Softmax over the last axis, which then adds up to 1."),
        "PtfSoftplus": (F.softplus, "Softplus: log(1 + exp(x)), and x itself above 20."),
        "PtfTanh": (torch.tanh, "Hyperbolic tangent: tanh(x)."),
    }
)
def activation(function: Function) -> Function:
    """A function of a tensor of floats that gives one of the same shape. It has no weights."""
    return function


@NODES.node("PtfLeakyReLU", title="Ptf Leaky ReLU")
def leaky_relu(negative_slope: Annotated[float, Range(1e-6, 10000.0, 1e-5)] = 0.01) -> Function:
    """Leaky ReLU: x where it is above 0, otherwise `negative_slope` times x."""
    return partial(F.leaky_relu, negative_slope=negative_slope)


@NODES.node("PtApplyFunction", category="Training")
def apply_function(tens: Tensor, closure: Function) -> Tensor:
    """What a function, such as an activation, gives for a tensor. Text encoders are refused."""
    name = getattr(getattr(closure, "func", closure), "__name__", type(closure).__name__)
    found = refusals(name, "closure", partial(closure, tens), tens=tens)
    if isinstance(found, torch.Tensor):
        return found
    message = f"{name} gives a {type(found).__name__}, not a tensor"
    raise InputError(message, input="closure", code="not_a_tensor", hint="PtfReLU is one that fits")
