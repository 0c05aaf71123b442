"""What is said of how well models foresee patients: the figures of those that can be compared, and rows, no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mgbayes.inference.leave_one_out import LeaveOneOut
from mgbayes.report.foreseen import foreseen


def _fit(family: str, patients: int = 33, rows: tuple[int, ...] = (), adjusted: tuple[str, ...] = ()) -> Any:
    scored = LeaveOneOut(-150.04, 20.0, 3.0, 0.9 if rows else 0.41, rows, patients)
    return SimpleNamespace(family=family, adjusted=adjusted, estimands=("any",), leave_one_out=scored)


def test_pareto_k_is_shown_of_every_model_of_the_same_patients() -> None:
    fits = [_fit("weibull"), _fit("weibull", adjusted=("covariates",)), _fit("gamma", patients=30)]
    (said,) = foreseen(fits)
    assert said.count("Pareto k up to 0.41") == 3
    assert "Weibull distribution with covariates -150.0" in said
    assert "of 33 patients, Weibull" in said
    assert "of 30 patients, gamma" in said


def test_patients_who_sway_a_fit_go_by_their_rows() -> None:
    _, said = foreseen([_fit("weibull", rows=(7,))])
    assert "the patient in row 7 of the spreadsheet sways the fit (Pareto k up to 0.90" in said
    _, said = foreseen([_fit("weibull", rows=tuple(range(2, 40)))])
    assert "in rows 2, 3, " in said
    assert "20, 21 (and 18 more) of the spreadsheet sway the fit" in said


def test_nothing_is_said_where_patients_do_not_enter_one_by_one() -> None:
    assert not list(
        foreseen(
            [SimpleNamespace(family="hierarchical", adjusted=(), leave_one_out=None, estimands=("any",))]
        )
    )
