"""Rules by which one concludes from a table that the arms differ; a new one is a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mgbayes.comparison.exact import intervals, p_values
from mgbayes.comparison.posterior import PSI, Likelihood, Posterior, beta
from mgbayes.comparison.tables import ALPHA, Floats, Ints, Tables
from mgbayes.frequentist.odds_ratio import Interval
from mgbayes.models.priors import Prior
from mgbayes.robustness.reference_priors import ReferencePrior

THRESHOLDS = (0.95, 0.975)
_NONE = 1e-12
TESTS = {
    "pearson": "Pearson's chi-square",
    "n_minus_1": "Pearson's chi-square (N - 1)",
    "yates": "Chi-square with Yates' correction",
    "fisher": "Fisher's exact test (minimum likelihood)",
    "fisher_central": "Fisher's exact test (central)",
    "mid_p": "Fisher's mid-p (minimum likelihood)",
    "mid_p_central": "Fisher's mid-p (central)",
    "barnard": "Barnard's exact test",
    "boschloo": "Boschloo's exact test",
    "boschloo_central": "Boschloo's exact test (central)",
    "likelihood_ratio": "Likelihood ratio test",
    "wald": "Logistic regression (Wald)",
    "firth": "Firth's logistic regression",
}
"""Tests with p at most 0.05 in two sides, by name."""
BETAS = {"uniform": ("Uniform risks", 1.0), "jeffreys": ("Jeffreys' prior of the risks", 0.5)}
"""Independent Beta(shape, shape) priors of the risks."""


@dataclass(frozen=True)
class Rule:
    """What a rule says of every table, (table,).

    ``decides``: 1 where it concludes that the contrast arm has more events, -1 fewer, 0 where it does not conclude;
    ``chance``: the probability of more events that it states, for a test half its p or one less that;
    ``answers``: whether it gives an answer at all; ``interval``: of the log odds ratio, None where a test has none.
    """

    id: str
    label: str
    bayesian: bool
    asks: str
    decides: Ints
    chance: Floats
    answers: np.ndarray
    interval: Interval | None
    symmetric: bool = True
    """Whether it favours neither arm before the data."""
    two_sided: bool = True
    """Whether it is made to conclude by mistake in ALPHA of studies, both sides together."""


def rules(tables: Tables, beliefs: tuple[ReferencePrior, ...]) -> Iterator[Rule]:
    """Every test, and every prior at each threshold."""
    known = intervals(tables)
    for name, p in p_values(tables).items():
        answers = np.isfinite(p)
        half = np.where(answers, p, 1.0) / 2
        chance = np.where(tables.direction > 0, 1 - half, np.where(tables.direction < 0, half, 0.5))
        decides = np.where(answers & (p <= ALPHA), tables.direction, 0)
        asks = f"p at most {ALPHA:g}"
        yield Rule(name, TESTS[name], False, asks, decides, chance, answers, known.get(name))
    likelihood = Likelihood.of(tables)
    for name, (label, shape) in BETAS.items():
        yield from _by_threshold(name, f"{label}, Beta({shape:g}, {shape:g}) each", beta(tables, shape))
    for belief in beliefs:
        posterior = likelihood.under(density(belief.prior))
        label = f"{belief.name[0].upper()}{belief.name[1:]}: log odds ratio {_in_words(belief.prior)}"
        name = belief.name.replace(", ", "_").replace(" ", "_").replace("-", "_")
        yield from _by_threshold(name, label, posterior, symmetric=abs(belief.mean) < _NONE)


def _in_words(prior: Prior) -> str:
    """The prior to two decimals or three."""
    return replace(prior, values=tuple(round(value, 3) for value in prior.values)).call()


def _by_threshold(name: str, label: str, posterior: Posterior, *, symmetric: bool = True) -> Iterator[Rule]:
    for threshold in THRESHOLDS:
        higher, lower = posterior.chance >= threshold, posterior.chance <= 1 - threshold
        yield Rule(
            f"{name}_{threshold:g}",
            label,
            True,
            f"P at least {threshold:g}",
            higher.astype(np.int64) - lower,
            posterior.chance,
            np.ones(len(higher), bool),
            posterior.interval,
            symmetric,
            two_sided=2 * (1 - threshold) <= ALPHA + _NONE,
        )


def density(prior: Prior) -> Floats:
    """A normal or Student t mixture prior on PSI, up to a constant."""
    from scipy.stats import norm, t

    weight, centre, scale, df = np.reshape(prior.as_mixture().values, (2, 4)).T
    parts = [
        w * (norm.pdf(PSI, c, s) if np.isinf(d) else t.pdf(PSI, d, c, s))
        for w, c, s, d in zip(weight, centre, scale, df, strict=True)
        if w > 0
    ]
    return np.sum(parts, axis=0)
