"""Counts of events on patients: R's negative binomial fit, conjugate closed forms, and what a spreadsheet gives."""

from __future__ import annotations

from typing import Any

import arviz_stats as azs
import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from mgbayes.inference.job import applies
from mgbayes.inference.leave_one_out import leave_one_out
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models import counts
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cohort import followed_like
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.patients import read_patients
from mgbayes.study import load_study
from tests.oracles.frequentist.figures import bladder, figures
from tests.oracles.outcomes.likelihood import maximum, pointwise
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

FLAT = {
    "log_rate": Prior("normal", (0.0, 30.0), "flat"),
    "log_rate_ratio": Prior("normal", (0.0, 30.0), "flat"),
    "rate_cv": Prior("half_normal", (30.0,), "flat"),
}
YEAR = 365.25
MODEL = MODELS["counts"].of(load_study(), load_plan("hospital"))
MONTH = YEAR / 12
COUNT = np.array([[0.0, 3.0, 1.0, 7.0, 2.0], [1.0, 0.0, 4.0, 2.0, 0.0]])
DAYS = np.array([[400.0, 900.0, 1500.0, 2100.0, 800.0], [500.0, 1200.0, 2500.0, 700.0, 1.0]])
PRESENT = np.array([[1.0, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
YEARS = (DAYS * PRESENT).sum(axis=1) / YEAR
TOTAL = (COUNT * PRESENT).sum(axis=1)


def _bladder() -> dict[str, Any]:
    groups = bladder()
    arms = [(groups.reference, groups.exposures[0]), (groups.contrast, groups.exposures[1])]
    size = max(len(count) for count, _ in arms)
    count, days, present = np.zeros((2, size)), np.ones((2, size)), np.zeros((2, size))
    for a, (y, months) in enumerate(arms):
        count[a, : len(y)], days[a, : len(y)], present[a, : len(y)] = y, months * MONTH, 1.0
    return counts.patients(count, days / YEAR, present)


def test_the_greatest_likelihood_is_that_of_glm_nb() -> None:
    """R: glm.nb(recurrences ~ contrast + offset(log(months))), script and versions in oracles/frequentist."""
    fitted = figures()["glm_nb"]["bladder"]
    model = MODEL.build(_bladder(), "negative_binomial", FLAT)

    def parameters(x: Any) -> dict[str, Any]:
        return {"log_rate": x[0], "log_rate_ratio": x[1], "rate_cv": np.exp(x[2])}

    at, likelihood = maximum(model, parameters, np.zeros(3))
    assert at[0] - at[1] / 2 - np.log(12) == pytest.approx(fitted["coef"][0], abs=1e-5)
    assert at[1] == pytest.approx(fitted["coef"][1], abs=1e-5)
    assert np.exp(-2 * at[2]) == pytest.approx(fitted["theta"], abs=1e-4)
    assert likelihood == pytest.approx(fitted["loglik"], abs=1e-7)


def test_each_patient_has_the_density_of_a_gamma_mixture_of_poissons() -> None:
    """By quadrature over the patient's own rate; with hardly any spread, Poisson."""
    evaluate = pointwise(MODEL.build(counts.patients(COUNT, DAYS / YEAR, PRESENT), "negative_binomial", FLAT))
    mean = np.exp(np.array([[0.2], [-0.4]])) * DAYS / YEAR
    shape = 0.8**-2
    nodes, weights = special.roots_genlaguerre(60, shape - 1)
    own = stats.poisson.pmf(COUNT[..., None], mean[..., None] * nodes / shape)
    exact = np.log(own @ weights / weights.sum()) * PRESENT
    given = {"log_rate": -0.1, "log_rate_ratio": -0.6}
    np.testing.assert_allclose(evaluate(**given, rate_cv=0.8), exact, atol=1e-10)
    np.testing.assert_allclose(
        evaluate(**given, rate_cv=1e-4), stats.poisson.logpmf(COUNT, mean) * PRESENT, atol=1e-6
    )


@pytest.mark.long
def test_alike_patients_have_the_gamma_posterior() -> None:
    """Flat priors of the log rates: the rate of an arm is Gamma(events, patient-years)."""
    compiled = compile_model(MODEL.build(counts.patients(COUNT, DAYS / YEAR, PRESENT), "poisson", FLAT))
    posterior, stats_ = draw(compiled, Sampling(draws=4000, seed=3))
    assert int(stats_["diverging"].sum()) == 0
    mean, variance = special.digamma(TOTAL) - np.log(YEARS), special.polygamma(1, TOTAL)
    for values, centre, sd in (
        (posterior["log_rate"].to_numpy(), mean.mean(), np.sqrt(variance.sum()) / 2),
        (posterior["log_rate_ratio"].to_numpy(), mean[1] - mean[0], np.sqrt(variance.sum())),
    ):
        # Four scores of standard normals: one beyond 4 comes once in 4000 seeds.
        assert abs(values.mean() - centre) < 4 * float(azs.mcse(values, method="mean"))
        assert abs(values.std() - sd) < 4 * float(azs.mcse(values, method="sd"))


def test_leave_one_out_is_the_negative_binomial_closed_form() -> None:
    """Given the others (d events in T years) a patient followed F years has NB(d, T / (T + F)) events."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(TOTAL, 1 / YEARS, (4, 1000, 2))
    posterior = xr.Dataset(
        {
            "log_rate": (("chain", "draw"), np.log(rate).mean(axis=-1)),
            "log_rate_ratio": (("chain", "draw"), np.log(rate[..., 1] / rate[..., 0])),
        }
    )
    data = counts.patients(COUNT, DAYS / YEAR, PRESENT)
    row = np.array([[2, 3, 4, 5, 6], [7, 8, 9, 10, 0]], float)
    found = leave_one_out(MODEL.build(data, "poisson", FLAT), posterior, data | {"row": row})
    exact = 0.0
    for a, i in np.argwhere(PRESENT):
        years = DAYS[a, i] / YEAR
        rest = YEARS[a] - years
        exact += stats.nbinom.logpmf(COUNT[a, i], TOTAL[a] - COUNT[a, i], rest / (rest + years))
    assert found.patients == 9
    # The errors of ten seeds had an SD of 0.055 and were at most 0.134 (Pareto k up to 0.69).
    assert found.elpd == pytest.approx(exact, abs=0.25)


def test_replicates_have_the_moments_of_the_model() -> None:
    data = counts.patients(COUNT, DAYS / YEAR, PRESENT)
    constant = {"log_rate": -0.1, "log_rate_ratio": -0.6, "rate_cv": 0.8}
    draws = xr.Dataset({name: (("chain", "draw"), np.full((1, 20_000), v)) for name, v in constant.items()})
    replicated = MODEL.predict(np.random.default_rng(2), draws, data, "negative_binomial")
    mean = np.exp(np.array([[0.2], [-0.4]])) * DAYS / YEAR * PRESENT
    variance = (mean + 0.8**2 * mean**2).sum(axis=1)
    total = replicated["total"].to_numpy()[0]
    np.testing.assert_allclose(
        (total.mean(axis=0) - mean.sum(axis=1)) / np.sqrt(variance / 20_000), 0, atol=4
    )
    np.testing.assert_allclose(total.var(axis=0), variance, rtol=0.1)
    some = (1 - (1 + 0.8**2 * mean) ** (-(0.8**-2))).sum(axis=1)
    np.testing.assert_allclose(replicated["any"].to_numpy()[0].mean(axis=0), some, atol=0.05)


def test_a_spreadsheet_gives_counts_and_days(tmp_path: Any) -> None:
    study, table = load_study(made_up_study(tmp_path)), twin()
    rows = read_patients(write(table, tmp_path / "twin.csv"), study)
    for plan, column in (("hospital", "hospitalizations"), ("rescue", "rescue_events")):
        data = from_patients(study, load_plan(plan), rows)
        assert data.patients_used == 33
        for a, arm in enumerate(("AChR+", "MuSK+")):
            part = table[table["antibody"] == arm]
            present = data["present"][a] == 1
            np.testing.assert_array_equal(data["count"][a][present], part[column])
            np.testing.assert_allclose(data["years"][a][present] * YEAR, part["followup_days"])
    without = rows.drop_vars("hospital.exposure")
    assert not applies(study, load_plan("hospital"), without)
    assert applies(study, load_plan("rescue"), without)


def test_simulated_follow_up_is_that_of_the_study_in_years_of_365_and_a_quarter_days() -> None:
    """1861 ± 953.4 days and at least 365 are published."""
    minimum, shape, scale = followed_like(load_study(), "years")["followup"]
    assert minimum == pytest.approx(365 / 365.25)
    assert minimum + shape * scale == pytest.approx(1861 / 365.25)
    assert np.sqrt(shape) * scale == pytest.approx(953.4 / 365.25)
