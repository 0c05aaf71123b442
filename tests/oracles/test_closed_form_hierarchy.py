"""The random-effects integration against closed forms and quadrature by another hand."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit

from mgbayes.synthesis.conflict import conflict, noncentral_hypergeometric
from mgbayes.synthesis.counts import ArmCount, TwoArms, two_arms
from mgbayes.synthesis.hierarchy import THETA, GridDistribution, HierarchyPrior, TauRule, hierarchy
from mgbayes.synthesis.robust_prior import (
    NormalMixture,
    elir,
    normal_mixture,
    prior_size,
    robust,
    robust_posterior,
    unit_information,
)

Y = np.array([0.4, 1.7, -0.3])
SE = np.array([0.5, 0.8, 0.3])
INDEX = TwoArms("index", "well", ArmCount(12, 17), ArmCount(9, 16))
CEILING = TwoArms("ceiling", "well", ArmCount(6, 18), ArmCount(12, 12))


def normal_likelihoods() -> list[np.ndarray]:
    return [-0.5 * np.square((THETA - y) / se) for y, se in zip(Y, SE, strict=True)]


def known(tau: float) -> TauRule:
    return TauRule(np.array([tau]), np.array([1.0]))


def averaged(tau: float, m: float, s: float) -> tuple[float, float]:
    """Posterior mean and variance of mu in the normal-normal model with tau known."""
    precision = 1 / (SE**2 + tau**2)
    variance = 1 / (precision.sum() + 1 / s**2)
    return variance * (precision @ Y + m / s**2), variance


@pytest.mark.parametrize("tau", [0.0, 0.01, 0.5, 2.0])
def test_normal_normal_with_tau_known(tau: float) -> None:
    found = hierarchy(normal_likelihoods(), HierarchyPrior(0.2, 1.5), known(tau))
    mean, variance = averaged(tau, 0.2, 1.5)
    assert found.mu.mean == pytest.approx(mean, abs=1e-6)
    assert found.mu.sd == pytest.approx(np.sqrt(variance), abs=1e-6)
    assert found.predictive.mean == pytest.approx(mean, abs=1e-6)
    assert found.predictive.sd == pytest.approx(np.sqrt(variance + tau**2), abs=1e-5)
    expected = stats.norm(mean, np.sqrt(variance + tau**2))
    # A density constant within cells of width h errs by h² p' / 24, with h = 0.02 here less than 1e-4.
    assert found.predictive.above(0.0) == pytest.approx(expected.sf(0), abs=1e-4)
    assert found.predictive.interval == pytest.approx(expected.interval(0.95), abs=2e-3)


def test_tau_unknown_against_adaptive_quadrature() -> None:
    """E(tau), E(mu) and P(mu > 0) from the normal-normal marginal likelihood, integrated by QUADPACK."""
    prior = HierarchyPrior(0.0, 2.0, 1.0)

    def weight(tau: float) -> float:
        total = np.diag(SE**2 + tau**2) + prior.mu_sd**2
        return float(stats.multivariate_normal.pdf(Y, np.zeros(3), total) * stats.halfnorm.pdf(tau))

    def mean_of(value: object) -> float:
        over = integrate.quad(lambda tau: value(tau) * weight(tau), 0, 6, epsabs=1e-12)[0]  # type: ignore[operator]
        return over / integrate.quad(weight, 0, 6, epsabs=1e-12)[0]

    def above(tau: float) -> float:
        mean, variance = averaged(tau, 0.0, 2.0)
        return float(stats.norm.sf(0, mean, np.sqrt(variance)))

    found = hierarchy(normal_likelihoods(), prior)
    assert found.tau.nodes @ found.tau.weights == pytest.approx(mean_of(lambda tau: tau), abs=1e-5)
    assert found.mu.mean == pytest.approx(mean_of(lambda tau: averaged(tau, 0.0, 2.0)[0]), abs=1e-5)
    assert found.mu.above(0.0) == pytest.approx(mean_of(above), abs=1e-4)


def test_without_studies_the_prior_comes_back() -> None:
    found = hierarchy([], HierarchyPrior(0.5, 1.0, 0.7))
    assert found.mu.mean == pytest.approx(0.5, abs=1e-9)
    assert found.mu.sd == pytest.approx(1.0, abs=1e-6)
    assert found.tau.nodes @ found.tau.weights == pytest.approx(0.7 * np.sqrt(2 / np.pi), abs=1e-6)


def test_one_arm_alone_against_quadrature() -> None:
    """One study, tau known: theta ~ Normal(m, s² + tau²) times the binomial."""
    found = hierarchy([stats.binom.logpmf(3, 10, expit(THETA))], HierarchyPrior(-0.5, 1.0), known(0.6))
    sd = np.sqrt(1 + 0.36)

    def joint(theta: float) -> float:
        return float(stats.binom.pmf(3, 10, expit(theta)) * stats.norm.pdf(theta, -0.5, sd))

    total = integrate.quad(joint, -12, 12)[0]
    theta_mean = integrate.quad(lambda t: t * joint(t), -12, 12)[0] / total
    # E(mu | theta) shrinks theta by 1 / (1 + tau²).
    assert found.mu.mean == pytest.approx(-0.5 + (theta_mean + 0.5) / 1.36, abs=1e-6)


@pytest.mark.parametrize("counts", [INDEX, CEILING, TwoArms("all", "", ArmCount(8, 8), ArmCount(8, 8))])
@pytest.mark.parametrize("theta", [-3.0, 0.0, 1.4, 6.0])
def test_likelihood_of_two_arms_against_quadrature(counts: TwoArms, theta: float) -> None:
    def joint(level: float, theta: float = theta) -> float:
        a = stats.binom.pmf(counts.reference.y, counts.reference.n, expit(level - theta / 2))
        b = stats.binom.pmf(counts.contrast.y, counts.contrast.n, expit(level + theta / 2))
        return float(a * b * stats.norm.pdf(level, 0, 2))

    expected = integrate.quad(joint, -20, 20, points=[-3, 0, 3], epsabs=1e-14, limit=200)[0]
    at = int(np.argmin(np.abs(THETA - theta)))
    assert two_arms(counts)[at] - two_arms(counts)[1000] == pytest.approx(
        np.log(expected / integrate.quad(lambda level: joint(level, 0.0), -20, 20, points=[-3, 0, 3])[0]),
        abs=1e-6,
    )


def test_exchanged_arms_mirror_the_likelihood() -> None:
    other = TwoArms("other", "well", CEILING.contrast, CEILING.reference)
    assert two_arms(other)[::-1] == pytest.approx(two_arms(CEILING), abs=1e-10)


def test_good_and_bad_events_mirror_the_likelihood() -> None:
    opposite = TwoArms("opposite", "ill", ArmCount(5, 17), ArmCount(7, 16))
    assert two_arms(opposite)[::-1] == pytest.approx(two_arms(INDEX), abs=1e-10)


@pytest.mark.parametrize("theta", [-2.0, 0.0, 1.9])
def test_counts_given_their_total(theta: float) -> None:
    y, chance = noncentral_hypergeometric(INDEX, np.array([theta]))
    expected = stats.nchypergeom_fisher.pmf(y, 33, 16, 21, exp(theta))
    assert chance[:, 0] == pytest.approx(expected, abs=1e-10)


def test_conflict_with_a_known_log_odds_ratio() -> None:
    """At no difference the two-sided predictive p is that of Fisher's exact test."""
    known = GridDistribution(np.array([-0.01, 0.0, 0.01]), np.array([0.0, 1.0, 0.0]))
    found = conflict(INDEX, known)
    table = [[9, 7], [12, 5]]
    assert found.p_as_rare == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-10)
    assert found.p_as_low == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue, abs=1e-10)


def test_a_mixture_is_found_again() -> None:
    truth = NormalMixture(((0.7, 1.0, 0.5), (0.3, -1.5, 1.0)))
    grid = GridDistribution.normalized(THETA, np.exp(truth.log_density(THETA)))
    found = normal_mixture(grid, 2)
    assert np.array(found.components) == pytest.approx(np.array(truth.components), abs=5e-3)


def test_one_component_matches_its_moments() -> None:
    grid = hierarchy(normal_likelihoods(), HierarchyPrior()).predictive
    (row,) = normal_mixture(grid, 1).components
    assert row == pytest.approx((1.0, grid.mean, grid.sd), abs=1e-8)


def test_a_conjugate_prior_is_worth_its_own_size() -> None:
    """Beta(a, b) is worth a + b patients by elir, and Normal(0, s²) 1 / (s² i) by all three."""
    x = (np.arange(20_000) + 0.5) / 20_000
    assert elir(x, stats.beta.logpdf(x, 6, 14), 1 / (x * (1 - x))) == pytest.approx(20, rel=1e-4)
    size = prior_size(NormalMixture(((1.0, 0.3, 0.5),)), 0.1)
    assert (size.elir, size.moment) == pytest.approx((40, 40), rel=1e-5)
    assert size.morita == pytest.approx(40 * 0.99, rel=1e-5)  # less the vague prior's hundredth


def test_elir_is_predictively_consistent() -> None:
    """Ten patients more, averaged over what the prior predicts for them, make the prior ten larger."""
    x = (np.arange(20_000) + 0.5) / 20_000

    def worth(y: int, n: int) -> tuple[float, float]:
        """The probability of y of n under a mixture of two betas, and what the posterior is worth."""
        pieces = [(0.7, 9.0, 21.0), (0.3, 4.0, 4.0)]
        chance = np.array([w * stats.betabinom.pmf(y, n, a, b) for w, a, b in pieces])
        rows = [
            np.log(c) + stats.beta.logpdf(x, a + y, b + n - y)
            for c, (_, a, b) in zip(chance, pieces, strict=True)
        ]
        return float(chance.sum()), elir(x, np.logaddexp(*rows), 1 / (x * (1 - x)))

    after = sum(chance * size for chance, size in (worth(y, 10) for y in range(11)))
    assert after == pytest.approx(worth(0, 0)[1] + 10, abs=0.01)


def test_a_study_like_the_index_study_is_worth_its_patients() -> None:
    """The information at no difference, by differentiating the exact conditional likelihood twice: a hypergeometric
    variance, which is N / (N - 1) times that of the binomial."""
    variance = stats.hypergeom.var(33, 16, 21)
    assert unit_information(INDEX) * 33 == pytest.approx(variance * 32 / 33, rel=1e-10)


def test_the_robust_posterior_against_simulation() -> None:
    """Draws from prior and level, weighted by the binomials: chance of benefit and weight of the vague part."""
    others = NormalMixture(((0.8, 1.9, 0.8), (0.2, 1.5, 2.0)))
    found = robust_posterior(INDEX, others, 0.3)
    rng = np.random.default_rng(20200216)
    draws = 2_000_000
    vague = rng.random(draws) < 0.3
    part = rng.random(draws) < 0.8
    informed = np.where(part, rng.normal(1.9, 0.8, draws), rng.normal(1.5, 2.0, draws))
    theta = np.where(vague, rng.normal(0, 2, draws), informed)
    level = rng.normal(0, 2, draws)
    weight = stats.binom.pmf(12, 17, expit(level - theta / 2)) * stats.binom.pmf(
        9, 16, expit(level + theta / 2)
    )
    effective = weight.sum() ** 2 / np.square(weight).sum()
    for value, indicator in ((found.p_benefit, theta > 0), (found.vague_after, vague)):
        expected = float((weight * indicator).sum() / weight.sum())
        assert value == pytest.approx(expected, abs=4 * np.sqrt(0.25 / effective))


def test_a_vague_weight_of_one_leaves_the_vague_prior() -> None:
    prior = robust(NormalMixture(((1.0, 1.0, 1.0),)), (0.0, 2.0), 1.0)
    assert prior.components == ((1.0, 0.0, 2.0),)
    with pytest.raises(ValueError, match="between 0 and 1"):
        robust(prior, (0.0, 2.0), 1.5)
