"""Two ways to the same posterior, and the embedded study."""

import re

import arviz_stats as azs
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from mgbayes.models import prednisone
from mgbayes.models.bartlett import scatter_rows
from mgbayes.models.dose_patients import patients, sample_correlations, summarize
from mgbayes.models.marginals import MARGINALS
from mgbayes.models.paired import correlation_bounds
from mgbayes.models.scatter import between
from mgbayes.models.vine import from_correlations
from tests.oracles.dose_fits import EMBEDDED, known_correlations, sample

MEAN = np.array([[40.0, 20.0, 14.0], [35.0, 12.0, 8.0]])
SD = np.array([[14.0, 11.0, 9.0], [15.0, 8.0, 5.0]])
OMEGA = np.array([[0.5, 0.4, 0.6], [0.3, 0.2, 0.5]])


@pytest.fixture(scope="module")
def cohort() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(11)
    vine = from_correlations(OMEGA)
    return patients(rng, MEAN, SD, vine, np.array([17, 16]), MARGINALS["normal"])


@pytest.fixture(scope="module")
def printed(cohort) -> prednisone.Data:
    return prednisone.published(*summarize(cohort), np.array([17, 16]))


@pytest.fixture(scope="module")
def from_known(cohort, printed):
    data = known_correlations(printed, sample_correlations(cohort))
    fit = sample("known", data, {}, seed=3)
    return prednisone.estimands(fit.posterior.to_dataset(), data)


@pytest.mark.long
def test_patients_and_their_sufficient_statistics_give_the_same_posterior(cohort, from_known):
    dose = np.full((2, 17, 3), 10.0)  # padding: any dose
    for arm, doses in enumerate(cohort):
        dose[arm, : len(doses)] = doses
    data = {"n": np.array([17, 16]), "dose": dose}
    fit = sample("patients", data, {}, seed=4)
    estimands = prednisone.estimands(fit.posterior.to_dataset(), data)
    scores = []
    for name in prednisone.ESTIMANDS:
        a, b = estimands[name].to_numpy(), from_known[name].to_numpy()
        for method, moment in (("mean", np.mean), ("sd", np.std)):
            error = np.hypot(azs.mcse(a, method=method), azs.mcse(b, method=method))
            scores.append((moment(a) - moment(b)) / error)
    # Eight standard normal scores: one beyond 3.5 comes once in 270 seeds.
    assert np.abs(scores).max() < 3.5


@pytest.mark.long
def test_latent_correlations_widen_and_do_not_shift(printed, from_known):
    fit = sample("published", printed, {}, seed=5)
    latent = prednisone.estimands(fit.posterior.to_dataset(), printed)
    for name in prednisone.ESTIMANDS:
        # The correlations of these patients are positive and the prior's mean is zero: what is
        # unknown may pull by a part of a posterior SD, not by a whole one.
        assert abs(float(latent[name].mean() - from_known[name].mean())) < 0.6 * float(latent[name].std())
        # Relative Monte Carlo error of this ratio: 1 %.
        assert float(latent[name].std()) > 1.01 * float(from_known[name].std())


def test_scatter_rows_are_the_sds_and_correlations_of_patients():
    rng = np.random.default_rng(12)
    size, n, low = 40_000, 9, 0.1
    vine = np.array([0.6, -0.3, 0.5])
    cohorts = patients(
        rng,
        np.zeros((size, 1, 3)),
        np.ones((size, 1, 3)),
        np.broadcast_to(vine, (size, 1, 3)),
        np.array([n]),
        MARGINALS["normal"],
    )[0]
    s = cohorts.std(1, ddof=1)
    r = np.einsum("cpv,cpu->cvu", *[cohorts - cohorts.mean(1, keepdims=True)] * 2) / (n - 1)
    r = (r / (s[:, :, None] * s[:, None]))[:, [0, 0, 1], [1, 2, 2]]
    diagonal = np.sqrt(rng.chisquare(n - 1 - np.arange(3), (size, 3)))
    tilt = rng.standard_normal((size, 3))

    def rows(bounds: list[list[float]]) -> list[np.ndarray]:
        of_each = np.broadcast_to(vine, (size, 3)), np.broadcast_to(np.array(bounds, float), (size, 3, 2))
        arguments = [pt.constant(x) for x in (diagonal, tilt, *of_each)]
        with pytensor.config.change_flags(mode="FAST_COMPILE"):
            return [out.eval() for out in scatter_rows(*arguments)]

    norms, correlations, log_p = rows([[-1, 1], [-1, 1], [-1, 1]])
    np.testing.assert_allclose(log_p, 0, atol=1e-12)
    both = np.column_stack([s, r]), np.column_stack([norms / np.sqrt(n - 1), correlations])
    # Two samples of 40 000 for each of six numbers; p below 1e-3 comes once in 170 seeds.
    assert min(stats.ks_2samp(*pair).pvalue for pair in zip(both[0].T, both[1].T, strict=True)) > 1e-3
    # Within bounds: the share of cohorts, and their SDs and correlations, weighted.
    _, correlations, log_p = rows([[low, 1], [-0.9, 0.2], [-1, 1]])
    assert correlations[:, 0].min() > low
    assert correlations[:, 1].max() < 0.2
    weight, inside = np.exp(log_p.sum(-1)), (r[:, 0] > low) & (r[:, 1] > -0.9) & (r[:, 1] < 0.2)
    for values, expected in (
        (np.ones(size), np.ones(size)),
        *zip(correlations.T, r.T, strict=True),
    ):
        a, b = weight * values, inside * expected
        assert abs(a.mean() - b.mean()) < 4 * np.hypot(a.std(), b.std()) / np.sqrt(size)


@pytest.mark.parametrize(("low", "high"), [(-30, 30), (-1, 2), (3, 30), (9, 11), (-12, -10)])
def test_truncated_normal_is_scipys(low: float, high: float):
    z = np.linspace(-3, 3, 13)
    mapped, log_mass = np.array([between(each, low, high) for each in z]).T
    exact = stats.truncnorm(low, high)
    np.testing.assert_allclose(mapped, exact.ppf(stats.norm.cdf(z)), rtol=1e-6, atol=1e-9)
    assert log_mass[0] == pytest.approx(stats.norm.logpdf(low) - exact.logpdf(low), abs=1e-6)


@pytest.fixture(scope="module")
def embedded():
    return sample("published", EMBEDDED, {}, seed=1)


@pytest.mark.long
def test_embedded_study_is_sampled_well(embedded):
    estimands = prednisone.estimands(embedded.posterior.to_dataset(), EMBEDDED)
    assert int(embedded.sample_stats.diverging.sum()) == 0
    for name in prednisone.ESTIMANDS:
        assert float(azs.rhat(estimands)[name]) <= 1.01
        assert float(azs.ess(estimands)[name]) >= 4000


@pytest.mark.long
def test_paired_p_bounds_every_draw_and_agrees_with_selecting_draws(embedded):
    few = np.full((2, 2), 0.01)
    mean, sd, n = (EMBEDDED[name] for name in ("printed_mean", "printed_sd", "n"))
    bounds = correlation_bounds(mean, sd, n, np.zeros((2, 2)), few)
    bounded = sample("published", EMBEDDED | {"bounds": bounds}, {}, seed=6)
    r = bounded.posterior["sample_correlation"].to_numpy()
    assert ((r > bounds[..., 0]) & (r < bounds[..., 1])).all()
    every = embedded.posterior["sample_correlation"].to_numpy()
    agree = ((every > bounds[..., 0]) & (every < bounds[..., 1])).all((-1, -2))
    assert 0.7 < agree.mean() < 0.95
    estimands = prednisone.estimands(embedded.posterior.to_dataset(), EMBEDDED)
    of_bounded = prednisone.estimands(bounded.posterior.to_dataset(), EMBEDDED)
    for name in prednisone.ESTIMANDS:
        selected, sampled = estimands[name].to_numpy()[agree], of_bounded[name].to_numpy()
        # At least 4000 effective draws on either side (tested above): 0.022 SD; 4 errors are 0.09.
        assert abs(selected.mean() - sampled.mean()) < 0.09 * sampled.std()
        assert abs(selected.std() / sampled.std() - 1) < 0.07


@pytest.mark.long
def test_doubtful_number_is_a_swap_of_data(embedded):
    slip = EMBEDDED["printed_mean"].copy()
    slip[0, 2] = 7.9
    fit = sample("published", EMBEDDED | {"printed_mean": slip}, {}, seed=7, draws=1000)
    name = "reduction_difference_last"
    a, b = (
        float(prednisone.estimands(x.posterior.to_dataset(), EMBEDDED)[name].mean()) for x in (embedded, fit)
    )
    # Ten mg/day more reduction in the reference arm, less what pooling takes back.
    assert -10 < b - a < -6


def test_docstring_names_every_free_variable():
    model = prednisone.build(EMBEDDED, "normal", prednisone.PRIORS)
    words = set(re.findall(r"[a-z_]+[a-z]", prednisone.__doc__ or ""))
    assert {rv.name for rv in model.free_RVs} <= {w.removesuffix("_a").removesuffix("_av") for w in words}
