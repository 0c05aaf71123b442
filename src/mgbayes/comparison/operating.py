r"""How a rule behaves, exactly: sums over all tables, with no simulation and so no Monte Carlo error.

- size(π): the chance of a conclusion where both risks are π, and its largest value;
- power: the chance of a conclusion on the right side; type S: of the conclusions, the share on the wrong side;
- exaggeration (type M): the median of |estimate| / |truth| where there is a conclusion;
- coverage of the 95 % interval, its median width, and the median bias of the estimate, all of the log odds ratio.
  Medians, since with an empty cell estimate and width may be infinite;
- calibration: where risks are drawn from a design prior, how often the contrast arm truly has more events among the
  tables for which a rule states this with a probability in a range.

Sources: Gelman and Carlin (2014), Perspect Psychol Sci 9:641; Morris, White and Crowther (2019), Stat Med 38:2074.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.comparison.posterior import LEVEL_PRIOR, Likelihood
from mgbayes.comparison.rules import Rule
from mgbayes.comparison.tables import Floats, Tables

RISKS = np.linspace(0.0, 1.0, 2001)
"""The shared risks at which size is computed."""
EFFECT_SD = 1.5
"""SD of the log odds ratio in the posterior of counts that were seen."""
BINS = np.array([0.0, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 1.0])
"""Of stated probabilities."""


@dataclass(frozen=True)
class Behaviour:
    """Of one rule in scenarios, (scenario,); NaN where there is nothing to say."""

    power: Floats
    wrong_side: Floats
    type_s: Floats
    exaggeration: Floats
    coverage: Floats
    width: Floats
    bias: Floats
    no_answer: Floats


@dataclass(frozen=True)
class Calibration:
    """By range of the stated probability, (bin,): chance of such a table, mean probability stated, true one."""

    weight: Floats
    stated: Floats
    true: Floats

    @property
    def error(self) -> float:
        """The mean distance of the stated from the true probability, over all tables."""
        seen = self.weight > 0
        return float((self.weight * np.abs(self.stated - self.true))[seen].sum() / self.weight[seen].sum())


def size(tables: Tables, rules: list[Rule]) -> Floats:
    """The chance of a conclusion at each of RISKS, (rule, risk)."""
    concludes = np.stack([rule.decides != 0 for rule in rules]).astype(float)
    parts = [concludes @ tables.chance(part, part).T for part in np.array_split(RISKS, 20)]
    return np.concatenate(parts, axis=1)


def behaviour(rule: Rule, chance: Floats, psi: Floats) -> Behaviour:
    """In scenarios with a chance of each table, (scenario, table), and a log odds ratio, (scenario,)."""
    higher, lower = chance @ (rule.decides > 0), chance @ (rule.decides < 0)
    right = np.where(psi > 0, higher, np.where(psi < 0, lower, np.nan))
    wrong = np.where(psi > 0, lower, np.where(psi < 0, higher, higher + lower))
    with np.errstate(divide="ignore", invalid="ignore"):
        type_s = np.where(psi == 0, np.nan, wrong / (right + wrong))
    nothing = np.full(len(psi), np.nan)
    exaggeration = coverage = width = bias = nothing
    if rule.interval is not None:
        estimate, low, high = rule.interval.estimate, rule.interval.low, rule.interval.high
        known = ~np.isnan(low)
        coverage = np.array(
            [
                c[known & (low <= p) & (p <= high)].sum() / c[known].sum()
                for c, p in zip(chance, psi, strict=True)
            ]
        )
        width = weighted_median(high - low, chance)
        bias = weighted_median(estimate, chance) - psi
        exaggeration = weighted_median(np.abs(estimate), chance * (rule.decides != 0))
        exaggeration = np.divide(exaggeration, np.abs(psi), out=nothing.copy(), where=psi != 0)
    return Behaviour(right, wrong, type_s, exaggeration, coverage, width, bias, chance @ ~rule.answers)


def average_power(tables: Tables, rules: Sequence[Rule], seen: Sequence[tuple[int, int]]) -> Floats:
    """The chance that a new study of the same size concludes on the true side, given seen counts, (rule, seen).

    Risks have the posterior of those counts under the level of mgbayes.comparison.posterior and the usual effect.
    """
    mean, sd = LEVEL_PRIOR
    level, psi = (x.ravel() for x in np.meshgrid(np.linspace(-6, 6, 61), np.linspace(-9, 9, 122)))
    chance = tables.chance(*(1 / (1 + np.exp(-(level + side * psi / 2))) for side in (-1, 1)))
    prior = np.exp(-(((level - mean) / sd) ** 2) / 2 - (psi / EFFECT_SD) ** 2 / 2)
    decides = np.stack([rule.decides for rule in rules], axis=-1)
    right = np.where(psi[:, None] > 0, chance @ (decides > 0), chance @ (decides < 0))
    weights = (
        np.stack([prior * chance[:, x * (tables.n + 1) + y] for x, y in seen])
        if seen
        else np.empty((0, len(psi)))
    )
    found: Floats = right.T @ (weights / weights.sum(1, keepdims=True)).T
    return found


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Of values (table,) that are known, under weights (scenario, table); NaN where no weight is."""
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    ranked, held = values[known][order], weights[:, known][:, order]
    below = np.cumsum(held, axis=1)
    total = below[:, -1:]
    place = (below < total / 2).sum(axis=1).clip(max=len(ranked) - 1)
    return np.where(total[:, 0] > 0, ranked[place], np.nan)


def calibration(rule: Rule, likelihood: Likelihood, design: Floats, truth: Floats) -> Calibration:
    """Under a design prior, whose density is on the grid of ψ; truth: (table,) P(ψ > 0) under it."""
    weight = likelihood.chance_of_table(design)
    place = np.clip(np.searchsorted(BINS, rule.chance, side="right") - 1, 0, len(BINS) - 2)
    sums = [
        np.bincount(place, weight * values, len(BINS) - 1)
        for values in (np.ones(len(weight)), rule.chance, truth)
    ]
    with np.errstate(invalid="ignore"):
        return Calibration(sums[0], sums[1] / sums[0], sums[2] / sums[0])
