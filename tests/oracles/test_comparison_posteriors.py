"""Posteriors of many studies at once, and from published numbers, against brute force and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

from mgbayes.comparison import bayesian_times, bayesian_values, published, times, values
from mgbayes.comparison.bayesian_times import LEVEL_PRIOR
from mgbayes.comparison.blocks import Work
from mgbayes.comparison.importance import Draws, Model, pareto_k, posterior
from mgbayes.comparison.lost import DRAWN, losses
from mgbayes.comparison.operating import average_power
from mgbayes.comparison.published import LOGNORMAL, Moments, Published, fit
from mgbayes.comparison.published_quartiles import model_of
from mgbayes.comparison.rules import rules
from mgbayes.comparison.tables import Tables
from mgbayes.models.priors import Prior

M, N, STUDIES = 9, 8, 12
DRAWS = 200_000


@pytest.fixture(scope="module", name="followed")
def _followed() -> times.Studies:
    rng = np.random.default_rng(7)
    time = rng.weibull(1.3, (STUDIES, M + N))
    time[:, M:] *= 1.6
    left = rng.uniform(0.4, 1.6, time.shape)
    return times.Studies.of(np.minimum(time, left), time <= left, M, 0.7)


@pytest.fixture(scope="module", name="measured")
def _measured() -> values.Studies:
    rng = np.random.default_rng(3)
    before = rng.lognormal(0, 0.4, (STUDIES, M + N))
    after = 0.4 * before + rng.lognormal(-0.5, 0.7, before.shape)
    after[:, ::5] = 0
    return values.Studies(before, after, M)


def _times_law(name: str, studies: times.Studies, i: int, theta: np.ndarray) -> np.ndarray:
    """Log likelihood by SciPy's distributions, (draw,)."""
    t, seen, arm = (
        studies.time[i][:, None],
        studies.event[i][:, None] == 1,
        studies.contrast[i][:, None] - 0.5,
    )
    if name == "weibull":
        level, log_shape, beta = theta.T
        law = stats.weibull_min(np.exp(log_shape), scale=np.exp(-(level + arm * beta) / np.exp(log_shape)))
    elif name == "lognormal":
        level, log_sd, beta = theta.T
        law = stats.lognorm(np.exp(log_sd), scale=np.exp(level - arm * beta))
    elif name == "cure":
        ever, level, log_shape, beta = theta.T
        law = stats.weibull_min(np.exp(log_shape), scale=np.exp(-level / np.exp(log_shape)))
        share = 1 / (1 + np.exp(-(ever + arm * beta)))
        return np.where(seen, np.log(share) + law.logpdf(t), np.log(1 - share + share * law.sf(t))).sum(0)
    else:
        level, first, second, beta = theta.T
        steps = np.stack([level, level + first, level + first + second]) + (arm * beta)[:, None]
        rates = np.exp(steps)
        spent = np.stack([np.clip(t[:, 0], a, b) - a for a, b in ((0, 0.5), (0.5, 1), (1, np.inf))], 1)
        now = np.searchsorted([0.5, 1.0], t[:, 0], side="left")
        rate = rates[np.arange(len(t)), now]
        return (np.where(seen, np.log(rate), 0.0) - (rates * spent[..., None]).sum(1)).sum(0)
    return np.where(seen, law.logpdf(t), law.logsf(t)).sum(0)


def _values_law(name: str, studies: values.Studies, i: int, theta: np.ndarray) -> np.ndarray:
    y, x = studies.value[i], studies.baseline[i]
    arm = (np.arange(M + N) >= M)[:, None] - 0.5
    if name == "share_at_zero":
        logit, other, level, log_sd, effect = theta.T
        share = 1 / (1 + np.exp(-(logit + arm * other)))
        z = np.where(y > 0, y, 1.0)[:, None] / y.mean()
        above = np.log(1 - share) + stats.lognorm(np.exp(log_sd), scale=np.exp(level + arm * effect)).logpdf(
            z
        )
        return np.where(y[:, None] > 0, above, np.log(share)).sum(0)
    z, w = ((v - v.mean()) / v.std(ddof=1) for v in (y, x))
    if name == "normal":
        level, one, other, effect = theta.T
        sd = np.where(arm < 0, np.exp(one), np.exp(other))
        return stats.norm.logpdf(z[:, None], level + arm * effect, sd).sum(0)
    level, slope, log_sd, effect = theta.T
    return stats.norm.logpdf(z[:, None], level + arm * effect + slope * w[:, None], np.exp(log_sd)).sum(0)


CASES = {
    **{name: (model, _times_law) for name, (_, model) in bayesian_times.MODELS.items()},
    **{name: (model, _values_law) for name, (_, model) in bayesian_values.MODELS.items()},
    "share_at_zero": (bayesian_values.SHARE_AT_ZERO, _values_law),
}
OWN_PRIORS = {
    "cure": ((1.0, *LEVEL_PRIOR[:1], 0.0, 0.0), (1.5, *LEVEL_PRIOR[1:], 0.5, 1.0)),
    "share_at_zero": ((-1.0, 0.0, 0.0, 0.0, 0.0), (1.5, 1.0, 1.0, 0.7, 1.0)),
}
"""Of parameters that the batch integrates out, or writes otherwise."""


def _log_ratio_of_means(theta: np.ndarray) -> np.ndarray:
    shares = [stats.logistic.cdf(theta[:, 0] + sign * theta[:, 1] / 2) for sign in (-1, 1)]
    return theta[:, -1] + np.log((1 - shares[1]) / (1 - shares[0]))


@pytest.mark.parametrize("name", CASES)
def test_posteriors_are_draws_from_the_prior_weighted_by_the_likelihood_of_scipy(
    name: str, followed: times.Studies, measured: values.Studies
) -> None:
    """The standard error of a probability is that of the effective number of 200 000 prior draws, with ours 0.005."""
    model, law = CASES[name]
    means, sds = OWN_PRIORS.get(name, (model.means, (*model.sds[:-1], 1.0)))
    studies = followed if law is _times_law else measured
    rng = np.random.default_rng(1)
    theta = np.array(means) + np.array(sds) * rng.standard_normal((DRAWS, len(means)))
    effect, prior = theta[:, -1], Prior("normal", (0.0, 1.0), "narrower than the model's")
    if name == "share_at_zero":
        effect, prior = _log_ratio_of_means(theta), model.effect_prior
    found = posterior(studies, model).under(prior, model.effect_prior).answers()
    for i in range(0, STUDIES, 4):
        log_weight = law(name, studies, i, theta)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        above, enough = weight @ (effect > 0), 1 / (weight**2).sum()
        assert enough > 100
        ours = found.p[i] / 2 if found.side[i] < 0 else 1 - found.p[i] / 2
        assert ours == pytest.approx(above, abs=4 * np.sqrt(above * (1 - above) / enough) + 0.005)


def test_the_shape_of_a_tail_is_arvizs() -> None:
    rng = np.random.default_rng(5)
    log_weight = np.log(
        stats.genpareto.rvs(np.array([[0.3], [0.6], [0.9]]), size=(3, 1024), random_state=rng)
    )
    weight = np.exp(log_weight)
    found = pareto_k(weight / weight.sum(1, keepdims=True), np.ones(3, bool))
    for row, k in zip(log_weight, found, strict=True):
        assert k == pytest.approx(float(array_stats.psislw(-row)[1]), abs=1e-6)


def test_weights_that_are_nearly_equal_have_no_tail() -> None:
    log_weight = np.log(np.random.default_rng(1).uniform(0.9, 1.1, (2, 1024)))
    draws = Draws(np.zeros((2, 1024)), log_weight)
    assert (draws.pareto_k(draws.weight) == 0).all()


def test_a_study_whose_weights_have_a_heavy_tail_has_no_answer() -> None:
    """A prior of the effect that the draws do not reach."""
    studies = values.Studies(np.zeros((1, 8)), np.arange(8.0)[None], 4)
    flat = Model(lambda studies, theta: np.zeros(theta.shape[:2]), (0.0, 0.0), (1.0, 1.0))
    far = replace(flat, means=(0.0, 9.0), sds=(1.0, 0.05))
    found = posterior(studies, flat).under(far.effect_prior, flat.effect_prior).answers()
    assert found.pareto_k is not None
    assert found.pareto_k[0] > 0.7
    assert np.isnan(found.p[0])


def test_two_values_of_a_known_mean_and_sd_are_known() -> None:
    """With two patients an arm the published numbers are the patients; 300 effective draws are within 0.01."""
    pairs = [np.array([0.4, 1.1]), np.array([0.9, 2.3])]
    arms = [Moments(2, float(pair.mean()), float(pair.std(ddof=1))) for pair in pairs]
    studies = values.Studies(np.zeros((1, 4)), np.concatenate(pairs)[None], 2)
    exact = posterior(studies, LOGNORMAL).answers()
    found = fit(Published((arms[0], arms[1])), np.random.default_rng(1))
    assert found is not None
    ours = found.draws.answers()
    assert ours.p[0] / 2 == pytest.approx(exact.p[0] / 2, abs=0.01)
    assert exact.low is not None
    assert ours.low is not None
    assert ours.low[0] == pytest.approx(
        exact.low[0], abs=0.15
    )  # the error of a 2.5 % quantile of 300 draws is 0.04


def test_published_means_sds_and_a_p_are_the_studies_that_were_accepted() -> None:
    """Rejection: of 3 million studies of four and four patients those whose mean, SD and p are near the published."""
    rng, size = np.random.default_rng(2), 3_000_000
    level, log_sd, effect = (
        np.array(LOGNORMAL.means) + np.array(LOGNORMAL.sds) * rng.standard_normal((size, 3))
    ).T
    y = np.exp(
        level[:, None]
        + np.outer(effect, np.repeat([-0.5, 0.5], 4))
        + np.exp(log_sd)[:, None] * rng.standard_normal((size, 8))
    )
    asked = (Moments(4, 0.8, 0.5), Moments(4, 1.5, 1.0))
    near = np.ones(size, bool)
    for a, arm in enumerate(asked):
        own = y[:, 4 * a : 4 * a + 4]
        near &= (np.abs(own.mean(1) / arm.mean - 1) < 0.12) & (np.abs(own.std(1, ddof=1) / arm.sd - 1) < 0.12)
    p = values.mann_whitney(values.Studies(np.zeros_like(y[near]), y[near], 4)).p
    for bounds in (None, (0.1, 0.4)):
        kept = np.ones(len(p), bool) if bounds is None else (p >= bounds[0]) & (p <= bounds[1])
        assert kept.sum() > 300
        expected = float((effect[near][kept] > 0).mean())
        found = fit(Published(asked, p=bounds), np.random.default_rng(3))
        assert found is not None
        ours = found.draws.answers()
        above = 1 - ours.p[0] / 2 if ours.side[0] > 0 else ours.p[0] / 2
        error = np.sqrt(expected * (1 - expected) / kept.sum())
        assert above == pytest.approx(expected, abs=4 * error + 0.015)


def test_cohorts_have_the_published_numbers() -> None:
    one, other = Moments(6, 0.9, 0.5, 4), Moments(5, 0.6, 0.4, 3)
    asked = Published((one, other), p=(0.05, 0.5), followed=(1.0, 3.0))
    found = fit(asked, np.random.default_rng(4))
    assert found is not None
    cohorts, _ = found.cohorts(np.random.default_rng(5), 30)
    for arm, it in zip(cohorts.arms, asked.arms, strict=True):
        for time, event, mine in zip(cohorts.time, cohorts.event, arm, strict=True):
            own = time[(event == 1) & (mine == 1)]
            assert len(own) == it.n
            assert (own.mean(), own.std(ddof=1)) == pytest.approx((it.mean, it.sd), rel=1e-9)
            assert time[(event == 0) & (mine == 1)].min() >= 1.0
    p = times.log_rank(cohorts).p
    assert ((p >= 0.05) & (p <= 0.5)).all()


@pytest.mark.parametrize(
    ("p", "bounds"), [(0.0004, (0, 0.001)), (0.0061, (0.0055, 0.0065)), (0.344, (0.335, 0.345))]
)
def test_p_values_are_printed_as_papers_print_them(p: float, bounds: tuple[float, float]) -> None:
    assert published.printed(p) == pytest.approx(bounds)


@pytest.mark.long
def test_every_evidence_is_calibrated_since_truths_come_from_the_prior(tmp_path, monkeypatch) -> None:
    """Of 200 studies: coverage and stated probabilities are right within 4 Monte Carlo errors."""
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path))
    found = losses("values", 9, 8, repetitions=200, work=Work(1))
    for row in found:
        if row.evidence != "normal":
            assert row.coverage.value == pytest.approx(0.95, abs=4 * 0.0154)
            assert row.true.value == pytest.approx(row.stated.value, abs=4 * 0.035)
    patients, with_p, moments, quartiles, normal = found
    assert patients.distance.value == 0
    assert 0 < with_p.distance.value < moments.distance.value < normal.distance.value
    assert 0 < quartiles.distance.value < 0.1
    again = losses("values", 9, 8, repetitions=200, work=Work(2))
    assert repr(again) == repr(found)


def _quartile_density(n: int, q: np.ndarray, median: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Of a log-normal sample of 5, of which quartiles are values, or of 7, where two lie between neighbours."""
    law = stats.lognorm(sd, scale=np.exp(median))
    density: np.ndarray = law.pdf(q[1])
    if n == 5:
        return density * law.pdf(q[0]) * law.pdf(q[2]) * law.cdf(q[0]) * law.sf(q[2])
    for quartile, outside, room in ((q[0], law.cdf, q[1] - q[0]), (q[2], law.sf, q[2] - q[1])):
        # Neighbours half a gap below and above; the inner one stays on its side of the median, both above zero.
        gaps, weights = np.polynomial.legendre.leggauss(40)
        widest = 2 * min(room, quartile)
        gaps, weights = (gaps + 1) / 2 * widest, weights / 2 * widest
        inner = quartile + np.sign(q[1] - quartile) * gaps[:, None] / 2
        outer = 2 * quartile - inner
        density = density * (weights[:, None] * law.pdf(inner) * law.pdf(outer) * outside(outer)).sum(0)
    return density


def test_published_quartiles_are_prior_draws_weighted_by_the_density_of_order_statistics() -> None:
    rng = np.random.default_rng(6)
    arms = [(5, np.array([0.5, 0.9, 1.2])), (7, np.array([0.9, 1.4, 2.9]))]
    level, log_sd, effect = (np.array(LOGNORMAL.means) + LOGNORMAL.sds * rng.standard_normal((20_000, 3))).T
    weight = np.ones(len(level))
    for a, (n, quartiles) in enumerate(arms):
        weight *= _quartile_density(n, quartiles, level + (a - 0.5) * effect, np.exp(log_sd))
    weight /= weight.sum()
    above, enough = weight @ (effect > 0), 1 / (weight**2).sum()
    assert enough > 1000
    model = model_of(arms)
    assert model is not None
    found = posterior(values.Studies(np.zeros((1, 12)), np.ones((1, 12)), 5), model).answers()
    ours = found.p[0] / 2 if found.side[0] < 0 else 1 - found.p[0] / 2
    assert ours == pytest.approx(above, abs=4 * np.sqrt(above * (1 - above) / enough) + 0.002)


def test_a_digitized_curve_is_nearly_the_patients_and_counts_are_far() -> None:
    draw, evidences = DRAWN["times"]
    studies = [draw(np.random.default_rng([3, i]), 17, 16, i) for i in range(6)]
    p = {name: [it.answer(study) for study in studies] for name, it in evidences.items()}
    away = {
        name: np.mean(
            [abs(a.p[0] * a.side[0] - b.p[0] * b.side[0]) for a, b in zip(row, p["patients"], strict=True)]
        )
        for name, row in p.items()
    }
    assert away["curve"] < 0.02
    assert away["curve"] < away["moments"] < away["counts"]


def test_average_power_is_that_of_new_studies_whose_risks_gave_the_counts() -> None:
    """Rejection: prior draws whose counts are the seen ones, and a new study of each."""
    tables = Tables(6, 5)
    every = tuple(rules(tables, ()))
    at = next(i for i, rule in enumerate(every) if rule.id == "uniform_0.95")
    rng, size = np.random.default_rng(4), 2_000_000
    level, psi = 1.5 * rng.standard_normal((2, size))
    risks = [1 / (1 + np.exp(-(level + side * psi / 2))) for side in (-1, 1)]
    x, y = rng.binomial(6, risks[0]), rng.binomial(5, risks[1])
    kept = (x == 1) & (y == 4)
    new = rng.binomial(6, risks[0][kept]) * 6 + rng.binomial(5, risks[1][kept])
    right = every[at].decides[new] == np.sign(psi[kept])
    expected = float(right.mean())
    found = average_power(tables, every, [(1, 4)])[at, 0]
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / kept.sum()))
