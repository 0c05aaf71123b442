"""Which fits the overall benefit is made of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mgbayes.sensitivity import main_outcomes as module
from mgbayes.sensitivity.main_outcomes import first_fits, main_outcomes


def fit(model: str, evidence: str, family: str = "normal", **other: Any) -> Any:
    """What the choice looks at."""
    plain = {"agreement": None, "alternative": None, "adjusted": (), "estimands": ("one",)}
    named = {"plan": SimpleNamespace(model=model, family="normal"), "evidence": evidence, "family": family}
    return SimpleNamespace(**(plain | named | other))


def test_patients_at_a_dose_of_zero_are_not_replaced_by_the_print() -> None:
    hurdle = fit("prednisone", "patients", "hurdle_lognormal")
    print_alone = fit("prednisone", "published")
    assert first_fits([hurdle, print_alone])["prednisone"] is hurdle


def test_a_fit_given_a_printed_p_read_otherwise_or_adjusted_is_not_the_first() -> None:
    plain = fit("relapse", "published")
    others = [
        fit("relapse", "published+p", agreement=object()),
        fit("relapse", "published", alternative="slip"),
        fit("relapse", "patients", adjusted=("covariates",)),
    ]
    assert first_fits([*others, plain])["relapse"] is plain


def test_where_the_first_fit_failed_no_other_takes_its_place() -> None:
    failed = fit("relapse", "patients", estimands=())
    assert first_fits([failed, fit("relapse", "published")]) == {}


def test_patients_and_print_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_contrasts", lambda readings, fits: iter(readings))
    monkeypatch.setattr(module, "overall_benefit", lambda contrasts, alternatives: "made")
    print_alone = [fit(model, "published") for model in ("remission", "relapse", "prednisone")]
    made: Any = "made"
    assert main_outcomes(print_alone) == made
    assert main_outcomes([fit("relapse", "km"), *print_alone]) == made
    assert main_outcomes([fit("relapse", "patients"), *print_alone]) is None
