"""The density of order statistics against the patients, quadrature, rejection, a grid and a sampler."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats
from scipy.special import log_ndtr, logsumexp

from mgbayes.latent.order_statistics import Distribution, OrderStatistics, gaps_in_order, log_density
from mgbayes.study.statistics import QuantileDefinition

QUARTILES = tuple(Fraction(k, 4) for k in (1, 2, 3))
FIVE = tuple(Fraction(k, 4) for k in range(5))


def of(law: object) -> Distribution:
    return Distribution(law.logpdf, law.logcdf, law.logsf)  # type: ignore[attr-defined]


def density(mapped: OrderStatistics, q: Any, gaps: Any, law: Distribution) -> Any:
    """Of quantiles (m, ...) and gaps (gaps, ...)."""
    d = mapped.with_gaps(gaps)
    return log_density(mapped.values(q, d if mapped.gaps else np.zeros_like(q)), mapped.ranks, mapped.n, law)


def order(n: int, p: tuple[Fraction, ...], definition: str = "7") -> OrderStatistics:
    return OrderStatistics.at(n, [QuantileDefinition(definition).position(one, n) for one in p])


# ------------------------------------------------------------------ closed forms


def test_with_every_order_statistic_it_is_the_density_of_the_patients() -> None:
    x = np.sort(np.random.default_rng(1).gamma(2, 3, 12))
    everyone = OrderStatistics.at(12, [(j, Fraction(0)) for j in range(1, 13)])
    patients = stats.gamma(2, scale=3).logpdf(x).sum() + np.log(np.arange(1, 13)).sum()
    assert density(everyone, x, np.zeros(0), of(stats.gamma(2, scale=3))) == pytest.approx(
        patients, rel=1e-12
    )


@pytest.mark.parametrize("j", [1, 3, 7])
def test_one_order_statistic_of_uniform_values_has_a_beta_distribution(j: int) -> None:
    one = OrderStatistics.at(7, [(j, Fraction(0))])
    for q in (0.1, 0.5, 0.93):
        expected = stats.beta(j, 8 - j).logpdf(q)
        assert density(one, np.array([q]), np.zeros(0), of(stats.uniform())) == pytest.approx(expected)


@pytest.mark.parametrize("definition", QuantileDefinition)
@pytest.mark.parametrize("n", [4, 6, 9, 16, 17])
def test_the_order_statistics_of_a_sample_come_back_from_its_quantiles(n: int, definition: str) -> None:
    """Each quantile and the gap between its neighbours, also where two quantiles share one."""
    x = np.sort(np.random.default_rng([2, n]).normal(size=n))
    positions = [QuantileDefinition(definition).position(p, n) for p in FIVE]
    mapped = OrderStatistics.at(n, positions)
    q = np.array([(1 - float(g)) * x[j - 1] + float(g) * x[min(j, n - 1)] for j, g in positions])
    gaps = np.array([x[j] - x[j - 1] if g else 0.0 for j, g in positions])
    np.testing.assert_allclose(mapped.values(q, gaps), x[mapped.ranks - 1], atol=1e-12)
    assert mapped.apart == (len(set(mapped.ranks)) == len(FIVE) + mapped.gaps)


def test_a_value_that_stands_twice_counts_once_and_definitions_stand_side_by_side() -> None:
    law, v = of(stats.gamma(2, scale=3)), np.array([1.0, 4.0, 9.0])
    ranks = np.array([2, 5, 9])
    alone = log_density(v, ranks, 12, law)
    doubled = log_density(v[[0, 0, 1, 1, 2]], ranks[[0, 0, 1, 1, 2]], 12, law)
    assert doubled == pytest.approx(alone, rel=1e-12)
    rows = [[QuantileDefinition(name).position(p, 16) for p in QUARTILES] for name in ("2", "6", "7")]
    q, t = np.array([2.0, 3.5, 6.0]), np.array([0.3, -0.2, 0.5])
    together = OrderStatistics.alternatives(16, rows)
    many = gaps_in_order(together, q[:, None], np.repeat(t[:, None], 3, axis=1), low=0.0)
    both = log_density(together.values(q[:, None], many.d), together.ranks, 16, law)
    for i, row in enumerate(rows):
        one = OrderStatistics.at(16, row)
        single = gaps_in_order(one, q, t, low=0.0)
        assert many.log_jacobian[i] == pytest.approx(single.log_jacobian)
        assert both[i] == pytest.approx(log_density(one.values(q, single.d), one.ranks, 16, law))


@pytest.mark.parametrize(
    ("n", "p", "definition"),
    [
        (2, QUARTILES[1:2], "7"),
        (5, QUARTILES[:2], "6"),
        (6, QUARTILES[1:2], "2"),
        (8, QUARTILES, "7"),
    ],
)
def test_it_integrates_to_one(n: int, p: tuple[Fraction, ...], definition: str) -> None:
    """Over the quantiles of uniform values and their gaps; importance sampling from a smoothed sample."""
    mapped = order(n, p, definition)
    m, rng = len(p), np.random.default_rng(3)
    x = np.sort(rng.random((20_000, n)), axis=1)
    lower, upper = x[:, mapped.ranks[::2] - 1].T, x[:, mapped.ranks[1::2] - 1].T
    g = mapped.weight[:, None]
    point = np.concatenate([(1 - g) * lower + g * upper, (upper - lower)[mapped.has_gap]])
    proposal = stats.multivariate_t(point.mean(1), 1.5 * np.cov(point), df=8, seed=4)
    draws = proposal.rvs(400_000).reshape(400_000, -1).T
    values = mapped.values(draws[:m], mapped.with_gaps(draws[m:]))
    inside = (values[0] > 0) & (values[-1] < 1) & (draws[m:] > 0).all(axis=0)
    draws = draws[:, inside]
    weight = np.zeros(400_000)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight[: draws.shape[1]] = np.exp(
            density(mapped, draws[:m], draws[m:], of(stats.uniform())) - proposal.logpdf(draws.T)
        )
    error = weight.std() / np.sqrt(len(weight))
    assert error < 0.02
    assert abs(weight.mean() - 1) < 4 * error


def test_the_median_of_two_is_exact() -> None:
    # The mean of two standard normal values: Normal(0, 1/2).
    two = order(2, (Fraction(1, 2),))
    for q in (-1.0, 0.0, 0.7):
        value, _ = integrate.quad(
            lambda d, q=q: np.exp(density(two, np.array([q]), np.array([d]), of(stats.norm()))), 0, 20
        )
        assert value == pytest.approx(stats.norm(0, np.sqrt(0.5)).pdf(q), rel=1e-8)


# ------------------------------------------------------------------ brute force

MEANS, LOG_SDS = np.linspace(-2, 2, 41), np.linspace(-1.2, 1.2, 25)


def normal(mean: float, sd: float) -> Distribution:
    return Distribution(
        lambda v: -0.5 * ((v - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi),
        lambda v: log_ndtr((v - mean) / sd),
        lambda v: log_ndtr((mean - v) / sd),
    )


def grid_posterior(mapped: OrderStatistics, q: np.ndarray) -> np.ndarray:
    """Of mean and log SD, flat over the grid; the gaps by an average over 4000 points of the cube they can lie in."""
    d = 4 * float(np.diff(q).min()) * np.random.default_rng(5).random((mapped.gaps, 4000))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.array(
            [
                [logsumexp(density(mapped, q[:, None], d, normal(a, np.exp(b)))) for b in LOG_SDS]
                for a in MEANS
            ]
        )
    return np.exp(found - logsumexp(found))


@pytest.mark.long
@pytest.mark.parametrize(
    ("definition", "method"), [("6", "weibull"), ("7", "linear"), ("2", "averaged_inverted_cdf")]
)
def test_the_posterior_is_that_of_rejection(definition: str, method: str) -> None:
    """Median and quartiles of nine normal values, as each definition has them."""
    n, eps, size = 9, 0.1, 100_000
    q = np.array([-0.6, 0.1, 0.9])
    posterior = grid_posterior(order(n, QUARTILES, definition), q)
    mean, log_sd = posterior.sum(1) @ MEANS, posterior.sum(0) @ LOG_SDS
    rng, kept = np.random.default_rng(6), []
    for _ in range(120):
        a, b = rng.choice(MEANS, size), rng.choice(LOG_SDS, size)
        x = a[:, None] + np.exp(b)[:, None] * rng.standard_normal((size, n))
        near = np.abs(np.quantile(x, [0.25, 0.5, 0.75], axis=1, method=method).T - q).max(axis=1) < eps
        kept.append(np.stack([a[near], b[near]], axis=1))
    draws = np.concatenate(kept)
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert len(draws) > 2000
    # The box blurs each quartile by eps / sqrt(3), which moves the log SD by about (eps / 1.5)² / 6 < 0.001.
    assert abs(draws[:, 0].mean() - mean) < 4 * error[0] + 0.002
    assert abs(draws[:, 1].mean() - log_sd) < 4 * error[1] + 0.002


# ------------------------------------------------------------------ symbols and a sampler


def of_pymc(law: pt.TensorVariable) -> Distribution:
    return Distribution(
        lambda v: pm.logp(law, v), lambda v: pm.logcdf(law, v), lambda v: pt.log1mexp(pm.logcdf(law, v))
    )


@pytest.mark.parametrize("n", [16, 17])
def test_symbols_give_the_numbers_and_their_gradient(n: int) -> None:
    mapped = order(n, QUARTILES)
    q, gaps = np.array([2.0, 3.5, 6.0]), np.full(mapped.gaps, 0.3)
    shape, d = pt.dscalar(), pt.dvector()
    v = mapped.values(q, mapped.with_gaps(d, xp=pt) if mapped.gaps else pt.zeros(3), xp=pt)
    symbol = log_density(v, mapped.ranks, n, of_pymc(pm.Gamma.dist(shape, 0.5)), xp=pt)
    wrt = [shape, d] if mapped.gaps else [shape]
    compute = pytensor.function(
        [shape, d], [symbol, *pytensor.grad(symbol, wrt)], on_unused_input="ignore", mode="FAST_COMPILE"
    )
    value, *slopes = compute(2.2, gaps)

    def number(a: float, b: np.ndarray) -> float:
        return float(density(mapped, q, b, of(stats.gamma(a, scale=2.0))))

    assert value == pytest.approx(number(2.2, gaps), rel=1e-7)  # the gamma density of PyMC is off by 4e-9
    h = 1e-5
    assert slopes[0] == pytest.approx((number(2.2 + h, gaps) - number(2.2 - h, gaps)) / (2 * h), rel=1e-5)
    for k in range(mapped.gaps):
        step = h * np.eye(mapped.gaps)[k]
        assert slopes[1][k] == pytest.approx(
            (number(2.2, gaps + step) - number(2.2, gaps - step)) / (2 * h), rel=1e-5
        )


@pytest.mark.parametrize("low", [-np.inf, 0.0])
@pytest.mark.parametrize(("n", "definition"), [(8, "7"), (16, "6"), (16, "2"), (18, "6")])
def test_gaps_from_real_numbers_keep_the_order_and_have_their_jacobian(
    n: int, definition: str, low: float
) -> None:
    mapped, q = order(n, FIVE[:-1] if low == 0 else QUARTILES, definition), np.array([0.5, 2.0, 3.5, 6.0])
    q = q if low == 0 else q[1:]
    t = np.random.default_rng(9).normal(0, 2, (len(q), 500))
    made = gaps_in_order(mapped, q[:, None], t, low=low)
    assert (made.d[mapped.has_gap] > 0).all()
    assert (made.d[~mapped.has_gap] == 0).all()
    steps = np.diff(mapped.values(q[:, None], made.d), axis=0)
    assert (steps[np.diff(mapped.ranks) > 0] > 0).all()
    for at in range(5):
        slope = np.stack(
            [
                (
                    gaps_in_order(mapped, q, t[:, at] + step, low=low).d
                    - gaps_in_order(mapped, q, t[:, at] - step, low=low).d
                )
                / 2e-6
                for step in 1e-6 * np.eye(len(q))[mapped.has_gap]
            ]
        )[:, mapped.has_gap]
        assert np.linalg.slogdet(slope)[1] == pytest.approx(made.log_jacobian[at], abs=1e-4)


def test_quantiles_that_share_an_order_statistic_are_refused_as_coordinates() -> None:
    with pytest.raises(ValueError, match="share an order statistic"):
        gaps_in_order(order(4, QUARTILES[:2]), np.array([1.0, 2.0]), np.zeros(2))


def test_gaps_that_put_values_out_of_order_have_no_density() -> None:
    mapped = order(16, QUARTILES)
    wide = np.array([0.1, 30.0, 0.1])
    assert density(mapped, np.array([2.0, 3.5, 6.0]), wide, of(stats.norm(3, 2))) == -np.inf


@pytest.mark.long
@pytest.mark.parametrize("family", ["gamma", "lognormal"])
@pytest.mark.parametrize("n", [17, 16])
def test_a_sampler_agrees_with_the_grid_at_500_effective_draws_a_second(n: int, family: str) -> None:
    """Three quartiles of 17 values (no gap by type 7) and of 16 (three gaps), gamma and log-normal."""
    import arviz_stats as az
    import nutpie

    mapped, q = order(n, QUARTILES), np.array([11.0, 19.0, 34.0])
    with pm.Model() as model:
        centre, spread = pm.Normal("centre", np.log(20), 1), pm.Normal("spread", -0.3, 0.5)
        if family == "gamma":
            law = pm.Gamma.dist(mu=pt.exp(centre), sigma=pt.exp(centre + spread))
        else:
            law = pm.LogNormal.dist(centre, pt.exp(spread))
        real = (
            pm.Flat("real", shape=mapped.gaps, initval=np.zeros(mapped.gaps)) if mapped.gaps else np.zeros(0)
        )
        gaps = gaps_in_order(mapped, q, mapped.with_gaps(real, xp=pt), low=0.0, xp=pt)
        exact = log_density(mapped.values(q, gaps.d, xp=pt), mapped.ranks, n, of_pymc(law), xp=pt)
        pm.Potential("published", exact + gaps.log_jacobian)
    compiled = nutpie.compile_pymc_model(model)
    begin = time.process_time()
    trace = nutpie.sample(compiled, draws=1500, tune=600, chains=4, cores=1, seed=7, progress_bar=False)
    seconds = time.process_time() - begin
    draws = trace.posterior.to_dataset()[["centre", "spread"]]
    assert float(az.rhat(draws).to_array().max()) < 1.01
    assert int(trace.sample_stats["diverging"].sum()) < 10
    effective = float(az.ess(draws).to_array().min())
    assert effective / seconds > 500
    exact, centres = _grid(mapped, q, family), np.linspace(np.log(20) - 1.5, np.log(20) + 1.5, 61)
    mean = exact.sum(1) @ centres
    error = float(draws["centre"].std()) / np.sqrt(effective)
    assert abs(float(draws["centre"].mean()) - mean) < 4 * error + 0.003


def _grid(mapped: OrderStatistics, q: np.ndarray, family: str) -> np.ndarray:
    """The gaps by Gauss-Legendre quadrature over all that keep the order, nine points in each."""
    nodes, weights = np.polynomial.legendre.leggauss(9)
    axes = [(nodes + 1) / 2] * mapped.gaps
    u = np.stack([part.ravel() for part in np.meshgrid(*axes)]) if axes else np.zeros((0, 1))
    of_nodes = [part.ravel() for part in np.meshgrid(*[weights / 2] * mapped.gaps)]
    made = gaps_in_order(mapped, q[:, None], mapped.with_gaps(np.log(u / (1 - u))), low=0.0)
    weight = made.log_jacobian - (np.log(u) + np.log1p(-u)).sum(axis=0) + sum(map(np.log, of_nodes))
    v = mapped.values(q[:, None], made.d)
    centres, spreads = np.linspace(np.log(20) - 1.5, np.log(20) + 1.5, 61), np.linspace(-1.8, 1.2, 25)
    found = np.empty((61, 25))
    for i, a in enumerate(centres):
        for j, b in enumerate(spreads):
            k = np.exp(-2 * b)
            of_gamma, of_log = stats.gamma(k, scale=np.exp(a) / k), stats.lognorm(np.exp(b), scale=np.exp(a))
            with np.errstate(divide="ignore", invalid="ignore"):
                prior = stats.norm(np.log(20), 1).logpdf(a) + stats.norm(-0.3, 0.5).logpdf(b)
                exact_here = log_density(
                    v, mapped.ranks, mapped.n, of(of_gamma if family == "gamma" else of_log)
                )
                found[i, j] = logsumexp(exact_here + weight) + prior
    return np.exp(found - logsumexp(found))
