"""How robust an answer is: other priors by the closed form of the normal case, and the words for it."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import summarize
from mgbayes.grade.robustness import Chance, Robustness, _weighted, robustness
from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Fit
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.report import robustness_words, words
from mgbayes.robustness.cell import fault
from mgbayes.robustness.reference_priors import reference_priors
from mgbayes.robustness.reweighting import log_density, smoothed
from tests.oracles.normal_priors import normal_p_benefit

Y, S = -0.7, 0.45  # log hazard ratio and its standard error
HAZARD_RATIO = Estimand("hazard_ratio", "hazard ratio of relapse", "", 1.0, "lower")


def _fit() -> Fit:
    precision = 1 + 1 / S**2  # the plan's prior is Normal(0, 1)
    draws = np.random.default_rng(5).normal(Y / S**2 / precision, 1 / sqrt(precision), (4, 5000))
    dims = ("chain", "draw")
    return Fit(
        plan=load_plan("relapse"),
        family="weibull",
        evidence="published",
        alternative=None,
        priors={"log_hazard_ratio": Prior("normal", (0.0, 1.0), "toy")},
        declared=(HAZARD_RATIO,),
        data={},
        posterior=xr.Dataset({"log_hazard_ratio": (dims, draws)}),
        contrasts=xr.Dataset({"hazard_ratio": (dims, np.exp(draws))}),
        sample_stats=xr.Dataset(),
        diagnostics=Diagnostics(1.0, 20_000, 20_000, 0, 1.0, 0.0),
        key="toy",
    )


def test_the_range_over_other_priors_is_that_of_their_exact_posteriors() -> None:
    fit = _fit()
    row = summarize(fit.contrasts["hazard_ratio"].to_numpy(), HAZARD_RATIO)
    assert row.p_benefit is not None
    found = robustness([fit], row)
    named = reference_priors(fit.priors["log_hazard_ratio"], fit.plan.sensitivity[0])
    normal = [belief for belief in named if belief.prior.call().startswith("Normal")]
    exact = [normal_p_benefit(-Y, S, -belief.mean, belief.sd) for belief in normal]
    assert len(found.chances) == len(named)
    values = [chance.value for chance in found.chances]
    # 20 000 draws, worth at least 1 000 under each: an SE of at most 0.016
    assert min(values) == pytest.approx(min(exact), abs=0.06)
    assert max(values) == pytest.approx(max(exact), abs=0.06)
    assert log(0.5) < 0  # the enthusiast's expected ratio lies on the side of benefit


def test_the_error_under_another_prior_is_that_of_repeated_draws() -> None:
    rng = np.random.default_rng(9)
    shares, errors = [], []
    for _ in range(300):
        draws = rng.normal(size=(4, 250))
        found = _weighted(draws < -0.3, np.exp(0.8 * draws))
        shares.append(found.value)
        errors.append(found.mcse)
    # The SD of 300 values is known to 4 %, twice which are allowed for, and as much for the delta method.
    assert np.mean(errors) == pytest.approx(np.std(shares), rel=0.16)


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ((0.96, 0.99), "robust: P(benefit) at least 0.95 in 2 of 2 analyses"),
        ((0.5, 0.94), "inconclusive: P(benefit) at least 0.95 in 0 of 2 analyses"),
        ((0.5, 0.96, 0.97), "depends on the analysis: P(benefit) at least 0.95 in 2 of 3 analyses"),
        (
            (0.5, 0.951, 0.97),
            "depends on the analysis: P(benefit) at least 0.95 in 1 of 3 analyses, 1 too close to call",
        ),
        ((0.5, 0.949), "inconclusive: P(benefit) at least 0.95 in 0 of 2 analyses, 1 too close to call"),
        (
            (0.949, 0.97),
            "depends on the analysis: P(benefit) at least 0.95 in 1 of 2 analyses, 1 too close to call",
        ),
        ((0.01, 0.02), "robust, worse: P(benefit) at most 0.05 in 2 of 2 analyses"),
        ((0.01, 0.5), "depends on the analysis: P(benefit) at most 0.05 in 1 of 2 analyses"),
        ((0.01, 0.99), "depends on the analysis: P(benefit) at least 0.95 in 1 of 2 analyses"),
    ],
)
def test_the_verdict_counts_who_would_conclude(chances: tuple[float, ...], said: str) -> None:
    found = Robustness(tuple(Chance(value, 0.003) for value in chances), 0.95)
    assert robustness_words.verdict(found) == said
    assert robustness_words.chance_range(found).startswith(words.percent(chances[0]))


def test_an_answer_with_an_analysis_missing_is_not_called_robust() -> None:
    found = Robustness((Chance(0.97, 0.001), Chance(0.99, 0.001)), 0.95, missing=1)
    assert (
        robustness_words.verdict(found)
        == "depends on the analysis: P(benefit) at least 0.95 in 2 of 2 analyses, 1 missing"
    )


def test_a_fit_that_failed_is_counted_as_missing() -> None:
    fit = _fit()
    failed = replace(fit, diagnostics=Diagnostics(1.5, 20, 20, 9, 1.0, 0.0))
    row = summarize(fit.contrasts["hazard_ratio"].to_numpy(), HAZARD_RATIO)
    assert robustness([fit, failed], row).missing == 1


def test_priors_that_the_draws_do_not_reach_are_not_in_the_range() -> None:
    """Draws about -3 ± 0.1: the skeptic of SD 0.205 lies 14 SDs away."""
    fit = _fit()
    draws = np.random.default_rng(6).normal(-3.0, 0.1, (4, 1000))
    far = replace(
        fit,
        posterior=xr.Dataset({"log_hazard_ratio": (("chain", "draw"), draws)}),
        contrasts=xr.Dataset({"hazard_ratio": (("chain", "draw"), np.exp(draws))}),
    )
    row = summarize(far.contrasts["hazard_ratio"].to_numpy(), HAZARD_RATIO)
    named = reference_priors(fit.priors["log_hazard_ratio"], fit.plan.sensitivity[0])
    effect = far.posterior["log_hazard_ratio"].to_numpy()
    before = log_density(fit.priors["log_hazard_ratio"], effect)
    shapes = [smoothed((log_density(one.prior, effect) - before).ravel())[1] for one in named[1:]]
    trusted = sum(k <= 0.7 for k in shapes)
    assert trusted < len(shapes)
    assert len(robustness([far], row).chances) == 1 + trusted


@pytest.mark.parametrize(("draws", "used"), [(401.0, True), (399.0, False)])
def test_a_cell_needs_a_hundred_effective_draws_of_each_of_four_chains(draws: float, used: bool) -> None:
    known = _fit().diagnostics
    for name in ("ess_bulk_min", "ess_tail_min"):
        assert (fault(replace(_fit(), diagnostics=replace(known, **{name: draws}))) == "") is used
