"""Yes/no endpoints on patients: the model sees their counts, which say all that the patients' answers say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mgbayes.inference.patient_evidence import from_patients
from mgbayes.models import binary
from mgbayes.models.plan import EndpointAt, load_plan
from mgbayes.patients import read_patients
from mgbayes.study import load_study
from tests.oracles.ipd.twin import made_up_study, twin, write
from tests.oracles.outcomes.likelihood import pointwise

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
    plan = load_plan("binary").model_copy(update={"endpoints": parts, "family": "independent"})
    data = from_patients(study, plan, rows)
    evaluate = pointwise(binary.build(data, "independent", plan.prior_set("independent", binary.PRIORS)))
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
