"""Probability distributions and what can be asked of them.

Parameters are numbers, or (nested) lists of them for a batch. Where torch has no cdf or icdf it is
SciPy's, computed in float64 for every element and given as float32; those refuse no value.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from textwrap import shorten
from typing import Annotated, Any

import torch
from torch import distributions as D

from graphrun.node import InputError, Nodes, Range, notice

from ._parse import literal, size, unreadable
from ._refused import describe, reason
from ._types import Distribution, Tensor

NODES = Nodes(category="Distribution", spaced=True)

_COUNTS = (D.Poisson, D.Binomial, D.Categorical, D.Multinomial, D.NegativeBinomial)
_LIMITS = {
    D.constraints.positive: "above 0",
    D.constraints.nonnegative: "0 or more",
    D.constraints.nonnegative_integer: "0 or more",
    D.constraints.unit_interval: "in 0..1",
}


def _with_scipy(base: type[Any], law: str, given: Callable[[Any], tuple[Any, ...]]) -> type[Any]:
    """Torch's distribution; what it lacks is SciPy's `law`, to which `given` are the parameters."""

    def method(name: str) -> Callable[[Any, Tensor], Tensor]:
        def computed(self: Any, value: Tensor) -> Tensor:
            from scipy import stats

            tensors = (torch.as_tensor(n).detach().cpu() for n in (value, *given(self)))
            found = getattr(getattr(stats, law), name)(*(t.double().numpy() for t in tensors))
            return torch.as_tensor(found, dtype=torch.float32, device=value.device)

        return computed

    lacking = {own: method(name) for own, name in (("cdf", "cdf"), ("icdf", "ppf"))
               if getattr(base, own) is getattr(D.Distribution, own)}  # fmt: skip
    return type(base.__name__, (base,), lacking)


_BERNOULLI = _with_scipy(D.Bernoulli, "bernoulli", lambda d: (d.probs,))
_BETA = _with_scipy(D.Beta, "beta", lambda d: (d.concentration1, d.concentration0))
_BINOMIAL = _with_scipy(D.Binomial, "binom", lambda d: (d.total_count, d.probs))
_CHI2 = _with_scipy(D.Chi2, "chi2", lambda d: (d.df,))
_GAMMA = _with_scipy(D.Gamma, "gamma", lambda d: (d.concentration, 0, 1 / d.rate.double()))
_POISSON = _with_scipy(D.Poisson, "poisson", lambda d: (d.rate,))
_STUDENT_T = _with_scipy(D.StudentT, "t", lambda d: (d.df, d.loc, d.scale))

_ONE = "One of `probs` and `logits` is given, the other is blank."
_KINDS: dict[str, tuple[type[Any], str, str]] = {
    "PtdBernoulli": (_BERNOULLI, "probs logits", f"1 with probability `probs`, else 0. {_ONE}"),
    "PtdBeta": (_BETA, "alpha beta", "The beta distribution, of values in 0..1."),
    "PtdBinomial": (
        _BINOMIAL, "total_count probs logits", f"Successes in `total_count` trials. {_ONE}"
    ),
    "PtdCategorical": (
        D.Categorical, "probs logits", "An index of the last axis of `probs`, which are weights: "
        f"they need not add up to 1. {_ONE} There is no cdf.",
    ),
    "PtdChi2": (_CHI2, "df", "The chi-squared distribution of `df` degrees of freedom."),
    "PtdExponential": (D.Exponential, "rate", "The exponential distribution, of mean 1 / `rate`."),
    "PtdGamma": (_GAMMA, "alpha beta", "The gamma distribution of shape `alpha`, rate `beta`."),
    "PtdNormal": (D.Normal, "loc scale", "The normal distribution of deviation `scale`."),
    "PtdPoisson": (_POISSON, "rate", "The Poisson distribution, of mean `rate`."),
    "PtdStudentT": (
        _STUDENT_T, "df loc scale", "Student's t of `df` degrees, times `scale`, plus `loc`."
    ),
    "PtdUniform": (D.Uniform, "low high", "The uniform distribution from `low` up to `high`."),
}  # fmt: skip


def _register(class_type: str, kind: type[Any], inputs: list[str], about: str) -> None:
    def made(**texts: str) -> Any:
        return _made(kind, inputs, {name: texts.get(name, "") for name in inputs})

    texts = [Parameter(name, Parameter.KEYWORD_ONLY, default="", annotation=str) for name in inputs]
    made.__annotations__ = dict.fromkeys(inputs, str) | {"return": Distribution}
    made.__signature__ = Signature(texts)  # type: ignore[attr-defined]
    made.__doc__ = f"{about}\n\nParameters are numbers, or (nested) lists of them for a batch."
    NODES.node(class_type)(made)


for _class_type, (_kind, _inputs, _about) in _KINDS.items():
    _register(_class_type, _kind, _inputs.split(), _about)


def _made(kind: type[Any], texts: dict[str, str]) -> Any:
    ...
