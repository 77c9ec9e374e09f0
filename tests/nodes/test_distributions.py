"""Distributions against plain torch and SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from graphrun_nodes.distributions import NODES
from recording import Recorder
from scipy import stats
from torch import distributions as D

from graphrun.catalog import Catalog
from graphrun.errors import InputError


def t(*values: Any) -> torch.Tensor:
    return torch.tensor(values[0] if len(values) == 1 else values)


HALF, MANY = t(0.3), t([0.3, 0.9])
# Class, its texts, the same in torch, the same in SciPy, values of the support.
CASES: list[tuple[str, dict[str, str], D.Distribution, Any, list[float]]] = [
    ("PtdBernoulli", {"probs": "0.3"}, D.Bernoulli(HALF), stats.bernoulli(0.3), [0, 1]),
    (
        "PtdBernoulli",
        {"probs": "[0.3, 0.9]"},
        D.Bernoulli(MANY),
        stats.bernoulli([0.3, 0.9]),
        [0, 1],
    ),
    ("PtdBernoulli", {"logits": "0"}, D.Bernoulli(logits=t(0.0)), stats.bernoulli(0.5), [0, 1]),
    (
        "PtdBeta",
        {"alpha": "2", "beta": "0.5"},
        D.Beta(t(2.0), t(0.5)),
        stats.beta(2, 0.5),
        [0.1, 0.7],
    ),
    (
        "PtdBeta",
        {"alpha": "(2, 3)", "beta": "4"},
        D.Beta(t([2.0, 3]), t(4.0)),
        stats.beta([2, 3], 4),
        [0.1, 0.7],
    ),
    (
        "PtdBinomial",
        {"total_count": "9", "probs": "0.3"},
        D.Binomial(t(9), HALF),
        stats.binom(9, 0.3),
        [0, 4, 9],
    ),
    (
        "PtdBinomial",
        {"total_count": "[9, 20]", "probs": "[0.3, 0.9]"},
        D.Binomial(t([9, 20]), MANY),
        stats.binom([9, 20], [0.3, 0.9]),
        [0, 4, 9],
    ),
    (
        "PtdBinomial",
        {"total_count": "9", "logits": "[-1, 2]"},
        D.Binomial(t(9), logits=t([-1.0, 2])),
        stats.binom(9, 1 / (1 + np.exp([1.0, -2]))),
        [0, 4],
    ),
    ("PtdChi2", {"df": "3"}, D.Chi2(t(3.0)), stats.chi2(3), [0.5, 4.0]),
    (
        "PtdChi2",
        {"df": "[[3], [5.5]]"},
        D.Chi2(t([[3.0], [5.5]])),
        stats.chi2([[3], [5.5]]),
        [0.5, 4.0],
    ),
    ("PtdExponential", {"rate": "2"}, D.Exponential(t(2.0)), stats.expon(0, 0.5), [0.1, 3.0]),
    (
        "PtdExponential",
        {"rate": "[2, 4]"},
        D.Exponential(t([2.0, 4])),
        stats.expon(0, [0.5, 0.25]),
        [0.1, 3.0],
    ),
    (
        "PtdGamma",
        {"alpha": "2.5", "beta": "3"},
        D.Gamma(t(2.5), t(3.0)),
        stats.gamma(2.5, 0, 1 / 3),
        [0.1, 2.0],
    ),
    (
        "PtdGamma",
        {"alpha": "[2.5, 1]", "beta": "[3, 0.1]"},
        D.Gamma(t([2.5, 1]), t([3.0, 0.1])),
        stats.gamma([2.5, 1], 0, [1 / 3, 10]),
        [0.1, 2.0],
    ),
    (
        "PtdNormal",
        {"loc": "1", "scale": "2"},
        D.Normal(t(1.0), t(2.0)),
        stats.norm(1, 2),
        [-3.0, 1.0, 2.5],
    ),
    (
        "PtdNormal",
        {"loc": "[1, -1]", "scale": "2"},
        D.Normal(t([1.0, -1]), t(2.0)),
        stats.norm([1, -1], 2),
        [-3.0, 1.0],
    ),
    ("PtdPoisson", {"rate": "4"}, D.Poisson(t(4.0)), stats.poisson(4), [0, 3, 11]),
    (
        "PtdPoisson",
        {"rate": "[4, 0.5]"},
        D.Poisson(t([4.0, 0.5])),
        stats.poisson([4, 0.5]),
        [0, 3, 11],
    ),
    (
        "PtdStudentT",
        {"df": "3", "loc": "1", "scale": "2"},
        D.StudentT(t(3.0), t(1.0), t(2.0)),
        stats.t(3, 1, 2),
        [-3.0, 1.0, 2.5],
    ),
    (
        "PtdStudentT",
        {"df": "[3, 9]", "loc": "1", "scale": "[2, 1]"},
        D.StudentT(t([3.0, 9]), t(1.0), t([2.0, 1])),
        stats.t([3, 9], 1, [2, 1]),
        [-3.0, 2.5],
    ),
    (
        "PtdUniform",
        {"low": "-1", "high": "3"},
        D.Uniform(t(-1.0), t(3.0)),
        stats.uniform(-1, 4),
        [-1.0, 0.5],
    ),
    (
        "PtdUniform",
        {"low": "[-1, 0]", "high": "3"},
        D.Uniform(t([-1.0, 0]), t(3.0)),
        stats.uniform([-1, 0], [4, 3]),
        [0.0, 0.5],
    ),
    ("PtdCategorical", {"probs": "[1, 2, 1]"}, D.Categorical(t([1.0, 2, 1])), None, [0, 1, 2]),
    (
        "PtdCategorical",
        {"logits": "[[1, 2], [0, 3]]"},
        D.Categorical(logits=t([[1.0, 2], [0, 3]])),
        None,
        [0, 1],
    ),
]
DISCRETE = ("PtdBernoulli", "PtdBinomial", "PtdPoisson", "PtdCategorical")
EACH = pytest.mark.parametrize(
    ("name", "texts", "plain", "law", "values"),
    CASES,
    ids=lambda v: v if isinstance(v, str) else "",
)


def make(name: str, **texts: str) -> Any:
    return NODES[name](**texts)


def ask(name: str, *args: Any) -> torch.Tensor:
    return NODES[f"Ptdm{name}"](*args)


NORMAL = make("PtdNormal", loc="0", scale="1")


def refused(name: str, *args: Any, **texts: str) -> InputError:
    with pytest.raises(InputError) as caught:
        NODES[name](*args, **texts)
    return caught.value


def test_no_row_is_left_out() -> None:
    kinds = {name for name in NODES if not name.startswith("Ptdm")}
    assert kinds == {name for name, *_ in CASES}
    assert len(NODES) == 22


@EACH
def test_log_prob_and_density_are_torchs(
    name: str, texts: dict[str, str], plain: D.Distribution, law: Any, values: list[float]
) -> None:
    made = make(name, **texts)
    assert made.batch_shape == plain.batch_shape
    for value in values:
        at = torch.tensor(float(value) if name == "PtdBernoulli" else value)
        assert ask("LogProb", made, str(value)).equal(plain.log_prob(at))
        for node in ("Pdf", "PdfTensor", "PmfTensor"):
            asked = at if node.endswith("Tensor") else str(value)
            assert ask(node, made, asked).equal(plain.log_prob(at).exp())
        double = at.double()
        assert ask("LogProbTensor", made, double).equal(plain.log_prob(double))
        if law is not None:
            scipys = law.logpmf if name in DISCRETE else law.logpdf
            found = ask("LogProb", made, str(value))
            np.testing.assert_allclose(found, scipys(value), rtol=2e-5, atol=2e-6)
    if name in DISCRETE:
        assert ask("Pmf", made, 1).equal(ask("Pdf", made, "1"))


@EACH
def test_cdf_and_icdf_are_scipys(
    name: str, texts: dict[str, str], plain: D.Distribution, law: Any, values: list[float]
) -> None:
    made = make(name, **texts)
    if law is None:
        for node, value in (
            ("Cdf", "1"),
            ("Icdf", "0.5"),
            ("CdfTensor", t(1)),
            ("IcdfTensor", t(0.5)),
        ):
            error = refused(f"Ptdm{node}", made, value)
            assert "Categorical" in str(error)
            assert "no such function" in str(error)
        return
    shape = plain.batch_shape
    for value in values:
        found = ask("Cdf", made, str(value))
        assert (found.shape, found.dtype) == (shape, torch.float32)
        np.testing.assert_allclose(found, law.cdf(value), rtol=1e-5, atol=1e-6)
        assert ask("CdfTensor", made, torch.tensor(float(value))).equal(found)
    for q in (0.01, 0.25, 0.5, 0.975):
        found = ask("Icdf", made, str(q))
        assert (found.shape, found.dtype) == (shape, torch.float32)
        np.testing.assert_allclose(found, law.ppf(np.float32(q)), rtol=2e-5, atol=1e-6)
        assert ask("IcdfTensor", made, torch.tensor(q)).equal(found)
        if name not in DISCRETE:
            torch.testing.assert_close(ask("CdfTensor", made, found), torch.full(shape, q))


@EACH
def test_samples_are_torchs(
    name: str, texts: dict[str, str], plain: D.Distribution, law: Any, values: list[float]
) -> None:
    made = make(name, **texts)
    for text, shape in (
        ("5", (5,)),
        ("[2, 3]", (2, 3)),
        ("()", ()),
        ("(4,)", (4,)),
        ("[1, 1]", (1, 1)),
    ):
        torch.manual_seed(3)
        drawn = ask("Sample", made, text)
        torch.manual_seed(3)
        expected = plain.sample(torch.Size(shape))
        assert drawn.equal(expected)
        assert drawn.shape == (*shape, *plain.batch_shape)
        assert drawn.dtype == (torch.int64 if name == "PtdCategorical" else torch.float32)
    if law is not None:
        drawn = ask("Sample", made, "20000")
        np.testing.assert_allclose(drawn.mean(0), law.mean(), rtol=0.05, atol=0.05)
        np.testing.assert_allclose(drawn.std(0), law.std(), rtol=0.25 if "T" in name else 0.06)


def test_sampling_is_random_and_nothing_else_is() -> None:
    assert [name for name, spec in NODES.specs.items() if spec.random] == ["PtdmSample"]
    assert Catalog.installed()["PtdNormal"].inputs[0].options["default"] == ""


def test_the_documented_figures() -> None:
    assert str(ask("Cdf", NORMAL, "1")) == "tensor(0.8413)"
    assert str(ask("Icdf", NORMAL, "0.975")) == "tensor(1.9600)"
    table = ask("IcdfTensor", NORMAL, torch.arange(0.8, 1, 0.005))
    np.testing.assert_allclose(
        table, stats.norm.ppf(np.arange(0.8, 1, 0.005)[: len(table)]), rtol=1e-4
    )


def test_gammas_quantile_is_scaled_by_the_rate() -> None:
    made = make("PtdGamma", alpha="2", beta="4")
    assert ask("Icdf", made, "0.5").item() == pytest.approx(stats.gamma.ppf(0.5, 2) / 4, rel=1e-6)


def test_rates_and_logits_written_as_integers_are_floats() -> None:
    assert make("PtdExponential", rate="2").rate.dtype == torch.float32
    assert make("PtdCategorical", logits="[1, 2]").logits.dtype == torch.float32
    binomial = make("PtdBinomial", total_count="3", probs="0.5")
    assert binomial.total_count.dtype == torch.float32


def test_tensors_keep_their_dtype_and_broadcast() -> None:
    batch = make("PtdNormal", loc="[0, 1]", scale="1")
    values = torch.randn(5, 1, dtype=torch.float64)
    found = ask("CdfTensor", batch, values)
    assert (found.shape, found.dtype) == ((5, 2), torch.float64)
    assert found.equal(D.Normal(t([0.0, 1]), t(1.0)).cdf(values))
    assert ask("Sample", batch, "0").shape == (0, 2)
    beta = ask("CdfTensor", make("PtdBeta", alpha="[1, 2]", beta="1"), values.sigmoid())
    assert (beta.shape, beta.dtype) == ((5, 2), torch.float32)
    with_gradient = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert ask("CdfTensor", make("PtdBeta", alpha="1", beta="1"), with_gradient) == 0.5
    assert ask("CdfTensor", batch, torch.zeros(0, 2)).shape == (0, 2)
    assert ask("LogProbTensor", NORMAL, t([1, 2])).equal(
        D.Normal(t(0.0), t(1.0)).log_prob(t([1, 2]))
    )


def test_what_scipy_computes_refuses_no_value() -> None:
    assert ask("Cdf", make("PtdBernoulli", probs="0.3"), "-1") == 0
    assert ask("Cdf", make("PtdBeta", alpha="1", beta="2"), "7") == 1
    assert ask("CdfTensor", make("PtdPoisson", rate="2"), t(2.5)).item() == pytest.approx(
        stats.poisson.cdf(2, 2)
    )


@pytest.mark.parametrize("name", ["Normal", "StudentT", "Gamma"])
def test_quantiles_outside_of_0_to_1_are_nan(name: str) -> None:
    texts = {
        "Normal": ("loc", "scale"),
        "StudentT": ("df", "loc", "scale"),
        "Gamma": ("alpha", "beta"),
    }
    made = make(f"Ptd{name}", **dict.fromkeys(texts[name], "1"))
    assert math.isnan(ask("Icdf", made, "1.5"))
    assert math.isinf(ask("Icdf", made, "1"))


def test_uniforms_quantile_extrapolates() -> None:
    assert ask("Icdf", make("PtdUniform", low="0", high="2"), "1.5") == 3


def test_counts_are_whole_with_a_notice(call: Recorder) -> None:
    made = make("PtdPoisson", rate="4")
    assert ask("Pdf", made, "2.7").equal(ask("Pmf", made, 2))
    assert [(n["code"], n["input"], n["message"]) for n in call.notices] == [
        ("made_whole", "x", "2.7 is read as 2")
    ]
    assert ask("Cdf", made, "3.0").item() == pytest.approx(stats.poisson.cdf(3, 4))
    assert ask("LogProb", make("PtdBernoulli", probs="0.5"), "True") == math.log(0.5)
    assert len(call.notices) == 1


def test_lists_are_values_of_distributions_over_lists() -> None:
    plain = D.Dirichlet(t([1.0, 2]))
    assert ask("LogProb", plain, "[0.25, 0.75]").equal(plain.log_prob(t([0.25, 0.75])))
    counts = D.Multinomial(3, t([0.5, 0.5]))
    assert ask("Pdf", counts, "(1, 2)").equal(counts.log_prob(t([1, 2])).exp())


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "'1'", "['1']", "{1, 2}", "None", "[1, [2]]", "1 +", "{}", "1j", "10**3"],
)
@pytest.mark.parametrize("name", ["loc", "scale"])
def test_malformed_parameters(name: str, text: str) -> None:
    error = refused("PtdNormal", **{"loc": "0", "scale": "1", name: text})
    assert (error.input, error.code) == (name, "invalid_text")
    assert "number" in str(error)
    assert "[0.1, 0.9]" in str(error.hint)


@pytest.mark.parametrize(
    ("name", "texts", "place"),
    [
        ("PtdNormal", {"loc": "0", "scale": "-1"}, "scale"),
        ("PtdNormal", {"loc": "0", "scale": "[1, 0]"}, "scale"),
        ("PtdNormal", {"loc": "1e999", "scale": "1"}, "loc"),
        ("PtdBernoulli", {"probs": "1.5"}, "probs"),
        ("PtdBeta", {"alpha": "1", "beta": "-2"}, "beta"),
        ("PtdBinomial", {"total_count": "-1", "probs": "0.5"}, "total_count"),
        ("PtdBinomial", {"total_count": "1", "logits": "1e400"}, "logits"),
        ("PtdChi2", {"df": "0"}, "df"),
        ("PtdExponential", {"rate": "0"}, "rate"),
        ("PtdGamma", {"alpha": "1", "beta": "0"}, "beta"),
        ("PtdPoisson", {"rate": "-3"}, "rate"),
        ("PtdStudentT", {"df": "1", "loc": "0", "scale": "-1"}, "scale"),
    ],
)
def test_parameters_outside_of_their_range(name: str, texts: dict[str, str], place: str) -> None:
    error = refused(name, **texts)
    assert (error.input, error.code) == (place, "invalid_parameters")
    assert texts[place] in str(error)


@pytest.mark.parametrize(
    ("name", "texts", "told"),
    [
        ("PtdUniform", {"low": "1", "high": "0"}, "low: 1.0, high: 0.0"),
        ("PtdUniform", {"low": "1", "high": "1"}, "low: 1.0, high: 1.0"),
        ("PtdCategorical", {"probs": "1"}, "at least one-dimensional"),
        ("PtdCategorical", {"probs": "[-1, 2]"}, "Simplex"),
        ("PtdCategorical", {"probs": "[0, 0]"}, "Simplex"),
        ("PtdNormal", {"loc": "[0, 1]", "scale": "[1, 2, 3]"}, "float32 (2,), scale float32 (3,)"),
        ("PtdBeta", {"alpha": "[1, 2]", "beta": "[1, 2, 3]"}, "Beta for alpha float32 (2,), beta "),
        ("PtdBinomial", {"total_count": "[1, 2]", "probs": "[0.1, 0.2, 0.3]"}, "int64 (2,)"),
    ],
)
def test_parameters_that_do_not_go_together(name: str, texts: dict[str, str], told: str) -> None:
    error = refused(name, **texts)
    assert (error.input, error.code) == (list(texts)[-1], "cannot_compute")
    assert told in str(error)


@pytest.mark.parametrize("name", ["PtdBernoulli", "PtdBinomial", "PtdCategorical"])
@pytest.mark.parametrize(("text", "word"), [("[0, 1]", "both"), ("", "neither"), (" ", "neither")])
def test_one_of_probs_and_logits(name: str, text: str, word: str) -> None:
    more = {"total_count": "3"} if name == "PtdBinomial" else {}
    error = refused(name, probs=text, logits=text, **more)
    assert (error.input, error.code) == ("probs", "one_of_two")
    assert str(error) == f"{word} of probs and logits given"
    assert "blank" in str(error.hint)


@pytest.mark.parametrize("text", ["", "abc", "[1]", "None", "'2'", "1 2", "1j"])
@pytest.mark.parametrize(
    ("node", "input"), [("Cdf", "x"), ("LogProb", "x"), ("Pdf", "x"), ("Icdf", "q")]
)
def test_malformed_values(node: str, input: str, text: str) -> None:
    error = refused(f"Ptdm{node}", NORMAL, text)
    assert (error.input, error.code) == (input, "invalid_text")
    assert "is not a number" in str(error)


@pytest.mark.parametrize("text", ["1e999", "99999999999999999999"])
def test_counts_that_no_integer_holds(text: str) -> None:
    assert refused("PtdmPdf", make("PtdPoisson", rate="1"), text).code == "invalid_text"


@pytest.mark.parametrize(
    ("node", "made", "value", "input"),
    [
        ("Cdf", ("PtdUniform", {"low": "0", "high": "1"}), "2", "x"),
        ("LogProb", ("PtdExponential", {"rate": "1"}), "-1", "x"),
        ("Pdf", ("PtdCategorical", {"probs": "[1, 2, 1]"}), "3", "x"),
        ("Pmf", ("PtdPoisson", {"rate": "1"}), -2, "k"),
        ("PmfTensor", ("PtdBinomial", {"total_count": "3", "probs": "0.5"}), t([1, 4]), "tens"),
        ("LogProbTensor", ("PtdPoisson", {"rate": "1"}), t(2.5), "tens"),
    ],
)
def test_values_outside_of_the_support(node: str, made: Any, value: Any, input: str) -> None:
    error = refused(f"Ptdm{node}", make(made[0], **made[1]), value)
    assert (error.input, error.code) == (input, "cannot_compute")
    assert "within the support" in str(error)
    assert made[0].removeprefix("Ptd") in str(error)


@pytest.mark.parametrize(
    "node", ["CdfTensor", "IcdfTensor", "LogProbTensor", "PdfTensor", "PmfTensor"]
)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.zeros(3), "tens float32 (3,)"),
        (torch.zeros(2, dtype=torch.complex64), "complex numbers have no order"),
    ],
)
@pytest.mark.parametrize("name", ["PtdNormal", "PtdStudentT"])
def test_tensors_that_do_not_fit(node: str, value: torch.Tensor, told: str, name: str) -> None:
    more = {"df": "2"} if name == "PtdStudentT" else {}
    error = refused(f"Ptdm{node}", make(name, **more, loc="[0, 1]", scale="1"), value)
    assert (error.input, error.code) == ("tens", "cannot_compute")
    assert told in str(error)


def test_bools_are_no_numbers_to_torch() -> None:
    assert "tens bool (1,)" in str(refused("PtdmCdfTensor", NORMAL, t([True])))


@pytest.mark.parametrize("text", ["", "-3", "[2, -1]", "2.5", "[1.5]", "'a'", "True", "None", "{}"])
def test_malformed_sample_shapes(text: str) -> None:
    error = refused("PtdmSample", NORMAL, text)
    assert (error.input, error.code) == ("sample_shape", "invalid_text")


@pytest.mark.parametrize("text", [str(10**14), str(10**30)])
def test_more_samples_than_memory(text: str) -> None:
    error = refused("PtdmSample", NORMAL, text)
    assert (error.input, error.code) == ("sample_shape", "cannot_compute")
    assert f"[{text}] samples of Normal" in str(error)
