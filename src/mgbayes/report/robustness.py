"""How robust an answer is: over the analyses of a report, and over other priors of the effect behind it.

Other priors reweight the draws of the first analysis; those too far away to be trusted are not counted. Draws know
P(benefit) to a Monte Carlo standard error: within two of them of the probability asked, it is too close to call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.estimands.summary import EstimandSummary, better
from mgbayes.inference.fit import Fit
from mgbayes.report import words
from mgbayes.robustness.beliefs import OWN, beliefs, own_beliefs
from mgbayes.robustness.decision import concludes
from mgbayes.robustness.reweighted import PARETO_K, log_density, smoothed

USUAL_PROBABILITY = 0.95


@dataclass(frozen=True)
class Chance:
    """P(benefit) and its Monte Carlo standard error."""

    value: float
    mcse: float


@dataclass(frozen=True)
class Robustness:
    """P(benefit) in each analysis and under each other prior, and how sure one has to be.

    ``missing`` counts the analyses that were asked for and gave no estimate.
    """

    chances: tuple[Chance, ...]
    probability: float
    missing: int = 0

    @property
    def range(self) -> str:
        """From the lowest to the highest."""
        values = [chance.value for chance in self.chances]
        low, high = words.percent(min(values)), words.percent(max(values))
        return low if low == high else f"{low} to {high}"

    @property
    def verdict(self) -> str:
        """In how many the contrast arm is concluded to do better, in a few words for a table.

        Robust is said only where all of them decide alike and none is missing or too close to call.
        """
        better = [concludes(it.value, it.mcse, self.probability) for it in self.chances]
        worse = [concludes(1 - it.value, it.mcse, self.probability) for it in self.chances]
        if any(worse) and not any(better):
            return self._said(worse, f"P(benefit) at most {1 - self.probability:.3g}", "worse")
        return self._said(better, f"P(benefit) at least {self.probability:g}", "")

    def _said(self, decided: Sequence[bool | None], rule: str, side: str) -> str:
        count, drawn, close = len(decided), decided.count(True), decided.count(None)
        notes = [f"{close} too close to call"] if close else []
        notes += [f"{self.missing} missing"] if self.missing else []
        if not drawn:
            kind = "inconclusive"
        elif drawn < count or self.missing:
            kind = "depends on the analysis"
        else:
            kind = "robust"
        kind += f", {side}" if side and kind == "robust" else ""
        return ", ".join([f"{kind}: {rule} in {drawn} of {count} analyses", *notes])


def robustness(fits: Sequence[Fit], row: EstimandSummary, chances: Sequence[Chance]) -> Robustness:
    """Of one estimand: ``chances`` are those of the analyses, ``fits`` the analyses themselves."""
    plan = fits[0].plan
    first = next(fit for fit in fits if row.estimand.id in {known.id for known in fit.estimands})
    others = tuple(_under_other_priors(first, row))
    probability = plan.decision.probability if plan.decision else USUAL_PROBABILITY
    missing = sum(row.estimand.id not in {known.id for known in fit.estimands} for fit in fits)
    return Robustness((*chances, *others), probability, missing)


def _under_other_priors(fit: Fit, row: EstimandSummary) -> Iterator[Chance]:
    plan, estimand = fit.plan, row.estimand
    mine = [varied for varied in plan.sensitivity if varied.estimand == estimand.id] or plan.sensitivity
    if not mine or mine[0].effect not in fit.posterior or mine[0].effect not in fit.priors:
        return
    varied, own = mine[0], fit.priors[mine[0].effect]
    effect = fit.posterior[varied.effect].transpose("chain", "draw").to_numpy()
    draws = fit.contrasts[estimand.id].transpose("chain", "draw").to_numpy()
    benefit = better(draws, estimand, estimand.null)
    before = log_density(own, effect)
    for belief in (*beliefs(own, varied), *own_beliefs(varied)):
        weight, k = smoothed((log_density(belief.prior, effect) - before).ravel())
        if belief.name != OWN and k <= PARETO_K:
            yield _weighted(benefit, weight.reshape(benefit.shape))


def _weighted(better: np.ndarray, weight: np.ndarray) -> Chance:
    """The weighted share of draws (chain, draw), its error by the delta method, draws being dependent."""
    import arviz_stats as az

    value = float((weight * better).sum() / weight.sum())
    if better.all() or not better.any():
        return Chance(value, 1.0 / better.size)
    return Chance(value, float(az.mcse(weight * (better - value) / weight.mean(), method="mean")))
