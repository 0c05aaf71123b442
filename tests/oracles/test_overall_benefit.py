"""Overall benefit against closed forms, simulation and the multivariate normal distribution."""

from __future__ import annotations

from dataclasses import replace
from math import asin, pi, sqrt

import numpy as np
import pytest
from scipy import stats

from mgbayes.overall.benefit import overall_benefit
from mgbayes.overall.contrasts import Contrast, contrast_of
from mgbayes.overall.posterior import OverallPrior, combine
from mgbayes.overall.tables import answers
from mgbayes.synthesis.hierarchy import THETA, HierarchyPrior, TauRule, hierarchy

MEANS, SDS = (0.1, 0.4, 0.9), (0.35, 0.4, 0.3)
PRIOR = OverallPrior(1.0, 0.5)


def rows(means: tuple[float, ...] = MEANS, sds: tuple[float, ...] = SDS) -> list[Contrast]:
    return [
        Contrast(f"o{k}", f"o{k}", m, s, float(stats.norm.cdf(m / s)), "SD", "difference")
        for k, (m, s) in enumerate(zip(means, sds, strict=True))
    ]


def known(tau: float) -> TauRule:
    return TauRule(np.array([tau]), np.array([1.0]))


def test_without_correlation_it_is_the_hierarchy_of_studies() -> None:
    """Two pieces of code that share nothing but the nodes of tau."""
    found = combine(rows(), PRIOR, 0.0)
    likelihoods = [-0.5 * np.square((THETA - m) / s) for m, s in zip(MEANS, SDS, strict=True)]
    expected = hierarchy(likelihoods, HierarchyPrior(0.0, 1.0, 0.5))
    assert found.mu_mean == pytest.approx(expected.mu.mean, abs=1e-5)
    assert found.mu_sd == pytest.approx(expected.mu.sd, abs=1e-5)
    assert found.p_mu == pytest.approx(expected.mu.above(0.0), abs=1e-4)
    assert found.tau_median == pytest.approx(expected.tau.quantile(0.5), abs=1e-4)


def test_with_tau_known_and_no_correlation_it_is_a_weighted_mean() -> None:
    found = combine(rows(), PRIOR, 0.0, known(0.4))
    precision = 1 / (np.square(SDS) + 0.16)
    variance = 1 / (precision.sum() + 1)
    assert found.mu_mean == pytest.approx(variance * (precision @ np.array(MEANS)), abs=1e-12)
    assert found.mu_sd == pytest.approx(sqrt(variance), abs=1e-12)
    assert found.p_mu == pytest.approx(stats.norm.cdf(found.mu_mean / found.mu_sd), abs=1e-12)


def test_with_correlation_one_outcome_less_is_gained() -> None:
    """Equal SDs, correlation rho, tau = 0: the variance of the estimate is s² (1 + (K - 1) rho) / K."""
    found = combine(rows((0.5, 0.5, 0.5), (0.3, 0.3, 0.3)), PRIOR, 0.6, known(0.0))
    noise = 0.09 * (1 + 2 * 0.6) / 3
    assert found.mu_sd == pytest.approx(sqrt(1 / (1 / noise + 1)), abs=1e-12)
    assert found.p_at_least == pytest.approx([found.p_mu] * 3, abs=2e-3)  # at tau = 0 all outcomes are one


def test_a_rounding_of_the_evidence_changes_nothing_where_eigenvalues_are_equal() -> None:
    """Eigenvectors turn with the last digit there, and with them which points are drawn if they were the root."""
    exact = combine(rows(sds=(0.3, 0.3, 0.3)), PRIOR, 0.3)
    rounded = combine(rows(sds=(0.3, 0.3 + 1e-13, 0.3)), PRIOR, 0.3)
    assert rounded.p_at_least == pytest.approx(exact.p_at_least, abs=1e-9)


def test_two_outcomes_at_zero_agree_by_the_arcsine() -> None:
    """P(both > 0) = 1/4 + arcsin(r) / (2 pi) for a normal pair at zero with correlation r."""
    found = combine(rows((0.0, 0.0), (0.4, 0.4)), PRIOR, 0.3, known(0.5))
    prior = np.array([[1.25, 1.0], [1.0, 1.25]])
    noise = 0.16 * np.array([[1.0, 0.3], [0.3, 1.0]])
    after = np.linalg.inv(np.linalg.inv(prior) + np.linalg.inv(noise))
    r = after[0, 1] / after[0, 0]
    assert found.p_at_least[1] == pytest.approx(0.25 + asin(r) / (2 * pi), abs=5e-4)
    assert found.p_at_least[0] == pytest.approx(0.75 - asin(r) / (2 * pi), abs=5e-4)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_against_simulation_from_the_prior(rho: float) -> None:
    """mu, tau and theta from the prior, weighted by the density of the contrasts."""
    found = combine(rows(), PRIOR, rho)
    rng = np.random.default_rng(20200216)
    draws = 1_000_000
    mu, tau = rng.normal(0, 1, draws), np.abs(rng.normal(0, 0.5, draws))
    theta = mu[:, None] + tau[:, None] * rng.standard_normal((draws, 3))
    noise = np.outer(SDS, SDS) * (rho + (1 - rho) * np.eye(3))
    weight = stats.multivariate_normal(MEANS, noise).pdf(theta)
    error = 4 * sqrt(0.25 * np.square(weight).sum()) / weight.sum()

    def share(indicator: np.ndarray) -> float:
        return float((weight * indicator).sum() / weight.sum())

    assert found.p_mu == pytest.approx(share(mu > 0), abs=error)
    assert found.p_mean == pytest.approx(share(theta.mean(axis=1) > 0), abs=error)
    assert found.tau_median == pytest.approx(
        np.quantile(tau, 0.5, method="inverted_cdf", weights=weight), abs=0.01
    )
    for m in (1, 2, 3):
        assert found.p_at_least[m - 1] == pytest.approx(share((theta > 0).sum(axis=1) >= m), abs=error)
    for k in range(3):
        assert found.p_each[k] == pytest.approx(share(theta[:, k] > 0), abs=error)


def test_turning_every_contrast_round_turns_the_answer_round() -> None:
    there, back = combine(rows(), PRIOR, 0.3), combine(rows(tuple(-m for m in MEANS)), PRIOR, 0.3)
    assert back.p_mu == pytest.approx(1 - there.p_mu, abs=1e-12)
    assert back.p_at_least[2] == pytest.approx(1 - there.p_at_least[0], abs=2e-4)


def test_leaving_one_out_is_the_analysis_of_the_rest() -> None:
    found = overall_benefit(rows())
    left_out = [row.overall for row in found.variations if row.kind == "left out"]
    assert left_out == [
        combine([row for row in rows() if row.outcome != f"o{k}"], PRIOR, 0.3) for k in range(3)
    ]


def test_of_two_outcomes_none_is_left_out() -> None:
    """One outcome would remain, which is no overall answer; every table still has what it needs."""
    found = overall_benefit(rows()[:2])
    assert "left out" not in {row.kind for row in found.variations}
    table = answers(found)
    assert (table["outcomes"] == 2).all()
    assert (table["p_all"] < table["p_all_but_one"]).all()


def test_another_contrast_of_an_outcome_takes_its_place() -> None:
    other = replace(rows()[0], label="ever", mean=-0.4, p_benefit=0.2)
    found = overall_benefit(rows(), alternatives=[other])
    (varied,) = (row.overall for row in found.variations if row.kind == "other contrast")
    assert varied == combine([other, *rows()[1:]], PRIOR, 0.3)
    table = answers(found).set_index("kind")
    assert table.loc["other contrast", "all_high_any_dependence"] == 0.2
    assert table.loc["main", "all_high_any_dependence"] == pytest.approx(stats.norm.cdf(0.1 / 0.35))
    with pytest.raises(ValueError, match="for dose, which is none"):
        overall_benefit(rows(), alternatives=[replace(other, outcome="dose")])


def test_the_other_scale_is_the_same_analysis_when_the_sds_are_equal() -> None:
    found = overall_benefit(rows(MEANS, (0.4, 0.4, 0.4)))
    (scaled,) = (row.overall for row in found.variations if row.kind == "scale")
    assert scaled.p_mu == pytest.approx(found.main.p_mu, abs=1e-10)
    assert scaled.mu_mean == pytest.approx(found.main.mu_mean / 0.4, abs=1e-10)


def test_standardized_weibull_hazards_are_standardized_log_times() -> None:
    """With shape k and hazard ratio r, log time moves by -log(r) / k; its SD is simulated."""
    rng = np.random.default_rng(7)
    shape, ratio = 1.7, 0.6
    log_time = np.log(rng.standard_exponential(1_000_000)) / shape
    moved = np.log(rng.standard_exponential(1_000_000) / ratio) / shape
    found = contrast_of(
        np.array([ratio, ratio]),
        outcome="relapse",
        label="relapse",
        benefit="lower",
        standardization="hazard_ratio",
        ratio=True,
    )
    effect = (moved.mean() - log_time.mean()) / log_time.std()
    assert found.mean == pytest.approx(effect, abs=4 * sqrt(2 / 1e6) * 1.5)
    assert found.p_benefit == 1.0


def test_a_logistic_outcome_has_the_sd_of_the_odds_ratio_scale() -> None:
    found = contrast_of(
        np.exp(np.array([1.0, 1.0])),
        outcome="r",
        label="r",
        benefit="higher",
        standardization="odds_ratio",
        ratio=True,
    )
    assert found.mean == pytest.approx(1 / stats.logistic.std(), rel=1e-12)


def test_a_difference_is_divided_by_the_sd_of_the_outcome_draw_by_draw() -> None:
    draws, spread = np.array([[-2.0, -4.0], [1.0, -3.0]]), np.array([[2.0, 2.0], [1.0, 3.0]])
    found = contrast_of(
        draws,
        outcome="dose",
        label="dose",
        benefit="lower",
        standardization="difference",
        ratio=False,
        outcome_sd=spread,
    )
    assert (found.mean, found.sd, found.p_benefit) == pytest.approx(
        (0.75, np.std([1, 2, -1, 1], ddof=1), 0.75)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"standardization": "cohen"}, "none of odds_ratio"),
        ({"standardization": "difference"}, "needs the SD"),
        ({"outcome_sd": 2.0}, "takes no SD"),
        ({"standardization": "time_ratio", "outcome_sd": 0.0}, "above 0"),
        ({"draws": np.array([-1.0, 2.0])}, "not positive"),
    ],
)
def test_contrasts_that_make_no_sense_are_refused(change: dict[str, object], message: str) -> None:
    given = {
        "draws": np.array([0.5, 2.0]),
        "outcome": "r",
        "label": "r",
        "benefit": "higher",
        "standardization": "odds_ratio",
        "ratio": True,
    }
    with pytest.raises(ValueError, match=message):
        contrast_of(**(given | change))  # type: ignore[arg-type]


def test_one_outcome_is_not_overall() -> None:
    with pytest.raises(ValueError, match="at least two"):
        overall_benefit(rows()[:1])
    with pytest.raises(ValueError, match="correlation"):
        combine(rows(), PRIOR, 1.0)
