"""All tests on published cohorts: each row is what R prints for it, whatever the way through the code."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mgbayes.frequentist.holm import holm
from mgbayes.patient_comparison.run import run_tests
from mgbayes.patient_comparison.tested import PatientTests, Role
from mgbayes.patients.subset import Subset
from mgbayes.study import Study
from tests.oracles.frequentist.figures import bladder, data, figures
from tests.unit.patient_rows import METHODS, study_of

VETERAN = data("veteran")


def dataset(arm: np.ndarray, visits: tuple[str, ...] = (), **columns: Any) -> xr.Dataset:
    variables = {
        name.replace("__", "."): (("patient", "visit")[: np.ndim(values)], np.asarray(values, float))
        for name, values in columns.items()
    }
    coords: dict[str, Any] = {"patient": np.arange(2, len(arm) + 2), "arm": ("patient", arm)}
    return xr.Dataset(variables, coords=coords | ({"visit": list(visits)} if visits else {}))


def arms_of(column: pd.Series) -> np.ndarray:
    return np.where(column == 2, "new", "old")


def endpoint(name: str, kind: str) -> dict[str, Any]:
    return {"id": name, "label": name, "kind": kind}


def made(*endpoints: tuple[str, str]) -> Study:
    return study_of([endpoint(*one) for one in endpoints], methods=METHODS)


@pytest.fixture(scope="module")
def veteran() -> PatientTests:
    rows = dataset(
        arms_of(VETERAN["trt"]),
        death__time=VETERAN["time"],
        death__event=VETERAN["status"],
        karno=VETERAN["karno"],
        covariate__karno60=VETERAN["karno"] >= 60,
    )
    study = made(("death", "time_to_event"), ("karno", "continuous"))
    return run_tests(study, rows, (Subset.parse("fit = karno60 == 1"),))


@pytest.mark.parametrize(
    ("name", "comparison", "test", "figure"),
    [
        ("death", "new v old", "log_rank", ("survdiff", "veteran", "p")),
        ("death", "new v old in fit", "log_rank", ("survdiff", "veteran_karno60", "p")),
        ("death", "new v old", "cox", ("coxph", "veteran", "p_likelihood_ratio")),
        ("karno", "new v old", "mann_whitney", ("wilcox", "veteran_karno", "p")),
        ("karno", "new v old", "welch_t", ("t", "veteran_welch", "p")),
    ],
)
def test_two_arms(
    veteran: PatientTests, name: str, comparison: str, test: str, figure: tuple[str, str, str]
) -> None:
    table, key, what = figure
    assert veteran.row(name, comparison, test).p == pytest.approx(figures()[table][key][what], rel=1e-5)


def test_the_log_rank_test_says_the_medians_of_survfit(veteran: PatientTests) -> None:
    one, other = figures()["survfit"]["veteran"]["median"]
    note = veteran.row("death", "new v old", "log_rank").note
    assert note == f"median time: reference {one:g}, contrast {other:g}"


def test_two_visits_and_yes_no() -> None:
    kidney = data("kidney")
    wide = {name: kidney[name].to_numpy(float).reshape(-1, 2) for name in ("time", "status")}
    arm = arms_of(kidney["sex"][::2])
    rows = dataset(arm, ("baseline", "12m"), gap=wide["time"], seen=wide["status"])
    result = run_tests(made(("gap", "continuous"), ("seen", "binary")), rows)
    r = figures()
    for name, test, p in (
        ("gap", "signed_rank", r["wilcox"]["kidney_paired"]["p"]),
        ("gap", "signed_rank_exact", r["wilcox_exact"]["kidney_paired"]["p"]),
        ("gap", "paired_t", r["t"]["kidney_paired"]["p"]),
        ("seen", "mcnemar_exact", r["mcnemar"]["kidney_status"]["exact_p"]),
        ("seen", "mcnemar_mid_p", r["mcnemar"]["kidney_status"]["mid_p"]),
    ):
        assert result.row(name, "12m v baseline", test).p == pytest.approx(p, rel=1e-6)


def test_yes_no_in_two_arms_with_missing_patients() -> None:
    pbc = data("pbc")
    result = run_tests(made(("hepato", "binary")), dataset(arms_of(pbc["trt"]), hepato=pbc["hepato"]))
    r = figures()["two_by_two"]["pbc_hepato"]
    for test, key in (
        ("fisher_exact", "fisher"),
        ("pearson_chi_square", "pearson"),
        ("yates_chi_square", "yates"),
    ):
        row = result.row("hepato", "new v old", test)
        assert row.p == pytest.approx(r[key]["p"], rel=1e-6)
        assert row.named_by_paper
    assert result.row("hepato", "new v old", "boschloo").note.startswith("more than 100 patients")


def test_counts_with_follow_up() -> None:
    groups = bladder()
    arm = np.repeat(["old", "new"], groups.sizes)
    rows = dataset(arm, attacks=groups.pooled, attacks__exposure=np.concatenate(groups.exposures))
    result, r = run_tests(made(("attacks", "count")), rows), figures()
    row = result.row("attacks", "new v old", "negative_binomial")
    assert row.p == pytest.approx(r["glm_nb"]["bladder"]["p"], abs=1e-6)
    assert row.role is Role.better
    exact = result.row("attacks", "new v old", "poisson_exact")
    assert exact.p == pytest.approx(r["poisson_test"]["bladder"]["p"], rel=1e-6)


def test_each_comparison_enters_each_family_once(veteran: PatientTests) -> None:
    for role in (Role.paper, Role.better):
        family = [row for row in veteran.rows if row.role is role and row.holm_p is not None]
        assert len({(row.endpoint, row.comparison) for row in family}) == len(family)
        assert [row.holm_p for row in family] == pytest.approx(holm([row.p for row in family]))


def test_the_rows_are_json_and_count_the_families(veteran: PatientTests) -> None:
    rows = [row.to_row() for row in veteran.rows]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert veteran.families == {"paper": 3, "better": 2}
