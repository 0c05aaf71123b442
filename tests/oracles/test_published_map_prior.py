"""The meta-analytic-predictive prior of a published example.

Ankylosing spondylitis, eight historical placebo groups (Baeten et al. 2013, Lancet 382:1705), as analyzed in the
documentation of the R package RBesT, version 1.9-0, article "Getting started with RBesT (binary)"
(opensource.nibr.com/RBesT/articles/introduction.html) and, for the intercept, the reference page of gMAP:
mu ~ Normal(0, 2), tau ~ HalfNormal(1), then HalfNormal(1/2).

RBesT prints figures of 4 000 draws; of these at least 1 000 are taken as independent for the tolerances of its
Monte Carlo figures: 4 standard errors of a mean or SD of 1 000 draws, and for quantiles the range between the
order statistics 4 binomial standard errors away. What RBesT computes from its printed mixture is exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from mgbayes.synthesis.hierarchy import THETA, Hierarchy, HierarchyPrior, hierarchy
from mgbayes.synthesis.robust_prior import elir

HISTORY = [(23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35)]
DRAWS = 1000
Z = 4

# Printed: mean, SD, 2.5 %, 50 %, 97.5 % of tau and of the chance in a new placebo group.
PRINTED = {
    1.0: {"tau": (0.387, 0.215, 0.0399, 0.359, 0.897), "chance": (0.255, 0.0864, 0.106, 0.247, 0.461)},
    0.5: {"tau": (0.335, 0.172, 0.0397, 0.320, 0.718), "chance": (0.259, 0.0776, 0.129, 0.250, 0.442)},
}
INTERCEPT = (-1.11, 0.186, -1.49, -1.11, -0.746)
MIXTURE = (
    (0.4612914, 33.9513487, 103.0146367),
    (0.1917812, 19.4400089, 41.5205219),
    (0.1893896, 12.2692310, 55.9202833),
    (0.1575378, 2.2521243, 5.4812202),
)


def ours(scale: float) -> Hierarchy:
    return hierarchy(
        [stats.binom.logpmf(*row, expit(THETA)) for row in HISTORY], HierarchyPrior(tau_scale=scale)
    )


def check_mean_and_sd(mean: float, sd: float, printed: tuple[float, ...]) -> None:
    assert mean == pytest.approx(printed[0], abs=Z * printed[1] / np.sqrt(DRAWS))
    assert sd == pytest.approx(printed[1], abs=Z * printed[1] / np.sqrt(DRAWS))


def check_quantiles(cdf: list[float], places: float = 0.0) -> None:
    """The distribution function at the printed quantiles is what it should be, to Monte Carlo error."""
    for q, found in zip((0.025, 0.5, 0.975), cdf, strict=True):
        assert found == pytest.approx(q, abs=Z * np.sqrt(q * (1 - q) / DRAWS) + places)


@pytest.mark.parametrize("scale", PRINTED)
def test_the_predictive_distribution_is_the_printed_one(scale: float) -> None:
    predictive = ours(scale).predictive
    chance = expit(predictive.values)
    mean = float(predictive.mass @ chance)
    sd = float(np.sqrt(predictive.mass @ np.square(chance - mean)))
    check_mean_and_sd(mean, sd, PRINTED[scale]["chance"])
    check_quantiles([predictive.cdf(float(logit(x))) for x in PRINTED[scale]["chance"][2:]])


@pytest.mark.parametrize("scale", PRINTED)
def test_the_spread_between_studies_is_the_printed_one(scale: float) -> None:
    found = ours(scale)
    mean = found.tau.nodes @ found.tau.weights
    sd = np.sqrt(found.tau.weights @ np.square(found.tau.nodes - mean))
    check_mean_and_sd(mean, sd, PRINTED[scale]["tau"])
    cumulative = np.cumsum(found.tau.weights) - found.tau.weights / 2
    check_quantiles([float(np.interp(x, found.tau.nodes, cumulative)) for x in PRINTED[scale]["tau"][2:]])


def test_the_average_is_the_printed_one() -> None:
    mu = ours(1.0).mu
    check_mean_and_sd(mu.mean, mu.sd, INTERCEPT)
    check_quantiles([mu.cdf(x) for x in INTERCEPT[2:]])


def test_effective_sample_sizes_of_the_printed_mixture_are_the_printed_ones() -> None:
    """ELIR of the mixture of betas, and of the mixture with Beta(1, 1) at a weight of 0.2."""
    x = (np.arange(20_000) + 0.5) / 20_000
    pieces = [np.log(w) + stats.beta.logpdf(x, a, b) for w, a, b in MIXTURE]
    printed = np.logaddexp.reduce(pieces)
    robust = np.logaddexp(np.log(0.8) + printed, np.log(0.2))
    assert [round(elir(x, row, 1 / (x * (1 - x)))) for row in (printed, robust)] == [38, 27]
