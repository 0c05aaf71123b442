r"""Cox's proportional hazards model of two arms (Cox 1972, Efron's ties), and whether the hazards are proportional.

With β the log hazard ratio, at the j-th of d events at the same time (j = 0, ..., d - 1), of which d₁ are of the
contrast group, n₁ and n₀ patients of either group at risk, and x the arm of the patient with the event:

    p = m₁ e^β / (m₀ + m₁ e^β),  m₁ = n₁ - d₁ j / d,  m₀ = n₀ - (d - d₁) j / d,
    U(β) = Σ (x - p),  I(β) = Σ p (1 - p),  log likelihood Σ [x β - log(m₀ + m₁ e^β)].

Firth's penalty adds ½ log I(β) (Heinze and Schemper 2001, Biometrics 57:114). Where all events of one group come
before those of the other, or a group has none, β is infinite and Wald's test gives no answer. The check is the
score test of a term x g(t) beside x, g(t) = 1 - S(t-), Kaplan-Meier over both groups (Grambsch and Therneau 1994,
Biometrika 81:515, in the exact form of R's cox.zph since survival 3):

    T = U_g² / (I_gg - I_gb² / I_bb),  chi-square with 1 degree of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mgbayes.frequentist.result import Estimate, Result
from mgbayes.frequentist.samples import Floats, FollowUp

FARTHEST = 12.0
"""How far from none the log hazard ratio is looked for."""
_STEPS = 40


@dataclass(frozen=True)
class _Model:
    """The partial likelihood of β, with Firth's penalty or without."""

    event: Floats
    contrast: Floats
    ours: Floats
    others: Floats
    penalized: bool = False

    @classmethod
    def of(cls, data: FollowUp, *, penalized: bool = False) -> _Model:
        sets = data.risk_sets
        place = np.arange(sets.time.shape[-1]) - sets.first
        earlier = np.where(sets.event, place / np.maximum(sets.tied, 1), 0.0)
        ours = sets.of_contrast - sets.tied_of_contrast * earlier
        others = sets.at_risk - sets.of_contrast - (sets.tied - sets.tied_of_contrast) * earlier
        return cls(sets.event.astype(float), sets.contrast.astype(float), ours, others, penalized)

    def share(self, beta: Floats) -> Floats:
        """p at each event."""
        odds = self.ours * np.exp(beta)[..., None]
        return odds / (self.others + odds)

    def terms(self, beta: Floats) -> tuple[Floats, Floats, Floats]:
        """Log likelihood, its slope, and its curvature with the sign turned, (...,)."""
        p = self.share(beta)
        q = self.event * p * (1 - p)
        all_odds = self.others + self.ours * np.exp(beta)[..., None]
        value = (self.event * (self.contrast * beta[..., None] - np.log(all_odds))).sum(axis=-1)
        slope, information = (self.event * (self.contrast - p)).sum(axis=-1), q.sum(axis=-1)
        if not self.penalized:
            return value, slope, information
        with np.errstate(divide="ignore", invalid="ignore"):
            first = (q * (1 - 2 * p)).sum(axis=-1) / information
            second = (q * (1 - 6 * p + 6 * p**2)).sum(axis=-1) / information
            value = value + np.log(information) / 2
        return value, slope + first / 2, information - (second - first**2) / 2

    def fit(self) -> Floats:
        """The β at the top; beyond ±FARTHEST it is infinite."""
        beta = np.zeros(self.event.shape[:-1])
        for _ in range(_STEPS):
            _, slope, curvature = self.terms(beta)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = np.where(curvature > 1e-10, slope / curvature, np.sign(slope))
            beta = np.clip(beta + np.clip(step, -1.0, 1.0), -FARTHEST, FARTHEST)
        return beta


def cox_wald(data: FollowUp) -> Result:
    """Wald's test and interval of the log hazard ratio."""
    from mgbayes.frequentist.wald import wald

    model = _Model.of(data)
    beta = model.fit()
    _, _, information = model.terms(beta)
    with np.errstate(divide="ignore"):
        error = 1 / np.sqrt(information)
    return wald("log hazard ratio", np.where(np.abs(beta) < FARTHEST - 1, beta, np.nan), error)


def cox(data: FollowUp) -> Result:
    """p by the likelihood ratio; the log hazard ratio with Wald's interval."""
    tested = _likelihood_ratio(data, _Model.of(data))
    return replace(tested, estimate=cox_wald(data).estimate)


def cox_firth(data: FollowUp) -> Result:
    """With Firth's penalty, p by the penalized likelihood ratio."""
    return _likelihood_ratio(data, _Model.of(data, penalized=True))


def _likelihood_ratio(data: FollowUp, model: _Model) -> Result:
    from scipy.special import chdtrc

    beta, known = model.fit(), data.event.any(axis=-1)
    gain = 2 * (model.terms(beta)[0] - model.terms(np.zeros_like(beta))[0])
    gain = np.where(known, np.maximum(gain, 0.0), np.nan)
    estimate = Estimate("log hazard ratio", np.where(known, beta, np.nan))
    return Result(chdtrc(1, gain), gain, "likelihood ratio", estimate, side=np.sign(beta))


def proportional_hazards(data: FollowUp) -> Result:
    """The score test of a hazard ratio that changes with time."""
    from scipy.special import chdtrc

    sets, model = data.risk_sets, _Model.of(data)
    survival = np.cumprod(1 - sets.event / np.arange(sets.time.shape[-1], 0, -1), axis=-1)
    before = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival[..., :-1]], axis=-1)
    g = 1 - np.take_along_axis(before, sets.first, axis=-1)
    p = model.share(model.fit())
    score = (sets.event * g * (sets.contrast - p)).sum(axis=-1)
    both, mixed, own = ((sets.event * p * (1 - p) * g**power).sum(axis=-1) for power in (0, 1, 2))
    statistic = score**2 / (own - mixed**2 / both)
    return Result(chdtrc(1, statistic), statistic, "chi-square")
