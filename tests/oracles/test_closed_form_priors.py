"""Closed forms: a mixture of Student t as a prior, in a model, as draws and as an interval."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.priors import Prior

INF = float("inf")
ROBUST = Prior("student_t_mixture", (0.7, -0.5, 0.3, INF, 0.3, 0.2, 1.5, 4.0), "robust")
X = np.linspace(-6, 6, 41)


def density(x):
    """The robust prior by SciPy's distributions."""
    return 0.7 * stats.norm.pdf(x, -0.5, 0.3) + 0.3 * stats.t.pdf(x, 4, 0.2, 1.5)


def chance_below(x):
    return 0.7 * stats.norm.cdf(x, -0.5, 0.3) + 0.3 * stats.t.cdf(x, 4, 0.2, 1.5)


def log_prior(prior):
    """The log prior of a model with one parameter, at X."""
    with pm.Model() as model:
        parameter("effect", {"effect": prior})
    compiled = model.compile_logp()
    return np.array([compiled({"effect": x}) for x in X])


def test_mixture_in_a_model_has_the_density_of_its_components():
    # A t of 10 million degrees of freedom stands for the normal; they differ by x**4 / 4e7 in the log.
    np.testing.assert_allclose(np.exp(log_prior(ROBUST)), density(X), rtol=1e-3, atol=1e-9)


def test_a_normal_prior_as_mixture_is_that_normal():
    normal = Prior("normal", (0.3, 1.2), "why")
    np.testing.assert_allclose(log_prior(normal.as_mixture()), stats.norm.logpdf(X, 0.3, 1.2), atol=1e-4)
    assert normal.as_mixture().interval() == pytest.approx(normal.interval())
    assert normal.as_mixture().call() == "Normal(0.3, 1.2)"


def test_draws_have_the_distribution_of_the_mixture():
    drawn = draw_parameter(np.random.default_rng(7), "effect", {"effect": ROBUST}, size=5000)
    assert stats.kstest(drawn, chance_below).pvalue > 0.01


@pytest.mark.parametrize("prob", [0.5, 0.9, 0.95])
def test_interval_holds_its_probability(prob):
    low, high = ROBUST.interval(prob)
    np.testing.assert_allclose(chance_below(np.array([low, high])), [(1 - prob) / 2, (1 + prob) / 2])


@pytest.mark.parametrize(
    "values",
    [
        (0.7, 0, 1, 4, 0.2, 0, 1, 4),
        (1.2, 0, 1, 4, -0.2, 0, 1, 4),
        (1, 0, 0, 4, 0, 0, 1, 4),
        (1, 0, 1, -1, 0, 0, 1, 4),
    ],
)
def test_impossible_mixtures_are_refused(values):
    assert "cannot have" in Prior("student_t_mixture", values, "why").fault()


def test_only_a_normal_becomes_a_mixture():
    with pytest.raises(ValueError, match="not a mixture"):
        Prior("beta", (1.0, 1.0), "why").as_mixture()


def test_a_mixture_says_itself():
    assert ROBUST.call() == "0.7 Normal(-0.5, 0.3) + 0.3 StudentT(4, 0.2, 1.5)"
