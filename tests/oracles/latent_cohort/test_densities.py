"""Densities of patients against the models that serve real patients, and their tie against simulated patients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from mgbayes.inference.job import Job
from mgbayes.latent_cohort.count_chances import around_counts
from mgbayes.latent_cohort.counted import Counted
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.outcomes import OUTCOMES
from mgbayes.latent_cohort.run import outcomes_of
from mgbayes.latent_cohort.table import Rows
from mgbayes.models.evidence import PatientValues
from mgbayes.models.patient_times import patient_times
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from tests.oracles.continuous_fits import log_density
from tests.oracles.latent_cohort.small_studies import NIGHTS_PLAN, PILLS, nights, plan

STUDY = load_study()
ARM = np.repeat([0, 1], [17, 16])
FOLLOWED = 500.0 + 90.0 * np.arange(33)


def outcome_of(name: str, dependence: float = 0.0, family: str | None = None) -> Outcome:
    shipped = load_plan(name)
    chosen = shipped if family is None else shipped.with_family(family)
    return outcomes_of(STUDY, (chosen,), dependence)[0][0]


def by_patient(outcome: Outcome, theta: Any, rows: dict[str, Any], effect: Any = None) -> Any:
    values = outcome.values(np.array([theta]))
    table = Rows(ARM[None], {name: np.array([value], float) for name, value in rows.items()})
    return outcome.log_density(values, table, effect)[0]


def in_arms(values: Any, padding: float = 0.0) -> Any:
    found = np.full((2, 17), padding)
    found[0], found[1, :16] = values[:17], values[17:]
    return found


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("remission", "lognormal"),
        ("remission", "gamma"),
        ("remission", "weibull"),
        ("relapse", "weibull"),
        ("relapse", "piecewise_exponential"),
    ],
)
def test_times_are_those_of_the_model_on_patients(name: str, family: str) -> None:
    """A waiting time shortens follow-up, which the model on patients is given shortened."""
    outcome, rng = outcome_of(name, family=family), np.random.default_rng(1)
    event = rng.random(33) < 0.6
    waiting = 365.0 if name == "remission" else 0.0
    day = np.round(1 + (FOLLOWED - waiting - 2) * rng.random(33))
    theta = 0.3 * rng.standard_normal(outcome.layout.size) + [0.2] * outcome.layout.size
    theta[outcome.layout.size - 3 if name == "remission" else 1] = 6.0
    endpoint = outcome.plan.endpoints[0].endpoint
    rows = {f"{endpoint}.event": event, f"{endpoint}.time": np.where(event, day, 0), "followup": FOLLOWED}
    found = by_patient(outcome, theta, rows)
    time = np.where(event, day, FOLLOWED - waiting)
    data = patient_times(in_arms(time, 1.0), in_arms(event), in_arms(np.ones(33)))
    cuts = {"cuts": outcome.data["cuts"]} if "cuts" in outcome.data else {}
    built = outcome.job.model.build(data | cuts, family, outcome.plan.prior_set(family))
    point = {key: value[0] for key, value in outcome.layout.values(np.array([theta])).items()}
    assert found.sum() == pytest.approx(np.sum(log_density(built, point)), rel=1e-9)


def test_amounts_are_those_of_the_model_on_patients() -> None:
    outcome, rng = outcome_of("prednisone"), np.random.default_rng(2)
    y = 2.5 * rng.integers(0, 12, (33, 3)) * (rng.random((33, 3)) < 0.7)
    theta = 0.4 * rng.standard_normal(outcome.layout.size)
    rows = {column.name: y[:, v] for v, column in enumerate(outcome.columns)}
    found = by_patient(outcome, theta, rows)
    value = np.stack([in_arms(y[:, v]) for v in range(3)], axis=-1)
    seen = np.stack([in_arms(np.ones(33))] * 3, axis=-1)
    data = PatientValues(n=np.array([17, 16]), value=value, seen=seen)
    built = outcome.job.model.build(data, "hurdle_lognormal", outcome.plan.prior_set("hurdle_lognormal"))
    point = {key: value[0] for key, value in outcome.layout.values(np.array([theta])).items()}
    deviation = point.pop("deviation")
    point["log_ratio_by_visit"] = point["log_ratio"] + point["log_ratio_sd"] * deviation
    on_grid = (y > 0).sum() * np.log(0.5)
    assert found.sum() == pytest.approx(np.sum(log_density(built, point)) + on_grid, rel=1e-9)


@pytest.mark.parametrize("step", ["0.5", "2"])
def test_the_chances_of_amounts_on_their_grid_sum_to_one(step: str) -> None:
    """Zero has a chance and the rest a density: only with the length of a step are they of the same measure."""
    raw = PILLS.model_dump(mode="json", exclude_none=True)
    raw["endpoints"][0]["step"] = step
    (outcome,), _ = outcomes_of(Study.model_validate(raw), (plan("prednisone", "pills"),), 0.5)
    y = np.arange(0, 4000, float(step))
    values = outcome.values(np.array([[3.5, -0.4, -0.5, 0.2, -1.0, -1.2, -0.9, -1.1, 0.6]]))
    for arm in (0, 1):
        rows = Rows(np.full((1, len(y)), arm), {outcome.columns[0].name: y[None]})
        chance = np.exp(outcome.log_density(values, rows, np.full((1, len(y)), 0.7)))
        assert chance.sum() == pytest.approx(1, abs=1e-6)
        assert 0.1 < chance[0, 0] < 0.9


def measured(family: str, visits: int, dependence: float = 0.0) -> Outcome:
    """An outcome at 1, 2 or 3 visits, with the priors of the embedded study's doses."""
    without = {k: v for k, v in load_plan("prednisone").priors.items() if k != "zero_share"}
    changed: dict[str, Any] = {"family": family, "alternative_families": (), "priors": without}
    if visits == 1:
        small = plan("prednisone", "pills", family=family, alternative_families=[])
        return outcomes_of(PILLS, (small.model_copy(update={"priors": without}),), dependence)[0][0]
    shipped = load_plan("prednisone")
    changed["endpoints"] = shipped.endpoints[:visits]
    return outcomes_of(STUDY, (shipped.model_copy(update=changed),), dependence)[0][0]


@pytest.mark.parametrize("visits", [1, 2, 3])
@pytest.mark.parametrize("family", ["normal", "normal_ratio"])
def test_measured_outcomes_are_those_of_the_model_on_patients(family: str, visits: int) -> None:
    outcome, rng = measured(family, visits), np.random.default_rng(2)
    n = [4, 3] if visits == 1 else [17, 16]
    arm = np.repeat([0, 1], n)
    y = 2 + rng.random((len(arm), visits))
    theta = 0.4 * rng.standard_normal(outcome.layout.size)
    rows = Rows(arm[None], {column.name: y[None, :, v] for v, column in enumerate(outcome.columns)})
    found = outcome.log_density(outcome.values(theta[None]), rows, None)[0]
    value = np.ones((2, max(n), visits))
    value[0, : n[0]], value[1, : n[1]] = y[: n[0]], y[n[0] :]
    data = PatientValues(n=np.array(n), value=value, seen=np.ones_like(value))
    built = outcome.job.model.build(data, family, outcome.plan.prior_set(family))
    point = {key: each[0] for key, each in outcome.layout.values(theta[None]).items()}
    if visits > 1:
        effect = "difference" if family == "normal" else "log_ratio"
        point[f"{effect}_by_visit"] = point[effect] + point[f"{effect}_sd"] * point.pop("deviation")
        point["vine"] = np.stack([point.pop(f"vine_{k}") for k in range(visits * (visits - 1) // 2)], axis=-1)
    assert found.sum() == pytest.approx(np.sum(log_density(built, point)), rel=1e-9)


@pytest.mark.parametrize("visits", [1, 2, 3])
def test_averaged_over_the_effect_tied_measurements_are_untied_ones(visits: int) -> None:
    free, tied = (measured("normal", visits, dependence) for dependence in (0.0, 0.5))
    rng, size = np.random.default_rng(5), 7 if visits == 1 else 33
    theta = 0.5 * rng.standard_normal(free.layout.size)
    arm = np.repeat([0, 1], [4, 3] if visits == 1 else [17, 16])
    rows = Rows(arm[None], {column.name: rng.normal(size=(1, size)) for column in free.columns})
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    values = tied.values(np.array([[*theta, 0.8]]))
    shares = [tied.log_density(values, rows, np.full((1, size), u)) for u in nodes]
    averaged = np.log(np.tensordot(weights / weights.sum(), np.exp(shares), axes=1))
    assert averaged == pytest.approx(free.log_density(free.values(theta[None]), rows, None), rel=1e-6)


def test_the_mean_of_standardized_measurements_is_tied_with_the_loading() -> None:
    """Of patients simulated from the density by importance, m and u correlate as the loading says."""
    tied, rng = measured("normal", 3, 0.5), np.random.default_rng(6)
    theta = np.array([*(0.5 * rng.standard_normal(tied.layout.size - 1)), 0.8])
    values = tied.values(theta[None])
    u, y = (
        rng.standard_normal(400_000),
        values["mean"][0, 0] + 3 * values["spread"][0, 0] * rng.standard_normal((400_000, 3)),
    )
    rows = Rows(np.zeros((1, 400_000), int), {c.name: y[None, :, v] for v, c in enumerate(tied.columns)})
    weight = np.exp(tied.log_density(values, rows, u[None])[0])
    weight /= np.exp(-((y - values["mean"][0, 0]) ** 2 / values["spread"][0, 0] ** 2 / 18).sum(axis=1))
    z = (y - values["mean"][0, 0]) / values["spread"][0, 0]
    m = z.sum(axis=1) / values["total_sd"][0, 0]
    found = np.average(m * u, weights=weight)
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert effective > 5000
    assert np.average(m**2, weights=weight) == pytest.approx(1, abs=5 * np.sqrt(2 / effective))
    assert found == pytest.approx(-np.tanh(0.8), abs=5 / np.sqrt(effective))  # a lower dose is better


@pytest.mark.parametrize("family", ["lognormal", "weibull", "normal"])
def test_values_of_which_medians_are_told_have_the_chance_of_their_cell(family: str) -> None:
    """Of the distributions in SciPy; averaged over the effect, tied values are untied ones."""
    study, chosen = nights({"median": "5"}, {"median": "3"}), NIGHTS_PLAN.with_family(family)
    (free,), (tied,) = (outcomes_of(study, (chosen,), dependence)[0] for dependence in (0.0, 0.5))
    theta = [1.3, 0.4, -0.5, -0.3] if family != "normal" else [4.0, 1.0, 0.6, 0.9]
    arm, y = np.repeat([0, 1], 40), np.tile(np.arange(40.0), 2)
    rows = Rows(arm[None], {"nights.value": y[None]})
    found = free.log_density(free.values(np.array([theta])), rows, None)[0]
    median = theta[0] + (arm - 0.5) * theta[1]
    sd = np.exp(np.array(theta[2:]))[arm]
    law = {
        "lognormal": stats.lognorm(s=sd, scale=np.exp(median)),
        "weibull": stats.weibull_min(c=1 / sd, scale=np.exp(median) / np.log(2) ** sd),
        "normal": stats.norm(median, sd),
    }[family]
    cell = law.cdf(y + 0.5) - law.cdf(y - 0.5)
    seen = cell > 1e-9
    assert seen.sum() > 20
    assert np.exp(found[seen]) == pytest.approx(cell[seen], rel=1e-6)
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    values = tied.values(np.array([[*theta, 0.5]]))
    shares = [np.exp(tied.log_density(values, rows, np.full((1, 80), u)))[0] for u in nodes]
    averaged = np.tensordot(weights / weights.sum(), shares, axes=1)
    assert averaged[seen] == pytest.approx(cell[seen], rel=1e-4, abs=1e-7)
    assert shares[-20][0] > shares[20][0]  # fewer nights are better


def of_one_visit() -> Plan:
    shipped = load_plan("mgfa")
    kept = {
        name: choice for name, choice in shipped.priors.items() if name not in ("shift", "base", "patient_sd")
    }
    return shipped.model_copy(update={"endpoints": shipped.endpoints[1:2], "priors": kept})


@pytest.mark.parametrize("visits", [3, 1])
def test_classes_are_those_of_the_model_on_patients(visits: int) -> None:
    chosen, rng = load_plan("mgfa") if visits == 3 else of_one_visit(), np.random.default_rng(4)
    (outcome,), _ = outcomes_of(STUDY, (chosen,), 0.0)
    levels = len(outcome.data["level"])
    y = rng.integers(0, levels, (33, visits))
    theta = 0.5 * rng.standard_normal(outcome.layout.size)
    found = by_patient(outcome, theta, {column.name: y[:, v] for v, column in enumerate(outcome.columns)})
    level = np.stack([in_arms(y[:, v].astype(float), np.nan) for v in range(visits)], axis=-1)
    data = outcome.job.model.patients(level, levels) | {"level": outcome.data["level"]}
    built = outcome.job.model.build(data, chosen.family, chosen.prior_set(chosen.family))
    point = {key: value[0] for key, value in outcome.layout.values(np.array([theta])).items()}
    # The model's rule has other nodes.
    assert found.sum() == pytest.approx(np.sum(log_density(built, point)), rel=1e-8)


@pytest.mark.parametrize("visits", [3, 1])
def test_averaged_over_the_effect_tied_classes_are_untied_ones(visits: int) -> None:
    chosen, rng = load_plan("mgfa") if visits == 3 else of_one_visit(), np.random.default_rng(5)
    (free,), (tied,) = (outcomes_of(STUDY, (chosen,), dependence)[0] for dependence in (0.0, 0.5))
    theta = 0.5 * rng.standard_normal(free.layout.size)
    y = rng.integers(0, len(free.data["level"]), (33, visits))
    rows = {column.name: y[:, v] for v, column in enumerate(free.columns)}
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    shares = [by_patient(tied, [*theta, 0.8], rows, np.full((1, 33), u)) for u in nodes]
    averaged = np.log(np.tensordot(weights / weights.sum(), np.exp(shares), axes=1))
    assert averaged == pytest.approx(by_patient(free, theta, rows), rel=1e-6)
    # A higher effect is a better class.
    best = (
        0
        if free.plan.endpoints and STUDY.endpoint("mgfa").benefit == "lower"
        else len(free.data["level"]) - 1
    )
    rows = {name: np.full(33, best) for name in rows}
    assert (
        by_patient(tied, [*theta, 0.8], rows, np.ones((1, 33)))
        > by_patient(tied, [*theta, 0.8], rows, -np.ones((1, 33)))
    ).all()


def counted(family: str, loading: Prior | None = None) -> Outcome:
    """With follow-up in days; the shipped study reports no number of it."""
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    next(row for row in raw["endpoints"] if row["id"] == "hospital")["followup"] = "baseline.followup"
    study = Study.model_validate(raw)
    return Counted.of(Job(study, load_plan("hospital").with_family(family), family), loading)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_counts_are_those_of_the_model_on_patients(family: str) -> None:
    outcome, theta = counted(family), [-0.4, 0.6, 0.3][: 2 + (family != "poisson")]
    y = np.random.default_rng(6).integers(0, 9, 33)
    found = by_patient(outcome, theta, {"hospital.value": y, "followup": FOLLOWED})
    data = outcome.job.model.patients(in_arms(y), in_arms(FOLLOWED / 365.25, 1.0), in_arms(np.ones(33)))
    built = outcome.job.model.build(data, family, outcome.plan.prior_set(family))
    point = {key: value[0] for key, value in outcome.layout.values(np.array([theta])).items()}
    assert found.sum() == pytest.approx(np.sum(log_density(built, point)), rel=1e-9)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_averaged_over_the_effect_tied_counts_are_untied_ones(family: str) -> None:
    theta = [-0.4, 0.6, 0.3][: 2 + (family != "poisson")]
    rows = {"hospital.value": np.arange(33) % 7, "followup": FOLLOWED}
    tied = counted(family, Prior("normal", (0.0, 0.5), "a test"))
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    shares = [by_patient(tied, [*theta, 0.8], rows, np.full((1, 33), u)) for u in nodes]
    averaged = np.log(np.tensordot(weights / weights.sum(), np.exp(shares), axes=1))
    assert averaged == pytest.approx(by_patient(counted(family), theta, rows), abs=1e-6)
    # A higher effect is fewer events.
    none = rows | {"hospital.value": np.zeros(33)}
    assert (
        by_patient(tied, [*theta, 0.8], none, np.ones((1, 33)))
        > by_patient(tied, [*theta, 0.8], none, -np.ones((1, 33)))
    ).all()


def test_yes_and_no_are_bernoulli() -> None:
    outcome = outcome_of("binary")
    yes = np.arange(33) % 3 == 0
    chance = special.expit(0.4 + (ARM - 0.5) * -0.7)
    found = by_patient(outcome, [0.4, -0.7], {outcome.name: yes})
    assert found == pytest.approx(stats.bernoulli.logpmf(yes, chance), rel=1e-12)


@pytest.mark.parametrize("name", ["remission", "relapse", "prednisone", "binary"])
def test_averaged_over_the_effect_a_tied_outcome_is_the_untied_one(name: str) -> None:
    """One visit of an amount at a time: the effect's part of zeros and of amounts tie the visits besides."""
    free, tied, rng = outcome_of(name), outcome_of(name, 0.5), np.random.default_rng(3)
    theta = 0.3 * rng.standard_normal(free.layout.size)
    rows: dict[str, Any] = {column.name: np.zeros(33) for column in free.columns} | {"followup": FOLLOWED}
    if name in ("remission", "relapse"):
        theta[2 if name == "remission" else 1] = 5.5
        event = np.arange(33) % 2
        rows |= {free.columns[0].name: event, free.columns[1].name: event * (20.0 + 3 * np.arange(33))}
    elif name == "binary":
        rows = {free.name: np.arange(33) % 2}
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    shares = [by_patient(tied, [*theta, 0.8], rows, np.full((1, 33), u)) for u in nodes]
    averaged = np.log(np.tensordot(weights / weights.sum(), np.exp(shares), axes=1))
    expected = by_patient(free, theta, rows)
    if name == "prednisone":  # zeros at three visits go together
        assert (averaged > expected).all()
        return
    assert averaged == pytest.approx(expected, abs=2e-6)


def test_every_kind_is_held_to_its_model() -> None:
    kinds = {kind.__name__ for kind in OUTCOMES}
    assert kinds == {
        "CureTime",
        "HazardTime",
        "Amount",
        "ByMedian",
        "Counted",
        "Measured",
        "Ordered",
        "YesNo",
    }


@pytest.mark.parametrize("kappa", [0.0, 0.1, 4.0])
def test_both_tails_of_a_count_are_those_of_scipy(kappa: float) -> None:
    y, mean = (x.ravel()[None] for x in np.meshgrid([0.0, 1, 5, 50, 400], [0.01, 1.0, 30.0, 900.0]))
    law = stats.nbinom(1 / kappa, 1 / (1 + kappa * mean)) if kappa else stats.poisson(mean)
    found = around_counts(y, mean, np.array([kappa]))
    expected = np.array([law.cdf(y - 1), law.sf(y - 1), law.cdf(y), law.sf(y)])
    smaller = np.minimum(expected, expected[[1, 0, 3, 2]])
    kept = (smaller == expected) & (expected > 1e-290)
    assert kept.sum() > 20
    assert found[kept] == pytest.approx(expected[kept], rel=1e-7)
