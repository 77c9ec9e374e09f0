"""Probability distributions and what can be asked of them."""

from __future__ import annotations

from functools import partial, partialmethod, update_wrapper
from inspect import Parameter, Signature, getdoc, signature
from typing import Annotated, Any

import torch
from torch import distributions as D

from graphrun.node import InputError, Nodes, Range, Text, notice
from graphrun.sources.texts import literal, size, unreadable

from ._torch import refusals
from ._types import Distribution, Tensor

NODES = Nodes(category="Distribution", spaced=True)

_COUNTS = (D.Poisson, D.Binomial, D.Categorical, D.Multinomial, D.NegativeBinomial)


def _law(base: type[Any], law: str) -> type[Any]:
    """Torch's distribution; a cdf or icdf that it lacks is SciPy's, for any value, as float32."""
    names = [name for name in signature(base).parameters if name not in ("logits", "validate_args")]

    def computed(self: Any, method: str, value: Tensor) -> Tensor:
        from scipy import stats

        tensors = (value, *(getattr(self, name) for name in names))
        given = [tensor.detach().cpu().double().numpy() for tensor in tensors]
        if law == "gamma":
            given[2:] = 0, 1 / given[2]  # location and scale
        found = getattr(getattr(stats, law), method)(*given)
        return torch.as_tensor(found, dtype=torch.float32, device=value.device)

    methods = {"cdf": partialmethod(computed, "cdf"), "icdf": partialmethod(computed, "ppf")}
    lacking = [own for own in methods if getattr(base, own) is getattr(D.Distribution, own)]
    return type(base.__name__, (base,), {own: methods[own] for own in lacking})


# With the inputs, in the order of torch's parameters.
_KINDS: dict[str, tuple[type[Any], str, str]] = {
    "PtdBernoulli": (
        _law(D.Bernoulli, "bernoulli"),
        "probs logits",
        "A coin flip: 1 with probability `probs`, else 0.",
    ),
    "PtdBeta": (_law(D.Beta, "beta"), "alpha beta", "The beta distribution, on 0..1."),
    "PtdBinomial": (
        _law(D.Binomial, "binom"),
        "total_count probs logits",
        "The number of successes in `total_count` trials.",
    ),
    "PtdCategorical": (D.Categorical, "probs logits", "An index, as likely as its weight."),
    "PtdChi2": (_law(D.Chi2, "chi2"), "df", "Chi-squared, of `df` degrees of freedom."),
    "PtdExponential": (D.Exponential, "rate", "The exponential distribution, of mean 1 / `rate`."),
    "PtdGamma": (
        _law(D.Gamma, "gamma"),
        "alpha beta",
        "Gamma, of shape `alpha` and rate `beta`.",
    ),
    "PtdNormal": (D.Normal, "loc scale", "The normal distribution of deviation `scale`."),
    "PtdPoisson": (_law(D.Poisson, "poisson"), "rate", "The Poisson distribution of mean `rate`."),
    "PtdStudentT": (
        _law(D.StudentT, "t"),
        "df loc scale",
        "Student's t of `df` degrees of freedom, times `scale`, plus `loc`.",
    ),
    "PtdUniform": (D.Uniform, "low high", "Uniform from `low` to before `high`."),
}

_EXAMPLES = {"probs": "[0.2, 0.8]", "total_count": "10", "loc": "0.0", "low": "0.0"}
_Number = Annotated[str, Text(example="0.5")]


def _made(kind: type[Any], **texts: str) -> Any:
    """Numbers, or (nested) lists of them for a batch. Samples are float32, indices int64."""
    given = [n for n, text in texts.items() if text.strip() or n not in ("probs", "logits")]
    if "logits" in texts and len(texts) - len(given) != 1:
        message = f"{'both' if len(texts) == len(given) else 'neither'} of probs and logits given"
        raise InputError(message, input="probs", code="one_of_two", hint="leave one of them blank")
    own, values = dict(zip(texts, signature(kind).parameters, strict=False)), {}
    for name in given:
        dtype = torch.int64 if name == "total_count" else torch.float32
        value = values[name] = _numbers(texts[name], name, dtype)
        # What these two want depends on all their values; torch tells.
        late = kind in (D.Uniform, D.Categorical)
        limit = D.constraints.real if late else kind.arg_constraints[own[name]]
        if not (value.isfinite() & limit.check(value)).all():
            message = f"{name} of {kind.__name__} has to be finite and {limit}, not {texts[name]}"
            raise InputError(message, input=name, code="invalid_parameters")
    make = partial(kind, **{own[name]: values[name] for name in given}, validate_args=True)
    return refusals(kind.__name__, given[-1], make, **values)


for _class_type, (_kind, _inputs, _about) in _KINDS.items():
    _blank = dict.fromkeys(_inputs.split(), "")
    _row: Any = update_wrapper(partial(_made, _kind, **_blank), _made)
    _either = "\nOne of `probs` and `logits` is left blank." * ("logits" in _blank)
    _row.__doc__ = f"{_about}\n\n{getdoc(_made)}{_either}"
    _texts = {name: Text(example=_EXAMPLES.get(name, "1.0")) for name in {*_blank} - {"logits"}}
    _row.__annotations__ = {name: Annotated[str, _texts.get(name, Text())] for name in _blank}
    _row.__annotations__["return"] = Distribution
    _row.__signature__ = Signature(
        [Parameter(name, Parameter.KEYWORD_ONLY, default="", annotation=str) for name in _blank]
    )
    NODES.node(_class_type)(_row)

_ASKED = {
    "Cdf": ("cdf", "The probability of a value or a smaller one."),
    "Icdf": ("icdf", "The value whose cdf is given. That is not checked to be in 0..1."),
    "LogProb": ("log_prob", "The natural logarithm of the density, or of a probability."),
    "Pdf": ("pdf", "The density at a value; the probability of it, where values are discrete."),
    "Pmf": ("pmf", "The probability of a value; the density at it, where values are continuous."),
}


@NODES.table({f"Ptdm{name}": _ASKED[name] for name in ("Cdf", "LogProb", "Pdf")})
def at_number(what: str, distribution: Distribution, x: _Number = "") -> Tensor:
    """`x` is a number, or a list where a value of the distribution is one. Counts are whole: 2.7 is
    read as 2, with a notice. The result has the batch's shape.
    """
    return _asked(distribution, what, x, "x")


@NODES.table({"PtdmIcdf": _ASKED["Icdf"]})
def at_quantile(what: str, distribution: Distribution, q: _Number = "") -> Tensor:
    """`q` is a number. The result has the batch's shape."""
    return _asked(distribution, what, q, "q")


@NODES.table({"PtdmPmf": _ASKED["Pmf"]})
def at_count(
    what: str, distribution: Distribution, k: Annotated[int, Range(-(2**31), 2**31)] = 0
) -> Tensor:
    """`k` is in the support. The result has the batch's shape."""
    return _asked(distribution, what, str(k), "k")


@NODES.table({f"Ptdm{name}Tensor": row for name, row in _ASKED.items()})
def at_tensor(what: str, distribution: Distribution, tens: Tensor) -> Tensor:
    """The tensor is broadcast with the distribution's batch, and its dtype left as it is."""
    return _asked(distribution, what, tens, "tens")


@NODES.node("PtdmSample", random=True)
def sample(
    distribution: Distribution, sample_shape: Annotated[str, Text(example="[2, 3]")] = ""
) -> Tensor:
    """Random values. `sample_shape` is their number or a shape, which goes before the batch's."""
    found = literal(sample_shape, "sample_shape", "a sample shape", "1000 or [2, 3]")
    shape = size(f"[{found}]" if type(found) is int else sample_shape, "sample_shape")
    what = f"{list(shape)} samples of {distribution}"
    return refusals(what, "sample_shape", lambda: distribution.sample(torch.Size(shape)))


def _asked(distribution: Distribution, what: str, asked: Tensor | str, input: str) -> Tensor:
    """`what` of the distribution at values, or a text of them, that are broadcast with it."""
    counts = isinstance(distribution, _COUNTS) and what != "icdf"
    dtype, listed = torch.int64 if counts else torch.float32, bool(distribution.event_shape)
    at = _numbers(asked, input, dtype, listed=listed) if isinstance(asked, str) else asked

    def answer() -> Tensor:
        torch.broadcast_shapes(at.shape, distribution.batch_shape + distribution.event_shape)
        if at.is_complex():
            raise TypeError("complex numbers have no order")
        if what in ("pdf", "pmf"):
            return distribution.log_prob(at).exp()
        return getattr(distribution, what)(at)

    return refusals(f"{what} of {distribution}", input, answer, **{input: at})


def _numbers(text: str, input: str, dtype: Any = torch.float32, *, listed: bool = True) -> Tensor:
    """What a text says; a notice tells if a whole number takes the place of another."""
    what, example = "a number" + " or a list of numbers" * listed, "0.5" + " or [0.1, 0.9]" * listed
    found = literal(text, input, what, example)
    try:
        if {"'", '"'} & set(text) or not (listed or isinstance(found, int | float)):
            raise TypeError
        value = torch.tensor(found, dtype=dtype)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise unreadable(text, input, what, example) from None
    if dtype == torch.int64 and (value != torch.tensor(found, dtype=torch.float64)).any():
        notice(f"{text.strip()} is read as {value.tolist()}", code="made_whole", input=input)
    return value
