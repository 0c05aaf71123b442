"""Covariates and frailty: what is taken from a spreadsheet, what is refused, and closed forms of the rest."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import integrate, stats

from mgbayes.errors import InputError
from mgbayes.inference.job import jobs_on_patients
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.models import adjusted
from mgbayes.models.evidence import Times
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan, parse_plan
from mgbayes.models.proportional_hazards import event_free
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.conftest import ROOT
from tests.known_models import FAMILIES_OF, HAZARDS, priors_of, relapse
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

RELAPSE = (ROOT / "models" / "relapse.toml").read_text("utf-8")
BOTH = ("covariates", "frailty")


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, xr.Dataset]:
    folder = tmp_path_factory.mktemp("adjusted")
    study = load_study(made_up_study(folder))
    return study, read_patients(write(twin(), folder / "patients.csv"), study)


def _plan(covariates: str) -> Plan:
    shipped = 'covariates = ["cycles >= 3", "thymectomy", "thymoma", "age", "sex"]'
    assert shipped in RELAPSE
    return parse_plan(RELAPSE.replace(shipped, f"covariates = [{covariates}]"), "mine.toml")


def _adjusted(plan: Plan, patients: tuple[Study, xr.Dataset]) -> dict[str, np.ndarray]:
    return from_patients(patients[0], plan, patients[1], BOTH)


# ------------------------------------------------------------------ what is taken


def test_covariates_are_those_of_each_patient_centred_and_scaled(
    patients: tuple[Study, xr.Dataset],
) -> None:
    data = _adjusted(load_plan("relapse"), patients)
    assert list(data["covariate_name"]) == ["cycles_at_least_3", "thymectomy", "thymoma", "age", "sex_male"]
    present = data["present"] == 1
    rows = patients[1].sel(patient=data["row"][present].astype(int))
    values = data["covariates"][present]
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
    for k, raw in enumerate(
        (rows["covariate.cycles"] >= 3, rows["covariate.thymectomy"], rows["covariate.thymoma"])
    ):
        np.testing.assert_allclose(np.ptp(values[:, k]), 1)  # yes against no
        np.testing.assert_array_equal(values[:, k] > 0, raw.to_numpy() == 1)
    age = rows["covariate.age"].to_numpy()
    np.testing.assert_allclose(values[:, 3], (age - age.mean()) / age.std(ddof=1))
    assert f"{age.std(ddof=1):.3g} years (one SD) more" in data["covariate_label"][3]
    assert (data["covariates"][~present] == 0).all()


def test_patients_without_a_covariate_are_left_out_and_counted(
    patients: tuple[Study, xr.Dataset],
) -> None:
    study, rows = patients
    rows = rows.copy(deep=True)
    rows["covariate.age"][3] = np.nan
    data = from_patients(study, load_plan("relapse"), rows, BOTH)
    assert data.patients_used == 32
    assert int(rows["patient"][3]) not in data["row"]
    assert from_patients(study, load_plan("relapse"), rows).patients_used == 33


def test_what_cannot_tell_patients_apart_is_left_out_with_a_word(
    patients: tuple[Study, xr.Dataset],
) -> None:
    study, rows = patients
    rows = rows.copy(deep=True)
    rows["covariate.thymoma"][:] = 0.0
    rows["covariate.age"][:] = np.nan
    data = from_patients(study, load_plan("relapse"), rows.drop_vars("covariate.sex"), BOTH)
    assert list(data["covariate_name"]) == ["cycles_at_least_3", "thymectomy"]
    assert list(data["covariate_left_out"]) == [
        "thymoma: the same in all patients",
        "age: no patient has a value",
        "sex: the spreadsheet has no such column",
    ]


def test_a_covariate_that_nobody_knows_is_refused_before_anything_is_compiled(
    patients: tuple[Study, xr.Dataset],
) -> None:
    study, rows = patients
    with pytest.raises(InputError) as error:
        list(jobs_on_patients(study, _plan('"age", "aeg", "weight > 80"'), rows))
    assert "'aeg'" in str(error.value)
    assert "'weight > 80'" in str(error.value)
    assert "age, cycles, sex, thymectomy, thymoma" in str(error.value)


@pytest.mark.parametrize("text", ['"age >> 3"', '"3 < age"', '"age", "age"', '"age >= old"'])
def test_a_rule_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="covariate"):
        _plan(text)


def test_a_model_without_covariates_refuses_them() -> None:
    text = (ROOT / "models" / "binary.toml").read_text("utf-8")
    with pytest.raises(InputError, match="the model binary has no covariates"):
        parse_plan(text + '\n[patients]\ncovariates = ["age"]\n', "mine.toml")


def test_a_plan_makes_a_fit_without_and_with_what_it_asks_for(patients: tuple[Study, xr.Dataset]) -> None:
    jobs = list(jobs_on_patients(patients[0], load_plan("relapse"), patients[1]))
    made = [(job.family, job.evidence, job.adjusted) for job in jobs]
    assert made == [
        ("weibull", "patients", ()),
        ("piecewise_exponential", "patients", ()),
        ("weibull", "patients", ("covariates",)),
        ("weibull", "patients", BOTH),
        ("weibull", "published", ()),
    ]
    (alone,) = [job for job in jobs_on_patients(patients[0], _plan(""), patients[1]) if job.adjusted]
    assert alone.adjusted == ("frailty",)


# ------------------------------------------------------------------ closed forms


def _draws(**values: float | list[float]) -> xr.Dataset:
    return xr.Dataset(
        {
            name: (("chain", "draw", "covariate")[: 2 + isinstance(value, list)], np.array([[value]]))
            for name, value in values.items()
        }
    )


POINTS = np.array([[-0.5, 1.0], [0.5, -1.0], [0.5, 0.5]])
WEIGHTS = np.array([0.5, 0.25, 0.25])
TRUTH = _draws(
    log_hazard_ratio=-0.7,
    log_scale=6.5,
    shape=1.3,
    covariate_log_hazard_ratio=[0.8, -0.4],
    frailty_variance=0.6,
)


def test_chances_are_averages_over_the_cohort_and_over_the_frailty() -> None:
    """Each patient's chance by quadrature over a gamma of mean 1; days free of relapse by quadrature over time."""
    names = np.array(["a", "b"])
    data = Times(
        covariates=POINTS,
        covariate_points=POINTS,
        covariate_weights=WEIGHTS,
        covariate_name=names,
        covariate_label=names,
        frailty=np.ones(1),
    )
    gamma = stats.gamma(1 / 0.6, scale=0.6)

    def free(day: float, arm: int) -> float:
        hazards = np.exp(POINTS @ [0.8, -0.4] - 0.7 * (arm - 0.5)) * (day / np.exp(6.5)) ** 1.3
        return sum(
            w * integrate.quad(lambda z, h=h: np.exp(-z * h) * gamma.pdf(z), 0, np.inf)[0]
            for w, h in zip(WEIGHTS, hazards, strict=True)
        )

    found = relapse.estimands(TRUTH, data, "weibull").isel(chain=0, draw=0)
    assert float(found["event_free_difference_730"]) == pytest.approx(free(730, 1) - free(730, 0), abs=1e-7)
    nodes, node_weights = np.polynomial.legendre.leggauss(40)
    days = 1825 * (1 + nodes) / 2
    expected = sum(
        1825 / 2 * w * (free(day, 1) - free(day, 0)) for day, w in zip(days, node_weights, strict=True)
    )
    assert float(found["rmst_difference_1825"]) == pytest.approx(expected, abs=0.01)
    assert float(found["hazard_ratio_a"]) == pytest.approx(np.exp(0.8))
    assert [row.id for row in relapse.declared(data)][-3:] == [
        "hazard_ratio_a",
        "hazard_ratio_b",
        "frailty_variance",
    ]


@pytest.mark.parametrize("family", FAMILIES_OF["proportional_hazards"])
def test_each_patients_density_is_that_of_a_gamma_mixture(family: str) -> None:
    """By quadrature over the frailty: a relapse at t, none by t, and one between two visits."""
    time = np.array([[300.0, 700.0, 800.0], [1500.0, 400.0, 1.0]])
    event, present = np.array([[1, 0, 1], [0, 1, 0]]), np.array([[1, 1, 1], [1, 1, 0]])
    lower, upper = time.copy(), time.copy()
    lower[0, 2], upper[0, 2] = 500.0, 800.0
    x = np.array([[[0.5], [-0.5], [0.5]], [[-0.5], [0.5], [0.0]]])
    data = relapse.patients(time, event, present, lower, upper)
    data |= adjusted.covariate_data(x, present, ["a"], ["a"])
    names = [*load_plan("relapse").prior_set(family, BOTH)]
    model = relapse.build(data, family, {name: priors_of("relapse")[name] for name in names})
    values = {
        "log_hazard_ratio": 0.4,
        "log_scale": 6.8,
        "shape": 0.8,
        "log_step_1": 0.5,
        "log_step_2": -0.6,
        "covariate_log_hazard_ratio": np.array([0.9]),
        "frailty_variance": 1.4,
    }
    (outcome,) = model.observed_RVs
    logp = pm.compile(model.free_RVs, pm.logp(outcome, model.rvs_to_values[outcome]))
    found = logp(*(values[variable.name] for variable in model.free_RVs))

    hazard, gamma = HAZARDS[family], stats.gamma(1 / 1.4, scale=1.4)
    shape = [values[name] for name in hazard.shape]

    def cumulative(day: float, at: tuple[int, int]) -> float:
        return float(np.exp(0.4 * (at[0] - 0.5) + 0.9 * x[at][0]) * hazard.cumulative(day, 6.8, *shape))

    def mixed(of: object, power: int = 0) -> float:
        # Z = u^4: the gamma density of shape 1 / 1.4 has no bound at 0
        def part(u: float) -> float:
            z = u**4
            return float(np.exp(-z * of) * z**power * gamma.pdf(z) * 4 * u**3)  # type: ignore[operator]

        return float(integrate.quad(part, 0, 4, limit=200, epsabs=1e-12)[0])

    for at in np.ndindex(2, 3):
        h = cumulative(time[at], at)
        rate = (cumulative(time[at] + 0.01, at) - cumulative(time[at] - 0.01, at)) / 0.02
        if not present[at]:
            expected = 0.0
        elif at == (0, 2):
            expected = np.log(mixed(cumulative(500.0, at)) - mixed(cumulative(800.0, at)))
        else:
            expected = np.log(rate * mixed(h, 1)) if event[at] else np.log(mixed(h))
        assert found[at] == pytest.approx(expected, abs=2e-6)


def test_many_patients_are_averaged_over_by_groups_of_those_alike() -> None:
    rng = np.random.default_rng(3)
    x = np.stack([rng.uniform(size=(2, 900)) < 0.3, rng.normal(size=(2, 900)), rng.normal(size=(2, 900))], -1)
    data = adjusted.covariate_data(x, np.ones((2, 900)), ["a", "b", "c"], ["a", "b", "c"])
    points, weights = data["covariate_points"], data["covariate_weights"]
    assert len(points) <= adjusted.POINTS
    np.testing.assert_allclose(weights @ points, x.reshape(-1, 3).mean(axis=0), atol=1e-12)
    beta = np.array([0.7, 0.7, -0.7])
    for scale in (0.1, 0.5, 2.0):
        every = np.exp(-scale * np.exp(x.reshape(-1, 3) @ beta)).mean()
        assert float(weights @ np.exp(-scale * np.exp(points @ beta))) == pytest.approx(every, abs=4e-3)


def test_a_curve_is_the_same_day_by_day_as_all_at_once() -> None:
    names = np.array(["a", "b"])
    data = Times(covariates=POINTS, covariate_points=POINTS, covariate_weights=WEIGHTS, covariate_name=names)
    grid = np.array([1.0, 100.0, 730.0])
    found = relapse.curves(TRUTH, data, "weibull", grid)["event_free"]
    assert found.sizes["time"] == 3
    for day in grid:
        once = event_free(TRUTH, HAZARDS["weibull"], day, data)
        np.testing.assert_allclose(found.sel(time=day).transpose(*once.dims), once)
