"""The joint model: the separate models where nothing is shared, brute force where it is, a known dependence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import optimize, special, stats

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.estimands.joint import _pooled_sd
from mgbayes.inference.job import applies
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.models import joint_patients
from mgbayes.models import visits as of_visits
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cohort import followed_like
from mgbayes.models.evidence import PatientTimes
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.plan_file import load_plan
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.known_models import relapse, remission
from tests.oracles.outcomes.likelihood import pointwise
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

MEAN = np.array([[45.0, 12.0, 9.0], [30.0, 9.0, 5.0]])
SD = np.array([[20.0, 12.0, 10.0], [21.0, 8.0, 6.0]])
VINE = np.array([[0.3, 0.2, 0.5], [0.1, 0.4, 0.6]])
CORRELATIONS = np.stack(of_visits.correlations(VINE, 3), axis=-1)
GIVEN: dict[str, Any] = {
    "logit_ever": 0.7,
    "log_odds_ratio": -0.4,
    "log_mean_time": 6.1,
    "log_time_ratio": -0.5,
    "time_shape": 1.1,
    "log_hazard_ratio": -0.6,
    "log_scale": 7.6,
    "hazard_shape": 1.3,
    "difference": -4.0,
    "difference_sd": 5.0,
    "vine": (1 + VINE) / 2,
    "level": MEAN.mean(axis=0),
    "difference_at": MEAN[1] - MEAN[0],
    "sd": SD,
}
MODEL = MODELS["joint"].of(load_study(), load_plan("joint"))
PRIORS = load_plan("joint").prior_set("one_factor")
WAITING = {"cure": MODEL.cure.confirmed_after, "hazard": MODEL.hazard.confirmed_after}
APART = {"cure_loading": 0.0, "hazard_loading": 0.0, "continuous_loading": 0.0}
TIED = {"cure_loading": 0.9, "hazard_loading": 0.6, "continuous_loading": -1.1}


def _truth() -> xr.Dataset:
    """One draw at the given parameters, with loadings."""
    dims = ("chain", "draw")
    scalars = {name: (GIVEN | TIED)[name] for name in joint_patients.SCALARS}
    return xr.Dataset({name: (dims, np.full((1, 1), value)) for name, value in scalars.items()}).assign(
        mean=((*dims, "arm", "visit"), MEAN[None, None]),
        sd=((*dims, "arm", "visit"), SD[None, None]),
        correlation=((*dims, "arm", "pair"), CORRELATIONS[None, None]),
    )


@pytest.fixture(scope="module")
def cohort(study: Study) -> dict[str, Any]:
    """Simulated patients; some between visits, some without one of the outcomes."""
    rng = np.random.default_rng(8)
    like = followed_like(study) | {"n": np.array([12, 10])}
    data = joint_patients.drawn(rng, _truth(), like)
    for outcome in ("cure", "hazard"):
        event = np.argwhere(data[f"{outcome}_event"] * data[f"{outcome}_present"])
        for a, i in event[::2]:
            time = data[f"{outcome}_time"][a, i]
            data[f"{outcome}_between"][a, i] = 1.0
            data[f"{outcome}_lower"][a, i], data[f"{outcome}_upper"][a, i] = 0.7 * time, time
    data["cure_present"][0, 1] = data["hazard_present"][0, 2] = 0.0
    data["value_known"][0, 3], data["value"][0, 3] = 0.0, 1.0
    return data


@pytest.fixture(scope="module", name="built")
def _built(cohort: dict[str, Any]) -> Any:
    return MODEL.build(cohort, "one_factor", PRIORS)


@pytest.fixture(scope="module", name="evaluate")
def _evaluate(built: Any) -> Any:
    return pointwise(built)


def _priors(plan: str) -> dict[str, Any]:
    loaded = load_plan(plan)
    return loaded.prior_set(loaded.family)


def _separate(cohort: dict[str, Any]) -> np.ndarray:
    """The log likelihoods of the separate models of times and of a multivariate normal, added up by patient."""
    of = {
        outcome: PatientTimes(**{name: cohort[f"{outcome}_{name}"] for name in PATIENT_TIMES})
        for outcome in ("cure", "hazard")
    }
    shared = ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio")
    first = pointwise(remission.build(of["cure"], "lognormal", _priors("remission")))
    second = pointwise(relapse.build(of["hazard"], "weibull", _priors("relapse")))
    values = np.zeros(cohort["value_known"].shape)
    for a, i in np.argwhere(cohort["value_known"]):
        r12, r13, r23 = CORRELATIONS[a]
        r = np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]])
        covariance = r * np.outer(SD[a], SD[a])
        values[a, i] = stats.multivariate_normal.logpdf(cohort["value"][a, i], MEAN[a], covariance)
    return (
        first(**{name: GIVEN[name] for name in shared}, shape=GIVEN["time_shape"])
        + second(
            log_hazard_ratio=GIVEN["log_hazard_ratio"],
            log_scale=GIVEN["log_scale"],
            shape=GIVEN["hazard_shape"],
        )
        + values
    )


def test_without_loadings_it_is_the_separate_models(cohort: dict[str, Any], evaluate: Any) -> None:
    np.testing.assert_allclose(evaluate(**GIVEN, **APART), _separate(cohort), atol=1e-8)


def test_its_priors_of_times_are_those_of_the_separate_plans() -> None:
    for name in ("remission", "relapse"):
        plan = load_plan(name)
        for parameter, prior in plan.prior_set(plan.family).items():
            own = {"remission": "time_shape", "relapse": "hazard_shape"}[name]
            found = PRIORS[own if parameter == "shape" else parameter]
            assert (found.form, found.values) == (prior.form, prior.values)


def test_whatever_the_loadings_each_outcome_has_its_own_distribution(
    cohort: dict[str, Any], built: Any, evaluate: Any
) -> None:
    """Where only one outcome of a patient is known, the loadings do not matter."""
    known = {name: cohort[name] for name in ("cure_present", "hazard_present", "value_known")}
    for kept in known:
        pm.set_data({n: v if n == kept else np.zeros_like(v) for n, v in known.items()}, model=built)
        alone, apart = evaluate(**GIVEN, **TIED), evaluate(**GIVEN, **APART)
        pm.set_data(known, model=built)
        np.testing.assert_allclose(alone, apart, atol=1e-10)
        assert np.abs(apart).max() > 1


def test_with_loadings_each_patient_has_the_integral_found_on_a_fine_grid(
    cohort: dict[str, Any], evaluate: Any
) -> None:
    """The patient effect and the doses are multivariate normal; the grid of the effect has steps of 0.001."""
    found = evaluate(**GIVEN, **TIED)
    rem, rel, dos = (np.tanh(TIED[f"{name}_loading"]) for name in ("cure", "hazard", "continuous"))
    b = np.linspace(-10, 10, 20_001)
    cut = {name: {part: cohort[f"{name}_{part}"] for part in PATIENT_TIMES} for name in ("cure", "hazard")}

    def cure_given(a: int, i: int) -> Any:
        t = {part: values[a, i] for part, values in cut["cure"].items()}
        threshold = special.ndtri(special.expit(GIVEN["logit_ever"] + (a - 0.5) * GIVEN["log_odds_ratio"]))
        ever = stats.norm.cdf((threshold + rem * b) / np.sqrt(1 - rem**2))
        sigma, centre = GIVEN["time_shape"], GIVEN["log_mean_time"] + (a - 0.5) * GIVEN["log_time_ratio"]
        law = stats.lognorm(sigma, scale=np.exp(centre - sigma**2 / 2))
        if not t["event"]:
            return 1 - ever + ever * law.sf(t["time"])
        return ever * (law.sf(t["lower"]) - law.sf(t["upper"]) if t["between"] else law.pdf(t["time"]))

    def hazard_given(a: int, i: int) -> Any:
        t = {part: values[a, i] for part, values in cut["hazard"].items()}
        k = GIVEN["hazard_shape"]
        law = stats.weibull_min(
            k, scale=np.exp(GIVEN["log_scale"] - (a - 0.5) * GIVEN["log_hazard_ratio"] / k)
        )

        def free(day: float) -> Any:
            return stats.norm.sf((special.ndtri(law.cdf(day)) - rel * b) / np.sqrt(1 - rel**2))

        if not t["event"]:
            return free(t["time"])
        if t["between"]:
            return free(t["lower"]) - free(t["upper"])
        z = special.ndtri(law.cdf(t["time"]))
        return law.pdf(t["time"]) * stats.norm.pdf(z, rel * b, np.sqrt(1 - rel**2)) / stats.norm.pdf(z)

    def effect_and_doses(a: int, i: int) -> Any:
        if not cohort["value_known"][a, i]:
            return stats.norm.pdf(b)
        r12, r13, r23 = CORRELATIONS[a]
        with_b = -dos * np.array([r13, r23, 1.0])
        every = np.eye(4)
        every[[0, 0, 1], [1, 2, 2]] = every[[1, 2, 2], [0, 0, 1]] = r12, r13, r23
        every[3, :3] = every[:3, 3] = with_b
        score = (cohort["value"][a, i] - MEAN[a]) / SD[a]
        values = np.column_stack([np.broadcast_to(score, (b.size, 3)), b])
        return stats.multivariate_normal.pdf(values, cov=every) / SD[a].prod()

    for a, i in [(0, i) for i in range(12)] + [(1, i) for i in range(10)]:
        density = effect_and_doses(a, i)
        for name, given in (("cure", cure_given), ("hazard", hazard_given)):
            if cut[name]["present"][a, i]:
                density = density * given(a, i)
        assert found[a, i] == pytest.approx(np.log(np.trapezoid(density, b)), abs=1e-8)


def test_the_normal_score_is_the_quantile_in_both_tails() -> None:
    import pytensor
    import pytensor.tensor as pt

    z = np.concatenate([np.linspace(-30, 30, 241), [1e-9]])
    below, above = pt.dvector(), pt.dvector()
    compiled = pytensor.function([below, above], normal_score(below, above))
    np.testing.assert_allclose(compiled(special.ndtr(z), special.ndtr(-z)), z, rtol=1e-12, atol=1e-14)


def test_simulated_patients_have_the_outcomes_and_the_dependence_of_the_model(study: Study) -> None:
    """Marginal chances and correlations of a large simulated cohort."""
    n = 200_000
    like = followed_like(study)
    draws = _truth()
    arm = joint_patients._arm(np.random.default_rng(3), draws, like, 1, n)
    new = {name: values[0, 0] for name, values in arm.items()}
    chance = special.expit(GIVEN["logit_ever"] + GIVEN["log_odds_ratio"] / 2)
    assert new["ever"].mean() == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / n))
    k = GIVEN["hazard_shape"]
    law = stats.weibull_min(k, scale=np.exp(GIVEN["log_scale"] - GIVEN["log_hazard_ratio"] / 2 / k))
    assert stats.kstest(new["hazard"], law.cdf).pvalue > 1e-4
    score = {
        "relapse": special.ndtri(law.cdf(new["hazard"])),
        "value": -(new["value"][:, 2] - MEAN[1, 2]) / SD[1, 2],
    }
    rem, rel, dos = (np.tanh(TIED[f"{name}_loading"]) for name in ("cure", "hazard", "continuous"))
    assert np.corrcoef(score["relapse"], score["value"])[0, 1] == pytest.approx(rel * dos, abs=4 / np.sqrt(n))
    # E[score | remits] = λλ' φ(q) / Φ(q), for a normal cut at q
    mills = stats.norm.pdf(special.ndtri(chance)) / chance
    for name, loading in (("relapse", rel), ("value", dos)):
        assert score[name][new["ever"]].mean() == pytest.approx(rem * loading * mills, abs=0.02)
    r = np.corrcoef(new["value"].T)
    np.testing.assert_allclose(r[[0, 0, 1], [1, 2, 2]], CORRELATIONS[1], atol=4 / np.sqrt(n))


def test_least_and_middle_benefit_count_the_outcomes_that_gain(cohort: dict[str, Any]) -> None:
    rng, size = np.random.default_rng(5), 5000
    draws = MODEL.prior_draws(rng, cohort, "one_factor", PRIORS, size)
    found = MODEL.estimands(draws, cohort, "one_factor")
    gains = (
        (found["odds_ratio_ever"] > 1).astype(int)
        + (found["hazard_ratio"] < 1).astype(int)
        + (found["adjusted_difference_last"] < 0).astype(int)
    )
    np.testing.assert_array_equal(found["least_benefit"] > 0, gains == 3)
    np.testing.assert_array_equal(found["middle_benefit"] > 0, gains >= 2)
    # E[last | baseline] is linear, with the slope of a bivariate normal
    known = cohort["value_known"] == 1
    baseline = cohort["value"][known][:, 0].mean()
    first, last = (draws["mean"].isel(visit=v) for v in (0, 2))
    slope = draws["correlation"].isel(pair=1) * draws["sd"].isel(visit=2) / draws["sd"].isel(visit=0)
    expected = (last + slope * (baseline - first)).transpose("arm", "chain", "draw").to_numpy()
    np.testing.assert_allclose(found["adjusted_difference_last"], expected[1] - expected[0], rtol=1e-9)


def test_replicates_have_the_quantities_of_the_patients_that_they_repeat(study: Study) -> None:
    """Of 400 patients, and of new cohorts at the parameters that these were drawn from."""
    like = followed_like(study) | {"n": np.array([200, 200])}
    data = joint_patients.drawn(np.random.default_rng(7), _truth(), like) | like
    size = 200
    draws = _truth().isel(draw=np.zeros(size, int)).assign_coords(draw=np.arange(size))
    new = MODEL.predict(np.random.default_rng(9), draws, data, "one_factor")
    rows = MODEL.printed_quantities(data)
    assert {row.variable for row in rows} == set(new)
    for row in rows:
        values = new[row.variable].isel(arm=row.index[0]).to_numpy()
        # ten scores: one beyond 4 comes once in 1600 seeds
        assert abs(row.value - values.mean()) < 4 * values.std(), row


@pytest.mark.long
def test_a_known_dependence_is_recovered(study: Study) -> None:
    """Of 3000 patients with loadings of 0.72, 0.54 and -0.80 (on Fisher's scale 0.9, 0.6 and -1.1)."""
    like = followed_like(study) | {"n": np.array([1500, 1500])}
    data = joint_patients.drawn(np.random.default_rng(11), _truth(), like)
    evaluate = pointwise(MODEL.build(data, "one_factor", PRIORS))

    def lost(z: Any) -> float:
        return -float(np.sum(evaluate(**GIVEN, **dict(zip(TIED, z, strict=True)))))

    truth = np.array(list(TIED.values()))
    best = optimize.minimize(
        lost, np.full(3, 0.1), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4}
    )
    step = 0.05 * np.eye(3)
    curvature = np.array(
        [
            [
                lost(best.x + a + b) - lost(best.x + a - b) - lost(best.x - a + b) + lost(best.x - a - b)
                for b in step
            ]
            for a in step
        ]
    ) / (4 * 0.05**2)
    error = np.sqrt(np.diag(np.linalg.inv(curvature)))
    assert (error < 0.2).all()
    # three scores: one beyond 4 comes once in 5000 cohorts
    np.testing.assert_allclose((best.x - truth) / error, 0, atol=4)
    # to call the outcomes independent would be far off
    assert lost(np.zeros(3)) - best.fun > 20


def test_a_spreadsheet_gives_the_outcomes_of_the_same_patient(tmp_path: Any) -> None:
    study, table = load_study(made_up_study(tmp_path)), twin()
    table = table.astype(object)
    table.loc[0, "prednisone_mg_12m"] = ""
    rows = read_patients(write(table, tmp_path / "twin.csv"), study)
    plan = load_plan("joint")
    data = from_patients(study, plan, rows)
    assert data.patients_used == 33
    assert data["value_known"].sum() == 32
    for a, i in np.argwhere(data["row"]):
        patient = table.loc[int(data["row"][a, i]) - 2]
        assert patient["antibody"] == ("AChR+", "MuSK+")[a]
        for outcome, event, column in (
            ("cure", "remission", "remission_days"),
            ("hazard", "relapse", "relapse_days"),
        ):
            seen = patient[event] == "yes"
            assert data[f"{outcome}_event"][a, i] == seen
            assert data[f"{outcome}_time"][a, i] == (
                patient[column] if seen else patient["followup_days"] - WAITING[outcome]
            )
        if data["value_known"][a, i]:
            assert data["value"][a, i, 2] == pytest.approx(patient["prednisone_mg_last"])
    assert not applies(study, plan, rows.drop_vars("time_to_relapse.time"))
    assert of_visits.from_correlations(CORRELATIONS, 3) == pytest.approx(VINE)


def test_the_scale_of_the_last_values_has_their_degrees_of_freedom() -> None:
    """Arms of 3 and 2 values known: squares of 8 and 2, over 5 - 2."""
    value = np.zeros((2, 3, 3))
    value[0, :, 2], value[1, :, 2] = [1.0, 3.0, 5.0], [4.0, 6.0, 99.0]
    data = {"value": value, "value_known": np.array([[1, 1, 1], [1, 1, 0]])}
    assert _pooled_sd(data) == pytest.approx(((8 + 2) / 3) ** 0.5)
