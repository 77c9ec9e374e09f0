"""Activation functions as values, and calling one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import torch
from torch.nn import functional as F

from graphrun.node import InputError, Nodes, Range

from ._refused import refusals
from ._types import Function, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)


@NODES.table(
    {
        "PtfGELU": (F.gelu, "GELU, x times the normal cdf of x, in its exact form."),
        "PtfLogSoftmax": (
            partial(F.log_softmax, dim=-1),
            "Logarithm of the softmax over the last axis.",
        ),
        "PtfReLU": (torch.relu, "ReLU: the larger of x and 0."),
        "PtfSiLU": (F.silu, "SiLU (swish), x times sigmoid(x)."),
        "PtfSigmoid": (torch.sigmoid, "Sigmoid, 1 / (1 + exp(-x))."),
        "PtfSoftmax": (
            partial(F.softmax, dim=-1),
            "Softmax over the last axis, whose values then add up to 1.",
        ),
        "PtfSoftplus": (F.softplus, "Softplus, log(1 + exp(x)); x itself where x is above 20."),
        "PtfTanh": (torch.tanh, "Hyperbolic tangent of every value."),
    }
)
def activation(function: Function) -> Function:
    """A function of a tensor of floats that gives one of the same shape.

    It has no weights and leaves nothing in the weights of a model that ends with it.
    """
    return function


@NODES.node("PtfLeakyReLU")
def leaky_relu(negative_slope: Annotated[float, Range(1e-6, 10000.0, 1e-5)] = 0.01) -> Function:
    """Leaky ReLU: x where it is above 0, otherwise `negative_slope` times x.

    A function of a tensor of floats that gives one of the same shape.
    """
    return partial(F.leaky_relu, negative_slope=negative_slope)


@NODES.node("PtApplyFunction", category="Training")
def apply_function(tens: Tensor, closure: Function) -> Tensor:
    """What a function, such as an activation, gives for a tensor.

    Raises:
        InputError: the function does not work with such a tensor, or gives no tensor, as a text
            encoder.
    """
    way = "connect an activation; PtfReLU, for one"
    name = getattr(getattr(closure, "func", closure), "__name__", type(closure).__name__)
    with refusals(name, input="closure", code="function_failed", hint=way, tens=tens):
        found = closure(tens)
    if not isinstance(found, torch.Tensor):
        message = f"{name} gives a {type(found).__name__}, not a tensor"
        raise InputError(message, input="closure", code="not_a_tensor", hint=way)
    return found
