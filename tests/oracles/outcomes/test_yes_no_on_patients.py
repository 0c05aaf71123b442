"""Yes/no endpoints on patients: of chances, the counts that the model sees say all that single answers say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mgbayes.inference.job import Job
from mgbayes.inference.leave_one_out import leave_one_out
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.inference.run import Fitter
from mgbayes.models.binary import Binary
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import YesNo
from mgbayes.models.plan import EndpointAt
from mgbayes.models.plan_file import load_plan
from mgbayes.patients import read_patients
from mgbayes.study import load_study
from tests.oracles.outcomes.likelihood import pointwise
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

COLUMNS = {
    ("prednisone_stop", None): "prednisone_stopped",
    ("prednisone_le10", None): "prednisone_10mg_or_less",
    ("sparing", "12m"): "sparing_12m",
    ("rescue_user", "after"): "rescue_after",
}


def test_counts_have_the_likelihood_of_the_single_answers(tmp_path: Any) -> None:
    """Up to a constant: between any two chances, the same difference as patient by patient."""
    study, table = load_study(made_up_study(tmp_path)), twin()
    table.loc[3, "sparing_12m"] = ""
    rows = read_patients(write(table, tmp_path / "twin.csv"), study)
    parts = tuple(EndpointAt(endpoint=endpoint, visit=visit) for endpoint, visit in COLUMNS)
    plan = load_plan("binary").model_copy(update={"endpoints": parts, "family": "beta"})
    data = from_patients(study, plan, rows)
    evaluate = pointwise(Binary().build(data, "beta", plan.prior_set("beta")))
    one, other = np.random.default_rng(3).uniform(0.1, 0.9, (2, len(COLUMNS), 2))

    def by_patient(chance: np.ndarray) -> float:
        total = 0.0
        for k, column in enumerate(COLUMNS.values()):
            for a, arm in enumerate(("AChR+", "MuSK+")):
                answers = table.loc[(table["antibody"] == arm) & (table[column] != ""), column] == "yes"
                total += stats.bernoulli.logpmf(answers, chance[k, a]).sum()
        return total

    found = np.sum(evaluate(p=one)) - np.sum(evaluate(p=other))
    assert found == pytest.approx(by_patient(one) - by_patient(other), abs=1e-9)
    assert data["patients"].sum() == 4 * 33 - 1


def test_leave_one_out_is_the_beta_closed_form() -> None:
    """With Beta(1, 1) for each chance, given the others (y of n) a yes has the chance (1 + y) / (2 + n).

    Who lacks an answer is foreseen in the other one alone.
    """
    rng = np.random.default_rng(1)
    answer = np.where(rng.random((2, 2, 12)) < np.array([[[0.3], [0.6]], [[0.5], [0.8]]]), 1.0, 0.0)
    row = np.arange(2.0, 26.0).reshape(2, 12)
    answer[1, 0, 3] = np.nan
    answer[:, 1, 11], row[1, 11] = np.nan, 0.0  # padding
    yes, known = np.nansum(answer, axis=-1), np.isfinite(answer).sum(axis=-1)
    chance = rng.beta(1 + yes, 1 + known - yes, (4, 1000, 2, 2))
    posterior = xr.Dataset({"chance": (("chain", "draw", "endpoint", "arm"), chance)})
    name = np.array(["a", "b"])
    named = {"endpoint": name, "endpoint_label": name, "benefit": name, "sign": np.ones(2)}
    data = YesNo(**named, count=yes, patients=known, yes_or_no=answer, row=row)
    found = leave_one_out(None, posterior, data)

    exact = 0.0
    for k, a, i in np.argwhere(np.isfinite(answer)):
        others = (1 + yes[k, a] - answer[k, a, i]) / (2 + known[k, a] - 1)
        exact += np.log(others if answer[k, a, i] else 1 - others)
    assert found.patients == 23
    assert found.pareto_k_max < 0.7
    # The errors of twenty seeds had an SD of 0.046 and were at most 0.095.
    assert found.elpd == pytest.approx(exact, abs=0.2)


@pytest.mark.long
def test_every_family_of_yes_no_outcomes_has_a_leave_one_out(tmp_path: Any) -> None:
    """Of every patient with an answer, and foreseen better than by tossing a coin."""
    study = load_study(made_up_study(tmp_path))
    rows = read_patients(write(twin(), tmp_path / "twin.csv"), study)
    parts = tuple(EndpointAt(endpoint=endpoint, visit=visit) for endpoint, visit in COLUMNS)
    plan = load_plan("binary").model_copy(update={"endpoints": parts, "pool_overlapping": True})
    for family in MODELS["binary"].parameters:
        fit = Fitter(use_cache=False).fit(Job(study, plan, family, patients=rows))
        assert fit.used == 33
        assert fit.leave_one_out is not None
        assert fit.leave_one_out.patients == 33
        assert fit.leave_one_out.pareto_k_max < 0.7
        assert fit.leave_one_out.elpd > 33 * len(parts) * np.log(0.5)
