"""Named priors: their chances of the wrong sign, their ranges, and their moments by quadrature."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from mgbayes.models.plan import Sensitivity
from mgbayes.models.priors import Prior
from mgbayes.robustness.reference_priors import (
    ReferencePrior,
    heavy_tailed,
    mixture_prior,
    reference_priors,
    robust_skeptical,
)

OWN = Prior("normal", (0.1, 0.9), "the plan's own")
CHANCES = {"weak": 0.30, "moderate": 0.15, "strong": 0.05}


def _varied(**expected: float) -> Sensitivity:
    return Sensitivity(effect="effect", estimand="shown", why="a test", **expected)


def _belief(name: str, expected: float) -> ReferencePrior:
    return next(row for row in reference_priors(OWN, _varied(expected=expected)) if row.name == name)


@pytest.mark.parametrize("strength", CHANCES)
@pytest.mark.parametrize("expected", [0.6, 3.0])
def test_the_chance_of_the_wrong_sign_is_the_stated_one(strength: str, expected: float) -> None:
    hopeful, doubtful = (_belief(f"{name}, {strength}", expected) for name in ("enthusiastic", "pessimistic"))
    assert hopeful.mean == pytest.approx(log(expected))
    assert doubtful.mean == pytest.approx(-log(expected))
    side = np.sign(log(expected))
    for belief in (hopeful, doubtful):
        beyond = stats.norm.sf(abs(belief.mean) / belief.sd)
        assert beyond == pytest.approx(CHANCES[strength], abs=5e-5)
    assert side * hopeful.mean > 0 > side * doubtful.mean


@pytest.mark.parametrize(("strength", "ratio"), [("moderate", 2.0), ("strong", 1.5)])
def test_a_skeptic_holds_95_percent_of_ratios_near_one(strength: str, ratio: float) -> None:
    belief = _belief(f"skeptical, {strength}", 0.6)
    assert belief.mean == 0
    assert stats.norm.cdf(log(ratio) / belief.sd) == pytest.approx(0.975, abs=0.002)


def test_a_weak_skeptic_has_an_sd_of_5() -> None:
    assert _belief("skeptical, weak", 0.6).sd == 5.0


def test_beliefs_about_a_difference_are_those_about_log_odds_in_sds_of_a_logistic_outcome() -> None:
    """An outcome of SD π / √3 is logistic, its log odds ratio a difference: in that unit nothing differs."""
    sd = float(stats.logistic.std())
    ratio = reference_priors(OWN, _varied(expected=1.5))
    difference = reference_priors(OWN, _varied(expected_difference=log(1.5), outcome_sd=sd))
    for one, other in zip(ratio, difference, strict=True):
        assert one.name == other.name
        assert one.prior.values == pytest.approx(other.prior.values)
    doubled = reference_priors(OWN, _varied(expected_difference=2 * log(1.5), outcome_sd=2 * sd))
    named = [row.name for row in ratio if "skeptical, " in row.name or "stic, " in row.name]
    assert len(named) == 9
    for one, other in zip(ratio, doubled, strict=True):
        if one.name in named:
            assert (other.mean, other.sd) == pytest.approx((2 * one.mean, 2 * one.sd))


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({}, "either expected"),
        ({"expected": 0.5, "expected_difference": 2.0, "outcome_sd": 1.0}, "either expected"),
        ({"expected_difference": 2.0}, "stand together"),
        ({"expected": 1.0}, "no effect"),
        ({"expected_difference": 0.0, "outcome_sd": 1.0}, "no effect"),
    ],
)
def test_what_is_expected_is_one_effect(expected: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        _varied(**expected)


def test_each_belief_has_a_name_and_one_form() -> None:
    every = reference_priors(OWN, _varied(expected=0.6))
    assert len({row.name for row in every}) == len(every) == 12
    assert {row.prior.form for row in every} == {"student_t_mixture"}
    assert all(row.prior.fault() is None for row in every)
    assert every[0].prior.call() == "Normal(0.1, 0.9)"


@pytest.mark.parametrize(
    "belief",
    [
        mixture_prior("two normals", 0.3, (1.0, 0.5, inf), (-1.0, 2.0, inf), "a test"),
        mixture_prior("normal and t", 0.6, (0.5, 1.0, inf), (0.0, 0.7, 9.0), "a test"),
        heavy_tailed(OWN),
        robust_skeptical(OWN),
    ],
    ids=lambda belief: belief.name,
)
def test_moments_are_those_of_the_density(belief: ReferencePrior) -> None:
    """By scipy's distributions; the SD of a t of 3 degrees of freedom converges slowly, hence their moments."""
    rows = np.reshape(belief.prior.values, (2, 4))
    parts = [stats.t(df, c, s) if df < inf else stats.norm(c, s) for _, c, s, df in rows]
    mean = sum(row[0] * part.mean() for row, part in zip(rows, parts, strict=True))
    second = sum(row[0] * part.moment(2) for row, part in zip(rows, parts, strict=True))
    assert belief.mean == pytest.approx(mean)
    assert belief.sd == pytest.approx(np.sqrt(second - mean**2))


def test_a_t_of_2_degrees_of_freedom_has_no_sd_and_no_weight() -> None:
    from mgbayes.robustness.cell import prior_patients, prior_weight

    component = (0.0, 1.0, 2.0)
    belief = mixture_prior("t", 1.0, component, component, "a test")
    assert belief.sd == inf
    assert prior_weight(belief.sd, 0.5) == 0
    assert prior_patients(0.0, 33) == 0
    assert prior_patients(1.0, 33) is None
    assert prior_weight(0.1, 0.2) == 1
