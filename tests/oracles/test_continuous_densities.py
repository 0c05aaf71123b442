"""Continuous outcomes without sampling: densities against scipy, and what is expected against simulated patients."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import stats

from mgbayes.latent.near_zero import near_positive_part, roots
from mgbayes.latent.softplus import expected_softplus, softplus
from mgbayes.models import visits as of_visits
from mgbayes.models.continuous import published
from mgbayes.models.continuous_families import FAMILIES
from mgbayes.models.evidence import PatientValues
from mgbayes.models.paired import correlation_bounds, paired_p
from tests.oracles.continuous_fits import PRIORS, log_density, log_likelihood, model_of

MEAN, SD = np.array([[46.8, 11.8, 17.9], [30.9, 9.5, 2.8]]), np.array([[20.8, 15.3, 15.6], [24.9, 8.7, 3.8]])
N = np.array([17, 16])
HURDLE = {
    "zero_share": np.array([[0.05, 0.3, 0.4], [0.1, 0.35, 0.6]]),
    "log_mean": np.log([[45.0, 20.0, 16.0], [35.0, 14.0, 9.0]]),
    "between": np.array([0.5, 0.6]),
    "within": np.array([0.4, 0.5]),
}
HURDLE["mean"] = (1 - HURDLE["zero_share"]) * np.exp(HURDLE["log_mean"])


def _vines(rng: np.random.Generator, visits: int, size: tuple[int, ...] = ()) -> np.ndarray:
    return rng.uniform(-0.8, 0.8, (*size, visits * (visits - 1) // 2))


def _r(vine: np.ndarray, visits: int) -> np.ndarray:
    return np.stack(of_visits.correlations(vine, visits), axis=-1) if visits > 1 else vine


@pytest.mark.parametrize("visits", [1, 2, 3, 4])
def test_density_of_sds_and_correlations_is_the_wishart_density_times_the_jacobian(visits: int) -> None:
    rng = np.random.default_rng(visits)
    n, k = int(rng.integers(visits + 2, 30)), visits
    sd, s = rng.gamma(4, 3, (2, k))
    vine, sample_vine = _vines(rng, k), _vines(rng, k)

    def scatter(at: np.ndarray) -> np.ndarray:
        r = of_visits.matrices(_r(at[k:], k), k)
        return (n - 1) * at[:k, None] * r * at[:k]

    at, step = np.concatenate([s, sample_vine]), 1e-5
    lower = np.tril_indices(k)
    jacobian = np.array(
        [(scatter(at + e) - scatter(at - e))[lower] / (2 * step) for e in step * np.eye(len(at))]
    )
    sigma = sd[:, None] * of_visits.matrices(_r(vine, k), k) * sd
    expected = stats.wishart(n - 1, sigma).logpdf(scatter(at)) + np.linalg.slogdet(jacobian)[1]
    arguments = [pt.constant(np.asarray(x, float)[None]) for x in (s, float(n), sample_vine, sd, vine)]
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        actual = of_visits.sds_logp(*arguments, k).eval()[0]
        y = rng.normal(20, 5, k)
        normal = of_visits.normal_logp(
            pt.constant(y), pt.constant(s), pt.constant(sd), pt.constant(vine), k
        ).eval()
    # The central difference is off by step², the scatter by 1e-16 / step: 1e-10 relative.
    assert actual == pytest.approx(expected, abs=1e-7)
    assert normal == pytest.approx(stats.multivariate_normal(s, sigma).logpdf(y), abs=1e-9)


@pytest.mark.parametrize("visits", [2, 3, 5])
def test_vine_is_inverted_and_lkj_in_its_coordinates(visits: int) -> None:
    rng = np.random.default_rng(1)
    vine = _vines(rng, visits, (50,))
    np.testing.assert_allclose(of_visits.from_correlations(_r(vine, visits), visits), vine, atol=1e-9)
    # Every pair of an LKJ(η) matrix of order V has the marginal 2 Beta(η + V / 2 - 1, η + V / 2 - 1) - 1.
    eta, size = 2.0, 50_000
    shape = eta + of_visits.lkj_shape(visits)
    r = _r(2 * rng.beta(shape, shape, (size, len(shape))) - 1, visits)
    marginal = stats.beta(eta + visits / 2 - 1, eta + visits / 2 - 1)
    for pair in range(r.shape[1]):
        assert stats.kstest((r[:, pair] + 1) / 2, marginal.cdf).pvalue > 1e-3


def _near_positive_part():
    z, counted, mean, sd = pt.dmatrix(), pt.dmatrix(), pt.dvector(), pt.dvector()
    latent = near_positive_part(z, counted, mean, sd)
    total = (latent.t**2).sum() + (latent.t * pt.arange(z.shape[1])).sum() + latent.log_weight.sum()
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        return pytensor.function(
            [z, counted, mean, sd], [latent.t, latent.log_weight, total, *pytensor.grad(total, [z, mean, sd])]
        )


def test_latent_values_have_the_mean_and_sd_and_the_gradient_of_differences() -> None:
    rng = np.random.default_rng(0)
    counted = np.ones((5, 8))
    counted[0, 6:] = 0
    given = [rng.standard_normal((5, 8)), np.array([3.0, 1, 2, 5, 0.5]), np.array([2.0, 1.5, 5.0, 0.1, 1.0])]
    of = _near_positive_part()
    t, _, _, *gradients = of(given[0], counted, *given[1:])
    for row, used, mean, sd in zip(t, counted > 0, *given[1:], strict=True):
        y = softplus(row[used])
        assert y.mean() == pytest.approx(mean)
        assert y.std(ddof=1) == pytest.approx(sd)
        assert (row[~used] == 0).all()
    for place, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            moved = []
            for step in (1e-6, -1e-6):
                at = [part.copy() for part in given]
                at[place][index] += step
                moved.append(of(at[0], counted, *at[1:])[2])
            assert gradient[index] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("n", "mean", "sd"), [(2, 1, 1.2), (3, 1, 1.7), (5, 0.05, 0.06), (17, 1, 4.0), (60, 30, 2)]
)
def test_every_direction_has_its_root(n: int, mean: float, sd: float) -> None:
    """SDs up to 98 % of their bound √n m included."""
    away = np.random.default_rng(n).standard_normal((50, n))
    away -= away.mean(axis=1, keepdims=True)
    x = away / np.linalg.norm(away, axis=1, keepdims=True)
    a, b = roots(x, np.ones_like(x), np.full(50, float(mean)), np.full(50, float(sd)))
    y = softplus(a[:, None] + b[:, None] * x)
    np.testing.assert_allclose(y.mean(axis=1), mean, rtol=1e-10)
    np.testing.assert_allclose(y.std(axis=1, ddof=1), sd, rtol=1e-10)


@pytest.mark.long
@pytest.mark.parametrize(("visits", "box", "size"), [(1, 0.1, 1_000_000), (2, 0.3, 1_000_000)])
def test_density_of_latent_values_is_the_share_of_simulated_cohorts(
    visits: int, box: float, size: int
) -> None:
    """The share of cohorts whose means and SDs lie in a box is the mean density over the box, but for a factor.

    The factor is the same for three sets of parameters; two have many patients near zero, two correlated visits.
    """
    rng = np.random.default_rng(4)
    centre = np.array([[6.0, 5.0], [6.0, 4.0]])[:, :visits]
    low, high = centre * (1 - box), centre * (1 + box)
    log_factor, variance = [], 0.0
    for eta, sd, vine in (
        ([0.5, -0.5], [8.0, 9.0], [0.5]),
        ([1.2, 0.4], [10.0, 5.0], [0.0]),
        ([0.0, 0.0], [6.0, 12.0], [-0.4]),
    ):
        at = np.array(eta)[:visits], np.array(sd)[:visits], np.array(vine)[: visits - 1]
        kept, density, error = _kept(rng, at, low, high, size), *_mean_density(rng, at, low, high)
        log_factor.append(np.log(density / kept.mean()))
        variance = max(variance, error**2 + 1 / kept.sum())
    # Two differences of logs; a normal score beyond 4 comes once in 16000 seeds.
    assert np.ptp(log_factor) < 4 * np.sqrt(2 * variance)
    assert np.sqrt(variance) < 0.06


At = tuple[np.ndarray, np.ndarray, np.ndarray]


def _kept(rng: np.random.Generator, at: At, low: np.ndarray, high: np.ndarray, size: int) -> np.ndarray:
    """Which simulated cohorts of four have their means and SDs in the box."""
    eta, sd, vine = at
    one = {"latent_mean": eta * sd, "latent_sd": sd, "correlation": _r(vine, len(sd))}
    draws = {name: np.broadcast_to(row, (size, 2, len(row))) for name, row in one.items()}
    (y, _) = FAMILIES["softplus_normal"].patients(rng, draws, np.array([4, 0]))
    found = np.stack([y.mean(axis=1), y.std(axis=1, ddof=1)], axis=1)
    kept: np.ndarray = ((low < found) & (found < high)).all(axis=(1, 2))
    return kept


def _mean_density(
    rng: np.random.Generator, at: At, low: np.ndarray, high: np.ndarray, size: int = 4000
) -> tuple[float, float]:
    """The model's density of means and SDs, over z and the box, and its relative standard error.

    The patients' tied coordinates are drawn independent; of the model's density the factors that make up for that,
    and for the length of z, are taken back.
    """
    eta, sd, vine = at
    visits = len(sd)
    model = model_of(visits).build(
        published(np.stack([(low + high)[0] / 2] * 2), np.stack([(low + high)[1] / 2] * 2), np.array([4, 4])),
        "softplus_normal",
        PRIORS,
    )
    free = {
        "log_level": np.log(sd * expected_softplus(eta)),
        "log_ratio": np.array(0.0),
        "log_ratio_sd": np.array(1.0),
        "log_ratio_by_visit": np.zeros(visits),
        "standardized_mean": np.stack([eta] * 2),
        "vine": np.stack([(vine + 1) / 2] * 2),
    }
    likelihood = log_likelihood(model, free, "z")
    found = np.empty(size)
    for i in range(size):
        mean, spread = rng.uniform(low, high)
        model.set_data("printed_mean", np.stack([mean] * 2))
        model.set_data("printed_sd", np.stack([spread] * 2))
        tied = rng.standard_normal((4, visits))
        z = np.stack(of_visits.whiten(vine, list(tied.T)), axis=-1)
        made_up = ((z**2 - tied**2) / 2).sum() + 4 * (np.log1p(-(vine**2)) / 2).sum()
        made_up += (30 - 3) / 2 * np.log(((tied - tied.mean(axis=0)) ** 2).sum(axis=0)).sum()
        # of (m, s) from that of (m, s²)
        found[i] = np.exp(likelihood(np.stack([z] * 2))[0] - made_up) * (2 * spread).prod()
    return float(found.mean()), float(found.std() / found.mean() / np.sqrt(size))


def test_weight_of_positive_values_is_that_of_a_normal_sample() -> None:
    """With every value well above zero the weight leaves the sampling density of mean and SD, up to a constant."""
    rng, n = np.random.default_rng(3), 31  # from which on the length of z counts as it is
    of = _near_positive_part()

    def density(m: float, s: float) -> float:
        t, weight, *_ = of(rng.standard_normal((1, n)), np.ones((1, n)), np.array([m]), np.array([s]))
        assert t.min() > 0
        return weight[0] + stats.norm(50, 4).logpdf(t).sum()

    def exact(m: float, s: float) -> float:
        chi = stats.chi2(n - 1).logpdf((n - 1) * s**2 / 16)
        return stats.norm(50, 4 / np.sqrt(n)).logpdf(m) + chi

    found = density(51, 5.0) - density(49, 3.5)
    assert found == pytest.approx(exact(51, 5.0) - exact(49, 3.5), abs=1e-9)


def test_hurdle_density_is_the_multivariate_normal_and_the_bernoulli() -> None:
    rng = np.random.default_rng(1)
    model = model_of()
    value = np.ones((2, 40, 3))
    n = np.array([40, 30])
    for arm, doses in enumerate(FAMILIES["hurdle_lognormal"].patients(rng, HURDLE, n)):
        value[arm, : n[arm]] = doses
    seen = (rng.uniform(size=value.shape) < 5 / 6) * (np.arange(40) < n[:, None])[..., None].astype(float)
    built = model.build(PatientValues(value=value, seen=seen, n=n), "hurdle_lognormal", PRIORS)
    log_mean = HURDLE["log_mean"]
    point = {
        "log_level": log_mean.mean(0),
        "log_ratio": 0.0,
        "log_ratio_sd": 1.0,
        "log_ratio_by_visit": log_mean[1] - log_mean[0],
        **{name: HURDLE[name] for name in ("zero_share", "between", "within")},
    }
    found = log_density(built, point)
    for a, i in np.ndindex(found.shape):
        y, there = value[a, i], seen[a, i] == 1
        above, at_zero = there & (y > 0), there & (y == 0)
        share, shared, own = HURDLE["zero_share"][a], HURDLE["between"][a] ** 2, HURDLE["within"][a] ** 2
        expected = np.log(share[at_zero]).sum() + np.log1p(-share[above]).sum() - np.log(y[above]).sum()
        if above.any():
            location = log_mean[a, above] - (shared + own) / 2
            covariance = shared + own * np.eye(above.sum())
            expected += stats.multivariate_normal(location, covariance).logpdf(np.log(y[above]))
        assert found[a, i] == pytest.approx(expected, abs=1e-8)


def _draw(family: str, truth: dict[str, np.ndarray], repeat: int = 1) -> xr.Dataset:
    dims = FAMILIES[family].dims
    arrays = {
        name: (("chain", "draw", *dims[name]), np.broadcast_to(truth[name], (1, repeat, *truth[name].shape)))
        for name in dims
    }
    return xr.Dataset(arrays, coords=model_of().coords)


def _truth(family: str) -> dict[str, np.ndarray]:
    if family == "hurdle_lognormal":
        return HURDLE
    rng = np.random.default_rng(5)
    correlation = _r(_vines(rng, 3, (2,)), 3)
    if family == "softplus_normal":
        eta = np.array([[2.0, 0.5, 0.0], [1.0, 0.3, -0.5]])
        sd = MEAN / expected_softplus(eta)
        return {"mean": MEAN, "latent_mean": eta * sd, "latent_sd": sd, "correlation": correlation}
    return {"mean": MEAN, "sd": SD, "correlation": correlation}


@pytest.mark.parametrize("family", FAMILIES)
def test_estimands_curves_and_predictions_are_those_of_simulated_patients(family: str) -> None:
    size, baseline = 1_000_000, 38.0
    model, truth = model_of(), _truth(family)
    cohort = FAMILIES[family].patients(np.random.default_rng(2), truth, np.array([size, size]))
    one = _draw(family, truth)
    given = (
        FAMILIES[family].given_baseline(one, baseline).transpose("arm", "visit", ...).to_numpy()[..., 0, 0]
    )
    grid = np.array([0.0, 5.0, 20.0])
    share = model.curves(one, {}, family, grid)["share_at_or_below"]
    share = share.transpose("arm", "visit", "value", ...).to_numpy()[..., 0, 0]
    for arm, doses in enumerate(cohort):
        near = doses[np.abs(doses[:, 0] - baseline) < 0.3]
        for found, values in ((truth["mean"][arm], doses), (given[arm], near[:, 1:])):
            # Eight scores a family; a window of 0.3 either side moves the conditional mean by 1e-4 of its SD.
            assert (
                np.abs((values.mean(axis=0) - found) / (values.std(axis=0) / np.sqrt(len(values)))).max() < 4
            )
        below = (doses[..., None] <= grid).mean(axis=0)
        np.testing.assert_allclose(share[arm], below, atol=4 * 0.5 / np.sqrt(size))
    data = published(np.full((2, 3), baseline), np.ones((2, 3)), N)
    found = model.estimands(one, data, family)
    mean = truth["mean"]
    for i, visit in enumerate(("12m", "last")):
        change = mean[:, i + 1] - mean[:, 0]
        assert found[f"mean_difference_{visit}"].item() == pytest.approx(mean[1, i + 1] - mean[0, i + 1])
        assert found[f"change_difference_{visit}"].item() == pytest.approx(change[1] - change[0])
        assert found[f"adjusted_difference_{visit}"].item() == pytest.approx(given[1, i] - given[0, i])
    many = _draw(family, truth, 20_000)
    predicted = model.predict(np.random.default_rng(3), many, {"n": N}, family)
    error = predicted["printed_mean"].std(("chain", "draw")) / np.sqrt(20_000)
    assert float(np.abs((predicted["printed_mean"].mean(("chain", "draw")) - mean) / error).max()) < 4
    exact = np.stack([doses.std(axis=0) for doses in cohort])
    ratio = np.sqrt((predicted["printed_sd"] ** 2).mean(("chain", "draw"))) / exact
    assert float(np.abs(ratio - 1).max()) < 0.04


@pytest.mark.parametrize("benefit", ["higher", "lower", None])
def test_estimands_are_named_by_endpoint_and_visit(benefit) -> None:
    (alone,) = model_of(1, benefit=benefit).declared({})
    assert (alone.id, alone.label, alone.unit) == ("mean_difference", "Mean difference in score", "points")
    rows = {row.id: row for row in model_of(3, benefit=benefit).declared({})}
    assert list(rows) == [
        f"{kind}_difference_{visit}" for kind in ("mean", "change", "adjusted") for visit in ("12m", "last")
    ]
    assert {row.benefit for row in (alone, *rows.values())} == {benefit}
    assert rows["mean_difference_12m"].label == "Mean difference in score, 12 months"
    assert rows["adjusted_difference_last"].label == "Mean difference in score, last visit, at equal baseline"
    without = model_of(3, baseline=False).declared({})
    assert [row.id for row in without] == [
        f"mean_difference_{visit}" for visit in ("baseline", "12m", "last")
    ]


def test_bounds_give_back_the_paired_p() -> None:
    rng = np.random.default_rng(8)
    first, second = rng.normal(30, 10, 12), rng.normal(24, 8, 12)
    later = np.stack([second, rng.normal(10, 5, 12)])
    doses = np.stack([np.stack([first, *later])] * 2)  # (arm, visit, patient)
    p = np.array([[stats.ttest_rel(first, x).pvalue for x in later]] * 2)
    mean, sd, n = doses.mean(2), doses.std(2, ddof=1), np.array([12, 12])
    bounds = correlation_bounds(mean, sd, n, p * (1 - 1e-6), p * (1 + 1e-6))
    r = np.corrcoef(doses[0])[0, 1:]
    np.testing.assert_allclose(paired_p(mean, sd, n, np.stack([r, r])), p, rtol=1e-9)
    # p is smooth in r: its relative change of 1e-6 changes r by as little.
    np.testing.assert_allclose(bounds[0, :2].mean(-1), r, atol=1e-5)
    assert (bounds[0, :2, 0] < r).all()
    assert (r < bounds[0, :2, 1]).all()


def test_impossible_paired_p_is_refused() -> None:
    mean, sd = np.array([[30.0, 29.9, 29.8]] * 2), np.array([[5.0, 9.0, 9.0]] * 2)
    with pytest.raises(ValueError, match="no within-patient correlation"):
        correlation_bounds(mean, sd, np.array([10, 10]), np.zeros((2, 2)), np.full((2, 2), 0.01))


@pytest.mark.parametrize("family", ["normal", "normal_ratio", "softplus_normal"])
@pytest.mark.parametrize(
    "visits", [pytest.param(1, marks=pytest.mark.long), 2, pytest.param(3, marks=pytest.mark.long)]
)
def test_simulated_summaries_fit_the_model_of_the_template(family: str, visits: int) -> None:
    template = published(MEAN[:, :visits], SD[:, :visits], N)
    _, data = model_of(visits).simulate(np.random.default_rng(4), template, family, PRIORS)
    assert {name: value.shape for name, value in data.items()} == {
        name: value.shape for name, value in template.items()
    }
    built = model_of(visits).build(data, family, PRIORS)
    assert np.isfinite(sum(built.point_logps().values()))


def test_unusable_summaries_are_refused() -> None:
    for wrong in ((MEAN[:, :2], SD, N), (MEAN, -SD, N), (MEAN * np.nan, SD, N), (MEAN, SD, [17, 3])):
        with pytest.raises(ValueError, match="given"):
            published(*wrong)
