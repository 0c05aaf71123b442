"""Published quantiles of times: closed forms by SciPy, the patients where all are published, simulated studies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import arviz_stats as az
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats

from mgbayes.distributions.followup import followup_data
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.inference.job import jobs_of
from mgbayes.inference.printed_p import select
from mgbayes.inference.published_use import published_use
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.latent.order_statistics import Distribution, OrderStatistics, gaps_in_order, log_density
from mgbayes.latent.quantile_times import quantile_times
from mgbayes.models import time_evidence
from mgbayes.models.cohort import quantiles
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.quantile_evidence import SHARE
from mgbayes.models.time_quantiles import of_quantiles, probabilities_of
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics import QuantileDefinition

FAGLIA = Path(__file__).parents[2] / "studies/faglia2010"
QUARTILES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
EVERY = tuple(QuantileDefinition)
FOLLOW_UP = (200.0, 700.0, 400.0)
LEVEL, RATIO, SHAPE = 5.6, -0.4, 0.8
VALUES = ([120.0, 210.0, 380.0], [90.0, 150.0, 330.0])


def data_of(
    events: tuple[int, int],
    values: Any = VALUES,
    probabilities: Any = (QUARTILES, QUARTILES),
    definitions: Any = EVERY,
) -> dict[str, Any]:
    ones = np.ones(2)
    rows = time_evidence.published([30, 30], events, ones, ones, [0, 0]) | followup_data(*FOLLOW_UP)
    return of_quantiles(rows, probabilities, values, definitions)


def compiled(data: dict[str, Any], family: str = "lognormal") -> Any:
    """Log densities of the arms and latent times, of z, gap, u and (level, log ratio, shape)."""
    z, gap, u, theta = pt.dmatrix(), pt.dmatrix(), pt.dvector(), pt.dvector()
    size, law = (2, len(data["slot"])), LIFETIMES[family]
    given = {name: pt.as_tensor(value) for name, value in data.items() if value.dtype.kind in "if"}
    times = quantile_times(
        pt.specify_shape(z, size), pt.specify_shape(gap, data["time_quantile"].shape), u, given
    )
    found = times.published(
        lambda t, half: law.logpdf(t, theta[0] + half * theta[1], theta[2]),
        lambda t, half: law.log_survival(t, theta[0] + half * theta[1], theta[2]),
    )
    slopes = pytensor.grad(found.log_density.sum(), [z, gap, theta])
    inputs = [z, gap, u, theta]
    return pytensor.function(inputs, [found.log_density, found.times, *slopes], mode="FAST_COMPILE")


def of_seen(arm: int, data: dict[str, Any]) -> Distribution:
    """Times that are seen in follow-up, by SciPy: density f G / q, and its integrals by quadrature."""
    sigma = SHAPE
    law = stats.lognorm(sigma, scale=np.exp(LEVEL + (arm - 0.5) * RATIO - sigma**2 / 2))
    least, shape, scale = data["followup"]
    followed = stats.gamma(shape, least, scale)
    # The chance of being seen, by the rule that the model has; the rule is held to quadrature elsewhere.
    seen = data["followup_weights"] @ law.cdf(data["followup_days"])

    def h(t: float) -> float:
        return float(law.pdf(t) * followed.sf(t) / seen)

    def between(low: float, high: float) -> float:
        return float(integrate.quad(h, low, high, limit=200, epsabs=1e-11)[0])

    def log_cdf(v: Any) -> Any:
        return np.log([between(0, t) for t in v])

    def log_sf(v: Any) -> Any:
        return np.log(
            [
                between(t, least) + between(max(t, least), 60 * scale)
                if t < least
                else between(t, 60 * scale)
                for t in v
            ]
        )

    return Distribution(lambda v: np.log([h(t) for t in v]), log_cdf, log_sf)


@pytest.mark.long
def test_on_average_over_free_times_it_is_the_density_of_order_statistics() -> None:
    """Of 9 events the quantiles are values by this definition, of 10 the median lies between two."""
    definition, events = QuantileDefinition.type_2, (9, 10)
    data, rng = data_of(events, definitions=(definition,)), np.random.default_rng(5)
    function, theta = compiled(data), np.array([LEVEL, RATIO, SHAPE])
    gap = rng.logistic(size=(2, 3))
    z = rng.logistic(size=(1000, 2, len(data["slot"])))
    each = np.exp([function(one, gap, np.full(2, 0.5), theta)[0] for one in z])
    for arm, n in enumerate(events):
        order = OrderStatistics.at(n, [definition.position(p, n) for p in QUARTILES])
        q = np.array(VALUES[arm])
        gaps = gaps_in_order(order, q, gap[arm], low=0.0)
        drawn = stats.logistic.logpdf(gap[arm])[order.has_gap].sum()
        exact = log_density(order.values(q, gaps.d), order.ranks, n, of_seen(arm, data))
        expected = np.exp(exact + gaps.log_jacobian - drawn)
        error = each[:, arm].std() / np.sqrt(len(each))
        assert error < 0.1 * expected
        assert abs(each[:, arm].mean() - expected) < 4 * error + 2e-3 * expected


@pytest.mark.long
def test_over_definitions_it_is_their_average() -> None:
    rng, two = np.random.default_rng(6), (QuantileDefinition.type_6, QuantileDefinition.type_7)
    both = data_of((9, 10), definitions=two)
    z, gap = rng.logistic(size=(2, len(both["slot"]))), rng.logistic(size=(2, 3))
    u, theta = np.full(2, 0.5), np.array([LEVEL, RATIO, SHAPE])
    each = [compiled(data_of((9, 10), definitions=(one,)))(z, gap, u, theta)[0] for one in two]
    together = compiled(both)(z, gap, u, theta)[0]
    assert abs(each[0] - each[1]).min() > 0.01
    np.testing.assert_allclose(together, np.log(np.mean(np.exp(each), axis=0)), rtol=1e-10)


def test_where_every_order_statistic_is_published_it_is_the_density_of_patients() -> None:
    probabilities = tuple(Fraction(i, 6) for i in range(1, 6))  # ranks 1 to 5 of 5, by type 6
    values = ([30.0, 90.0, 200.0, 390.0, 700.0], [11.0, 60.0, 100.0, 210.0, 460.0])
    data = data_of((5, 5), values, (probabilities, probabilities), (QuantileDefinition.type_6,))
    rng, theta = np.random.default_rng(7), np.array([LEVEL, RATIO, SHAPE])
    found, times, *_ = compiled(data)(
        rng.logistic(size=(2, len(data["slot"]))), rng.logistic(size=(2, 5)), np.full(2, 0.5), theta
    )
    for arm in (0, 1):
        np.testing.assert_allclose(times[arm, :5], values[arm])
        log_pdf = of_seen(arm, data).log_pdf(values[arm])
        assert found[arm] == pytest.approx(log_pdf.sum() + np.log(120), rel=1e-9)


@pytest.mark.parametrize("events", [(17, 16), (4, 23)])
def test_latent_times_have_the_published_quantiles(events: tuple[int, int]) -> None:
    data, rng = data_of(events), np.random.default_rng(8)
    function, theta = compiled(data), np.array([LEVEL, RATIO, SHAPE])
    for _ in range(20):
        z, gap = rng.logistic(size=(2, len(data["slot"]))), rng.logistic(size=(2, 3))
        _, times, *slopes = function(z, gap, rng.uniform(size=2), theta)
        assert all(np.isfinite(slope).all() for slope in slopes)
        for arm, (n, known) in enumerate(zip(events, probabilities_of(data), strict=True)):
            all_seen = np.ones((1, n), bool)
            made = [quantiles(times[arm, None, :n], all_seen, known, one)[0] for one in EVERY]
            published = data["time_quantile"][arm, : len(known)]
            assert len(known) in (1, 3)
            assert any(np.allclose(one, published, rtol=1e-9) for one in made)


def test_an_arm_that_publishes_no_times_adds_nothing() -> None:
    data, rng = data_of((7, 9), (VALUES[0], []), (QUARTILES, ())), np.random.default_rng(12)
    z, gap = rng.logistic(size=(2, len(data["slot"]))), rng.logistic(size=(2, 3))
    found, _, *slopes = compiled(data)(z, gap, np.full(2, 0.5), np.array([LEVEL, RATIO, SHAPE]))
    assert found[1] == 0
    assert found[0] < 0
    assert all(np.isfinite(slope).all() for slope in slopes)


def test_gradients_are_slopes() -> None:
    """Along random directions; an arm of quartiles and one of a median."""
    arms = (QUARTILES, QUARTILES[1:2])
    data, rng = data_of((7, 6), (VALUES[0], VALUES[1][1:2]), arms), np.random.default_rng(9)
    function, u = compiled(data, "gamma"), np.full(2, 0.5)
    at = [rng.logistic(size=(2, len(data["slot"]))), rng.logistic(size=(2, 3)), np.array([LEVEL, RATIO, 2.0])]
    _, _, *slopes = function(at[0], at[1], u, at[2])
    for _ in range(4):
        way = [rng.normal(size=one.shape) for one in at]
        high, low = (
            function(z, gap, u, theta)[0].sum()
            for z, gap, theta in (
                [x + h * step for x, step in zip(at, way, strict=True)] for h in (1e-5, -1e-5)
            )
        )
        along = sum(float((slope * step).sum()) for slope, step in zip(slopes, way, strict=True))
        assert along == pytest.approx((high - low) / 2e-5, abs=1e-4, rel=1e-5)


def with_quantiles(
    median: Any = ("34", "38"), iqr: Any = (("26", "45"), ("30", "52")), definition: Any = None
) -> Study:
    """Times to healing by quantiles."""
    study = load_study(FAGLIA.with_suffix(".toml"))
    claim = study.claim("healing.time")
    rows = tuple(
        row.model_copy(update={"mean": None, "sd": None, "median": m, "iqr": q})
        for row, m, q in zip(claim.summaries, median, iqr, strict=True)
    )
    claims = tuple(
        one.model_copy(update={"summaries": rows}) if one.id == claim.id else one for one in study.claims
    )
    methods = study.methods.model_copy(update={"quantile_definition": definition})
    return study.model_copy(update={"claims": claims, "methods": methods})


def test_quantiles_are_taken_from_the_study() -> None:
    data = next(jobs_of(with_quantiles(), load_plan(FAGLIA / "healing.toml"))).data
    np.testing.assert_array_equal(data["timed"], [17, 16])
    np.testing.assert_array_equal(data["time_quantile"], [[26, 34, 45], [30, 38, 52]])
    assert not data["times_printed"].any()


def test_only_claims_about_the_times_are_said_to_be_used() -> None:
    """One arm has a median alone, so that its data have places without a number."""
    study, plan = with_quantiles(iqr=(None, ("30", "52"))), load_plan(FAGLIA / "healing.toml")
    areas = study.claim("healing.time").summaries  # any numbers of another outcome
    claims = tuple(
        one.model_copy(update={"summaries": areas}) if one.id == "area.between" else one
        for one in study.claims
    )
    study = study.model_copy(update={"claims": claims})
    used = published_use(study, [(plan, next(jobs_of(study, plan)).model)])
    assert [row.claim for row in used if row.plans] == ["healing.90d", "healing.time"]


def test_of_few_times_the_median_alone_is_taken() -> None:
    data = data_of((3, 9))
    np.testing.assert_array_equal(data["timed"], [3, 9])
    np.testing.assert_array_equal(np.isfinite(data["time_probability"]), [[True, False, False], [True] * 3])
    assert data["time_quantile"][0, 0] == VALUES[0][1]
    np.testing.assert_array_equal(data_of((0, 9))["timed"], [0, 9])


@pytest.mark.parametrize(
    ("median", "iqr", "needed"),
    [
        (("34", "90"), (("26", "45"), ("30", "91")), "below the follow-up"),
        (("34", "38"), (("26", "45"), ("38", "52")), "differ"),
        (("34", "38"), (("0", "45"), ("30", "52")), "above zero"),
    ],
)
def test_quantiles_that_cannot_be_are_refused(median: Any, iqr: Any, needed: str) -> None:
    model = next(jobs_of(with_quantiles(), load_plan(FAGLIA / "healing.toml"))).model
    with pytest.raises(NotPrinted) as told:
        model.from_study(with_quantiles(median, iqr), load_plan(FAGLIA / "healing.toml"))
    assert needed in told.value.needed


@pytest.mark.parametrize("model", ["cure", "proportional_hazards"])
def test_simulated_studies_publish_the_quantiles_of_their_times(model: str) -> None:
    study, plan = with_quantiles(), plan_of(model)
    job = next(jobs_of(study, plan))
    data, rng = job.data, np.random.default_rng(10)
    priors = plan.prior_set(job.family)
    for _ in range(20):
        _, again = job.model.simulate(rng, data, job.family, priors)
        known = np.isfinite(again["time_probability"])
        np.testing.assert_array_equal(again["timed"], np.where(known.any(axis=1), again["events"], 0))
        assert (again["time_quantile"][known] < 90).all()
        assert set(again) == set(data)
    drawn = job.model.prior_draws(rng, data, job.family, priors, 50)
    after = job.model.predict(rng, drawn, data, job.family)
    assert after["time_quantile"].dims == ("chain", "draw", "arm", "quantile")
    shown = [one for one in job.model.printed_quantities(data) if one.variable == "time_quantile"]
    assert [one.label.rsplit(", ")[-1] for one in shown[:3]] == ["25 % quantile", "median", "75 % quantile"]
    assert [one.value for one in shown] == [26, 34, 45, 30, 38, 52]


def plan_of(model: str) -> Plan:
    plan = load_plan(FAGLIA / "healing.toml")
    if model == plan.model:
        return plan
    other = load_plan("relapse")
    update = {
        "study": None,
        "endpoints": plan.endpoints,
        "printed_p": (),
        "family": "weibull",
        "sensitivity": (),
    }
    return other.model_copy(update=update)


@pytest.mark.evidence
@pytest.mark.parametrize("model", ["cure", "proportional_hazards"])
def test_ranks_of_simulated_studies_are_uniform(model: str) -> None:
    # Simulated studies compute their quantiles by one definition, which the model has to know.
    study, plan = with_quantiles(definition=QuantileDefinition.type_7), plan_of(model)
    job = next(jobs_of(study, plan))
    data, rng, priors = job.data, np.random.default_rng(11), plan.prior_set(job.family)
    names = [name for name in priors if name.startswith("log") or name == "shape"]
    start, ranks = None, []
    for _ in range(150):
        truth, again = job.model.simulate(rng, data, job.family, priors)
        if start is None:
            start = compile_model(job.model.build(again, job.family, priors))
        sampling = Sampling(chains=2, draws=500, tune=500, target_accept=0.95, seed=3)
        posterior, _ = draw(swap(start, again), sampling, cores=2)
        kept = job.model.admissible(posterior, again)
        ranks.append([float((posterior[name].values[kept] < truth[name]).mean()) for name in names])
    for name, column in zip(names, np.transpose(ranks), strict=True):
        assert stats.kstest(column, "uniform").pvalue > 0.01, name


@pytest.mark.evidence
def test_answers_by_definition_are_those_of_fits_that_name_it() -> None:
    plan = load_plan(FAGLIA / "healing.toml")
    average = _drawn(with_quantiles(), plan)
    share = average[SHARE].prod("summary")
    shorter = average["log_time_ratio"] < 0
    for definition in (QuantileDefinition.type_6, QuantileDefinition.type_7):
        own = share.sel(definition=str(definition))
        weighted = float((own * shorter).sum() / own.sum())
        refit = _drawn(with_quantiles(definition=definition), plan)["log_time_ratio"] < 0
        errors = [_error(one) for one in (shorter, refit)]
        assert weighted == pytest.approx(float(refit.mean()), abs=4 * float(np.hypot(*errors)))


def _drawn(study: Study, plan: Plan) -> Any:
    job = next(jobs_of(study, plan))
    data, priors = job.data, plan.prior_set(job.family)
    compiled = compile_model(job.model.build(data, job.family, priors))
    posterior, _ = draw(compiled, plan.sampling.model_copy(update={"draws": 4000}), cores=2)
    return select(posterior, job.model.admissible(posterior, data))


def _error(which: Any) -> float:
    return float(az.mcse(which.to_numpy().astype(float), method="mean"))
