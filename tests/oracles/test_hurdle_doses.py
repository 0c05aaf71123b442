"""Doses with a share at zero: density, closed forms, an independent maximum-likelihood fit, and brute force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import arviz_stats as azs
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from mgbayes.errors import InputError
from mgbayes.estimands.doses import ESTIMANDS, curves, estimands, hurdle_given_baseline, pooled_baseline
from mgbayes.inference.diagnostics import Status
from mgbayes.inference.patient_evidence import families, from_patients, used
from mgbayes.inference.run import Fitter, Job, evidence_of, jobs_of, jobs_on_patients
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models import hurdle_doses, prednisone
from mgbayes.models.hurdle_density import density
from mgbayes.models.plan import NotPrinted, Sampling, load_plan
from mgbayes.models.priors import Prior
from mgbayes.patients import read_patients
from mgbayes.study import Study, load_study
from tests.oracles.dose_fits import z_scores
from tests.oracles.ipd.twin import made_up_study, twin, write

FAMILY = hurdle_doses.FAMILY
TRUTH = {
    "zero_share": np.array([[0.05, 0.3, 0.4], [0.1, 0.35, 0.6]]),
    "log_mean": np.log([[45.0, 20.0, 16.0], [35.0, 14.0, 9.0]]),
    "between": np.array([0.5, 0.6]),
    "within": np.array([0.4, 0.5]),
}
TRUTH["mean"] = (1 - TRUTH["zero_share"]) * np.exp(TRUTH["log_mean"])
FLAT = {
    "log_mean": Prior("normal", (3.0, 10.0), "flat"),
    "log_ratio": Prior("normal", (0.0, 10.0), "flat"),
    "log_ratio_sd": Prior("lognormal", (float(np.log(10)), 0.01), "nothing is pooled"),
    "zero_share": Prior("beta", (1.0, 1.0), "flat"),
    "between": Prior("lognormal", (-1.0, 2.0), "nearly flat"),
    "within": Prior("lognormal", (-1.0, 2.0), "nearly flat"),
}


def _cohort(n: tuple[int, int], seed: int) -> prednisone.Data:
    """Patients of the truth, a sixth of the later visits not made."""
    rng = np.random.default_rng(seed)
    sizes = np.array(n)
    dose = prednisone._padded_doses(hurdle_doses.patients(rng, TRUTH, sizes))
    seen = rng.uniform(size=dose.shape) < np.array([1, 5 / 6, 5 / 6])
    return {"n": sizes, "dose": dose, "seen": (seen & prednisone._places(sizes)).astype(float)}


def _draw(values: dict[str, np.ndarray]) -> xr.Dataset:
    """One draw of these values."""
    dims = hurdle_doses.PARAMETERS
    arrays = {name: (("chain", "draw", *dims[name]), value[None, None]) for name, value in values.items()}
    coords = {"arm": ["reference", "contrast"], "visit": ["baseline", "12m", "last"]}
    return xr.Dataset(arrays, coords=coords)


# ------------------------------------------------------------------ density


def test_the_density_of_a_patient_is_the_multivariate_normal_and_the_bernoulli() -> None:
    data = _cohort((40, 30), seed=1)
    names = ("zero_share", "log_mean", "between", "within")
    found = density(data["dose"], data["seen"], *(TRUTH[name] for name in names))
    for a, i in np.ndindex(found.shape):
        y, seen = data["dose"][a, i], data["seen"][a, i] == 1
        above, at_zero = seen & (y > 0), seen & (y == 0)
        share, shared, own = TRUTH["zero_share"][a], TRUTH["between"][a] ** 2, TRUTH["within"][a] ** 2
        expected = np.log(share[at_zero]).sum() + np.log1p(-share[above]).sum() - np.log(y[above]).sum()
        if above.any():
            location = TRUTH["log_mean"][a, above] - (shared + own) / 2
            covariance = shared + own * np.eye(above.sum())
            expected += stats.multivariate_normal(location, covariance).logpdf(np.log(y[above]))
        assert found[a, i] == pytest.approx(expected, abs=1e-9)
    assert (found[1, 30:] == 0).all()  # padding


# ------------------------------------------------------------------ estimands, by brute force


def test_estimands_and_curves_are_those_of_simulated_patients() -> None:
    size, baseline = 1_000_000, 38.0
    cohort = hurdle_doses.patients(np.random.default_rng(2), TRUTH, np.array([size, size]))
    one = _draw(TRUTH)
    given = hurdle_given_baseline(one, baseline).to_numpy()[0, 0]
    grid = np.array([0.0, 5.0, 20.0])
    share = curves(one, {}, FAMILY, grid)["share_at_or_below"].to_numpy()[0, 0]
    for arm, doses in enumerate(cohort):
        near = doses[np.abs(np.log(np.maximum(doses[:, 0], 1e-9) / baseline)) < 0.02]
        for found, values in ((TRUTH["mean"][arm], doses), (given[arm], near[:, 1:])):
            error = values.std(axis=0) / np.sqrt(len(values))
            # Ten scores; a window of 2 % either side moves the conditional mean by less than 1e-4 of itself.
            assert np.abs((values.mean(axis=0) - found) / error).max() < 4
        below = (doses[..., None] <= grid).mean(axis=0)
        np.testing.assert_allclose(share[arm], below, atol=4 * 0.5 / np.sqrt(size))
    # The estimands are contrasts of these.
    data = {"dose": np.full((2, 1, 3), baseline), "seen": np.ones((2, 1, 3))}
    found = estimands(one, data, FAMILY)
    assert pooled_baseline(data) == baseline
    mean = TRUTH["mean"]
    reduction = mean[:, :1] - mean[:, 1:]
    for i, visit in enumerate(("12m", "last")):
        expected = {"reduction": reduction[1, i] - reduction[0, i], "adjusted": given[1, i] - given[0, i]}
        for kind, value in expected.items():
            assert found[f"{kind}_difference_{visit}"].item() == pytest.approx(value)


def test_predicted_numbers_are_those_of_cohorts_seen_at_the_same_visits() -> None:
    data = _cohort((30, 20), seed=3)
    many = _draw(TRUTH).isel(chain=np.zeros(10, int), draw=np.zeros(2000, int))
    found = prednisone.predict(np.random.default_rng(4), many, data, FAMILY)
    seen = data["seen"].sum(axis=1)
    share, size = TRUTH["zero_share"], 20_000
    error = np.sqrt(seen * share * (1 - share) / size)
    assert np.abs((found["zeros"].mean(("chain", "draw")) - seen * share) / error).max() < 4
    error = found["printed_mean"].std(("chain", "draw")) / np.sqrt(size)
    assert np.abs((found["printed_mean"].mean(("chain", "draw")) - TRUTH["mean"]) / error).max() < 4


# ------------------------------------------------------------------ posterior


@pytest.fixture(scope="module", name="large")
def _large() -> tuple[prednisone.Data, xr.Dataset]:
    """A large cohort under flat priors."""
    data = _cohort((400, 300), seed=5)
    compiled = compile_model(prednisone.build(data, FAMILY, FLAT))
    posterior, statistics = draw(compiled, Sampling(draws=2000, seed=6, target_accept=0.9), cores=1)
    assert int(statistics["diverging"].sum()) == 0
    return data, posterior


@pytest.mark.long
def test_the_shares_at_zero_have_the_beta_posterior(large: tuple[prednisone.Data, xr.Dataset]) -> None:
    data, posterior = large
    zeros = ((data["dose"] == 0) * data["seen"]).sum(axis=1)
    above = data["seen"].sum(axis=1) - zeros
    scores = []
    for a, v in np.ndindex(zeros.shape):
        exact = stats.beta(1 + zeros[a, v], 1 + above[a, v])
        scores += z_scores(posterior["zero_share"].to_numpy()[..., a, v], exact.mean(), exact.std())
    # Twelve standard normal scores: the largest exceeds 3.5 in absolute value once in 180 seeds.
    assert np.abs(scores).max() < 3.5


@pytest.mark.long
def test_doses_above_zero_have_the_maximum_likelihood_of_a_mixed_model(
    large: tuple[prednisone.Data, xr.Dataset],
) -> None:
    """statsmodels' linear mixed model of the log doses, arm by arm: visits fixed, patients' intercepts random."""
    import statsmodels.formula.api as smf

    data, posterior = large
    location = posterior["log_mean"] - (posterior["between"] ** 2 + posterior["within"] ** 2) / 2
    for a in range(2):
        patient, visit = np.nonzero(data["seen"][a] * (data["dose"][a] > 0))
        table = pd.DataFrame(
            {"patient": patient, "visit": visit, "log_dose": np.log(data["dose"][a, patient, visit])}
        )
        model = smf.mixedlm("log_dose ~ 0 + C(visit)", table, groups="patient")
        fit = model.fit(reml=True)
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
    loaded = load_study(made_up_study(folder))
    return loaded, read_patients(write(table, folder / "patients.csv"), loaded)


def test_zeros_reach_only_the_family_that_holds_them(with_zeros: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = with_zeros
    plan = load_plan("prednisone")
    assert families(loaded, plan, rows) == (FAMILY,)
    assert [(job.family, job.evidence) for job in jobs_on_patients(loaded, plan, rows)] == [
        (FAMILY, "patients"),
        ("normal", "published"),
    ]
    with pytest.raises(NotPrinted, match="above zero"):
        from_patients(loaded, plan, rows)
    alone = plan.model_copy(update={"alternative_families": ()})
    (job, *_) = jobs_on_patients(loaded, alone, rows)
    with pytest.raises(InputError, match="hurdle_lognormal"):
        evidence_of(prednisone, job)


def test_a_visit_not_made_leaves_the_others(with_zeros: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = with_zeros
    data = from_patients(loaded, load_plan("prednisone"), rows, family=FAMILY)
    assert used(data) == 33
    assert data["seen"].sum() == 33 * 3 - 1
    given = rows["prednisone"].to_numpy() if "prednisone" in rows else None
    by_arm = [data["dose"][a][data["seen"][a] == 1] for a in (0, 1)]
    assert sum((part == 0).sum() for part in by_arm) == data["zeros"].sum() > 10
    if given is not None:
        np.testing.assert_allclose(np.sort(np.concatenate(by_arm)), np.sort(given[np.isfinite(given)]))


def test_without_zeros_every_family_takes_the_patients(tmp_path: Path) -> None:
    loaded = load_study(made_up_study(tmp_path))
    table = twin()
    table.loc[table.index[4], "prednisone_mg_12m"] = np.nan
    rows = read_patients(write(table, tmp_path / "patients.csv"), loaded)
    plan = load_plan("prednisone")
    assert families(loaded, plan, rows) == ("normal", FAMILY)
    assert used(from_patients(loaded, plan, rows, family="normal")) == 32
    assert used(from_patients(loaded, plan, rows, family=FAMILY)) == 33


def test_no_print_feeds_the_family(study: Study) -> None:
    plan = load_plan("prednisone")
    assert FAMILY not in {job.family for job in jobs_of(study, plan)}
    own = plan.with_family(FAMILY)
    with pytest.raises(InputError, match="no print has what"):
        evidence_of(prednisone, Job(study, own, FAMILY))


@pytest.mark.long
def test_a_spreadsheet_is_fitted_checked_and_left_one_out(with_zeros: tuple[Study, xr.Dataset]) -> None:
    loaded, rows = with_zeros
    job = Job(loaded, load_plan("prednisone"), FAMILY, patients=rows)
    fit: Any = Fitter(use_cache=False, cores=1).fit(job)
    assert fit.status is Status.ok
    assert fit.diagnostics.divergences == 0
    least = azs.ess(fit.contrasts)
    assert min(float(least[name]) for name in ESTIMANDS) >= 4000
    assert fit.leave_one_out.patients == 33
    at_zero = [check for check in fit.checks if check.quantity.endswith("patients at zero")]
    assert len(at_zero) == 6
    assert all(check.inside for check in at_zero)
