"""The models on patients: what they take from a spreadsheet, closed forms, and the main job on a made-up cohort."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import arviz_stats as azs
import numpy as np
import pytest
import xarray as xr
from scipy import special

from mgbayes.errors import InputError
from mgbayes.inference.job import Job
from mgbayes.inference.leave_one_out import leave_one_out
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.inference.run import Fitter
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.catalogue import MODELS
from mgbayes.models.model import Model
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.models.plan_file import load_plan, shipped_plans
from mgbayes.models.priors import Prior
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.conftest import run_cli
from tests.known_models import FAMILIES_OF, relapse
from tests.oracles.patient_comparison.twin import DOSES, made_up_study, twin, write

DAY = np.array([[120.0, 400.0, 900.0, 1500.0, 2100.0], [250.0, 800.0, 1900.0, 2500.0, 1.0]])
EVENT = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 1, 0]])
PRESENT = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
SEEN = (DAY * PRESENT).sum(axis=1)
COUNT = EVENT.sum(axis=1)
ROW = np.array([[2, 3, 4, 5, 6], [7, 8, 9, 10, 0]], float)
CONSTANT_HAZARD = {
    "log_hazard_ratio": Prior("normal", (0.0, 30.0), "flat"),
    "log_scale": Prior("normal", (7.0, 30.0), "flat"),
    "shape": Prior("lognormal", (0.0, 1e-4), "a constant hazard"),
}

ON_PATIENTS = [
    plan for plan in shipped_plans() if MODELS[plan.model].load().from_patients is not Model.from_patients
]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return made_up_study(folder), write(twin(), folder / "Jane Doe.csv")


@pytest.fixture(scope="module")
def patients(made_up: tuple[Path, Path]) -> tuple[Study, xr.Dataset]:
    loaded = load_study(made_up[0])
    return loaded, read_patients(made_up[1], loaded)


# ------------------------------------------------------------------ what is taken from a spreadsheet


def test_the_print_comes_back_from_a_cohort_that_has_it(patients: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = patients
    doses = from_patients(loaded, load_plan("prednisone"), rows)
    moments = np.array([list(arms) for arms in DOSES.values()])  # visit, arm, mean and SD
    np.testing.assert_allclose(doses["printed_mean"], moments[..., 0].T, atol=1e-9)
    np.testing.assert_allclose(doses["printed_sd"], moments[..., 1].T, atol=1e-9)
    for plan in ("remission", "relapse", "binary"):
        printed = Job(loaded, load_plan(plan), "", ()).data
        given = from_patients(loaded, load_plan(plan), rows)
        for name in ("n", "events", "count", "patients"):
            if name in printed:
                np.testing.assert_array_equal(given[name], printed[name], err_msg=f"{plan} {name}")


def test_every_patient_is_taken_once_and_in_the_arm(patients: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = patients
    for plan in ("remission", "relapse", "prednisone"):
        data = from_patients(loaded, load_plan(plan), rows)
        by_arm = [set(row[row > 0].astype(int)) for row in data["row"]]
        assert [len(part) for part in by_arm] == [17, 16]
        for part, arm in zip(by_arm, ("achr", "musk"), strict=True):
            assert part == set(rows["patient"].to_numpy()[rows["arm"].to_numpy() == arm])


def test_bounds_days_of_treatment_and_missing_values_are_taken_as_said(
    patients: tuple[Study, xr.Dataset],
) -> None:
    loaded, rows = patients
    name = "time_to_remission"
    changed = rows.copy(deep=True)
    first = int(np.flatnonzero(changed[f"{name}.event"].to_numpy() == 1)[0])
    second, third = np.flatnonzero(changed[f"{name}.event"].to_numpy() == 1)[1:3]
    for part, value in (("lower", 100.0), ("upper", 200.0), ("time", 200.0)):
        changed[f"{name}.{part}"][first] = value
    for part in ("lower", "upper", "time"):
        changed[f"{name}.{part}"][second] = 0.0
    changed[f"{name}.event"][third] = np.nan
    data = from_patients(loaded, load_plan("remission"), changed)
    row = changed["patient"].to_numpy()
    at, same_day = data["row"] == row[first], data["row"] == row[second]
    assert data["between"].sum() == 1
    assert [data[part][at].item() for part in ("lower", "upper", "between")] == [100.0, 200.0, 1.0]
    assert data["time"][same_day].item() == 0.5
    assert not (data["row"] == row[third]).any()
    assert data.patients_used == 32


def test_a_plan_for_what_the_spreadsheet_lacks_is_refused(patients: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = patients
    without = rows.drop_vars("time_to_relapse.time")
    with pytest.raises(NotPrinted, match="times and events of patients"):
        from_patients(loaded, load_plan("relapse"), without)
    job = Job(loaded, load_plan("relapse"), "weibull", patients=without)
    with pytest.raises(InputError, match="not in the spreadsheet"):
        _ = job.data


@pytest.mark.long
@pytest.mark.parametrize("plan", ON_PATIENTS, ids=[plan.id for plan in ON_PATIENTS])
def test_every_model_leaves_each_patient_out(patients: tuple[Study, xr.Dataset], plan: Plan) -> None:
    """Through the fitter, as the main job does it; a short run has the same parts as a long one."""
    loaded, rows = patients
    few = {"draws": 100, "tune": 100, "max_depth": 5}
    short = plan.model_copy(update={"sampling": plan.sampling.model_copy(update=few)})
    fit = Fitter(use_cache=False).attempt(Job(loaded, short, plan.family, patients=rows))
    assert fit.leave_one_out is not None
    assert fit.leave_one_out.patients == fit.used
    assert math.isfinite(fit.leave_one_out.elpd)
    assert math.isfinite(fit.leave_one_out.pareto_k_max)


# ------------------------------------------------------------------ closed forms: a constant hazard


def test_leave_one_out_is_the_closed_form() -> None:
    """With a flat prior on the log hazard of an arm its posterior is Gamma(events, days).

    Given the others (d events in T days) an event at t has density d T^d / (T + t)^(d + 1), and none by t the chance
    (T / (T + t))^d.
    """
    rng = np.random.default_rng(1)
    rate = rng.gamma(COUNT, 1 / SEEN, (4, 1000, 2))
    draws = {
        "log_scale": -np.log(rate).mean(axis=-1),
        "log_hazard_ratio": np.log(rate[..., 1] / rate[..., 0]),
        "shape": np.ones((4, 1000)),
    }
    posterior = xr.Dataset({name: (("chain", "draw"), values) for name, values in draws.items()})
    data = relapse.patients(DAY, EVENT, PRESENT)
    model = relapse.build(data, "weibull", CONSTANT_HAZARD)
    found = leave_one_out(model, posterior, data | {"row": ROW})

    exact = 0.0
    for a, i in np.argwhere(PRESENT):
        d, days, t = COUNT[a] - EVENT[a, i], SEEN[a] - DAY[a, i], DAY[a, i]
        exact -= d * math.log1p(t / days)
        exact += math.log(d / (days + t)) if EVENT[a, i] else 0.0
    assert found.patients == 9
    # Importance weights of so few patients are heavy (Pareto k up to 0.69 in ten seeds); the errors of these ten had
    # an SD of 0.08 and were at most 0.15.
    assert found.elpd == pytest.approx(exact, abs=0.25)
    assert set(found.influential) <= set(ROW[PRESENT == 1].astype(int))


@pytest.mark.long
def test_a_constant_hazard_has_the_gamma_posterior() -> None:
    data = relapse.patients(DAY, EVENT, PRESENT)
    compiled = compile_model(relapse.build(data, "weibull", CONSTANT_HAZARD))
    posterior, stats = draw(compiled, Sampling(draws=4000, seed=5))
    assert int(stats["diverging"].sum()) == 0
    log_ratio = posterior["log_hazard_ratio"].to_numpy()
    log_rate = -posterior["log_scale"].to_numpy() - log_ratio / 2
    expected = special.digamma(COUNT) - np.log(SEEN)
    variance = special.polygamma(1, COUNT)
    for values, mean, sd in (
        (log_rate, expected[0], math.sqrt(variance[0])),
        (log_ratio, expected[1] - expected[0], math.sqrt(variance.sum())),
    ):
        # Four scores of standard normals: one beyond 4 comes once in 4000 seeds.
        assert abs(values.mean() - mean) < 4 * float(azs.mcse(values, method="mean"))
        assert abs(values.std() - sd) < 4 * float(azs.mcse(values, method="sd"))


# ------------------------------------------------------------------ the main job


@pytest.fixture(scope="module")
def job(made_up: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    out = tmp_path_factory.mktemp("job") / "out"
    options = ("--plan", "relapse", "--plan", "binary", "--no-search", "--json", "--out", out)
    run = run_cli("reanalyze", made_up[0], "--ipd", made_up[1], *options)
    assert run.code == 0, run.err
    return json.loads(run.out), out


def _fits(result: dict[str, Any], plan: str, evidence: str) -> list[dict[str, Any]]:
    return [fit for fit in result["fits"] if (fit["plan"], fit["evidence"]) == (plan, evidence)]


@pytest.mark.long
def test_each_plan_is_fitted_to_patients_and_to_the_print(job: tuple[Any, Path]) -> None:
    result, _ = job
    assert result["evidence"] == "patients"
    assert result["patients"]["by_arm"] == {"achr": 17, "musk": 16}
    assert result["patients"]["synthetic"] is True
    on_patients = _fits(result, "relapse", "patients")
    assert [fit["family"] for fit in on_patients if not fit["adjusted"]] == list(
        FAMILIES_OF["proportional_hazards"]
    )
    assert [fit["adjusted"] for fit in on_patients[2:]] == [["covariates"], ["covariates", "frailty"]]
    assert [len(fit["covariates"]) for fit in on_patients] == [0, 0, 5, 5]
    assert len(_fits(result, "relapse", "published")) == 1
    for fit in result["fits"]:
        assert fit["status"] == "ok", fit["plan"]
        assert fit["diagnostics"]["divergences"] == 0
        if fit["evidence"] == "patients":
            assert fit["patients_used"] == 33
    for fit in _fits(result, "relapse", "patients"):
        assert fit["leave_one_out"]["patients"] == 33


@pytest.mark.long
def test_counts_say_the_same_from_patients_as_from_the_print(job: tuple[Any, Path]) -> None:
    result, _ = job
    (patients,) = [f for f in _fits(result, "binary", "patients") if f["family"] == "independent"]
    (printed,) = [f for f in _fits(result, "binary", "published") if f["family"] == "independent"]
    assert patients["estimands"] == printed["estimands"]


@pytest.mark.long
def test_the_report_says_what_it_stands_on(job: tuple[Any, Path]) -> None:
    page = (job[1] / "report.html").read_text("utf-8")
    assert "Synthetic patients." in page
    assert "No patient data were available" not in page
    assert "33 of 33 patients" in page
    assert "thymectomy, yes against no" in page
    assert "Pareto k up to" in page


@pytest.mark.long
def test_no_file_of_the_report_holds_an_identifier_or_the_name_of_the_file(job: tuple[Any, Path]) -> None:
    files = [path for path in job[1].rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        assert b"Jane Doe" not in content, path
        for name in twin()["patient"]:
            assert name.encode() not in content, path


@pytest.mark.long
def test_no_draw_and_no_number_of_the_report_is_a_value_of_a_patient(job: tuple[Any, Path]) -> None:
    """The netCDF files by their variables, the texts by their numbers: days of follow-up are all apart."""
    table = twin()
    days = table["followup_days"].to_numpy(dtype=float)
    for path in (job[1] / "posterior").glob("*.nc"):
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            for group in tree.subtree:
                for name, values in group.to_dataset().variables.items():
                    assert values.dtype.kind in "biufSUO", (path, name)
                    if values.dtype.kind in "iuf":
                        assert not np.isin(np.round(values.to_numpy(), 9), days).any(), (path, name)
                    elif values.dtype.kind in "SUO":
                        told = " ".join(map(str, values.to_numpy().ravel()))
                        assert not any(patient in told for patient in table["patient"])
    for path in [*job[1].rglob("*.json"), *job[1].rglob("*.csv")]:
        numbers = set(re.findall(r"(?<![\w.])\d+(?:\.0)?(?![\w.])", path.read_text("utf-8")))
        assert not numbers & {str(int(day)) for day in days}, path


@pytest.mark.parametrize(
    ("cell", "told"),
    [("yes", "row 2"), ("-3", "row 2")],
)
def test_a_faulty_spreadsheet_stops_the_main_job_before_anything_is_written(
    made_up: tuple[Path, Path], tmp_path: Path, cell: str, told: str
) -> None:
    table = twin().astype(object)
    table.loc[0, "followup_days"] = cell
    file = write(table, tmp_path / "faulty.csv")
    run = run_cli("reanalyze", made_up[0], "--ipd", file, "--out", tmp_path / "out")
    assert run.code == 2
    assert told in run.err
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()
