"""Continuous outcomes of patients: sufficient statistics, closed forms, another's mixed model, and a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import arviz_stats as azs
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from mgbayes.errors import InputError
from mgbayes.inference.diagnostics import Status
from mgbayes.inference.job import Job, jobs_of, jobs_on_patients
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.inference.run import Fitter
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.arms import padded
from mgbayes.models.continuous import Data
from mgbayes.models.continuous_evidence import published
from mgbayes.models.continuous_families import FAMILIES
from mgbayes.models.evidence import PatientValues
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.visits import pairs
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.oracles.continuous_fits import PRIORS, log_density, model_of, priors_with, z_scores
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

FAMILY = "hurdle_lognormal"
TRUTH = {
    "zero_share": np.array([[0.05, 0.3, 0.4], [0.1, 0.35, 0.6]]),
    "log_mean": np.log([[45.0, 20.0, 16.0], [35.0, 14.0, 9.0]]),
    "between": np.array([0.5, 0.6]),
    "within": np.array([0.4, 0.5]),
}
FLAT = priors_with(
    log_level=(3.0, 10.0),
    log_ratio=(0.0, 10.0),
    log_ratio_sd=(float(np.log(10)), 0.01),
    between=(-1.0, 2.0),
    within=(-1.0, 2.0),
)


@pytest.mark.parametrize("family", ["normal", "normal_ratio"])
@pytest.mark.parametrize("visits", [1, 2, 3])
def test_means_sds_and_correlations_say_all_that_patients_say(family: str, visits: int) -> None:
    """The two log likelihoods differ by the same at any two sets of parameters."""
    rng, model, n = np.random.default_rng(visits), model_of(visits), np.array([9, 7])
    cohort = tuple(20 + rng.normal(size=(size, visits)) @ rng.normal(size=(visits, visits)) for size in n)
    r = [[np.corrcoef(arm.T)[i, j] for i, j in pairs(visits)] for arm in cohort]
    moments = [np.stack([summary(arm) for arm in cohort]) for summary in (_mean, _sd)]
    both = {
        "patients": PatientValues(n=n, value=padded(cohort, 1.0)),
        "print": published(
            *moments, n, sample_correlation=np.array(r).reshape(2, -1) if visits > 1 else None
        ),
    }
    points = [_point(FAMILIES[family].draw(np.random.default_rng(seed), PRIORS, visits)) for seed in (1, 2)]
    gaps = []
    for point in points:
        found = {name: log_density(model.build(data, family, PRIORS), point) for name, data in both.items()}
        gaps.append(found["patients"].sum(-1) - found["print"])
    np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-6)


def _mean(arm: np.ndarray) -> np.ndarray:
    return arm.mean(axis=0)


def _sd(arm: np.ndarray) -> np.ndarray:
    return arm.std(axis=0, ddof=1)


def _point(truth: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parameters as they are sampled: correlations of three visits as a vine on (0, 1)."""
    r = truth.pop("correlation")
    vine = r.copy()
    if vine.shape[1] == 3:
        a, b, c = r.T
        vine[:, 2] = (c - a * b) / np.sqrt((1 - a**2) * (1 - b**2))
    return truth | {"vine": (vine + 1) / 2}


# ------------------------------------------------------------------ a share at zero, posterior


def _cohort(n: tuple[int, int], seed: int) -> Data:
    """Patients of the truth, a sixth of the later visits not made."""
    rng, sizes = np.random.default_rng(seed), np.array(n)
    value = padded(FAMILIES[FAMILY].patients(rng, TRUTH, sizes), 1.0)
    made = rng.uniform(size=value.shape) < np.array([1, 5 / 6, 5 / 6])
    there = (np.arange(max(n)) < sizes[:, None])[..., None]
    return PatientValues(n=sizes, value=value, seen=(made & there).astype(float))


@pytest.fixture(scope="module", name="large")
def _large() -> tuple[Data, xr.Dataset]:
    """A large cohort under flat priors."""
    data = _cohort((400, 300), seed=5)
    compiled = compile_model(model_of().build(data, FAMILY, FLAT))
    posterior, statistics = draw(compiled, Sampling(draws=2000, seed=6, target_accept=0.9))
    assert int(statistics["diverging"].sum()) == 0
    return data, posterior


@pytest.mark.long
def test_the_shares_at_zero_have_the_beta_posterior(large: tuple[Data, xr.Dataset]) -> None:
    data, posterior = large
    zeros = ((data["value"] == 0) * data["seen"]).sum(axis=1)
    above = data["seen"].sum(axis=1) - zeros
    scores = []
    for a, v in np.ndindex(zeros.shape):
        exact = stats.beta(1 + zeros[a, v], 1 + above[a, v])
        scores += z_scores(posterior["zero_share"].to_numpy()[..., a, v], exact.mean(), exact.std())
    # Twelve standard normal scores: the largest exceeds 3.5 in absolute value once in 180 seeds.
    assert np.abs(scores).max() < 3.5


@pytest.mark.long
def test_outcomes_above_zero_have_the_estimates_of_a_mixed_model(large: tuple[Data, xr.Dataset]) -> None:
    """statsmodels' linear mixed model of the logs, arm by arm: visits fixed, patients' intercepts random."""
    import statsmodels.formula.api as smf

    data, posterior = large
    location = posterior["log_mean"] - (posterior["between"] ** 2 + posterior["within"] ** 2) / 2
    for a in range(2):
        patient, visit = np.nonzero(data["seen"][a] * (data["value"][a] > 0))
        logs = np.log(data["value"][a, patient, visit])
        table = pd.DataFrame({"patient": patient, "visit": visit, "log_value": logs})
        fit = smf.mixedlm("log_value ~ 0 + C(visit)", table, groups="patient").fit(reml=True)
        sampled = location.isel(arm=a).transpose("chain", "draw", "visit").to_numpy()
        for v in range(3):
            mine, se = sampled[..., v], float(fit.bse_fe.iloc[v])
            # Under flat priors the mean of a fixed effect is its estimate up to a tenth of its standard error, and
            # its SD wider by what is unknown of the variances: 1 / 400.
            assert abs(mine.mean() - float(fit.fe_params.iloc[v])) < 0.1 * se + 4 * float(azs.mcse(mine))
            assert mine.std() == pytest.approx(se, rel=0.05)
        variances = float(fit.cov_re.iloc[0, 0]), float(fit.scale)
        for name, variance in zip(("between", "within"), variances, strict=True):
            mine = posterior[name].isel(arm=a).to_numpy()
            # Its posterior is skew: mean and mode lie a part of an SD apart, and less the larger the cohort.
            assert abs(mine.mean() - np.sqrt(variance)) < 0.25 * mine.std()


# ------------------------------------------------------------------ from a spreadsheet


@pytest.fixture(scope="module", name="with_zeros")
def _with_zeros(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, xr.Dataset]:
    folder = tmp_path_factory.mktemp("doses")
    table = twin()
    for column, every in (("prednisone_mg_12m", 3), ("prednisone_mg_last", 2)):
        table.loc[table.index[::every], column] = 0.0
    table.loc[table.index[4], "prednisone_mg_12m"] = np.nan
    study = load_study(made_up_study(folder))
    return study, read_patients(write(table, folder / "patients.csv"), study)


def test_zeros_reach_only_the_family_that_holds_them(with_zeros: tuple[Study, xr.Dataset]) -> None:
    study, rows = with_zeros
    plan = load_plan("prednisone")
    made = [(job.family, job.evidence) for job in jobs_on_patients(study, plan, rows)]
    assert made == [(FAMILY, "patients"), (plan.family, "published")]
    alone = plan.model_copy(update={"alternative_families": ()})
    (job, *_) = jobs_on_patients(study, alone, rows)
    with pytest.raises(InputError, match=FAMILY):
        _ = job.data


def test_a_visit_not_made_leaves_the_others(with_zeros: tuple[Study, xr.Dataset]) -> None:
    study, rows = with_zeros
    data = from_patients(study, load_plan("prednisone"), rows, family=FAMILY)
    assert data.patients_used == 33
    assert data["seen"].sum() == 33 * 3 - 1
    by_arm = [data["value"][a][data["seen"][a] == 1] for a in (0, 1)]
    assert sum((part == 0).sum() for part in by_arm) == data["zeros"].sum() > 10


def test_without_zeros_every_family_takes_the_patients(tmp_path: Path) -> None:
    study = load_study(made_up_study(tmp_path))
    table = twin()
    table.loc[table.index[4], "prednisone_mg_12m"] = np.nan
    rows = read_patients(write(table, tmp_path / "patients.csv"), study)
    plan = load_plan("prednisone")
    made = {job.family for job in jobs_on_patients(study, plan, rows) if job.evidence == "patients"}
    assert made == {"normal_ratio", "normal", FAMILY}
    # A normal outcome needs all three visits of a patient.
    assert from_patients(study, plan, rows, family="normal").patients_used == 32
    assert from_patients(study, plan, rows, family=FAMILY).patients_used == 33


def test_no_print_feeds_the_family(study: Study) -> None:
    plan = load_plan("prednisone")
    assert FAMILY not in {job.family for job in jobs_of(study, plan)}
    with pytest.raises(InputError, match="no paper publishes what"):
        _ = Job(study, plan.with_family(FAMILY), FAMILY).data


@pytest.mark.long
def test_a_spreadsheet_is_fitted_checked_and_left_one_out(with_zeros: tuple[Study, xr.Dataset]) -> None:
    study, rows = with_zeros
    fit = Fitter(use_cache=False).fit(Job(study, load_plan("prednisone"), FAMILY, patients=rows))
    assert fit.status is Status.ok
    assert fit.leave_one_out is not None
    assert fit.leave_one_out.patients == 33
    at_zero = [check for check in fit.checks if check.quantity.endswith("patients at zero")]
    assert len(at_zero) == 6
    assert all(check.inside for check in at_zero)
