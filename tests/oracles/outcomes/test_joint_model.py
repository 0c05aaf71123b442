"""The joint model: the separate models where nothing is shared, brute force where it is, a known dependence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import optimize, special, stats

from mgbayes.inference.patient_evidence import from_patients, used
from mgbayes.inference.run import applies
from mgbayes.models import continuous, joint, joint_patients
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cohort_like import followed_like
from mgbayes.models.normal_score import normal_score
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.plan import load_plan
from mgbayes.models.vine import correlations, from_correlations
from mgbayes.models.visits import matrices
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.known_models import relapse, remission
from tests.oracles.continuous_fits import model_of
from tests.oracles.ipd.twin import made_up_study, twin, write
from tests.oracles.outcomes.likelihood import pointwise

MEAN = np.array([[45.0, 12.0, 9.0], [30.0, 9.0, 5.0]])
SD = np.array([[20.0, 12.0, 10.0], [21.0, 8.0, 6.0]])
VINE = np.array([[0.3, 0.2, 0.5], [0.1, 0.4, 0.6]])
GIVEN: dict[str, Any] = {
    "logit_remission": 0.7,
    "log_odds_ratio": -0.4,
    "log_mean_time": 6.1,
    "log_time_ratio": -0.5,
    "time_shape": 1.1,
    "log_hazard_ratio": -0.6,
    "log_scale": 7.6,
    "hazard_shape": 1.3,
    "log_ratio": -0.2,
    "log_ratio_sd": 0.5,
    "vine": (1 + VINE) / 2,
    "log_mean": np.log(MEAN),
    "sd": SD,
}
APART = {"remission_loading": 0.0, "relapse_loading": 0.0, "dose_loading": 0.0}
TIED = {"remission_loading": 0.9, "relapse_loading": 0.6, "dose_loading": -1.1}


def _truth() -> xr.Dataset:
    """One draw at the given parameters, with loadings."""
    dims = ("chain", "draw")
    scalars = {name: (GIVEN | TIED)[name] for name in joint_patients.SCALARS}
    return xr.Dataset({name: (dims, np.full((1, 1), value)) for name, value in scalars.items()}).assign(
        mean=((*dims, "arm", "visit"), MEAN[None, None]),
        sd=((*dims, "arm", "visit"), SD[None, None]),
        correlation=((*dims, "arm", "pair"), correlations(VINE)[None, None]),
    )


@pytest.fixture(scope="module")
def cohort(study: Study) -> dict[str, Any]:
    """Simulated patients; some between visits, some without one of the outcomes."""
    rng = np.random.default_rng(8)
    like = followed_like(study) | {"n": np.array([12, 10])}
    data = joint_patients.drawn(rng, _truth(), like)
    for outcome in ("remission", "relapse"):
        event = np.argwhere(data[f"{outcome}_event"] * data[f"{outcome}_present"])
        for a, i in event[::2]:
            time = data[f"{outcome}_time"][a, i]
            data[f"{outcome}_between"][a, i] = 1.0
            data[f"{outcome}_lower"][a, i], data[f"{outcome}_upper"][a, i] = 0.7 * time, time
    data["remission_present"][0, 1] = data["relapse_present"][0, 2] = 0.0
    data["dose_known"][0, 3], data["dose"][0, 3] = 0.0, 1.0
    return data


@pytest.fixture(scope="module", name="built")
def _built(cohort: dict[str, Any]) -> Any:
    return joint.build(cohort, "one_factor", joint.PRIORS)


@pytest.fixture(scope="module", name="evaluate")
def _evaluate(built: Any) -> Any:
    return pointwise(built)


def _priors(plan: str) -> dict[str, Any]:
    loaded = load_plan(plan)
    return loaded.prior_set(loaded.family, MODELS[loaded.model].of(load_study(), loaded).default_priors)


def _separate(cohort: dict[str, Any]) -> np.ndarray:
    """The log likelihoods of the three separate models, added up by patient."""
    of = {
        outcome: {name: cohort[f"{outcome}_{name}"] for name in PATIENT_TIMES}
        for outcome in ("remission", "relapse")
    }
    shared = ("logit_remission", "log_odds_ratio", "log_mean_time", "log_time_ratio")
    first = pointwise(remission.build(of["remission"], "lognormal", _priors("remission")))
    second = pointwise(relapse.build(of["relapse"], "weibull", _priors("relapse")))
    return (
        first(**{name: GIVEN[name] for name in shared}, shape=GIVEN["time_shape"])
        + second(
            log_hazard_ratio=GIVEN["log_hazard_ratio"],
            log_scale=GIVEN["log_scale"],
            shape=GIVEN["hazard_shape"],
        )
        + cohort["dose_known"] * _normal_doses(cohort["dose"])
    )


def _normal_doses(dose: np.ndarray) -> np.ndarray:
    """Log density of each patient's doses, multivariate normal."""
    r = matrices(correlations(VINE), 3)
    return np.stack(
        [stats.multivariate_normal(MEAN[a], SD[a][:, None] * r[a] * SD[a]).logpdf(dose[a]) for a in range(2)]
    )


def test_without_loadings_it_is_the_separate_models(cohort: dict[str, Any], evaluate: Any) -> None:
    np.testing.assert_allclose(evaluate(**GIVEN, **APART), _separate(cohort), atol=1e-8)


def test_its_priors_are_those_of_the_separate_models() -> None:
    renamed = {"time_shape": (remission, "shape"), "hazard_shape": (relapse, "shape")}
    doses = {"log_mean": "log_level", "sd": "cv"}
    for name, prior in joint.PRIORS.items():
        if name.endswith("_loading"):
            continue
        owners = (
            [renamed[name]]
            if name in renamed
            else [(m, doses.get(name, name)) for m in (remission, relapse, continuous)]
        )
        known = [(getattr(m, "default_priors", continuous.PRIORS), own) for m, own in owners]
        found = [priors[own] for priors, own in known if own in priors]
        assert [(other.form, other.values) for other in found] == [(prior.form, prior.values)]


def test_whatever_the_loadings_each_outcome_has_its_own_distribution(
    cohort: dict[str, Any], built: Any, evaluate: Any
) -> None:
    """Where only one outcome of a patient is known, the loadings do not matter."""
    known = {name: cohort[name] for name in ("remission_present", "relapse_present", "dose_known")}
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
    rem, rel, dos = (np.tanh(TIED[f"{name}_loading"]) for name in ("remission", "relapse", "dose"))
    b = np.linspace(-10, 10, 20_001)
    cut = {
        name: {part: cohort[f"{name}_{part}"] for part in PATIENT_TIMES} for name in ("remission", "relapse")
    }

    def remission_given(a: int, i: int) -> Any:
        t = {part: values[a, i] for part, values in cut["remission"].items()}
        threshold = special.ndtri(special.expit(GIVEN["logit_remission"] + a * GIVEN["log_odds_ratio"]))
        ever = stats.norm.cdf((threshold + rem * b) / np.sqrt(1 - rem**2))
        sigma, centre = GIVEN["time_shape"], GIVEN["log_mean_time"] + a * GIVEN["log_time_ratio"]
        law = stats.lognorm(sigma, scale=np.exp(centre - sigma**2 / 2))
        if not t["event"]:
            return 1 - ever + ever * law.sf(t["time"])
        return ever * (law.sf(t["lower"]) - law.sf(t["upper"]) if t["between"] else law.pdf(t["time"]))

    def relapse_given(a: int, i: int) -> Any:
        t = {part: values[a, i] for part, values in cut["relapse"].items()}
        k = GIVEN["hazard_shape"]
        law = stats.weibull_min(k, scale=np.exp(GIVEN["log_scale"] - a * GIVEN["log_hazard_ratio"] / k))

        def free(day: float) -> Any:
            return stats.norm.sf((special.ndtri(law.cdf(day)) - rel * b) / np.sqrt(1 - rel**2))

        if not t["event"]:
            return free(t["time"])
        if t["between"]:
            return free(t["lower"]) - free(t["upper"])
        z = special.ndtri(law.cdf(t["time"]))
        return law.pdf(t["time"]) * stats.norm.pdf(z, rel * b, np.sqrt(1 - rel**2)) / stats.norm.pdf(z)

    def effect_and_doses(a: int, i: int) -> Any:
        if not cohort["dose_known"][a, i]:
            return stats.norm.pdf(b)
        r12, r13, r23 = correlations(VINE)[a]
        with_b = -dos * np.array([r13, r23, 1.0])
        every = np.eye(4)
        every[[0, 0, 1], [1, 2, 2]] = every[[1, 2, 2], [0, 0, 1]] = r12, r13, r23
        every[3, :3] = every[:3, 3] = with_b
        score = (cohort["dose"][a, i] - MEAN[a]) / SD[a]
        values = np.column_stack([np.broadcast_to(score, (b.size, 3)), b])
        return stats.multivariate_normal.pdf(values, cov=every) / SD[a].prod()

    for a, i in [(0, i) for i in range(12)] + [(1, i) for i in range(10)]:
        density = effect_and_doses(a, i)
        for name, given in (("remission", remission_given), ("relapse", relapse_given)):
            if cut[name]["present"][a, i]:
                density = density * given(a, i)
        assert found[a, i] == pytest.approx(np.log(np.trapezoid(density, b)), abs=1e-8)


def test_the_normal_score_is_the_quantile_in_both_tails() -> None:
    import pytensor
    import pytensor.tensor as pt

    z = np.concatenate([np.linspace(-30, 30, 241), [1e-9]])
    below, above = pt.dvector(), pt.dvector()
    compiled = pytensor.function([below, above], normal_score(below, above))
    np.testing.assert_allclose(compiled(special.log_ndtr(z), special.log_ndtr(-z)), z, rtol=1e-12, atol=1e-14)


def test_simulated_patients_have_the_outcomes_and_the_dependence_of_the_model(study: Study) -> None:
    """Marginal chances and correlations of a large simulated cohort."""
    n = 200_000
    like = followed_like(study)
    draws = _truth()
    arm = joint_patients._arm(np.random.default_rng(3), draws, like, 1, n)
    new = {name: values[0, 0] for name, values in arm.items()}
    chance = special.expit(GIVEN["logit_remission"] + GIVEN["log_odds_ratio"])
    assert new["ever"].mean() == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / n))
    k = GIVEN["hazard_shape"]
    law = stats.weibull_min(k, scale=np.exp(GIVEN["log_scale"] - GIVEN["log_hazard_ratio"] / k))
    assert stats.kstest(new["relapse"], law.cdf).pvalue > 1e-4
    score = {
        "relapse": special.ndtri(law.cdf(new["relapse"])),
        "dose": -(new["dose"][:, 2] - MEAN[1, 2]) / SD[1, 2],
    }
    rem, rel, dos = (np.tanh(TIED[f"{name}_loading"]) for name in ("remission", "relapse", "dose"))
    assert np.corrcoef(score["relapse"], score["dose"])[0, 1] == pytest.approx(rel * dos, abs=4 / np.sqrt(n))
    # E[score | remits] = λλ' φ(q) / Φ(q), for a normal cut at q
    mills = stats.norm.pdf(special.ndtri(chance)) / chance
    for name, loading in (("relapse", rel), ("dose", dos)):
        assert score[name][new["ever"]].mean() == pytest.approx(rem * loading * mills, abs=0.02)
    r = np.corrcoef(new["dose"].T)
    np.testing.assert_allclose(r[[0, 0, 1], [1, 2, 2]], correlations(VINE)[1], atol=4 / np.sqrt(n))


def test_least_and_middle_benefit_count_the_outcomes_that_gain(cohort: dict[str, Any]) -> None:
    rng, size = np.random.default_rng(5), 5000
    draws = joint.prior_draws(rng, cohort, "one_factor", joint.PRIORS, size)
    found = joint.estimands(draws, cohort, "one_factor")
    gains = (
        (found["odds_ratio_remission"] > 1).astype(int)
        + (found["hazard_ratio"] < 1).astype(int)
        + (found["adjusted_difference_last"] < 0).astype(int)
    )
    np.testing.assert_array_equal(found["least_benefit"] > 0, gains == 3)
    np.testing.assert_array_equal(found["middle_benefit"] > 0, gains >= 2)
    known = cohort["dose_known"] == 1
    mean = np.stack([cohort["dose"][a][known[a]].mean(axis=0) for a in (0, 1)])
    of_doses = model_of().estimands(
        draws.assign_coords(model_of().coords), {"printed_mean": mean, "n": known.sum(axis=1)}, "normal_ratio"
    )
    np.testing.assert_allclose(
        found["adjusted_difference_last"], of_doses["adjusted_difference_last"], rtol=1e-9, atol=1e-9
    )


def test_a_known_dependence_is_recovered(study: Study) -> None:
    """Of 3000 patients with loadings of 0.72, 0.54 and -0.80 (on Fisher's scale 0.9, 0.6 and -1.1)."""
    like = followed_like(study) | {"n": np.array([1500, 1500])}
    data = joint_patients.drawn(np.random.default_rng(11), _truth(), like)
    evaluate = pointwise(joint.build(data, "one_factor", joint.PRIORS))

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
    assert used(data) == 33
    assert data["dose_known"].sum() == 32
    for a, i in np.argwhere(data["row"]):
        patient = table.loc[int(data["row"][a, i]) - 2]
        assert patient["antibody"] == ("AChR+", "MuSK+")[a]
        for outcome, column in (("remission", "remission_days"), ("relapse", "relapse_days")):
            seen = patient[outcome] == "yes"
            assert data[f"{outcome}_event"][a, i] == seen
            assert data[f"{outcome}_time"][a, i] == (patient[column] if seen else patient["followup_days"])
        if data["dose_known"][a, i]:
            assert data["dose"][a, i, 2] == pytest.approx(patient["prednisone_mg_last"])
    assert not applies(study, plan, rows.drop_vars("time_to_relapse.time"))
    assert from_correlations(correlations(VINE)) == pytest.approx(VINE)
