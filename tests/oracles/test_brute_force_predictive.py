"""Brute force: estimands, predictions and simulated cohorts against simulated patients."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mgbayes.distributions.followup import draw_followup
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cohort import printed
from tests.known_models import FAMILIES_OF, HAZARDS, priors_of, relapse, remission

FOLLOW_UP = (365, 1861, 953.4)
REMISSION = remission.published([17, 16], [12, 9], [441.4, 230], [336.6, 180.8], FOLLOW_UP)
RELAPSE = relapse.published([17, 16], [10, 6], 992, 783.9, FOLLOW_UP)
MANY = 200_000
AT = {
    "logit_ever": 0.8,
    "log_odds_ratio": -0.5,
    "log_mean_time": 6.2,
    "log_time_ratio": -0.6,
    "shape": 0.9,
    "log_scale": 7.5,
    "log_hazard_ratio": -0.7,
    "log_step_1": 0.5,
    "log_step_2": -0.4,
}


def repeated(draws):
    """The same parameters as one chain of many draws."""
    return xr.Dataset({k: (("chain", "draw"), np.full((1, draws), v)) for k, v in AT.items()})


def remitters(rng, family, arm):
    """Days to remission of many patients of one arm, infinite for those who never remit."""
    chance = 1 / (1 + np.exp(-AT["logit_ever"] - (arm - 0.5) * AT["log_odds_ratio"]))
    log_mean = AT["log_mean_time"] + (arm - 0.5) * AT["log_time_ratio"]
    time = LIFETIMES[family].draw(rng, log_mean, AT["shape"], MANY)
    return np.where(rng.uniform(size=MANY) < chance, time, np.inf)


def relapsers(rng, family, arm):
    hazard = HAZARDS[family]
    spent = rng.exponential(size=MANY) * np.exp(-(arm - 0.5) * AT["log_hazard_ratio"])
    return hazard.time_at(spent, AT["log_scale"], *(AT[name] for name in hazard.shape))


# Standard errors of differences of two means over MANY patients: a chance at most
# √(2 · 0.25 / MANY) = 0.0016, days up to 1825 with SD at most 913 · √(2 / MANY) = 2.9.
CHANCE, DAYS = 4 * 0.0016, 4 * 2.9


@pytest.mark.parametrize("family", FAMILIES_OF["cure"])
def test_remission_estimands(family):
    rng = np.random.default_rng(1)
    reference, contrast = (remitters(rng, family, arm) for arm in (0, 1))
    found = remission.estimands(repeated(1), REMISSION, family).isel(chain=0, draw=0)
    for day in (365, 730):
        difference = (contrast <= day).mean() - (reference <= day).mean()
        assert float(found[f"risk_difference_{day}"]) == pytest.approx(difference, abs=CHANCE)
    days = np.minimum(contrast, 1825).mean() - np.minimum(reference, 1825).mean()
    assert float(found["rmst_difference_1825"]) == pytest.approx(days, abs=DAYS)
    assert set(found) == {row.id for row in remission.declared(REMISSION)}
    curve = remission.curves(repeated(1), REMISSION, family, np.array([365.0]))["with_event"]
    assert float(curve.sel(arm="reference").squeeze()) == pytest.approx((reference <= 365).mean(), abs=CHANCE)


@pytest.mark.parametrize("family", FAMILIES_OF["proportional_hazards"])
def test_relapse_estimands(family):
    rng = np.random.default_rng(2)
    reference, contrast = (relapsers(rng, family, arm) for arm in (0, 1))
    found = relapse.estimands(repeated(1), RELAPSE, family).isel(chain=0, draw=0)
    difference = (contrast > 730).mean() - (reference > 730).mean()
    assert float(found["event_free_difference_730"]) == pytest.approx(difference, abs=CHANCE)
    days = np.minimum(contrast, 1825).mean() - np.minimum(reference, 1825).mean()
    assert float(found["rmst_difference_1825"]) == pytest.approx(days, abs=DAYS)
    assert set(found) == {row.id for row in relapse.declared(RELAPSE)}
    curve = relapse.curves(repeated(1), RELAPSE, family, np.array([730.0]))["event_free"]
    assert float(curve.sel(arm="contrast").squeeze()) == pytest.approx((contrast > 730).mean(), abs=CHANCE)


@pytest.mark.parametrize(
    ("module", "data", "patients", "family"),
    [(remission, REMISSION, remitters, f) for f in FAMILIES_OF["cure"]]
    + [(relapse, RELAPSE, relapsers, f) for f in FAMILIES_OF["proportional_hazards"]],
)
def test_predicted_counts_are_those_of_followed_patients(module, data, patients, family):
    rng, draws = np.random.default_rng(3), 4000
    predicted = module.predict(rng, repeated(draws), data, family)["events"]
    assert predicted.sizes == {"chain": 1, "draw": draws, "arm": 2}
    for arm, n in enumerate(data["n"]):
        seen = patients(rng, family, arm) < draw_followup(rng, data, MANY)
        # Standard error of a mean count of n patients over the draws: at most √(n / 4 / draws).
        error = 4 * np.sqrt(n / 4 / draws)
        found = float(predicted.isel(arm=arm).mean())
        assert found == pytest.approx(n * seen.mean(), abs=error)


PLANS = {"cure": "remission", "proportional_hazards": "relapse"}


@pytest.mark.parametrize(("name", "data"), [("cure", REMISSION), ("proportional_hazards", RELAPSE)])
def test_simulated_summaries_fit_the_model_even_where_nothing_happened(name, data):
    module, family = (remission if name == "cure" else relapse), FAMILIES_OF[name][0]
    usual = {parameter: priors_of(PLANS[name])[parameter] for parameter in MODELS[name].parameters[family]}
    never = usual | {
        parameter: replace(usual[parameter], values=(value, 0.1))
        for parameter, value in (("logit_ever", -9.0), ("log_scale", 14.0))
        if parameter in usual
    }
    for priors in (usual, never):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            truth, simulated = module.simulate(rng, data, family, priors)
            assert simulated.keys() == data.keys()
            assert all(simulated[k].shape == data[k].shape for k in data if k != "slot")
            # Every simulated cohort fits into one compiled model, whatever happened to its patients.
            assert simulated["slot"].size >= (data["n"].max() if name == "cure" else data["n"].sum())
            assert all(simulated[k].dtype == data[k].dtype for k in data)
            assert all(np.all(np.isfinite(v)) for v in simulated.values())
            assert truth.keys() <= priors_of(PLANS[name]).keys()
    assert simulated["events"].sum() <= 1


def test_printed_summaries_of_none_one_and_several():
    values = np.array([[5.0, 7.0, 9.0]] * 3)
    seen = np.array([[False, False, False], [False, True, False], [True, True, True]])
    summary = printed(values, seen)
    assert summary.events.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(summary.mean, [np.nan, 7, 7])
    np.testing.assert_array_equal(summary.sd, [np.nan, np.nan, 2])
