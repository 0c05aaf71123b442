"""How fragile an answer is: over the analyses of a report, and over other priors of the effect behind it.

Other priors reweight the draws of the first analysis; those too far away to be trusted are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mgbayes.estimands.summary import EstimandSummary
from mgbayes.inference.fit import Fit
from mgbayes.report import words
from mgbayes.sensitivity.beliefs import OWN, beliefs, own_beliefs
from mgbayes.sensitivity.reweighted import PARETO_K, log_density, smoothed

USUAL_PROBABILITY = 0.95


@dataclass(frozen=True)
class Fragility:
    """P(benefit) in each analysis and under each other prior, and how sure one has to be."""

    chances: tuple[float, ...]
    probability: float

    @property
    def concluding(self) -> int:
        """How many of them would conclude that the contrast arm does better."""
        return sum(chance >= self.probability for chance in self.chances)

    @property
    def range(self) -> str:
        """From the lowest to the highest."""
        low, high = words.percent(min(self.chances)), words.percent(max(self.chances))
        return low if low == high else f"{low} to {high}"

    @property
    def verdict(self) -> str:
        """In a few words, for a table."""
        concluding, count = self.concluding, len(self.chances)
        asked = f"P of at least {self.probability:g}"
        if concluding == count:
            return f"sturdy: {asked} in all {count}"
        if concluding == 0:
            return f"open: {asked} in none of {count}"
        return f"fragile: {asked} in {concluding} of {count}"


def fragility(fits: Sequence[Fit], row: EstimandSummary, chances: Sequence[float]) -> Fragility:
    """Of one estimand: ``chances`` are those of the analyses, ``fits`` the analyses themselves."""
    plan = fits[0].plan
    first = next(fit for fit in fits if row.estimand.id in {known.id for known in fit.estimands})
    others = tuple(_under_other_priors(first, row))
    probability = plan.decision.probability if plan.decision else USUAL_PROBABILITY
    return Fragility((*chances, *others), probability)


def _under_other_priors(fit: Fit, row: EstimandSummary) -> Iterator[float]:
    plan, estimand = fit.plan, row.estimand
    mine = [varied for varied in plan.sensitivity if varied.estimand == estimand.id] or plan.sensitivity
    if not mine or mine[0].effect not in fit.posterior or mine[0].effect not in fit.priors:
        return
    varied, own = mine[0], fit.priors[mine[0].effect]
    effect = fit.posterior[varied.effect].transpose("chain", "draw").to_numpy().ravel()
    draws = fit.contrasts[estimand.id].transpose("chain", "draw").to_numpy().ravel()
    better = draws > estimand.null if estimand.benefit == "higher" else draws < estimand.null
    before = log_density(own, effect)
    for belief in (*beliefs(own, varied.expected), *own_beliefs(varied)):
        weight, k = smoothed(log_density(belief.prior, effect) - before)
        if belief.name != OWN and k <= PARETO_K:
            yield float(weight @ better / weight.sum())
