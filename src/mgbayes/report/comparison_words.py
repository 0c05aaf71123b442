"""What a comparison of rules says, in sentences made of its figures."""

from __future__ import annotations

import numpy as np

from mgbayes.comparison.rules import Rule
from mgbayes.comparison.run import Comparison
from mgbayes.comparison.tables import ALPHA
from mgbayes.report import words
from mgbayes.report.comparison_published import sentences as of_published
from mgbayes.report.comparison_simulated import sentences

_ROUNDING = 5e-5


def _of_exact_level(comparison: Comparison, *, bayesian: bool) -> list[int]:
    """The rules that favour neither arm and never conclude by mistake in more studies than ALPHA, the best first."""
    exact = [
        i
        for i, rule in enumerate(comparison.rules)
        if rule.symmetric and rule.bayesian is bayesian and comparison.largest_size[i] <= ALPHA + _ROUNDING
    ]
    return sorted(exact, key=lambda i: -comparison.mean_power[i])


def named(rule: Rule) -> str:
    """A rule with what it asks, where that tells it apart."""
    return f"{rule.label} ({rule.asks})" if rule.bayesian else rule.label


def short_answer(comparison: Comparison) -> list[str]:
    """The short answer: counts, times, measured outcomes."""
    simulated = [part for part in (comparison.times, comparison.values) if part is not None]
    return [
        *recommendation(comparison),
        *(text for part in simulated for text in sentences(part)),
        *of_published(comparison),
    ]


def recommendation(comparison: Comparison) -> list[str]:
    """Which rule to use for so many patients, what it costs to use another, and what none of them can do."""
    m, n = comparison.tables.m, comparison.tables.n
    tests, priors = (_of_exact_level(comparison, bayesian=which) for which in (False, True))
    parts = []
    if tests:
        name, finds, at_most = _figures(comparison, tests[0])
        parts.append(
            f"For a yes/no outcome of {m} and {n} patients, use {name}: of the tests that conclude by mistake in "
            f"no more than {words.percent(ALPHA)} of studies, whatever the shared risk (here {at_most}), it finds "
            f"most ({finds} on average over the effects looked at)."
        )
        parts += [_usual(comparison, i) for i in tests[1:] if comparison.rules[i].id == "fisher"]
    if priors:
        name, finds, at_most = _figures(comparison, priors[0])
        parts.append(
            f"Of the Bayesian rules that favour neither arm, {name} keeps to the same and finds most ({finds}; "
            f"at most {at_most} by mistake)."
        )
    return [*parts, *_over(comparison), *_limits(comparison, tests)]


def _figures(comparison: Comparison, i: int) -> tuple[str, str, str]:
    """A rule within a sentence, its mean power and its largest size."""
    power, size = float(comparison.mean_power[i]), float(comparison.largest_size[i])
    return _inline(named(comparison.rules[i])), words.percent(power), _share(size)


def _usual(comparison: Comparison, i: int) -> str:
    """What the test that most papers use gives away."""
    name, finds, at_most = _figures(comparison, i)
    return f"{name} finds {finds}, and needs only {at_most} of the {words.percent(ALPHA)}."


def _over(comparison: Comparison) -> list[str]:
    """The rules of two sides at ALPHA, or their Bayesian counterparts, that conclude by mistake more often."""
    largest = comparison.largest_size
    over = [
        i
        for i, rule in enumerate(comparison.rules)
        if rule.symmetric and rule.two_sided and largest[i] > ALPHA + _ROUNDING
    ]
    if not over:
        return []
    ranked = sorted(over, key=lambda i: -largest[i])
    listed = "; ".join(f"{_inline(named(comparison.rules[i]))} {100 * largest[i]:.2f} %" for i in ranked)
    return [f"More than {words.percent(ALPHA)} by mistake, at the worst shared risk: {listed}."]


def _limits(comparison: Comparison, tests: list[int]) -> list[str]:
    """What so few patients cannot show, by the best test: the largest effect that is missed more often than not."""
    power = comparison.behaviours[tests[0]].power if tests else np.array([])
    missed = [
        (row.odds_ratio, j)
        for j, row in enumerate(comparison.scenarios)
        if tests and row.odds_ratio > 1 and power[j] < 0.5
    ]
    if not missed:
        return []
    _, j = max(missed)
    return [
        f"Even so an {comparison.scenarios[j].label}, is found in {words.percent(float(power[j]))} of studies"
        f"{_grown(comparison, j)}: no conclusion is no evidence of no difference."
    ]


def _grown(comparison: Comparison, j: int) -> str:
    """How much too large an effect looks where it is found, by the estimate that is always finite."""
    for rule, it in zip(comparison.rules, comparison.behaviours, strict=True):
        if rule.id == "firth" and np.isfinite(it.exaggeration[j]):
            times = f"{it.exaggeration[j]:.1f} times as large on the log scale"
            return f", and where {rule.label} finds it, it shows it {times}"
    return ""


def calibrated(comparison: Comparison) -> str:
    """Whose stated probabilities are right, and whose are not."""
    error: dict[str, float] = {}
    for rule, it in zip(comparison.rules, comparison.calibrations, strict=True):
        error.setdefault(rule.label, it.error)
    ranked = sorted(error, key=lambda label: error[label])
    best, worst = (
        "; ".join(f"{_inline(label)} ({error[label]:.3f})" for label in part)
        for part in (ranked[:3], ranked[-3:])
    )
    return (
        f"Where log odds ratios are Normal(0, {comparison.design_sd:g}) in truth, the stated probabilities lie "
        f"nearest to the true ones, on average, under {best}; and farthest under {worst}. Of a test, what is read "
        "as a probability is one less half of its p."
    )


def _inline(label: str) -> str:
    """A label within a sentence: names of people keep their capital."""
    capital = "'" in label.split(" ")[0]
    return label if capital else words.first_lower(label)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
