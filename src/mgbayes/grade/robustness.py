"""How robust an answer is: over the analyses of a report, and over other priors of the effect behind it.

Other priors reweight the draws of the first analysis; those too far away to be trusted are not counted. Draws know
P(benefit) to a Monte Carlo standard error: within two of them of the probability asked, it is too close to call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mgbayes.estimands.summary import EstimandSummary, better
from mgbayes.inference.fit import Fit
from mgbayes.robustness.decision import concludes
from mgbayes.robustness.reference_priors import OWN, reference_priors, user_priors
from mgbayes.robustness.reweighting import PARETO_K, log_density, smoothed

USUAL_PROBABILITY = 0.95


class Conclusion(StrEnum):
    """What the analyses conclude together."""

    robust = "robust"
    depends = "depends on the analysis"
    inconclusive = "inconclusive"


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
    def range(self) -> tuple[float, float]:
        """The lowest and the highest P(benefit)."""
        values = [chance.value for chance in self.chances]
        return min(values), max(values)

    @property
    def worse(self) -> bool:
        """Whether the analyses that conclude anything conclude that the contrast arm does worse."""
        return any(self._concluding(worse=True)) and not any(self._concluding(worse=False))

    @property
    def concluding(self) -> tuple[bool | None, ...]:
        """Of each analysis, whether it concludes on the side that any does; None where it is too close to call."""
        return self._concluding(worse=self.worse)

    @property
    def conclusion(self) -> Conclusion:
        """Robust only where all of them conclude alike and none is missing or too close to call."""
        drawn = self.concluding.count(True)
        if not drawn:
            return Conclusion.inconclusive
        complete = drawn == len(self.chances) and not self.missing
        return Conclusion.robust if complete else Conclusion.depends

    def _concluding(self, *, worse: bool) -> tuple[bool | None, ...]:
        return tuple(
            concludes(1 - it.value if worse else it.value, it.mcse, self.probability) for it in self.chances
        )


def robustness(fits: Sequence[Fit], row: EstimandSummary) -> Robustness:
    """Of one estimand over the ``fits`` of its plan, and over other priors of the first of them that has it."""
    plan = fits[0].plan
    first = next(fit for fit in fits if row.estimand.id in {known.id for known in fit.estimands})
    chances = (*chances_by_fit(fits, row).values(), *_under_other_priors(first, row))
    probability = plan.decision.probability if plan.decision else USUAL_PROBABILITY
    missing = sum(row.estimand.id not in {known.id for known in fit.estimands} for fit in fits)
    return Robustness(chances, probability, missing)


def chances_by_fit(fits: Sequence[Fit], row: EstimandSummary) -> dict[str, Chance]:
    """P(benefit) of an estimand in each fit that has it, by the fit's name, from the lowest to the highest."""
    found = {
        fit.name: Chance(other.p_benefit, other.mcse_p_benefit or 0.0)
        for fit in fits
        for other in fit.summaries()
        if other.estimand.id == row.estimand.id and other.p_benefit is not None
    }
    return dict(sorted(found.items(), key=lambda item: item[1].value))


def _under_other_priors(fit: Fit, row: EstimandSummary) -> Iterator[Chance]:
    estimand, varied = row.estimand, fit.plan.varied(row.estimand.id)
    own = fit.effect_prior(varied.effect) if varied else None
    if varied is None or own is None:
        return
    effect = fit.posterior[varied.effect].transpose("chain", "draw").to_numpy()
    draws = fit.contrasts[estimand.id].transpose("chain", "draw").to_numpy()
    benefit = better(draws, estimand, estimand.null)
    before = log_density(own, effect)
    for named in (*reference_priors(own, varied), *user_priors(varied)):
        weight, k = smoothed((log_density(named.prior, effect) - before).ravel())
        if named.name != OWN and k <= PARETO_K:
            yield _weighted(benefit, weight.reshape(benefit.shape))


def _weighted(better: np.ndarray, weight: np.ndarray) -> Chance:
    """The weighted share of draws (chain, draw), its error by the delta method, draws being dependent."""
    import arviz_stats as az

    value = float((weight * better).sum() / weight.sum())
    if better.all() or not better.any():
        return Chance(value, 1.0 / better.size)
    return Chance(value, float(az.mcse(weight * (better - value) / weight.mean(), method="mean")))
