"""Rules on every table of two arms, against sizes that others enumerated, other implementations and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.stats.contingency import odds_ratio
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

import mgbayes as mb
from mgbayes.comparison.exact import intervals, p_values
from mgbayes.comparison.operating import RISKS, calibration, weighted_median
from mgbayes.comparison.posterior import Likelihood, beta
from mgbayes.comparison.rules import Rule, density
from mgbayes.comparison.run import Comparison, compare
from mgbayes.comparison.scenarios import Scenario
from mgbayes.comparison.tables import Tables
from mgbayes.errors import InputError
from mgbayes.frequentist import two_by_two
from mgbayes.models.priors import Prior
from tests.oracles.frequentist.firth_regression import firth_logistic, profile_interval

SMALL = Tables(7, 6)
PUBLISHED_SIZES = {
    "fisher": 0.0352,
    "mid_p": 0.0462,
    "pearson": 0.0571,
    "n_minus_1": 0.0507,
    "boschloo": 0.0403,
    "boschloo_central": 0.0444,
    "barnard": 0.0448,
    "jeffreys_0.975": 0.0594,
    "uniform_0.975": 0.0487,
}
"""Largest sizes of 17 and 16 patients, to four digits, from an enumeration that others made."""


@pytest.fixture(scope="module", name="found")
def _found() -> Comparison:
    return compare(arms=(17, 16))


def _rule(comparison: Comparison, name: str) -> Rule:
    return next(rule for rule in comparison.rules if rule.id == name)


def test_largest_sizes_are_those_that_others_enumerated(found: Comparison) -> None:
    sizes = found.dataset["largest_size"]
    assert {name: round(float(sizes.sel(rule=name)), 4) for name in PUBLISHED_SIZES} == PUBLISHED_SIZES


@pytest.mark.parametrize("risk", [0.2, 0.68])
def test_size_and_power_are_sums_of_the_binomial_laws(found: Comparison, risk: float) -> None:
    rule = _rule(found, "pearson")
    at = int(np.flatnonzero(np.isclose(RISKS, risk))[0])
    total = 0.0
    for x in range(18):
        for y in range(17):
            _, p, _, _ = (
                stats.chi2_contingency([[x, 17 - x], [y, 16 - y]], False) if 0 < x + y < 33 else (0, 1, 0, 0)
            )
            total += (p <= 0.05) * stats.binom.pmf(x, 17, risk) * stats.binom.pmf(y, 16, risk)
    assert found.size[found.rules.index(rule)][at] == pytest.approx(total, abs=1e-12)


def _tables() -> list[tuple[int, Any]]:
    """Tables of the small design, with a number of events in the margin."""
    rows = zip(SMALL.x, SMALL.y, strict=True)
    return [(i, (int(x), int(y))) for i, (x, y) in enumerate(rows) if 0 < x + y < 13]


def test_tests_are_those_of_other_implementations() -> None:
    p = p_values(SMALL)
    for i, (x, y) in _tables():
        table = two_by_two.Table(y, 6, x, 7)
        cells = [[x, 7 - x], [y, 6 - y]]
        ratio = stats.chi2_contingency(cells, correction=False, lambda_="log-likelihood")
        assert p["likelihood_ratio"][i] == pytest.approx(ratio.pvalue, abs=1e-12)
        assert p["barnard"][i] == pytest.approx(two_by_two.barnard(table), abs=1e-9)
        # SciPy looks for the largest chance at fewer values of the shared risk.
        central = 2 * min(
            stats.boschloo_exact([[y, x], [6 - y, 7 - x]], alternative=side, n=256).pvalue
            for side in ("less", "greater")
        )
        assert p["boschloo_central"][i] == pytest.approx(min(1.0, central), abs=2e-4)
        assert p["fisher"][i] == pytest.approx(stats.fisher_exact(cells).pvalue, abs=1e-12)
        if 0 in np.ravel(cells):
            assert np.isnan(p["wald"][i])
        else:
            assert p["wald"][i] == pytest.approx(Table2x2(cells).oddsratio_pvalue(), abs=1e-10)


IN_R: dict[tuple[int, int, int, int], dict[str, float]] = {
    (3, 4, 1, 4): {
        "pearson": 0.15730,
        "yates": 0.47950,
        "likelihood_ratio": 0.14798,
        "barnard": 0.28916 - 1e-4,
    },
    (9, 13, 4, 14): {"mid_p": 0.03914},
}
"""Events and patients of two arms, and p as R's contingencytables gives it: its tests 4 and 51, of the examples of
Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, ch. 4. Its unconditional p includes
the 0.0001 by which Berger and Boos confine the shared risk."""
IN_R_INTERVALS: dict[tuple[int, int, int, int], dict[str, tuple[float, float]]] = {
    (3, 4, 1, 4): {"mid_p_central": (0.3101, 308.5568)},
    (9, 13, 4, 14): {"n_minus_1": (1.0934, 28.9419)},
}
"""95 % limits of the odds ratio: Cornfield's mid-p, and Miettinen and Nurminen's score interval."""


@pytest.mark.parametrize("counts", IN_R)
def test_other_designs_have_the_p_values_and_intervals_of_r(counts: tuple[int, int, int, int]) -> None:
    y, n, x, m = counts
    tables, at = Tables(m, n), x * (n + 1) + y
    p, limits = p_values(tables), intervals(tables)
    for name, expected in IN_R[counts].items():
        assert p[name][at] == pytest.approx(expected, abs=6e-6), name
    for name, ends in IN_R_INTERVALS[counts].items():
        ours = np.exp([limits[name].low[at], limits[name].high[at]])
        np.testing.assert_allclose(ours, ends, rtol=1e-5, atol=6e-5)


def test_largest_sizes_of_another_design_are_those_of_scipys_tests() -> None:
    tables = Tables(9, 7)
    cells = [[[x, 9 - x], [y, 7 - y]] for x, y in zip(tables.x, tables.y, strict=True)]
    concludes = np.array([stats.fisher_exact(cell).pvalue <= 0.05 for cell in cells])
    x, y = tables.x, tables.y
    chance = stats.binom.pmf(x, 9, RISKS[:, None]) * stats.binom.pmf(y, 7, RISKS[:, None])
    found = compare(arms=(9, 7)).dataset["largest_size"]
    assert float(found.sel(rule="fisher")) == pytest.approx(float((chance @ concludes).max()), abs=1e-12)


def test_barnard_is_that_of_the_vaccine_trial() -> None:
    """7 and 12 of 15: one-sided p 0.0341, twice that with arms alike (Chan 1998; Mehta and Senchaudhuri 2003)."""
    tables = Tables(15, 15)
    assert p_values(tables)["barnard"][7 * 16 + 12] == pytest.approx(2 * 0.0341, abs=1e-4)


def test_boschloo_by_the_two_sided_p_ranks_every_table() -> None:
    p = p_values(SMALL)
    fisher = p["fisher"]
    risks = np.linspace(0, 1, 401)
    for i in range(0, len(fisher), 5):
        extreme = fisher <= fisher[i] * (1 + 1e-9)
        worst = max(float(SMALL.chance(risk, risk)[extreme].sum()) for risk in risks)
        assert p["boschloo"][i] == pytest.approx(worst, abs=1e-4)


@pytest.mark.parametrize(("x", "y"), [(3, 5), (0, 4), (6, 1)])
def test_firth_is_that_of_the_regression(x: int, y: int) -> None:
    at = x * 7 + y
    design = np.column_stack([np.ones(13), np.repeat([0.0, 1.0], [7, 6])])
    events = np.concatenate([np.repeat([1.0, 0.0], [x, 7 - x]), np.repeat([1.0, 0.0], [y, 6 - y])])
    fit = firth_logistic(design, events)
    gain = 2 * (fit.top - firth_logistic(design, events, {1: 0.0}).top)
    assert p_values(SMALL)["firth"][at] == pytest.approx(stats.chi2.sf(gain, 1), abs=1e-6)
    it = intervals(SMALL)["firth"]
    theirs = [fit.coefficients[1], *profile_interval(fit, design, events, 1)]
    np.testing.assert_allclose([it.estimate[at], it.low[at], it.high[at]], theirs, rtol=1e-4)


def test_intervals_are_those_of_other_implementations() -> None:
    known = intervals(SMALL)
    for i, (x, y) in _tables():
        exact = odds_ratio([[y, 6 - y], [x, 7 - x]])
        limits = exact.confidence_interval(0.95)
        ours = np.exp([known["fisher_central"].low[i], known["fisher_central"].high[i]])
        np.testing.assert_allclose(ours, [limits.low, limits.high], rtol=1e-5, atol=1e-12)
        assert np.exp(known["fisher_central"].estimate[i]) == pytest.approx(exact.statistic, rel=1e-5)
        if 0 < x < 7 and 0 < y < 6:
            wald = Table2x2([[y, 6 - y], [x, 7 - x]]).log_oddsratio_confint()
            np.testing.assert_allclose([known["wald"].low[i], known["wald"].high[i]], wald, rtol=1e-10)
            score = confint_proportions_2indep(
                y, 6, x, 7, method="score", compare="odds-ratio", correction=False
            )
            ours = np.exp([known["pearson"].low[i], known["pearson"].high[i]])
            np.testing.assert_allclose(ours, score, rtol=1e-4)


@pytest.mark.parametrize(
    "name", ["likelihood_ratio", "pearson", "n_minus_1", "firth", "fisher_central", "wald"]
)
def test_an_interval_leaves_out_no_effect_where_its_test_concludes(name: str) -> None:
    tables = Tables(17, 16)
    p, it = p_values(tables)[name], intervals(tables)[name]
    known = np.isfinite(p) & (np.abs(p - 0.05) > 1e-6)
    left_out = (it.low > 0) | (it.high < 0)
    assert (left_out == (p < 0.05))[known].all()


def test_beta_posteriors_are_the_integral_over_both_risks() -> None:
    for shape in (0.5, 1.0):
        found = beta(SMALL, shape)
        for x, y in ((0, 3), (4, 4), (7, 1)):
            one, other = stats.beta(x + shape, 7 - x + shape), stats.beta(y + shape, 6 - y + shape)
            exact, _ = integrate.quad(lambda p: one.cdf(p) * other.pdf(p), 0, 1, limit=200)  # noqa: B023
            at = x * 7 + y
            assert found.chance[at] == pytest.approx(exact, abs=1e-4)
            draws = [law.rvs(400_000, random_state=seed) for seed, law in enumerate((one, other))]
            psi = np.log(draws[1] / (1 - draws[1])) - np.log(draws[0] / (1 - draws[0]))
            # The share of draws below a quantile has a standard error of 0.0008 at most.
            for q, limit in zip((0.5, 0.025, 0.975), vars(found.interval).values(), strict=True):
                assert (psi < limit[at]).mean() == pytest.approx(q, abs=0.004)


def test_skeptics_see_what_a_grid_of_both_risks_shows() -> None:
    """14/20 v 2/16 under three skeptical priors of the log odds ratio: 0.69, 0.84, 0.946."""
    tables = Tables(16, 20)
    likelihood, at = Likelihood.of(tables), 2 * 21 + 14
    for sd, expected in ((0.1, 0.69), (0.205, 0.84), (0.355, 0.946)):
        found = likelihood.under(density(Prior("normal", (0.0, sd), "skeptical")))
        assert found.chance[at] == pytest.approx(expected, abs=0.01)


def test_the_likelihood_is_that_of_every_table() -> None:
    values = Likelihood.of(SMALL).values
    np.testing.assert_allclose(values.sum(axis=0), 1.0, rtol=1e-10)


def test_a_rule_whose_prior_is_the_truth_states_true_probabilities(found: Comparison) -> None:
    likelihood, prior = Likelihood.of(found.tables), density(Prior("normal", (0.0, 1.5), "usual"))
    usual = _rule(found, "usual_0.975")
    own = calibration(usual, likelihood, prior, likelihood.under(prior).chance)
    assert own.weight.sum() == pytest.approx(1)
    assert own.error == pytest.approx(0, abs=1e-12)
    skeptical = _rule(found, "skeptical_moderate_0.975")
    assert calibration(skeptical, likelihood, prior, likelihood.under(prior).chance).error > 0.1


def test_behaviour_is_that_of_simulated_studies(found: Comparison) -> None:
    """200 000 studies of odds ratio 3: shares have a standard error of 0.0011 at most."""
    scenario = next(
        j for j, row in enumerate(found.scenarios) if (row.odds_ratio, row.reference) == (3.0, 0.25)
    )
    truth = found.scenarios[scenario]
    rng = np.random.default_rng(5)
    x, y = rng.binomial(17, truth.reference, 200_000), rng.binomial(16, truth.contrast, 200_000)
    at, psi = x * 17 + y, np.log(3.0)
    for name in ("fisher_central", "firth", "uniform_0.975", "wald"):
        rule = _rule(found, name)
        it = found.behaviours[found.rules.index(rule)]
        interval = rule.interval
        assert interval is not None
        decided = rule.decides[at]
        known = ~np.isnan(interval.low[at])
        covered = (interval.low[at] <= psi) & (psi <= interval.high[at])
        assert it.power[scenario] == pytest.approx((decided > 0).mean(), abs=0.005)
        assert it.wrong_side[scenario] == pytest.approx((decided < 0).mean(), abs=0.005)
        assert it.coverage[scenario] == pytest.approx(covered[known].mean(), abs=0.005)
        assert it.no_answer[scenario] == pytest.approx(1 - rule.answers[at].mean(), abs=0.005)
        estimates = interval.estimate[at]
        assert it.bias[scenario] == pytest.approx(np.median(estimates[~np.isnan(estimates)]) - psi, abs=0.05)


def test_a_weighted_median_is_that_of_so_many_copies() -> None:
    values, weights = np.array([3.0, np.nan, 1.0, 2.0, np.inf]), np.array([[3, 9, 2, 2, 4], [0, 5, 0, 0, 0]])
    found = weighted_median(values, weights.astype(float))
    assert found[0] == np.median(np.repeat(values[[2, 3, 0, 4]], [2, 2, 3, 4]))
    assert np.isnan(found[1])


def test_with_the_arms_exchanged_every_rule_that_favours_neither_is_the_same() -> None:
    one, other = compare(arms=(9, 7)), compare(arms=(7, 9))
    for rule, turned in zip(one.rules, other.rules, strict=True):
        if rule.symmetric:
            exchanged = -turned.decides.reshape(8, 10).T.ravel()
            assert (rule.decides == exchanged).all(), rule.id
        else:
            assert rule.chance[0] != pytest.approx(0.5, abs=1e-3)


def test_a_study_brings_its_arms_and_the_counts_that_it_prints() -> None:
    found = mb.compare("litchman2020")
    assert (found.tables.m, found.tables.n) == (17, 16)
    (seen,) = [row for row in found.seen if row.endpoint == "relapse"]
    at = found.place(seen)
    assert (found.tables.x[at], found.tables.y[at]) == (10, 6)
    assert _rule(found, "fisher").chance[at] == pytest.approx(0.303 / 2, abs=5e-4)
    assert repr(found) == "Comparison(43 rules, 306 tables of 17 and 16 patients, 22 scenarios)"


def test_other_cohorts_are_a_robust_prior_of_the_study_that_they_belong_to() -> None:
    labels = {rule.label for rule in mb.compare("litchman2020").rules if rule.id.startswith("other_cohorts")}
    (label,) = labels
    assert label.startswith("Other cohorts, robust: log odds ratio 0.8 Normal(")
    assert label.endswith("+ 0.2 Normal(0, 2)")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "a study, or the numbers of patients of both arms"),
    "no patient": ({"arms": (0, 16)}, "patients of the reference arm: given 0; accepted: 1 to 60"),
    "too many": ({"arms": (17, 61)}, "patients of the contrast arm: given 61"),
    "expected": ({"arms": (9, 9), "expected": 0.5}, "expected: given 0.5"),
    "risk": ({"arms": (9, 9), "scenarios": (Scenario(1.0, 2.0),)}, "scenarios[1] → reference: given 1"),
    "no effect": ({"arms": (9, 9), "scenarios": (Scenario(0.5, 1.0),)}, "scenarios: given no effect in any"),
    "ratio": ({"arms": (9, 9), "scenarios": (Scenario(0.5, -2.0),)}, "scenarios[1] → odds_ratio: given -2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_compared_is_refused(name: str) -> None:
    asked, said = WRONG[name]
    with pytest.raises(InputError) as error:
        compare(**asked)
    assert said in str(error.value)
    assert error.value.exit_code == 2
