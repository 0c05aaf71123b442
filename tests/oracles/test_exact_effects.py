"""An unadjusted effect with its interval, exactly: all counts that give it, and the t test."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.stats.api as sms
from scipy import integrate, special, stats
from statsmodels.stats.contingency_tables import Table2x2

from mgbayes.inference.job import jobs_of
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.planning.propose import propose_plans
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics import Measure
from mgbayes.study.statistics.effect_tables import reported_as, tables_with, wald_interval
from mgbayes.study.statistics.ratios import Effect
from mgbayes.verification.intervals import effects_recomputed

STUDY = load_study(Path(__file__).parent / "studies" / "effects_only.toml")
SAMPLING = Sampling(chains=2, draws=2000, tune=500, seed=1)


def plan_of(endpoint: str, study: Study = STUDY) -> Plan:
    (plan,) = propose_plans(study, [endpoint])
    return plan


def job_of(endpoint: str, study: Study = STUDY) -> Any:
    (job, *_) = jobs_of(study, plan_of(endpoint, study))
    return job


def changed(endpoint: str, **effect: Any) -> Study:
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    (claim,) = [row for row in raw["claims"] if row["id"] == endpoint]
    claim["effects"][0] |= effect
    return Study.model_validate(raw)


@pytest.mark.parametrize(("x", "y", "m", "n"), [(3, 8, 16, 17), (5, 2, 9, 30), (1, 1, 4, 4)])
def test_limits_are_those_of_statsmodels(x: int, y: int, m: int, n: int) -> None:
    table = Table2x2([[x, m - x], [y, n - y]])
    for measure, theirs in (
        (Measure.odds_ratio, (table.oddsratio, *table.oddsratio_confint())),
        (Measure.risk_ratio, (table.riskratio, *table.riskratio_confint())),
    ):
        assert wald_interval(measure, float(x), float(y), m, n, 95.0) == pytest.approx(theirs, rel=1e-9)
    low, high = sms.confint_proportions_2indep(x, m, y, n, method="wald", compare="diff", correction=False)
    ours = wald_interval(Measure.risk_difference, float(x), float(y), m, n, 95.0)
    assert ours == pytest.approx((100 * (x / m - y / n), 100 * low, 100 * high), rel=1e-9)


@pytest.mark.parametrize("measure", [Measure.odds_ratio, Measure.risk_ratio, Measure.risk_difference])
def test_tables_are_all_those_that_are_reported_so(measure: Measure) -> None:
    """Reported with the same decimals, every table finds itself and all that are reported alike, no other."""
    blank = Effect(measure, "0.0", "0.00", "0.0")
    known = {
        pair: one
        for pair in itertools.product(range(8), range(7))
        if (one := reported_as(blank, *pair, 7, 6)) is not None
    }
    assert len(known) > 20
    for pair, one in known.items():
        found = {tuple(row) for row in tables_with(one, 7, 6).tolist()}
        assert pair in found
        alike = {other for other, text in known.items() if text == one}
        assert alike <= found
        # Others are there only where a paper that cuts digits off would report the same.
        for other in found - alike:
            ours = wald_interval(measure, *map(float, pair), 7, 6, 95.0)
            theirs = wald_interval(measure, *map(float, other), 7, 6, 95.0)
            assert np.abs(np.subtract(ours, theirs)).max() < 0.2


def _by_quadrature(job: Any, data: dict[str, Any], probability: Any) -> float:
    """P(the odds ratio is below 1) under the plan's priors, by a grid over both chances' log odds."""
    at = np.linspace(-8, 8, 401)
    level, ratio = at[:, None], at[None, :]
    weight = stats.norm(0, 1.5).pdf(level) * stats.norm(0, 1.5).pdf(ratio)
    weight = weight * probability(special.expit(level - ratio / 2), special.expit(level + ratio / 2))
    return float(weight[:, at < 0].sum() + weight[:, at == 0].sum() / 2) / float(weight.sum())


@pytest.mark.long
@pytest.mark.parametrize(
    ("endpoint", "texts", "measure", "turned"),
    [
        ("fall", ("0.26", "0.05", "1.26"), Measure.odds_ratio, False),
        ("home", ("0.60", "0.31", "1.16"), Measure.risk_ratio, True),
        ("walking", ("27.9", "-3.9", "59.8"), Measure.risk_difference, False),
    ],
)
def test_the_posterior_is_that_of_all_counts_that_are_reported_so(
    endpoint: str, texts: tuple[str, str, str], measure: Measure, turned: bool
) -> None:
    job, plan = job_of(endpoint), plan_of(endpoint)
    assert plan.family == "counts"
    data = job.data

    def probability(reference: Any, contrast: Any) -> Any:
        total = 0.0
        for x, y in itertools.product(range(17), range(18)):  # of 16 new and 17 old patients
            one, other, m, n = (y, x, 17, 16) if turned else (x, y, 16, 17)
            text = reported_as(Effect(measure, *texts), one, other, m, n)
            if text is not None and (text.estimate, text.low, text.high) == texts:
                total = total + stats.binom(16, contrast).pmf(x) * stats.binom(17, reference).pmf(y)
        return total

    expected = _by_quadrature(job, data, probability)
    drawn, _ = draw(compile_model(job.model.build(data, "counts", plan.prior_set("counts"))), SAMPLING)
    values = (drawn["log_odds_ratio"] < 0).to_numpy().astype(float)
    assert values.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 1500))
    (declared,) = job.model.declared(data)
    contrast = job.model.estimands(drawn, data, "counts")[declared.id].to_numpy()
    np.testing.assert_array_equal(contrast < declared.null, values == 1)


def test_means_have_the_likelihood_of_the_t_test_and_its_interval() -> None:
    """Under vague priors the posterior is Student's t, whose central 95 % is the reported interval."""
    job, plan = job_of("pain"), plan_of("pain")
    assert plan.family == "means"
    data, half = job.data, (0.30 + 3.10) / 2
    root = np.sqrt(1 / 17 + 1 / 16)
    variance = (half / stats.t.ppf(0.975, 31) / root) ** 2
    assert data["variance"][0] == pytest.approx(variance)
    built = job.model.build(data, "means", plan.prior_set("means"))
    for difference, sd in ((0.0, 2.0), (-2.5, 3.1)):
        expected = stats.norm(difference, sd * root).logpdf(-1.4) + stats.gamma(
            31 / 2, scale=2 * sd**2 / 31
        ).logpdf(variance)
        at = built.rvs_to_values[built["sd"]].name
        terms = built.point_logps({"difference": difference, at: np.log(sd)}, round_vals=12)
        found = terms["effect"] + terms["pooled"]
        assert found == pytest.approx(expected, rel=1e-6)  # PyMC's log gamma function has seven digits here

    # The prior of the log SD flat: integrated over it the likelihood is that of t.
    def marginal(difference: float) -> float:
        def density(log_sd: float) -> float:
            sd = np.exp(log_sd)
            return float(
                stats.norm(difference, sd * root).pdf(-1.4)
                * stats.gamma(31 / 2, scale=2 * sd**2 / 31).pdf(variance)
            )

        return integrate.quad(density, np.log(variance) / 2 - 3, np.log(variance) / 2 + 3)[0]

    t = stats.t(31, -1.4, np.sqrt(variance) * root)
    for difference in (-3.1, 0.3, 1.0):
        assert marginal(difference) / marginal(-1.4) == pytest.approx(
            t.pdf(difference) / t.pdf(-1.4), rel=1e-6
        )


def test_an_effect_of_which_nothing_is_said_is_an_approximation_and_one_of_no_counts_is_refused() -> None:
    silent = changed("fall", adjusted=None)
    assert plan_of("fall", silent).family == "approximate_ratio"
    of_none = changed("fall", odds_ratio="0.31")
    assert plan_of("fall", of_none).family == "approximate_ratio"
    (job, *_) = jobs_of(of_none, plan_of("fall"))
    with pytest.raises(NotPrinted, match="approximate_ratio"):
        job.model.from_study(of_none, plan_of("fall"))


def test_verify_names_the_counts_behind_an_effect_or_says_that_there_are_none() -> None:
    for study, ok, words in (
        (STUDY, True, "3 of 16 against 8 of 17"),
        (changed("fall", odds_ratio="0.31"), False, "no counts of 16 and 17 patients"),
    ):
        (check,) = effects_recomputed(study, study.claim("fall"))
        assert (check.holds, words in check.text) == (ok, True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("endpoint", "family"), [("fall", "counts"), ("walking", "counts"), ("pain", "means")]
)
def test_ranks_of_simulated_studies_are_uniform(endpoint: str, family: str) -> None:
    job, plan = job_of(endpoint), plan_of(endpoint)
    data, rng, ranks = job.data, np.random.default_rng(11), []
    priors = plan.prior_set(family)
    compiled = compile_model(job.model.build(data, family, priors))
    (effect,) = plan.effects(family)
    for _ in range(200):
        truth, study = job.model.simulate(rng, data, family, priors)
        posterior, _stats = draw(
            swap(compiled, study), Sampling(chains=2, draws=500, tune=500, seed=3), cores=1
        )
        ranks.append(float((posterior[effect] < truth[effect]).mean()))
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
